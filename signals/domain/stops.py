"""Where a position's stop belongs, and how far a trailing one stays behind."""

from __future__ import annotations

from decimal import Decimal

from exchanges.domain.precision import to_tick
from signals.domain.direction import Direction
from signals.domain.draft import Draft, StopKind, Trail
from signals.domain.sizing import TAKER_FEE


def stop_level(
    signal: Draft, *, entry_average: Decimal | None, reached: int, tick: Decimal
) -> Decimal:
    """The stop that the signal's rule asks for, in quote units; never worse than its first one.

    `reached` is the number of the furthest target that was taken, 0 for none.
    """
    rule = signal.stop_rule
    moved = reached >= rule.after and entry_average is not None
    if not moved or entry_average is None:
        return signal.stop
    if rule.kind is StopKind.BREAK_EVEN:
        level = break_even(signal.direction, entry_average, tick)
    elif rule.kind is StopKind.FOLLOW:
        # An amendment may have left fewer targets than were taken before it.
        is_named = 1 < reached <= len(signal.targets) + 1
        level = (
            signal.targets[reached - 2].price
            if is_named
            else break_even(signal.direction, entry_average, tick)
        )
    else:
        return signal.stop
    return signal.direction.better(signal.stop, level)


def break_even(direction: Direction, entry_average: Decimal, tick: Decimal) -> Decimal:
    """The price at which going out pays for both taker fees, rounded in the trader's favour."""
    fees = (1 + direction.sign * TAKER_FEE) / (1 - direction.sign * TAKER_FEE)
    return to_tick(entry_average * fees, tick, up=direction is Direction.LONG)


def trail_of(signal: Draft) -> Trail | None:
    """What trails the position: the runner from its target on, or the stop itself."""
    if signal.runner is not None:
        return Trail(
            signal.runner.distance,
            signal.runner.percent,
            signal.runner.activation or signal.targets[-1].price,
        )
    return signal.stop_rule.trail if signal.stop_rule.kind is StopKind.TRAILING else None


def trail_distance(trail: Trail, *, base: Decimal, tick: Decimal) -> Decimal:
    """Quote units, at least a tick; `base` is the price that a percentage is taken of."""
    if trail.distance is not None:
        return trail.distance
    percent = trail.percent or Decimal(0)
    return max(to_tick((trail.activation or base) * percent / 100, tick), tick)
