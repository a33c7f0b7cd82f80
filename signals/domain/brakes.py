"""Loss limits: when a connection enters nothing new until its owner lets it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import accumulate, takewhile

from signals.domain.reasons import Reason

WINDOW = timedelta(days=30)  # of the rolling draw-down


@dataclass(frozen=True, slots=True)
class Brakes:
    """A connection's limits; None means: none. Losses in USDT, positive."""

    daily_loss: Decimal | None = None
    weekly_loss: Decimal | None = None
    streak: int | None = None  # losing trades in a row
    drawdown_percent: Decimal | None = None  # of the equity at its peak within `WINDOW`

    @property
    def any(self) -> bool:
        limits = (self.daily_loss, self.weekly_loss, self.streak, self.drawdown_percent)
        return any(limit is not None for limit in limits)


@dataclass(frozen=True, slots=True)
class Result:
    """A closed trade: when it ended, and its net result in USDT."""

    at: datetime
    pnl: Decimal


def breach(
    brakes: Brakes, results: Sequence[Result], *, equity: Decimal | None, now: datetime
) -> Reason:
    """The first limit that the results have reached, or `Reason.NONE`.

    `results` are in order of time and begin where the owner last let the connection go on. Days and
    weeks are UTC's; a week begins on Monday.
    """
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    monday = midnight - timedelta(days=midnight.weekday())
    if _is_reached(brakes.daily_loss, loss_since(results, midnight)):
        return Reason.DAILY_LOSS
    if _is_reached(brakes.weekly_loss, loss_since(results, monday)):
        return Reason.WEEKLY_LOSS
    if brakes.streak is not None and losing_streak(results) >= brakes.streak:
        return Reason.LOSS_STREAK
    recent = [result for result in results if result.at >= now - WINDOW]
    if _is_reached(brakes.drawdown_percent, drawdown_percent(recent, equity)):
        return Reason.DRAWDOWN
    return Reason.NONE


def _is_reached(limit: Decimal | None, figure: Decimal) -> bool:
    return limit is not None and figure >= limit


def loss_since(results: Sequence[Result], since: datetime) -> Decimal:
    """What was lost on balance, 0 when something was gained."""
    total = sum((result.pnl for result in results if result.at >= since), Decimal(0))
    return max(-total, Decimal(0))


def losing_streak(results: Sequence[Result]) -> int:
    return sum(1 for _ in takewhile(lambda result: result.pnl < 0, reversed(results)))


def drawdown_percent(results: Sequence[Result], equity: Decimal | None) -> Decimal:
    """How far the account is below its peak, in percent of the peak; trades alone count."""
    sums = list(accumulate((result.pnl for result in results), initial=Decimal(0)))
    fallen = max(sums) - sums[-1]
    peak = (equity or Decimal(0)) + fallen
    return fallen / peak * 100 if peak > 0 else Decimal(0)
