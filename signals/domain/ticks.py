"""A signal's levels by the tick that its contract has now: it may have become coarser since.

Stops and targets round towards the entry. A stop then never loses more than was said, and a target
is never missed by a price that has touched it; what is given up is less than a tick.
"""

from __future__ import annotations

from decimal import Decimal

from exchanges.domain.precision import to_tick
from signals.domain.direction import Direction


def stop_on_tick(stop: Decimal, direction: Direction, tick: Decimal) -> Decimal:
    """The first price (quote units) that the exchange takes, from the stop on to the entry."""
    return to_tick(stop, tick, up=direction is Direction.LONG)


def target_on_tick(target: Decimal, direction: Direction, tick: Decimal) -> Decimal:
    """The first price (quote units) that the exchange takes, from the target on to the entry."""
    return to_tick(target, tick, up=direction is Direction.SHORT)


def distance_on_tick(distance: Decimal, tick: Decimal) -> Decimal:
    """The greatest distance (quote units) that the exchange takes and that is no longer than said.

    At least a tick.
    """
    return max(to_tick(distance, tick, up=False), tick)
