"""A signal as plain text and back: for the log, for storage and for whoever checks the log."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal

from signals.domain.draft import (
    Draft,
    Entry,
    EntryKind,
    Expiry,
    StopKind,
    StopRule,
    Trail,
    Weighting,
)

Plain = dict[str, object]


def terms_of(draft: Draft) -> Plain:
    """What goes beyond symbol, side, leverage, range, stop and targets; numbers as strings."""
    return {
        "entry": _entry(draft.entry),
        "stop_rule": {
            "kind": draft.stop_rule.kind.value,
            "after": draft.stop_rule.after,
            "trail": _trail(draft.stop_rule.trail),
        },
        "runner": _trail(draft.runner),
        "expiry": _expiry(draft.expiry),
    }


def content_of(draft: Draft) -> Plain:
    """Everything that a signal says, as strings, whole numbers, lists and truth values."""
    return {
        "symbol": draft.symbol,
        "side": draft.direction.value,
        "leverage": text(draft.leverage),
        "entry_low": text(draft.entry_low),
        "entry_high": text(draft.entry_high),
        "stop": text(draft.stop),
        "targets": [[text(target.price), text(target.share)] for target in draft.targets],
        "note": draft.note,
    } | terms_of(draft)


def text(value: Decimal) -> str:
    """A number without an exponent and without trailing zeros: one value, one spelling."""
    shown = format(value, "f")
    return shown.rstrip("0").rstrip(".") if "." in shown else shown


def _entry(entry: Entry) -> Plain:
    return {
        "kind": entry.kind.value,
        "steps": entry.steps,
        "weighting": entry.weighting.value,
        "weights": [text(weight) for weight in entry.weights],
        "trigger": _text_or_none(entry.trigger),
        "trigger_rises": entry.trigger_rises,
    }


def _trail(trail: Trail | None) -> Plain | None:
    if trail is None:
        return None
    return {
        "distance": _text_or_none(trail.distance),
        "percent": _text_or_none(trail.percent),
        "activation": _text_or_none(trail.activation),
    }


def _expiry(expiry: Expiry) -> Plain:
    return {
        "minutes": int(expiry.after.total_seconds()) // 60 if expiry.after is not None else None,
        "at_first_target": expiry.at_first_target,
        "beyond_percent": _text_or_none(expiry.beyond_percent),
    }


def _text_or_none(value: Decimal | None) -> str | None:
    return text(value) if value is not None else None


# --- and back ------------------------------------------------------------------------------------


def entry_from(terms: Mapping[str, object]) -> Entry:
    entry = _part(terms, "entry")
    rises = entry.get("trigger_rises")
    return Entry(
        kind=EntryKind(_word(entry, "kind", EntryKind.AUTO)),
        steps=_whole(entry, "steps", 1),
        weighting=Weighting(_word(entry, "weighting", Weighting.EQUAL)),
        weights=_numbers(entry.get("weights")),
        trigger=_number(entry.get("trigger")),
        trigger_rises=rises if isinstance(rises, bool) else None,
    )


def stop_rule_from(terms: Mapping[str, object]) -> StopRule:
    rule = _part(terms, "stop_rule")
    return StopRule(
        kind=StopKind(_word(rule, "kind", StopKind.FIXED)),
        after=_whole(rule, "after", 1),
        trail=trail_from(rule.get("trail")),
    )


def trail_from(trail: object) -> Trail | None:
    if not isinstance(trail, Mapping):
        return None
    return Trail(
        distance=_number(trail.get("distance")),
        percent=_number(trail.get("percent")),
        activation=_number(trail.get("activation")),
    )


def asks_to_trail(terms: Mapping[str, object]) -> bool:
    """Whether a stop of such a signal trails: its runner's, or the whole position's."""
    runs = trail_from(terms.get("runner")) is not None
    return runs or stop_rule_from(terms).kind is StopKind.TRAILING


def expiry_from(terms: Mapping[str, object]) -> Expiry:
    expiry = _part(terms, "expiry")
    minutes = expiry.get("minutes")
    return Expiry(
        after=timedelta(minutes=minutes) if isinstance(minutes, int) else None,
        at_first_target=expiry.get("at_first_target", True) is True,
        beyond_percent=_number(expiry.get("beyond_percent")),
    )


def _part(terms: Mapping[str, object], name: str) -> Mapping[str, object]:
    part = terms.get(name)
    return part if isinstance(part, Mapping) else {}


def _word(part: Mapping[str, object], name: str, default: str) -> str:
    return str(part.get(name) or default)


def _whole(part: Mapping[str, object], name: str, default: int) -> int:
    value = part.get(name)
    return value if isinstance(value, int) else default


def _number(value: object) -> Decimal | None:
    return Decimal(value) if isinstance(value, str) else None


def _numbers(values: object) -> tuple[Decimal, ...]:
    listed = values if isinstance(values, list) else []
    return tuple(Decimal(value) for value in listed if isinstance(value, str))
