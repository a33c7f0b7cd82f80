"""The planner: from what is wanted and seen to what is done, and nothing the second time."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from decimal import Decimal as D

import pytest

from exchanges.domain.trading import OrderType, Ticker
from signals.domain.actions import (
    Amend,
    Cancel,
    Expire,
    Place,
    SetLevels,
    SetLeverage,
    SetTrail,
    Skip,
)
from signals.domain.direction import Direction
from signals.domain.draft import Entry, EntryKind, TargetDraft
from signals.domain.following import Standing
from signals.domain.planning import plan
from signals.domain.reasons import Reason
from signals.domain.situation import Account, Desired, LegOrder, Levels, Observed
from tests.fixtures.people import long_btc
from tests.unit.signals.test_draft import BTC
from tests.unit.signals.test_sizing import money, rules

NOW = datetime(2026, 11, 21, tzinfo=UTC)
TWO = (TargetDraft(D(47000), D(50)), TargetDraft(D(48000), D(50)))


def ticker(last):
    last = D(last)
    return Ticker("BTCUSDT", last - D("0.1"), last, last, last)


def desired(signal=None, **changes):
    fields = {
        "signal": signal or long_btc(),
        "wants_entry": True,
        "wants_position": True,
        "entry_deadline": NOW + timedelta(seconds=60),
    }
    return Desired(**(fields | changes))


def account(**changes):
    fields = {
        "rules": rules(),
        "money": money(),
        "standing": Standing(),
        "author": 1,
        "leverage": D(10),
        "is_hedge": False,
        "has_own_business": False,
        "margin": None,
    }
    return Account(**(fields | changes))


def observed(last="46300", legs=(), entered="0", held="0", position=None, **changes):
    fields = {
        "now": NOW,
        "ticker": ticker(last),
        "rules": BTC,
        "legs": {leg.leg: leg for leg in legs},
        "entered": D(entered),
        "held": D(held),
        "position": position,
    }
    return Observed(**(fields | changes))


def leg(name="entry", **changes):
    fields = {
        "leg": name,
        "link_id": f"hx-{name}",
        "generation": 0,
        "is_open": True,
        "is_unresolved": False,
        "was_sent": True,
        "quantity": D("0.010"),
        "filled": D(0),
        "price": D(46000),
        "stop": D(45500),
        "target": D(47000),
    }
    return LegOrder(**(fields | changes))


DONE = leg(is_open=False, filled=D("0.010"))
HELD = Levels(D("0.010"), D(45500), D(47000))


def test_above_the_range_a_long_waits_at_its_upper_edge():
    (order,) = plan(desired(), account(), observed())
    assert isinstance(order, Place)
    assert (order.type, order.price, order.quantity) == (OrderType.LIMIT, 46000, D("0.010"))
    assert (order.stop, order.target, order.reduce_only) == (45500, 47000, False)


def test_below_the_range_a_short_waits_at_its_lower_edge():
    signal = long_btc(
        direction=Direction.SHORT, stop=D(46500), targets=(TargetDraft(D(45000), D(100)),)
    )
    (order,) = plan(desired(signal), account(), observed("45800"))
    assert isinstance(order, Place)
    assert (order.type, order.price) == (OrderType.LIMIT, 45900)


def test_inside_the_range_the_entry_is_a_market_order():
    (order,) = plan(desired(), account(), observed("45950"))
    assert isinstance(order, Place)
    assert (order.type, order.price) == (OrderType.MARKET, None)


def test_another_leverage_is_set_first():
    first, second = plan(desired(), account(leverage=D(5)), observed())
    assert first == SetLeverage(D(10))
    assert isinstance(second, Place)


def test_several_targets_are_not_attached_to_the_entry():
    (order,) = plan(desired(long_btc(targets=TWO)), account(), observed())
    assert isinstance(order, Place)
    assert order.target is None


@pytest.mark.parametrize(
    ("changes", "seen", "reason"),
    [
        ({"has_own_business": True}, {}, Reason.OWN_POSITION),
        ({"money": None}, {}, Reason.BALANCE_UNKNOWN),
        ({"money": money(available=D(1))}, {}, Reason.BALANCE_TOO_SMALL),
        ({}, {"last": "45400"}, Reason.STOP_PASSED),
        ({}, {"rules": None}, Reason.SYMBOL_UNKNOWN),
        ({}, {"rules": dataclasses.replace(BTC, status="Closed")}, Reason.SYMBOL_NOT_TRADABLE),
        (
            {},
            {"rules": dataclasses.replace(BTC, max_leverage=D(5))},
            Reason.LEVERAGE_TOO_HIGH,
        ),
    ],
)
def test_what_is_not_traded_says_why(changes, seen, reason):
    (action,) = plan(desired(), account(**changes), observed(**seen))
    assert isinstance(action, Skip)
    assert action.reason is reason


def test_an_entry_is_never_sent_late_or_after_it_was_withdrawn():
    late = plan(desired(entry_deadline=NOW), account(), observed())
    assert late == [Expire(Reason.TOO_LATE)]
    assert plan(desired(wants_entry=False), account(), observed()) == [
        Expire(Reason.ENTRY_CANCELLED)
    ]


def test_nothing_happens_while_an_orders_fate_is_unknown():
    unknown = leg(is_unresolved=True, is_open=False)
    assert plan(desired(wants_position=False), account(), observed(legs=[unknown])) == []


def test_a_resting_entry_as_wanted_is_left_alone():
    assert plan(desired(), account(margin=D(50)), observed(legs=[leg()])) == []


def test_a_withdrawn_entry_is_cancelled():
    actions = plan(desired(wants_entry=False), account(), observed(legs=[leg()]))
    assert actions == [Cancel("entry", "hx-entry")]


def test_a_moved_range_moves_the_entry_and_never_raises_the_margin():
    higher = long_btc(
        entry_low=D(50900), entry_high=D(51000), targets=(TargetDraft(D(52000), D(100)),)
    )
    (action,) = plan(desired(higher), account(margin=D(50)), observed(legs=[leg()]))
    assert isinstance(action, Amend)
    assert (action.price, action.quantity, action.target) == (51000, D("0.009"), 52000)


def test_a_position_as_wanted_is_left_alone():
    seen = observed(legs=[DONE], entered="0.010", held="0.010", position=HELD)
    assert plan(desired(), account(), seen) == []


@pytest.mark.parametrize("stop", [None, D(45000)])
def test_a_missing_or_other_stop_is_set(stop):
    position = dataclasses.replace(HELD, stop=stop)
    known = {"position": position, "targets_asked": frozenset({D(47000)})}
    seen = observed(legs=[DONE], entered="0.010", held="0.010", **known)
    assert plan(desired(), account(), seen) == [SetLevels(D(45500), D(47000))]


def test_several_targets_share_what_was_filled():
    position = dataclasses.replace(HELD, quantity=D("0.011"), target=None)
    seen = observed(legs=[DONE], entered="0.011", held="0.011", position=position)
    first, second = plan(desired(long_btc(targets=TWO)), account(), seen)
    assert isinstance(first, Place)
    assert isinstance(second, Place)
    assert (first.leg, first.quantity, first.price) == ("target-1", D("0.005"), 47000)
    assert (second.leg, second.quantity, second.price) == ("target-2", D("0.006"), 48000)
    assert first.reduce_only
    assert first.stop is None


def test_a_close_takes_never_more_than_the_copys_own():
    bigger = dataclasses.replace(HELD, quantity=D(3))
    seen = observed(legs=[DONE], entered="0.010", held="0.010", position=bigger)
    (action,) = plan(desired(wants_position=False), account(), seen)
    assert isinstance(action, Place)
    assert (action.leg, action.quantity, action.reduce_only) == ("close", D("0.010"), True)


def test_a_close_that_left_a_rest_is_followed_by_another_generation():
    rest = leg("close", is_open=False, filled=D("0.004"))
    seen = observed(legs=[DONE, rest], entered="0.010", held="0.006", position=HELD)
    (action,) = plan(desired(wants_position=False), account(), seen)
    assert isinstance(action, Place)
    assert (action.generation, action.quantity) == (1, D("0.006"))


def test_a_running_close_is_not_sent_twice():
    seen = observed(legs=[DONE, leg("close")], entered="0.010", held="0.010", position=HELD)
    assert plan(desired(wants_position=False), account(), seen) == []


def test_no_answer_is_not_flat():
    seen = observed(legs=[DONE], entered="0.010", held="0.010", position=None)
    assert plan(desired(wants_position=False), account(), seen) == []


# --- ladders that are planned again, targets taken off by force, trailing stops ------------------


def test_a_step_that_a_newer_plan_left_out_is_not_sent_again():
    left_out = leg("entry-2", was_sent=False, is_open=False, quantity=D(0))
    assert plan(desired(), account(), observed(legs=[leg(), left_out])) == []


def forced_out(generation=0, **changes):
    fields = {"is_open": False, "was_forced_out": True, "price": D(47000), "target": None}
    fields |= {"quantity": D("0.005"), "stop": None, "generation": generation}
    return leg(**({"name": "target-1"} | fields | changes))


def holding_two(target):
    second = forced_out(name="target-2", is_open=True, was_forced_out=False, price=D(48000))
    position = Levels(D("0.010"), D(45500), None)
    return observed(legs=[DONE, target, second], entered="0.010", held="0.010", position=position)


def test_a_target_that_the_exchange_took_off_is_placed_under_a_new_name():
    (order,) = plan(desired(long_btc(targets=TWO)), account(), holding_two(forced_out()))
    assert isinstance(order, Place)
    assert (order.leg, order.generation, order.quantity) == ("target-1", 1, D("0.005"))


def test_a_target_that_never_left_keeps_its_name():
    unsent = forced_out(generation=1, was_sent=False, was_forced_out=False)
    (order,) = plan(desired(long_btc(targets=TWO)), account(), holding_two(unsent))
    assert isinstance(order, Place)
    assert (order.leg, order.generation, order.quantity) == ("target-1", 1, D("0.005"))


@pytest.mark.parametrize("target", [forced_out(4), forced_out(was_forced_out=False)])
def test_a_target_that_is_gone_for_good_leaves_its_share_to_the_others(target):
    (change,) = plan(desired(long_btc(targets=TWO)), account(), holding_two(target))
    assert isinstance(change, Amend)
    assert (change.leg, change.quantity) == ("target-2", D("0.010"))


@pytest.mark.parametrize(("asked", "expected"), [(True, [SetTrail(D(0), None)]), (False, [])])
def test_only_a_trailing_stop_of_the_signals_own_is_taken_away(asked, expected):
    position = Levels(D("0.010"), D(45500), D(47000), trailing=D(300))
    seen = observed(
        legs=[DONE],
        entered="0.010",
        held="0.010",
        position=position,
        entry_average=D(46000),
        targets_asked=frozenset({D(47000)}),
        trail_asked=asked,
    )
    assert plan(desired(), account(), seen) == expected


@pytest.mark.parametrize(("own", "carried"), [("45700", D(45700)), ("46000", None)])
def test_a_resting_entry_carries_the_traders_own_stop_where_it_may(own, carried):
    resting = leg("entry-2", quantity=D("0.010"))
    position = Levels(D("0.010"), D(own), D(47000))
    seen = observed(
        legs=[DONE, resting], entered="0.010", held="0.010", position=position, own_stop=D(own)
    )
    amended = plan(desired(ladder_of_two()), account(), seen)
    stops = [action.stop for action in amended if isinstance(action, Amend)]
    assert stops == ([carried] if carried else [])


def ladder_of_two():
    """Both steps at one price: nothing but the stop differs."""
    entry = Entry(kind=EntryKind.LADDER, steps=2)
    return long_btc(entry=entry, entry_low=D(46000), entry_high=D(46000))
