"""HashKey Global's words, for its spot market: https://hashkeyglobal-apidoc.readme.io/reference."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sandbox.pairs.binance import filters
from sandbox.pairs.book import BUY, Book, Order, Problem, Trade
from sandbox.pairs.dialect import Market, Params, Route, plain, shown
from sandbox.pairs.signing import Codes, Key

CODES = Codes(
    no_key="0102",
    unknown_key="0102",
    bad_signature="0002",
    bad_time="-1021",
    bad_window="-1130",
    missing="0001",
)
PROBLEMS = {
    "lot": ("-1137", "Order quantity does not fit its step."),
    "tick": ("-1136", "Order price does not fit its tick."),
    "notional": ("-1140", "Transaction amount lower than the minimum."),
    "duplicate": ("-1141", "Duplicate clientOrderId"),
    "money": ("0401", "Insufficient asset"),
    "not_found": ("-1143", "Order does not exist on the book."),
}
SYMBOL = "BTCUSDT"
MOST_ORDERS, MOST_TRADES = 1000, 500


def _ack(order: Order) -> dict[str, Any]:
    return {
        "accountId": "1649292498437183232",
        "symbol": SYMBOL,
        "symbolName": SYMBOL,
        "clientOrderId": order.client_id,
        "orderId": str(order.id),
        "transactTime": str(order.at),
        "price": plain(order.price or Decimal(0)),
        "origQty": plain(order.quantity),
        "executedQty": plain(order.filled),
        "status": order.status,
        "timeInForce": "GTC",
        "type": order.type,
        "side": order.side,
    }


def _row(order: Order) -> dict[str, Any]:
    return _ack(order) | {
        "exchangeId": "301",
        "cummulativeQuoteQty": plain(order.filled * order.average),
        "cumulativeQuoteQty": plain(order.filled * order.average),
        "avgPrice": plain(order.average),
        "stopPrice": "0.0",
        "time": str(order.at),
        "updateTime": str(order.changed_at),
        "isWorking": True,
    }


def _place(market: Market, key: Key, book: Book, params: Params) -> Any:
    """A purchase at the market is told in USDT here: nothing of ours asks for one."""
    return _ack(
        book.place(market.new_order(params, params["newClientOrderId"], type=params["type"]))
    )


def _find(market: Market, key: Key, book: Book, params: Params) -> Any:
    order = book.find(params["origClientOrderId"])
    if order is None:
        raise Problem("not_found")
    return _row(order)


def _cancel(market: Market, key: Key, book: Book, params: Params) -> Any:
    return _ack(book.cancel(params["clientOrderId"]))


def _open(market: Market, key: Key, book: Book, params: Params) -> Any:
    rows = [(order.at, _row(order)) for order in book.orders if order.rests]
    return shown(rows, params, MOST_ORDERS)


def _ended(market: Market, key: Key, book: Book, params: Params) -> Any:
    rows = [(order.at, _row(order)) for order in book.orders]
    return shown(rows, params, MOST_ORDERS)


def _trades(market: Market, key: Key, book: Book, params: Params) -> Any:
    return shown([(trade.at, _trade(trade)) for trade in book.trades], params, MOST_TRADES)


def _trade(trade: Trade) -> dict[str, Any]:
    """Without fees: else a purchase's were taken in coins."""
    return {
        "id": str(trade.id),
        "clientOrderId": trade.order.client_id,
        "ticketId": str(trade.id),
        "symbol": SYMBOL,
        "symbolName": SYMBOL,
        "orderId": str(trade.order.id),
        "matchOrderId": "0",
        "price": plain(trade.price),
        "qty": plain(trade.quantity),
        "commission": plain(trade.fee),
        "commissionAsset": "USDT",
        "time": str(trade.at),
        "isBuyer": trade.order.side == BUY,
        "isMaker": trade.order.price is not None,
        "fee": {"feeCoinId": "USDT", "feeCoinName": "USDT", "fee": plain(trade.fee)},
        "feeCoinId": "USDT",
        "feeAmount": plain(trade.fee),
        "makerRebate": "0",
    }


def _price(market: Market) -> Any:
    return [{"s": SYMBOL, "p": plain(market.last)}]


def _account(market: Market, key: Key, book: Book, params: Params) -> Any:
    rows = {"USDT": (book.free, book.usdt - book.free), "BTC": (book.coins, Decimal(0))}
    return {
        "balances": [
            {
                "asset": name,
                "assetId": name,
                "assetName": name,
                "total": plain(free + locked),
                "free": plain(free),
                "locked": plain(locked),
            }
            for name, (free, locked) in rows.items()
        ],
        "userId": "1649292498437183234",
    }


def _time(market: Market) -> Any:
    return {"serverTime": market.clock()}


def _info(market: Market) -> Any:
    rules = [
        row for row in filters(market.rules) if row["filterType"] in {"PRICE_FILTER", "LOT_SIZE"}
    ]
    row = {
        "symbol": SYMBOL,
        "symbolName": SYMBOL,
        "status": "TRADING",
        "baseAsset": "BTC",
        "baseAssetName": "BTC",
        "baseAssetPrecision": "0.001",
        "quoteAsset": "USDT",
        "quoteAssetName": "USDT",
        "quotePrecision": "0.00000001",
        "retailAllowed": True,
        "icebergAllowed": False,
        "isAggregate": False,
        "allowMargin": False,
        "filters": [*rules, {"filterType": "MIN_NOTIONAL", "minNotional": "5"}],
    }
    return {
        "timezone": "UTC",
        "serverTime": str(market.clock()),
        "brokerFilters": [],
        "symbols": [row],
        "options": [],
        "contracts": [],
        "coins": [],
    }


LISTED = frozenset({"symbol", "startTime", "endTime", "limit"})


def spot() -> Market:
    needed = frozenset({"symbol", "side", "type", "quantity", "newClientOrderId"})
    return Market(
        name="hashkey",
        header="X-HK-APIKEY",
        codes=CODES,
        problems=PROBLEMS,
        unread="0001",
        public={
            "/api/v1/time": _time,
            "/api/v1/exchangeInfo": _info,
            "/quote/v1/ticker/price": _price,
        },
        private={
            ("POST", "/api/v1/spot/order"): Route(
                _place, needed, frozenset({"price", "timeInForce"})
            ),
            ("GET", "/api/v1/spot/order"): Route(_find, frozenset({"origClientOrderId"})),
            ("DELETE", "/api/v1/spot/order"): Route(_cancel, frozenset({"clientOrderId"})),
            ("GET", "/api/v1/spot/openOrders"): Route(_open, knows=frozenset({"symbol", "limit"})),
            ("GET", "/api/v1/spot/tradeOrders"): Route(_ended, knows=LISTED),
            ("GET", "/api/v1/account/trades"): Route(_trades, knows=LISTED),
            ("GET", "/api/v1/account"): Route(_account),
        },
    )
