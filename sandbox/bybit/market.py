"""Public endpoints: time, instruments, tickers, books, candles and notices."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sandbox.bybit.engine import ApiError, Instrument, Quote
from sandbox.bybit.engine.instrument import plain

if TYPE_CHECKING:
    from sandbox.bybit.app import Sandbox

Params = dict[str, Any]
Answer = dict[str, Any]
MINUTE = 60_000
INTERVALS = {
    **{str(minutes): minutes for minutes in (1, 3, 5, 15, 30, 60, 120, 240, 360, 720)},
    "D": 1440,
    "W": 10_080,
    "M": 43_200,
}


def _limit(params: Params, default: int, most: int) -> int:
    text = str(params.get("limit") or default)
    if not text.isdigit() or not 1 <= int(text) <= most:
        raise ApiError(10001, "params error: limit invalid")
    return int(text)


def _linear(params: Params) -> None:
    if params.get("category") not in {"linear", "inverse", "spot", "option"}:
        raise ApiError(10001, "params error: category invalid")


def _chosen(box: Sandbox, params: Params) -> list[Instrument]:
    _linear(params)
    if params["category"] != "linear":
        return []
    symbol, base = params.get("symbol"), params.get("baseCoin")
    rules = list(box.exchange.instruments.values())
    if symbol:
        found = [item for item in rules if item.symbol == symbol]
        if not found:
            raise ApiError(10001, "Not supported symbols")
        return found
    return [item for item in rules if not base or item.base == base]


def _one(box: Sandbox, params: Params) -> Instrument:
    if not params.get("symbol"):
        raise ApiError(10001, "params error: symbol is required")
    chosen = _chosen(box, params)
    if not chosen:
        raise ApiError(10001, "Not supported symbols")
    return chosen[0]


def time(box: Sandbox, params: Params) -> Answer:
    now = box.clock()
    return {"timeSecond": str(now // 1000), "timeNano": str(now * 1_000_000)}


def instruments_info(box: Sandbox, params: Params) -> Answer:
    status = params.get("status") or "Trading"
    chosen = _chosen(box, params)
    if not params.get("symbol"):
        chosen = [rules for rules in chosen if rules.status == status]
    limit, start = _limit(params, 500, 1000), _start(params)
    page = chosen[start : start + limit]
    following = start + limit
    return {
        "category": params["category"],
        "list": [_instrument(rules) for rules in page],
        "nextPageCursor": str(following) if following < len(chosen) else "",
    }


def _start(params: Params) -> int:
    """The cursor counts rows, so a list that shrinks between two pages hides one of them."""
    text = str(params.get("cursor") or 0)
    if not text.isdigit():
        raise ApiError(10001, "params error: cursor invalid")
    return int(text)


def _instrument(rules: Instrument) -> Answer:
    return {
        "symbol": rules.symbol,
        "symbolId": rules.symbol_id,
        "contractType": "LinearPerpetual",
        "status": rules.status,
        "baseCoin": rules.base,
        "quoteCoin": rules.quote,
        "settleCoin": rules.settle,
        "symbolType": "",
        "launchTime": str(rules.launch_time),
        "deliveryTime": str(rules.delivery_time),
        "deliveryFeeRate": "",
        "priceScale": str(rules.price_scale),
        "leverageFilter": {
            "minLeverage": plain(rules.min_leverage),
            "maxLeverage": f"{rules.max_leverage:.2f}",
            "leverageStep": plain(rules.leverage_step),
        },
        "priceFilter": {
            "minPrice": plain(rules.tick),
            "maxPrice": plain(rules.tick * 1_999_999_8),
            "tickSize": format(rules.tick, "f"),
        },
        "lotSizeFilter": {
            "maxOrderQty": plain(rules.max_qty),
            "minOrderQty": plain(rules.min_qty),
            "qtyStep": plain(rules.step),
            "postOnlyMaxOrderQty": plain(rules.max_qty),
            "maxMktOrderQty": plain(rules.max_market_qty),
            "minNotionalValue": plain(rules.min_notional),
        },
        "unifiedMarginTrade": True,
        "fundingInterval": rules.funding_interval,
        "copyTrading": "both",
        "upperFundingRate": "0.00375",
        "lowerFundingRate": "-0.00375",
        "displayName": "",
        "forbidUplWithdrawal": False,
        "isPreListing": rules.status == "PreLaunch",
        "preListingInfo": None,
        "riskParameters": {
            "priceLimitRatioX": plain(rules.price_limit_x),
            "priceLimitRatioY": plain(rules.price_limit_y),
        },
    }


def tickers(box: Sandbox, params: Params) -> Answer:
    chosen = [rules for rules in _chosen(box, params) if rules.status != "Closed"]
    rows = [ticker(rules, box.exchange.quotes[rules.symbol]) for rules in chosen]
    return {"category": params["category"], "list": rows}


def ticker(rules: Instrument, quote: Quote) -> Answer:
    """A contract before its launch has no book yet."""
    has_book = rules.status != "PreLaunch"
    return {
        "symbol": rules.symbol,
        "lastPrice": plain(quote.last),
        "indexPrice": plain(quote.index),
        "markPrice": plain(quote.mark),
        "prevPrice24h": plain(quote.last),
        "price24hPcnt": "0",
        "highPrice24h": plain(quote.last),
        "lowPrice24h": plain(quote.last),
        "prevPrice1h": plain(quote.last),
        "openInterest": "50000",
        "openInterestValue": plain(quote.last * 50_000),
        "singleOpenInterest": "",
        "turnover24h": "1000000",
        "volume24h": "1000",
        "fundingRate": "0.0001",
        "nextFundingTime": "0",
        "fundingIntervalHour": str(rules.funding_interval // 60),
        "fundingCap": "0.00375",
        "predictedDeliveryPrice": "",
        "basisRate": "",
        "basis": "",
        "deliveryFeeRate": "",
        "deliveryTime": str(rules.delivery_time),
        "ask1Size": plain(quote.ask_size) if has_book else "",
        "bid1Price": plain(quote.bid) if has_book else "",
        "ask1Price": plain(quote.ask) if has_book else "",
        "bid1Size": plain(quote.bid_size) if has_book else "",
        "curPreListingPhase": "",
        "preOpenPrice": "",
        "preQty": "",
    }


def orderbook(box: Sandbox, params: Params) -> Answer:
    """The book as it is here: one price on each side, with what is left of its size."""
    rules = _one(box, params)
    _limit(params, 25, 500)
    exchange, now = box.exchange, box.clock()
    quote, depth = exchange.quotes[rules.symbol], exchange.depth[rules.symbol]
    return {
        "s": rules.symbol,
        "b": _side(quote.bid, depth["Sell"]),
        "a": _side(quote.ask, depth["Buy"]),
        "ts": now,
        "u": exchange.updates[rules.symbol],
        "seq": exchange.updates[rules.symbol],
        "cts": now,
    }


def _side(price: Decimal, size: Decimal) -> list[list[str]]:
    return [[plain(price), plain(size)]] if size else []


def kline(box: Sandbox, params: Params) -> Answer:
    """Candles of the prices that were fed, newest first, by the API's own clock."""
    rules = _one(box, params)
    interval = INTERVALS.get(str(params.get("interval")))
    if interval is None:
        raise ApiError(10001, "params error: interval invalid")
    limit = _limit(params, 200, 1000)
    start, end = int(params.get("start") or 0), int(params.get("end") or box.clock())
    bars: dict[int, list[Any]] = {}
    for minute, bar in sorted(box.feed.history.get(rules.symbol, {}).items()):
        at = minute // (interval * MINUTE) * interval * MINUTE
        if not start <= at <= end:
            continue
        known = bars.get(at)
        if known is None:
            bars[at] = list(bar)
        else:
            known[1], known[2], known[3] = max(known[1], bar[1]), min(known[2], bar[2]), bar[3]
    rows = [
        [str(at), *(plain(price) for price in bar), "0", "0"]
        for at, bar in sorted(bars.items(), reverse=True)
    ]
    return {"category": "linear", "symbol": rules.symbol, "list": rows[:limit]}


def risk_limit(box: Sandbox, params: Params) -> Answer:
    rows = [
        {
            "id": 1,
            "symbol": rules.symbol,
            "riskLimitValue": "2000000",
            "maintenanceMargin": plain(rules.maintenance_rate),
            "initialMargin": plain(1 / rules.max_leverage),
            "isLowestRisk": 1,
            "maxLeverage": f"{rules.max_leverage:.2f}",
            "mmDeduction": "",
        }
        for rules in _chosen(box, params)
    ]
    return {"category": "linear", "list": rows, "nextPageCursor": ""}


def price_limit(box: Sandbox, params: Params) -> Answer:
    rules = _one(box, params)
    mark = box.exchange.quotes[rules.symbol].mark
    return {
        "symbol": rules.symbol,
        "buyLmt": plain(mark * (1 + rules.price_limit_y)),
        "sellLmt": plain(mark * (1 - rules.price_limit_y)),
        "ts": str(box.clock()),
    }


def system_status(box: Sandbox, params: Params) -> Answer:
    return {"list": []}


def announcements(box: Sandbox, params: Params) -> Answer:
    if not params.get("locale"):
        raise ApiError(10001, "params error: locale is required")
    return {"total": 0, "list": []}


ROUTES = {
    "/v5/market/time": time,
    "/v5/market/instruments-info": instruments_info,
    "/v5/market/tickers": tickers,
    "/v5/market/orderbook": orderbook,
    "/v5/market/kline": kline,
    "/v5/market/risk-limit": risk_limit,
    "/v5/market/price-limit": price_limit,
    "/v5/system/status": system_status,
    "/v5/announcements/index": announcements,
}
