"""Fields that the forms share, and findings as messages."""

from __future__ import annotations

from datetime import UTC
from decimal import Decimal
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.functional import Promise

from hexagonal.lib.numbers import plain
from signals.domain.linting import Finding
from signals.reasons import PROBLEMS

NUMBER = {"inputmode": "decimal", "autocomplete": "off"}


class PlainDecimalField(forms.DecimalField):
    """Shows a stored figure without the zeros that its column pads it with."""

    def prepare_value(self, value: Any) -> Any:
        return plain(value) if isinstance(value, Decimal) else super().prepare_value(value)


def number_field(
    label: str | Promise,
    *,
    required: bool = True,
    above: Decimal | None = None,
    most: Decimal | None = None,
    help_text: str | Promise = "",
) -> forms.DecimalField:
    """A decimal as typed, with a dot; `above` is a bound that itself is not allowed."""
    smallest = Decimal("0.000000000001")
    return PlainDecimalField(
        label=label,  # type: ignore[arg-type]
        required=required,
        max_digits=30,
        decimal_places=12,
        min_value=above + smallest if above is not None else None,
        max_value=most,
        help_text=help_text,  # type: ignore[arg-type]
        widget=forms.TextInput(attrs=NUMBER),
    )


def whole_field(
    label: str | Promise, *, least: int, most: int, help_text: str | Promise = ""
) -> forms.IntegerField:
    return forms.IntegerField(
        label=label,  # type: ignore[arg-type]
        required=False,
        min_value=least,
        max_value=most,
        help_text=help_text,  # type: ignore[arg-type]
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )


class UtcMomentField(forms.DateTimeField):
    """A moment that is typed in UTC, whatever the reader's own zone is."""

    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")

    def to_python(self, value: Any) -> Any:
        with timezone.override(UTC):
            return super().to_python(value)


def message_of(finding: Finding) -> str:
    """A finding in the active language, with its figures."""
    figures = {
        name: value if isinstance(value, str) else plain(value)
        for name, value in finding.params.items()
    }
    return str(PROBLEMS[finding.problem]) % figures
