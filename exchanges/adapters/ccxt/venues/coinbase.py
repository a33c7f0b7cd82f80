"""Coinbase Advanced: spot.

Orders are found by our id in a list alone, and withdrawn by the exchange's own. A stop needs a
limit there, and a market purchase is given in quote units: neither is offered. Requests:
https://docs.cdp.coinbase.com/coinbase-app/advanced-trade-apis.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from exchanges.adapters.ccxt.answers import at
from exchanges.adapters.ccxt.keys import Scope, flags, key_facts
from exchanges.adapters.ccxt.paging import cut_at, rows_of
from exchanges.adapters.ccxt.spans import Span
from exchanges.adapters.ccxt.units import in_contracts, number, plain
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
from exchanges.adapters.ccxt.venues.shared import coins, is_limit, row_of, spot_balance
from exchanges.domain.errors import (
    ExchangeError,
    InsufficientMargin,
    InvalidKey,
    NotFound,
    PermissionMissing,
    RateLimited,
    Unavailable,
)
from exchanges.domain.trading import Balance, KeyFacts, NewOrder
from exchanges.domain.venues import Limits

CODES: dict[str, type[ExchangeError]] = {
    **dict.fromkeys(("rate_limit_exceeded", "resource_exhausted"), RateLimited),
    **dict.fromkeys(
        ("authentication_error", "unauthorized", "invalid_token", "revoked_token"), InvalidKey
    ),
    **dict.fromkeys(("invalid_scope", "PERMISSION_DENIED"), PermissionMissing),
    **dict.fromkeys(("INSUFFICIENT_FUND", "PREVIEW_INSUFFICIENT_FUND"), InsufficientMargin),
}
PAGE = {"limit": "250"}
MOST_OPEN = 1000  # of open orders it shows no more
VAULT = "ACCOUNT_TYPE_VAULT"  # what lies there is not for trading


def _further(answer: Json, rows: list[Json], _words: Params) -> Sequence[Params]:
    """Where a list does not say whether there is more (of fills), its cursor does."""
    mark = answer.get("cursor")
    has_next = answer.get("has_next")
    if has_next is None:
        has_next = bool(rows and mark)
    if not has_next:
        return ()
    if not mark:
        raise Unavailable("a further page, and no way to it")
    return ({"cursor": mark},)


def _further_open(answer: Json, rows: list[Json], words: Params) -> Sequence[Params]:
    return cut_at(MOST_OPEN)(answer, rows, words) or _further(answer, rows, words)


class CoinbaseSpot(Venue):
    kind = "coinbase"
    ccxt_id = "coinbase"
    product = Product.SPOT
    sites = {"mainnet": Site(frozenset({"api.coinbase.com"}))}
    features = frozenset({Feature.MARKET_SELL, Feature.REDUCE})
    options = {"defaultType": "spot"}
    market_paths = (
        "/v2/currencies",
        "/v2/currencies/crypto",
        "/v2/exchange-rates",
        "/api/v3/brokerage/market/products",
    )
    time_paths = ("/v2/time",)
    link_length = 36
    limits = Limits(145, 5_000, account_writes=10, look=4)
    # As long as its token lives (…/authentication-authorization/api-key-authentication).
    accepts_seconds = 120.0
    codes = CODES
    code_paths = ("error_response.error", "results.0.failure_reason", "error")

    ORDER = Endpoint(
        "v3PrivatePostBrokerageOrders",
        "POST",
        "/api/v3/brokerage/orders",
        "success_response.order_id",
    )
    CANCEL = Endpoint(
        "v3PrivatePostBrokerageOrdersBatchCancel",
        "POST",
        "/api/v3/brokerage/orders/batch_cancel",
        "results.0.success",
    )
    LIST = Endpoint(
        "v3PrivateGetBrokerageOrdersHistoricalBatch",
        "GET",
        "/api/v3/brokerage/orders/historical/batch",
        "orders.[]",
    )
    FILLS = Endpoint(
        "v3PrivateGetBrokerageOrdersHistoricalFills",
        "GET",
        "/api/v3/brokerage/orders/historical/fills",
        "fills.[]",
    )
    PRODUCTS = Endpoint(
        "v3PublicGetBrokerageMarketProducts",
        "GET",
        "/api/v3/brokerage/market/products",
        "products.[]",
    )
    ACCOUNTS = Endpoint(
        "v3PrivateGetBrokerageAccounts", "GET", "/api/v3/brokerage/accounts", "accounts.[]"
    )
    KEY = Endpoint(
        "v3PrivateGetBrokerageKeyPermissions",
        "GET",
        "/api/v3/brokerage/key_permissions",
        "portfolio_uuid",
    )

    def place(self, order: NewOrder, link: str, listing: Listing, account: Account) -> Request:
        size = in_contracts(order.quantity, listing.contract)
        if is_limit(order) and order.price is not None:
            shape: Params = {
                "limit_limit_gtc": {"base_size": size, "limit_price": plain(order.price)}
            }
        else:
            shape = {"market_market_ioc": {"base_size": size}}
        params: Params = {
            "client_order_id": link,
            "product_id": listing.id,
            "side": order.side.value.upper(),
            "order_configuration": shape,
        }
        return Request(self.ORDER, params, link)

    def finds(self, link: str, listing: Listing) -> Sequence[Request]:
        return [Request(self.LIST, PAGE | {"product_ids": listing.id})]

    def find(self, ask: Ask, link: str, listing: Listing) -> Json | None:
        """Among the newest, or else among all."""
        words = PAGE | {"product_ids": listing.id}
        answer = ask(Request(self.LIST, words))
        found = _of(link, answer["orders"])
        if found is not None:
            return found
        further = _further(answer, answer["orders"], words)
        pages = [rows_of(ask, Query(self.LIST, words | change, _further)) for change in further]
        return _of(link, [row for page in pages for row in page])

    def cancel(self, ask: Ask, link: str, listing: Listing) -> None:
        row = self.find(ask, link, listing)
        if row is None:
            raise NotFound("no such order")
        order_id = str(row["order_id"])
        ask(Request(self.CANCEL, {"order_ids": [order_id]}, order_id))

    def resting(self, listing: Listing | None, account: Account) -> Sequence[Query]:
        scope = {"product_ids": listing.id} if listing is not None else {}
        words = {"order_status": "OPEN", "limit": str(MOST_OPEN)}
        return [Query(self.LIST, scope | words, _further_open)]

    def ended(self, listing: Listing, span: Span) -> Sequence[Query]:
        """By when they were placed; what ended later is found by its id."""
        words = {"product_ids": listing.id, "start_date": _moment(span.start)}
        return [Query(self.LIST, PAGE | words, _further)]

    def fills(self, listing: Listing, span: Span) -> Sequence[Query]:
        words = {"product_ids": listing.id, "start_sequence_timestamp": _moment(span.start - 1)}
        return [Query(self.FILLS, PAGE | words, _further)]

    def prices(self, ask: Ask) -> list[Price]:
        products = ask(Request(self.PRODUCTS, {}))["products"]
        return [Price(row["product_id"], number(row["price"])) for row in products]

    def positions(self, ask: Ask) -> list[Held]:
        held = [
            {
                "currency": row["currency"],
                "free": row["available_balance"]["value"],
                "locked": row["hold"]["value"],
            }
            for row in self._accounts(ask)
            if row.get("type") != VAULT
        ]
        return coins(held, "currency", "{}-USDT")

    def _accounts(self, ask: Ask) -> list[Json]:
        return rows_of(ask, Query(self.ACCOUNTS, dict(PAGE), _further))

    def balance(self, ask: Ask, account: Account) -> Balance:
        row = row_of(self._accounts(ask), "currency")
        return spot_balance(at(row, "available_balance.value"), at(row, "hold.value"))

    def key_facts(self, ask: Ask, account: Account) -> KeyFacts:
        rights = ask(Request(self.KEY, {}))
        scopes = {"can_view": Scope.READ, "can_trade": Scope.TRADE, "can_transfer": Scope.WITHDRAW}
        return key_facts(flags(rights), scopes, uid=str(rights["portfolio_uuid"]))


def _of(link: str, rows: Sequence[Json]) -> Json | None:
    return next((row for row in rows if row.get("client_order_id") == link), None)


def _moment(milliseconds: int) -> str:
    at = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


SPOT = CoinbaseSpot()
