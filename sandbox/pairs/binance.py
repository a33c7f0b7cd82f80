"""Binance's words, for its spot market and for USDⓈ-M futures.

https://developers.binance.com/docs/binance-spot-api-docs/rest-api/trading-endpoints and
…/derivatives/usds-margined-futures/trade/rest-api; codes: …/errors.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sandbox.pairs import weights
from sandbox.pairs.book import BUY, CANCELED, NEW, Book, Order, Problem, Rules, Trade
from sandbox.pairs.dialect import Answer, Market, Params, Route, plain, shown
from sandbox.pairs.signing import Codes, Key

CODES = Codes(
    no_key="-2014",
    unknown_key="-2015",
    bad_signature="-1022",
    bad_time="-1021",
    bad_window="-1131",
    missing="-1102",
)
UNREAD = "-1104"
FILTERS = {
    "lot": ("-1013", "Filter failure: LOT_SIZE"),
    "tick": ("-1013", "Filter failure: PRICE_FILTER"),
    "notional": ("-1013", "Filter failure: NOTIONAL"),
    "not_found": ("-2011", "Unknown order sent."),
    "missing_order": ("-2013", "Order does not exist."),
}
SPOT_PROBLEMS = FILTERS | {
    "duplicate": ("-2010", "Duplicate order sent."),
    "money": ("-2010", "Account has insufficient balance for requested action."),
    "immediate": ("-2010", "Stop price would trigger immediately."),
    "span": ("-1127", "More than 24 hours between startTime and endTime."),
}
USDM_PROBLEMS = FILTERS | {
    "duplicate": ("-4116", "ClientOrderId is duplicated."),
    "money": ("-2019", "Margin is insufficient."),
    "immediate": ("-2021", "Order would immediately trigger."),
    "nothing_to_reduce": ("-2022", "ReduceOnly Order is rejected."),
    "leverage": ("-4028", "Leverage is not valid"),
    "side": ("-4061", "Order's position side does not match user's setting."),
    "no_change": ("-5027", "No need to modify the order."),
    "span": ("-4166", "Search window is restricted."),
}
DAY_MS = 24 * 3600 * 1000
MOST_ROWS = 1000
MOST_LEVERAGE = 125
READS = {"enableReading": True, "ipRestrict": True}
SYMBOL = "BTCUSDT"
FINE = Decimal("0.00001")  # BTC: the spot market's step


# --- orders --------------------------------------------------------------------------------------


def _ack(order: Order) -> dict[str, Any]:
    return {
        "symbol": SYMBOL,
        "orderId": order.id,
        "clientOrderId": order.client_id,
        "transactTime": order.at,
    }


def _row(order: Order) -> dict[str, Any]:
    return _ack(order) | {
        "price": plain(order.price or Decimal(0)),
        "origQty": plain(order.quantity),
        "executedQty": plain(order.filled),
        "cummulativeQuoteQty": plain(order.filled * order.average),
        "cumQuote": plain(order.filled * order.average),
        "avgPrice": plain(order.average),
        "status": order.status,
        "timeInForce": "GTC",
        "type": order.type,
        "origType": order.type,
        "side": order.side,
        "positionSide": "BOTH",
        "reduceOnly": order.reduces,
        "stopPrice": plain(order.trigger or Decimal(0)),
        "time": order.at,
        "updateTime": order.changed_at,
    }


def _place_spot(market: Market, key: Key, book: Book, params: Params) -> Any:
    waits = params["type"] in {"STOP_LOSS", "TAKE_PROFIT"}
    is_stop = params["type"] == "STOP_LOSS"
    order = market.new_order(
        params,
        params["newClientOrderId"],
        type=params["type"],
        trigger=market.number(params["stopPrice"]) if waits else None,
        rises=is_stop is (params["side"] == BUY),
    )
    return _ack(book.place(order))


def _place_usdm(market: Market, key: Key, book: Book, params: Params) -> Any:
    _check_side(book, params)
    order = market.new_order(
        params,
        params["newClientOrderId"],
        type=params["type"],
        reduces=params.get("reduceOnly") == "true",
    )
    return _ack(book.place(order))


def _check_side(book: Book, params: Params) -> None:
    """In hedge mode every order names its side, and in one-way mode none does."""
    if (params.get("positionSide", "BOTH") != "BOTH") is not book.is_hedge:
        raise Problem("side")


def _place_algo(market: Market, key: Key, book: Book, params: Params) -> Any:
    _check_side(book, params)
    is_stop = params["type"] == "STOP_MARKET"
    order = market.new_order(
        params,
        params["clientAlgoId"],
        type=params["type"],
        trigger=market.number(params["triggerPrice"]),
        rises=is_stop is (params["side"] == BUY),
        reduces=params.get("reduceOnly") == "true",
    )
    return _algo(book.place(order))


def _algo(order: Order) -> dict[str, Any]:
    states = {NEW: "NEW", CANCELED: "CANCELED"}
    return {
        "algoId": order.id,
        "clientAlgoId": order.client_id,
        "algoType": "CONDITIONAL",
        "orderType": order.type,
        "symbol": SYMBOL,
        "side": order.side,
        "positionSide": "BOTH",
        "timeInForce": "GTC",
        "quantity": plain(order.quantity),
        "algoStatus": states.get(order.status, "FINISHED"),
        "triggerPrice": plain(order.trigger or Decimal(0)),
        "price": "0",
        "workingType": "CONTRACT_PRICE",
        "reduceOnly": order.reduces,
        "createTime": order.at,
        "updateTime": order.changed_at,
        "triggerTime": order.became.at if order.became else 0,
        "actualOrderId": str(order.became.id) if order.became else "",
        "actualPrice": plain(order.became.average if order.became else Decimal(0)),
    }


def _known(book: Book, client_id: str, *, is_algo: bool) -> Order:
    """Orders that wait for a price stand in a list of their own on the futures market."""
    order = book.find(client_id)
    if order is None or (order.trigger is not None) is not is_algo:
        raise Problem("missing_order")
    return order


def _find_spot(market: Market, key: Key, book: Book, params: Params) -> Any:
    order = book.find(params["origClientOrderId"])
    if order is None:
        raise Problem("missing_order")
    return _row(order)


def _find_usdm(market: Market, key: Key, book: Book, params: Params) -> Any:
    if number := params.get("orderId"):
        found = next((o for o in book.orders if str(o.id) == number and o.trigger is None), None)
        if found is None:
            raise Problem("missing_order")
        return _row(found)
    if "origClientOrderId" not in params:
        raise Problem("missing_order")
    return _row(_known(book, params["origClientOrderId"], is_algo=False))


def _find_algo(market: Market, key: Key, book: Book, params: Params) -> Any:
    return _algo(_known(book, params["clientAlgoId"], is_algo=True))


def _cancel_spot(market: Market, key: Key, book: Book, params: Params) -> Any:
    return _row(book.cancel(params["origClientOrderId"]))


def _cancel_usdm(market: Market, key: Key, book: Book, params: Params) -> Any:
    order = book.find(params["origClientOrderId"])
    if order is not None and order.trigger is not None:
        raise Problem("not_found")
    return _row(book.cancel(params["origClientOrderId"]))


def _amend_usdm(market: Market, key: Key, book: Book, params: Params) -> Any:
    """Both figures must be told, the quantity of the whole order (…/rest-api/Modify-Order).

    Orders fill at once here, so that none is cancelled for asking less than is filled of it. What
    is said to the wrong side is told nowhere: such an order does not exist.
    """
    quantity, price = market.number(params["quantity"]), market.number(params["price"])
    return _row(book.amend(params["origClientOrderId"], params["side"], quantity, price))


def _cancel_algo(market: Market, key: Key, book: Book, params: Params) -> Any:
    _known(book, params["clientAlgoId"], is_algo=True)
    return _algo(book.cancel(params["clientAlgoId"])) | {"code": "200", "msg": "success"}


# --- lists ---------------------------------------------------------------------------------------


def _check_span(params: Params, days: int) -> None:
    start, end = int(params.get("startTime", 0)), int(params.get("endTime", 0))
    if start and end and end - start >= days * DAY_MS:
        raise Problem("span")


def _spot_orders(market: Market, key: Key, book: Book, params: Params) -> Any:
    _check_span(params, 1)
    return shown([(order.at, _row(order)) for order in book.orders], params, MOST_ROWS)


def _spot_open(market: Market, key: Key, book: Book, params: Params) -> Any:
    return [_row(order) for order in book.orders if order.rests]


def _usdm_orders(market: Market, key: Key, book: Book, params: Params) -> Any:
    _check_span(params, 7)
    orders = [order for order in book.orders if order.trigger is None]
    return shown([(order.at, _row(order)) for order in orders], params, MOST_ROWS)


def _usdm_open(market: Market, key: Key, book: Book, params: Params) -> Any:
    return [_row(order) for order in book.orders if order.rests and order.trigger is None]


def _algos(market: Market, key: Key, book: Book, params: Params) -> Any:
    _check_span(params, 7)
    orders = [order for order in book.orders if order.trigger is not None]
    return shown([(order.at, _algo(order)) for order in orders], params, MOST_ROWS)


def _open_algos(market: Market, key: Key, book: Book, params: Params) -> Any:
    return [_algo(order) for order in book.orders if order.rests and order.trigger is not None]


def _trade(trade: Trade) -> dict[str, Any]:
    return {
        "symbol": SYMBOL,
        "id": trade.id,
        "orderId": trade.order.id,
        "price": plain(trade.price),
        "qty": plain(trade.quantity),
        "quoteQty": plain(trade.price * trade.quantity),
        "commission": plain(trade.fee),
        "commissionAsset": "BTC" if trade.fee_in_coins else "USDT",
        "time": trade.at,
    }


def _spot_trades(market: Market, key: Key, book: Book, params: Params) -> Any:
    _check_span(params, 1)
    rows = [
        (
            trade.at,
            _trade(trade)
            | {"orderListId": -1, "isBuyer": trade.order.side == BUY}
            | {"isMaker": trade.order.price is not None, "isBestMatch": True},
        )
        for trade in book.trades
    ]
    return shown(rows, params, MOST_ROWS)


def _usdm_trades(market: Market, key: Key, book: Book, params: Params) -> Any:
    _check_span(params, 7)
    rows = [
        (
            trade.at,
            _trade(trade)
            | {"side": trade.order.side, "positionSide": "BOTH", "marginAsset": "USDT"}
            | {"buyer": trade.order.side == BUY, "maker": trade.order.price is not None}
            | {"realizedPnl": plain(trade.result)},
        )
        for trade in book.trades
    ]
    return shown(rows, params, MOST_ROWS)


# --- settings ------------------------------------------------------------------------------------


def _account_config(market: Market, key: Key, book: Book, params: Params) -> Any:
    return {
        "feeTier": 0,
        "canTrade": True,
        "dualSidePosition": book.is_hedge,
        "multiAssetsMargin": False,
        "updateTime": 0,
    }


def _symbol_config(market: Market, key: Key, book: Book, params: Params) -> Any:
    leverage = int(book.leverage or 1)
    return [{"symbol": SYMBOL, "marginType": "CROSSED", "leverage": leverage}]


def _set_leverage(market: Market, key: Key, book: Book, params: Params) -> Any:
    said = params["leverage"]
    if not said.isdigit() or not 1 <= int(said) <= MOST_LEVERAGE:
        raise Problem("leverage")
    book.leverage = Decimal(said)
    return {"symbol": SYMBOL, "leverage": int(said), "maxNotionalValue": "1000000"}


def _set_hedge(market: Market, key: Key, book: Book, params: Params) -> Any:
    book.is_hedge = params["dualSidePosition"] == "true"
    return {"code": 200, "msg": "success"}


# --- accounts ------------------------------------------------------------------------------------


def _rights(market: Market, key: Key, book: Book, params: Params) -> Any:
    switches = dict.fromkeys(
        (
            *("enableReading", "enableWithdrawals", "enableInternalTransfer", "enableMargin"),
            *("permitsUniversalTransfer", "enableFutures", "enableSpotAndMarginTrading"),
            *("enableVanillaOptions", "enablePortfolioMarginTrading", "enableFixApiTrade"),
            *("enableFixReadOnly", "ipRestrict"),
        ),
        False,
    )
    return switches | key.rights | {"createTime": market.clock()}


def _spot_account(market: Market, key: Key, book: Book, params: Params) -> Any:
    return {
        "uid": 10_000 + list(market.keys).index(key.api_key),
        "canTrade": True,
        "balances": [
            {"asset": "USDT", "free": plain(book.free), "locked": plain(book.usdt - book.free)},
            {
                "asset": "BTC",
                "free": plain(book.coins - book.locked),
                "locked": plain(book.locked),
            },
        ],
    }


def _usdm_account(market: Market, key: Key, book: Book, params: Params) -> Any:
    equity = book.usdt + book.coins * (book.last - book.entry)
    asset = {"marginBalance": plain(equity), "availableBalance": plain(book.free)}
    return {"assets": [{"asset": "USDT"} | asset], "positions": []}


def _positions(market: Market, key: Key, book: Book, params: Params) -> Any:
    if not book.coins:
        return []
    return [
        {
            "symbol": SYMBOL,
            "positionSide": "BOTH",
            "positionAmt": plain(book.coins),
            "entryPrice": plain(book.entry),
        }
    ]


# --- public --------------------------------------------------------------------------------------


def _time(market: Market) -> Any:
    return {"serverTime": market.clock()}


def _last(market: Market) -> Any:
    return [{"symbol": SYMBOL, "price": plain(market.last)}]


def _best(market: Market) -> Any:
    return [{"symbol": SYMBOL, "bidPrice": plain(market.last), "askPrice": plain(market.last)}]


def _mark(market: Market) -> Any:
    return [{"symbol": SYMBOL, "markPrice": plain(market.last), "time": market.clock()}]


def filters(rules: Rules) -> list[dict[str, str]]:
    lot = {"minQty": plain(rules.least), "stepSize": plain(rules.step)}
    return [
        {"filterType": "PRICE_FILTER", "minPrice": "0.1", "maxPrice": "1000000", "tickSize": "0.1"},
        {"filterType": "LOT_SIZE", "maxQty": "100"} | lot,
        {"filterType": "MARKET_LOT_SIZE", "maxQty": "50"} | lot,
        {"filterType": "NOTIONAL", "minNotional": "5", "notional": "5"},
    ]


def _info(market: Market) -> Any:
    row: dict[str, Any] = {
        "symbol": SYMBOL,
        "pair": SYMBOL,
        "status": "TRADING",
        "baseAsset": "BTC",
        "quoteAsset": "USDT",
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        "orderTypes": ["LIMIT", "MARKET", "STOP_LOSS", "TAKE_PROFIT"],
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "filters": filters(market.rules),
        "permissions": [],
        "permissionSets": [["SPOT"]],
    }
    if market.leverage is not None:
        row |= {"contractType": "PERPETUAL", "marginAsset": "USDT", "underlyingType": "COIN"}
        row |= {"deliveryDate": 4133404800000, "onboardDate": 1569398400000}
        row |= {"pricePrecision": 1, "quantityPrecision": 3}
        row |= {"orderTypes": ["LIMIT", "MARKET", "STOP_MARKET", "TAKE_PROFIT_MARKET"]}
    return {"timezone": "UTC", "serverTime": market.clock(), "symbols": [row]}


# --- the markets ---------------------------------------------------------------------------------


NEEDED = frozenset({"symbol", "side", "type", "quantity"})
BY_NAME = Route(_find_spot, frozenset({"symbol", "origClientOrderId"}))
SYMBOL_ALONE = frozenset({"symbol"})
TIMES = frozenset({"startTime", "endTime", "limit"})


def open_of(answer: Answer) -> Route:
    """What rests now: of one symbol, or of all."""
    return Route(answer, knows=SYMBOL_ALONE)


def by_time(answer: Answer) -> Route:
    return Route(answer, SYMBOL_ALONE, TIMES)


RESTRICTIONS = ("GET", "/sapi/v1/account/apiRestrictions")


def spot() -> Market:
    return Market(
        name="binance",
        header="X-MBX-APIKEY",
        codes=CODES,
        problems=SPOT_PROBLEMS,
        unread=UNREAD,
        rights=READS | {"enableSpotAndMarginTrading": True},
        weights=weights.spot(),
        fee=Decimal("0.001"),
        fee_in_coins=True,
        rules=Rules(step=FINE, least=FINE),
        public={
            "/api/v3/time": _time,
            "/api/v3/exchangeInfo": _info,
            "/api/v3/ticker/price": _last,
            "/api/v3/ticker/bookTicker": _best,
        },
        private={
            ("POST", "/api/v3/order"): Route(
                _place_spot,
                NEEDED | {"newClientOrderId"},
                frozenset({"price", "timeInForce", "stopPrice", "newOrderRespType"}),
            ),
            ("GET", "/api/v3/order"): BY_NAME,
            ("DELETE", "/api/v3/order"): Route(_cancel_spot, BY_NAME.needs),
            ("GET", "/api/v3/openOrders"): open_of(_spot_open),
            ("GET", "/api/v3/allOrders"): by_time(_spot_orders),
            ("GET", "/api/v3/myTrades"): by_time(_spot_trades),
            ("GET", "/api/v3/account"): Route(_spot_account, knows=frozenset({"omitZeroBalances"})),
            RESTRICTIONS: Route(_rights),
        },
    )


def usdm() -> Market:
    options = frozenset({"positionSide", "reduceOnly"})
    named = frozenset({"clientAlgoId"})
    return Market(
        name="binance_usdm",
        header="X-MBX-APIKEY",
        codes=CODES,
        problems=USDM_PROBLEMS,
        unread=UNREAD,
        rights=READS | {"enableFutures": True},
        weights=weights.usdm(),
        leverage=Decimal(10),
        fee=Decimal("0.0005"),
        public={
            "/fapi/v1/time": _time,
            "/fapi/v1/exchangeInfo": _info,
            "/fapi/v2/ticker/price": _last,
            "/fapi/v1/premiumIndex": _mark,
        },
        private={
            ("POST", "/fapi/v1/order"): Route(
                _place_usdm,
                NEEDED | {"newClientOrderId"},
                options | {"price", "timeInForce", "newOrderRespType"},
            ),
            ("POST", "/fapi/v1/algoOrder"): Route(
                _place_algo,
                NEEDED | named | {"algoType", "triggerPrice"},
                options | {"workingType"},
            ),
            ("GET", "/fapi/v1/order"): Route(
                _find_usdm, SYMBOL_ALONE, frozenset({"origClientOrderId", "orderId"})
            ),
            ("GET", "/fapi/v1/openOrders"): open_of(_usdm_open),
            ("GET", "/fapi/v1/openAlgoOrders"): open_of(_open_algos),
            ("GET", "/fapi/v1/allOrders"): by_time(_usdm_orders),
            ("GET", "/fapi/v1/allAlgoOrders"): by_time(_algos),
            ("GET", "/fapi/v1/userTrades"): by_time(_usdm_trades),
            ("GET", "/fapi/v1/accountConfig"): Route(_account_config),
            ("GET", "/fapi/v1/symbolConfig"): open_of(_symbol_config),
            ("POST", "/fapi/v1/leverage"): Route(_set_leverage, frozenset({"symbol", "leverage"})),
            ("POST", "/fapi/v1/positionSide/dual"): Route(
                _set_hedge, frozenset({"dualSidePosition"})
            ),
            ("GET", "/fapi/v1/algoOrder"): Route(_find_algo, named),
            ("PUT", "/fapi/v1/order"): Route(
                _amend_usdm, BY_NAME.needs | {"side", "quantity", "price"}
            ),
            ("DELETE", "/fapi/v1/order"): Route(_cancel_usdm, BY_NAME.needs),
            ("DELETE", "/fapi/v1/algoOrder"): Route(_cancel_algo, named),
            ("GET", "/fapi/v3/account"): Route(_usdm_account),
            ("GET", "/fapi/v3/positionRisk"): Route(_positions, knows=frozenset({"symbol"})),
            RESTRICTIONS: Route(_rights),
            ("GET", "/api/v3/account"): Route(_spot_account, knows=frozenset({"omitZeroBalances"})),
        },
    )
