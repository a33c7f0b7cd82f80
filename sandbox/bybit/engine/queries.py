"""What an account can read: paged, filtered and forgotten as Bybit does."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar
from urllib.parse import unquote

from sandbox.bybit.engine import requests
from sandbox.bybit.engine.account import Account
from sandbox.bybit.engine.balances import position_wire
from sandbox.bybit.engine.core import Core
from sandbox.bybit.engine.instrument import plain
from sandbox.bybit.engine.positions import Position
from sandbox.bybit.engine.records import Order
from sandbox.bybit.engine.requests import Params, parameter

Item = TypeVar("Item")
Key = Callable[[Item], tuple[int, str]]  # by time, then by name
Answer = dict[str, Any]
DAY = 86_400_000  # ms
WEEK = 7 * DAY


def page(
    items: Sequence[Item], key: Key[Item], params: Params, *, most: int, default: int
) -> tuple[list[Item], str]:
    """One page, newest first, and the cursor of the next, which is empty on the last.

    The cursor names the last row given (like Bybit's, with an encoded colon), so that rows that
    come or go between two requests shift nothing.
    """
    limit = requests.integer(params, "limit", default)
    if not 1 <= limit <= most:
        raise parameter("params error: limit invalid")
    rows = sorted(items, key=key, reverse=True)
    last = _read_cursor(requests.text(params, "cursor"))
    if last is not None:
        rows = [row for row in rows if key(row) < last]
    if len(rows) <= limit:
        return rows, ""
    time, name = key(rows[limit - 1])
    return rows[:limit], f"{name}%3A{time}"


def _read_cursor(cursor: str) -> tuple[int, str] | None:
    if not cursor:
        return None
    name, _, time = unquote(cursor).rpartition(":")
    if not name or not time.isdecimal():
        raise parameter("params error: cursor invalid")
    return int(time), name


def answer(
    items: Sequence[Any], key: Key[Any], params: Params, *, most: int, default: int
) -> Answer:
    rows, cursor = page(items, key, params, most=most, default=default)
    return {
        "category": "linear",
        "list": [row.wire() for row in rows],
        "nextPageCursor": cursor,
    }


def scope(params: Params, *, needed: bool) -> Callable[[Any], bool]:
    """The symbol, base coin or settle coin that a query is about."""
    requests.category(params)
    symbol = requests.text(params, "symbol")
    base, settle = requests.text(params, "baseCoin"), requests.text(params, "settleCoin")
    if needed and not (symbol or base or settle):
        raise parameter("params error: symbol, baseCoin or settleCoin is required")
    if symbol:
        return lambda item: item.symbol == symbol
    if base:
        return lambda item: item.symbol == f"{base}USDT"
    return lambda item: not settle or item.symbol.endswith(settle)


def span(params: Params, now: int) -> tuple[int, int]:
    """The time window in ms: at most seven days, the last seven by default."""
    start, end = requests.integer(params, "startTime", 0), requests.integer(params, "endTime", 0)
    if start and end:
        if end < start or end - start > WEEK:
            raise parameter("The time range between startTime and endTime cannot exceed 7 days")
        return start, end
    if start:
        return start, start + WEEK
    if end:
        return end - WEEK, end
    return now - WEEK, now


def named(account: Account, params: Params) -> list[Order] | None:
    """The one order that an id asks for (an order id wins); None when no id was given."""
    order_id, link = requests.text(params, "orderId"), requests.text(params, "orderLinkId")
    if not order_id and not link:
        return None
    order = account.orders.get(order_id) if order_id else account.by_link.get(link)
    return [order] if order is not None else []


def _shown(account: Account, orders: Iterable[Order], now: int) -> list[Order]:
    """Orders without those that the lists do not know yet, nor the exits that these brought."""
    if not account.unseen:
        return list(orders)
    return [
        order
        for order in orders
        if account.shows(order.order_id, now) and account.shows(order.parent_id, now)
    ]


def open_orders(core: Core, account: Account, params: Params) -> Answer:
    wanted, now = scope(params, needed=True), core.clock()
    found = named(account, params)
    if found is not None:
        live = [order for order in found if order.is_open or order in account.recent]
        return answer(_shown(account, live, now), _created, params, most=50, default=20)
    closed = requests.integer(params, "openOnly", 0) != 0
    pool: Iterable[Order] = account.recent if closed else account.active.values()
    kind = requests.text(params, "orderFilter")
    rows = [order for order in pool if wanted(order) and _is_kind(order, kind)]
    return answer(_shown(account, rows, now), _created, params, most=50, default=20)


def _is_kind(order: Order, kind: str) -> bool:
    return kind not in {"Order", "StopOrder"} or order.is_conditional == (kind == "StopOrder")


def _created(order: Order) -> tuple[int, str]:
    return order.created, order.order_id


def order_history(core: Core, account: Account, params: Params) -> Answer:
    """Ended orders; those without a fill only for a day, and old ones only with fills."""
    wanted, now = scope(params, needed=False), core.clock()
    found = named(account, params)
    if found is None:
        start, end = span(params, now)
        found = [o for o in account.orders.values() if wanted(o) and start <= o.created <= end]
    status = requests.text(params, "orderStatus")
    kept = [
        order
        for order in found
        if not order.is_open
        and (order.filled or now - order.updated <= DAY)
        and (not status or order.status == status)
    ]
    return answer(_shown(account, kept, now), _created, params, most=50, default=20)


def executions(core: Core, account: Account, params: Params) -> Answer:
    wanted = scope(params, needed=False)
    order_id, link = requests.text(params, "orderId"), requests.text(params, "orderLinkId")
    if order_id:
        rows = [row for row in account.executions if row.order_id == order_id]
    elif link:
        rows = [row for row in account.executions if row.link_id == link]
    else:
        start, end = span(params, core.clock())
        kind = requests.text(params, "execType")
        rows = [
            row
            for row in account.executions
            if wanted(row) and start <= row.time <= end and (not kind or row.exec_type == kind)
        ]
    if account.unseen:
        rows = [row for row in rows if account.shows(row.order_id, core.clock())]
    return answer(rows, lambda row: (row.time, row.exec_id), params, most=100, default=50)


def closed_pnl(core: Core, account: Account, params: Params) -> Answer:
    wanted = scope(params, needed=False)
    start, end = span(params, core.clock())
    rows = [
        row for row in account.closed.values() if wanted(row.order) and start <= row.created <= end
    ]
    return answer(rows, lambda row: (row.created, row.order.order_id), params, most=100, default=50)


def positions(core: Core, account: Account, params: Params) -> Answer:
    """By symbol: rows even when flat, two in hedge mode; by settle coin: open ones alone."""
    wanted = scope(params, needed=True)
    symbol = requests.text(params, "symbol")
    if symbol:
        if symbol not in core.instruments:
            raise parameter("Not supported symbols")
        indices = (1, 2) if account.is_hedge(symbol) else (0,)
        found = [account.position(symbol, idx) for idx in indices]
    else:
        found = [position for position in account.open_positions() if wanted(position)]
    rows, cursor = page(found, _opened, params, most=200, default=20)
    wires = [position_wire(account, row, core.instruments, core.quotes) for row in rows]
    return {"category": "linear", "list": wires, "nextPageCursor": cursor}


def _opened(position: Position) -> tuple[int, str]:
    """The rows of one symbol stand in the order of their index."""
    return (0 if position.idx else position.created), f"{position.symbol}-{2 - position.idx}"


def symbol_info(core: Core, account: Account, params: Params) -> Answer:
    requests.category(params)
    if account.margin_mode == "PORTFOLIO_MARGIN":
        raise parameter("symbol-info is not supported in portfolio margin")
    symbol = requests.text(params, "symbol")
    if symbol and symbol not in core.instruments:
        raise parameter("Not supported symbols")
    symbols = [symbol] if symbol else sorted(core.instruments)
    rows = [
        {"symbol": name, "leverage": plain(account.leverage_of(name, idx)), "positionIdx": idx}
        for name in symbols
        for idx in ((1, 2) if account.is_hedge(name) else (0,))
    ]
    return {"list": rows, "nextPageCursor": ""}
