"""What profiles add to ccxt's reading of rows, and how they ask further."""

from __future__ import annotations

import time
from datetime import timedelta
from decimal import Decimal as D

import ccxt
import pytest

from exchanges.adapters.ccxt import reading
from exchanges.adapters.ccxt.paging import rows_of
from exchanges.adapters.ccxt.spans import Span
from exchanges.adapters.ccxt.venue import Account, Listing, Product
from exchanges.domain.errors import Unavailable
from exchanges.domain.trading import OrderState
from exchanges.registry import exchange_factory

AT = 1763740000000
LINK = "hx0123456789abcdefghjkmnpq"


def venue_of(kind):
    return exchange_factory(kind).args[0]


SPOT = {"type": "spot", "spot": True, "contract": False}
SWAP = {"type": "swap", "spot": False, "swap": True, "contract": True, "linear": True}


def read(kind, market_id, row):
    venue = venue_of(kind)
    client = getattr(ccxt, venue.ccxt_id)({"number": str})
    size = D("0.001") if venue.product is Product.SWAP else D(1)
    told = {"id": market_id, "symbol": "BTC/USDT", "base": "BTC", "quote": "USDT"}
    told |= SWAP | {"contractSize": str(size)} if venue.product is Product.SWAP else SPOT
    client.set_markets([client.safe_market_structure(told)])
    market = client.markets["BTC/USDT"]
    parsed = venue.read_order(client, row, market)
    parsed = reading.once_fired(parsed, venue.fired_at(row), client.milliseconds())
    listing = Listing("BTCUSDT", market_id, size, market)
    return reading.order(parsed, listing, link_id=LINK, trigger=venue.trigger_of(row))


# --- KuCoin --------------------------------------------------------------------------------------


STOP = {
    "id": "vs8hoo8kqjnklv4m0038lrfq",
    "symbol": "BTC-USDT",
    "type": "market",
    "side": "sell",
    "size": "0.05",
    "clientOid": LINK,
    "tradeType": "TRADE",
    "createdAt": AT,
    "stop": "loss",
    "stopPrice": "58000",
}
ORDER = {
    "id": "6478cf1439bdfc0001528a1d",
    "symbol": "BTC-USDT",
    "type": "market",
    "side": "sell",
    "size": "0.05",
    "dealSize": "0.05",
    "dealFunds": "2900",
    "clientOid": LINK,
    "tradeType": "TRADE",
    "active": False,
    "cancelExist": False,
    "createdAt": AT,
    "lastUpdatedAt": AT + 5000,
}


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("NEW", OrderState.UNTRIGGERED),
        ("PENDING", OrderState.UNTRIGGERED),
        ("CANCELLED", OrderState.CANCELLED),
    ],
)
def test_a_stop_of_kucoins_spot_market_tells_where_it_stands(status, state):
    stop = read("kucoin", "BTC-USDT", STOP | {"status": status})
    assert (stop.state, stop.filled, stop.trigger_price) == (state, D(0), D(58000))


@pytest.mark.parametrize("status", ["TRIGGERED", "DONE"])
@pytest.mark.parametrize(
    ("seconds", "state"), [(2, OrderState.UNTRIGGERED), (60, OrderState.REJECTED)]
)
def test_a_stop_that_fired_and_became_nothing_has_failed(status, seconds, state):
    fired = int((time.time() - seconds) * 1000)
    stop = read("kucoin", "BTC-USDT", STOP | {"status": status, "stopTriggerTime": fired})
    assert (stop.state, stop.filled) == (state, D(0))


ALGO = {
    "algoId": 5002,
    "clientAlgoId": LINK,
    "algoType": "CONDITIONAL",
    "orderType": "STOP_MARKET",
    "symbol": "BTCUSDT",
    "side": "SELL",
    "positionSide": "BOTH",
    "timeInForce": "GTC",
    "quantity": "0.05",
    "triggerPrice": "58000",
    "price": "0",
    "reduceOnly": True,
    "createTime": AT,
    "updateTime": AT,
    "actualOrderId": "",
}


@pytest.mark.parametrize("status", ["TRIGGERING", "TRIGGERED", "FINISHED"])
@pytest.mark.parametrize("named", ["triggerTime", "updateTime"])
@pytest.mark.parametrize(
    ("seconds", "state"), [(2, OrderState.UNTRIGGERED), (60, OrderState.REJECTED)]
)
def test_a_stop_at_binance_that_fired_and_became_nothing_has_failed(status, named, seconds, state):
    fired = int((time.time() - seconds) * 1000)
    row = ALGO | {"algoStatus": status, "triggerTime": 0, named: fired}
    assert read("binance_usdm", "BTCUSDT", row).state is state


def test_a_stop_at_binance_that_was_withdrawn_has_not_fired():
    row = ALGO | {"algoStatus": "CANCELED", "triggerTime": 0}
    assert read("binance_usdm", "BTCUSDT", row).state is OrderState.CANCELLED


def test_a_state_that_nobody_has_heard_of_is_no_state():
    with pytest.raises(LookupError):
        read("kucoin", "BTC-USDT", STOP | {"status": "MAYBE"})


@pytest.mark.parametrize("more", [{}, {"stop": "loss"}])
def test_what_a_stop_has_become_is_read_as_the_order_that_it_is(more):
    order = read("kucoin", "BTC-USDT", ORDER | more)
    assert (order.state, order.filled, order.average) == (OrderState.FILLED, D("0.05"), D(58000))
    assert (order.updated_at - order.created_at) == timedelta(seconds=5)


CONTRACTS = {
    "id": "236317213710184449",
    "symbol": "XBTUSDTM",
    "type": "market",
    "side": "sell",
    "size": 50,
    "filledSize": 50,
    "filledValue": "2900",
    "stop": "down",
    "stopPriceType": "TP",
    "stopPrice": "58000",
    "stopTriggered": True,
    "clientOid": LINK,
    "isActive": False,
    "cancelExist": False,
    "createdAt": AT,
    "updatedAt": AT,
}


@pytest.mark.parametrize(
    ("more", "state", "by_request"),
    [
        ({}, OrderState.FILLED, False),
        ({"filledSize": 0, "filledValue": "0"}, OrderState.CANCELLED, False),
        ({"filledSize": 20, "filledValue": "1160"}, OrderState.CANCELLED, False),
        ({"filledSize": 0, "filledValue": "0", "cancelExist": True}, OrderState.CANCELLED, True),
        (
            {"filledSize": 0, "filledValue": "0", "isActive": True, "stopTriggered": False},
            *(OrderState.UNTRIGGERED, False),
        ),
    ],
)
def test_a_stop_of_kucoins_futures_tells_what_became_of_it(more, state, by_request):
    stop = read("kucoin_futures", "XBTUSDTM", CONTRACTS | more)
    assert (stop.state, stop.is_cancelled_by_request) == (state, by_request)
    assert (stop.quantity, stop.trigger_price) == (D("0.05"), D(58000))


LISTING = Listing("BTCUSDT", "BTC-USDT", D(1), {})
SPAN = Span(AT, AT + 60_000)


def test_a_full_page_is_followed_by_what_stands_behind_its_mark():
    rows = [{"id": number} for number in range(250, 0, -1)]
    asked = []

    def ask(request):
        asked.append(request.params)
        page = [row for row in rows if row["id"] < request.params.get("lastId", 1000)][:100]
        return {"data": {"items": page, "lastId": page[-1]["id"]}}

    (query,) = venue_of("kucoin").ended(LISTING, SPAN)
    assert rows_of(ask, query) == rows
    assert [words.get("lastId") for words in asked] == [None, 151, 51]
    assert all(words["startAt"] == AT for words in asked)


def test_a_full_page_without_a_mark_is_no_answer():
    def ask(request):
        return {"data": {"items": [{}] * 100, "lastId": None}}

    (query,) = venue_of("kucoin").fills(LISTING, SPAN)
    with pytest.raises(Unavailable):
        rows_of(ask, query)


def test_kucoin_is_asked_for_no_more_than_a_week_at_once():
    span = Span(AT, AT + 9 * 24 * 3600 * 1000)
    for kind in ("kucoin", "kucoin_futures"):
        asked = [query.params for query in venue_of(kind).ended(LISTING, span)]
        assert [words["startAt"] for words in asked] == [AT, AT + 7 * 24 * 3600 * 1000]
        assert asked[-1]["endAt"] == span.end


def test_orders_of_all_markets_are_asked_for_where_there_are_any():
    listings = {"BTC-USDT": LISTING}
    told = {"data": {"symbols": ["BTC-USDT", "ETH-BTC"]}}
    scopes = venue_of("kucoin").scopes(lambda request: told, listings)
    assert scopes == [None, LISTING]
    account = Account("key")
    paths = [[q.endpoint.path for q in venue_of("kucoin").resting(s, account)] for s in scopes]
    assert paths == [["/api/v1/stop-order"], ["/api/v1/hf/orders/active", "/api/v1/stop-order"]]


@pytest.mark.parametrize(("said", "closes"), [("0.04", True), ("-0.01", True), ("0", False)])
def test_a_fill_that_pays_for_closing_closes(said, closes):
    assert venue_of("kucoin_futures").closes({"closeFeePay": said}, sells=True) is closes


# --- HTX -----------------------------------------------------------------------------------------


SALE = {
    "id": 1,
    "symbol": "btcusdt",
    "client-order-id": LINK,
    "amount": "0.05",
    "price": "0.0",
    "created-at": AT,
    "type": "sell-market",
    "field-amount": "0.02",
    "field-cash-amount": "1160",
    "field-fees": "1",
    "finished-at": AT + 7000,
    "canceled-at": AT + 6000,
    "state": "partial-canceled",
}


def test_a_sale_at_htxs_market_keeps_its_quantity():
    sale = read("htx", "btcusdt", SALE)
    assert (sale.quantity, sale.filled, sale.average) == (D("0.05"), D("0.02"), D(58000))
    assert sale.state is OrderState.CANCELLED
    assert sale.updated_at - sale.created_at == timedelta(seconds=7)


def test_htx_is_asked_for_two_days_at_once_and_for_withdrawn_orders_while_it_tells_them():
    day = 24 * 3600 * 1000
    span = Span(AT, AT + 3 * day)
    asked = [query.params for query in venue_of("htx").ended(LISTING, span)]
    done = [words for words in asked if words["states"] != "canceled"]
    (withdrawn,) = [words for words in asked if words["states"] == "canceled"]
    assert [words["start-time"] for words in done] == [AT, AT + 2 * day]
    assert withdrawn["end-time"] - withdrawn["start-time"] == 2 * 3600 * 1000
