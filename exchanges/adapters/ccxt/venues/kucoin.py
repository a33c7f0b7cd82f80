"""KuCoin: spot (high-frequency endpoints) and perpetuals. https://www.kucoin.com/docs-new."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

from exchanges.adapters.ccxt.answers import at
from exchanges.adapters.ccxt.keys import Scope, key_facts, words
from exchanges.adapters.ccxt.paging import numbered
from exchanges.adapters.ccxt.spans import Span
from exchanges.adapters.ccxt.units import (
    ZERO,
    in_contracts,
    in_whole_contracts,
    number,
    number_or_none,
    plain,
    whole,
)
from exchanges.adapters.ccxt.venue import (
    Account,
    Ask,
    Endpoint,
    Feature,
    Held,
    Json,
    Listing,
    Params,
    Price,
    Product,
    Query,
    Request,
    Setting,
    Site,
    Venue,
)
from exchanges.adapters.ccxt.venues.shared import (
    COIN,
    POSITION_INDEXES,
    coins,
    first_time,
    is_limit,
    swap_balance,
)
from exchanges.domain.errors import (
    AccountBarred,
    DuplicateLinkId,
    ExchangeError,
    InsufficientMargin,
    InvalidKey,
    InvalidOrder,
    IpNotAllowed,
    MarginModeMismatch,
    NotFound,
    OrderRejected,
    OutcomeUnknown,
    PermissionMissing,
    PositionModeMismatch,
    RateLimited,
    SignatureRefused,
    SymbolNotTradable,
    Unavailable,
)
from exchanges.domain.trading import Balance, KeyFacts, NewOrder, Side
from exchanges.domain.venues import Limits

CODES: dict[str, type[ExchangeError]] = {
    **dict.fromkeys(("500", "503", "500000"), OutcomeUnknown),
    **dict.fromkeys(("429", "429000"), RateLimited),
    "400002": Unavailable,
    **dict.fromkeys(("400001", "400003", "400004", "400401"), InvalidKey),
    "400005": SignatureRefused,
    "400006": IpNotAllowed,
    **dict.fromkeys(("400007", "400303", "101030"), PermissionMissing),
    **dict.fromkeys(("411100", "400500", "112010"), AccountBarred),
    **dict.fromkeys(
        ("200004", "210021", "230003", "260100", "300003", "330008", "600100"), InsufficientMargin
    ),
    **dict.fromkeys(("100004", "126043", "order_not_exist"), NotFound),
    **dict.fromkeys(("126033", "126044"), DuplicateLinkId),
    **dict.fromkeys(("330011", "330012"), PositionModeMismatch),
    **dict.fromkeys(("400600", "400000"), SymbolNotTradable),
    "330005": MarginModeMismatch,
    **dict.fromkeys(("300009", "300011", "300012", "400200", "400350"), OrderRejected),
    **dict.fromkeys(("100001", "300000", "400330", "400370", "400760", "600101"), InvalidOrder),
}
# 400100 is whatever its words say, and 100001 where they name an order.
TEXTS: tuple[tuple[str, type[ExchangeError]], ...] = (
    ("order_not_exist", NotFound),
    ("order does not exist", NotFound),
    ("order not exist", NotFound),
    ("ordernotexist", NotFound),
    ("clientoid duplicate", DuplicateLinkId),
    ("size below the minimum", InvalidOrder),
    ("increment invalid", InvalidOrder),
)
READS: dict[str, Scope] = {
    "General": Scope.READ,
    "InnerTransfer": Scope.TRANSFER,
    "Transfer": Scope.WITHDRAW,  # it moves coins to where they can be withdrawn
}
KEY = Endpoint("privateGetUserApiKey", "GET", "/api/v1/user/api-key", "data.permission", weight=20)
WEEK = timedelta(days=7)  # of lists by time no more is told at once
MARKED, STOPS, PAGED = 100, 500, 1000  # rows of a page, the most that each kind of list takes
# https://github.com/Kucoin/kucoin-java-sdk (StopOrderStatusEnum)
STOP_STATES = {
    **dict.fromkeys(("NEW", "PENDING"), "open"),
    "CANCELLED": "canceled",
    **dict.fromkeys(("TRIGGERED", "DONE"), "closed"),
}


def _behind(answer: Json, rows: list[Json], _words: Params) -> Sequence[Params]:
    """A full page is followed by what stands behind the mark that its answer names."""
    if len(rows) < MARKED:
        return ()
    mark = at(answer, "data.lastId")
    if not mark:
        raise Unavailable("a full page that does not say where it ends")
    return ({"lastId": mark},)


def _scope(listing: Listing | None) -> Params:
    return {"symbol": listing.id} if listing is not None else {}


def _trading(rows: list[Json]) -> list[Json]:
    """Of the accounts, those that trade; what lies in the main one must be moved first."""
    return [row for row in rows if row["type"] in {"trade", "trade_hf"}]


def _key_facts(ask: Ask, trading: dict[str, Scope]) -> KeyFacts:
    info = ask(Request(KEY, {}))["data"]
    return key_facts(
        words(info["permission"]),
        READS | trading,
        uid=str(info["uid"]),
        addresses=words(info.get("ipWhitelist")),
    )


class KucoinSpot(Venue):
    kind = "kucoin"
    ccxt_id = "kucoin"
    product = Product.SPOT
    sites = {"mainnet": Site(frozenset({"api.kucoin.com"}))}
    features = frozenset({Feature.MARKET, Feature.REDUCE, Feature.TRIGGER})
    has_passphrase = True
    options = {"uta": False, "fetchMarkets": {"types": ["spot"], "fetchTickersFees": False}}
    market_paths = ("/api/v2/symbols", "/api/v1/symbols", "/api/v3/margin/symbols")
    time_paths = ("/api/v1/timestamp",)
    market_weight, time_weight = 16, 3
    link_length = 40
    # Each account has a pool of 4,000 in 30 s, futures 2,000 (…/docs-new/rate-limit), and in front
    # stands a wall that counts requests by address, 500 in 10 s
    # (…/docs/basic-info/request-rate-limit/rest-api). Ours is the address's, within both.
    limits = Limits(500, 10_000, account_writes=10, look=19)
    # https://www.kucoin.com/docs/basic-info/connection-method/types/timestamps
    accepts_seconds = 5.0
    codes = CODES
    texts = TEXTS

    ORDER = Endpoint("privatePostHfOrders", "POST", "/api/v1/hf/orders", "data.orderId")
    TRIGGER = Endpoint(
        "privatePostStopOrder", "POST", "/api/v1/stop-order", "data.orderId", weight=2
    )
    CANCEL = Endpoint(
        "privateDeleteHfOrdersClientOrderClientOid",
        "DELETE",
        "/api/v1/hf/orders/client-order/*",
        "data.clientOid",
    )
    CANCEL_TRIGGER = Endpoint(
        "privateDeleteStopOrderCancelOrderByClientOid",
        "DELETE",
        "/api/v1/stop-order/cancelOrderByClientOid",
        "data.clientOid",
        weight=5,
    )
    FIND = Endpoint(
        "privateGetHfOrdersClientOrderClientOid",
        "GET",
        "/api/v1/hf/orders/client-order/*",
        "data.id",
        weight=2,
    )
    FIND_TRIGGER = Endpoint(
        "privateGetStopOrderQueryOrderByClientOid",
        "GET",
        "/api/v1/stop-order/queryOrderByClientOid",
        "data.[]",
        weight=3,
    )
    BUSY = Endpoint(
        "privateGetHfOrdersActiveSymbols",
        "GET",
        "/api/v1/hf/orders/active/symbols",
        "data.symbols.[]",
        weight=2,
    )
    OPEN = Endpoint(
        "privateGetHfOrdersActive", "GET", "/api/v1/hf/orders/active", "data.[]", weight=2
    )
    OPEN_TRIGGERS = Endpoint(
        "privateGetStopOrder", "GET", "/api/v1/stop-order", "data.items.[]", weight=8
    )
    ENDED = Endpoint(
        "privateGetHfOrdersDone", "GET", "/api/v1/hf/orders/done", "data.items.[]", weight=2
    )
    TRADES = Endpoint("privateGetHfFills", "GET", "/api/v1/hf/fills", "data.items.[]", weight=2)
    LAST = Endpoint(
        "publicGetMarketAllTickers", "GET", "/api/v1/market/allTickers", "data.ticker.[]", weight=15
    )
    ACCOUNTS = Endpoint("privateGetAccounts", "GET", "/api/v1/accounts", "data.[]", weight=5)

    def place(self, order: NewOrder, link: str, listing: Listing, account: Account) -> Request:
        params: Params = {
            "clientOid": link,
            "symbol": listing.id,
            "side": order.side.value,
            "type": order.type.value,
            "size": in_contracts(order.quantity, listing.contract),
        }
        if order.price is not None:
            params |= {"price": plain(order.price), "timeInForce": "GTC"}
        if order.trigger is None:
            return Request(self.ORDER, params, link)
        # Here `entry` and `loss` mean no more than that the price rises, or falls, to the trigger.
        direction = "entry" if order.trigger_rises else "loss"
        params |= {"stop": direction, "stopPrice": plain(order.trigger), "tradeType": "TRADE"}
        return Request(self.TRIGGER, params)

    def cancels(self, link: str, listing: Listing) -> Sequence[Request]:
        named = {"symbol": listing.id, "clientOid": link}
        return [Request(self.CANCEL, named), Request(self.CANCEL_TRIGGER, named)]

    def finds(self, link: str, listing: Listing) -> Sequence[Request]:
        named = {"symbol": listing.id, "clientOid": link}
        return [Request(self.FIND, named), Request(self.FIND_TRIGGER, named)]

    def read_order(
        self, client: Any, row: Json, market: Mapping[str, Any] | None
    ) -> dict[str, Any]:
        """Of a stop's states ccxt knows one, and never when an order last changed."""
        if "status" in row:
            return dict(client.parse_order(row, market)) | {"status": STOP_STATES[row["status"]]}
        read = client.parse_order(row | {"stop": None}, market)
        return dict(read) | {"lastUpdateTimestamp": row.get("lastUpdatedAt")}

    def fired_at(self, row: Json) -> int:
        """One that was triggered stands among the orders, where it is looked for first."""
        has_fired = STOP_STATES.get(row.get("status", "")) == "closed"
        return first_time(row, "stopTriggerTime", "createdAt") if has_fired else 0

    def scopes(self, ask: Ask, listings: Mapping[str, Listing]) -> Sequence[Listing | None]:
        """Of stops there is a list of all markets; of orders, one of the markets with any."""
        busy = ask(Request(self.BUSY, {}))["data"]["symbols"] or []
        return [None, *(listings[one] for one in busy if one in listings)]

    def resting(self, listing: Listing | None, account: Account) -> Sequence[Query]:
        words = _scope(listing) | {"pageSize": STOPS}
        stops = Query(self.OPEN_TRIGGERS, words, numbered("currentPage", STOPS))
        if listing is None:
            return [stops]
        return [Query(self.OPEN, _scope(listing)), stops]

    def ended(self, listing: Listing, span: Span) -> Sequence[Query]:
        """Stops that were withdrawn are in no list; each tells of itself."""
        return self._within(self.ENDED, listing, span)

    def fills(self, listing: Listing, span: Span) -> Sequence[Query]:
        return self._within(self.TRADES, listing, span)

    @staticmethod
    def _within(endpoint: Endpoint, listing: Listing, span: Span) -> list[Query]:
        words = _scope(listing) | {"limit": MARKED}
        return [
            Query(endpoint, words | {"startAt": part.start, "endAt": part.end}, _behind)
            for part in span.parts(WEEK)
        ]

    def prices(self, ask: Ask) -> list[Price]:
        return [
            Price(
                row["symbol"],
                number(row["last"]),
                bid=number_or_none(row.get("buy")),
                ask=number_or_none(row.get("sell")),
            )
            for row in ask(Request(self.LAST, {}))["data"]["ticker"]
        ]

    def positions(self, ask: Ask) -> list[Held]:
        found: dict[str, Json] = {}
        for row in _trading(ask(Request(self.ACCOUNTS, {}))["data"]):
            known = found.get(row["currency"], {"free": ZERO, "locked": ZERO})
            found[row["currency"]] = {
                "currency": row["currency"],
                "free": known["free"] + number(row["available"]),
                "locked": known["locked"] + number(row["holds"]),
            }
        return coins(found.values(), "currency", "{}-USDT")

    def balance(self, ask: Ask, account: Account) -> Balance:
        trading = _trading(ask(Request(self.ACCOUNTS, {"currency": COIN}))["data"])
        whole = sum((number(row["balance"]) for row in trading), ZERO)
        return Balance(whole, sum((number(row["available"]) for row in trading), ZERO), "")

    def key_facts(self, ask: Ask, account: Account) -> KeyFacts:
        return _key_facts(ask, {"Spot": Scope.TRADE})


class KucoinFutures(Venue):
    kind = "kucoin_futures"
    ccxt_id = "kucoinfutures"
    product = Product.SWAP
    sites = {"mainnet": Site(frozenset({"api-futures.kucoin.com", "api.kucoin.com"}))}
    features = frozenset({Feature.MARKET, Feature.REDUCE, Feature.TRIGGER, Feature.ATTACHED})
    has_passphrase = True
    options = {"uta": False}
    market_paths = ("/api/v1/contracts/active",)
    time_paths = ("/api/v1/timestamp",)
    delivery_field = "expireDate"
    market_weight, time_weight = 6, 4
    link_length = 40
    limits = Limits(660, 10_000, account_writes=10, entry=2, look=17)  # 2,000 in 30 s, see above
    accepts_seconds = 5.0  # as on its spot market
    codes = CODES
    texts = TEXTS

    ORDER = Endpoint("futuresPrivatePostOrders", "POST", "/api/v1/orders", "data.orderId", weight=2)
    ATTACHED = Endpoint(
        "futuresPrivatePostStOrders", "POST", "/api/v1/st-orders", "data.orderId", weight=2
    )
    # Both know stops as well as orders (…/docs-new/rest/futures-trading/orders/cancel-order-by-…).
    CANCEL = Endpoint(
        "futuresPrivateDeleteOrdersClientOrderClientOid",
        "DELETE",
        "/api/v1/orders/client-order/*",
        "data.clientOid",
    )
    FIND = Endpoint(
        "futuresPrivateGetOrdersByClientOid",
        "GET",
        "/api/v1/orders/byClientOid",
        "data.id",
        weight=5,
    )
    LIST = Endpoint("futuresPrivateGetOrders", "GET", "/api/v1/orders", "data.items.[]", weight=2)
    STOPS = Endpoint(
        "futuresPrivateGetStopOrders", "GET", "/api/v1/stopOrders", "data.items.[]", weight=6
    )
    TRADES = Endpoint("futuresPrivateGetFills", "GET", "/api/v1/fills", "data.items.[]", weight=5)
    MODE = Endpoint(
        "futuresPrivateGetPositionGetPositionMode",
        "GET",
        "/api/v2/position/getPositionMode",
        "data",
        weight=2,
    )
    LEVERAGE = Endpoint(
        "futuresPrivateGetGetCrossUserLeverage",
        "GET",
        "/api/v2/getCrossUserLeverage",
        "data.leverage",
        weight=2,
    )
    SET_LEVERAGE = Endpoint(
        "futuresPrivatePostChangeCrossUserLeverage",
        "POST",
        "/api/v2/changeCrossUserLeverage",
        "data",
        weight=2,
    )
    LAST = Endpoint("futuresPublicGetAllTickers", "GET", "/api/v1/allTickers", "data.[]", weight=10)
    MARK = Endpoint(
        "futuresPublicGetContractsActive", "GET", "/api/v1/contracts/active", "data.[]", weight=6
    )
    POSITIONS = Endpoint(
        "futuresPrivateGetPositions", "GET", "/api/v1/positions", "data.[]", weight=2
    )
    OVERVIEW = Endpoint(
        "futuresPrivateGetAccountOverview",
        "GET",
        "/api/v1/account-overview",
        "data.currency",
        weight=5,
    )

    def place(self, order: NewOrder, link: str, listing: Listing, account: Account) -> Request:
        """Ccxt says `leverage` 1 with every order; here the account's own counts.

        A contract that stands on isolated margin refuses what says cross (330005): its owner
        switches it, which KuCoin lets be done while nothing rests or is held there.
        """
        params: Params = {
            "clientOid": link,
            "symbol": listing.id,
            "side": order.side.value,
            "type": order.type.value,
            "size": in_whole_contracts(order.quantity, listing.contract),
            "marginMode": "CROSS",
        }
        if is_limit(order) and order.price is not None:
            params |= {"price": plain(order.price), "timeInForce": "GTC"}
        if order.reduce_only:
            params["reduceOnly"] = True
        if order.trigger is not None:
            params |= {
                "stop": "up" if order.trigger_rises else "down",
                "stopPrice": plain(order.trigger),
                "stopPriceType": "TP",  # the last traded price
            }
        attached = self._attached(order)
        if attached:
            return Request(self.ATTACHED, params | attached)
        return Request(self.ORDER, params)

    @staticmethod
    def _attached(order: NewOrder) -> Params:
        """By direction: what lies above a purchase is its target, and above a sale its stop."""
        levels = (
            (order.target, order.stop) if order.side is Side.BUY else (order.stop, order.target)
        )
        names = ("triggerStopUpPrice", "triggerStopDownPrice")
        told: Params = {
            name: plain(level)
            for name, level in zip(names, levels, strict=True)
            if level is not None
        }
        return told | {"stopPriceType": "TP"} if told else {}  # the last traded price

    def cancels(self, link: str, listing: Listing) -> Sequence[Request]:
        return [Request(self.CANCEL, {"symbol": listing.id, "clientOid": link})]

    def finds(self, link: str, listing: Listing) -> Sequence[Request]:
        return [Request(self.FIND, {"clientOid": link})]

    def read_order(
        self, client: Any, row: Json, market: Mapping[str, Any] | None
    ) -> dict[str, Any]:
        """A stop that was triggered is the same order: done without all of it, it was cut short."""
        read = dict(client.parse_order(row, market))
        if read["status"] == "closed" and number(row["filledSize"]) < number(row["size"]):
            read["status"] = "expired"
        return read

    def resting(self, listing: Listing | None, account: Account) -> Sequence[Query]:
        return [
            self._pages(self.LIST, _scope(listing) | {"status": "active"}),
            self._pages(self.STOPS, _scope(listing)),
        ]

    def ended(self, listing: Listing, span: Span) -> Sequence[Query]:
        return self._within(self.LIST, _scope(listing) | {"status": "done"}, span)

    def fills(self, listing: Listing, span: Span) -> Sequence[Query]:
        return self._within(self.TRADES, _scope(listing), span)

    def _within(self, endpoint: Endpoint, words: Params, span: Span) -> list[Query]:
        return [
            self._pages(endpoint, words | {"startAt": part.start, "endAt": part.end})
            for part in span.parts(WEEK)
        ]

    @staticmethod
    def _pages(endpoint: Endpoint, words: Params) -> Query:
        return Query(endpoint, words | {"pageSize": PAGED}, numbered("currentPage", PAGED))

    def closes(self, row: Json, *, sells: bool) -> bool:
        return number(row.get("closeFeePay")) != 0

    def modes(self, ask: Ask, listing: Listing | None) -> list[Setting]:
        """Market by market; orders are placed with cross margin, so that its leverage counts."""
        if listing is None:
            return []
        is_hedge = {0: False, 1: True}[int(ask(Request(self.MODE, {}))["data"]["positionMode"])]
        leverage = ask(Request(self.LEVERAGE, _scope(listing)))["data"]["leverage"]
        return [Setting(listing.id, number(leverage), is_hedge=is_hedge)]

    def leverages(self, leverage: Decimal, listing: Listing) -> Sequence[Request]:
        return [Request(self.SET_LEVERAGE, _scope(listing) | {"leverage": whole(leverage)})]

    def prices(self, ask: Ask) -> list[Price]:
        marks = {row["symbol"]: row for row in ask(Request(self.MARK, {}))["data"]}
        return [
            Price(
                row["symbol"],
                number(row["price"]),
                mark=number_or_none(marks.get(row["symbol"], {}).get("markPrice")),
                bid=number_or_none(row.get("bestBidPrice")),
                ask=number_or_none(row.get("bestAskPrice")),
            )
            for row in ask(Request(self.LAST, {}))["data"]
        ]

    def balance(self, ask: Ask, account: Account) -> Balance:
        data = ask(Request(self.OVERVIEW, {"currency": COIN}))["data"]
        return swap_balance(data["accountEquity"], data["availableBalance"])

    def key_facts(self, ask: Ask, account: Account) -> KeyFacts:
        return _key_facts(ask, {"Futures": Scope.TRADE, "Spot": Scope.HARMLESS})

    def positions(self, ask: Ask) -> list[Held]:
        return [
            Held(
                row["symbol"],
                number(row["currentQty"]),
                number(row["avgEntryPrice"]),
                number_or_none(row.get("leverage")),
                POSITION_INDEXES[row.get("positionSide") or "BOTH"],
            )
            for row in ask(Request(self.POSITIONS, {}))["data"]
        ]


SPOT, FUTURES = KucoinSpot(), KucoinFutures()
