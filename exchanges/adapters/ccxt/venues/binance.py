"""Binance: spot, and perpetuals settled in USDT (USDⓈ-M).

Requests: https://developers.binance.com/docs/binance-spot-api-docs and …/derivatives.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from exchanges.adapters.ccxt.keys import Scope, flags, key_facts
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
    Terms,
    Venue,
)
from exchanges.adapters.ccxt.venues.shared import (
    COIN,
    POSITION_INDEXES,
    POSITION_SIDES,
    coins,
    first_time,
    is_limit,
    is_stop,
    moment,
    row_of,
    spot_balance,
    swap_balance,
)
from exchanges.domain.errors import (
    AccessDenied,
    DuplicateLinkId,
    EgressBlocked,
    ExchangeError,
    InsufficientMargin,
    InvalidKey,
    InvalidOrder,
    NotFound,
    OrderRejected,
    OutcomeUnknown,
    PositionModeMismatch,
    RateLimited,
    SignatureRefused,
    StopRefused,
    SymbolNotTradable,
    Unavailable,
)
from exchanges.domain.trading import Balance, Cause, KeyFacts, NewOrder
from exchanges.domain.venues import Limits

# https://developers.binance.com/docs/binance-spot-api-docs/errors
CODES: dict[str, type[ExchangeError]] = {
    **dict.fromkeys(("-1000", "-1001", "-1006", "-1007"), OutcomeUnknown),
    "-1003": EgressBlocked,  # too much weight of this address
    "-1015": RateLimited,  # too many orders of this account
    **dict.fromkeys(("-1021", "-5028"), Unavailable),
    **dict.fromkeys(("-2014", "-2008"), InvalidKey),
    "-1022": SignatureRefused,
    **dict.fromkeys(("-2015", "-1002"), AccessDenied),
    **dict.fromkeys(("-2018", "-2019", "-2024"), InsufficientMargin),
    **dict.fromkeys(("-2011", "-2013"), NotFound),
    "-2021": StopRefused,
    "-4061": PositionModeMismatch,
    **dict.fromkeys(("-4116", "-4117"), DuplicateLinkId),
    **dict.fromkeys(("-1121", "-4141", "-2016", "-5024"), SymbolNotTradable),
    **dict.fromkeys(("-2022", "-2025", "-2027", "-2028", "-4045", "-4118", "-4131"), OrderRejected),
    **dict.fromkeys(("-5025", "-5026", "-5027"), OrderRejected),  # of amendments
    **dict.fromkeys(
        (
            *("-1013", "-1014", "-1100", "-1101", "-1102", "-1103", "-1104", "-1105", "-1106"),
            *("-1111", "-1115", "-1116", "-1117", "-1130", "-2010", "-4003", "-4005", "-4013"),
            *("-4014", "-4015", "-4016", "-4024", "-4028", "-4164"),
        ),
        InvalidOrder,
    ),
}
# What -2010 (and -1013) mean, Binance tells in words alone.
TEXTS: tuple[tuple[str, type[ExchangeError]], ...] = (
    ("duplicate order sent", DuplicateLinkId),
    ("insufficient balance", InsufficientMargin),
    ("would trigger immediately", StopRefused),
    ("market is closed", SymbolNotTradable),
)
READS: dict[str, Scope] = {
    "enableReading": Scope.READ,
    "enableFixReadOnly": Scope.HARMLESS,
    "ipRestrict": Scope.HARMLESS,
    "enableWithdrawals": Scope.WITHDRAW,
    "enableInternalTransfer": Scope.TRANSFER,
    "permitsUniversalTransfer": Scope.TRANSFER,
}
RESTRICTIONS = Endpoint(
    "sapiGetAccountApiRestrictions", "GET", "/sapi/v1/account/apiRestrictions", "enableReading"
)
SPOT_ACCOUNT = Endpoint("privateGetAccount", "GET", "/api/v3/account", "balances.[]", weight=20)

REST_OF_MINUTE = 60.0  # seconds at most: each begins to count anew
DAY, WEEK = timedelta(days=1), timedelta(days=7)
FULL = 1000  # rows of a page
WITHIN = halved("startTime", "endTime", FULL)
# Of a stop (…/usds-margined-futures/user-data-streams/Event-Algo-Order-Update).
FIRED = frozenset({"TRIGGERING", "TRIGGERED", "FINISHED"})
# How the clients' ids of the exchange's own orders begin (…/user-data-streams/Event-Order-Update).
OWN_ORDERS = {
    "autoclose-": Cause.LIQUIDATION,
    "adl_autoclose": Cause.ADL,
    "settlement_autoclose-": Cause.DELISTING,
    "delivery_autoclose-": Cause.DELISTING,
}


def _within(endpoint: Endpoint, listing: Listing, span: Span, longest: timedelta) -> list[Query]:
    """A list of one market by time, in spans that the exchange takes."""
    scope: Params = {"symbol": listing.id, "limit": FULL}
    return [
        Query(endpoint, scope | {"startTime": part.start, "endTime": part.end}, WITHIN)
        for part in span.parts(longest)
    ]


def _scope(listing: Listing | None) -> Params:
    return {"symbol": listing.id} if listing is not None else {}


def _side(order: NewOrder) -> str:
    return order.side.value.upper()


def _key_facts(ask: Ask, meanings: dict[str, Scope]) -> KeyFacts:
    rights = ask(Request(RESTRICTIONS, {}))
    uid = ask(Request(SPOT_ACCOUNT, {"omitZeroBalances": "true"}))["uid"]
    expires_at = moment(rights.get("tradingAuthorityExpirationTime"))
    return key_facts(flags(rights), meanings, uid=str(uid), expires_at=expires_at)


def _prices(rows: list[Json], best: Mapping[str, Any], marks: Mapping[str, Any]) -> list[Price]:
    return [
        Price(
            row["symbol"],
            number(row["price"]),
            mark=number_or_none(marks.get(row["symbol"], {}).get("markPrice")),
            bid=number_or_none(best.get(row["symbol"], {}).get("bidPrice")),
            ask=number_or_none(best.get(row["symbol"], {}).get("askPrice")),
        )
        for row in rows
    ]


class BinanceSpot(Venue):
    kind = "binance"
    ccxt_id = "binance"
    product = Product.SPOT
    sites = {
        "mainnet": Site(frozenset({"api.binance.com"})),
        "testnet": Site(frozenset({"testnet.binance.vision"}), Mode.SANDBOX),
    }
    features = frozenset({Feature.MARKET, Feature.REDUCE, Feature.TRIGGER})
    options = {"defaultType": "spot", "fetchMarkets": {"types": ["spot"]}}
    market_paths = ("/api/v3/exchangeInfo",)
    market_weight = 20
    time_paths = ("/api/v3/time",)
    link_length = 36
    # An address has 6,000 of weight a minute, an account 100 orders in ten seconds
    # (…/binance-spot-api-docs/rest-api/limits; weights are told with each endpoint).
    limits = Limits(6_000, 60_000, account_writes=5, look=146)
    codes = CODES
    texts = TEXTS
    throttled = EgressBlocked
    rate_pause = REST_OF_MINUTE

    ORDER = Endpoint("privatePostOrder", "POST", "/api/v3/order", "orderId")
    CANCEL = Endpoint("privateDeleteOrder", "DELETE", "/api/v3/order", "orderId")
    FIND = Endpoint("privateGetOrder", "GET", "/api/v3/order", "orderId", weight=4)
    OPEN = Endpoint("privateGetOpenOrders", "GET", "/api/v3/openOrders", "[]", weight=6)
    OPEN_EVERYWHERE = replace(OPEN, weight=80)
    ALL = Endpoint("privateGetAllOrders", "GET", "/api/v3/allOrders", "[]", weight=20)
    TRADES = Endpoint("privateGetMyTrades", "GET", "/api/v3/myTrades", "[]", weight=20)
    BEST = Endpoint("publicGetTickerBookTicker", "GET", "/api/v3/ticker/bookTicker", "[]", weight=4)
    LAST = Endpoint("publicGetTickerPrice", "GET", "/api/v3/ticker/price", "[]", weight=4)

    def place(self, order: NewOrder, link: str, listing: Listing, account: Account) -> Request:
        params: Params = {
            "symbol": listing.id,
            "side": _side(order),
            "type": "LIMIT" if is_limit(order) else "MARKET",
            "quantity": in_contracts(order.quantity, listing.contract),
            "newClientOrderId": link,
            "newOrderRespType": "ACK",
        }
        if order.price is not None:
            params |= {"price": plain(order.price), "timeInForce": "GTC"}
        if order.trigger is not None:
            params["type"] = "STOP_LOSS" if is_stop(order) else "TAKE_PROFIT"
            params["stopPrice"] = plain(order.trigger)
        return Request(self.ORDER, params, link)

    def takes_stops(self, market: Json) -> bool:
        return "STOP_LOSS" in market.get("orderTypes", ["STOP_LOSS"])

    def cancels(self, link: str, listing: Listing) -> Sequence[Request]:
        return [Request(self.CANCEL, {"symbol": listing.id, "origClientOrderId": link})]

    def finds(self, link: str, listing: Listing) -> Sequence[Request]:
        return [Request(self.FIND, {"symbol": listing.id, "origClientOrderId": link})]

    def resting(self, listing: Listing | None, account: Account) -> Sequence[Query]:
        endpoint = self.OPEN if listing is not None else self.OPEN_EVERYWHERE
        return [Query(endpoint, _scope(listing))]

    def ended(self, listing: Listing, span: Span) -> Sequence[Query]:
        return _within(self.ALL, listing, span, DAY)

    def fills(self, listing: Listing, span: Span) -> Sequence[Query]:
        return _within(self.TRADES, listing, span, DAY)

    def prices(self, ask: Ask) -> list[Price]:
        best = {row["symbol"]: row for row in ask(Request(self.BEST, {}))}
        return _prices(ask(Request(self.LAST, {})), best, {})

    def positions(self, ask: Ask) -> list[Held]:
        answer = ask(Request(SPOT_ACCOUNT, {"omitZeroBalances": "true"}))
        return coins(answer["balances"], "asset", "{}USDT")

    def balance(self, ask: Ask, account: Account) -> Balance:
        answer = ask(Request(SPOT_ACCOUNT, {"omitZeroBalances": "true"}))
        row = row_of(answer["balances"], "asset")
        return spot_balance(row.get("free"), row.get("locked"))

    def key_facts(self, ask: Ask, account: Account) -> KeyFacts:
        return _key_facts(ask, READS | {"enableSpotAndMarginTrading": Scope.TRADE})


class BinanceUsdm(Venue):
    kind = "binance_usdm"
    ccxt_id = "binance"
    product = Product.SWAP
    sites = {
        "mainnet": Site(frozenset({"fapi.binance.com", "api.binance.com"})),
        "demo": Site(frozenset({"demo-fapi.binance.com", "demo-api.binance.com"}), Mode.DEMO),
    }
    features = frozenset({Feature.MARKET, Feature.REDUCE, Feature.TRIGGER, Feature.HEDGE})
    options = {"defaultType": "swap", "fetchMarkets": {"types": ["linear"]}}
    market_paths = ("/fapi/v1/exchangeInfo",)
    time_paths = ("/fapi/v1/time",)
    delivery_field = "deliveryDate"
    most_leverage = Decimal(125)
    link_length = 36
    # An address has 2,400 of weight a minute; an account 1,200 orders, of which 300 in ten seconds
    # (`rateLimits` of exchangeInfo; weights are told with each endpoint). Orders weigh nothing for
    # the address by that, and one here, as every request.
    limits = Limits(2_400, 60_000, account_writes=20, look=22)
    codes = CODES
    texts = TEXTS
    unchanged = frozenset({-5027})
    throttled = EgressBlocked
    rate_pause = REST_OF_MINUTE

    ORDER = Endpoint("fapiPrivatePostOrder", "POST", "/fapi/v1/order", "orderId")
    TRIGGER = Endpoint("fapiPrivatePostAlgoOrder", "POST", "/fapi/v1/algoOrder", "algoId")
    AMEND = Endpoint("fapiPrivatePutOrder", "PUT", "/fapi/v1/order", "orderId")
    CANCEL = Endpoint("fapiPrivateDeleteOrder", "DELETE", "/fapi/v1/order", "orderId")
    CANCEL_TRIGGER = Endpoint(
        "fapiPrivateDeleteAlgoOrder", "DELETE", "/fapi/v1/algoOrder", "algoId"
    )
    FIND = Endpoint("fapiPrivateGetOrder", "GET", "/fapi/v1/order", "orderId")
    FIND_TRIGGER = Endpoint("fapiPrivateGetAlgoOrder", "GET", "/fapi/v1/algoOrder", "algoId")
    OPEN = Endpoint("fapiPrivateGetOpenOrders", "GET", "/fapi/v1/openOrders", "[]")
    OPEN_TRIGGERS = Endpoint("fapiPrivateGetOpenAlgoOrders", "GET", "/fapi/v1/openAlgoOrders", "[]")
    OPEN_EVERYWHERE = replace(OPEN, weight=40)
    OPEN_TRIGGERS_EVERYWHERE = replace(OPEN_TRIGGERS, weight=40)
    ALL = Endpoint("fapiPrivateGetAllOrders", "GET", "/fapi/v1/allOrders", "[]", weight=5)
    ALL_TRIGGERS = Endpoint(
        "fapiPrivateGetAllAlgoOrders", "GET", "/fapi/v1/allAlgoOrders", "[]", weight=5
    )
    TRADES = Endpoint("fapiPrivateGetUserTrades", "GET", "/fapi/v1/userTrades", "[]", weight=5)
    SYMBOLS = Endpoint("fapiPrivateGetSymbolConfig", "GET", "/fapi/v1/symbolConfig", "[]", weight=5)
    CONFIG = Endpoint(
        "fapiPrivateGetAccountConfig",
        "GET",
        "/fapi/v1/accountConfig",
        "dualSidePosition?",
        weight=5,
    )
    LEVERAGE = Endpoint("fapiPrivatePostLeverage", "POST", "/fapi/v1/leverage", "leverage")
    LAST = Endpoint("fapiPublicV2GetTickerPrice", "GET", "/fapi/v2/ticker/price", "[]", weight=2)
    MARK = Endpoint("fapiPublicGetPremiumIndex", "GET", "/fapi/v1/premiumIndex", "[]", weight=10)
    ACCOUNT = Endpoint("fapiPrivateV3GetAccount", "GET", "/fapi/v3/account", "assets.[]", weight=5)
    POSITIONS = Endpoint(
        "fapiPrivateV3GetPositionRisk", "GET", "/fapi/v3/positionRisk", "[]", weight=5
    )

    def place(self, order: NewOrder, link: str, listing: Listing, account: Account) -> Request:
        params: Params = {
            "symbol": listing.id,
            "side": _side(order),
            "positionSide": POSITION_SIDES[order.position_index],
            "quantity": in_contracts(order.quantity, listing.contract),
        }
        if order.reduce_only and order.position_index == 0:  # a side of a hedge reduces by itself
            params["reduceOnly"] = "true"
        if order.trigger is not None:
            return Request(self.TRIGGER, params | self._trigger(order, link), link)
        params |= {
            "type": "LIMIT" if is_limit(order) else "MARKET",
            "newClientOrderId": link,
            "newOrderRespType": "ACK",
        }
        if order.price is not None:
            params |= {"price": plain(order.price), "timeInForce": "GTC"}
        return Request(self.ORDER, params, link)

    @staticmethod
    def _trigger(order: NewOrder, link: str) -> Params:
        assert order.trigger is not None  # noqa: S101 - the caller has looked
        return {
            "algoType": "CONDITIONAL",
            "type": "STOP_MARKET" if is_stop(order) else "TAKE_PROFIT_MARKET",
            "triggerPrice": plain(order.trigger),
            "workingType": "CONTRACT_PRICE",
            "clientAlgoId": link,
        }

    def cancels(self, link: str, listing: Listing) -> Sequence[Request]:
        return [
            Request(self.CANCEL, {"symbol": listing.id, "origClientOrderId": link}),
            Request(self.CANCEL_TRIGGER, {"clientAlgoId": link}),
        ]

    def amendment(self, terms: Terms, link: str, listing: Listing) -> Request:
        """Limit orders alone, which go to the end of their queue; both figures must be told."""
        params: Params = {
            "symbol": listing.id,
            "origClientOrderId": link,
            "side": terms.side.value.upper(),
            "quantity": in_contracts(terms.quantity, listing.contract),
            "price": plain(terms.price),
        }
        return Request(self.AMEND, params, link)

    def finds(self, link: str, listing: Listing) -> Sequence[Request]:
        return [
            Request(self.FIND, {"symbol": listing.id, "origClientOrderId": link}),
            Request(self.FIND_TRIGGER, {"clientAlgoId": link}),
        ]

    def finds_born(self, order_id: str, listing: Listing) -> Request:
        return Request(self.FIND, {"symbol": listing.id, "orderId": order_id})

    def resting(self, listing: Listing | None, account: Account) -> Sequence[Query]:
        lists = [self.OPEN, self.OPEN_TRIGGERS]
        if listing is None:
            lists = [self.OPEN_EVERYWHERE, self.OPEN_TRIGGERS_EVERYWHERE]
        return [Query(endpoint, _scope(listing)) for endpoint in lists]

    def ended(self, listing: Listing, span: Span) -> Sequence[Query]:
        return [
            *_within(self.ALL_TRIGGERS, listing, span, WEEK),
            *_within(self.ALL, listing, span, WEEK),
        ]

    def fills(self, listing: Listing, span: Span) -> Sequence[Query]:
        return _within(self.TRADES, listing, span, WEEK)

    def became(self, row: Json) -> str:
        return str(row.get("actualOrderId") or "")

    def fired_at(self, row: Json) -> int:
        has_fired = row.get("algoStatus") in FIRED
        return first_time(row, "triggerTime", "updateTime") if has_fired else 0

    def cause_of(self, row: Json) -> Cause:
        link = str(row.get("clientOrderId") or "")
        causes = (cause for begin, cause in OWN_ORDERS.items() if link.startswith(begin))
        return next(causes, Cause.USER)

    def closes(self, row: Json, *, sells: bool) -> bool:
        return number(row.get("realizedPnl")) != 0

    def modes(self, ask: Ask, listing: Listing | None) -> list[Setting]:
        is_hedge = ask(Request(self.CONFIG, {}))["dualSidePosition"]
        return [
            Setting(row["symbol"], number(row["leverage"]), is_hedge=is_hedge)
            for row in ask(Request(self.SYMBOLS, _scope(listing)))
        ]

    def leverages(self, leverage: Decimal, listing: Listing) -> Sequence[Request]:
        """One for both sides of a hedge."""
        times = whole(leverage)
        return [Request(self.LEVERAGE, {"symbol": listing.id, "leverage": times}, times)]

    def prices(self, ask: Ask) -> list[Price]:
        marks = {row["symbol"]: row for row in ask(Request(self.MARK, {}))}
        return _prices(ask(Request(self.LAST, {})), {}, marks)

    def balance(self, ask: Ask, account: Account) -> Balance:
        row = row_of(ask(Request(self.ACCOUNT, {}))["assets"], "asset", COIN)
        return swap_balance(row.get("marginBalance"), row.get("availableBalance"))

    def key_facts(self, ask: Ask, account: Account) -> KeyFacts:
        trading = {"enableFutures": Scope.TRADE, "enableSpotAndMarginTrading": Scope.HARMLESS}
        return _key_facts(ask, READS | trading)

    def positions(self, ask: Ask) -> list[Held]:
        return [
            Held(
                row["symbol"],
                number(row["positionAmt"]),
                number(row["entryPrice"]),
                None,  # not told here
                POSITION_INDEXES[row["positionSide"]],
            )
            for row in ask(Request(self.POSITIONS, {}))
        ]


SPOT, USDM = BinanceSpot(), BinanceUsdm()
