"""Follow public prices for the nominal results, and end signals that are over."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from django.conf import settings
from django.db import transaction

from exchanges.models import Instrument
from signals.choices import SignalStatus
from signals.domain.draft import Draft
from signals.domain.nominal import Progress, advance, finish
from signals.models import LIVE_STATUSES, Copy, Signal
from signals.selectors import draft_of

FIELDS = [
    *("entered_at", "entered_price", "targets_hit", "outcome", "outcome_price"),
    *("result_percent", "status", "closed_at"),
]
# How copies end when the price was between two readings at the decisive moment.
OUTCOME_OF_REASON = {"target": "target", "stop": "stop"}


def follow_prices(*, now: datetime) -> None:
    """Take the last read prices into account for every open signal."""
    rows = Instrument.objects.filter(environment=settings.SIGNAL_ENVIRONMENT, last__isnull=False)
    prices = {row.symbol: row.last for row in rows}
    for pk in Signal.objects.filter(status=SignalStatus.OPEN).values_list("pk", flat=True):
        _follow(pk, prices, now)


def _follow(pk: int, prices: dict[str, Decimal | None], now: datetime) -> None:
    with transaction.atomic():
        signal = (
            Signal.objects.select_for_update(skip_locked=True)
            .filter(pk=pk, status=SignalStatus.OPEN)
            .first()
        )
        if signal is None:
            return
        price = prices.get(signal.symbol)
        draft, before = draft_of(signal), _progress(signal)
        after = before
        if price is not None:
            after = advance(draft, before, price, may_enter=signal.wants_entry)
        if not after.outcome:
            after = _by_author_or_copies(signal, draft, after, price)
        _store(signal, before, after, now)
        if after.outcome and not _has_live_copies(signal):
            signal.status, signal.closed_at = SignalStatus.CLOSED, now
        signal.save(update_fields=FIELDS)


def _progress(signal: Signal) -> Progress:
    return Progress(
        signal.entered_price,
        signal.targets_hit,
        signal.outcome,
        signal.outcome_price,
        signal.result_percent,
    )


def _store(signal: Signal, before: Progress, after: Progress, now: datetime) -> None:
    if before.entered is None and after.entered is not None:
        signal.entered_at = now
    signal.entered_price, signal.targets_hit = after.entered, after.targets_hit
    signal.outcome, signal.outcome_price = after.outcome, after.exit_price
    signal.result_percent = after.result_percent


def _by_author_or_copies(
    signal: Signal, draft: Draft, progress: Progress, price: Decimal | None
) -> Progress:
    """The author ended it, or every follower is out and the decisive price was not among ours."""
    if not signal.wants_position and price is not None:
        return finish(draft, progress, "closed", price)
    if not signal.wants_entry and progress.entered is None:
        return finish(draft, progress, "cancelled", draft.near_edge)
    if _has_live_copies(signal):
        return progress
    return _as_copies_ended(signal, draft, progress)


def _as_copies_ended(signal: Signal, draft: Draft, progress: Progress) -> Progress:
    reasons = set(
        Copy.objects.filter(signal=signal, status="closed").values_list("reason", flat=True)
    )
    outcomes = {OUTCOME_OF_REASON.get(reason, "") for reason in reasons}
    if len(outcomes) != 1 or outcomes == {""}:
        return progress
    outcome = outcomes.pop()
    if progress.entered is None:
        progress = Progress(entered=draft.near_edge)
    if outcome == "stop":
        return finish(draft, progress, "stop", draft.stop)
    hit = Progress(progress.entered, len(draft.targets))
    return finish(draft, hit, "target", draft.targets[-1].price)


def _has_live_copies(signal: Signal) -> bool:
    return signal.copies.filter(status__in=LIVE_STATUSES).exists()
