"""OKX: perpetuals settled in USDT, cross margin. Requests: https://www.okx.com/docs-v5."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

from exchanges.adapters.ccxt.keys import Scope, key_facts, words
from exchanges.adapters.ccxt.paging import after
from exchanges.adapters.ccxt.spans import Span
from exchanges.adapters.ccxt.units import in_contracts, number, number_or_none, plain, whole
from exchanges.adapters.ccxt.venue import (
    Account,
    Ask,
    Endpoint,
    Feature,
    Held,
    Json,
    Listing,
    Mode,
    Next,
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
from exchanges.adapters.ccxt.venues.shared import (
    COIN,
    first_time,
    is_limit,
    is_stop,
    row_of,
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
    RateLimited,
    SignatureRefused,
    StopRefused,
    SymbolNotTradable,
    Unavailable,
)
from exchanges.domain.trading import Balance, Cause, KeyFacts, NewOrder
from exchanges.domain.venues import Limits

CODES: dict[str, type[ExchangeError]] = {
    **dict.fromkeys(("50001", "50004", "50005", "50013", "50026", "51410"), OutcomeUnknown),
    **dict.fromkeys(("50011", "50061", "51113"), RateLimited),
    "50102": Unavailable,
    **dict.fromkeys(
        ("50101", "50103", "50104", "50105", "50106", "50107", "50111", "50112", "50114"),
        InvalidKey,
    ),
    "50113": SignatureRefused,
    "50110": IpNotAllowed,
    **dict.fromkeys(
        ("50007", "50008", "50009", "50027", "51009", "51010", "51024", "51155"),
        AccountBarred,
    ),
    **dict.fromkeys(("51008", "51119", "51127", "51131", "51502"), InsufficientMargin),
    **dict.fromkeys(("51400", "51401", "51402", "51503", "51509", "51510", "51603"), NotFound),
    **dict.fromkeys(("51011", "51016"), DuplicateLinkId),
    **dict.fromkeys(("51047", "51051", "51278", "51280", "51277", "51279"), StopRefused),
    **dict.fromkeys(
        ("51001", "51021", "51022", "51027", "51028", "51029", "51030"), SymbolNotTradable
    ),
    **dict.fromkeys(
        ("51112", "51134", "51169", "51170", "51174", "51205", "51261", "54008"), OrderRejected
    ),
    **dict.fromkeys(
        ("51000", "51004", "51005", "51006", "51007", "51020", "51116", "51120", "51121", "51202"),
        InvalidOrder,
    ),
}
SCOPES: dict[str, Scope] = {
    "read_only": Scope.READ,
    "trade": Scope.TRADE,
    "withdraw": Scope.WITHDRAW,
}
POSITION_SIDES = ("net", "long", "short")
AT_MARKET = "-1"
NET = "net_mode"  # without a hedge
SWAPS: Params = {"instType": "SWAP"}
# Types of orders that wait: stops and targets share a list, entries that wait have another.
ALGO_TYPES = ("conditional,oco", "trigger")
ALGO_ENDS = ("effective", "canceled", "order_failed")
CAUSES = {
    "adl": Cause.ADL,
    "full_liquidation": Cause.LIQUIDATION,
    "partial_liquidation": Cause.LIQUIDATION,
    "delivery": Cause.DELISTING,
}
BY_REQUEST = {"", "1"}  # `cancelSource`, where an answer has one
FULL = 100  # rows of a page
# How long its quick lists reach back: of orders, and of fills.
RECENT_ORDERS, RECENT_FILLS = timedelta(days=6, hours=23), timedelta(days=2, hours=23)


def _earlier(place: str) -> Next:
    """A page shows the newest first, and is followed by what is older than its last row."""
    return after("after", FULL, lambda row: row[place])


def _algos_until(start: int) -> Next:
    """As `_earlier`; what has ended is listed by no time, so it is read until it is old enough."""
    earlier = _earlier("algoId")

    def following(answer: Json, rows: list[Json], said: Params) -> Sequence[Params]:
        is_old = bool(rows) and int(rows[-1]["cTime"]) < start
        return () if is_old else earlier(answer, rows, said)

    return following


def _within(span: Span) -> Params:
    return {"begin": span.start, "end": span.end, "limit": FULL}


def _scope(listing: Listing | None) -> Params:
    return SWAPS | ({"instId": listing.id} if listing is not None else {})


def _is_algo(row: Json) -> bool:
    """An order that a stop has become names that stop too, and tells what is filled of it."""
    return bool(row.get("algoId")) and "accFillSz" not in row


def _born_of(row: Json) -> str:
    """The first: several come of orders that split, which ours do not."""
    said = (row.get("ordIdList") or [row.get("ordId")]) if _is_algo(row) else [""]
    return str(said[0]) if said[0] not in {None, "", "0"} else ""


class OkxSwap(Venue):
    kind = "okx"
    ccxt_id = "okx"
    product = Product.SWAP
    sites = {
        "mainnet": Site(frozenset({"www.okx.com"})),
        "demo": Site(frozenset({"www.okx.com"}), Mode.SANDBOX),  # a header makes the difference
    }
    features = frozenset(
        {Feature.MARKET, Feature.REDUCE, Feature.TRIGGER, Feature.ATTACHED, Feature.HEDGE}
    )
    has_passphrase = True
    options = {"defaultType": "swap", "fetchMarkets": {"types": ["swap"]}}
    market_paths = ("/api/v5/public/instruments",)
    time_paths = ("/api/v5/public/time",)
    delivery_field = "expTime"
    link_length = 32
    limits = Limits(45, 5_000, account_writes=10, look=9)
    # "The request will expire 30 seconds after the timestamp" (docs-v5, REST Authentication); how
    # long matching may take is told nowhere.
    accepts_seconds = 30.0
    codes = CODES
    code_paths = ("data.0.sCode", "code")

    ORDER = Endpoint("privatePostTradeOrder", "POST", "/api/v5/trade/order", "data.0.ordId")
    TRIGGER = Endpoint(
        "privatePostTradeOrderAlgo", "POST", "/api/v5/trade/order-algo", "data.0.algoId"
    )
    AMEND = Endpoint(
        "privatePostTradeAmendOrder", "POST", "/api/v5/trade/amend-order", "data.0.ordId"
    )
    CANCEL = Endpoint(
        "privatePostTradeCancelOrder", "POST", "/api/v5/trade/cancel-order", "data.0.ordId"
    )
    CANCEL_TRIGGER = Endpoint(
        "privatePostTradeCancelAlgos", "POST", "/api/v5/trade/cancel-algos", "data.0.algoId"
    )
    FIND = Endpoint("privateGetTradeOrder", "GET", "/api/v5/trade/order", "data.0.ordId")
    FIND_TRIGGER = Endpoint(
        "privateGetTradeOrderAlgo", "GET", "/api/v5/trade/order-algo", "data.0.algoId"
    )
    OPEN = Endpoint(
        "privateGetTradeOrdersPending", "GET", "/api/v5/trade/orders-pending", "data.[]"
    )
    OPEN_TRIGGERS = Endpoint(
        "privateGetTradeOrdersAlgoPending", "GET", "/api/v5/trade/orders-algo-pending", "data.[]"
    )
    ENDED = Endpoint(
        "privateGetTradeOrdersHistory", "GET", "/api/v5/trade/orders-history", "data.[]"
    )
    ENDED_BEFORE = Endpoint(
        *("privateGetTradeOrdersHistoryArchive", "GET"),
        *("/api/v5/trade/orders-history-archive", "data.[]"),
    )
    ENDED_TRIGGERS = Endpoint(
        "privateGetTradeOrdersAlgoHistory", "GET", "/api/v5/trade/orders-algo-history", "data.[]"
    )
    FILLS = Endpoint("privateGetTradeFills", "GET", "/api/v5/trade/fills", "data.[]")
    FILLS_BEFORE = Endpoint(
        "privateGetTradeFillsHistory", "GET", "/api/v5/trade/fills-history", "data.[]"
    )
    LEVERAGES = Endpoint(
        "privateGetAccountLeverageInfo", "GET", "/api/v5/account/leverage-info", "data.[]"
    )
    LEVERAGE = Endpoint(
        "privatePostAccountSetLeverage", "POST", "/api/v5/account/set-leverage", "data.0.lever"
    )
    TICKERS = Endpoint("publicGetMarketTickers", "GET", "/api/v5/market/tickers", "data.[]")
    MARKS = Endpoint("publicGetPublicMarkPrice", "GET", "/api/v5/public/mark-price", "data.[]")
    POSITIONS = Endpoint(
        "privateGetAccountPositions", "GET", "/api/v5/account/positions", "data.[]"
    )
    BALANCE = Endpoint(
        "privateGetAccountBalance", "GET", "/api/v5/account/balance", "data.0.details.[]"
    )
    CONFIG = Endpoint("privateGetAccountConfig", "GET", "/api/v5/account/config", "data.0.perm")

    def place(self, order: NewOrder, link: str, listing: Listing, account: Account) -> Request:
        params: Params = {
            "instId": listing.id,
            "tdMode": "cross",
            "side": order.side.value,
            "posSide": POSITION_SIDES[order.position_index],
            "sz": in_contracts(order.quantity, listing.contract),
        }
        if order.reduce_only:
            params["reduceOnly"] = True
        if order.trigger is not None:
            return Request(self.TRIGGER, params | self._trigger(order, link), link)
        params |= {"ordType": "limit" if is_limit(order) else "market", "clOrdId": link}
        if order.price is not None:
            params["px"] = plain(order.price)
        attached = self._attached(order)
        if attached:
            params["attachAlgoOrds"] = [attached]
        return Request(self.ORDER, params, link)

    @staticmethod
    def _trigger(order: NewOrder, link: str) -> Params:
        """The exchange knows a stop from a target, and so which way the price has to go."""
        assert order.trigger is not None  # noqa: S101 - the caller has looked
        word = "sl" if is_stop(order) else "tp"
        return {
            "ordType": "conditional",
            "algoClOrdId": link,
            f"{word}TriggerPx": plain(order.trigger),
            f"{word}TriggerPxType": "last",
            f"{word}OrdPx": AT_MARKET,
        }

    @staticmethod
    def _attached(order: NewOrder) -> Params:
        told: Params = {}
        for word, level in (("sl", order.stop), ("tp", order.target)):
            if level is not None:
                told |= {
                    f"{word}TriggerPx": plain(level),
                    f"{word}TriggerPxType": "last",
                    f"{word}OrdPx": AT_MARKET,
                }
        return told

    def cancels(self, link: str, listing: Listing) -> Sequence[Request]:
        return [
            Request(self.CANCEL, {"instId": listing.id, "clOrdId": link}),
            Request(self.CANCEL_TRIGGER, [{"instId": listing.id, "algoClOrdId": link}]),
        ]

    def amendment(self, terms: Terms, link: str, listing: Listing) -> Request:
        """OKX answers that it will see to it; what has become of it the order itself shows."""
        params: Params = {
            "instId": listing.id,
            "clOrdId": link,
            "newSz": in_contracts(terms.quantity, listing.contract),
            "newPx": plain(terms.price),
        }
        return Request(self.AMEND, params, link)

    def finds(self, link: str, listing: Listing) -> Sequence[Request]:
        return [
            Request(self.FIND, {"instId": listing.id, "clOrdId": link}),
            Request(self.FIND_TRIGGER, {"algoClOrdId": link}),
        ]

    def trigger_of(self, row: Json) -> Decimal | None:
        """Of an order that waits by itself: an entry names its attached levels alike."""
        if not _is_algo(row):
            return None
        levels = (row.get(name) for name in ("slTriggerPx", "tpTriggerPx", "triggerPx"))
        return next((level for level in map(number_or_none, levels) if level is not None), None)

    def finds_born(self, order_id: str, listing: Listing) -> Request:
        return Request(self.FIND, {"instId": listing.id, "ordId": order_id})

    def resting(self, listing: Listing | None, account: Account) -> Sequence[Query]:
        scope = _scope(listing) | {"limit": FULL}
        waiting = [
            Query(self.OPEN_TRIGGERS, scope | {"ordType": kind}, _earlier("algoId"))
            for kind in ALGO_TYPES
        ]
        return [Query(self.OPEN, scope, _earlier("ordId")), *waiting]

    def ended(self, listing: Listing, span: Span) -> Sequence[Query]:
        """By when they were placed; what was cancelled unfilled is shown for two hours."""
        scope = _scope(listing) | {"limit": FULL, "ordType": ALGO_TYPES[0]}
        triggers = [
            Query(self.ENDED_TRIGGERS, scope | {"state": end}, _algos_until(span.start))
            for end in ALGO_ENDS
        ]
        endpoint = self.ENDED if span.is_within(RECENT_ORDERS) else self.ENDED_BEFORE
        return [*triggers, Query(endpoint, _scope(listing) | _within(span), _earlier("ordId"))]

    def fills(self, listing: Listing, span: Span) -> Sequence[Query]:
        endpoint = self.FILLS if span.is_within(RECENT_FILLS) else self.FILLS_BEFORE
        return [Query(endpoint, _scope(listing) | _within(span), _earlier("billId"))]

    def read_order(
        self, client: Any, row: Json, market: Mapping[str, Any] | None
    ) -> dict[str, Any]:
        """An order is called by the stop that it was, and every end taken for a withdrawal."""
        parsed = super().read_order(client, row, market)
        state = row.get("state")
        if _is_algo(row):
            if state == "order_failed":
                return {**parsed, "status": "rejected"}
            return parsed
        is_by_force = state == "mmp_canceled" or row.get("cancelSource", "") not in BY_REQUEST
        ended = {"status": "expired"} if parsed.get("status") == "canceled" and is_by_force else {}
        return {**parsed, "id": row.get("ordId"), **ended}

    def link_of(self, row: Json, parsed: Mapping[str, Any]) -> str:
        return str(row.get("algoClOrdId" if _is_algo(row) else "clOrdId") or "")

    def became(self, row: Json) -> str:
        return _born_of(row)

    def fired_at(self, row: Json) -> int:
        has_fired = _is_algo(row) and row.get("state") == "effective"
        return first_time(row, "triggerTime", "uTime") if has_fired else 0

    def cause_of(self, row: Json) -> Cause:
        return CAUSES.get(str(row.get("category")), Cause.USER)

    def closes(self, row: Json, *, sells: bool) -> bool:
        side = row.get("posSide")
        if side in {"long", "short"}:
            return sells is (side == "long")
        return number(row.get("fillPnl")) != 0

    def modes(self, ask: Ask, listing: Listing | None) -> list[Setting]:
        """Of twenty markets in a request at most, so that there is no list of all."""
        if listing is None:
            return []
        is_hedge = ask(Request(self.CONFIG, {}))["data"][0]["posMode"] != NET
        words_of = {"instId": listing.id, "mgnMode": "cross"}
        return [
            Setting(row["instId"], number(row["lever"]), is_hedge=is_hedge)
            for row in ask(Request(self.LEVERAGES, words_of))["data"]
        ]

    def leverages(self, leverage: Decimal, listing: Listing) -> Sequence[Request]:
        """Of cross margin: one for both sides of a hedge."""
        words_of = {"instId": listing.id, "mgnMode": "cross", "lever": whole(leverage)}
        return [Request(self.LEVERAGE, words_of, listing.id)]

    def prices(self, ask: Ask) -> list[Price]:
        marks = {row["instId"]: row for row in ask(Request(self.MARKS, dict(SWAPS)))["data"]}
        return [
            Price(
                row["instId"],
                number(row["last"]),
                mark=number_or_none(marks.get(row["instId"], {}).get("markPx")),
                bid=number_or_none(row.get("bidPx")),
                ask=number_or_none(row.get("askPx")),
            )
            for row in ask(Request(self.TICKERS, dict(SWAPS)))["data"]
        ]

    def balance(self, ask: Ask, account: Account) -> Balance:
        details = ask(Request(self.BALANCE, {"ccy": COIN}))["data"][0]["details"]
        row = row_of(details, "ccy")
        return swap_balance(row.get("eq"), row.get("availEq") or row.get("availBal"))

    def key_facts(self, ask: Ask, account: Account) -> KeyFacts:
        config = ask(Request(self.CONFIG, {}))["data"][0]
        return key_facts(
            words(config["perm"]),
            SCOPES,
            uid=str(config["uid"]),
            addresses=words(config.get("ip")),
        )

    def positions(self, ask: Ask) -> list[Held]:
        return [_held(row) for row in ask(Request(self.POSITIONS, {"instType": "SWAP"}))["data"]]


def _held(row: Json) -> Held:
    """Without a hedge the sign tells the direction, with one its name does."""
    contracts, name = number(row["pos"]), row["posSide"]
    return Held(
        row["instId"],
        -abs(contracts) if name == "short" else contracts,
        number(row["avgPx"]),
        number_or_none(row["lever"]),
        POSITION_SIDES.index(name),
    )


SWAP = OkxSwap()
