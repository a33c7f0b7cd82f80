"""MEXC: spot, which has no stop orders. Requests: https://mexcdevelop.github.io/apidocs/spot_v3_en."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from exchanges.adapters.ccxt.keys import Scope, key_facts, words
from exchanges.adapters.ccxt.spans import Span
from exchanges.adapters.ccxt.units import number, number_or_none, plain
from exchanges.adapters.ccxt.venue import (
    Account,
    Ask,
    Endpoint,
    Feature,
    Held,
    Listing,
    Price,
    Product,
    Query,
    Request,
    Site,
    Venue,
)
from exchanges.adapters.ccxt.venues.shared import (
    coins,
    row_of,
    spot_balance,
    spot_order,
    within,
)
from exchanges.domain.errors import (
    AccountBarred,
    EgressBlocked,
    ExchangeError,
    InsufficientMargin,
    InvalidKey,
    InvalidOrder,
    IpNotAllowed,
    KeyExpired,
    NotFound,
    OutcomeUnknown,
    PermissionMissing,
    RateLimited,
    SignatureRefused,
    SymbolNotTradable,
    Unavailable,
)
from exchanges.domain.trading import Balance, KeyFacts, NewOrder
from exchanges.domain.venues import Limits

CODES: dict[str, type[ExchangeError]] = {
    **dict.fromkeys(("500", "501", "503", "504", "604", "801"), OutcomeUnknown),
    "429": EgressBlocked,
    "510": RateLimited,
    **dict.fromkeys(("700003", "700005"), Unavailable),
    **dict.fromkeys(("401", "10001", "10072", "700001"), InvalidKey),
    **dict.fromkeys(("602", "700002"), SignatureRefused),
    "402": KeyExpired,
    **dict.fromkeys(("406", "700006"), IpNotAllowed),
    **dict.fromkeys(("403", "511", "701", "702", "703", "704", "700007"), PermissionMissing),
    **dict.fromkeys(("1000", "30018", "140002"), AccountBarred),
    **dict.fromkeys(("10101", "30004", "30005", "88004", "88015"), InsufficientMargin),
    "-2011": NotFound,
    **dict.fromkeys(("-1121", "10007", "30014", "30016", "30020", "70011"), SymbolNotTradable),
    **dict.fromkeys(
        (
            *("2030", "10095", "10096", "10097", "10098", "10102", "30001", "30002", "30003"),
            *("30010", "30025", "30027", "30028", "30029", "30032", "30041", "30087", "88013"),
            *("700004", "700008"),
        ),
        InvalidOrder,
    ),
}
# Tokens as two client libraries and a test of a third show them; any other is refused as unknown.
SCOPES: dict[str, Scope] = {
    "SPOT_ACCOUNT_READ": Scope.READ,
    "SPOT_DEAL_READ": Scope.READ,
    "SPOT_DEAL_WRITE": Scope.TRADE,
    "SPOT_TRANSFER_READ": Scope.READ,
    "SPOT_TRANSFER_WRITE": Scope.TRANSFER,
}
# What it tells of: orders of a week, fills of a month.
ORDERS_KEPT, FILLS_KEPT = timedelta(days=7), timedelta(days=28)
ORDERS_SHOWN, FILLS_SHOWN = 1000, 100  # rows of a page


class MexcSpot(Venue):
    kind = "mexc"
    ccxt_id = "mexc"
    product = Product.SPOT
    sites = {"mainnet": Site(frozenset({"api.mexc.com"}))}
    features = frozenset({Feature.MARKET, Feature.REDUCE})
    options = {"defaultType": "spot"}
    market_call = "fetch_spot_markets"
    market_paths = ("/api/v3/exchangeInfo",)
    time_paths = ("/api/v3/time",)
    link_length = 32
    # Each list has 500 of weight in ten seconds, and a look at one weighs ten; four make a look.
    limits = Limits(100, 5_000, account_writes=10, look=4)
    codes = CODES
    throttled = EgressBlocked

    ORDER = Endpoint("spotPrivatePostOrder", "POST", "/api/v3/order", "orderId")
    CANCEL = Endpoint("spotPrivateDeleteOrder", "DELETE", "/api/v3/order", "orderId")
    FIND = Endpoint("spotPrivateGetOrder", "GET", "/api/v3/order", "orderId")
    OPEN = Endpoint("spotPrivateGetOpenOrders", "GET", "/api/v3/openOrders", "[]")
    ALL = Endpoint("spotPrivateGetAllOrders", "GET", "/api/v3/allOrders", "[]")
    TRADES = Endpoint("spotPrivateGetMyTrades", "GET", "/api/v3/myTrades", "[]")
    TICKERS = Endpoint("spotPublicGetTicker24hr", "GET", "/api/v3/ticker/24hr", "[]")
    ACCOUNT = Endpoint("spotPrivateGetAccount", "GET", "/api/v3/account", "balances.[]")
    # A POST to the same path rewrites the key's addresses: only the question is named here.
    KEY = Endpoint("spotPrivateGetApiKeyInfo", "GET", "/api/v3/apiKeyInfo", "permissions")
    UID = Endpoint("spotPrivateGetUid", "GET", "/api/v3/uid", "uid")

    def place(self, order: NewOrder, link: str, listing: Listing, account: Account) -> Request:
        params = spot_order(order, link, listing)
        if order.price is not None:
            params["price"] = plain(order.price)
        return Request(self.ORDER, params)

    def cancels(self, link: str, listing: Listing) -> Sequence[Request]:
        return [Request(self.CANCEL, {"symbol": listing.id, "origClientOrderId": link})]

    def finds(self, link: str, listing: Listing) -> Sequence[Request]:
        return [Request(self.FIND, {"symbol": listing.id, "origClientOrderId": link})]

    def resting(self, listing: Listing | None, account: Account) -> Sequence[Query]:
        return [Query(self.OPEN, {"symbol": listing.id} if listing is not None else {})]

    def ended(self, listing: Listing, span: Span) -> Sequence[Query]:
        """Of the last week alone: what ended before that is found by its id."""
        return [within(self.ALL, listing, span.last(ORDERS_KEPT), ORDERS_SHOWN)]

    def fills(self, listing: Listing, span: Span) -> Sequence[Query]:
        """Of the last month alone."""
        return [within(self.TRADES, listing, span.last(FILLS_KEPT), FILLS_SHOWN)]

    def prices(self, ask: Ask) -> list[Price]:
        return [
            Price(
                row["symbol"],
                number(row["lastPrice"]),
                bid=number_or_none(row.get("bidPrice")),
                ask=number_or_none(row.get("askPrice")),
            )
            for row in ask(Request(self.TICKERS, {}))
        ]

    def positions(self, ask: Ask) -> list[Held]:
        return coins(ask(Request(self.ACCOUNT, {}))["balances"], "asset", "{}USDT")

    def balance(self, ask: Ask, account: Account) -> Balance:
        row = row_of(ask(Request(self.ACCOUNT, {}))["balances"], "asset")
        return spot_balance(row.get("free"), row.get("locked"))

    def key_facts(self, ask: Ask, account: Account) -> KeyFacts:
        info = ask(Request(self.KEY, {"accessKey": account.api_key}))
        days = info.get("remainingValidity")
        return key_facts(
            words(info["permissions"]),
            SCOPES,
            uid=str(ask(Request(self.UID, {}))["uid"]),
            addresses=words(info.get("ipWhiteList")),
            expires_at=datetime.now(UTC) + timedelta(days=int(days)) if days else None,
        )


SPOT = MexcSpot()
