"""Where a stop belongs: never worse than the first, free of fees at break-even, on the tick."""

from __future__ import annotations

from decimal import Decimal as D
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signals.domain.direction import Direction
from signals.domain.draft import StopKind, StopRule, TargetDraft, Trail
from signals.domain.sizing import TAKER_FEE
from signals.domain.stops import break_even, stop_level, trail_distance, trail_of
from tests.fixtures.people import long_btc

PRICES = st.decimals(min_value=D("0.01"), max_value=200_000, places=4)
TICKS = st.sampled_from([D("0.0001"), D("0.01"), D("0.1"), D("0.5"), D(5)])
THREE = tuple(TargetDraft(D(n * 1000), D(n)) for n in (47, 48, 49))


@given(direction=st.sampled_from(Direction), average=PRICES, tick=TICKS)
def test_break_even_pays_both_fees_and_no_tick_more(direction, average, tick):
    level = break_even(direction, average, tick)
    gain = (level - average) * direction.sign - TAKER_FEE * (level + average)
    nearer = level - tick * direction.sign
    before = (nearer - average) * direction.sign - TAKER_FEE * (nearer + average)
    assert level % tick == 0
    assert gain >= 0
    assert before < D("1e-12")


@given(
    direction=st.sampled_from(Direction),
    kind=st.sampled_from(StopKind),
    after=st.integers(1, 2),
    reached=st.integers(0, 3),
    average=st.none() | st.integers(45800, 46100).map(D),
)
def test_a_stop_is_never_worse_than_the_first_and_never_moves_back(
    direction, kind, after, reached, average
):
    signal = long_btc(stop_rule=StopRule(kind, after), targets=THREE)
    if direction is Direction.SHORT:
        down = tuple(TargetDraft(D(n * 1000), D(n)) for n in (45, 44, 43))
        signal = long_btc(
            direction=direction, stop=D(46500), stop_rule=StopRule(kind, after), targets=down
        )
    levels = [
        stop_level(signal, entry_average=average, reached=count, tick=D("0.1"))
        for count in range(reached + 1)
    ]
    for before, level in pairwise(levels):
        assert direction.is_beyond(level, before)
    assert direction.is_beyond(levels[-1], signal.stop)


@pytest.mark.parametrize(
    ("kind", "after", "reached", "level"),
    [
        (StopKind.FIXED, 1, 3, 45500),
        (StopKind.TRAILING, 1, 3, 45500),
        (StopKind.BREAK_EVEN, 2, 1, 45500),
        (StopKind.BREAK_EVEN, 2, 2, D("46050.7")),
        (StopKind.FOLLOW, 1, 1, D("46050.7")),
        (StopKind.FOLLOW, 1, 2, 47000),
        (StopKind.FOLLOW, 2, 1, 45500),
        (StopKind.FOLLOW, 1, 3, 48000),
    ],
)
def test_each_rule_moves_the_stop_at_its_target(kind, after, reached, level):
    signal = long_btc(stop_rule=StopRule(kind, after), targets=THREE)
    assert stop_level(signal, entry_average=D(46000), reached=reached, tick=D("0.1")) == level


def test_what_trails_is_the_runner_from_its_target_on_or_the_stop():
    trail = Trail(distance=D(100))
    assert trail_of(long_btc()) is None
    assert trail_of(long_btc(runner=trail)) == Trail(D(100), None, D(47000))
    ahead = Trail(percent=D(1), activation=D(46500))
    assert trail_of(long_btc(runner=ahead)) == ahead
    assert trail_of(long_btc(stop_rule=StopRule(StopKind.TRAILING, trail=trail))) == trail
    assert trail_of(long_btc(stop_rule=StopRule(StopKind.FIXED, trail=trail))) is None


@pytest.mark.parametrize(
    ("trail", "distance"),
    [
        (Trail(distance=D(150)), D(150)),
        (Trail(percent=D(1)), D(460)),
        (Trail(percent=D(1), activation=D(47000)), D(470)),
        (Trail(percent=D("0.00001")), D("0.1")),
        (Trail(), D("0.1")),
    ],
)
def test_a_trail_keeps_its_distance_and_at_least_a_tick(trail, distance):
    assert trail_distance(trail, base=D(46000), tick=D("0.1")) == distance


def test_a_stop_that_follows_stands_when_more_was_taken_than_is_listed_now():
    signal = long_btc(stop_rule=StopRule(StopKind.FOLLOW, 1), targets=THREE)
    level = stop_level(signal, entry_average=D(46000), reached=5, tick=D("0.1"))
    assert level == break_even(signal.direction, D(46000), D("0.1"))
