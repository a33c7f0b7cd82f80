"""Bybit as ccxt would serve it: a witness beside our own adapter, against the same sandbox.

The platform reaches Bybit by its own adapter alone, so this profile stands among the tests.
"""

from __future__ import annotations

from exchanges.adapters.ccxt.units import in_contracts, number, plain
from exchanges.adapters.ccxt.venue import (
    Endpoint,
    Feature,
    Held,
    Product,
    Request,
    Site,
    Venue,
)
from exchanges.domain.errors import (
    DuplicateLinkId,
    InsufficientMargin,
    InvalidKey,
    InvalidOrder,
    NotFound,
    OutcomeUnknown,
    SignatureRefused,
    StopRefused,
    Unavailable,
)
from exchanges.domain.trading import Balance, OrderType, Side
from exchanges.domain.venues import Limits

LINEAR = {"category": "linear"}


class BybitLinear(Venue):
    kind = "bybit_by_ccxt"
    ccxt_id = "bybit"
    product = Product.SWAP
    sites = {"mainnet": Site(frozenset({"api.bybit.com"}))}
    features = frozenset({Feature.MARKET, Feature.REDUCE, Feature.TRIGGER, Feature.ATTACHED})
    options = {
        "defaultType": "swap",
        "fetchMarkets": {"types": ["linear"], "options": {}},
        "enableUnifiedMargin": False,
        "enableUnifiedAccount": True,
    }
    market_paths = ("/v5/market/instruments-info",)
    time_paths = ("/v5/market/time",)
    link_length = 36
    limits = Limits(600, 5_000, account_writes=10)
    code_paths = ("retCode",)
    codes = {
        **dict.fromkeys(("10000", "10016"), OutcomeUnknown),
        "10002": Unavailable,
        "10003": InvalidKey,
        "10004": SignatureRefused,
        "10001": InvalidOrder,
        "110001": NotFound,
        "110007": InsufficientMargin,
        "110072": DuplicateLinkId,
        **dict.fromkeys(("110092", "110093"), StopRefused),
    }

    ORDER = Endpoint("privatePostV5OrderCreate", "POST", "/v5/order/create", "result.orderId")
    AMEND = Endpoint("privatePostV5OrderAmend", "POST", "/v5/order/amend", "result.orderId")
    CANCEL = Endpoint("privatePostV5OrderCancel", "POST", "/v5/order/cancel", "result.orderId")
    OPEN = Endpoint("privateGetV5OrderRealtime", "GET", "/v5/order/realtime", "result.list.[]")
    PAST = Endpoint("privateGetV5OrderHistory", "GET", "/v5/order/history", "result.list.[]")
    WALLET = Endpoint(
        "privateGetV5AccountWalletBalance", "GET", "/v5/account/wallet-balance", "result.list.[]"
    )
    POSITIONS = Endpoint("privateGetV5PositionList", "GET", "/v5/position/list", "result.list.[]")

    def place(self, order, link, listing, account):
        params = LINEAR | {
            "symbol": listing.id,
            "side": "Buy" if order.side is Side.BUY else "Sell",
            "orderType": "Limit" if order.type is OrderType.LIMIT else "Market",
            "qty": in_contracts(order.quantity, listing.contract),
            "orderLinkId": link,
            "positionIdx": order.position_index,
            "reduceOnly": order.reduce_only,
        }
        if order.price is not None:
            params |= {"price": plain(order.price), "timeInForce": "GTC"}
        if order.trigger is not None:
            params |= {"triggerPrice": plain(order.trigger), "triggerBy": "LastPrice"}
            params["triggerDirection"] = 1 if order.trigger_rises else 2
        if order.stop is not None:
            params |= {"stopLoss": plain(order.stop), "slTriggerBy": "LastPrice"}
        if order.target is not None:
            params |= {"takeProfit": plain(order.target), "tpTriggerBy": "LastPrice"}
        return Request(self.ORDER, params, link)

    def cancels(self, link, listing):
        return [Request(self.CANCEL, LINEAR | {"symbol": listing.id, "orderLinkId": link}, link)]

    def amendment(self, terms, link, listing):
        figures = {"qty": in_contracts(terms.quantity, listing.contract)}
        figures["price"] = plain(terms.price)
        named = LINEAR | {"symbol": listing.id, "orderLinkId": link}
        return Request(self.AMEND, named | figures, link)

    def finds(self, link, listing):
        asked = LINEAR | {"symbol": listing.id, "orderLinkId": link}
        return [Request(self.OPEN, dict(asked)), Request(self.PAST, dict(asked))]

    def balance(self, ask, account):
        (row,) = ask(Request(self.WALLET, {"accountType": "UNIFIED"}))["result"]["list"]
        equity = number(row["totalEquity"])
        return Balance(equity, number(row["totalAvailableBalance"]), "")

    def positions(self, ask):
        rows = ask(Request(self.POSITIONS, LINEAR | {"settleCoin": "USDT"}))["result"]["list"]
        return [
            Held(
                row["symbol"],
                number(row["size"]) * (-1 if row["side"] == "Sell" else 1),
                number(row["avgPrice"]),
                number(row["leverage"]),
                int(row["positionIdx"]),
            )
            for row in rows
        ]


LINEAR_VENUE = BybitLinear()
