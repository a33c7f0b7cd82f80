"""The planner over a copy's life: ladder, trigger, targets, moving stops, the trader's acts."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from decimal import Decimal as D

import pytest

from exchanges.domain.trading import OrderType
from signals.domain.actions import Amend, Cancel, Expire, HandOver, Place, SetLevels, SetTrail, Skip
from signals.domain.direction import Direction
from signals.domain.draft import (
    Entry,
    EntryKind,
    StopKind,
    StopRule,
    TargetDraft,
    Trail,
)
from signals.domain.entering import decide_size
from signals.domain.following import SizingMode
from signals.domain.ladder import has_triggered
from signals.domain.leaving import QUIET, is_handed_over
from signals.domain.legs import entry_leg, step_of
from signals.domain.planning import plan
from signals.domain.reasons import Reason
from signals.domain.situation import Levels, Reduction
from signals.domain.ticks import stop_on_tick, target_on_tick
from tests.fixtures.people import long_btc
from tests.unit.signals.test_draft import BTC
from tests.unit.signals.test_planning import (
    DONE,
    HELD,
    NOW,
    TWO,
    account,
    desired,
    leg,
    observed,
)
from tests.unit.signals.test_sizing import rules

THREE = tuple(
    TargetDraft(D(price), D(share)) for price, share in ((47000, 50), (48000, 30), (49000, 20))
)
BARE = Levels(D("0.010"), D(45500), None)  # the position of a signal with several targets
LADDER = Entry(EntryKind.LADDER, steps=2)


def held(signal, *legs, quantity="0.010", entered="0.010", position=BARE, **changes):
    """A filled entry, the given legs, and what is left of the position."""
    if position is not None and position.quantity != D(quantity):
        position = dataclasses.replace(position, quantity=D(quantity))
    entry = leg(quantity=D(entered), filled=D(entered), is_open=False)
    seen = observed(
        legs=[entry, *legs], entered=entered, held=quantity, position=position, **changes
    )
    return desired(signal), account(margin=D(50)), seen


def target(number, quantity, **changes):
    price = {1: 47000, 2: 48000, 3: 49000}[number]
    fields = {"quantity": D(quantity), "price": D(price), "stop": None, "target": None}
    return leg(f"target-{number}", **(fields | changes))


def coarse(**changes):
    """The contract after the exchange has changed its rules."""
    return dataclasses.replace(BTC, **{name: D(value) for name, value in changes.items()})


def placed(actions):
    return [(a.leg, a.generation, a.quantity) for a in actions if isinstance(a, Place)]


# --- going in ------------------------------------------------------------------------------------


@pytest.mark.parametrize("step", [1, 2, 10])
def test_a_leg_knows_its_step(step):
    assert step_of(entry_leg(step)) == step


def test_a_ladder_is_an_order_for_each_step():
    actions = plan(desired(long_btc(entry=LADDER)), account(), observed())
    assert [(a.leg, a.type, a.price) for a in actions] == [
        ("entry", OrderType.LIMIT, 46000),
        ("entry-2", OrderType.LIMIT, 45900),
    ]
    assert {a.stop for a in actions} == {45500}


@pytest.mark.parametrize(
    ("last", "rises", "waits"),
    [
        ("46300", True, True),
        ("46500", True, False),
        ("46700", False, True),
        ("46300", False, False),
    ],
)
def test_a_trigger_waits_for_its_level_and_not_once_it_was_crossed(last, rises, waits):
    entry = Entry(EntryKind.TRIGGER, trigger=D(46500), trigger_rises=rises)
    (order,) = plan(desired(long_btc(entry=entry)), account(), observed(last))
    assert order.type is OrderType.LIMIT
    assert order.trigger == (46500 if waits else None)
    assert order.trigger_rises is rises


def test_what_has_no_trigger_has_triggered():
    assert has_triggered(long_btc(), D(1))


def test_a_market_entry_outside_its_range_is_skipped():
    signal = long_btc(entry=Entry(EntryKind.MARKET))
    (action,) = plan(desired(signal), account(), observed("46300"))
    assert action == Skip(Reason.PRICE_OUTSIDE, {"price": D(46300)})


def test_a_contract_whose_delisting_is_announced_is_not_entered():
    leaves = dataclasses.replace(BTC, delivery_at=NOW)
    assert decide_size(long_btc(), account(), observed(rules=leaves)).reason is Reason.SYMBOL_LEAVES


def test_without_settings_or_symbol_nothing_is_sized():
    assert decide_size(long_btc(), account(rules=None), observed()).reason is Reason.SIZING_MISSING
    none = observed(rules=None)
    assert decide_size(long_btc(), account(), none).reason is Reason.SYMBOL_UNKNOWN
    priceless = observed(ticker=None)
    assert plan(desired(), account(), priceless) == [Skip(Reason.SYMBOL_UNKNOWN, {})]


def test_what_a_follower_does_not_want_is_skipped():
    (action,) = plan(desired(), account(rules=rules(only_side=Direction.SHORT)), observed())
    assert action == Skip(Reason.SIDE_NOT_WANTED, {})


def test_terms_that_ran_out_end_what_was_never_sent():
    assert plan(desired(lapse=Reason.RANGE_LEFT), account(), observed()) == [
        Expire(Reason.RANGE_LEFT)
    ]


# --- entries at rest -----------------------------------------------------------------------------


LOST = leg(
    "entry-2", was_sent=False, is_open=False, price=D(45900), quantity=D("0.005"), target=D(47000)
)


def ladder(second=LOST, first=None, **changes):
    first = first or leg(quantity=D("0.005"))
    return observed(legs=[first, second], **changes)


def test_a_step_that_never_arrived_is_sent_again_as_planned():
    (order,) = plan(desired(long_btc(entry=LADDER)), account(margin=D(50)), ladder())
    assert (order.leg, order.generation, order.quantity, order.price) == (
        "entry-2",
        0,
        D("0.005"),
        45900,
    )
    assert (order.stop, order.margin) == (45500, None)


@pytest.mark.parametrize(
    ("wishes", "margin", "seen"),
    [
        ({"entry_deadline": NOW}, D(50), ladder()),
        ({"wants_entry": False}, D(50), ladder(first=leg(is_open=False, filled=D("0.010")))),
        ({}, D(50), ladder(first=leg(is_open=False, filled=D("0.010")), entered="0.010")),
        ({}, D(50), ladder(dataclasses.replace(LOST, quantity=D(0)))),  # left out by a newer plan
    ],
)
def test_a_step_is_not_sent_again_late_or_unwanted_or_left_out(wishes, margin, seen):
    found = plan(desired(long_btc(entry=LADDER), **wishes), account(margin=margin), seen)
    assert placed(found) == []


def test_an_amendment_moves_every_step_and_its_stop():
    signal = long_btc(entry=LADDER, entry_low=D(45800), stop=D(45400))
    second = leg("entry-2", price=D(45900), quantity=D("0.005"))
    first, moved = plan(desired(signal), account(margin=D(50)), ladder(second))
    assert (first.leg, first.price, first.stop) == ("entry", None, 45400)
    assert (moved.leg, moved.price, moved.quantity) == ("entry-2", 45800, None)


def test_an_entry_loses_its_target_when_there_are_several():
    (action,) = plan(desired(long_btc(targets=TWO)), account(), observed(legs=[leg()]))
    assert (action.target, action.stop) == (0, None)


def test_an_entry_that_bought_what_a_dearer_price_allows_is_withdrawn():
    dear = long_btc(
        entry_low=D(91900), entry_high=D(92000), targets=(TargetDraft(D(99000), D(100)),)
    )
    half = leg(filled=D("0.006"))
    seen = observed(legs=[half], entered="0.006", held="0.006", position=HELD)
    assert plan(desired(dear), account(), seen)[0] == Cancel("entry", "hx-entry")


def test_what_rests_is_withdrawn_once_the_position_came_and_went():
    rest = leg("entry-2", price=D(45900))
    seen = observed(legs=[DONE, rest], entered="0.010", held="0")
    assert plan(desired(long_btc(entry=LADDER)), account(), seen) == [
        Cancel("entry-2", "hx-entry-2")
    ]


def test_without_rules_a_resting_entry_keeps_its_price():
    assert plan(desired(), account(), observed(legs=[leg()], rules=None)) == []


def test_a_resting_step_carries_the_traders_own_stop():
    """Its fill gives the whole position its stop: the trader's own would be lost."""
    rest = leg("entry-2", price=D(45900), quantity=D("0.005"))
    own = dataclasses.replace(HELD, stop=D(45700), quantity=D("0.005"))
    first = leg(is_open=False, quantity=D("0.005"), filled=D("0.005"))
    seen = observed(
        legs=[first, rest], entered="0.005", held="0.005", position=own, own_stop=D(45700)
    )
    assert plan(desired(long_btc(entry=LADDER)), account(), seen) == [
        Amend("entry-2", "hx-entry-2", quantity=None, price=None, stop=D(45700), target=None)
    ]


def test_an_own_stop_beyond_a_steps_price_is_not_attached_to_it():
    rest = leg("entry-2", price=D(45900), quantity=D("0.005"))
    own = dataclasses.replace(HELD, stop=D(45950), quantity=D("0.005"))
    first = leg(is_open=False, quantity=D("0.005"), filled=D("0.005"))
    seen = observed(
        legs=[first, rest], entered="0.005", held="0.005", position=own, own_stop=D(45950)
    )
    assert plan(desired(long_btc(entry=LADDER)), account(), seen) == []


# --- targets -------------------------------------------------------------------------------------


def test_targets_that_stand_are_left_alone():
    legs = target(1, "0.005"), target(2, "0.003"), target(3, "0.002")
    assert plan(*held(long_btc(targets=THREE), *legs)) == []


def test_what_was_taken_off_by_hand_comes_off_all_targets_and_shrinks_first():
    legs = target(1, "0.002"), target(2, "0.006"), target(3, "0.002")
    actions = plan(*held(long_btc(targets=THREE), *legs))
    assert [(a.leg, a.quantity) for a in actions] == [
        ("target-2", D("0.003")),
        ("target-1", D("0.005")),
    ]


def test_a_target_that_the_exchange_cancelled_is_placed_anew():
    """Bybit cancels the farthest reduce-only orders when the position shrinks."""
    gone = target(2, "0.005", is_open=False, was_forced_out=True)
    actions = plan(*held(long_btc(targets=TWO), target(1, "0.004"), gone, quantity="0.004"))
    assert [type(action) for action in actions] == [Amend, Place]
    assert actions[0].quantity == D("0.002")
    assert placed(actions) == [("target-2", 1, D("0.002"))]


def test_a_target_placed_anew_knows_what_the_cancelled_one_took():
    gone = target(
        1,
        "0.002",
        generation=1,
        is_open=False,
        was_forced_out=True,
        filled=D("0.001"),
        filled_before=D("0.002"),
    )
    actions = plan(*held(long_btc(targets=TWO), gone, target(2, "0.005"), quantity="0.007"))
    assert placed(actions) == [("target-1", 2, D("0.002"))]


def test_a_target_that_was_refused_leaves_its_share_to_the_others():
    refused = target(1, "0.005", is_open=False)
    actions = plan(*held(long_btc(targets=TWO), refused, target(2, "0.005")))
    assert [(a.leg, a.quantity) for a in actions] == [("target-2", D("0.010"))]


def test_a_target_that_never_arrived_is_sent_again_as_it_is():
    lost = target(1, "0.005", is_open=False, was_sent=False)
    actions = plan(*held(long_btc(targets=TWO), lost, target(2, "0.005")))
    assert placed(actions) == [("target-1", 0, D("0.005"))]


def test_a_target_without_a_share_left_is_withdrawn_before_others_grow():
    few = (TargetDraft(D(47000), D(1)), TargetDraft(D(48000), D(99)))
    actions = plan(*held(long_btc(targets=few), target(1, "0.006"), target(2, "0.004")))
    assert actions[0] == Cancel("target-1", "hx-target-1")
    assert (actions[1].leg, actions[1].quantity) == ("target-2", D("0.010"))


def test_targets_that_an_amendment_took_away_are_withdrawn_first():
    legs = target(1, "0.005"), target(2, "0.003"), target(3, "0.002")
    actions = plan(*held(long_btc(targets=TWO), *legs))
    assert actions[0] == Cancel("target-3", "hx-target-3")
    assert [(a.leg, a.quantity) for a in actions[1:]] == [("target-2", D("0.005"))]


def test_one_target_left_rides_on_the_position():
    actions = plan(*held(long_btc(), target(1, "0.005"), target(2, "0.005")))
    assert actions[0] == SetLevels(D(45500), D(47000))
    assert {action.leg for action in actions[1:]} == {"target-1", "target-2"}


def test_a_target_whose_part_became_too_small_is_withdrawn():
    """Of one step that is left the nearer target has no half; the farther one takes it."""
    legs = target(1, "0.001"), target(2, "0.009")
    actions = plan(*held(long_btc(targets=TWO), *legs, quantity="0.001"))
    assert actions[0] == Cancel("target-1", "hx-target-1")
    assert (actions[1].leg, actions[1].quantity) == ("target-2", D("0.001"))


def test_a_moved_target_keeps_its_size_and_what_it_has_taken():
    moved = (TargetDraft(D(47100), D(50)), TargetDraft(D(48000), D(50)))
    partly = target(1, "0.005", filled=D("0.002"))
    (action,) = plan(*held(long_btc(targets=moved), partly, target(2, "0.005"), quantity="0.008"))
    assert (action.leg, action.price, action.quantity) == ("target-1", 47100, None)


def test_what_an_entry_buys_after_the_last_target_goes_out_there():
    legs = [target(n, "0.005", is_open=False, filled=D("0.005")) for n in (1, 2)]
    wish, who, seen = held(long_btc(targets=TWO), *legs, quantity="0.003", entered="0.013")
    assert placed(plan(wish, who, seen)) == [("target-2", 1, D("0.003"))]


def test_when_rounding_leaves_no_share_the_last_target_takes_all():
    """What the target took shows before the fill that bought it."""
    partly = target(2, "0.001", is_open=True, filled=D("0.001"))
    actions = plan(*held(long_btc(targets=TWO), partly, quantity="0.001", entered="0.001"))
    assert [(a.leg, a.quantity) for a in actions] == [("target-2", D("0.002"))]


def test_a_target_that_nobody_has_a_share_of_is_not_placed():
    tiny = dataclasses.replace(BARE, quantity=D("0.001"))
    actions = plan(*held(long_btc(targets=THREE), quantity="0.001", entered="0.010", position=tiny))
    assert placed(actions) == [("target-3", 0, D("0.001"))]


# --- stops and trails ----------------------------------------------------------------------------


def taken(number, quantity="0.005"):
    return target(number, quantity, is_open=False, filled=D(quantity))


@pytest.mark.parametrize(
    ("kind", "legs", "stop"),
    [
        (StopKind.BREAK_EVEN, (), D(45500)),
        (StopKind.BREAK_EVEN, (taken(1),), D("46050.7")),  # 46,000 and two taker fees
        (StopKind.FOLLOW, (taken(1),), D("46050.7")),
        (StopKind.FOLLOW, (taken(1), taken(2, "0.003")), D(47000)),
        (StopKind.FIXED, (taken(1),), D(45500)),
    ],
)
def test_the_stop_moves_with_the_targets(kind, legs, stop):
    signal = long_btc(targets=THREE, stop_rule=StopRule(kind))
    left = D("0.010") - sum((one.filled for one in legs), D(0))
    actions = plan(*held(signal, *legs, quantity=str(left), entry_average=D(46000), last="48500"))
    set_to = [action.stop for action in actions if isinstance(action, SetLevels)]
    assert set_to == ([] if stop == 45500 else [stop])


def test_a_target_that_was_reached_once_keeps_the_stop_where_it_is():
    again = target(2, "0.003", generation=1, was_reached=True)
    signal = long_btc(targets=TWO, stop_rule=StopRule(StopKind.FOLLOW))
    position = dataclasses.replace(BARE, stop=D(47000))
    wish = held(
        signal, taken(1), again, quantity="0.003", position=position, entry_average=D(46000)
    )
    assert [a for a in plan(*wish) if isinstance(a, SetLevels)] == []


RUNNER = Trail(distance=D(200))


def test_a_runner_with_one_target_is_a_trail_and_no_order():
    signal = long_btc(runner=RUNNER)
    actions = plan(*held(signal, entry_average=D(46000)))
    assert actions == [SetTrail(D(200), D(47000))]


def test_a_runner_leaves_its_share_open():
    actions = plan(*held(long_btc(targets=TWO, runner=RUNNER), entry_average=D(46000)))
    assert actions[-1] == SetTrail(D(200), D(48000))
    assert placed(actions) == [("target-1", 0, D("0.005"))]


def test_a_trail_waits_for_the_entrys_average():
    assert plan(*held(long_btc(runner=RUNNER))) == []


def test_a_trail_that_stands_is_left_alone_and_one_refused_starts_at_once():
    rule = StopRule(StopKind.TRAILING, trail=Trail(percent=D(1), activation=D(47000)))
    signal = long_btc(stop_rule=rule)
    stands = dataclasses.replace(HELD, trailing=D(470))
    given = {"position": stands, "entry_average": D(46000)}
    assert plan(*held(signal, trail_activation=D(47000), **given)) == []
    assert plan(*held(signal, trail_activation=D(46500), **given)) == [SetTrail(D(470), D(47000))]
    assert plan(*held(signal, refused_activation=D(47000), **given)) == []
    seen = held(signal, position=HELD, entry_average=D(46000), refused_activation=D(47000))
    assert plan(*seen) == [SetTrail(D(470), None)]


def test_the_traders_own_stop_and_target_are_kept():
    own = Levels(D("0.010"), D(45800), D(46900))
    asked = frozenset({D(47000)})
    seen = held(long_btc(), position=own, own_stop=D(45800), targets_asked=asked)
    assert plan(*seen) == []
    bare = dataclasses.replace(own, stop=None)
    seen = held(long_btc(), position=bare, own_stop=D(45800), targets_asked=asked)
    assert plan(*seen) == [SetLevels(D(45800), None)]


# --- rules that became coarser -------------------------------------------------------------------


def test_targets_are_sent_by_the_tick_and_the_step_as_they_are_now():
    odd = (TargetDraft(D("47000.4"), D(50)), TargetDraft(D("48000.2"), D(50)))
    rules = coarse(tick="0.5", step="0.01", min_quantity="0.01")
    position = dataclasses.replace(BARE, quantity=D("0.045"))
    seen = {"quantity": "0.045", "entered": "0.045", "rules": rules, "position": position}
    actions = plan(*held(long_btc(targets=odd), **seen))
    assert [(a.leg, a.price, a.quantity) for a in actions] == [
        ("target-1", 47000, D("0.02")),  # nearer to the entry, and never more than is held
        ("target-2", 48000, D("0.02")),
    ]
    stands = target(1, "0.020", price=D("47000.4")), target(2, "0.025", price=D("48000.2"))
    assert plan(*held(long_btc(targets=odd), *stands, **seen)) == []


def test_a_shorts_levels_are_rounded_towards_its_entry():
    assert target_on_tick(D("45000.4"), Direction.SHORT, D("0.5")) == D("45000.5")
    assert stop_on_tick(D("46500.4"), Direction.SHORT, D("0.5")) == D(46500)


def test_a_target_that_is_left_less_than_a_step_stays_as_it_is():
    """All that is held is less: the nearer target has no share, the farther one cannot grow."""
    legs = target(1, "0.005"), target(2, "0.005")
    actions = plan(*held(long_btc(targets=TWO), *legs, quantity="0.009", rules=coarse(step="0.01")))
    assert actions == [Cancel("target-1", "hx-target-1")]


def test_levels_that_stand_stay_and_those_that_are_sent_lose_no_more_than_was_said():
    signal = long_btc(stop=D("45500.2"), targets=(TargetDraft(D("47000.4"), D(100)),))
    rules, asked = coarse(tick="0.5"), frozenset({D("47000.4"), D(47000)})
    stands = Levels(D("0.010"), D("45500.2"), D("47000.4"))
    seen = {"rules": rules, "targets_asked": asked}
    assert plan(*held(signal, position=stands, **seen)) == []
    bare = dataclasses.replace(stands, stop=None)
    assert plan(*held(signal, position=bare, **seen)) == [SetLevels(D("45500.5"), D(47000))]
    done = Levels(D("0.010"), D("45500.5"), D(47000))
    assert plan(*held(signal, position=done, **seen)) == []


def test_a_trail_without_a_level_starts_at_once():
    rule = StopRule(StopKind.TRAILING, trail=Trail(percent=D(1)))
    seen = held(long_btc(stop_rule=rule), position=HELD, entry_average=D(46000))
    assert plan(*seen) == [SetTrail(D(460), None)]


def test_a_trail_that_stands_stays_and_one_that_is_sent_is_by_the_tick():
    trail = Trail(distance=D("200.3"), activation=D("47000.4"))
    signal = long_btc(stop_rule=StopRule(StopKind.TRAILING, trail=trail))
    seen = {"rules": coarse(tick="0.5"), "entry_average": D(46000)}
    assert plan(*held(signal, position=HELD, **seen)) == [SetTrail(D(200), D(47000))]
    for distance, activation in ((D("200.3"), D("47000.4")), (D(200), D(47000))):
        stands = dataclasses.replace(HELD, trailing=distance)
        assert plan(*held(signal, position=stands, trail_activation=activation, **seen)) == []
    refused = {"refused_activation": D(47000)} | seen
    assert plan(*held(signal, position=HELD, **refused)) == [SetTrail(D(200), None)]


def test_a_percentage_keeps_to_a_coarser_step():
    seen = {"quantity": "0.025", "entered": "0.025", "rules": coarse(step="0.01")}
    assert placed(reducing(90, **seen)) == [("reduce-2", 0, D("0.02"))]


# --- partial closes ------------------------------------------------------------------------------


def reducing(percent, *legs, **changes):
    wish, who, seen = held(long_btc(), *legs, position=HELD, **changes)
    reductions = (Reduction(2, D(percent)),)
    return plan(dataclasses.replace(wish, reductions=reductions), who, seen)


@pytest.mark.parametrize(
    ("percent", "quantity", "taken_off"),
    [
        ("50", "0.010", [("reduce-2", 0, D("0.005"))]),
        ("99", "0.010", [("reduce-2", 0, D("0.009"))]),  # the least there is stays
        ("99.99", "0.002", [("reduce-2", 0, D("0.001"))]),
        ("50", "0.001", []),  # nothing smaller can be held
        ("1", "0.010", []),
    ],
)
def test_a_percentage_is_taken_off_and_never_all(percent, quantity, taken_off):
    assert placed(reducing(percent, quantity=quantity, entered=quantity)) == taken_off


def test_a_reduction_is_done_once_and_one_after_the_other():
    running = leg("reduce-2", quantity=D("0.005"))
    assert reducing(50, running) == []
    over = leg("reduce-2", quantity=D("0.005"), filled=D("0.005"), is_open=False)
    assert reducing(50, over, quantity="0.005") == []


# --- the trader's own position -------------------------------------------------------------------


MORE = dataclasses.replace(HELD, quantity=D("0.015"))


def added(*legs, silence=QUIET, **changes):
    fields = {"position": MORE, "last_fill_at": NOW - silence}
    seen = observed(legs=[*legs], entered="0.010", held="0.010", **(fields | changes))
    return plan(desired(), account(), seen)


def test_a_position_that_the_trader_added_to_is_handed_over():
    assert added(DONE) == [HandOver()]


def test_before_that_what_is_ours_is_withdrawn():
    assert added(DONE, target(1, "0.005")) == [Cancel("target-1", "hx-target-1")]


def test_it_is_not_handed_over_while_fills_may_still_show():
    assert added(DONE, silence=timedelta(seconds=9)) == []
    assert added(DONE, last_fill_at=None) == []
    unseen = leg("entry-2", price=D(45900), quantity=D("0.005"), filled=D("0.005"), is_open=False)
    assert added(DONE, unseen) == []


# --- the trader keeps it -------------------------------------------------------------------------


def left(*legs, position=HELD, **changes):
    wish = dataclasses.replace(desired(), wants_position=False, is_left=True)
    return plan(wish, account(), observed(legs=[*legs], position=position, **changes))


def test_a_position_that_is_left_to_the_trader_is_not_closed():
    assert left(DONE, entered="0.010", held="0.010") == [HandOver()]


def test_what_rests_beside_it_is_withdrawn_first():
    found = left(DONE, target(1, "0.005"), entered="0.010", held="0.010")
    assert found == [Cancel("target-1", "hx-target-1")]


def test_a_bare_position_is_left_with_its_stop_only():
    bare = dataclasses.replace(HELD, stop=None)
    asked = frozenset({D(47000)})
    found = left(DONE, position=bare, targets_asked=asked, entered="0.010", held="0.010")
    assert found == [SetLevels(D(45500), D(47000))]


def test_what_its_trader_added_to_is_left_as_they_made_it():
    theirs = Levels(D("0.015"), None, None)
    long_ago = NOW - QUIET
    found = left(DONE, position=theirs, last_fill_at=long_ago, entered="0.010", held="0.010")
    assert found == [HandOver()]


def test_an_entry_that_is_left_unfilled_is_withdrawn():
    (action,) = left(leg(), entered="0", held="0", position=None)
    assert isinstance(action, Cancel)


def test_one_that_was_left_and_stopped_meanwhile_waits_for_its_books():
    assert left(DONE, entered="0.010", held="0", position=None) == []


# --- going out -----------------------------------------------------------------------------------


def test_a_close_withdraws_what_rests_and_leaves_nothing_of_ours():
    rest = leg("entry-2", price=D(45900))
    seen = observed(
        legs=[DONE, rest, target(1, "0.005")], entered="0.010", held="0.010", position=HELD
    )
    actions = plan(desired(long_btc(entry=LADDER), wants_position=False), account(), seen)
    assert actions[:2] == [Cancel("entry-2", "hx-entry-2"), Cancel("target-1", "hx-target-1")]
    assert placed(actions) == [("close", 0, D("0.010"))]


def test_a_close_is_no_larger_than_the_market_takes():
    big = dataclasses.replace(HELD, quantity=D(900))
    seen = observed(legs=[DONE], entered="900", held="900", position=big)
    assert placed(plan(desired(wants_position=False), account(), seen)) == [("close", 0, D(500))]


@pytest.mark.parametrize(
    ("quantity", "sent"),
    [("0.025", "0.02"), ("0.005", "0.01")],  # the last part as a whole step: it is cut to it
)
def test_a_close_keeps_to_a_step_that_has_become_coarser(quantity, sent):
    position = dataclasses.replace(HELD, quantity=D(quantity))
    seen = observed(
        legs=[DONE], entered=quantity, held=quantity, position=position, rules=coarse(step="0.01")
    )
    assert placed(plan(desired(wants_position=False), account(), seen)) == [("close", 0, D(sent))]


def test_the_last_part_of_a_close_takes_nothing_that_is_the_traders_own():
    seen = {"legs": [DONE, target(1, "0.005")], "entered": "0.010", "held": "0.005"}
    seen |= {"position": HELD, "rules": coarse(step="0.01"), "last_fill_at": NOW - QUIET}
    going = desired(wants_position=False)
    assert plan(going, account(), observed(**seen)) == [Cancel("target-1", "hx-target-1")]
    seen["legs"] = [DONE]
    assert plan(going, account(), observed(**seen)) == [HandOver()]
    seen["last_fill_at"] = NOW  # it may be ours, and not show yet
    assert plan(going, account(), observed(**seen)) == []


def test_a_close_that_never_left_is_the_same_order():
    unsent = leg("close", is_open=False, was_sent=False)
    seen = observed(legs=[DONE, unsent], entered="0.010", held="0.010", position=HELD)
    assert placed(plan(desired(wants_position=False), account(), seen)) == [
        ("close", 0, D("0.010"))
    ]


def test_a_position_that_is_not_shown_is_left_to_its_exit():
    seen = observed(legs=[DONE], entered="0.010", held="0.010", position=None)
    assert plan(desired(), account(), seen) == []


@pytest.mark.parametrize("name", ["close", "target-1", "reduce-2", "entry-2"])
def test_nothing_is_sent_beside_an_order_of_unknown_fate(name):
    """A second close could take what the trader added; a second target what the first one takes."""
    unknown = leg(name, is_unresolved=True, is_open=False)
    for wanted in (True, False):
        wish = desired(long_btc(targets=TWO), wants_position=wanted)
        for stop, expected in ((D(45500), []), (None, [SetLevels(D(45500), D(0))])):
            position = dataclasses.replace(HELD, stop=stop, target=None)
            seen = observed(legs=[DONE, unknown], entered="0.010", held="0.010", position=position)
            assert plan(wish, account(), seen) == expected


@pytest.mark.parametrize("position", [None, HELD])
def test_where_nothing_is_held_no_stop_is_missed(position):
    unknown = leg("entry-2", is_unresolved=True, is_open=False)
    seen = observed(legs=[DONE, unknown], entered="0.010", held="0", position=position)
    assert plan(desired(), account(), seen) == []


def test_what_an_exit_has_filled_without_its_fills_is_no_addition_of_the_traders():
    """Positions are read first: they may still show what the target has sold since."""
    sold = target(1, "0.005", filled=D("0.005"), is_open=False)
    seen = observed(
        legs=[DONE, sold],
        entered="0.010",
        held="0.005",
        position=BARE,
        unseen_exits=D("0.005"),
        last_fill_at=NOW - timedelta(hours=1),
    )
    assert not is_handed_over(seen)
    assert is_handed_over(dataclasses.replace(seen, unseen_exits=D(0)))


@pytest.mark.parametrize("wanted", [True, False])
def test_targets_never_rest_against_what_is_the_traders_alone(wanted):
    """They added, then closed as much as was ours: what is left is theirs, and our targets go."""
    theirs = dataclasses.replace(BARE, quantity=D("0.009"))
    seen = observed(legs=[DONE, target(1, "0.005")], entered="0.010", held="0", position=theirs)
    wish = desired(long_btc(targets=TWO), wants_position=wanted)
    assert plan(wish, account(), seen) == [Cancel("target-1", "hx-target-1")]


def test_what_trails_is_sent_last():
    """A refused trailing stop ends the round: the targets must have gone out before it."""
    signal = long_btc(targets=TWO, runner=Trail(distance=D(100)))
    position = Levels(D("0.010"), D(45500), None)
    actions = plan(
        desired(signal),
        account(),
        observed(
            legs=[DONE], entered="0.010", held="0.010", position=position, entry_average=D(46000)
        ),
    )
    assert isinstance(actions[0], Place)
    assert isinstance(actions[-1], SetTrail)


def test_a_wider_stop_makes_an_entry_by_risk_smaller_and_no_other():
    """46,000 to 45,500 costs 550.325 a coin with its fees, to 45,000 it costs 1,050.05."""
    entry = leg(quantity=D("0.018"), price=D(46000))
    by_risk = account(rules=rules(mode=SizingMode.RISK_PERCENT, amount=D(1)))
    wider = desired(long_btc(stop=D(45000)))
    (smaller,) = plan(wider, by_risk, observed(legs=[entry]))
    assert (smaller.quantity, smaller.stop) == (D("0.009"), D(45000))
    (same,) = plan(wider, account(), observed(legs=[entry]))
    assert (same.quantity, same.stop) == (None, D(45000))
    nearer = desired(long_btc(stop=D(45700)))
    (kept,) = plan(nearer, by_risk, observed(legs=[entry]))
    assert (kept.quantity, kept.stop) == (None, D(45700))
    market = leg(quantity=D("0.018"), price=None)
    (untouched,) = plan(wider, by_risk, observed(legs=[market]))
    assert untouched.quantity is None
