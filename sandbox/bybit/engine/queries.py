"""What an account can read: paged, filtered and forgotten as Bybit does."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from sandbox.bybit.engine import requests
from sandbox.bybit.engine.account import Account
from sandbox.bybit.engine.core import Core
from sandbox.bybit.engine.records import Order
from sandbox.bybit.engine.requests import Params, parameter

Item = TypeVar("Item")
Answer = dict[str, Any]
DAY = 86_400_000  # ms
WEEK = 7 * DAY


def page(
    items: Sequence[Item], params: Params, *, most: int, default: int
) -> tuple[list[Item], str]:
    """One page and the cursor of the next, which is empty on the last."""
    limit = requests.integer(params, "limit", default)
    if not 1 <= limit <= most:
        raise parameter("params error: limit invalid")
    cursor = requests.text(params, "cursor")
    if cursor and not cursor.isdigit():
        raise parameter("params error: cursor invalid")
    start = int(cursor or 0)
    following = start + limit
    return list(items[start:following]), str(following) if following < len(items) else ""


def answer(items: Sequence[Any], params: Params, *, most: int, default: int) -> Answer:
    rows, cursor = page(items, params, most=most, default=default)
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


def open_orders(account: Account, params: Params) -> Answer:
    wanted = scope(params, needed=True)
    found = named(account, params)
    if found is not None:
        live = [order for order in found if order.is_open or order in account.recent]
        return answer(live, params, most=50, default=20)
    closed = requests.integer(params, "openOnly", 0) != 0
    pool: Iterable[Order] = account.recent if closed else account.active.values()
    kind = requests.text(params, "orderFilter")
    rows = [order for order in pool if wanted(order) and _is_kind(order, kind)]
    rows.sort(key=_newest)
    return answer(rows, params, most=50, default=20)


def _is_kind(order: Order, kind: str) -> bool:
    conditional = bool(order.stop_order_type)
    return not kind or (kind == "StopOrder") == conditional


def _newest(order: Order) -> tuple[int, str]:
    return (-order.created, order.order_id)


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
    kept.sort(key=_newest)
    return answer(kept, params, most=50, default=20)


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
    rows.sort(key=lambda row: -row.seq)
    return answer(rows, params, most=100, default=50)


def closed_pnl(core: Core, account: Account, params: Params) -> Answer:
    wanted = scope(params, needed=False)
    start, end = span(params, core.clock())
    rows = [
        row for row in account.closed.values() if wanted(row.order) and start <= row.created <= end
    ]
    rows.sort(key=lambda row: (-row.created, row.order.order_id))
    return answer(rows, params, most=100, default=50)


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
    rows, cursor = page(found, params, most=200, default=20)
    wires = [
        account.position_wire(row, core.instruments[row.symbol], core.quotes[row.symbol])
        for row in rows
    ]
    return {"category": "linear", "list": wires, "nextPageCursor": cursor}


def symbol_info(core: Core, account: Account, params: Params) -> Answer:
    requests.category(params)
    if account.margin_mode == "PORTFOLIO_MARGIN":
        raise parameter("symbol-info is not supported in portfolio margin")
    symbol = requests.text(params, "symbol")
    if symbol and symbol not in core.instruments:
        raise parameter("Not supported symbols")
    symbols = [symbol] if symbol else sorted(core.instruments)
    rows = [
        {"symbol": name, "leverage": str(account.leverage_of(name)), "positionIdx": idx}
        for name in symbols
        for idx in ((1, 2) if account.is_hedge(name) else (0,))
    ]
    return {"list": rows, "nextPageCursor": ""}
