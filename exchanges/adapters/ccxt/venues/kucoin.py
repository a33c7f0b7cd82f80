"""KuCoin: spot (high-frequency endpoints) and perpetuals. https://www.kucoin.com/docs-new."""

from __future__ import annotations

from collections.abc import Sequence

from exchanges.adapters.ccxt.keys import Scope, key_facts, words
from exchanges.adapters.ccxt.units import (
    ZERO,
    in_contracts,
    in_whole_contracts,
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
    Listing,
    Params,
    Product,
    Request,
    Site,
    Venue,
)
from exchanges.adapters.ccxt.venues.shared import (
    COIN,
    POSITION_INDEXES,
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
    **dict.fromkeys(("100001", "126043", "order_not_exist"), NotFound),
    **dict.fromkeys(("126033", "126044"), DuplicateLinkId),
    "330012": PositionModeMismatch,
    **dict.fromkeys(("400600", "400000"), SymbolNotTradable),
    **dict.fromkeys(("330005", "300009", "300011", "300012", "400200", "400350"), OrderRejected),
    **dict.fromkeys(("300000", "400330", "400370", "400760", "600101"), InvalidOrder),
}
# 400100 is whatever its words say.
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
KEY = Endpoint("privateGetUserApiKey", "GET", "/api/v1/user/api-key", "data.permission")


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
    link_length = 40
    # 4,000 units in 30 s (futures 2,000); of ours none weighs more than 5.
    limits = Limits(800, 30_000, account_writes=10)
    accepts_seconds = 5.0
    codes = CODES
    texts = TEXTS

    ORDER = Endpoint("privatePostHfOrders", "POST", "/api/v1/hf/orders", "data.orderId")
    TRIGGER = Endpoint("privatePostStopOrder", "POST", "/api/v1/stop-order", "data.orderId")
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
    )
    FIND = Endpoint(
        "privateGetHfOrdersClientOrderClientOid",
        "GET",
        "/api/v1/hf/orders/client-order/*",
        "data.id",
    )
    FIND_TRIGGER = Endpoint(
        "privateGetStopOrderQueryOrderByClientOid",
        "GET",
        "/api/v1/stop-order/queryOrderByClientOid",
        "data.[]",
    )
    ACCOUNTS = Endpoint("privateGetAccounts", "GET", "/api/v1/accounts", "data.[]")

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

    def balance(self, ask: Ask, account: Account) -> Balance:
        rows = ask(Request(self.ACCOUNTS, {"currency": COIN}))["data"]
        trading = [row for row in rows if row["type"] in {"trade", "trade_hf"}]
        whole = sum((number(row["balance"]) for row in trading), ZERO)
        return Balance(whole, sum((number(row["available"]) for row in trading), ZERO), "")

    def key_facts(self, ask: Ask, account: Account) -> KeyFacts:
        return _key_facts(ask, {"Spot": Scope.TRADE})


class KucoinFutures(Venue):
    kind = "kucoin_futures"
    ccxt_id = "kucoinfutures"
    product = Product.SWAP
    sites = {"mainnet": Site(frozenset({"api-futures.kucoin.com", "api.kucoin.com"}))}
    # That a stop of its own is withdrawn by our id is not documented, so none is placed.
    features = frozenset({Feature.MARKET, Feature.REDUCE, Feature.ATTACHED})
    has_passphrase = True
    options = {"uta": False}
    market_paths = ("/api/v1/contracts/active",)
    time_paths = ("/api/v1/timestamp",)
    delivery_field = "expireDate"
    link_length = 40
    limits = Limits(400, 30_000, account_writes=10)
    accepts_seconds = 5.0
    codes = CODES
    texts = TEXTS

    ORDER = Endpoint("futuresPrivatePostOrders", "POST", "/api/v1/orders", "data.orderId")
    ATTACHED = Endpoint("futuresPrivatePostStOrders", "POST", "/api/v1/st-orders", "data.orderId")
    CANCEL = Endpoint(
        "futuresPrivateDeleteOrdersClientOrderClientOid",
        "DELETE",
        "/api/v1/orders/client-order/*",
        "data.clientOid",
    )
    FIND = Endpoint(
        "futuresPrivateGetOrdersByClientOid", "GET", "/api/v1/orders/byClientOid", "data.id"
    )
    POSITIONS = Endpoint("futuresPrivateGetPositions", "GET", "/api/v1/positions", "data.[]")
    OVERVIEW = Endpoint(
        "futuresPrivateGetAccountOverview", "GET", "/api/v1/account-overview", "data.currency"
    )

    def place(self, order: NewOrder, link: str, listing: Listing, account: Account) -> Request:
        """Ccxt says `leverage` 1 with every order; here the account's own counts."""
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
