"""One account at Bybit v5, over pybit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from exchanges.adapters.bybit import mapping
from exchanges.adapters.bybit.transport import Transport, readable
from exchanges.domain.errors import UnexpectedReply
from exchanges.domain.trading import (
    Acknowledgement,
    Balance,
    ClosedPnlFacts,
    Credentials,
    FillFacts,
    KeyFacts,
    NewOrder,
    OrderChange,
    OrderFacts,
    OrderType,
    PositionFacts,
    Side,
    SymbolMode,
)
from exchanges.ports import ExchangeFactory, Wire

CATEGORY = "linear"
SETTLE_COIN = "USDT"
WINDOW_MS = 7 * 24 * 60 * 60 * 1000  # the longest span that one query may cover
SIDES = {Side.BUY: "Buy", Side.SELL: "Sell"}
TYPES = {OrderType.MARKET: "Market", OrderType.LIMIT: "Limit"}
RISES, FALLS = 1, 2  # triggerDirection: which way the price goes to the trigger
LAST_PRICE = "LastPrice"  # stops follow traded prices, which is what the author's chart shows


def plain(value: Decimal) -> str:
    """Plain digits on the wire, never an exponent."""
    return format(value, "f")


class BybitExchange:
    """See `exchanges.ports.Exchange` for what each method promises."""

    def __init__(self, credentials: Credentials, wire: Wire) -> None:
        self._transport = Transport(wire, credentials)

    # --- account -----------------------------------------------------------------------------

    @readable
    def key_facts(self) -> KeyFacts:
        return mapping.key_facts(self._transport.read("get_api_key_information"))

    @readable
    def balance(self) -> Balance:
        account = self._transport.read("get_account_info")
        wallet = self._transport.read("get_wallet_balance", accountType="UNIFIED", coin=SETTLE_COIN)
        return mapping.balance(wallet, str(account.get("marginMode") or ""))

    @readable
    def symbol_modes(self) -> Sequence[SymbolMode]:
        return mapping.symbol_modes(
            list(self._pages("/v5/position/symbol-info", {"category": CATEGORY}))
        )

    @readable
    def symbol_mode(self, symbol: str) -> SymbolMode | None:
        """From the position list, which shows flat rows of a symbol that is asked for by name."""
        rows = self._transport.read("get_positions", category=CATEGORY, symbol=symbol).get("list")
        return next(iter(mapping.symbol_modes(rows or [])), None)

    def set_leverage(self, symbol: str, leverage: Decimal) -> None:
        text = plain(leverage.normalize())
        self._transport.write(
            "set_leverage",
            category=CATEGORY,
            symbol=symbol,
            buyLeverage=text,
            sellLeverage=text,
        )

    # --- orders ------------------------------------------------------------------------------

    def place(self, order: NewOrder) -> Acknowledgement:
        answer = self._transport.write("place_order", **_order_params(order))
        order_id = answer.get("orderId")
        if not order_id:
            raise UnexpectedReply("an acknowledgement without an order id")
        return Acknowledgement(str(order_id))

    def amend(self, change: OrderChange) -> None:
        params: dict[str, Any] = {
            "qty": change.quantity,
            "price": change.price,
            "stopLoss": change.stop,
            "takeProfit": change.target,
        }
        params = {name: plain(value) for name, value in params.items() if value is not None}
        if change.stop is not None:
            params["slTriggerBy"] = LAST_PRICE
        if change.target:
            params["tpTriggerBy"] = LAST_PRICE
        self._transport.write(
            "amend_order",
            category=CATEGORY,
            symbol=change.symbol,
            orderLinkId=change.link_id,
            **params,
        )

    def cancel(self, symbol: str, link_id: str) -> None:
        self._transport.write("cancel_order", category=CATEGORY, symbol=symbol, orderLinkId=link_id)

    def set_position_levels(
        self, symbol: str, position_index: int, *, stop: Decimal | None, target: Decimal | None
    ) -> None:
        params: dict[str, Any] = {}
        if stop is not None:
            params |= {"stopLoss": plain(stop), "slTriggerBy": LAST_PRICE}
        if target is not None:
            params |= {"takeProfit": plain(target), "tpTriggerBy": LAST_PRICE}
        self._transport.write(
            "set_trading_stop",
            category=CATEGORY,
            symbol=symbol,
            tpslMode="Full",
            positionIdx=position_index,
            **params,
        )

    def set_trailing_stop(
        self,
        symbol: str,
        position_index: int,
        *,
        distance: Decimal,
        activation: Decimal | None,
    ) -> None:
        params = {"trailingStop": plain(distance)}
        if activation is not None:
            params["activePrice"] = plain(activation)
        self._transport.write(
            "set_trading_stop",
            category=CATEGORY,
            symbol=symbol,
            tpslMode="Full",
            positionIdx=position_index,
            **params,
        )

    # --- queries -----------------------------------------------------------------------------

    @readable
    def find_order(self, symbol: str, link_id: str) -> OrderFacts | None:
        query = {"category": CATEGORY, "symbol": symbol, "orderLinkId": link_id}
        for method in ("get_open_orders", "get_order_history"):
            rows = self._transport.read(method, **query).get("list") or []
            if rows:
                return mapping.order(rows[0])
        fills = list(self._named("get_executions", query | {"limit": 100}))
        return mapping.order_of_fills(fills) if fills else None

    @readable
    def open_orders(self, symbol: str | None = None) -> Sequence[OrderFacts]:
        rows = self._named("get_open_orders", _scope(symbol) | {"openOnly": 0, "limit": 50})
        return [mapping.order(row) for row in rows]

    @readable
    def orders_since(self, symbol: str, since: datetime) -> Sequence[OrderFacts]:
        """Recent ones from the live cache, older ones from history; the newest state of each."""
        found: dict[str, OrderFacts] = {}
        for row in self._since("get_order_history", symbol, since, limit=50):
            found[row["orderId"]] = mapping.order(row)
        for only in (0, 1):  # history may lag behind the live cache, which so comes last
            query = _scope(symbol) | {"openOnly": only, "limit": 50}
            for row in self._named("get_open_orders", query):
                order = mapping.order(row)
                known = found.get(order.order_id)
                if known is None or order.updated_at >= known.updated_at:
                    found[order.order_id] = order
        return [
            order
            for order in found.values()
            if order.updated_at >= since or not order.state.is_final
        ]

    @readable
    def fills_since(self, symbol: str, since: datetime) -> Sequence[FillFacts]:
        rows = self._since("get_executions", symbol, since, limit=100)
        return [mapping.fill(row) for row in rows]

    @readable
    def closed_pnl_since(self, symbol: str, since: datetime) -> Sequence[ClosedPnlFacts]:
        rows = self._since("get_closed_pnl", symbol, since, limit=100)
        return [mapping.closed_pnl(row) for row in rows]

    @readable
    def positions(self, symbol: str | None = None) -> Sequence[PositionFacts]:
        rows = self._named("get_positions", _scope(symbol) | {"limit": 200})
        found = [mapping.position(row) for row in rows]
        return [position for position in found if position is not None]

    # --- paging ------------------------------------------------------------------------------

    def _named(self, method: str, query: dict[str, Any]) -> Iterator[dict[str, Any]]:
        cursor = ""
        while True:
            page = self._transport.read(method, **query, **_cursor(cursor))
            yield from page.get("list") or []
            cursor = str(page.get("nextPageCursor") or "")
            if not cursor or not page.get("list"):
                return

    def _pages(self, path: str, query: dict[str, Any]) -> Iterator[dict[str, Any]]:
        cursor = ""
        while True:
            page = self._transport.read_path(path, **query, **_cursor(cursor))
            yield from page.get("list") or []
            cursor = str(page.get("nextPageCursor") or "")
            if not cursor or not page.get("list"):
                return

    def _since(
        self, method: str, symbol: str, since: datetime, *, limit: int
    ) -> Iterator[dict[str, Any]]:
        start = int(since.timestamp() * 1000)
        end = int((datetime.now(UTC) + timedelta(seconds=5)).timestamp() * 1000)
        while start <= end:
            stop = min(start + WINDOW_MS, end)
            query = {
                "category": CATEGORY,
                "symbol": symbol,
                "startTime": start,
                "endTime": stop,
                "limit": limit,
            }
            yield from self._named(method, query)
            start = stop + 1  # both ends belong to a window: no row shows twice


def _scope(symbol: str | None) -> dict[str, Any]:
    scope = {"symbol": symbol} if symbol else {"settleCoin": SETTLE_COIN}
    return {"category": CATEGORY} | scope


def _cursor(cursor: str) -> dict[str, str]:
    return {"cursor": cursor} if cursor else {}


def _order_params(order: NewOrder) -> dict[str, Any]:
    params: dict[str, Any] = {
        "category": CATEGORY,
        "symbol": order.symbol,
        "side": SIDES[order.side],
        "orderType": TYPES[order.type],
        "qty": plain(order.quantity),
        "positionIdx": order.position_index,
        "orderLinkId": order.link_id,
    }
    if order.price is not None:
        params |= {"price": plain(order.price), "timeInForce": "GTC"}
    if order.reduce_only:
        params["reduceOnly"] = True
    if order.stop is not None or order.target is not None:
        params["tpslMode"] = "Full"
    if order.stop is not None:
        params |= {"stopLoss": plain(order.stop), "slTriggerBy": LAST_PRICE}
    if order.target is not None:
        params |= {"takeProfit": plain(order.target), "tpTriggerBy": LAST_PRICE}
    if order.trigger is not None:
        direction = RISES if order.trigger_rises else FALLS
        params |= {"triggerPrice": plain(order.trigger), "triggerDirection": direction}
        params["triggerBy"] = LAST_PRICE
    return params


_FACTORY: ExchangeFactory = BybitExchange
