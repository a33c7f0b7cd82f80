"""Exits of coins in a spot account: whatever rests locks them, so that stop and sales take turns.

A stop for all that is held stands while nothing is to be sold, and a target rests nowhere. Once the
price is there, the stop makes way in one step: it is withdrawn, another one is placed for the rest,
and what the target takes is offered at its price. If the price goes back first, the offer is
withdrawn, and in the next step the stop covers everything again. Closings and reductions do the
same; there are no shorts. What was sold meanwhile ends a step (`Cancel` finds nothing), so that no
coins of the trader's own are sold in its place.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from exchanges.domain.precision import to_step_down
from exchanges.domain.trading import InstrumentFacts, OrderType
from exchanges.domain.venues import Capabilities
from signals.domain.actions import Action, Cancel, Place
from signals.domain.coins import least_sale
from signals.domain.holding import next_reduction, wanted_stop
from signals.domain.leaving import QUIET, withdraw_exits
from signals.domain.legs import CLOSE, STOP, TARGET, is_entry_leg, target_leg
from signals.domain.situation import Desired, LegOrder, Observed, next_generation
from signals.domain.targets import target_sales
from signals.domain.ticks import stop_on_tick, target_on_tick

ZERO = Decimal(0)


def keep_coins(desired: Desired, can: Capabilities, observed: Observed) -> list[Action]:
    """Let what is to be sold now be sold, and a stop stand for the rest."""
    rules = observed.rules
    if observed.held <= 0:
        return withdraw_exits(observed) if observed.entered > 0 else []
    if rules is None or _is_selling(observed.legs.get(STOP)):
        return []
    observed = _count_taken(observed, rules)
    live = _live(observed)
    offers = [order for order in live if order.price is not None]
    if (there := _there(observed, rules)) < least_sale(rules, None):
        return _leave_too_little(desired, offers, observed, rules)
    held = there - _left_of(order for order in live if order.price is None)  # sold in any case
    if not _may_stay(offers, desired, held, observed, rules):
        # What they have sold is only known by the next look. The stop of the rest stays; all of
        # them go together, so that the next step can cover what none of them takes.
        return [Cancel(offer.leg, offer.link_id) for offer in offers]
    rest = held - _left_of(offers)
    sales = list(_sales(desired, can, rest, offers, observed, rules))
    rest -= sum((sale.quantity for sale in sales), ZERO)
    return [*_cover(desired, observed, rules, rest), *sales]


def put_stop_back(desired: Desired, observed: Observed) -> list[Action]:
    """Place a missing stop while an order's fate is unknown, for what no order of ours may take."""
    rules, stop = observed.rules, observed.legs.get(STOP)
    if rules is None or observed.held <= 0:
        return []
    if stop is not None and (stop.standing or stop.is_unresolved):
        return []
    rest = _there(observed, rules) - _left_of(_live(observed))
    return _cover(desired, _count_taken(observed, rules), rules, rest)


def is_gone(observed: Observed) -> bool:
    """Whether the account has held none of the coins for a while that no order of ours has sold."""
    rules = observed.rules
    if rules is None or not _is_over(observed.last_fill_at, observed):
        return False
    least = least_sale(rules, None)
    return observed.held >= least > _there(observed, rules)


def _there(observed: Observed, rules: InstrumentFacts) -> Decimal:
    """What is ours of the account's coins, in whole steps; the trader's own lie among them.

    The account may have been read before the last purchase: a young one is believed. A sale that
    it does not show yet is known to us, and one that is not known to us yet it may show.
    """
    if not _is_over(observed.last_bought_at, observed):
        return to_step_down(observed.held, rules.step)
    there = observed.position.quantity if observed.position is not None else ZERO
    return to_step_down(min(observed.held, there), rules.step)


def _is_over(fill: datetime | None, observed: Observed) -> bool:
    """Whether every list shows a fill of that time by now."""
    return fill is not None and observed.now - fill >= QUIET


def _count_taken(observed: Observed, rules: InstrumentFacts) -> Observed:
    """Count targets as taken of which no more is missing than could not be sold."""
    legs = {name: _as_taken(leg, rules) for name, leg in observed.legs.items()}
    return replace(observed, legs=legs)


def _as_taken(leg: LegOrder, rules: InstrumentFacts) -> LegOrder:
    is_offer = leg.leg.startswith(TARGET) and leg.filled > 0 and not leg.is_unresolved
    if not is_offer or leg.quantity - leg.filled >= least_sale(rules, leg.price):
        return leg
    # What still rests may go on being sold.
    return replace(leg, was_reached=True) if leg.is_open else replace(leg, quantity=leg.filled)


def _leave_too_little(
    desired: Desired, offers: Sequence[LegOrder], observed: Observed, rules: InstrumentFacts
) -> list[Action]:
    """What cannot be sold has only begun to be bought, or is the rest of what an offer has sold."""
    if not (desired.wants_position or desired.is_left):
        return withdraw_exits(observed)
    goals = _goals(desired, observed, rules)
    return [Cancel(o.leg, o.link_id) for o in offers if goals.get(o.leg) != o.price]


def _is_selling(stop: LegOrder | None) -> bool:
    """Whether the stop has fired and is not through: nothing is freed any more."""
    return stop is not None and stop.is_open and stop.filled > 0


def _live(observed: Observed) -> list[LegOrder]:
    """Sales that rest, or may."""
    return [
        leg
        for leg in observed.legs.values()
        if not is_entry_leg(leg.leg) and leg.leg != STOP and (leg.is_open or leg.is_unresolved)
    ]


def _left_of(orders: Iterable[LegOrder]) -> Decimal:
    """What they are still to sell."""
    return sum((order.quantity - order.filled for order in orders), ZERO)


def _may_stay(
    offers: Sequence[LegOrder],
    desired: Desired,
    held: Decimal,
    observed: Observed,
    rules: InstrumentFacts,
) -> bool:
    """Whether offers go on: their prices are there, whatever is left of them, and nothing else is.

    The author's wish to take a part off goes before.
    """
    if not offers:
        return True
    if _left_of(offers) > held or _reduction(desired, held, observed, rules) is not None:
        return False
    goals = _goals(desired, observed, rules)
    return all(goals.get(offer.leg) == offer.price for offer in offers)


def _goals(desired: Desired, observed: Observed, rules: InstrumentFacts) -> dict[str, Decimal]:
    """The prices of the targets that are wanted, and that the bid has reached, by their legs."""
    if not desired.wants_position or observed.ticker is None:
        return {}
    direction, bid = desired.signal.direction, observed.ticker.bid
    goals = {
        target_leg(number): target_on_tick(target.price, direction, rules.tick)
        for number, target in enumerate(desired.signal.targets, start=1)
    }
    return {leg: goal for leg, goal in goals.items() if direction.is_beyond(bid, goal)}


def _reduction(
    desired: Desired, held: Decimal, observed: Observed, rules: InstrumentFacts
) -> Place | None:
    price = observed.ticker.bid if observed.ticker is not None else None
    return next_reduction(desired, held, observed, rules, least_sale(rules, price))


def _sales(
    desired: Desired,
    can: Capabilities,
    held: Decimal,
    offers: Sequence[LegOrder],
    observed: Observed,
    rules: InstrumentFacts,
) -> Iterator[Place]:
    """What of `held` is to be sold now, beside `offers` that go on.

    Everything, what the author takes off, or what has its price.
    """
    price = observed.ticker.bid if observed.ticker is not None else None
    if desired.is_left:
        return
    if not desired.wants_position:
        yield from _closing(held, observed, rules)
    elif reduction := _reduction(desired, held, observed, rules):
        yield reduction
    elif price is not None:
        # Each part, and what is left, can still be sold at the stop.
        least = replace(rules, min_quantity=least_sale(rules, desired.signal.stop))
        offered = {offer.leg for offer in offers}
        for sale in target_sales(desired.signal, can, held, price, observed, least, offered):
            if sale.quantity >= least_sale(rules, sale.price):
                yield sale


def _closing(held: Decimal, observed: Observed, rules: InstrumentFacts) -> Iterator[Place]:
    last = observed.legs.get(CLOSE)
    quantity = min(held, to_step_down(rules.max_market_quantity, rules.step))
    if quantity > 0 and not (last is not None and last.is_open):
        generation = next_generation(last)
        yield Place(
            CLOSE, generation, OrderType.MARKET, quantity, None, None, None, reduce_only=True
        )


def _cover(
    desired: Desired, observed: Observed, rules: InstrumentFacts, rest: Decimal
) -> list[Action]:
    """Let one stop wait for the rest; what locks the coins it needs is withdrawn before.

    No entry is larger than one stop may be, but the exchange may come to allow less.
    """
    order = observed.legs.get(STOP)
    rest = min(rest, to_step_down(rules.max_market_quantity, rules.step))
    wanted = wanted_stop(desired.signal, observed, rules)
    level = stop_on_tick(wanted, desired.signal.direction, rules.tick)
    actions: list[Action] = []
    if order is not None:
        actions += [Cancel(STOP, link_id) for link_id in order.replaced]
        if order.is_open and order.quantity == rest and order.trigger in {wanted, level}:
            return actions
        actions += [Cancel(STOP, order.link_id)] if order.is_open else []
    price = observed.ticker.bid if observed.ticker is not None else wanted
    if rest >= least_sale(rules, price):
        actions.append(
            Place(
                STOP,
                next_generation(order),
                OrderType.MARKET,
                rest,
                price=None,
                stop=None,
                target=None,
                reduce_only=True,
                trigger=level,
            )
        )
    return actions
