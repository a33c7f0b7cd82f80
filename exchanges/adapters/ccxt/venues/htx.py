"""HTX: spot. Requests: https://www.htx.com/en-us/opend/newApiPages.

A market purchase is given in quote units, and a stop only with a limit: neither is offered. An
order must name the number of the account that trades, which is asked for once.
"""

from __future__ import annotations

from collections.abc import Sequence

from exchanges.adapters.ccxt.keys import Scope, key_facts, words
from exchanges.adapters.ccxt.units import in_contracts, number, plain
from exchanges.adapters.ccxt.venue import (
    Account,
    Ask,
    Endpoint,
    Feature,
    Listing,
    Params,
    Product,
    Request,
    Site,
    Venue,
)
from exchanges.adapters.ccxt.venues.shared import COIN, is_limit, spot_balance
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
    limits = Limits(50, 5_000, account_writes=10)
    accepts_seconds = 300.0
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
