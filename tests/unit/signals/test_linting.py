"""What the checks say of ladders, triggers, rules and trails, and what an author is warned of."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal as D

import pytest

from exchanges.domain.trading import Ticker
from signals.domain.direction import Direction
from signals.domain.draft import (
    Entry,
    EntryKind,
    Expiry,
    StopKind,
    StopRule,
    Trail,
    Weighting,
)
from signals.domain.linting import Problem, Surroundings, warnings
from tests.fixtures.people import long_btc
from tests.unit.signals.test_draft import BTC, problems, target

NOW = datetime(2026, 11, 21, tzinfo=UTC)
TWO = (target(47000, 50), target(48000, 50))


def ladder(steps=2, weighting=Weighting.EQUAL, weights=()):
    return Entry(EntryKind.LADDER, steps, weighting, tuple(D(w) for w in weights))


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"entry": ladder(1)}, Problem.STEPS_OUT_OF_RANGE),
        ({"entry": ladder(11)}, Problem.STEPS_OUT_OF_RANGE),
        ({"entry": ladder(2, Weighting.CUSTOM, [1])}, Problem.WEIGHTS_WRONG),
        ({"entry": ladder(2, Weighting.CUSTOM, [1, 0])}, Problem.WEIGHTS_WRONG),
        ({"entry": Entry(EntryKind.TRIGGER)}, Problem.TRIGGER_MISSING),
        ({"entry": Entry(EntryKind.TRIGGER, trigger=D("1.05"))}, Problem.PRICE_OFF_TICK),
        ({"stop_rule": StopRule(StopKind.BREAK_EVEN)}, Problem.STOP_AFTER_WRONG),
        (
            {"stop_rule": StopRule(StopKind.FOLLOW, after=2), "targets": TWO},
            Problem.STOP_AFTER_WRONG,
        ),
        (
            {"stop_rule": StopRule(StopKind.FOLLOW, after=0), "targets": TWO},
            Problem.STOP_AFTER_WRONG,
        ),
        ({"stop_rule": StopRule(StopKind.TRAILING)}, Problem.TRAIL_WRONG),
        (
            {
                "stop_rule": StopRule(StopKind.TRAILING, trail=Trail(distance=D(100))),
                "runner": Trail(distance=D(100)),
            },
            Problem.TRAIL_TWICE,
        ),
        ({"runner": Trail()}, Problem.TRAIL_WRONG),
        ({"runner": Trail(D(100), D(1))}, Problem.TRAIL_WRONG),
        ({"runner": Trail(distance=D(0))}, Problem.TRAIL_WRONG),
        ({"runner": Trail(percent=D(100))}, Problem.TRAIL_WRONG),
        ({"runner": Trail(distance=D("100.05"))}, Problem.PRICE_OFF_TICK),
        ({"runner": Trail(percent=D(1), activation=D("0.05"))}, Problem.PRICE_OFF_TICK),
        ({"expiry": Expiry(after=timedelta(0))}, Problem.EXPIRY_WRONG),
        ({"expiry": Expiry(beyond_percent=D(0))}, Problem.EXPIRY_WRONG),
    ],
)
def test_each_fault_of_the_finer_terms_is_named(changes, problem):
    assert problem in problems(**changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"entry": ladder(10)},
        {"entry": ladder(2, Weighting.LINEAR)},
        {"entry": ladder(2, Weighting.CUSTOM, [1, 3])},
        {"entry": Entry(EntryKind.TRIGGER, trigger=D(46500))},
        {"stop_rule": StopRule(StopKind.BREAK_EVEN), "targets": TWO},
        {"stop_rule": StopRule(StopKind.TRAILING, trail=Trail(percent=D(1)))},
        {"runner": Trail(distance=D(100), activation=D(47100))},
        {"expiry": Expiry(timedelta(minutes=1), False, D(1))},
    ],
)
def test_the_finer_terms_may_be_sound(changes):
    assert problems(**changes) == []


# --- warnings ------------------------------------------------------------------------------------


def ticker(last, spread="0.1"):
    return Ticker("BTCUSDT", D(last) - D(spread), D(last), D(last), D(last))


def warned(instrument=BTC, price="46000", *, twice=False, spread="0.1", **changes):
    seen = ticker(price, spread) if price is not None else None
    around = Surroundings(NOW, seen, is_twice=twice)
    found = warnings(long_btc(**changes), instrument, around)
    assert all(finding.is_warning for finding in found)
    return {finding.problem: finding.params for finding in found}


def test_a_usual_signal_needs_no_yes():
    assert warned() == {}
    assert warned(price=None) == {}


def test_a_stop_nearer_than_fees_and_spread():
    """In and out cost 2 x 0.055 % of 46,000: 50.6, and the spread."""
    assert warned(stop=D(45849)) == {}
    assert Problem.STOP_TOO_NEAR in warned(stop=D("45849.5"))
    assert Problem.STOP_TOO_NEAR in warned(stop=D(45849), spread="1")
    assert warned(stop=D("45849.5"))[Problem.STOP_TOO_NEAR] == {"costs": D("50.7")}


def test_a_stop_behind_liquidation():
    """At 50x there is 2 % less maintenance of 0.5 %: 690 of 46,000."""
    reach = (target(49000),)
    assert warned(leverage=D(50), stop=D(45311), targets=reach) == {}
    assert warned(leverage=D(50), stop=D(45310), targets=reach) == {
        Problem.STOP_BEYOND_LIQUIDATION: {"percent": D("1.50")}
    }


def test_a_reward_below_the_risk():
    """Break-even is 46,050.7 (fees): up to 46,601 is 550.3, down to 45,500 is 550.7."""
    assert warned(targets=(target(46602),)) == {}
    assert warned(targets=(target(46601),)) == {Problem.REWARD_BELOW_RISK: {"ratio": D("1.00")}}
    shorts = {"direction": Direction.SHORT, "stop": D(46500)}
    assert Problem.REWARD_BELOW_RISK in warned(targets=(target(45500),), **shorts)
    assert warned(targets=(target(45000),), **shorts) == {}


def test_the_same_symbol_and_side_twice():
    assert warned(twice=True) == {Problem.SIGNAL_TWICE: {}}


def test_a_range_far_from_the_price():
    later = {"expiry": Expiry(at_first_target=False)}
    assert warned(price="57500", **later) == {}
    assert warned(price="57600", **later) == {
        Problem.PRICE_FAR: {"percent": D("20.1"), "price": D(57600)}
    }
    assert Problem.PRICE_FAR in warned(price="38000")


def test_a_first_target_that_the_price_has_passed():
    """Its entry would be withdrawn at once, unless the author wants it otherwise."""
    assert warned(price="46999.9") == {}
    assert warned(price="47000") == {Problem.TARGET_PASSED: {"price": D(47000)}}
    assert warned(price="47000", expiry=Expiry(at_first_target=False)) == {}
    assert warned(price=None) == {}


@pytest.mark.parametrize(("seconds", "is_slow"), [("55", False), ("60", True), ("85", True)])
def test_limits_that_take_longer_than_an_entry_lives(seconds, is_slow):
    around = Surroundings(NOW, None, is_twice=False, seconds=D(seconds), time_to_live=D(60))
    found = [finding.problem for finding in warnings(long_btc(), BTC, around)]
    assert (Problem.LIMITS_TOO_SLOW in found) == is_slow
