"""Coins in a spot account: stop and sales take turns, and never sell more than is ours."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal as D

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchanges.domain.trading import OrderType
from exchanges.domain.venues import Capabilities, StopKeeping
from signals.domain.actions import Amend, Cancel, HandOver, Place, Skip
from signals.domain.coins import entry_rules, least_sale
from signals.domain.draft import StopKind, StopRule, TargetDraft
from signals.domain.leaving import QUIET
from signals.domain.planning import plan
from signals.domain.reasons import Reason
from signals.domain.situation import MOST_GENERATIONS, Levels, Reduction
from tests.fixtures.people import long_btc
from tests.unit.signals.test_draft import BTC
from tests.unit.signals.test_planning import NOW, account, desired, leg, observed, ticker
from tests.unit.signals.test_sizing import rules

CAN = Capabilities(
    has_shorts=False,
    has_leverage=False,
    stop=StopKeeping.ORDER,
    waits_for_trigger=False,
    rests_targets=False,
    amends=False,
    trails=False,
    tells_results=False,
)
STEP = D("0.00001")
FINE = replace(BTC, step=STEP, min_quantity=STEP)
ACCOUNT = account(can=CAN, margin=D(460))
TWO = (TargetDraft(D(46500), D(50)), TargetDraft(D(47000), D(50)))
BOUGHT, HELD = D("0.00999"), D("0.00999")  # of 0.01, the fee taken off


def order(name, **changes):
    return leg(name, **({"stop": None, "target": None} | changes))


FILLED = order("entry", is_open=False, filled=D("0.010"))


def stop(quantity=HELD, level="45500", **changes):
    return order("stop", quantity=D(quantity), price=None, trigger=D(level), **changes)


def offer(number, quantity, **changes):
    price = TWO[number - 1].price
    return order(f"target-{number}", **({"quantity": D(quantity), "price": price} | changes))


def filled(at, bought_at=None):
    return {"last_fill_at": at, "last_bought_at": bought_at or at}


def holding(*legs, last="46300", held=HELD, there=None, **changes):
    held, there = D(held), D(there if there is not None else held)
    position = Levels(there, None, None) if there > 0 else None
    fields = {"entry_average": D(46000)} | filled(NOW - timedelta(seconds=1))
    seen = observed(last, [FILLED, *legs], entered=BOUGHT, held=held, position=position, rules=FINE)
    return replace(seen, **(fields | changes))


def said(actions):
    """Each action in short."""
    return [
        ("cancel", action.leg)
        if isinstance(action, Cancel)
        else (action.leg, action.quantity, action.price or action.trigger)
        for action in actions
    ]


def test_the_first_fill_is_followed_by_a_stop_and_by_no_target():
    assert said(plan(desired(), ACCOUNT, holding())) == [("stop", HELD, 45500)]
    assert plan(desired(), ACCOUNT, holding(stop())) == []


def test_what_is_less_than_a_step_stays():
    (placed,) = plan(desired(), ACCOUNT, holding(held="0.009999", there="0.009999"))
    assert placed.quantity == D("0.00999")


def test_a_target_that_is_reached_is_sold_while_the_stop_stands_for_the_rest():
    signal = long_btc(targets=TWO)
    assert plan(desired(signal), ACCOUNT, holding(stop(), last="46500")) == []  # the bid is below
    actions = plan(desired(signal), ACCOUNT, holding(stop(), last="46500.1"))
    assert said(actions) == [
        ("cancel", "stop"),
        ("stop", D("0.00500"), 45500),
        ("target-1", D("0.00499"), 46500),
    ]
    sale = actions[-1]
    assert (sale.type, sale.reduce_only, actions[1].generation) == (OrderType.LIMIT, True, 1)


def test_all_targets_that_are_reached_are_sold_at_once():
    actions = plan(desired(long_btc(targets=TWO)), ACCOUNT, holding(stop(), last="47100"))
    assert said(actions) == [
        ("cancel", "stop"),
        ("target-1", D("0.00499"), 46500),
        ("target-2", D("0.00500"), 47000),
    ]


def test_a_sale_that_was_refused_is_asked_for_again_beside_the_stop_of_the_rest():
    unsent = offer(1, "0.00499", is_open=False, was_sent=False)
    seen = holding(stop("0.005"), unsent, last="46600")
    assert said(plan(desired(long_btc(targets=TWO)), ACCOUNT, seen)) == [
        ("target-1", D("0.00499"), 46500)
    ]


def test_an_offer_goes_on_while_the_price_is_there():
    seen = holding(stop("0.005"), offer(1, "0.00499"), last="46600")
    assert plan(desired(long_btc(targets=TWO)), ACCOUNT, seen) == []


@pytest.mark.parametrize("price", ["46400", None])
def test_a_price_that_went_back_or_is_not_known_brings_the_whole_stop_back(price):
    """The offer goes first: only the next look says what it has sold."""
    signal, last = long_btc(targets=TWO), ticker(price) if price else None
    seen = holding(stop("0.005"), offer(1, "0.00499"), ticker=last)
    assert said(plan(desired(signal), ACCOUNT, seen)) == [("cancel", "target-1")]
    gone = holding(stop("0.005"), offer(1, "0.00499", is_open=False), ticker=last)
    assert said(plan(desired(signal), ACCOUNT, gone)) == [
        ("cancel", "stop"),
        ("stop", HELD, 45500),
    ]


def test_offers_are_withdrawn_together():
    """One after the other, the coins of the first would wait two steps for their stop."""
    seen = holding(offer(1, "0.00499"), offer(2, "0.005"), last="46600")
    assert said(plan(desired(long_btc(targets=TWO)), ACCOUNT, seen)) == [
        ("cancel", "target-1"),
        ("cancel", "target-2"),
    ]


def test_what_an_offer_has_sold_meanwhile_is_not_sold_again():
    part = offer(1, "0.00499", is_open=False, filled=D("0.002"))
    seen = holding(part, held="0.00799", last="46600")
    actions = plan(desired(long_btc(targets=TWO)), ACCOUNT, seen)
    assert said(actions) == [("stop", D("0.005"), 45500), ("target-1", D("0.00299"), 46500)]
    assert actions[1].generation == 1


def test_an_offer_may_come_back_any_number_of_times_unless_it_is_refused():
    signal, many = long_btc(targets=TWO), MOST_GENERATIONS + 3
    withdrawn = offer(1, "0.00499", is_open=False, generation=many)
    legs = [a.leg for a in plan(desired(signal), ACCOUNT, holding(withdrawn, last="46600"))]
    assert legs == ["stop", "target-1"]
    refused = replace(withdrawn, was_refused=True)
    assert said(plan(desired(signal), ACCOUNT, holding(refused, last="46600"))) == [
        ("stop", HELD, 45500)
    ]


def test_the_stop_moves_by_its_rule_after_a_target():
    signal = long_btc(targets=TWO, stop_rule=StopRule(StopKind.BREAK_EVEN, after=1))
    reached = offer(1, "0.00499", is_open=False, filled=D("0.00499"))
    actions = plan(desired(signal), ACCOUNT, holding(reached, stop("0.005"), held="0.005"))
    assert [kind for kind, *_ in said(actions)] == ["cancel", "stop"]
    assert actions[1].trigger > 46000


def test_a_stop_between_two_ticks_stands_on_the_nearer_one():
    signal = long_btc(stop=D("45500.04"))
    (placed,) = plan(desired(signal), ACCOUNT, holding())
    assert placed.trigger == D("45500.1")
    assert plan(desired(signal), ACCOUNT, holding(stop(level="45500.1"))) == []


@pytest.mark.parametrize("standing", [stop("0.004"), stop("0.012"), stop(level="45000")])
def test_a_stop_that_does_not_fit_makes_way_for_another(standing):
    actions = plan(desired(), ACCOUNT, holding(standing))
    assert said(actions) == [("cancel", "stop"), ("stop", HELD, 45500)]


def test_of_two_stops_that_stand_the_former_goes_first():
    both = stop("0.004", replaced=("hx-old",), generation=1)
    ids = [a.link_id for a in plan(desired(), ACCOUNT, holding(both)) if isinstance(a, Cancel)]
    assert ids == ["hx-old", "hx-stop"]
    fits = stop(replaced=("hx-old",), generation=1)
    assert plan(desired(), ACCOUNT, holding(fits)) == [Cancel("stop", "hx-old")]


def test_a_stop_that_is_selling_is_left_to_it():
    firing = stop(filled=D("0.001"))
    leaving = desired(wants_position=False)
    assert plan(leaving, ACCOUNT, holding(firing, held="0.00899", last="45400")) == []


def test_own_coins_are_none_of_ours():
    assert plan(desired(), ACCOUNT, holding(stop(), there="0.5")) == []
    (placed,) = plan(desired(), ACCOUNT, holding(there="0.5"))
    assert placed.quantity == HELD


def test_what_has_been_taken_away_is_not_sold():
    seen = holding(stop(), there="0.004", **filled(NOW - QUIET))
    assert said(plan(desired(), ACCOUNT, seen)) == [
        ("cancel", "stop"),
        ("stop", D("0.004"), 45500),
    ]


def test_an_account_that_was_read_before_the_fill_delays_no_stop():
    assert said(plan(desired(), ACCOUNT, holding(there="0"))) == [("stop", HELD, 45500)]


def test_after_a_sale_the_account_is_believed():
    """It may show a sale that our record does not: what is gone could not be sold once more."""
    sold = filled(NOW - timedelta(seconds=1), bought_at=NOW - QUIET)
    seen = holding(stop("0.005"), there="0.005", **sold)
    assert plan(desired(long_btc(targets=TWO)), ACCOUNT, seen) == []
    late = holding(stop("0.005"), held="0.005", there="0.00999", **sold)
    assert plan(desired(long_btc(targets=TWO)), ACCOUNT, late) == []
    # That all of it is gone is said of nobody as long as a sale of ours may not show yet.
    assert plan(desired(), ACCOUNT, holding(there="0", **sold)) == []


def test_a_stop_is_no_larger_than_the_exchange_takes():
    capped = replace(FINE, max_market_quantity=D("0.005005"))
    (placed,) = plan(desired(), ACCOUNT, holding(rules=capped))
    assert placed.quantity == D("0.005")
    assert plan(desired(), ACCOUNT, holding(stop("0.005"), rules=capped)) == []


def test_an_offer_goes_on_whatever_is_left_of_it():
    two = desired(long_btc(targets=TWO))
    for sold in ("0.00489", "0.00498"):
        part = offer(1, "0.00499", filled=D(sold))
        seen = holding(stop("0.005"), part, last="46600", held=HELD - D(sold))
        assert plan(two, ACCOUNT, seen) == []
    part = offer(1, "0.00499", filled=D("0.00489"))
    both = holding(stop("0.005"), part, last="47100", held=HELD - D("0.00489"))
    assert said(plan(two, ACCOUNT, both)) == [("cancel", "stop"), ("target-2", D("0.00500"), 47000)]


def test_an_offer_that_is_more_than_there_is_is_withdrawn():
    seen = holding(offer(1, "0.00499"), last="46600", there="0.003", **filled(NOW - QUIET))
    assert said(plan(desired(long_btc(targets=TWO)), ACCOUNT, seen)) == [("cancel", "target-1")]


@pytest.mark.parametrize("is_open", [True, False])
def test_a_target_is_taken_when_what_is_missing_could_not_be_sold(is_open):
    signal = long_btc(targets=TWO, stop_rule=StopRule(StopKind.BREAK_EVEN, after=1))
    part = offer(1, "0.00499", filled=D("0.00489"), is_open=is_open)
    worth = replace(FINE, min_quantity=D("0.00011"))
    seen = holding(part, last="46600", held=HELD - D("0.00489"), rules=worth)
    (placed,) = plan(desired(signal), ACCOUNT, seen)
    assert placed.leg == "stop"
    assert placed.trigger > 46000
    assert placed.quantity == D("0.005" if is_open else "0.0051")
    more = replace(part, filled=D("0.00488"))
    seen = holding(more, last="46600", held=HELD - D("0.00488"), rules=worth)
    (placed, *_) = plan(desired(signal), ACCOUNT, seen)
    assert placed.trigger == 45500


def test_nothing_is_offered_that_could_not_be_sold():
    worth = replace(FINE, min_quantity=D("0.0001"))
    seen = holding(offer(1, "0.00991"), last="47100", rules=worth)  # which leaves 0.00008
    assert plan(desired(long_btc(targets=TWO)), ACCOUNT, seen) == []


@pytest.mark.parametrize("reduces", [False, True])
def test_a_part_that_the_author_takes_off_goes_before_what_is_offered(reduces):
    less = (Reduction(2, D(40)),) if reduces else ()
    two = desired(long_btc(targets=TWO), reductions=less)
    actions = plan(two, ACCOUNT, holding(stop("0.005"), offer(1, "0.00499"), last="46600"))
    assert said(actions) == ([("cancel", "target-1")] if reduces else [])


def nearly_sold(last="46600", **changes):
    """What is left of the second offer is less than may be sold."""
    worth = replace(FINE, min_quantity=D("0.0001"))
    done = offer(1, "0.00499", filled=D("0.00499"), is_open=False)
    part = offer(2, "0.005", filled=D("0.00495"))
    return holding(done, part, last=last, held="0.00005", rules=worth, **changes)


def test_a_rest_that_is_too_little_is_not_left_on_offer():
    two = desired(long_btc(targets=TWO))
    assert plan(two, ACCOUNT, nearly_sold("47100")) == []
    assert said(plan(two, ACCOUNT, nearly_sold())) == [("cancel", "target-2")]
    closing = replace(two, wants_position=False)
    assert said(plan(closing, ACCOUNT, nearly_sold("47100"))) == [("cancel", "target-2")]
    left = replace(closing, is_left=True)
    assert said(plan(left, ACCOUNT, nearly_sold("47100"))) == [("cancel", "target-2")]


def test_a_trade_is_not_left_while_a_sale_of_ours_stands():
    left = desired(wants_position=False, is_left=True)
    selling = order("reduce-2", quantity=D("0.004"), price=None)
    assert plan(left, ACCOUNT, holding(stop("0.00599"), selling)) == []


def test_coins_that_are_gone_for_a_while_are_their_traders_business():
    resting = order("entry-2", price=D(45900))
    late = filled(NOW - QUIET)
    assert said(plan(desired(), ACCOUNT, holding(stop(), resting, there="0", **late))) == [
        ("cancel", "stop"),
        ("cancel", "entry-2"),
    ]
    assert plan(desired(), ACCOUNT, holding(there="0", **late)) == [HandOver()]


def test_what_has_only_begun_to_be_bought_waits_for_more():
    begun = order("entry", filled=D("0.00001"))
    seen = observed(legs=[begun], entered="0.000009", held="0.000009", rules=FINE)
    assert plan(desired(), ACCOUNT, seen) == []
    worth_little = holding(held="0.00002")
    assert plan(desired(), ACCOUNT, worth_little) == []  # less than the exchange lets be sold


def test_without_the_rules_of_the_symbol_nothing_is_done():
    assert plan(desired(), ACCOUNT, replace(holding(), rules=None)) == []
    lost = replace(holding(order("target-1", is_unresolved=True)), rules=None)
    assert plan(desired(), ACCOUNT, lost) == []


def test_on_the_way_out_the_stop_makes_way_for_the_sale():
    leaving = desired(wants_position=False)
    assert said(plan(leaving, ACCOUNT, holding(stop(), last="47500"))) == [
        ("cancel", "stop"),
        ("close", HELD, None),
    ]
    selling = order("close", quantity=HELD, price=None)
    assert plan(leaving, ACCOUNT, holding(selling)) == []
    first = plan(leaving, ACCOUNT, holding(stop("0.005"), offer(1, "0.00499")))
    assert said(first) == [("cancel", "target-1")]
    huge = replace(holding(), rules=replace(FINE, max_market_quantity=D("0.004")))
    assert said(plan(leaving, ACCOUNT, huge)) == [
        ("stop", D("0.004"), 45500),
        ("close", D("0.004"), None),
    ]


def test_what_is_sold_leaves_nothing_of_ours_behind():
    over = holding(stop(), held="0", there="0.5")
    assert said(plan(desired(), ACCOUNT, over)) == [("cancel", "stop")]
    assert plan(desired(), ACCOUNT, holding(held="0", there="0.5")) == []
    bought = observed(legs=[order("entry")], rules=FINE)
    assert plan(desired(), ACCOUNT, bought) == []


def test_who_takes_the_trade_over_gets_the_whole_stop():
    left = desired(long_btc(targets=TWO), wants_position=False, is_left=True)
    seen = holding(stop("0.005"), offer(1, "0.00499"), last="46600")
    assert said(plan(left, ACCOUNT, seen)) == [("cancel", "target-1")]
    assert said(plan(left, ACCOUNT, holding(stop("0.005")))) == [
        ("cancel", "stop"),
        ("stop", HELD, 45500),
    ]
    assert plan(left, ACCOUNT, holding(stop())) == [HandOver()]


def test_a_part_that_the_author_takes_off_is_sold_beside_a_smaller_stop():
    less = desired(reductions=(Reduction(2, D(40)),))
    assert said(plan(less, ACCOUNT, holding(stop()))) == [
        ("cancel", "stop"),
        ("stop", D("0.006"), 45500),
        ("reduce-2", D("0.00399"), None),
    ]
    selling = order("reduce-2", quantity=D("0.00399"), price=None)
    signal = long_btc(targets=TWO)
    both = holding(stop("0.006"), selling, last="46600")
    actions = plan(replace(less, signal=signal), ACCOUNT, both)
    assert sum(a.quantity for a in actions if isinstance(a, Place)) == D("0.006")


def test_while_an_orders_fate_is_unknown_a_missing_stop_covers_what_it_cannot_take():
    lost = offer(1, "0.00499", is_open=False, is_unresolved=True)
    two = desired(long_btc(targets=TWO))
    assert said(plan(two, ACCOUNT, holding(lost, last="46600"))) == [("stop", D("0.005"), 45500)]
    assert plan(two, ACCOUNT, holding(lost, stop("0.005"), last="46600")) == []
    unknown = stop(is_open=False, is_unresolved=True)
    assert plan(two, ACCOUNT, holding(unknown)) == []
    assert plan(two, ACCOUNT, holding(lost, held="0")) == []


def test_nothing_is_bought_that_could_not_be_sold_at_its_stop():
    assert least_sale(FINE, D(45500)) == D("0.00011")  # 5 USDT
    assert least_sale(FINE, None) == STEP
    least = entry_rules(FINE, D(45500)).min_quantity
    assert least * (1 - D("0.001")) - STEP >= D("0.00011")
    poor = account(can=CAN, rules=rules(amount=D("5.2")))
    (skip,) = plan(desired(), poor, observed(rules=FINE))
    assert isinstance(skip, Skip)
    assert skip.reason is Reason.SIZE_TOO_SMALL


def test_what_is_not_to_be_bought_any_more_is_withdrawn_first():
    """Whatever is refused after it."""
    step = order("entry-2", price=D(45900))
    leaving = desired(wants_position=False)
    assert said(plan(leaving, ACCOUNT, holding(step, stop()))) == [
        ("cancel", "entry-2"),
        ("cancel", "stop"),
        ("close", HELD, None),
    ]
    lost = order("close", quantity=HELD, price=None, is_open=False, is_unresolved=True)
    assert said(plan(leaving, ACCOUNT, holding(step, lost))) == [("cancel", "entry-2")]
    assert plan(desired(), ACCOUNT, holding(step, lost)) == []


def test_an_entry_that_follows_a_change_follows_the_stop_as_well():
    lower = long_btc(entry_low=D(45800), entry_high=D(45900))
    entry = order("entry", price=D(46000), filled=D("0.004"))
    seen = replace(holding(held="0.00399"), legs={"entry": entry})
    kinds = [type(action) for action in plan(desired(lower), ACCOUNT, seen)]
    assert kinds == [Place, Amend]


def test_coins_that_are_given_up_leave_nothing_of_ours_behind():
    given = desired(wants_position=False, is_given_up=True)
    step = order("entry-2", price=D(45900))
    assert said(plan(given, ACCOUNT, holding(step, stop("0.004")))) == [
        ("cancel", "entry-2"),
        ("cancel", "stop"),
    ]
    assert plan(given, ACCOUNT, holding()) == [HandOver()]


# --- whatever happens -----------------------------------------------------------------------------


class Coins:
    """A spot account with coins of its owner's own, which locks what rests to be sold."""

    OWN = D("0.3")

    def __init__(self, signal):
        self.signal, self.price = signal, D(46300)
        self.ours, self.orders, self.ids = HELD, {}, itertools.count()
        self.legs = {"entry": FILLED}
        self.cut = False

    def locked(self):
        return sum((o.quantity - o.filled for o in self.legs.values() if self._rests(o)), D(0))

    @staticmethod
    def _rests(leg):
        return leg.is_open and leg.leg != "entry"

    def cancel(self, action):
        leg = self.legs[action.leg]
        if not leg.is_open or leg.link_id != action.link_id:
            return False
        self.legs[action.leg] = replace(leg, is_open=False)
        return True

    def place(self, action):
        free = self.ours - self.locked()
        assert action.quantity <= free, "more would be sold than is ours"
        before = self.legs.get(action.leg)
        done = before.filled_before + before.filled if before is not None else D(0)
        self.legs[action.leg] = order(
            action.leg,
            quantity=action.quantity,
            price=action.price,
            trigger=action.trigger,
            generation=action.generation,
            link_id=f"hx-{next(self.ids)}",
            filled_before=done,
            was_reached=before is not None and (before.is_filled or before.was_reached),
        )

    def settle(self, share=D(1)):
        """Fill what the price meets by now: an offer may have come too late."""
        for one in [one for one in self.legs.values() if self._rests(one)]:
            if one.trigger is not None:
                is_met = self.price <= one.trigger
            else:
                is_met = one.price is None or self.price >= one.price
            if is_met:
                part = max(((one.quantity - one.filled) * share).quantize(STEP), STEP)
                filled = one.filled + part
                is_open = filled < one.quantity
                self.legs[one.leg] = replace(one, filled=filled, is_open=is_open)
                self.ours -= part

    def seen(self):
        quantity = self.ours + self.OWN
        seen = observed(str(self.price), self.legs.values(), entered=BOUGHT, held=self.ours)
        return replace(
            seen,
            position=Levels(quantity, None, None),
            rules=FINE,
            entry_average=D(46000),
            **filled(NOW),
        )

    def step(self, wanted, cut):
        """Carry a plan out as `acting` does, up to where the process dies; says if it was whole."""
        actions = plan(wanted, ACCOUNT, self.seen())
        for number, action in enumerate(actions):
            if number == cut:
                return False, actions
            if isinstance(action, Cancel) and not self.cancel(action):
                return False, actions
            if isinstance(action, Place):
                self.place(action)
        return True, actions

    def uncovered(self):
        """What neither a stop nor a sale of ours takes, where that could be sold at all."""
        left = self.ours - self.locked()
        return left if left >= least_sale(FINE, self.price) else D(0)


PRICES = st.sampled_from([45600, 46000, 46300, 46499, 46500, 46501, 46800, 46999, 47001, 47500])
SHARES = st.sampled_from([D(1), D("0.4"), D("0.05")])
EVENTS = st.tuples(PRICES, SHARES, st.sampled_from([None, None, 0, 1, 2]))


@given(
    st.lists(EVENTS, max_size=14),
    st.sampled_from([StopKind.FIXED, StopKind.BREAK_EVEN, StopKind.FOLLOW]),
    st.sampled_from([None, "close", "reduce", "left"]),
)
def test_whatever_the_price_does_no_more_is_sold_than_is_ours_and_the_stop_comes_back(
    events, kind, wish
):
    signal = long_btc(targets=TWO, stop_rule=StopRule(kind, after=1))
    coins, has_dropped = Coins(signal), False
    for number, (price, share, cut) in enumerate(events):
        coins.price = D(price)
        coins.settle(share)
        wanted = desired(signal)
        if wish == "reduce" and number > 2:
            wanted = desired(signal, reductions=(Reduction(2, D(30)),))
        elif wish is not None and wish != "reduce" and number > 4:
            wanted = desired(signal, wants_position=False, is_left=wish == "left")
        whole, actions = coins.step(wanted, cut)
        drops = bool(actions) and all(isinstance(action, Cancel) for action in actions)
        if whole:  # an offer is withdrawn in a step of its own, and the next one covers everything
            assert coins.uncovered() == 0 or (drops and not has_dropped), actions
        has_dropped = drops and whole
        assert coins.ours >= 0
    # Left alone, it comes to rest: all is covered, or all is sold.
    coins.price = D(46300)
    for _ in range(8):
        whole, actions = coins.step(desired(signal), None)
        coins.settle()
    assert actions == []
    assert coins.uncovered() == 0
    assert {one.leg for one in coins.legs.values() if coins._rests(one)} <= {"stop"}
