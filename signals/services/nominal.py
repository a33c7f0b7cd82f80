"""Follow public prices for the nominal results, and end signals that are over."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from django.conf import settings
from django.db import transaction

from exchanges.models import Instrument
from exchanges.selectors import contracts_in
from signals.choices import SignalStatus
from signals.domain.draft import Draft
from signals.domain.ladder import step_count
from signals.domain.lifecycle import ENTERING, CopyStatus
from signals.domain.nominal import Progress, advance, finish, finish_by_followers
from signals.domain.nominal import lapse as lapse_at
from signals.domain.reasons import Reason
from signals.models import LIVE_STATUSES, Copy, Signal
from signals.selectors import draft_of, progress_of
from signals.services import publishing
from signals.services.progress import PROGRESS_FIELDS, store_progress

log = logging.getLogger(__name__)

UNFILLED = [status.value for status in ENTERING | {CopyStatus.PLACED}]
NO_TICK = Decimal("0.000000000001")  # where the symbol is not listed any more
# How copies end when the price was between two readings at the decisive moment.
OUTCOME_OF_REASON = {"target": "target", "stop": "stop", "trailing_stop": "stop"}


def follow_prices(*, now: datetime, paths: Mapping[str, Sequence[Decimal]] | None = None) -> None:
    """Take the last read prices into account for every open signal.

    `paths`: every turn that prices took since the last time, as a socket told them; a stop or a
    target that was touched in between counts.
    """
    rows = contracts_in(settings.SIGNAL_ENVIRONMENT).filter(last__isnull=False)
    places = {row.symbol: row for row in rows}
    for pk in Signal.objects.filter(status=SignalStatus.OPEN).values_list("pk", flat=True):
        try:
            _follow(pk, places, paths or {}, now)
        except Exception:
            # One signal's bad data must not stop the others: their entries would never lapse.
            log.exception("signal number %s could not be followed", pk)


def _follow(
    pk: int,
    places: Mapping[str, Instrument],
    paths: Mapping[str, Sequence[Decimal]],
    now: datetime,
) -> None:
    with transaction.atomic():
        open_ones = Signal.objects.filter(pk=pk, status=SignalStatus.OPEN)
        signal = open_ones.select_for_update(no_key=True, skip_locked=True).first()
        if signal is None:
            return
        place = places.get(signal.symbol)
        draft, before = draft_of(signal), progress_of(signal)
        after, price = before, place.last if place is not None else None
        if place is not None and price is not None:
            for step in paths.get(signal.symbol) or [price]:
                may_enter = signal.wants_entry
                after = advance(draft, after, step, tick=place.tick, may_enter=may_enter)
                _lapse(signal, draft, after, step, now)
        if not after.outcome:
            tick = place.tick if place is not None else NO_TICK
            after = _by_author_or_copies(signal, draft, after, price, tick)
        store_progress(signal, after, now=now)
        if after.outcome and not _has_copies(signal, LIVE_STATUSES):
            signal.status, signal.closed_at = SignalStatus.CLOSED, now
        signal.save(update_fields=[*PROGRESS_FIELDS, "status", "closed_at"])


def _lapse(signal: Signal, draft: Draft, progress: Progress, price: Decimal, now: datetime) -> None:
    """Withdraw what is not filled when the signal's own terms say so."""
    if not signal.wants_entry:
        return
    is_whole = progress.steps == step_count(draft)
    if is_whole and not _has_copies(signal, UNFILLED):
        return
    reason = lapse_at(draft, progress, price)
    after = draft.expiry.after
    if after is not None and signal.published_at and now >= signal.published_at + after:
        reason = Reason.ENTRY_EXPIRED
    if reason:
        revised = publishing.lapse(signal, reason, now=now)
        signal.wants_entry, signal.revision = revised.wants_entry, revised.revision
        signal.lapse_reason = revised.lapse_reason


def _by_author_or_copies(
    signal: Signal, draft: Draft, progress: Progress, price: Decimal | None, tick: Decimal
) -> Progress:
    """The author ended it, or every follower is out and the decisive price was not among ours."""
    if not signal.wants_position and price is not None:
        return finish(draft, progress, "closed", price)
    if not signal.wants_entry and progress.entered is None:
        outcome = "expired" if signal.lapse_reason else "cancelled"
        return finish(draft, progress, outcome, draft.near_edge)
    if _has_copies(signal, LIVE_STATUSES):
        return progress
    return _as_copies_ended(signal, draft, progress, tick)


def _as_copies_ended(signal: Signal, draft: Draft, progress: Progress, tick: Decimal) -> Progress:
    """Only where the followers say one thing, and by levels that the signal itself names."""
    reasons = set(
        Copy.objects.filter(signal=signal, status="closed").values_list("reason", flat=True)
    )
    outcomes = {OUTCOME_OF_REASON.get(reason, "") for reason in reasons}
    if len(outcomes) != 1 or outcomes == {""}:
        return progress
    return finish_by_followers(draft, progress, outcomes.pop(), tick)


def _has_copies(signal: Signal, statuses: Sequence[str]) -> bool:
    """Whether there are copies of these statuses, or some that are still to be made."""
    # In this order: a part goes as its copies come.
    return signal.enrolments.exists() or signal.copies.filter(status__in=statuses).exists()
