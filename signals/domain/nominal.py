"""A signal's nominal result: what public prices made of it, whoever followed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import ROUND_HALF_EVEN, Decimal

from signals.domain.draft import Draft

PERCENT_PLACES = Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a signal has come; `outcome` is empty while it runs."""

    entered: Decimal | None = None
    targets_hit: int = 0
    outcome: str = ""
    exit_price: Decimal | None = None
    result_percent: Decimal | None = None


def advance(signal: Draft, progress: Progress, price: Decimal, *, may_enter: bool) -> Progress:
    """Take one public price into account: first the entry, then targets and stop."""
    if progress.outcome:
        return progress
    if progress.entered is None:
        reached = signal.direction.is_beyond(signal.near_edge, price)
        if not (may_enter and reached):
            return progress
        inside = signal.entry_low <= price <= signal.entry_high
        return replace(progress, entered=price if inside else signal.near_edge)
    if signal.direction.is_beyond(signal.stop, price):
        return finish(signal, progress, "stop", signal.stop)
    hit = sum(1 for target in signal.targets if signal.direction.is_beyond(price, target.price))
    progress = replace(progress, targets_hit=max(hit, progress.targets_hit))
    if progress.targets_hit == len(signal.targets):
        return finish(signal, progress, "target", signal.targets[-1].price)
    return progress


def finish(signal: Draft, progress: Progress, outcome: str, price: Decimal) -> Progress:
    """End with what is left going out at `price`; nothing was entered means no result."""
    if progress.entered is None:
        return replace(progress, outcome=outcome)
    taken = signal.targets[: progress.targets_hit]
    left = Decimal(100) - sum((target.share for target in taken), Decimal(0))
    exits = [(target.price, target.share) for target in taken] + [(price, left)]
    gain = sum(((level - progress.entered) * share for level, share in exits), Decimal(0))
    percent = gain / progress.entered * signal.direction.sign * signal.leverage
    return replace(
        progress,
        outcome=outcome,
        exit_price=price,
        result_percent=percent.quantize(PERCENT_PLACES, ROUND_HALF_EVEN),
    )
