"""Loss limits: what pauses new entries, and from when it counts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal as D

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signals.domain.brakes import (
    Brakes,
    Result,
    breach,
    drawdown_percent,
    losing_streak,
    loss_since,
)
from signals.domain.reasons import Reason

NOW = datetime(2026, 11, 19, 12, tzinfo=UTC)  # a Thursday
TODAY, MONDAY, SUNDAY = (
    NOW.replace(hour=1),
    datetime(2026, 11, 16, 1, tzinfo=UTC),
    datetime(2026, 11, 15, 23, tzinfo=UTC),
)


def results(*pairs):
    return [Result(at, D(pnl)) for at, pnl in pairs]


@pytest.mark.parametrize(
    ("brakes", "trades", "reason"),
    [
        (Brakes(), [(TODAY, -1000)], Reason.NONE),
        (Brakes(daily_loss=D(50)), [(TODAY, -50)], Reason.DAILY_LOSS),
        (Brakes(daily_loss=D(50)), [(TODAY, -60), (TODAY, 20)], Reason.NONE),
        (Brakes(daily_loss=D(50)), [(MONDAY, -60)], Reason.NONE),
        (Brakes(weekly_loss=D(50)), [(MONDAY, -50)], Reason.WEEKLY_LOSS),
        (Brakes(weekly_loss=D(50)), [(SUNDAY, -50)], Reason.NONE),
        (Brakes(streak=2), [(SUNDAY, -1), (TODAY, -1)], Reason.LOSS_STREAK),
        (Brakes(streak=2), [(SUNDAY, -1), (TODAY, 1), (TODAY, -1)], Reason.NONE),
        (Brakes(drawdown_percent=D(10)), [(TODAY, -100)], Reason.DRAWDOWN),
        (Brakes(drawdown_percent=D(10)), [(TODAY, -99)], Reason.NONE),
        (Brakes(drawdown_percent=D(10)), [(NOW - timedelta(days=31), -500)], Reason.NONE),
    ],
)
def test_a_limit_that_is_reached_is_named(brakes, trades, reason):
    assert breach(brakes, results(*trades), equity=D(900), now=NOW) is reason


def test_the_first_limit_is_named():
    every = Brakes(D(1), D(1), 1, D(1))
    assert breach(every, results((TODAY, -5)), equity=D(900), now=NOW) is Reason.DAILY_LOSS
    assert every.any
    assert not Brakes().any


def test_a_drawdown_is_from_the_peak_of_the_equity():
    """Up 100, down 150: 950 now, 1,100 at the peak."""
    assert drawdown_percent(results((TODAY, 100), (TODAY, -150)), D(950)).quantize(D("0.01")) == D(
        "13.64"
    )
    assert drawdown_percent([], None) == 0


TRADES = st.lists(st.integers(-100, 100).map(lambda pnl: Result(NOW, D(pnl))), max_size=20)


@given(trades=TRADES)
def test_losses_are_never_negative_and_gains_never_a_streak(trades):
    assert loss_since(trades, NOW) >= 0
    assert 0 <= losing_streak(trades) <= len(trades)
    assert 0 <= drawdown_percent(trades, D(1000)) <= 100 * len(trades)
    if trades and trades[-1].pnl >= 0:
        assert losing_streak(trades) == 0
