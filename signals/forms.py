"""What an author writes, and how much a trader puts in."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from exchanges.selectors import instrument_facts
from hexagonal.lib.numbers import plain
from signals.choices import SignalSide, Sizing
from signals.domain.direction import Direction
from signals.domain.draft import MOST_TARGETS, WHOLE, Draft, Finding, TargetDraft, findings
from signals.models import Signal
from signals.reasons import PROBLEMS

NUMBER = {"inputmode": "decimal", "autocomplete": "off"}


def number_field(label: str | Promise) -> forms.DecimalField:
    return forms.DecimalField(
        label=label,  # type: ignore[arg-type]
        max_digits=30,
        decimal_places=12,
        widget=forms.TextInput(attrs=NUMBER),
    )


def message_of(finding: Finding) -> str:
    """A finding in the active language, with its figures."""
    figures = {name: plain(value) for name, value in finding.params.items()}
    return str(PROBLEMS[finding.problem]) % figures


class SignalForm(forms.Form):
    symbol = forms.CharField(
        label=_("Symbol"),
        max_length=30,
        widget=forms.TextInput(attrs={"list": "symbols", "autocomplete": "off"}),
    )
    side = forms.ChoiceField(label=_("Side"), choices=SignalSide.choices, widget=forms.RadioSelect)
    leverage = number_field(_("Leverage"))
    entry_low = number_field(_("Entry from"))
    entry_high = number_field(_("Entry to"))
    stop = number_field(_("Stop (SL)"))
    note = forms.CharField(
        label=_("Note to followers"),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(self, *args: Any, fixed: Signal | None = None, **kwargs: Any) -> None:
        """`fixed` is the published signal that is amended: some fields stay as they are."""
        super().__init__(*args, **kwargs)
        self.draft: Draft | None = None
        if fixed is not None:
            for name in ("symbol", "side", "leverage"):
                self.fields[name].disabled = True

    @property
    def target_rows(self) -> list[tuple[str, str]]:
        """The targets as typed, or one empty row."""
        if self.is_bound:
            return self._typed() or [("", "")]
        return list(self.initial.get("targets") or [("", "100")])

    def _typed(self) -> list[tuple[str, str]]:
        getlist = getattr(self.data, "getlist", None)
        if getlist is None:
            return []
        prices, shares = getlist("target_price"), getlist("target_share")
        shares += [""] * (len(prices) - len(shares))
        rows = zip((p.strip() for p in prices), (s.strip() for s in shares), strict=False)
        return [(price, share) for price, share in rows if price]

    def clean_symbol(self) -> str:
        symbol: str = self.cleaned_data["symbol"]
        return symbol.strip().upper().lstrip("#").replace("/", "")

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        targets = self._targets()
        needed = ("symbol", "side", "leverage", "entry_low", "entry_high", "stop")
        if targets is None or any(name not in data for name in needed):
            return data
        draft = Draft(
            symbol=data["symbol"],
            direction=Direction(data["side"]),
            leverage=data["leverage"],
            entry_low=data["entry_low"],
            entry_high=data["entry_high"],
            stop=data["stop"],
            targets=tuple(targets),
            note=data.get("note", ""),
        ).ordered()
        found = findings(draft, instrument_facts(settings.SIGNAL_ENVIRONMENT, draft.symbol))
        self.add_findings(found)
        if not found:
            self.draft = draft
        return data

    def add_findings(self, found: list[Finding]) -> None:
        for finding in found:
            name = finding.field if finding.field in self.fields else None
            self.add_error(name, message_of(finding))

    def _targets(self) -> list[TargetDraft] | None:
        rows = self._typed()[: MOST_TARGETS + 1]
        try:
            prices = [Decimal(price) for price, _ in rows]
            shares = [Decimal(share) if share else None for _, share in rows]
            if not all(number.is_finite() for number in [*prices, *filter(None, shares)]):
                raise InvalidOperation
        except InvalidOperation:
            self.add_error(None, ValidationError(_("A target's price or share is not a number.")))
            return None
        if rows and all(share is None for share in shares):
            shares = list(even_shares(len(rows)))
        return [
            TargetDraft(price, share if share is not None else Decimal(0))
            for price, share in zip(prices, shares, strict=True)
        ]


def even_shares(count: int) -> list[Decimal]:
    """Equal percentages that sum to exactly 100; the last takes what rounding leaves."""
    share = (WHOLE / count).quantize(Decimal("0.01"))
    return [share] * (count - 1) + [WHOLE - share * (count - 1)]


def initial_of(signal: Signal) -> dict[str, Any]:
    return {
        "symbol": signal.symbol,
        "side": signal.side,
        "leverage": plain(signal.leverage),
        "entry_low": plain(signal.entry_low),
        "entry_high": plain(signal.entry_high),
        "stop": plain(signal.stop),
        "note": signal.note,
        "targets": [(plain(t.price), plain(t.share)) for t in signal.targets.all()],
    }


class SizingForm(forms.Form):
    sizing = forms.ChoiceField(label=_("Size of each trade"), choices=Sizing.choices)
    amount = number_field(_("Amount"))
    is_enabled = forms.BooleanField(label=_("Copy new signals"), required=False)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        amount, sizing = data.get("amount"), data.get("sizing")
        if amount is not None and amount <= 0:
            self.add_error("amount", _("The amount must be greater than zero."))
        elif amount is not None and sizing == Sizing.EQUITY_PERCENT and amount > WHOLE:
            self.add_error("amount", _("At most 100 percent of the equity can be put in."))
        return data
