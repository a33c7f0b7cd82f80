"""Rounding to what an exchange takes: quantities down to the step, prices to the tick."""

from __future__ import annotations

from decimal import ROUND_DOWN, Decimal


def to_step_down(quantity: Decimal, step: Decimal) -> Decimal:
    """The greatest multiple of `step` that is not above `quantity` (both in base units)."""
    return (quantity / step).to_integral_value(ROUND_DOWN) * step
