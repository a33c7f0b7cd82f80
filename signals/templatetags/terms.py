"""What a signal says beyond its figures, in words; the usual is not said."""

from __future__ import annotations

from collections.abc import Iterator

from django import template
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from hexagonal.lib.numbers import plain
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
from signals.models import Signal
from signals.selectors import draft_of

register = template.Library()
HOUR = 60  # minutes
DAY = 24 * HOUR


@register.filter
def terms(signal: Signal) -> list[str]:
    """The terms that differ from the usual, each a short line."""
    return list(_terms(draft_of(signal)))


def _terms(draft: Draft) -> Iterator[str]:
    yield from _entry(draft.entry)
    yield from _stop(draft.stop_rule)
    if draft.runner is not None:
        yield _runner(draft.runner)
    yield from _expiry(draft.expiry)


def _entry(entry: Entry) -> Iterator[str]:
    if entry.kind is EntryKind.MARKET:
        yield _("Market entry, only inside the range")
    elif entry.kind is EntryKind.LIMIT:
        yield _("Limit entry at the near edge")
    elif entry.kind is EntryKind.TRIGGER and entry.trigger is not None:
        yield _("Waits until the price reaches %(price)s") % {"price": plain(entry.trigger)}
    elif entry.kind is EntryKind.LADDER:
        yield _ladder(entry)


def _ladder(entry: Entry) -> str:
    count = {"steps": entry.steps}
    if entry.weighting is Weighting.LINEAR:
        return _("Ladder of %(steps)s steps, more at the better prices") % count
    if entry.weighting is Weighting.CUSTOM:
        weights = " : ".join(plain(weight) for weight in entry.weights)
        return _("Ladder of %(steps)s steps, weighted %(weights)s") % (count | {"weights": weights})
    return _("Ladder of %(steps)s equal steps") % count


def _stop(rule: StopRule) -> Iterator[str]:
    number = {"number": rule.after}
    if rule.kind is StopKind.BREAK_EVEN:
        yield _("Stop to break-even after target %(number)s") % number
    elif rule.kind is StopKind.FOLLOW:
        yield _("Stop follows the targets from target %(number)s on") % number
    elif rule.kind is StopKind.TRAILING and rule.trail is not None:
        figures = {"distance": _distance(rule.trail)}
        if rule.trail.activation is None:
            yield _("Stop trails by %(distance)s") % figures
        else:
            figures["price"] = plain(rule.trail.activation)
            yield _("Stop trails by %(distance)s from %(price)s on") % figures


def _runner(trail: Trail) -> str:
    figures = {"distance": _distance(trail)}
    if trail.activation is None:
        return _("The last target trails by %(distance)s") % figures
    figures["price"] = plain(trail.activation)
    return _("The last target trails by %(distance)s from %(price)s on") % figures


def _distance(trail: Trail) -> str:
    if trail.percent is not None:
        return f"{plain(trail.percent)} %"
    return plain(trail.distance) if trail.distance is not None else "–"


def _expiry(expiry: Expiry) -> Iterator[str]:
    if expiry.after is not None:
        duration = _duration(int(expiry.after.total_seconds()) // 60)
        yield _("Entry expires after %(duration)s") % {"duration": duration}
    if expiry.beyond_percent is not None:
        percent = plain(expiry.beyond_percent)
        yield _("Entry expires when the price is %(percent)s %% away") % {"percent": percent}
    if not expiry.at_first_target:
        yield _("Entry stays even when the first target comes first")


def _duration(minutes: int) -> str:
    """Whole days or hours where it is so many of them, else minutes."""
    if minutes % DAY == 0:
        return ngettext("%(count)s day", "%(count)s days", minutes // DAY) % {
            "count": minutes // DAY
        }
    if minutes % HOUR == 0:
        return ngettext("%(count)s hour", "%(count)s hours", minutes // HOUR) % {
            "count": minutes // HOUR
        }
    return ngettext("%(count)s minute", "%(count)s minutes", minutes) % {"count": minutes}
