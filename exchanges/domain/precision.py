"""Rounding to what an exchange takes: quantities down to the step, prices to the tick."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal


def to_step_down(quantity: Decimal, step: Decimal) -> Decimal:
    """The greatest multiple of `step` that is not above `quantity` (both in base units)."""
    return (quantity / step).to_integral_value(ROUND_DOWN) * step


def to_step_up(quantity: Decimal, step: Decimal) -> Decimal:
    """The smallest multiple of `step` that is not below `quantity` (both in base units)."""
    return (quantity / step).to_integral_value(ROUND_CEILING) * step


def to_tick(price: Decimal, tick: Decimal, *, up: bool | None = None) -> Decimal:
    """The multiple of `tick` next to `price`: the nearest, or the one above or below it."""
    rounding = ROUND_HALF_EVEN if up is None else ROUND_CEILING if up else ROUND_FLOOR
    return (price / tick).to_integral_value(rounding) * tick
