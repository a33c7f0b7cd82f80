"""BingX: perpetuals settled in USDT. Requests: https://bingx-api.github.io/docs.

It changes an order's price by another order in its place, which is no amending.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from exchanges.adapters.ccxt.keys import Scope, flags, key_facts, words
from exchanges.adapters.ccxt.paging import halved
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
    POSITION_INDEXES,
    POSITION_SIDES,
    is_limit,
    is_stop,
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
    RateLimited,
    SignatureRefused,
    SymbolNotTradable,
    Unavailable,
)
from exchanges.domain.trading import Balance, KeyFacts, NewOrder
from exchanges.domain.venues import Limits

CODES: dict[str, type[ExchangeError]] = {
    **dict.fromkeys(("100410", "100500", "109500", "110500", "80001"), OutcomeUnknown),
    "429": RateLimited,
    **dict.fromkeys(("401", "100412", "100413"), InvalidKey),
    "100001": SignatureRefused,
    "100419": IpNotAllowed,
    **dict.fromkeys(("403", "100004"), PermissionMissing),
    "100414": AccountBarred,
    **dict.fromkeys(("100202", "80012", "101204"), InsufficientMargin),
    **dict.fromkeys(("80016", "80017", "80018", "109421"), NotFound),
    **dict.fromkeys(("101481", "109201"), DuplicateLinkId),
    **dict.fromkeys(("100421", "100490", "109418", "109425"), SymbolNotTradable),
    "101205": OrderRejected,
    **dict.fromkeys(("80014", "101400", "110425"), InvalidOrder),
}
# What its codes mean beside this, it tells in words alone: 100421 is a market that is restricted, a
# clock that differs, or a system that is busy.
TEXTS: tuple[tuple[str, type[ExchangeError]], ...] = (
    ("timestamp mismatch", Unavailable),
    ("timestamp is invalid", Unavailable),
    ("system is busy", OutcomeUnknown),
    ("order not exist", NotFound),
)
# A key's rights, in the two shapes that they are told in: by switches as Binance's (…/docs-v3,
# "Query API KEY Permissions") and by numbers (their meanings: "Create API Key for Sub-account"). A
# key with others is refused: options, the management of sub-accounts, and what is new.
SCOPES: dict[str, Scope] = {
    "enableReading": Scope.READ,
    "enableFutures": Scope.TRADE,
    "enableSpotAndMarginTrading": Scope.HARMLESS,
    "ipRestrict": Scope.HARMLESS,
    "enableInternalTransfer": Scope.TRANSFER,
    "permitsUniversalTransfer": Scope.TRANSFER,
    "enableWithdrawals": Scope.WITHDRAW,
    "1": Scope.HARMLESS,  # spot trading
    "2": Scope.READ,
    "3": Scope.TRADE,  # perpetual futures
    "4": Scope.TRANSFER,  # universal
    "5": Scope.WITHDRAW,
    "7": Scope.TRANSFER,  # between accounts of one owner
}
MOVING = ("enableInternalTransfer", "permitsUniversalTransfer", "enableWithdrawals")
LAST = "CONTRACT_PRICE"
WEEK = timedelta(days=7)  # the most that a list is asked for, and all that is kept of fills
FULL = 1000  # rows of a page
CLOSING = {("LONG", True), ("SHORT", False)}  # the side of a hedge, and whether it was sold


class BingxSwap(Venue):
    kind = "bingx"
    ccxt_id = "bingx"
    product = Product.SWAP
    sites = {
        "mainnet": Site(frozenset({"open-api.bingx.com"})),
        "demo": Site(frozenset({"open-api-vst.bingx.com"}), Mode.SANDBOX),
    }
    features = frozenset(
        {Feature.MARKET, Feature.REDUCE, Feature.TRIGGER, Feature.ATTACHED, Feature.HEDGE}
    )
    options = {"defaultType": "swap"}
    market_call = "fetch_swap_markets"
    market_paths = ("/openApi/swap/v2/quote/contracts",)
    time_paths = ("/openApi/swap/v2/server/time",)
    most_leverage = Decimal(125)
    link_length = 40
    limits = Limits(50, 5_000, account_writes=5, account_reads=2, look=4)
    # Its requests do not say: the timestamp must be within five seconds of the exchange's clock
    # (…/docs/#/en-us/swapV2/base-info.html, "Timestamp").
    accepts_seconds = 5.0
    codes = CODES
    texts = TEXTS

    PATH = "/openApi/swap/v2/trade/order"
    LEVERAGE_PATH = "/openApi/swap/v2/trade/leverage"
    PROOF = "data.orders.[]"
    ORDER = Endpoint("swapV2PrivatePostTradeOrder", "POST", PATH, "data.order.orderId")
    CANCEL = Endpoint("swapV2PrivateDeleteTradeOrder", "DELETE", PATH, "data.order.orderId")
    FIND = Endpoint("swapV2PrivateGetTradeOrder", "GET", PATH, "data.order.orderId")
    OPEN = Endpoint(
        "swapV2PrivateGetTradeOpenOrders", "GET", "/openApi/swap/v2/trade/openOrders", PROOF
    )
    ALL = Endpoint(
        "swapV2PrivateGetTradeAllOrders", "GET", "/openApi/swap/v2/trade/allOrders", PROOF
    )
    FILLS = Endpoint(
        "swapV2PrivateGetTradeFillHistory",
        "GET",
        "/openApi/swap/v2/trade/fillHistory",
        "data.fill_history_orders.[]",
    )
    HEDGE = Endpoint(
        "swapV1PrivateGetPositionSideDual",
        "GET",
        "/openApi/swap/v1/positionSide/dual",
        "data.dualSidePosition",
    )
    TIMES = Endpoint("swapV2PrivateGetTradeLeverage", "GET", LEVERAGE_PATH, "data.longLeverage")
    LEVERAGE = Endpoint("swapV2PrivatePostTradeLeverage", "POST", LEVERAGE_PATH, "data.leverage")
    TICKERS = Endpoint(
        "swapV2PublicGetQuoteTicker", "GET", "/openApi/swap/v2/quote/ticker", "data.[]"
    )
    MARKS = Endpoint(
        "swapV2PublicGetQuotePremiumIndex", "GET", "/openApi/swap/v2/quote/premiumIndex", "data.[]"
    )
    POSITIONS = Endpoint(
        "swapV2PrivateGetUserPositions", "GET", "/openApi/swap/v2/user/positions", "data.[]"
    )
    BALANCE = Endpoint(
        "swapV2PrivateGetUserBalance", "GET", "/openApi/swap/v2/user/balance", "data.balance.equity"
    )
    RIGHTS = Endpoint(
        *("accountV1PrivateGetAccountApiPermissions", "GET"),
        *(
            "/openApi/v1/account/apiPermissions",
            "data.enableReading?|data.permissions.[]|permissions.[]",
        ),
    )
    UID = Endpoint("accountV1PrivateGetUid", "GET", "/openApi/account/v1/uid", "data.uid")

    def place(self, order: NewOrder, link: str, listing: Listing, account: Account) -> Request:
        params: Params = {
            "symbol": listing.id,
            "side": order.side.value.upper(),
            "positionSide": POSITION_SIDES[order.position_index],
            "type": "LIMIT" if is_limit(order) else "MARKET",
            "quantity": in_contracts(order.quantity, listing.contract),
            "clientOrderID": link,
        }
        if order.reduce_only and order.position_index == 0:  # a side of a hedge reduces by itself
            params["reduceOnly"] = "true"
        if order.price is not None:
            params |= {"price": plain(order.price), "timeInForce": "GTC"}
        if order.trigger is not None:
            params["type"] = "STOP_MARKET" if is_stop(order) else "TAKE_PROFIT_MARKET"
            params |= {"stopPrice": plain(order.trigger), "workingType": LAST}
        if order.stop is not None:
            params["stopLoss"] = _level("STOP_MARKET", order.stop)
        if order.target is not None:
            params["takeProfit"] = _level("TAKE_PROFIT_MARKET", order.target)
        return Request(self.ORDER, params, link)

    def cancels(self, link: str, listing: Listing) -> Sequence[Request]:
        """An order is placed by another spelling than it is found and withdrawn by."""
        return [Request(self.CANCEL, {"symbol": listing.id, "clientOrderId": link}, link)]

    def finds(self, link: str, listing: Listing) -> Sequence[Request]:
        return [Request(self.FIND, {"symbol": listing.id, "clientOrderId": link})]

    def resting(self, listing: Listing | None, account: Account) -> Sequence[Query]:
        """One list for those that rest and those that wait."""
        return [Query(self.OPEN, {"symbol": listing.id} if listing is not None else {})]

    def ended(self, listing: Listing, span: Span) -> Sequence[Query]:
        return [
            _within(self.ALL, listing, part, ("startTime", "endTime"), {"limit": FULL})
            for part in span.parts(WEEK)
        ]

    def fills(self, listing: Listing, span: Span) -> Sequence[Query]:
        """Of the last week alone: an older list tells of orders, and none of the single fill."""
        words: Params = {"pageIndex": 1, "pageSize": FULL}
        return [_within(self.FILLS, listing, span.last(WEEK), ("startTs", "endTs"), words)]

    def read_fill(self, client: Any, row: Json, market: Mapping[str, Any]) -> dict[str, Any]:
        """Its time and who was there first are words that ccxt does not know."""
        told = dict(client.parse_trade(row, market))
        at = datetime.fromisoformat(row["filledTime"])
        if at.tzinfo is None:
            raise ValueError("a time of no zone")
        return told | {"timestamp": int(at.timestamp() * 1000), "takerOrMaker": row.get("role")}

    def closes(self, row: Json, *, sells: bool) -> bool:
        """Where there is one position alone, the order says it (`account`)."""
        return (str(row.get("positionSide")).upper(), sells) in CLOSING

    def modes(self, ask: Ask, listing: Listing | None) -> list[Setting]:
        if listing is None:
            return []  # there is no list of all
        is_hedge = self._is_hedge(ask)
        told = ask(Request(self.TIMES, {"symbol": listing.id}))["data"]
        sides = (told["longLeverage"], told["shortLeverage"])
        return [Setting(listing.id, number(times), is_hedge=is_hedge) for times in sides]

    def set_leverage(self, ask: Ask, leverage: Decimal, listing: Listing) -> None:
        """One request for each side of a hedge; which there are depends on the account."""
        times = whole(leverage)
        for side in ("LONG", "SHORT") if self._is_hedge(ask) else ("BOTH",):
            words = {"symbol": listing.id, "side": side, "leverage": times}
            ask(Request(self.LEVERAGE, words, times))

    def _is_hedge(self, ask: Ask) -> bool:
        told = str(ask(Request(self.HEDGE, {}))["data"]["dualSidePosition"]).lower()
        if told not in {"true", "false"}:
            raise Unavailable("neither a hedge nor none")
        return told == "true"

    def prices(self, ask: Ask) -> list[Price]:
        marks = {row["symbol"]: row for row in ask(Request(self.MARKS, {}))["data"]}
        return [
            Price(
                row["symbol"],
                number(row["lastPrice"]),
                mark=number_or_none(marks.get(row["symbol"], {}).get("markPrice")),
                bid=number_or_none(row.get("bidPrice")),
                ask=number_or_none(row.get("askPrice")),
            )
            for row in ask(Request(self.TICKERS, {}))["data"]
        ]

    def balance(self, ask: Ask, account: Account) -> Balance:
        row = ask(Request(self.BALANCE, {}))["data"]["balance"]
        return swap_balance(row["equity"], row["availableMargin"])

    def key_facts(self, ask: Ask, account: Account) -> KeyFacts:
        answer = ask(Request(self.RIGHTS, {}))
        rights = answer.get("data") or answer  # by numbers it has come without its envelope
        return key_facts(
            _granted(rights),
            SCOPES,
            uid=str(ask(Request(self.UID, {}))["data"]["uid"]),
            addresses=words(rights.get("ipAddresses")),
        )

    def positions(self, ask: Ask) -> list[Held]:
        return [
            Held(
                row["symbol"],
                abs(number(row["positionAmt"])) * (-1 if row["positionSide"] == "SHORT" else 1),
                number(row["avgPrice"]),
                number_or_none(row["leverage"]),
                0 if row["onlyOnePosition"] else POSITION_INDEXES[row["positionSide"]],
            )
            for row in ask(Request(self.POSITIONS, {}))["data"]
        ]


def _granted(rights: Mapping[str, Any]) -> list[str]:
    """What is on; raises `ValueError` where nothing says whether coins may be moved."""
    numbers, switches = rights.get("permissions"), flags(rights)
    tells_moving = all(isinstance(rights.get(name), bool) for name in MOVING)
    if not tells_moving and (numbers is None or (switches and not numbers)):
        raise ValueError("rights that are not told")
    return [*words(numbers), *switches]


def _within(
    endpoint: Endpoint, listing: Listing, span: Span, names: tuple[str, str], words: Params
) -> Query:
    """A list of one market by time; its first moment is left out, at least of fills."""
    start, end = names
    scope: Params = {"symbol": listing.id, start: span.start - 1, end: span.end}
    return Query(endpoint, scope | words, halved(start, end, FULL, includes_start=False))


def _level(kind: str, price: Decimal) -> str:
    """A text within the request, whose price is a number of plain digits."""
    words = json.dumps({"type": kind, "workingType": LAST})
    return f'{words[:-1]}, "stopPrice": {plain(price)}}}'


SWAP = BingxSwap()
