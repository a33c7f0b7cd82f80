"""Coinbase Advanced: spot.

Orders are found by our id in a list alone, and withdrawn by the exchange's own. A stop needs a
limit there, and a market purchase is given in quote units: neither is offered. Requests:
https://docs.cdp.coinbase.com/coinbase-app/advanced-trade-apis.
"""

from __future__ import annotations

from collections.abc import Sequence

from exchanges.adapters.ccxt.answers import at
from exchanges.adapters.ccxt.keys import Scope, flags, key_facts
from exchanges.adapters.ccxt.units import in_contracts, plain
from exchanges.adapters.ccxt.venue import (
    Account,
    Ask,
    Endpoint,
    Feature,
    Json,
    Listing,
    Params,
    Product,
    Request,
    Site,
    Venue,
)
from exchanges.adapters.ccxt.venues.shared import is_limit, row_of, spot_balance
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
    limits = Limits(145, 5_000, account_writes=10)
    accepts_seconds = 120.0  # as long as its token lives
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
        """Among the newest; what is not there may stand on a page further back."""
        (request,) = self.finds(link, listing)
        answer = ask(request)
        row = next((row for row in answer["orders"] if row.get("client_order_id") == link), None)
        if row is None and answer.get("has_next"):
            raise Unavailable("not among the newest orders")
        return row

    def cancel(self, ask: Ask, link: str, listing: Listing) -> None:
        row = self.find(ask, link, listing)
        if row is None:
            raise NotFound("no such order")
        order_id = str(row["order_id"])
        ask(Request(self.CANCEL, {"order_ids": [order_id]}, order_id))

    def balance(self, ask: Ask, account: Account) -> Balance:
        row = row_of(ask(Request(self.ACCOUNTS, dict(PAGE)))["accounts"], "currency")
        return spot_balance(at(row, "available_balance.value"), at(row, "hold.value"))

    def key_facts(self, ask: Ask, account: Account) -> KeyFacts:
        rights = ask(Request(self.KEY, {}))
        scopes = {"can_view": Scope.READ, "can_trade": Scope.TRADE, "can_transfer": Scope.WITHDRAW}
        return key_facts(flags(rights), scopes, uid=str(rights["portfolio_uuid"]))


SPOT = CoinbaseSpot()
