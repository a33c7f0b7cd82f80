"""Look at the exchange for one copy: network only, no database; runs in a thread of the chunk."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from exchanges.domain.errors import ExchangeError, RateLimited
from exchanges.domain.trading import (
    Balance,
    ClosedPnlFacts,
    FillFacts,
    OrderFacts,
    PositionFacts,
    SymbolMode,
)
from exchanges.ports import Exchange
from exchanges.registry import venue_of
from signals.choices import OrderStatus
from signals.domain.legs import STOP, is_entry_leg
from signals.domain.lifecycle import CopyStatus
from signals.models import Copy, Order
from signals.services.polling import may_be_bared

FULL_LOOK = timedelta(seconds=30)  # even when nothing seems to have changed
# Where each entry is asked for by its name there is nothing more to be seen before it has filled,
# and a full look costs twenty such.
RESTING_FULL_LOOK = timedelta(minutes=5)
# A change of what is held goes by the position, if all was looked at within this: with six
# requests before each, a thousand stops would take an address three times as long.
CHANGED_LOOK = timedelta(seconds=90)
LOOK_BACK = timedelta(days=2)  # for what the exchange shows late
CLOCK_SLACK = timedelta(seconds=5)  # between the exchange's clock and ours

UNRESOLVED = {OrderStatus.SUBMITTING, OrderStatus.UNKNOWN}


@dataclass(slots=True)
class Observation:
    """What the exchange said; None or empty where it was not asked."""

    lookups: dict[str, OrderFacts | None] = field(default_factory=dict)  # by link id
    orders: list[OrderFacts] = field(default_factory=list)
    fills: list[FillFacts] = field(default_factory=list)
    results: list[ClosedPnlFacts] = field(default_factory=list)
    positions: list[PositionFacts] | None = None
    balance: Balance | None = None
    modes: list[SymbolMode] | None = None
    unshown: set[str] = field(default_factory=set)  # link ids that rested, and nothing knows now
    is_full: bool = False


def observe_entry(copy: Copy, exchange: Exchange, *, wants: EntryNeeds) -> Observation:
    """Read what an entry needs and the cache does not know (usually nothing: no request)."""
    seen = Observation()
    if wants.balance:
        seen.balance = exchange.balance()
    if wants.modes:
        mode = exchange.symbol_mode(copy.symbol)
        seen.modes = [mode] if mode is not None else []
    if wants.own_business:
        seen.positions = list(exchange.positions(copy.symbol))
        seen.orders = list(exchange.open_orders(copy.symbol))
    return seen


@dataclass(frozen=True, slots=True)
class EntryNeeds:
    """What must be read afresh before an entry may be planned."""

    balance: bool
    modes: bool
    own_business: bool

    @property
    def any(self) -> bool:
        return self.balance or self.modes or self.own_business


def observe_live(
    copy: Copy, orders: list[Order], exchange: Exchange, *, now: datetime
) -> Observation:
    """Look up what is unresolved; else look as closely as the copy's state asks for."""
    seen = Observation()
    unresolved = [order for order in orders if order.status in UNRESOLVED]
    for order in unresolved:
        facts = exchange.find_order(copy.symbol, order.link_id)
        # Before the fence a request may still be on its way: only finding it says something.
        if facts is not None or order.conclusive_at is None or now >= order.conclusive_at:
            seen.lookups[order.link_id] = facts
    if unresolved and not any(seen.lookups.values()):
        is_held = copy.entered_quantity > copy.exited_quantity  # its stop may be missing meanwhile
        return _look_at_all(copy, orders, exchange, seen) if is_held else seen
    if copy.status == CopyStatus.PLACED and not seen.lookups and not _needs_full(copy, now):
        return _look_at_entry(copy, orders, exchange, seen)
    if copy.status == CopyStatus.FILLED and not seen.lookups and not _needs_full(copy, now):
        return _look_at_position(copy, orders, exchange, seen)
    return _look_at_all(copy, orders, exchange, seen)


def _needs_full(copy: Copy, now: datetime) -> bool:
    if copy.looked_at is None or not (copy.wants_position and copy.signal.wants_position):
        return True
    if copy.applied_revision < copy.signal.revision:
        is_held = copy.status == CopyStatus.FILLED
        return not is_held or now - copy.looked_at >= CHANGED_LOOK
    return now - copy.looked_at >= (RESTING_FULL_LOOK if may_be_bared(copy) else FULL_LOOK)


def _look_at_entry(
    copy: Copy, orders: list[Order], exchange: Exchange, seen: Observation
) -> Observation:
    """One request for all of the entry's steps: they rest unfilled, or everything is looked at."""
    waiting = [
        order for order in orders if is_entry_leg(order.leg) and order.status == OrderStatus.OPEN
    ]
    resting = _resting(copy, waiting, exchange)
    for order in waiting:
        facts = resting.get(order.link_id)
        if facts is None or facts.filled > 0:
            return _look_at_all(copy, orders, exchange, seen)
    seen.orders = [resting[order.link_id] for order in waiting]
    return seen


def _resting(copy: Copy, waiting: list[Order], exchange: Exchange) -> dict[str, OrderFacts]:
    """What rests, by link id: where stops have lists of their own, a single order by its name."""
    if len(waiting) == 1 and may_be_bared(copy):
        (order,) = waiting
        facts = exchange.find_order(copy.symbol, order.link_id)
        return {order.link_id: facts} if facts is not None and not facts.state.is_final else {}
    return {facts.link_id: facts for facts in exchange.open_orders(copy.symbol)}


def _look_at_position(
    copy: Copy, orders: list[Order], exchange: Exchange, seen: Observation
) -> Observation:
    seen.positions = list(exchange.positions(copy.symbol))
    mine = next((p for p in seen.positions if p.position_index == copy.position_index), None)
    held = copy.entered_quantity - copy.exited_quantity
    has_coins = venue_of(copy.connection.exchange).capabilities.holds_coins  # and others of theirs
    if mine is None or (mine.quantity < held if has_coins else mine.quantity != held):
        return _look_at_all(copy, orders, exchange, seen)
    standing = [order for order in orders if order.status == OrderStatus.OPEN and order.link_id]
    if any(is_entry_leg(order.leg) for order in standing):
        return _look_at_all(copy, orders, exchange, seen)
    if mine.stop is None and not _still_stand(copy, standing, exchange, seen):
        return _look_at_all(copy, orders, exchange, seen)
    return seen


def _still_stand(copy: Copy, standing: list[Order], exchange: Exchange, seen: Observation) -> bool:
    """Whether the stop that is an order of its own rests as before, and all of our others do."""
    if not any(order.leg == STOP for order in standing):
        return False
    resting = {facts.link_id: facts for facts in exchange.open_orders(copy.symbol)}
    found = [resting[order.link_id] for order in standing if order.link_id in resting]
    filled = {order.link_id: order.filled for order in standing}
    if len(found) < len(standing) or any(one.filled != filled[one.link_id] for one in found):
        return False
    seen.orders = found
    return True


def _known_until(copy: Copy) -> datetime:
    """From when on to ask: what was there long before the last full look is on record.

    A trade of months would otherwise page through all of them at every look.
    """
    if copy.looked_at is None:
        return copy.created_at
    return max(copy.created_at, copy.looked_at - LOOK_BACK)


def _look_at_all(
    copy: Copy, orders: list[Order], exchange: Exchange, seen: Observation
) -> Observation:
    since = _known_until(copy) - CLOCK_SLACK
    # Positions are read first: a fill between two reads then shows as held but not yet closed,
    # and never as closed while the exchange still holds it.
    seen.positions = list(exchange.positions(copy.symbol))
    seen.orders = list(exchange.orders_since(copy.symbol, since))
    _look_up_unshown(copy, orders, exchange, seen)
    seen.fills = list(exchange.fills_since(copy.symbol, since))
    if venue_of(copy.connection.exchange).capabilities.tells_results:
        seen.results = list(exchange.closed_pnl_since(copy.symbol, since))
    seen.is_full = True
    return seen


def _look_up_unshown(
    copy: Copy, orders: list[Order], exchange: Exchange, seen: Observation
) -> None:
    """Ask by name for what rested, and no list shows any more.

    Some exchanges list what has ended by when it was placed. A stop may have fired so: the order
    that it has become is listed as nobody's, and would look like the trader's own; so it is asked
    before the fills, which then are the stop's. What cannot be asked for takes nothing from the
    look, unless only the limits stand in the way: it is asked for at the next one.
    """
    shown = {facts.link_id for facts in seen.orders}
    for order in orders:
        if order.status != OrderStatus.OPEN or not order.link_id or order.link_id in shown:
            continue
        try:
            facts = exchange.find_order(copy.symbol, order.link_id)
        except RateLimited:
            raise
        except ExchangeError:
            continue
        if facts is None:
            seen.unshown.add(order.link_id)
        else:
            seen.lookups[order.link_id] = facts
            seen.orders = [one for one in seen.orders if one.order_id != facts.became]
