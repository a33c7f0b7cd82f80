"""Figures for the dry run: what a stop costs in fees, and how long the exchange's limits take."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from signals.domain.ladder import Step
from signals.domain.sizing import TAKER_FEE, Part, loss_at_stop

CENT = Decimal("0.01")


def fee_share_percent(steps: Sequence[Step], stop: Decimal) -> Decimal:
    """How much of the loss at the stop is fees, in percent."""
    whole = loss_at_stop(steps, stop)
    fees = sum(
        (step.share * TAKER_FEE * (step.price + stop) / step.cost for step in steps), Decimal(0)
    )
    return (fees / whole * 100).quantize(CENT)


def loss_of(parts: Sequence[Part], stop: Decimal) -> Decimal:
    """USDT lost, fees included, when every order fills at its limit and the stop is hit."""
    return sum(
        (
            part.quantity * (abs(part.price - stop) + TAKER_FEE * (part.price + stop))
            for part in parts
        ),
        Decimal(0),
    )


def seconds_for(requests: int, *, room: int, window: Decimal) -> Decimal:
    """The least time in which one address may send so many: `room` of them in every window.

    A first window's worth goes out at once; every further one waits for the next window.
    """
    return max(-(-requests // room) - 1, 0) * window
