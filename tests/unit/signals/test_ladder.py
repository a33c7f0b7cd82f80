"""A ladder stands on the tick, inside its range, nearest first, and spreads all of the money."""

from __future__ import annotations

from decimal import Decimal as D

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchanges.domain.trading import Ticker
from signals.domain.direction import Direction
from signals.domain.draft import Entry, EntryKind, Weighting
from signals.domain.ladder import step_prices, step_weights, steps_of
from tests.fixtures.people import long_btc

TICK = D("0.1")


def ticker(last):
    return Ticker("BTCUSDT", D(last) - TICK, D(last), D(last), D(last))


def ladder(steps, weighting=Weighting.EQUAL, weights=()):
    return Entry(EntryKind.LADDER, steps, weighting, tuple(D(weight) for weight in weights))


@pytest.mark.parametrize(
    ("entry", "prices", "weights"),
    [
        (Entry(EntryKind.LIMIT, steps=5), [46000], [1]),
        (ladder(2), [46000, 45900], [1, 1]),
        (ladder(3, Weighting.LINEAR), [46000, 45950, 45900], [1, 2, 3]),
        (ladder(4), [46000, D("45966.7"), D("45933.3"), 45900], [1, 1, 1, 1]),
        (ladder(2, Weighting.CUSTOM, [1, 9]), [46000, 45900], [1, 9]),
    ],
)
def test_steps_stand_at_equal_distances(entry, prices, weights):
    assert step_prices(long_btc(entry=entry), tick=TICK) == prices
    assert step_weights(long_btc(entry=entry)) == weights


@given(
    direction=st.sampled_from(Direction),
    steps=st.integers(2, 10),
    ticks=st.integers(0, 5000),
    weighting=st.sampled_from([Weighting.EQUAL, Weighting.LINEAR]),
)
def test_a_ladder_stays_in_its_range_and_spends_everything(direction, steps, ticks, weighting):
    signal = long_btc(
        direction=direction,
        entry_low=D(46000) - ticks * TICK,
        entry=ladder(steps, weighting),
    )
    found = steps_of(signal, tick=TICK, ticker=ticker(46300))
    prices = [step.price for step in found]
    assert prices == sorted(prices, key=lambda price: -price * direction.sign)
    assert (prices[0], prices[-1]) == (signal.near_edge, signal.far_edge)
    assert all(price % TICK == 0 for price in prices)
    assert abs(sum((step.share for step in found), D(0)) - 1) < D("1e-20")
    assert all(step.cost >= step.price for step in found)


def test_a_shorts_step_may_fill_at_the_bid_above_it():
    signal = long_btc(direction=Direction.SHORT, stop=D(46500), entry=ladder(2))
    found = steps_of(signal, tick=TICK, ticker=ticker(45950))
    assert [(step.price, step.cost) for step in found] == [
        (45900, D("45949.9")),
        (46000, 46000),
    ]
