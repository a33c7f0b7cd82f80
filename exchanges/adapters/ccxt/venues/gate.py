"""Gate: perpetuals settled in USDT, one-way. Requests: https://www.gate.com/docs/developers/apiv4.

Its price-triggered orders cannot be looked up by our id, so they are not offered.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from exchanges.adapters.ccxt.keys import Scope, key_facts, words
from exchanges.adapters.ccxt.paging import after, offset, rows_of
from exchanges.adapters.ccxt.spans import Span
from exchanges.adapters.ccxt.units import (
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
    Mode,
    Params,
    Price,
    Product,
    Query,
    Request,
    Setting,
    Site,
    Terms,
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
from exchanges.domain.trading import Balance, Cause, KeyFacts, NewOrder, Side
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
        (
            *("ORDER_NOT_FOUND", "CLIENT_ID_NOT_FOUND", "ORDER_CLOSED", "ORDER_CANCELLED"),
            "ORDER_FINISHED",
        ),
        NotFound,
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
FULL = 100  # rows of a page; how many more may be asked for is not told
NEXT = offset("offset", FULL)
# How the words begin by which Gate names the orders that it makes itself.
CAUSES = {
    "liq": Cause.LIQUIDATION,
    "insurance": Cause.LIQUIDATION,
    "auto_deleverag": Cause.ADL,
}
# By our id an order is known for a minute after its end; for so long its list is searched as well.
SEARCHED = timedelta(days=7)


def _within(endpoint: Endpoint, listing: Listing, span: Span) -> Query:
    """Gate counts in seconds."""
    times = {"from": span.start // 1000, "to": -(-span.end // 1000)}
    return Query(endpoint, SETTLE | {"contract": listing.id, "limit": FULL} | times, NEXT)


def _size(quantity: Decimal, side: Side, listing: Listing) -> int:
    """A sale is a negative size."""
    size = in_whole_contracts(quantity, listing.contract)
    return size if side is Side.BUY else -size


def _leverage(row: Json) -> Decimal | None:
    """Zero means cross margin, whose leverage stands beside it."""
    return number_or_none(row["leverage"]) or number_or_none(row["cross_leverage_limit"])


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
    limits = Limits(100, 5_000, account_writes=10, look=5)
    # "The gap between its value and current time cannot exceed 60 seconds" (APIv4 signed request
    # requirements); how long matching may take is told nowhere.
    accepts_seconds = 60.0
    codes = CODES
    code_paths = ("label",)

    ORDER = Endpoint("privateFuturesPostSettleOrders", "POST", "/api/v4/futures/usdt/orders", "id")
    AMEND = Endpoint(
        "privateFuturesPutSettleOrdersOrderId", "PUT", "/api/v4/futures/usdt/orders/*", "id"
    )
    CANCEL = Endpoint(
        "privateFuturesDeleteSettleOrdersOrderId", "DELETE", "/api/v4/futures/usdt/orders/*", "id"
    )
    FIND = Endpoint(
        "privateFuturesGetSettleOrdersOrderId", "GET", "/api/v4/futures/usdt/orders/*", "id"
    )
    OPEN = Endpoint("privateFuturesGetSettleOrders", "GET", "/api/v4/futures/usdt/orders", "[]")
    OPEN_TRIGGERS = Endpoint(
        "privateFuturesGetSettlePriceOrders", "GET", "/api/v4/futures/usdt/price_orders", "[]"
    )
    ENDED = Endpoint(
        *("privateFuturesGetSettleOrdersTimerange", "GET"),
        *("/api/v4/futures/usdt/orders_timerange", "[]"),
    )
    TRADES = Endpoint(
        *("privateFuturesGetSettleMyTradesTimerange", "GET"),
        *("/api/v4/futures/usdt/my_trades_timerange", "[]"),
    )
    LEVERAGE = Endpoint(
        *("privateFuturesPostSettlePositionsContractLeverage", "POST"),
        *("/api/v4/futures/usdt/positions/*/leverage", "cross_leverage_limit"),
    )
    TICKERS = Endpoint("publicFuturesGetSettleTickers", "GET", "/api/v4/futures/usdt/tickers", "[]")
    POSITIONS = Endpoint(
        "privateFuturesGetSettlePositions", "GET", "/api/v4/futures/usdt/positions", "[]"
    )
    ACCOUNTS = Endpoint(
        "privateFuturesGetSettleAccounts", "GET", "/api/v4/futures/usdt/accounts", "currency"
    )
    KEYS = Endpoint("privateAccountGetMainKeys", "GET", "/api/v4/account/main_keys", "perms.[]")
    DETAIL = Endpoint("privateAccountGetDetail", "GET", "/api/v4/account/detail", "user_id")

    def place(self, order: NewOrder, link: str, listing: Listing, account: Account) -> Request:
        """A market order is the price zero, at once or not at all."""
        is_resting = is_limit(order) and order.price is not None
        params: Params = SETTLE | {
            "contract": listing.id,
            "size": _size(order.quantity, order.side, listing),
            "price": plain(order.price) if is_resting and order.price is not None else "0",
            "tif": "gtc" if is_resting else "ioc",
            "text": link,
            "reduce_only": order.reduce_only,
        }
        return Request(self.ORDER, params, link)

    def cancels(self, link: str, listing: Listing) -> Sequence[Request]:
        return [Request(self.CANCEL, SETTLE | {"order_id": link}, link)]

    def amendment(self, terms: Terms, link: str, listing: Listing) -> Request:
        size = _size(terms.quantity, terms.side, listing)
        words_of = {"order_id": link, "size": size, "price": plain(terms.price)}
        return Request(self.AMEND, SETTLE | words_of, link)

    def finds(self, link: str, listing: Listing) -> Sequence[Request]:
        return [Request(self.FIND, SETTLE | {"order_id": link})]

    def find(self, ask: Ask, link: str, listing: Listing) -> Json | None:
        """Until a minute after its end by our id, then in the list of what has ended."""
        found = super().find(ask, link, listing)
        if found is not None:
            return found
        now = datetime.now(UTC)
        lately = Span.between(now - SEARCHED, now + timedelta(minutes=1))
        rows = rows_of(ask, _within(self.ENDED, listing, lately))
        return next((row for row in rows if row["text"] == link), None)

    def resting(self, listing: Listing | None, account: Account) -> Sequence[Query]:
        scope = SETTLE | {"status": "open", "limit": FULL}
        if listing is not None:
            scope |= {"contract": listing.id}
        behind = after("last_id", FULL, lambda row: row["id"])
        return [Query(self.OPEN, scope, behind), Query(self.OPEN_TRIGGERS, scope, NEXT)]

    def ended(self, listing: Listing, span: Span) -> Sequence[Query]:
        """What was cancelled unfilled is shown for ten minutes."""
        return [_within(self.ENDED, listing, span)]

    def fills(self, listing: Listing, span: Span) -> Sequence[Query]:
        return [_within(self.TRADES, listing, span)]

    def trigger_of(self, row: Json) -> Decimal | None:
        return number_or_none((row.get("trigger") or {}).get("price"))

    def read_order(
        self, client: Any, row: Json, market: Mapping[str, Any] | None
    ) -> dict[str, Any]:
        """What is left tells how an order ended; not every word for it is known to ccxt."""
        parsed = super().read_order(client, row, market)
        if row.get("status") != "finished" or "trigger" in row:
            return parsed
        is_whole = number(row["left"]) == 0 != number(row["size"])
        is_by_request = row.get("finish_as") == "cancelled"
        status = "closed" if is_whole else "canceled" if is_by_request else "expired"
        ended = int(number(row.get("finish_time")) * 1000) or parsed.get("timestamp")
        return {**parsed, "status": status, "lastUpdateTimestamp": ended}

    def cause_of(self, row: Json) -> Cause:
        text = str(row.get("text") or "")
        causes = (cause for begin, cause in CAUSES.items() if text.startswith(begin))
        return next(causes, Cause.LIQUIDATION if row.get("is_liq") is True else Cause.USER)

    def closes(self, row: Json, *, sells: bool) -> bool:
        return number(row.get("close_size")) != 0

    def modes(self, ask: Ask, listing: Listing | None) -> list[Setting]:
        """A market that was never touched stands in no list; its leverage is not known then."""
        found = [
            Setting(row["contract"], _leverage(row), is_hedge=MODES[row["mode"]] != 0)
            for row in rows_of(ask, Query(self.POSITIONS, SETTLE | {"limit": FULL}, NEXT))
        ]
        if listing is None or listing.id in {one.id for one in found}:
            return found
        is_hedge = ask(Request(self.ACCOUNTS, dict(SETTLE)))["in_dual_mode"]
        return [Setting(listing.id, None, is_hedge=is_hedge)]

    def leverages(self, leverage: Decimal, listing: Listing) -> Sequence[Request]:
        """Of cross margin."""
        times = {"leverage": "0", "cross_leverage_limit": whole(leverage)}
        return [Request(self.LEVERAGE, SETTLE | {"contract": listing.id} | times, listing.id)]

    def prices(self, ask: Ask) -> list[Price]:
        return [
            Price(
                row["contract"],
                number(row["last"]),
                mark=number_or_none(row.get("mark_price")),
                bid=number_or_none(row.get("highest_bid")),
                ask=number_or_none(row.get("lowest_ask")),
            )
            for row in ask(Request(self.TICKERS, dict(SETTLE)))
        ]

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
        held = SETTLE | {"holding": "true", "limit": FULL}
        return [
            Held(
                row["contract"],
                number(row["size"]),
                number(row["entry_price"]),
                _leverage(row),
                MODES[row["mode"]],
            )
            for row in rows_of(ask, Query(self.POSITIONS, held, NEXT))
        ]


SWAP = GateSwap()
