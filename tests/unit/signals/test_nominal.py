"""The nominal result follows public prices."""

from __future__ import annotations

from decimal import Decimal as D

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signals.domain.direction import Direction
from signals.domain.draft import (
    WHOLE,
    Entry,
    EntryKind,
    Expiry,
    StopKind,
    StopRule,
    TargetDraft,
    Trail,
)
from signals.domain.nominal import Progress, advance, finish, finish_by_followers, lapse, reduce
from signals.domain.reasons import Reason
from tests.fixtures.people import long_btc

TICK = D("0.1")
TWO = (TargetDraft(D(47000), D(50)), TargetDraft(D(48000), D(50)))


def follow(signal, *prices):
    progress = Progress()
    for price in prices:
        progress = advance(signal, progress, D(price), tick=D("0.1"), may_enter=True)
    return progress


def test_it_enters_at_the_edge_and_wins_at_the_target():
    found = follow(long_btc(), 46300, 45800, 46500, 47100)
    assert (found.entered, found.outcome, found.exit_price) == (46000, "target", 47000)
    assert found.result_percent == D("21.7391")


def test_it_loses_at_the_stop_with_what_the_first_target_took():
    found = follow(long_btc(targets=TWO), 45950, 47000, 45400)
    assert (found.targets_hit, found.outcome) == (1, "stop")
    assert found.result_percent == D("6.5288")


def test_a_price_that_never_came_is_no_entry():
    found = follow(long_btc(), 46300, 47500)
    assert found == Progress()
    ended = finish(long_btc(), found, "cancelled", D(46000))
    assert (ended.outcome, ended.result_percent) == ("cancelled", None)


def test_a_target_that_an_amendment_moved_away_is_not_won_before_its_price():
    """The first of two was taken; the one target that is left stands elsewhere now."""
    taken = follow(long_btc(targets=TWO), 45950, 47000)
    single = long_btc(targets=(TargetDraft(D(49000), D(100)),))
    waiting = advance(single, taken, D(47500), tick=TICK, may_enter=False)
    assert (waiting.outcome, waiting.left) == ("", 50)
    won = advance(single, waiting, D(49000), tick=TICK, may_enter=False)
    assert (won.outcome, won.exit_price) == ("target", 49000)


def ladder(steps=2, **changes):
    return long_btc(entry=Entry(EntryKind.LADDER, steps=steps), **changes)


def test_a_ladder_enters_step_by_step_at_the_average_that_money_buys():
    found = follow(ladder(), 46000)
    assert (found.steps, found.entered.quantize(TICK)) == (1, 46000)
    found = follow(ladder(), 46000, 45900)
    assert (found.steps, found.entered.quantize(D("0.0001"))) == (2, D("45949.9456"))


def test_a_ladder_enters_no_further_after_a_target():
    found = follow(ladder(targets=TWO), 46000, 46000, 47000, 45900)
    assert (found.steps, found.targets_hit) == (1, 1)


def test_nobody_enters_when_entries_were_withdrawn():
    found = advance(long_btc(), Progress(), D(46000), tick=TICK, may_enter=False)
    assert found == Progress()


def test_what_is_over_stays_as_it_ended():
    over = follow(long_btc(), 46000, 46000, 47000)
    assert advance(long_btc(), over, D(1), tick=TICK, may_enter=True) is over
    assert reduce(long_btc(), over, D(50), D(1)) is over


def test_a_stop_at_break_even_loses_nothing():
    rule = StopRule(StopKind.BREAK_EVEN)
    found = follow(long_btc(targets=TWO, stop_rule=rule), 46000, 46000, 47000, 46000)
    assert (found.outcome, found.exit_price) == ("stop", D("46050.7"))


@pytest.mark.parametrize(
    ("trail", "prices", "outcome", "exit_price"),
    [
        (Trail(distance=D(200)), (46000, 46500, 46301), "", None),
        (Trail(distance=D(200)), (46000, 46500, 46300), "stop", 46300),
        (Trail(distance=D(200), activation=D(46600)), (46000, 46500, 46300), "", None),
        (Trail(distance=D(200), activation=D(46600)), (46000, 46600, 46400), "stop", 46400),
        (Trail(percent=D(1)), (46000, 46500, 46040), "stop", 46040),
        (Trail(distance=D(900)), (46000, 46100, 45499), "stop", 45500),  # the first stop is closer
    ],
)
def test_a_trailing_stop_follows_the_best_price(trail, prices, outcome, exit_price):
    rule = StopRule(StopKind.TRAILING, trail=trail)
    found = follow(long_btc(stop_rule=rule), 46000, *prices)
    assert (found.outcome, found.exit_price) == (outcome, exit_price)


def test_a_runner_is_not_sold_at_its_target():
    signal = long_btc(targets=TWO, runner=Trail(distance=D(500)))
    found = follow(signal, 46000, 46000, 48000, 49000)
    assert (found.outcome, found.targets_hit, found.left) == ("", 1, 50)
    ended = advance(signal, found, D(48400), tick=TICK, may_enter=True)
    assert (ended.outcome, ended.exit_price, ended.left) == ("stop", 48500, 0)
    assert ended.result_percent == D("38.0435")  # half of 1,000 and half of 2,500, ten times


def test_the_author_takes_a_part_of_what_is_left():
    half = reduce(long_btc(), follow(long_btc(), 46000), D(50), D(46460))
    assert (half.left, half.gain) == (50, 23000)
    assert reduce(long_btc(), Progress(), D(50), D(46460)) == Progress()
    ended = finish(long_btc(), half, "closed", D(46000))
    assert ended.result_percent == 5


@pytest.mark.parametrize(
    ("expiry", "price", "reason"),
    [
        (Expiry(), 46999, Reason.NONE),
        (Expiry(), 47000, Reason.TARGET_FIRST),
        (Expiry(at_first_target=False), 47000, Reason.NONE),
        (Expiry(at_first_target=False, beyond_percent=D(1)), 46459, Reason.NONE),
        (Expiry(at_first_target=False, beyond_percent=D(1)), 46460, Reason.RANGE_LEFT),
        (Expiry(beyond_percent=D(1)), 45000, Reason.NONE),
    ],
)
def test_entries_run_out_by_the_signals_own_terms(expiry, price, reason):
    assert lapse(long_btc(expiry=expiry), Progress(), D(price)) is reason


def test_a_range_that_was_entered_is_not_left():
    expiry = Expiry(at_first_target=False, beyond_percent=D(1))
    assert lapse(long_btc(expiry=expiry), follow(long_btc(), 46000), D(46500)) is Reason.NONE


@pytest.mark.parametrize(
    ("signal", "before", "outcome", "price"),
    [
        (long_btc(), Progress(), "stop", 45500),
        (long_btc(), Progress(), "target", 47000),
        (
            long_btc(targets=TWO),
            follow(long_btc(targets=TWO), 46000, 46000, 47000),
            "target",
            48000,
        ),
        (long_btc(targets=TWO, runner=Trail(distance=D(1))), Progress(), "target", 48000),
    ],
)
def test_it_ends_as_its_followers_did_at_its_own_levels(signal, before, outcome, price):
    found = finish_by_followers(signal, before, outcome, TICK)
    assert (found.outcome, found.exit_price, found.left) == (outcome, price, 0)


@given(
    direction=st.sampled_from(Direction),
    moves=st.lists(st.integers(-12, 30), min_size=1, max_size=30),
    kind=st.sampled_from([StopKind.FIXED, StopKind.BREAK_EVEN, StopKind.FOLLOW]),
)
def test_shares_add_up_and_a_short_mirrors_a_long(direction, moves, kind):
    sign = direction.sign
    signal = long_btc(
        direction=direction,
        entry_low=D(46000),
        entry_high=D(46000),
        stop=D(46000) - 500 * sign,
        targets=tuple(TargetDraft(D(46000) + n * 1000 * sign, D(50)) for n in (1, 2)),
        stop_rule=StopRule(kind),
    )
    progress, before = Progress(), WHOLE
    for move in moves:
        price = D(46000) + move * 100 * sign
        progress = advance(signal, progress, price, tick=TICK, may_enter=True)
        assert 0 <= progress.left <= before
        before = progress.left
    assert (progress.left == 0) == bool(progress.outcome)
    assert progress.left in {100, 50, 0}
    if progress.outcome == "stop" and not progress.targets_hit:
        assert progress.result_percent == D("-10.8696")


def test_an_entry_with_a_trigger_waits_for_its_crossing_and_remembers_it():
    """A breakout: the range lies above the price, and so does the trigger."""
    entry = Entry(EntryKind.TRIGGER, trigger=D(45950), trigger_rises=True)
    signal = long_btc(entry=entry)
    assert follow(signal, 45800, 45940) == Progress()
    gapped = follow(signal, 45800, 46100)
    assert (gapped.has_triggered, gapped.entered) == (True, None)
    assert follow(signal, 45800, 46100, 45940).entered == 45940


@pytest.mark.parametrize(
    ("price", "entered", "reason"),
    [
        (45950, 45950, Reason.NONE),
        (46100, None, Reason.PRICE_OUTSIDE),
        (45800, None, Reason.PRICE_OUTSIDE),
    ],
)
def test_a_market_entry_is_now_or_never(price, entered, reason):
    signal = long_btc(entry=Entry(EntryKind.MARKET))
    found = follow(signal, price)
    assert found.entered == entered
    assert lapse(signal, found, D(price)) is reason
