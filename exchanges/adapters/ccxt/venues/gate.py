"""Gate: perpetuals settled in USDT, one-way. Requests: https://www.gate.com/docs/developers/apiv4.

Its price-triggered orders cannot be looked up by our id, so they are not offered.
"""

from __future__ import annotations

from collections.abc import Sequence

from exchanges.adapters.ccxt.keys import Scope, key_facts, words
from exchanges.adapters.ccxt.units import in_whole_contracts, number, number_or_none, plain
from exchanges.adapters.ccxt.venue import (
    Account,
    Ask,
    Endpoint,
    Feature,
    Held,
    Listing,
    Mode,
    Params,
    Product,
    Request,
    Site,
    Venue,
)
from exchanges.adapters.ccxt.venues.shared import is_limit, swap_balance
from exchanges.domain.errors import (
    AccountBarred,
    ExchangeError,
    InsufficientMargin,
    InvalidKey,
    InvalidOrder,
    IpNotAllowed,
    NotFound,
    OrderRejected,
    OutcomeUnknown,
    PermissionMissing,
    RateLimited,
    SignatureRefused,
    SymbolNotTradable,
    Unavailable,
)
from exchanges.domain.trading import Balance, KeyFacts, NewOrder, Side
from exchanges.domain.venues import Limits

CODES: dict[str, type[ExchangeError]] = {
    **dict.fromkeys(("INTERNAL", "SERVER_ERROR", "TOO_BUSY", "REPEATED_CREATION"), OutcomeUnknown),
    **dict.fromkeys(("TOO_FAST", "TOO_MANY_REQUESTS"), RateLimited),
    "REQUEST_EXPIRED": Unavailable,
    **dict.fromkeys(("AUTHENTICATION_FAILED", "INVALID_CREDENTIALS", "INVALID_KEY"), InvalidKey),
    "INVALID_SIGNATURE": SignatureRefused,
    "IP_FORBIDDEN": IpNotAllowed,
    **dict.fromkeys(("READ_ONLY", "FORBIDDEN"), PermissionMissing),
    **dict.fromkeys(("ACCOUNT_LOCKED", "SUB_ACCOUNT_LOCKED", "USER_NOT_FOUND"), AccountBarred),
    **dict.fromkeys(
        (
            *("BALANCE_NOT_ENOUGH", "FUTURES_BALANCE_NOT_ENOUGH", "INSUFFICIENT_AVAILABLE"),
            "MARGIN_BALANCE_NOT_ENOUGH",
        ),
        InsufficientMargin,
    ),
    **dict.fromkeys(
        ("ORDER_NOT_FOUND", "CLIENT_ID_NOT_FOUND", "ORDER_CLOSED", "ORDER_CANCELLED"), NotFound
    ),
    **dict.fromkeys(("CONTRACT_NOT_FOUND", "CONTRACT_IN_DELISTING"), SymbolNotTradable),
    **dict.fromkeys(
        (
            *("LIQUIDATE_IMMEDIATELY", "POSITION_EMPTY", "PRICE_OVER_LIQUIDATION"),
            *("PRICE_OVER_BANKRUPT", "INCREASE_POSITION", "TOO_MANY_ORDERS", "TRADE_RESTRICTED"),
        ),
        OrderRejected,
    ),
    **dict.fromkeys(
        (
            *("INVALID_PARAM_VALUE", "INVALID_PRECISION", "MISSING_REQUIRED_PARAM"),
            *("PRICE_TOO_DEVIATED", "SIZE_TOO_LARGE", "SIZE_TOO_SMALL"),
        ),
        InvalidOrder,
    ),
}
SETTLE = {"settle": "usdt"}
WRITES = {
    "futures": Scope.TRADE,
    "spot": Scope.HARMLESS,
    "account": Scope.HARMLESS,
    "wallet": Scope.WITHDRAW,
}
READ_MARK = ":read"
SCOPES = WRITES | {f"{name}{READ_MARK}": Scope.READ for name in WRITES}
MODES = {"single": 0, "dual_long": 1, "dual_short": 2}
IN_FORCE = 1  # a key's state; others are locked and frozen


class GateSwap(Venue):
    kind = "gate"
    ccxt_id = "gate"
    product = Product.SWAP
    sites = {
        "mainnet": Site(frozenset({"api.gateio.ws"})),
        "testnet": Site(frozenset({"api-testnet.gateapi.io"}), Mode.SANDBOX),
    }
    features = frozenset({Feature.MARKET, Feature.REDUCE})
    options = {
        "unifiedAccount": False,
        "defaultType": "swap",
        "swap": {"fetchMarkets": {"settlementCurrencies": ["usdt"]}},
    }
    market_call = "fetch_swap_markets"
    market_paths = ("/api/v4/futures/usdt/contracts",)
    time_paths = ("/api/v4/spot/time",)
    link_prefix = "t-"
    link_length = 28
    limits = Limits(100, 5_000, account_writes=10)
    accepts_seconds = 60.0
    codes = CODES
    code_paths = ("label",)

    ORDER = Endpoint("privateFuturesPostSettleOrders", "POST", "/api/v4/futures/usdt/orders", "id")
    CANCEL = Endpoint(
        "privateFuturesDeleteSettleOrdersOrderId", "DELETE", "/api/v4/futures/usdt/orders/*", "id"
    )
    FIND = Endpoint(
        "privateFuturesGetSettleOrdersOrderId", "GET", "/api/v4/futures/usdt/orders/*", "id"
    )
    POSITIONS = Endpoint(
        "privateFuturesGetSettlePositions", "GET", "/api/v4/futures/usdt/positions", "[]"
    )
    ACCOUNTS = Endpoint(
        "privateFuturesGetSettleAccounts", "GET", "/api/v4/futures/usdt/accounts", "currency"
    )
    KEYS = Endpoint("privateAccountGetMainKeys", "GET", "/api/v4/account/main_keys", "perms.[]")
    DETAIL = Endpoint("privateAccountGetDetail", "GET", "/api/v4/account/detail", "user_id")

    def place(self, order: NewOrder, link: str, listing: Listing, account: Account) -> Request:
        """A sale is a negative size; a market order is the price zero, at once or not at all."""
        size = in_whole_contracts(order.quantity, listing.contract)
        is_resting = is_limit(order) and order.price is not None
        params: Params = SETTLE | {
            "contract": listing.id,
            "size": size if order.side is Side.BUY else -size,
            "price": plain(order.price) if is_resting and order.price is not None else "0",
            "tif": "gtc" if is_resting else "ioc",
            "text": link,
            "reduce_only": order.reduce_only,
        }
        return Request(self.ORDER, params, link)

    def cancels(self, link: str, listing: Listing) -> Sequence[Request]:
        return [Request(self.CANCEL, SETTLE | {"order_id": link}, link)]

    def finds(self, link: str, listing: Listing) -> Sequence[Request]:
        return [Request(self.FIND, SETTLE | {"order_id": link})]

    def balance(self, ask: Ask, account: Account) -> Balance:
        row = ask(Request(self.ACCOUNTS, dict(SETTLE)))
        equity = number(row["total"]) + number(row["unrealised_pnl"])
        return swap_balance(equity, row["available"])

    def key_facts(self, ask: Ask, account: Account) -> KeyFacts:
        """Of the shape that names one key; where several are listed, ours cannot be told."""
        key = ask(Request(self.KEYS, {}))
        if key.get("state") != IN_FORCE:
            raise AccountBarred("the key is locked or frozen")
        granted = [
            f"{scope['name']}{READ_MARK}" if scope.get("read_only") is True else scope["name"]
            for scope in key["perms"]
        ]
        return key_facts(
            granted,
            SCOPES,
            uid=str(ask(Request(self.DETAIL, {}))["user_id"]),
            addresses=words(key.get("ip_whitelist")),
        )

    def positions(self, ask: Ask) -> list[Held]:
        return [
            Held(
                row["contract"],
                number(row["size"]),
                number(row["entry_price"]),
                # Zero means cross margin, whose leverage stands beside it.
                number_or_none(row["leverage"]) or number_or_none(row["cross_leverage_limit"]),
                MODES[row["mode"]],
            )
            for row in ask(Request(self.POSITIONS, dict(SETTLE)))
        ]


SWAP = GateSwap()
