"""What a trader does by hand in the exchange's own app: no link id, and `CreateByClosing`."""

from __future__ import annotations

from decimal import Decimal

from sandbox.bybit.engine import orders
from sandbox.bybit.engine.account import Account
from sandbox.bybit.engine.core import Core
from sandbox.bybit.engine.errors import ApiError
from sandbox.bybit.engine.instrument import plain
from sandbox.bybit.engine.positions import Position
from sandbox.bybit.engine.records import Order


def held(account: Account, symbol: str, side: str = "") -> list[Position]:
    """A symbol's open positions, or those of one side."""
    return [
        position
        for position in account.open_positions()
        if position.symbol == symbol and side in {"", position.side}
    ]


def close(
    core: Core,
    account: Account,
    symbol: str,
    side: str = "",
    *,
    qty: Decimal | None = None,
    price: Decimal | None = None,
) -> list[Order]:
    """The button beside a position: all of it or a part, at the market or at a limit."""
    found = held(account, symbol, side)
    if not found:
        raise ApiError(110017, "current position is zero, cannot fix reduce-only order qty")
    return [_close(core, account, position, qty, price) for position in found]


def _close(
    core: Core, account: Account, position: Position, qty: Decimal | None, price: Decimal | None
) -> Order:
    params = {
        "category": "linear",
        "symbol": position.symbol,
        "side": "Sell" if position.side == "Buy" else "Buy",
        "orderType": "Market" if price is None else "Limit",
        "qty": plain(position.size if qty is None else qty),
        "price": plain(price),
        "reduceOnly": True,
        "positionIdx": position.idx,
    }
    return orders.create(core, account, params, create_type="CreateByClosing")
