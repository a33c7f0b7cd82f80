"""HTX: spot. Requests: https://www.htx.com/en-us/opend/newApiPages.

A market purchase is given in quote units. A stop either has a limit, or it is a conditional order,
which does not say whether it waits for the price to rise or to fall: one that comes too late would
wait for the wrong thing. None of them is offered. An order must name the number of the account that
trades, which is asked for once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

from exchanges.adapters.ccxt.keys import Scope, key_facts, words
from exchanges.adapters.ccxt.paging import cursor, cut_at, halved
from exchanges.adapters.ccxt.spans import Span
from exchanges.adapters.ccxt.units import (
    ZERO,
    in_contracts,
    number,
    number_or_none,
    plain,
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
    Site,
    Venue,
)
from exchanges.adapters.ccxt.venues.shared import COIN, coins, is_limit, spot_balance
from exchanges.domain.errors import (
    ExchangeError,
    InsufficientMargin,
    InvalidKey,
    InvalidOrder,
    NotFound,
    OrderRejected,
    OutcomeUnknown,
    PermissionMissing,
    RateLimited,
    SymbolNotTradable,
)
from exchanges.domain.trading import Balance, KeyFacts, NewOrder
from exchanges.domain.venues import Limits

CODES: dict[str, type[ExchangeError]] = {
    **dict.fromkeys(
        ("timeout", "gateway-internal-error", "order-update-error", "system-maintenance"),
        OutcomeUnknown,
    ),
    **dict.fromkeys(("base-request-exceed-frequency-limit", "rate-too-many-requests"), RateLimited),
    **dict.fromkeys(("api-signature-check-failed", "api-signature-not-valid", "1003"), InvalidKey),
    "api-not-support-temp-addr": PermissionMissing,
    "account-frozen-balance-insufficient-error": InsufficientMargin,
    **dict.fromkeys(
        ("base-record-invalid", "order-queryorder-invalid", "order-orderstate-error"), NotFound
    ),
    **dict.fromkeys(("base-symbol-error", "base-symbol-trade-disabled"), SymbolNotTradable),
    "order-holding-limit-failed": OrderRejected,
    **dict.fromkeys(
        (
            *("invalid-amount", "order-invalid-price", "order-limitorder-amount-max-error"),
            *("order-limitorder-amount-min-error", "order-limitorder-price-max-error"),
            *("order-limitorder-price-min-error", "order-marketorder-amount-min-error"),
            *("order-orderprice-precision-error", "order-value-min-error"),
        ),
        InvalidOrder,
    ),
}
SCOPES: dict[str, Scope] = {
    "readOnly": Scope.READ,
    "trade": Scope.TRADE,
    "withdraw": Scope.WITHDRAW,
}
IN_FORCE = "normal"
TWO_DAYS = timedelta(days=2)  # of lists by time no more is told at once
WITHDRAWN_KEPT = 2 * 3600 * 1000  # ms that an order which was withdrawn unfilled is told of
PAST_SHOWN, SHOWN = 100, 500  # rows of a page, the most that each kind of list takes
CHANGES = ("finished-at", "canceled-at", "updated-at")


def _scope(listing: Listing, account: Account) -> Params:
    return {"account-id": account.number, "symbol": listing.id}


def _within(
    endpoint: Endpoint, listing: Listing, span: Span, most: int, **more: str
) -> list[Query]:
    following = halved("start-time", "end-time", most)
    scope: Params = {"symbol": listing.id, "size": most, **more}
    return [
        Query(endpoint, scope | {"start-time": part.start, "end-time": part.end}, following)
        for part in span.parts(TWO_DAYS)
    ]


def _as_order(row: Json) -> Json:
    """A conditional order in the words of the others; until it is triggered it has no id."""
    return {
        "id": row["clientOrderId"],
        "client-order-id": row["clientOrderId"],
        "symbol": row["symbol"],
        "type": f"{row['orderSide']}-{row['orderType']}",
        "amount": row.get("orderSize"),
        "price": row.get("orderPrice"),
        "field-amount": "0",
        "created-at": row["orderOrigTime"],
        "updated-at": row["lastActTime"],
        "state": row["orderStatus"],
    }


class HtxSpot(Venue):
    kind = "htx"
    ccxt_id = "htx"
    product = Product.SPOT
    sites = {"mainnet": Site(frozenset({"api.huobi.pro"}))}
    features = frozenset({Feature.MARKET_SELL, Feature.REDUCE})
    options = {
        "defaultType": "spot",
        "fetchMarkets": {"types": {"spot": True, "linear": False, "inverse": False}},
    }
    market_paths = ("/v1/common/symbols",)
    time_paths = ("/v1/common/timestamp",)
    link_length = 64
    limits = Limits(50, 5_000, account_writes=10, look=9)
    accepts_seconds = 300.0  # "valid within 5 minutes", its page on authentication says
    codes = CODES
    code_paths = ("err-code", "code")

    ORDER = Endpoint("spotPrivatePostV1OrderOrdersPlace", "POST", "/v1/order/orders/place", "data")
    CANCEL = Endpoint(
        "spotPrivatePostV1OrderOrdersOrderIdSubmitcancel",
        "POST",
        "/v1/order/orders/*/submitcancel",
        "data",
    )
    FIND = Endpoint(
        "spotPrivateGetV1OrderOrdersGetClientOrder",
        "GET",
        "/v1/order/orders/getClientOrder",
        "data.id",
    )
    OPEN = Endpoint("spotPrivateGetV1OrderOpenOrders", "GET", "/v1/order/openOrders", "data.[]")
    WAITING = Endpoint(
        "spotPrivateGetV2AlgoOrdersOpening", "GET", "/v2/algo-orders/opening", "data.[]"
    )
    PAST = Endpoint("spotPrivateGetV1OrderOrders", "GET", "/v1/order/orders", "data.[]")
    TRADES = Endpoint(
        "spotPrivateGetV1OrderMatchresults", "GET", "/v1/order/matchresults", "data.[]"
    )
    LAST = Endpoint("spotPublicGetMarketTickers", "GET", "/market/tickers", "data.[]")
    ACCOUNTS = Endpoint("spotPrivateGetV1AccountAccounts", "GET", "/v1/account/accounts", "data.[]")
    BALANCE = Endpoint(
        "spotPrivateGetV1AccountAccountsAccountIdBalance",
        "GET",
        "/v1/account/accounts/*/balance",
        "data.list.[]",
    )
    UID = Endpoint("spotPrivateGetV2UserUid", "GET", "/v2/user/uid", "data")
    KEY = Endpoint("spotPrivateGetV2UserApiKey", "GET", "/v2/user/api-key", "data.0.permission")

    def place(self, order: NewOrder, link: str, listing: Listing, account: Account) -> Request:
        params: Params = {
            "account-id": account.number,
            "symbol": listing.id,
            "type": f"{order.side.value}-{'limit' if is_limit(order) else 'market'}",
            "amount": in_contracts(order.quantity, listing.contract),
            "source": "spot-api",
            "client-order-id": link,
        }
        if order.price is not None:
            params["price"] = plain(order.price)
        return Request(self.ORDER, params)

    def finds(self, link: str, listing: Listing) -> Sequence[Request]:
        return [Request(self.FIND, {"clientOrderId": link})]

    def cancel(self, ask: Ask, link: str, listing: Listing) -> None:
        """By the exchange's id: asked by ours it answers with a state, not with a yes."""
        row = self.find(ask, link, listing)
        if row is None:
            raise NotFound("no such order")
        number_of_order = str(row["id"])
        ask(Request(self.CANCEL, {"order-id": number_of_order}, number_of_order))

    def read_order(
        self, client: Any, row: Json, market: Mapping[str, Any] | None
    ) -> dict[str, Any]:
        """Of a sale at the market ccxt reads no quantity, and never when an order last changed."""
        told = _as_order(row) if "orderStatus" in row else row
        read = dict(client.parse_order(told, market))
        if told["type"] == "sell-market":
            read["amount"] = told["amount"]
        changed = max(int(told.get(name) or 0) for name in CHANGES)
        return read | {"lastUpdateTimestamp": changed or None}

    def trigger_of(self, row: Json) -> Decimal | None:
        return number_or_none(row.get("stop-price")) or super().trigger_of(row)

    def resting(self, listing: Listing | None, account: Account) -> Sequence[Query]:
        """What others have placed may wait for a price, as conditional orders."""
        scope = _scope(listing, account) if listing is not None else {}
        waiting: Params = {"symbol": listing.id} if listing is not None else {}
        return [
            Query(self.OPEN, scope | {"size": SHOWN}, cut_at(SHOWN)),
            Query(self.WAITING, waiting | {"limit": SHOWN}, cursor("fromId", "nextId")),
        ]

    def ended(self, listing: Listing, span: Span) -> Sequence[Query]:
        """By when they were placed."""
        fresh = Span(max(span.start, span.end - WITHDRAWN_KEPT), span.end)
        return [
            *_within(self.PAST, listing, span, PAST_SHOWN, states="filled,partial-canceled"),
            *_within(self.PAST, listing, fresh, PAST_SHOWN, states="canceled"),
        ]

    def fills(self, listing: Listing, span: Span) -> Sequence[Query]:
        return _within(self.TRADES, listing, span, SHOWN)

    def prices(self, ask: Ask) -> list[Price]:
        return [
            Price(
                row["symbol"],
                number(row["close"]),
                bid=number_or_none(row.get("bid")),
                ask=number_or_none(row.get("ask")),
            )
            for row in ask(Request(self.LAST, {}))["data"]
        ]

    def positions(self, ask: Ask) -> list[Held]:
        answer = ask(Request(self.BALANCE, {"account-id": self.number(ask)}))
        found: dict[str, Json] = {}
        for row in answer["data"]["list"]:
            empty = {"currency": row["currency"], "free": ZERO, "locked": ZERO}
            place = {"trade": "free", "frozen": "locked"}.get(row["type"])
            if place is not None:
                found.setdefault(row["currency"], empty)[place] = number(row["balance"])
        return coins(found.values(), "currency", "{}usdt")

    def number(self, ask: Ask) -> str:
        rows = ask(Request(self.ACCOUNTS, {}))["data"]
        return str(next(row["id"] for row in rows if row["type"] == "spot"))

    def balance(self, ask: Ask, account: Account) -> Balance:
        answer = ask(Request(self.BALANCE, {"account-id": account.number}))
        rows = [row for row in answer["data"]["list"] if row["currency"] == COIN.lower()]
        parts = {row["type"]: number(row["balance"]) for row in rows}
        return spot_balance(parts.get("trade"), parts.get("frozen"))

    def key_facts(self, ask: Ask, account: Account) -> KeyFacts:
        uid = str(ask(Request(self.UID, {}))["data"])
        rows = ask(Request(self.KEY, {"uid": uid, "accessKey": account.api_key}))["data"]
        key = next(row for row in rows if row["accessKey"] == account.api_key)
        granted = words(key["permission"]) if key["status"] == IN_FORCE else []
        return key_facts(granted, SCOPES, uid=uid, addresses=words(key.get("ipAddresses")))


SPOT = HtxSpot()
