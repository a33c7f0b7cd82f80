"""What an author writes: six fields and targets for the usual case, the rest behind "more"."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.wording import text_of
from exchanges.selectors import instrument_facts
from hexagonal.lib.numbers import plain
from signals.choices import EntryKinds, SignalSide, StopKinds, Weightings
from signals.domain.direction import Direction
from signals.domain.draft import (
    MOST_STEPS,
    MOST_TARGETS,
    WHOLE,
    Draft,
    Entry,
    EntryKind,
    Expiry,
    StopKind,
    StopRule,
    TargetDraft,
    Trail,
    Weighting,
)
from signals.domain.linting import Finding, errors
from signals.domain.parsing import ParsedSignal
from signals.forms.fields import UtcMomentField, message_of, number_field, whole_field
from signals.forms.symbols import MOST_SPELLING, contract_named
from signals.models import Signal
from signals.selectors import draft_of

FIXED = ("symbol", "side", "leverage", "entry_kind", "steps", "weighting", "weights", "trigger")
NEEDED = ("symbol", "side", "leverage", "entry_low", "entry_high", "stop")
MONTH_OF_MINUTES = 60 * 24 * 31


class SignalForm(forms.Form):
    symbol = forms.CharField(
        label=_("Symbol"),
        max_length=MOST_SPELLING,
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
    # more: the entry
    entry_kind = forms.ChoiceField(
        label=_("Kind of entry"), choices=EntryKinds.choices, required=False
    )
    steps = whole_field(_("Steps of the ladder"), least=2, most=MOST_STEPS)
    weighting = forms.ChoiceField(label=_("Weights"), choices=Weightings.choices, required=False)
    weights = forms.CharField(
        label=_("Custom weights"),
        required=False,
        max_length=200,
        help_text=_("Nearest first, with commas: 1, 2, 3"),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    trigger = number_field(_("Trigger price"), required=False)
    # more: the stop
    stop_kind = forms.ChoiceField(
        label=_("Kind of stop"), choices=StopKinds.choices, required=False
    )
    stop_after = whole_field(_("Moves after target"), least=1, most=MOST_TARGETS)
    trail_distance = number_field(_("Trailing distance"), required=False)
    trail_percent = number_field(_("or in percent"), required=False)
    trail_activation = number_field(_("Trails from price"), required=False)
    # more: the last target
    has_runner = forms.BooleanField(label=_("The last target trails (runner)"), required=False)
    runner_distance = number_field(_("Runner's distance"), required=False)
    runner_percent = number_field(_("or in percent"), required=False)
    runner_activation = number_field(_("Trails from price"), required=False)
    # more: when unfilled entries run out
    expiry_minutes = whole_field(_("Entry expires after minutes"), least=1, most=MONTH_OF_MINUTES)
    at_first_target = forms.BooleanField(
        label=_("Entry expires when the first target is reached before it"),
        required=False,
        initial=True,
    )
    beyond_percent = number_field(
        _("Entry expires when the price is so many percent away"), required=False
    )
    # more: when it is published
    publish_at = UtcMomentField(
        label=_("Publish at (UTC)"),
        required=False,
        help_text=_("Leave it empty to publish at once."),
    )

    def __init__(self, *args: Any, fixed: Signal | None = None, **kwargs: Any) -> None:
        """`fixed` is the published signal that is amended: some fields stay as they are."""
        super().__init__(*args, **kwargs)
        self.draft: Draft | None = None
        self.fixed = fixed
        if fixed is not None:
            for name in FIXED:
                self.fields[name].disabled = True
            del self.fields["publish_at"]

    @property
    def target_rows(self) -> list[tuple[str, str]]:
        """The targets as typed, or one empty row."""
        if self.is_bound:
            return self._typed() or [("", "")]
        return list(self.initial.get("targets") or [("", "100")])

    @property
    def has_more(self) -> bool:
        """Whether something behind "more" differs from the usual, so that it should be open."""
        plain_values = {"", None, "auto", "equal", "fixed", False}
        names = ["entry_kind", "stop_kind", "has_runner", "expiry_minutes", "beyond_percent"]
        names += [name for name in ("publish_at",) if name in self.fields]
        hidden = any(self[name].value() not in plain_values for name in names)
        return hidden or any(name in self.errors for name in MORE) if self.is_bound else hidden

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
        return symbol if self.fixed is not None else contract_named(symbol)

    def clean_weights(self) -> tuple[Decimal, ...]:
        parts = [part.strip() for part in self.cleaned_data["weights"].split(",") if part.strip()]
        try:
            weights = tuple(Decimal(part) for part in parts)
        except InvalidOperation:
            raise ValidationError(_("A weight is not a number.")) from None
        if not all(weight.is_finite() for weight in weights):
            raise ValidationError(_("A weight is not a number."))
        return weights

    def clean_publish_at(self) -> datetime | None:
        at: datetime | None = self.cleaned_data["publish_at"]
        if at is not None and at <= timezone.now():
            raise ValidationError(text_of("schedule_past"))
        return at

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        targets = self._targets()
        if targets is None or self.errors or any(name not in data for name in NEEDED):
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
            entry=draft_of(self.fixed).entry if self.fixed is not None else _entry(data),
            stop_rule=_stop_rule(data),
            runner=_runner(data),
            expiry=_expiry(data),
        ).ordered()
        facts = instrument_facts(settings.SIGNAL_ENVIRONMENT, draft.symbol)
        found = errors(draft, facts, is_new=self.fixed is None)
        self.add_findings(found)
        if not found:
            self.draft = draft
        return data

    def add_findings(self, found: list[Finding]) -> None:
        for finding in found:
            name = FIELD_OF.get(finding.field, finding.field)
            self.add_error(name if name in self.fields else None, message_of(finding))

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


MORE = [
    *("entry_kind", "steps", "weighting", "weights", "trigger", "stop_kind", "stop_after"),
    *("trail_distance", "trail_percent", "trail_activation", "has_runner", "runner_distance"),
    *("runner_percent", "runner_activation", "expiry_minutes", "at_first_target"),
    *("beyond_percent", "publish_at"),
]
# Fields of the domain that have another name in the form.
FIELD_OF = {"trail": "trail_distance", "runner": "runner_distance", "expiry": "expiry_minutes"}


def _entry(data: dict[str, Any]) -> Entry:
    """Only what the chosen kind knows: what was left in a hidden field says nothing."""
    kind = EntryKind(data.get("entry_kind") or EntryKind.AUTO)
    if kind is EntryKind.TRIGGER:
        return Entry(kind, trigger=data.get("trigger"))
    if kind is not EntryKind.LADDER:
        return Entry(kind)
    weighting = Weighting(data.get("weighting") or Weighting.EQUAL)
    weights = data.get("weights") or () if weighting is Weighting.CUSTOM else ()
    return Entry(kind, steps=data.get("steps") or 0, weighting=weighting, weights=weights)


def _stop_rule(data: dict[str, Any]) -> StopRule:
    kind = StopKind(data.get("stop_kind") or StopKind.FIXED)
    trail = None
    if kind is StopKind.TRAILING:
        trail = Trail(
            data.get("trail_distance"), data.get("trail_percent"), data.get("trail_activation")
        )
    return StopRule(kind, data.get("stop_after") or 1, trail)


def _runner(data: dict[str, Any]) -> Trail | None:
    if not data.get("has_runner"):
        return None
    return Trail(
        data.get("runner_distance"), data.get("runner_percent"), data.get("runner_activation")
    )


def _expiry(data: dict[str, Any]) -> Expiry:
    minutes = data.get("expiry_minutes")
    return Expiry(
        after=timedelta(minutes=minutes) if minutes else None,
        at_first_target=bool(data.get("at_first_target")),
        beyond_percent=data.get("beyond_percent"),
    )


def even_shares(count: int) -> list[Decimal]:
    """Equal percentages that sum to exactly 100; the last takes what rounding leaves."""
    share = (WHOLE / count).quantize(Decimal("0.01"))
    return [share] * (count - 1) + [WHOLE - share * (count - 1)]


def initial_of(signal: Signal) -> dict[str, Any]:
    """A stored signal as the form shows it."""
    draft = draft_of(signal)
    entry, rule, expiry = draft.entry, draft.stop_rule, draft.expiry
    trail, runner = rule.trail or Trail(), draft.runner or Trail()
    numbers = {
        "leverage": draft.leverage,
        "entry_low": draft.entry_low,
        "entry_high": draft.entry_high,
        "stop": draft.stop,
        "trigger": entry.trigger,
        "trail_distance": trail.distance,
        "trail_percent": trail.percent,
        "trail_activation": trail.activation,
        "runner_distance": runner.distance,
        "runner_percent": runner.percent,
        "runner_activation": runner.activation,
        "beyond_percent": expiry.beyond_percent,
    }
    return {name: plain(value) for name, value in numbers.items() if value is not None} | {
        "symbol": draft.symbol,
        "side": draft.direction.value,
        "note": draft.note,
        "targets": [(plain(t.price), plain(t.share)) for t in draft.targets],
        "entry_kind": entry.kind.value,
        "steps": entry.steps if entry.kind is EntryKind.LADDER else None,
        "weighting": entry.weighting.value,
        "weights": ", ".join(plain(weight) for weight in entry.weights),
        "stop_kind": rule.kind.value,
        "stop_after": rule.after,
        "has_runner": draft.runner is not None,
        "expiry_minutes": int(expiry.after.total_seconds()) // 60 if expiry.after else None,
        "at_first_target": expiry.at_first_target,
    }


def initial_of_text(parsed: ParsedSignal) -> dict[str, Any]:
    """What a pasted text says, for a person to check; what it leaves open stays empty."""
    numbers = {
        "leverage": parsed.leverage,
        "entry_low": parsed.entry_low,
        "entry_high": parsed.entry_high,
        "stop": parsed.stop,
    }
    shares = even_shares(len(parsed.targets)) if parsed.targets else []
    ladder = {"entry_kind": EntryKind.LADDER.value, "steps": parsed.steps}
    return (
        {name: plain(value) for name, value in numbers.items() if value is not None}
        | {
            "symbol": parsed.symbol,
            "side": parsed.direction.value if parsed.direction is not None else None,
            "targets": [
                (plain(price), plain(share))
                for price, share in zip(parsed.targets, shares, strict=True)
            ],
        }
        | (ladder if parsed.steps else {})
    )
