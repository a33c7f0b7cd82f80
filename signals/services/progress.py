"""Keep how far a signal's nominal account has come."""

from __future__ import annotations

from datetime import datetime

from signals.domain.nominal import Progress
from signals.models import Signal

PROGRESS_FIELDS = [
    *("has_triggered", "entered_at", "entered_price", "steps_reached", "peak_price"),
    *("left_percent", "gain", "targets_hit", "outcome", "outcome_price", "result_percent"),
]


def store_progress(signal: Signal, after: Progress, *, now: datetime) -> None:
    """Put the progress into the signal's fields; the caller saves `PROGRESS_FIELDS`."""
    if signal.entered_price is None and after.entered is not None:
        signal.entered_at = now
    signal.has_triggered, signal.entered_price = after.has_triggered, after.entered
    signal.steps_reached, signal.peak_price = after.steps, after.peak
    signal.targets_hit = after.targets_hit
    signal.left_percent, signal.gain = after.left, after.gain
    signal.outcome, signal.outcome_price = after.outcome, after.exit_price
    signal.result_percent = after.result_percent
