"""Bitget: perpetuals settled in USDT, cross margin, one-way. https://www.bitget.com/api-doc.

In hedge mode Bitget calls the sale that closes a long position a purchase; that is not offered. Nor
are unified accounts. An order's price is changed by another order, which wants another id
(…/contract/trade/Modify-Order): that is no amending.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

from exchanges.adapters.ccxt.keys import Scope, key_facts, words
from exchanges.adapters.ccxt.paging import cursor
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
from exchanges.adapters.ccxt.venues.shared import COIN, first_time, is_stop, row_of, swap_balance
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
    PositionModeMismatch,
    RateLimited,
    SignatureRefused,
    StopRefused,
    SymbolNotTradable,
    Unavailable,
)
from exchanges.domain.trading import Balance, Cause, KeyFacts, NewOrder, Side
from exchanges.domain.venues import Limits

CODES: dict[str, type[ExchangeError]] = {
    **dict.fromkeys(("40015", "40010", "40604"), OutcomeUnknown),
    **dict.fromkeys(("429", "30007", "1001"), RateLimited),
    **dict.fromkeys(("40004", "40005", "40008"), Unavailable),
    **dict.fromkeys(("40001", "40002", "40003", "40006", "40011", "40012", "40037"), InvalidKey),
    "40009": SignatureRefused,
    "40018": IpNotAllowed,
    **dict.fromkeys(("40014", "40085", "40301"), PermissionMissing),
    **dict.fromkeys(("40013", "40024"), AccountBarred),
    **dict.fromkeys(("40711", "40712", "40762", "43012"), InsufficientMargin),
    **dict.fromkeys(("40109", "40768", "43001", "43025"), NotFound),
    "40774": PositionModeMismatch,
    **dict.fromkeys(("40917", "45122"), StopRefused),
    **dict.fromkeys(("40308", "40309", "41114", "43115"), SymbolNotTradable),
    "45113": OrderRejected,
    **dict.fromkeys(("40017", "40019", "40020", "40808", "41103", "45110"), InvalidOrder),
}
# A key's rights (…/spot/account/Get-Account-Info, `authorities`): `r` at the end reads, `w` writes.
# Not here, so that a key with them is refused: what trading does not use (margin, copy trading,
# loans, sub-accounts, P2P, tax), and "trade" and "readonly" of that page's example, which its list
# does not explain.
SCOPES: dict[str, Scope] = {
    **dict.fromkeys(
        ("coor", "cpor", "stor", "smor", "ttor", "wtor", "taxr", "chor", "p2pr", "pllr"),
        Scope.READ,
    ),
    "coow": Scope.TRADE,  # orders of futures
    "cpow": Scope.POSITION,  # positions of futures
    "stow": Scope.HARMLESS,  # spot trading
    "wtow": Scope.TRANSFER,
    "wwow": Scope.WITHDRAW,
}
PRODUCT = {"productType": "USDT-FUTURES"}
LAST = "fill_price"
ONE_WAY = "one_way_mode"
DIRECTIONS = {"long": 1, "short": -1}
INDEXES = {"long": 1, "short": 2}
# What waits: stops and targets share a list, entries that wait have another.
PLAN_TYPES = ("profit_loss", "normal_plan")
# How the directions of orders begin that nobody gave.
CAUSES = {
    "burst_": Cause.LIQUIDATION,
    "reduce_": Cause.LIQUIDATION,
    "dte_sys_adl_": Cause.ADL,
    "delivery_": Cause.DELISTING,
    "offset_": Cause.OTHER,
}
FULL = 100  # rows of a page
LONGEST = timedelta(days=85)  # "three months" at most between two moments
EARLIER = cursor("idLessThan", "data.endId", FULL)


def _scope(listing: Listing | None) -> Params:
    return PRODUCT | {"limit": FULL} | ({"symbol": listing.id} if listing is not None else {})


def _within(endpoint: Endpoint, scope: Params, span: Span) -> list[Query]:
    return [
        Query(endpoint, scope | {"startTime": part.start, "endTime": part.end}, EARLIER)
        for part in span.parts(LONGEST)
    ]


class BitgetSwap(Venue):
    kind = "bitget"
    ccxt_id = "bitget"
    product = Product.SWAP
    sites = {
        "mainnet": Site(frozenset({"api.bitget.com"})),
        "demo": Site(frozenset({"api.bitget.com"}), Mode.SANDBOX),  # a header makes the difference
    }
    features = frozenset({Feature.MARKET, Feature.REDUCE, Feature.TRIGGER, Feature.ATTACHED})
    has_passphrase = True
    options = {
        "uta": False,
        "defaultType": "swap",
        "fetchMarkets": {"types": ["swap"]},
    }
    market_paths = ("/api/v2/mix/market/contracts",)
    time_paths = ("/api/v2/public/time",)
    delivery_field = "offTime"
    link_length = 50
    limits = Limits(50, 5_000, account_writes=10, look=8)
    # A request whose timestamp is 30 seconds off has expired (40008) by the reference; its page was
    # not found again. How long matching may take is told nowhere.
    accepts_seconds = 30.0
    codes = CODES
    code_paths = ("data.failureList.0.errorCode", "code")

    ORDER = Endpoint(
        "privateMixPostV2MixOrderPlaceOrder",
        "POST",
        "/api/v2/mix/order/place-order",
        "data.orderId",
    )
    TRIGGER = Endpoint(
        "privateMixPostV2MixOrderPlaceTpslOrder",
        "POST",
        "/api/v2/mix/order/place-tpsl-order",
        "data.orderId",
    )
    CANCEL = Endpoint(
        "privateMixPostV2MixOrderCancelOrder",
        "POST",
        "/api/v2/mix/order/cancel-order",
        "data.clientOid",
    )
    CANCEL_TRIGGER = Endpoint(
        "privateMixPostV2MixOrderCancelPlanOrder",
        "POST",
        "/api/v2/mix/order/cancel-plan-order",
        "data.successList.0.clientOid",
    )
    FIND = Endpoint(
        "privateMixGetV2MixOrderDetail", "GET", "/api/v2/mix/order/detail", "data.orderId"
    )
    PENDING = Endpoint(
        "privateMixGetV2MixOrderOrdersPlanPending",
        "GET",
        "/api/v2/mix/order/orders-plan-pending",
        "data.entrustedList.[]",
    )
    HISTORY = Endpoint(
        "privateMixGetV2MixOrderOrdersPlanHistory",
        "GET",
        "/api/v2/mix/order/orders-plan-history",
        "data.entrustedList.[]",
    )
    OPEN = Endpoint(
        "privateMixGetV2MixOrderOrdersPending",
        "GET",
        "/api/v2/mix/order/orders-pending",
        "data.entrustedList.[]",
    )
    ENDED = Endpoint(
        "privateMixGetV2MixOrderOrdersHistory",
        "GET",
        "/api/v2/mix/order/orders-history",
        "data.entrustedList.[]",
    )
    FILLS = Endpoint(
        "privateMixGetV2MixOrderFills", "GET", "/api/v2/mix/order/fills", "data.fillList.[]"
    )
    ACCOUNT = Endpoint(
        "privateMixGetV2MixAccountAccount",
        "GET",
        "/api/v2/mix/account/account",
        "data.crossedMarginLeverage",
    )
    LEVERAGE = Endpoint(
        "privateMixPostV2MixAccountSetLeverage",
        "POST",
        "/api/v2/mix/account/set-leverage",
        "data.crossMarginLeverage",
    )
    TICKERS = Endpoint(
        "publicMixGetV2MixMarketTickers", "GET", "/api/v2/mix/market/tickers", "data.[]"
    )
    POSITIONS = Endpoint(
        "privateMixGetV2MixPositionAllPosition",
        "GET",
        "/api/v2/mix/position/all-position",
        "data.[]",
    )
    ACCOUNTS = Endpoint(
        "privateMixGetV2MixAccountAccounts", "GET", "/api/v2/mix/account/accounts", "data.[]"
    )
    KEY = Endpoint(
        "privateSpotGetV2SpotAccountInfo", "GET", "/api/v2/spot/account/info", "data.authorities.[]"
    )

    def place(self, order: NewOrder, link: str, listing: Listing, account: Account) -> Request:
        params: Params = PRODUCT | {
            "symbol": listing.id,
            "marginCoin": COIN,
            "size": in_contracts(order.quantity, listing.contract),
            "clientOid": link,
        }
        if order.trigger is not None:
            return Request(self.TRIGGER, params | self._trigger(order), link)
        params |= {
            "marginMode": "crossed",
            "side": order.side.value,
            "orderType": order.type.value,
            "reduceOnly": "YES" if order.reduce_only else "NO",
        }
        if order.price is not None:
            params |= {"price": plain(order.price), "force": "gtc"}
        if order.stop is not None:
            params["presetStopLossPrice"] = plain(order.stop)
        if order.target is not None:
            params["presetStopSurplusPrice"] = plain(order.target)
        return Request(self.ORDER, params, link)

    @staticmethod
    def _trigger(order: NewOrder) -> Params:
        """Of the order's size alone: Bitget's default plans close the whole position."""
        assert order.trigger is not None  # noqa: S101 - the caller has looked
        return {
            "planType": "loss_plan" if is_stop(order) else "profit_plan",
            "triggerPrice": plain(order.trigger),
            "triggerType": LAST,
            "holdSide": "buy" if order.side is Side.SELL else "sell",
        }

    def cancels(self, link: str, listing: Listing) -> Sequence[Request]:
        named = PRODUCT | {"symbol": listing.id, "marginCoin": COIN}
        return [
            Request(self.CANCEL, named | {"clientOid": link}),
            Request(
                self.CANCEL_TRIGGER,
                named | {"orderIdList": [{"clientOid": link}], "planType": "profit_loss"},
            ),
        ]

    def finds(self, link: str, listing: Listing) -> Sequence[Request]:
        named = PRODUCT | {"symbol": listing.id, "clientOid": link}
        plans = named | {"planType": "profit_loss"}
        return [
            Request(self.FIND, named),
            Request(self.PENDING, plans),
            Request(self.HISTORY, plans),
        ]

    def finds_born(self, order_id: str, listing: Listing) -> Request:
        return Request(self.FIND, PRODUCT | {"symbol": listing.id, "orderId": order_id})

    def resting(self, listing: Listing | None, account: Account) -> Sequence[Query]:
        """Where no state is asked for, only orders without a fill are promised."""
        scope = _scope(listing)
        states = ("live", "partially_filled")  # in this order: none changes from one to the other
        return [
            *(Query(self.OPEN, scope | {"status": state}, EARLIER) for state in states),
            *(Query(self.PENDING, scope | {"planType": kind}, EARLIER) for kind in PLAN_TYPES),
        ]

    def ended(self, listing: Listing, span: Span) -> Sequence[Query]:
        scope = _scope(listing)
        return [
            *_within(self.HISTORY, scope | {"planType": PLAN_TYPES[0]}, span),
            *_within(self.ENDED, scope, span),
        ]

    def fills(self, listing: Listing, span: Span) -> Sequence[Query]:
        return _within(self.FILLS, _scope(listing), span)

    def became(self, row: Json) -> str:
        return str(row.get("executeOrderId") or "")

    def fired_at(self, row: Json) -> int:
        return first_time(row, "uTime", "cTime") if row.get("planStatus") == "executed" else 0

    def cause_of(self, row: Json) -> Cause:
        side = str(row.get("tradeSide") or "")
        causes = (cause for begin, cause in CAUSES.items() if side.startswith(begin))
        return next(causes, Cause.USER)

    def closes(self, row: Json, *, sells: bool) -> bool:
        return number(row.get("profit")) != 0 or self.cause_of(row) is not Cause.USER

    def modes(self, ask: Ask, listing: Listing | None) -> list[Setting]:
        """Of one market in a request, so that there is no list of all."""
        if listing is None:
            return []
        named = PRODUCT | {"symbol": listing.id, "marginCoin": COIN}
        row = ask(Request(self.ACCOUNT, named))["data"]
        is_hedge = row["posMode"] != ONE_WAY
        return [Setting(listing.id, number(row["crossedMarginLeverage"]), is_hedge=is_hedge)]

    def leverages(self, leverage: Decimal, listing: Listing) -> Sequence[Request]:
        """Of cross margin: one for both sides of a hedge."""
        named = PRODUCT | {"symbol": listing.id, "marginCoin": COIN}
        return [Request(self.LEVERAGE, named | {"leverage": whole(leverage)}, listing.id)]

    def prices(self, ask: Ask) -> list[Price]:
        return [
            Price(
                row["symbol"],
                number(row["lastPr"]),
                mark=number_or_none(row.get("markPrice")),
                bid=number_or_none(row.get("bidPr")),
                ask=number_or_none(row.get("askPr")),
            )
            for row in ask(Request(self.TICKERS, dict(PRODUCT)))["data"]
        ]

    def balance(self, ask: Ask, account: Account) -> Balance:
        row = row_of(ask(Request(self.ACCOUNTS, dict(PRODUCT)))["data"], "marginCoin")
        return swap_balance(row.get("accountEquity"), row.get("crossedMaxAvailable"))

    def key_facts(self, ask: Ask, account: Account) -> KeyFacts:
        info = ask(Request(self.KEY, {}))["data"]
        return key_facts(
            words(info["authorities"]),
            SCOPES,
            uid=str(info["userId"]),
            addresses=words(info.get("ips")),
            inviter_id=str(info.get("inviterId") or ""),
        )

    def positions(self, ask: Ask) -> list[Held]:
        return [
            Held(
                row["symbol"],
                number(row["total"]) * DIRECTIONS[row["holdSide"]],
                number(row["openPriceAvg"]),
                number_or_none(row["leverage"]),
                0 if row["posMode"] == ONE_WAY else INDEXES[row["holdSide"]],
            )
            for row in ask(Request(self.POSITIONS, PRODUCT | {"marginCoin": COIN}))["data"]
        ]


SWAP = BitgetSwap()
