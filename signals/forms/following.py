"""What a follower puts into each trade, and what never happens on the connection."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from exchanges.domain.symbols import find
from exchanges.selectors import contracts_of
from signals.choices import Sizing
from signals.domain.draft import WHOLE
from signals.domain.linting import unlisted
from signals.forms.fields import message_of, number_field, whole_field
from signals.forms.symbols import MOST_SPELLING
from signals.models import CopySettings
from signals.selectors import authors

ZERO = Decimal(0)
SPELLING = re.compile(rf"(?=.*[A-Za-z0-9])[A-Za-z0-9#$/:._-]{{1,{MOST_SPELLING}}}")
MOST_SYMBOLS = 100
PERCENT_MODES = {Sizing.EQUITY_PERCENT, Sizing.RISK_PERCENT}


class SymbolsField(forms.CharField):
    """Symbols with commas or spaces between them; empty means none named."""

    def clean(self, value: Any) -> list[str]:
        symbols = sorted({each for each in re.split(r"[\s,;]+", str(super().clean(value))) if each})
        if len(symbols) > MOST_SYMBOLS or not all(SPELLING.fullmatch(each) for each in symbols):
            raise ValidationError(_("Write symbols like BTCUSDT, with commas between them."))
        return symbols

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(value) if isinstance(value, list) else value


class AuthorsField(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]
    def label_from_instance(self, obj: Any) -> str:
        return str(obj.nickname)


def _symbols(label: Any) -> SymbolsField:
    return SymbolsField(
        label=label,
        required=False,
        max_length=2000,
        widget=forms.TextInput({"autocomplete": "off"}),
    )


@dataclass(frozen=True, slots=True)
class Section:
    heading: str | Promise
    fields: list[forms.BoundField]
    is_open: bool


class RulesForm(forms.ModelForm):  # type: ignore[type-arg]
    """Everything that a follower can say, per connection; empty limits mean: no such limit."""

    amount = number_field(_("Amount"), above=ZERO)
    multiplier = number_field(_("Multiplier"), above=ZERO, most=Decimal(100))
    max_leverage = number_field(_("Highest leverage"), required=False, above=ZERO)
    max_notional = number_field(_("Largest position (USDT)"), required=False, above=ZERO)
    max_exposure = number_field(_("All positions together (USDT)"), required=False, above=ZERO)
    max_copies = whole_field(_("Open trades at once"), least=1, most=1000)
    min_equity = number_field(_("Smallest seed (USDT)"), required=False, above=ZERO)
    max_equity = number_field(_("Largest seed (USDT)"), required=False, above=ZERO)
    allowed_symbols = _symbols(_("Only these symbols"))
    denied_symbols = _symbols(_("Never these symbols"))
    max_slippage_percent = number_field(
        _("Skip when the price has run past the entry by more than (%)"), required=False
    )
    daily_loss = number_field(_("Loss in a day (USDT)"), required=False, above=ZERO)
    weekly_loss = number_field(_("Loss in a week (USDT)"), required=False, above=ZERO)
    loss_streak = whole_field(_("Losses in a row"), least=1, most=100)
    drawdown_percent = number_field(
        _("Draw-down in 30 days (%)"), required=False, above=ZERO, most=WHOLE
    )

    class Meta:
        model = CopySettings
        fields = [
            *("sizing", "amount", "multiplier", "max_leverage", "max_notional", "max_exposure"),
            *("max_copies", "min_equity", "max_equity", "allowed_symbols", "denied_symbols"),
            *("only_side", "authors", "max_slippage_percent", "daily_loss", "weekly_loss"),
            *("loss_streak", "drawdown_percent", "joins_open", "is_enabled"),
        ]
        labels = {
            "sizing": _("Size of each trade"),
            "only_side": _("Sides"),
            "joins_open": _("Also join open signals whose entry has not been reached yet"),
            "is_enabled": _("Copy new signals"),
        }

    USUAL = ("is_enabled", "sizing", "amount", "multiplier")
    LIMITS = (
        (_("Caps"), ("max_leverage", "max_notional", "max_exposure", "max_copies")),
        (_("Seed"), ("min_equity", "max_equity")),
        (
            _("Which signals"),
            ("allowed_symbols", "denied_symbols", "only_side", "authors", "max_slippage_percent"),
        ),
        (_("Brakes"), ("daily_loss", "weekly_loss", "loss_streak", "drawdown_percent")),
        (_("Joining later"), ("joins_open",)),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["authors"] = AuthorsField(
            authors(),
            label=_("Only these authors"),
            required=False,
            widget=forms.CheckboxSelectMultiple,
        )

    @property
    def usual(self) -> list[forms.BoundField]:
        return [self[name] for name in self.USUAL]

    @property
    def sections(self) -> list[Section]:
        """The limits, each kind under its heading; one that says something is open."""
        return [
            Section(heading, [self[name] for name in names], any(map(self._speaks, names)))
            for heading, names in self.LIMITS
        ]

    def _speaks(self, name: str) -> bool:
        value = self[name].value()
        return bool(value) or name in self.errors

    def clean_allowed_symbols(self) -> list[str]:
        return self._contracts("allowed_symbols")

    def clean_denied_symbols(self) -> list[str]:
        return self._contracts("denied_symbols")

    def _contracts(self, name: str) -> list[str]:
        """The contracts that are meant: a coin left out by its short name is really left out.

        What stood there before is kept, or a pause could fail for a name that is listed no more.
        """
        contracts = contracts_of(self.instance.connection.environment)
        symbols = set()
        for typed in self.cleaned_data[name]:
            found = find(typed, contracts)
            if found.symbol is None and typed not in getattr(self.instance, name):
                raise ValidationError(message_of(unlisted(typed, found.near)))
            symbols.add(found.symbol or typed)
        return sorted(symbols)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        amount, sizing = data.get("amount"), data.get("sizing")
        if amount is not None and sizing in PERCENT_MODES and amount > WHOLE:
            self.add_error("amount", _("At most 100 percent of the equity can be put in."))
        low, high = data.get("min_equity"), data.get("max_equity")
        if low is not None and high is not None and low > high:
            self.add_error("max_equity", _("The largest seed is below the smallest one."))
        both = set(data.get("allowed_symbols") or ()) & set(data.get("denied_symbols") or ())
        if both:
            self.add_error("denied_symbols", _("A symbol is both allowed and left out."))
        return data
