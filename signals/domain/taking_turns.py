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
from decimal import Decimal

from exchanges.domain.precision import to_step_down
from exchanges.domain.trading import InstrumentFacts, OrderType
from exchanges.domain.venues import Capabilities
from signals.domain.actions import Action, Cancel, Place
from signals.domain.coins import least_sale
from signals.domain.holding import next_reduction, wanted_stop
from signals.domain.leaving import QUIET, withdraw_exits
from signals.domain.legs import CLOSE, STOP, is_entry_leg
from signals.domain.situation import Desired, LegOrder, Observed, next_generation
from signals.domain.targets import target_sales
from signals.domain.ticks import stop_on_tick

ZERO = Decimal(0)


def keep_coins(desired: Desired, can: Capabilities, observed: Observed) -> list[Action]:
    """Let what is to be sold now be sold, and a stop stand for the rest."""
    rules = observed.rules
    if observed.held <= 0:
        return withdraw_exits(observed) if observed.entered > 0 else []
    if rules is None or _is_selling(observed.legs.get(STOP)):
        return []
    if (there := _there(observed, rules)) < least_sale(rules, None):
        return []  # it has only begun to be bought
    live = _live(observed)
    held = there - _left_of(order for order in live if order.price is None)  # sold in any case
    sales = list(_sales(desired, can, held, observed, rules))
    offers = [order for order in live if order.price is not None]
    if not all(_is_wanted(offer, sales) for offer in offers):
        # What they have sold is only known by the next look. The stop of the rest stays; all of
        # them go together, so that the next step can cover what none of them takes.
        return [Cancel(offer.leg, offer.link_id) for offer in offers]
    offered = {offer.leg for offer in offers}
    fresh = [sale for sale in sales if sale.leg not in offered]
    rest = held - _left_of(offers) - sum((sale.quantity for sale in fresh), ZERO)
    return [*_cover(desired, observed, rules, rest), *fresh]


def put_stop_back(desired: Desired, observed: Observed) -> list[Action]:
    """Place a missing stop while an order's fate is unknown, for what no order of ours may take."""
    rules, stop = observed.rules, observed.legs.get(STOP)
    if rules is None or observed.held <= 0:
        return []
    if stop is not None and (stop.standing or stop.is_unresolved):
        return []
    rest = _there(observed, rules) - _left_of(_live(observed))
    return _cover(desired, observed, rules, rest)


def is_gone(observed: Observed) -> bool:
    """Whether the account has held none of the coins for a while that no order of ours has sold."""
    rules = observed.rules
    if rules is None or not _is_quiet(observed):
        return False
    least = least_sale(rules, None)
    return observed.held >= least > _there(observed, rules)


def _there(observed: Observed, rules: InstrumentFacts) -> Decimal:
    """What is ours of the account's coins, in whole steps; the trader's own lie among them.

    The account may have been read before the last fill: a young one is believed.
    """
    there = observed.position.quantity if observed.position is not None else ZERO
    ours = min(observed.held, there) if _is_quiet(observed) else observed.held
    return to_step_down(ours, rules.step)


def _is_quiet(observed: Observed) -> bool:
    last = observed.last_fill_at
    return last is not None and observed.now - last >= QUIET


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


def _is_wanted(offer: LegOrder, sales: Sequence[Place]) -> bool:
    asked = (offer.leg, offer.price, offer.quantity - offer.filled)
    return any((sale.leg, sale.price, sale.quantity) == asked for sale in sales)


def _sales(
    desired: Desired,
    can: Capabilities,
    held: Decimal,
    observed: Observed,
    rules: InstrumentFacts,
) -> Iterator[Place]:
    """What is to be sold now: everything, what the author takes off, or what has its price."""
    price = observed.ticker.bid if observed.ticker is not None else None
    if desired.is_left:
        return
    if not desired.wants_position:
        yield from _closing(held, observed, rules)
    elif reduction := next_reduction(desired, held, observed, rules, least_sale(rules, price)):
        yield reduction
    elif price is not None:
        # Each part, and what is left, can still be sold at the stop.
        least = replace(rules, min_quantity=least_sale(rules, desired.signal.stop))
        yield from target_sales(desired.signal, can, held, price, observed, least)


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
    """Let one stop wait for the rest; what locks the coins it needs is withdrawn before."""
    order = observed.legs.get(STOP)
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
