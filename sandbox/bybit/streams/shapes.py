"""What the private topics tell, row by row: the REST records with what the streams change in them.

Shapes: https://bybit-exchange.github.io/docs/v5/websocket/private/order (execution, position, …)
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sandbox.bybit.engine import Exchange
from sandbox.bybit.engine.account import Account
from sandbox.bybit.engine.balances import position_wire, wallet_wire
from sandbox.bybit.engine.core import Told
from sandbox.bybit.engine.instrument import plain
from sandbox.bybit.engine.positions import Position
from sandbox.bybit.engine.records import Execution, Order

Row = dict[str, Any]
CATEGORY = {"category": "linear"}


def topics_of(record: Told) -> tuple[str, ...]:
    """The topics that a change is told under."""
    match record:
        case Order():
            return ("order",)
        case Execution(exec_type="Trade"):
            return ("execution", "execution.fast")
        case Execution():
            return ("execution",)
        case Position():
            return ("position",)
        case Account():
            return ("wallet",)


def row(exchange: Exchange, account: Account, record: Told, topic: str) -> Row:
    match record:
        case Order():
            return _order(account, record)
        case Execution():
            return _fast(record) if topic == "execution.fast" else _execution(record)
        case Position():
            return _position(exchange, account, record)
        case Account():
            return wallet_wire(account, exchange.instruments, exchange.quotes)


def rows(exchange: Exchange, account: Account, record: Told) -> Iterator[tuple[str, Row]]:
    for topic in topics_of(record):
        yield topic, row(exchange, account, record, topic)


def _order(account: Account, order: Order) -> Row:
    closed = account.closed.get(order.order_id)
    result = plain(closed.pnl) if closed else "0"
    return CATEGORY | order.wire() | {"closedPnl": result, "feeCurrency": ""}


def _execution(execution: Execution) -> Row:
    more = {"isLeverage": "0", "execPnl": plain(execution.pnl)}
    return CATEGORY | execution.wire() | more


def _fast(execution: Execution) -> Row:
    """Fewer fields; the link id is left out where the order made the market."""
    return CATEGORY | {
        "symbol": execution.symbol,
        "orderId": execution.order_id,
        "isMaker": execution.is_maker,
        "orderLinkId": "" if execution.is_maker else execution.link_id,
        "execId": execution.exec_id,
        "execPrice": plain(execution.price),
        "execQty": plain(execution.qty),
        "side": execution.side,
        "execTime": str(execution.time),
        "seq": execution.seq,
    }


def _position(exchange: Exchange, account: Account, position: Position) -> Row:
    """The entry price has another name than in REST, and a flat row's liquidation price is 0."""
    record = position_wire(account, position, exchange.instruments, exchange.quotes)
    record["entryPrice"] = record.pop("avgPrice")
    if not position.size:
        record["liqPrice"] = "0"
    return CATEGORY | record
