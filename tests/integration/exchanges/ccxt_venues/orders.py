"""The orders that every adapter is given, and the worker's own words for them."""

from __future__ import annotations

from decimal import Decimal

from exchanges.domain.trading import NewOrder, OrderChange, OrderType, Side
from tests.integration.exchanges.ccxt_venues.answers import LINK

SIZE = Decimal("0.05")


def _order(side: Side, kind: OrderType, **more: object) -> NewOrder:
    return NewOrder(
        link_id=LINK,
        symbol="BTCUSDT",
        side=side,
        type=kind,
        quantity=SIZE,
        position_index=0,
        **more,
    )


ORDERS: dict[str, NewOrder] = {
    "limit": _order(Side.BUY, OrderType.LIMIT, price=Decimal("59000.5")),
    "market": _order(Side.BUY, OrderType.MARKET),
    "exit_limit": _order(Side.SELL, OrderType.LIMIT, price=Decimal(61000), reduce_only=True),
    "exit_market": _order(Side.SELL, OrderType.MARKET, reduce_only=True),
    "short": _order(Side.SELL, OrderType.LIMIT, price=Decimal(61000)),
    "stop": _order(
        Side.SELL, OrderType.MARKET, reduce_only=True, trigger=Decimal(58000), trigger_rises=False
    ),
    "target": _order(
        Side.SELL, OrderType.MARKET, reduce_only=True, trigger=Decimal(63000), trigger_rises=True
    ),
    "stop_of_short": _order(
        Side.BUY, OrderType.MARKET, reduce_only=True, trigger=Decimal(62000), trigger_rises=True
    ),
    "attached": _order(
        Side.BUY,
        OrderType.LIMIT,
        price=Decimal("59000.5"),
        stop=Decimal(58000),
        target=Decimal(63000),
    ),
    "attached_short": _order(
        Side.SELL,
        OrderType.LIMIT,
        price=Decimal(61000),
        stop=Decimal(62000),
        target=Decimal(57000),
    ),
}
DEARER = OrderChange(LINK, "BTCUSDT", price=Decimal(59100))  # than `limit`
LEVELS = {
    "stop": ("58000",),
    "target": ("63000",),
    "stop_of_short": ("62000",),
    "attached": ("58000", "63000"),
    "attached_short": ("62000", "57000"),
}
