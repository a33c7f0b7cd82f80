"""Take profit, stop loss and trailing stop: orders that the exchange keeps for a position.

Full mode: one of each for the whole position, the newest overwrites. Partial mode: pairs with a
size of their own, at most 20. https://bybit-exchange.github.io/docs/v5/position/trading-stop
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from sandbox.bybit.engine import reducing
from sandbox.bybit.engine.account import Account
from sandbox.bybit.engine.errors import ApiError
from sandbox.bybit.engine.instrument import Quote
from sandbox.bybit.engine.positions import Position
from sandbox.bybit.engine.records import Exits, Order

if TYPE_CHECKING:
    from sandbox.bybit.engine.core import Core

MOST_PARTIALS = 20
CLEARED = "CancelByTpSlTsClear"


def is_triggered(order: Order, quote: Quote) -> bool:
    price = quote.by(order.trigger_by)
    if order.trigger_price is None:
        return False
    rises = order.trigger_direction == 1
    return price >= order.trigger_price if rises else price <= order.trigger_price


def attach(core: Core, account: Account, entry: Order, position: Position, qty: Decimal) -> None:
    """Give a position the exits that its entry carried, for what was just filled."""
    if entry.exits.mode == "Full":
        set_full(core, account, position, entry.exits, parent=entry)
    elif not _grow(core, account, position, entry, qty):
        add_partial(core, account, position, entry.exits, qty, parent=entry)


def _grow(core: Core, account: Account, position: Position, entry: Order, qty: Decimal) -> bool:
    """Enlarge the exits that an earlier fill of the same entry brought."""
    there = [order for order in position.partials if order.parent_id == entry.order_id]
    for order in there:
        order.qty, order.updated = order.qty + qty, core.clock()
        core.push(account, order)
    return bool(there)


def check_room(account: Account, symbol: str, idx: int, levels: int) -> None:
    """Refuse more partial exits than fit, counting those that open entries will bring."""
    partials = account.position(symbol, idx).partials
    brought = {order.parent_id for order in partials}
    coming = sum(
        order.exits.count
        for order in account.orders_on(symbol)
        if order.position_idx == idx and not order.is_exit and order.exits.mode == "Partial"
        if order.order_id not in brought
    )
    if len(partials) + coming + levels > MOST_PARTIALS:
        raise ApiError(110061, "Sum of tp/sl orders exceed the limit of 20")


def set_full(
    core: Core,
    account: Account,
    position: Position,
    wanted: Exits,
    parent: Order | None = None,
) -> None:
    """Set the given levels on the whole position; a level that is None stays as it is."""
    if wanted.take_profit is not None:
        position.take_profit = _replace(
            core, account, position, position.take_profit, "TakeProfit", wanted, parent
        )
    if wanted.stop_loss is not None:
        position.stop_loss = _replace(
            core, account, position, position.stop_loss, "StopLoss", wanted, parent
        )


def _replace(
    core: Core,
    account: Account,
    position: Position,
    old: Order | None,
    kind: str,
    wanted: Exits,
    parent: Order | None,
) -> Order:
    level, by = _level(wanted, kind)
    if old is not None and old.is_open:
        # Full mode changes the one order that there is.
        old.trigger_price, old.trigger_by, old.updated = level, by, core.clock()
        old.trigger_direction = _direction(position, kind)
        core.push_order(account, old)
        return old
    order = _exit(core, account, position, kind, position.size, level, by)
    _descend(order, parent)
    core.add(account, order)
    return order


def _descend(order: Order, parent: Order | None) -> None:
    if parent is not None:
        order.parent_id, order.parent_link_id = parent.order_id, parent.link_id


def _level(wanted: Exits, kind: str) -> tuple[Decimal, str]:
    if kind.endswith("TakeProfit"):
        level, by = wanted.take_profit, wanted.tp_trigger_by
    else:
        level, by = wanted.stop_loss, wanted.sl_trigger_by
    if level is None:
        raise ValueError(f"no level for {kind}")
    return level, by


def _direction(position: Position, kind: str) -> int:
    """1 when the price must rise to the level, 2 when it must fall."""
    gains = kind.endswith("TakeProfit")
    return 1 if gains == (position.side == "Buy") else 2


def _exit(
    core: Core,
    account: Account,
    position: Position,
    kind: str,
    qty: Decimal,
    level: Decimal | None,
    by: str,
    limit: Decimal | None = None,
) -> Order:
    order = core.exit_order(account, position, f"CreateBy{kind}")
    order.qty, order.price = qty, limit
    order.order_type = "Market" if limit is None else "Limit"
    order.time_in_force = "IOC" if limit is None else "GTC"
    order.status, order.stop_order_type = "Untriggered", kind
    order.trigger_price, order.trigger_by = level, by
    order.trigger_direction = _direction(position, kind)
    order.close_on_trigger, order.is_exit = True, True
    order.exits = Exits(mode="Partial" if kind.startswith("Partial") else "Full")
    return order


def add_partial(
    core: Core,
    account: Account,
    position: Position,
    wanted: Exits,
    qty: Decimal,
    parent: Order | None = None,
) -> None:
    """Add a pair (or one) with its own size; the same call again adds another."""
    made: list[Order] = []
    kinds = [("PartialTakeProfit", wanted.take_profit, wanted.tp_limit)]
    kinds.append(("PartialStopLoss", wanted.stop_loss, wanted.sl_limit))
    for kind, level, limit in kinds:
        if level is None:
            continue
        by = _level(wanted, kind)[1]
        order = _exit(core, account, position, kind, qty, level, by, limit)
        _descend(order, parent)
        made.append(order)
    if len(made) == 2:
        made[0].pair, made[1].pair = made[1], made[0]
    position.partials += made
    for order in made:
        core.add(account, order)


def set_trailing(
    core: Core,
    account: Account,
    position: Position,
    distance: Decimal,
    active: Decimal | None,
) -> None:
    """Set the one trailing stop or change it; without an activation price it works at once.

    One that already works goes on doing so, from the last price with its new distance.
    """
    works = position.trailing_best is not None and active == position.trailing_active
    last = core.quotes[position.symbol].last
    position.trailing_distance, position.trailing_active = distance, active
    position.trailing_best = last if works or active is None else None
    level = None if position.trailing_best is None else last - distance * position.sign
    order = position.trailing
    if order is not None:
        order.trigger_price, order.updated = level, core.clock()
        core.push_order(account, order)
        return
    order = _exit(core, account, position, "TrailingStop", position.size, level, "LastPrice")
    order.trigger_direction = 2 if position.side == "Buy" else 1
    position.trailing = order
    core.add(account, order)


def trail(position: Position, last: Decimal) -> None:
    """Pull the trailing stop after the best price since it became active."""
    order, distance = position.trailing, position.trailing_distance
    if order is None or distance is None:
        return
    best = position.trailing_best
    if best is None:
        active = position.trailing_active
        if active is None or (last - active) * position.sign < 0:
            return
        best = last
    elif (last - best) * position.sign > 0:
        best = last
    position.trailing_best = best
    order.trigger_price = best - distance * position.sign


def clear_one(core: Core, account: Account, order: Order | None) -> None:
    if order is not None and order.is_open:
        status = "Deactivated" if order.status == "Untriggered" else "Cancelled"
        core.end(account, order, status, CLEARED)


def clear(core: Core, account: Account, position: Position) -> None:
    for order in position.exits():
        clear_one(core, account, order)


def resize(core: Core, account: Account, position: Position) -> None:
    """Keep a position's exits as large as it is; a flat one keeps none, nor reduce-only orders."""
    if position.size:
        for order in (position.take_profit, position.stop_loss, position.trailing):
            if order is None or order.status != "Untriggered" or order.qty == position.size:
                continue
            order.qty, order.updated = position.size, core.clock()
            core.push(account, order)
        reducing.trim(core, account, position)
        return
    clear(core, account, position)
    for order in account.orders_on(position.symbol):
        if order.reduce_only and order.position_idx == position.idx and order.filled < order.qty:
            core.end(account, order, "Cancelled", "CancelByReduceOnly")
