"""Where a position has no level for its stop: an order of our own, right after the first fill."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal as D

import pytest

from exchanges.domain.trading import OrderType
from exchanges.domain.venues import Capabilities, StopKeeping
from signals.domain.actions import Amend, Cancel, HandOver, Place, SetLevels
from signals.domain.direction import Direction
from signals.domain.draft import StopKind, StopRule, TargetDraft
from signals.domain.judging import Totals, is_booked, reckoned
from signals.domain.planning import plan
from signals.domain.situation import MOST_GENERATIONS, Levels
from tests.fixtures.people import long_btc
from tests.unit.signals.test_planning import account, desired, leg, observed

CAN = Capabilities(stop=StopKeeping.ORDER, amends=False, trails=False, tells_results=False)
ACCOUNT = account(can=CAN, margin=D(50))


def entry(**changes):
    return leg(**({"stop": None, "target": None} | changes))


FILLED = entry(is_open=False, filled=D("0.010"))


def stop(level="45500", quantity="0.010", **changes):
    fields = {"quantity": D(quantity), "price": None, "trigger": D(level)}
    return entry(name="stop", **(fields | changes))


def target(quantity="0.010", **changes):
    fields = {"quantity": D(quantity), "price": D(47000)}
    return entry(name="target-1", **(fields | changes))


def holding(*legs, entered="0.010", held=None, **changes):
    held = D(held or entered)
    seen = observed(legs=legs, entered=entered, held=held, position=Levels(held, None, None))
    return replace(seen, **changes)


def test_the_entry_goes_without_stop_and_target():
    (order,) = plan(desired(), account(can=CAN), observed())
    assert (order.leg, order.stop, order.target) == ("entry", None, None)


def test_a_resting_entry_is_left_alone():
    assert plan(desired(), ACCOUNT, observed(legs=[entry()])) == []


@pytest.mark.parametrize(
    ("direction", "edge", "level", "goal", "rises"),
    [(Direction.LONG, 46000, 45500, 47000, False), (Direction.SHORT, 45900, 46500, 45000, True)],
)
def test_the_first_fill_is_followed_by_a_stop_for_it(direction, edge, level, goal, rises):
    signal = long_btc(direction=direction, stop=D(level), targets=(TargetDraft(D(goal), D(100)),))
    part = entry(filled=D("0.004"), price=D(edge))
    first, second = plan(desired(signal), ACCOUNT, holding(part, entered="0.004"))
    assert (first.leg, first.type, first.quantity) == ("stop", OrderType.MARKET, D("0.004"))
    assert (first.trigger, first.trigger_rises, first.reduce_only) == (level, rises, True)
    assert (first.price, first.stop, first.target) == (None, None, None)
    assert (second.leg, second.price, second.reduce_only) == ("target-1", goal, True)


def test_what_stands_as_it_should_is_left_alone():
    assert plan(desired(), ACCOUNT, holding(FILLED, stop(), target())) == []


def test_a_stop_that_covers_more_than_is_held_is_left_alone():
    """It only reduces."""
    seen = holding(FILLED, stop(), target("0.006"), held="0.006")
    assert plan(desired(), ACCOUNT, seen) == []


@pytest.mark.parametrize("former", [stop(quantity="0.004"), stop(level="45000")])
def test_another_stop_is_placed_before_the_former_one_goes(former):
    (order,) = plan(desired(), ACCOUNT, holding(FILLED, former, target()))
    assert (order.leg, order.generation, order.quantity) == ("stop", 1, D("0.010"))
    assert order.trigger == 45500
    both = stop(generation=1, link_id="hx-new", replaced=("hx-stop",))
    after = plan(desired(), ACCOUNT, holding(FILLED, both, target()))
    assert after == [Cancel("stop", "hx-stop")]


def test_a_former_stop_stays_until_the_new_one_stands():
    unsent = stop(is_open=False, was_sent=False, generation=1, replaced=("hx-stop",))
    (order,) = plan(desired(), ACCOUNT, holding(FILLED, unsent, target()))
    assert (order.leg, order.generation) == ("stop", 1)
    unknown = replace(unsent, was_sent=True, is_unresolved=True)
    assert plan(desired(), ACCOUNT, holding(FILLED, unknown, target())) == []


def test_a_stop_that_is_gone_is_put_back():
    (order,) = plan(desired(), ACCOUNT, holding(FILLED, stop(is_open=False), target()))
    assert (order.leg, order.generation) == ("stop", 1)


def test_a_missing_stop_comes_before_what_is_not_known_yet():
    lost = entry(name="entry-2", is_unresolved=True)
    (order,) = plan(desired(), ACCOUNT, holding(FILLED, lost))
    assert (order.leg, order.quantity) == ("stop", D("0.010"))
    assert plan(desired(), ACCOUNT, holding(FILLED, lost, stop())) == []


def test_a_stop_that_moves_by_its_rule_is_another_order():
    two = (TargetDraft(D(47000), D(50)), TargetDraft(D(48000), D(50)))
    signal = long_btc(targets=two, stop_rule=StopRule(StopKind.BREAK_EVEN, after=1))
    reached = target("0.005", is_open=False, filled=D("0.005"))
    second = replace(target("0.005", price=D(48000)), leg="target-2")
    seen = holding(FILLED, reached, second, stop(), held="0.005", entry_average=D(46000))
    (order,) = plan(desired(signal), ACCOUNT, seen)
    assert order.leg == "stop"
    assert order.trigger > 46000


def test_targets_that_cannot_be_amended_are_withdrawn_and_placed_anew():
    seen = holding(FILLED, stop(), target("0.004"))
    assert plan(desired(), ACCOUNT, seen) == [Cancel("target-1", "hx-target-1")]
    gone = target("0.004", is_open=False)
    (order,) = plan(desired(), ACCOUNT, holding(FILLED, stop(), gone))
    assert (order.leg, order.generation, order.quantity) == ("target-1", 1, D("0.010"))
    taken = target("0.004", is_open=False, filled=D("0.004"))
    assert plan(desired(), ACCOUNT, holding(FILLED, stop(), taken, held="0.006"))  # the rest of it
    last = target("0.004", is_open=False, generation=MOST_GENERATIONS - 1)
    assert plan(desired(), ACCOUNT, holding(FILLED, stop(), last)) == []


AMENDS = account(can=replace(CAN, amends=True), margin=D(50))


def test_a_target_that_can_be_amended_is_and_keeps_its_order():
    seen = holding(FILLED, stop(), target("0.004"))
    (grown,) = plan(desired(), AMENDS, seen)
    assert (grown.leg, grown.link_id, grown.quantity) == ("target-1", "hx-target-1", D("0.010"))
    assert (grown.price, grown.stop, grown.target) == (None, None, None)
    moved = long_btc(targets=(TargetDraft(D(47200), D(100)),))
    (dearer,) = plan(desired(moved), AMENDS, holding(FILLED, stop(), target()))
    assert isinstance(dearer, Amend)
    assert (dearer.leg, dearer.quantity, dearer.price) == ("target-1", None, D(47200))
    taken = target(filled=D("0.004"))
    (rest,) = plan(
        desired(moved), AMENDS, holding(FILLED, stop("45500", "0.006"), taken, held="0.006")
    )
    assert (rest.quantity, rest.price) == (None, D(47200))  # its total is the former one


def test_a_stop_order_is_placed_anew_where_others_are_amended():
    """What amends covers limit orders alone, and there is no gap this way."""
    for seen in (
        holding(FILLED, stop("45000"), target()),
        holding(FILLED, stop("45500", "0.004"), target()),
    ):
        (action,) = plan(desired(), AMENDS, seen)
        assert isinstance(action, Place)
        assert (action.leg, action.trigger, action.quantity) == ("stop", D(45500), D("0.010"))


def test_a_resting_entry_that_is_amended_names_no_levels():
    moved = long_btc(entry_low=D(45800), entry_high=D(45900))
    (action,) = plan(desired(moved), AMENDS, observed(legs=[entry()]))
    assert isinstance(action, Amend)
    assert (action.price, action.stop, action.target) == (D(45900), None, None)


@pytest.mark.parametrize("account", [ACCOUNT, AMENDS])
def test_levels_that_a_trader_hangs_on_our_entry_are_theirs(account):
    theirs = replace(entry(), stop=D(45000), target=D(48000))
    assert plan(desired(), account, observed(legs=[theirs])) == []


def test_on_the_way_out_the_stop_stays_until_all_is_sold():
    leaving = desired(wants_position=False)
    actions = plan(leaving, ACCOUNT, holding(FILLED, stop(replaced=("hx-old",)), target()))
    assert [type(action) for action in actions] == [Cancel, Place]
    assert [action.leg for action in actions] == ["target-1", "close"]
    flat = observed(legs=[FILLED, stop(replaced=("hx-old",))], entered="0.010", held="0")
    ids = [action.link_id for action in plan(leaving, ACCOUNT, flat)]
    assert ids == ["hx-stop", "hx-old"]


def test_a_position_that_is_left_to_its_owner_keeps_its_stop():
    left = desired(wants_position=False, is_left=True)
    seen = holding(FILLED, stop(replaced=("hx-old",)), target())
    assert plan(left, ACCOUNT, seen) == [
        Cancel("stop", "hx-old"),
        Cancel("target-1", "hx-target-1"),
    ]
    assert plan(left, ACCOUNT, holding(FILLED, stop())) == [HandOver()]


def test_a_position_with_a_level_of_its_own_has_no_stop_order():
    seen = holding(leg(is_open=False, filled=D("0.010")))
    assert plan(desired(), account(margin=D(50)), seen) == [SetLevels(D(45500), D(47000))]


def test_a_result_that_nobody_tells_is_reckoned_from_the_fills():
    totals = Totals(D(2), D(100), D(2), D(110), fees=D("0.75"))
    assert reckoned(totals, Direction.LONG, funding=D("0.25")) == D("19.5")
    assert reckoned(totals, Direction.SHORT, funding=D("0.25")) == D("-20.5")
    assert is_booked(totals, D(0), CAN)
    assert not is_booked(totals, D(0), Capabilities())
    assert reckoned(replace(totals, exit_average=None), Direction.LONG, funding=D(0)) == 0
