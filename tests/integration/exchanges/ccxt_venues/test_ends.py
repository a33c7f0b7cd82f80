"""How orders end at OKX, Bitget and Gate, and what their lists ask, page after page."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal as D

import pytest

from exchanges.domain.trading import Cause, Credentials, OrderState, SymbolMode
from exchanges.ports import Wire
from exchanges.registry import exchange_factory, market_factory
from tests.integration.exchanges.ccxt_venues.answers import (
    BITGET_OK,
    KEY,
    LINK,
    NOW,
    OKX_ORDER,
    ORDER_ID,
    PASSPHRASE,
    SECRET,
    VOICES,
)
from tests.integration.exchanges.ccxt_venues.listings import LISTINGS
from tests.integration.exchanges.ccxt_venues.lists import (
    BITGET_ORDER,
    BITGET_STOP,
    GATE_ORDER,
    OKX_STOP,
    STOP_ID,
    STOP_LINK,
    bitget,
    okx,
)
from tests.integration.exchanges.ccxt_venues.stand_in import _send, standing_in

MS = int(time.time() * 1000) - 60_000
SINCE = datetime.fromtimestamp(MS / 1000, UTC) - timedelta(minutes=5)
MADE = "8009"  # the order that a stop has become
OKX = {
    "pending": "/api/v5/trade/orders-pending",
    "waiting": "/api/v5/trade/orders-algo-pending",
    "ended": "/api/v5/trade/orders-history",
    "fired": "/api/v5/trade/orders-algo-history",
    "fills": "/api/v5/trade/fills",
}
BITGET = {
    "pending": "/api/v2/mix/order/orders-pending",
    "waiting": "/api/v2/mix/order/orders-plan-pending",
    "ended": "/api/v2/mix/order/orders-history",
    "fired": "/api/v2/mix/order/orders-plan-history",
    "fills": "/api/v2/mix/order/fills",
}
GATE = {
    "pending": "/api/v4/futures/usdt/orders",
    "waiting": "/api/v4/futures/usdt/price_orders",
    "ended": "/api/v4/futures/usdt/orders_timerange",
    "fills": "/api/v4/futures/usdt/my_trades_timerange",
}


@pytest.fixture(scope="module")
def stand_in():
    with standing_in() as server:
        yield server


@pytest.fixture
def at(stand_in):
    """An account of an exchange where nothing rests and nothing has ended."""

    def made(kind):
        stand_in.answers.clear()
        for path, body in LISTINGS[kind].items():
            stand_in.answer("GET", path, body)
        nothing = {
            "okx": (OKX, okx()),
            "bitget": (BITGET, None),
            "gate": (GATE, []),
        }
        paths, empty = nothing[kind]
        for name, path in paths.items():
            body = empty
            if kind == "bitget":
                body = bitget("fillList" if name == "fills" else "entrustedList")
            stand_in.answer("GET", path, body)
        wire = Wire("sandbox", stand_in.url, 1, 2, 5000)
        market_factory(kind)(wire).instruments()
        account = exchange_factory(kind)(Credentials(KEY, SECRET, passphrase=PASSPHRASE), wire)
        stand_in.heard.clear()
        return stand_in, account

    return made


def now(body, ms=MS):
    text = json.dumps(body).replace(str(NOW), str(ms)).replace(str(NOW // 1000), str(ms // 1000))
    return json.loads(text)


def ago(body, seconds):
    return now(body, int((time.time() - seconds) * 1000))


def orders(account):
    return account.orders_since("BTCUSDT", SINCE)


# --- stops that have fired ------------------------------------------------------------------------

OKX_FIRED = OKX_STOP | {"state": "effective", "ordId": MADE, "ordIdList": [MADE]}
OKX_MADE = OKX_ORDER | {
    "ordId": MADE,
    "clOrdId": "",
    "algoId": STOP_ID,
    "algoClOrdId": STOP_LINK,
    "side": "sell",
    "ordType": "market",
    "px": "",
    "state": "filled",
    "accFillSz": "5",
    "avgPx": "57990",
    "source": "7",
    "slTriggerPx": "",
    "category": "normal",
}
BITGET_FIRED = BITGET_STOP | {"planStatus": "executed", "executeOrderId": MADE, "uTime": ""}
BITGET_MADE = BITGET_ORDER | {
    "orderId": MADE,
    "clientOid": "x1",
    "side": "sell",
    "orderType": "market",
    "price": "",
    "status": "filled",
    "baseVolume": "0.05",
    "priceAvg": "57990",
    "tradeSide": "sell_single",
    "orderSource": "loss_market",
    "reduceOnly": "YES",
}
FIRED = {
    "okx": (OKX["fired"], okx(OKX_FIRED), OKX["ended"], okx(OKX_MADE)),
    "bitget": (
        *(BITGET["fired"], bitget("entrustedList", BITGET_FIRED)),
        *(BITGET["ended"], bitget("entrustedList", BITGET_MADE)),
    ),
}


BY_ID = {"okx": "/api/v5/trade/order", "bitget": "/api/v2/mix/order/detail"}


@pytest.mark.parametrize("kind", FIRED)
def test_a_stop_and_what_it_has_become_are_one_order(kind, at):
    server, account = at(kind)
    fired, stop, ended, made = FIRED[kind]
    status, missing = VOICES[kind].missing
    server.answer("GET", BY_ID[kind], missing, status)
    server.answer("GET", fired, ago(stop, 2))
    assert [order.state for order in orders(account)] == [OrderState.OPEN]  # not seen yet
    server.answer("GET", fired, ago(stop, 20))
    assert [order.state for order in orders(account)] == [OrderState.REJECTED]  # nor ever
    server.answer("GET", ended, now(made))
    (order,) = orders(account)
    assert (order.order_id, order.link_id) == (STOP_ID, STOP_LINK)
    assert (order.state, order.filled, order.average) == (OrderState.FILLED, D("0.05"), 57990)
    assert order.trigger_price == 58000


FILL = {
    "okx": okx(
        {
            "instType": "SWAP",
            "instId": "BTC-USDT-SWAP",
            "tradeId": "1",
            "ordId": MADE,
            "fillPx": "57990",
            "fillSz": "5",
            "fillPnl": "-50",
            "side": "sell",
            "posSide": "net",
            "execType": "T",
            "feeCcy": "USDT",
            "fee": "-1",
            "ts": str(NOW),
        }
    ),
    "bitget": bitget(
        "fillList",
        {
            "tradeId": "1",
            "symbol": "BTCUSDT",
            "orderId": MADE,
            "price": "57990",
            "baseVolume": "0.05",
            "side": "sell",
            "profit": "-50",
            "posMode": "one_way_mode",
            "tradeSide": "sell_single",
            "tradeScope": "taker",
            "cTime": str(NOW),
            "feeDetail": [{"deduction": "no", "feeCoin": "USDT", "totalFee": "-1"}],
        },
    ),
}


@pytest.mark.parametrize("kind", FIRED)
def test_what_a_stop_has_filled_is_the_stops(kind, at):
    server, account = at(kind)
    fired, stop, ended, made = FIRED[kind]
    server.answer("GET", fired, now(stop))
    server.answer("GET", ended, now(made))
    server.answer("GET", {"okx": OKX, "bitget": BITGET}[kind]["fills"], now(FILL[kind]))
    orders(account)
    (fill,) = account.fills_since("BTCUSDT", SINCE)
    assert (fill.order_id, fill.link_id) == (STOP_ID, STOP_LINK)
    assert (fill.quantity, fill.closed_quantity, fill.fee) == (D("0.05"), D("0.05"), 1)


@pytest.mark.parametrize(
    ("kind", "path", "body"),
    [
        ("okx", OKX["fired"], okx(OKX_STOP | {"state": "effective", "ordId": ""})),
        (
            *("bitget", BITGET["fired"]),
            bitget("entrustedList", BITGET_STOP | {"planStatus": "executed"}),
        ),
    ],
)
def test_a_stop_that_has_fired_into_nothing_seen_is_over_after_a_while(kind, path, body, at):
    server, account = at(kind)
    server.answer("GET", path, ago(body, 2))
    (order,) = orders(account)
    assert not order.state.is_final
    server.answer("GET", path, ago(body, 20))
    (order,) = orders(account)
    assert (order.state, order.is_cancelled_by_request) == (OrderState.REJECTED, False)


@pytest.mark.parametrize(("seconds", "state"), [(2, OrderState.OPEN), (20, OrderState.REJECTED)])
@pytest.mark.parametrize("kind", FIRED)
def test_a_stop_whose_order_no_name_finds_stands_for_a_moment_alone(kind, seconds, state, at):
    server, account = at(kind)
    stop = FIRED[kind][1]
    status, missing = VOICES[kind].missing
    path = {"okx": "/api/v5/trade/order-algo", "bitget": BITGET["fired"]}[kind]
    server.answer("GET", path, ago(stop, seconds))
    server.answer("GET", BY_ID[kind], missing, status)
    assert account.find_order("BTCUSDT", STOP_LINK).state is state


@pytest.mark.parametrize(
    ("kind", "path", "body"),
    [
        ("okx", OKX["fired"], okx(OKX_STOP | {"state": "order_failed", "failCode": "51008"})),
        (
            *("bitget", BITGET["fired"]),
            bitget("entrustedList", BITGET_STOP | {"planStatus": "fail_execute"}),
        ),
    ],
)
def test_a_stop_that_could_not_fire_was_not_withdrawn(kind, path, body, at):
    server, account = at(kind)
    server.answer("GET", path, now(body))
    (order,) = orders(account)
    assert order.state is OrderState.REJECTED
    assert not order.is_cancelled_by_request


def told_by_id(kind):
    """What the stop has become, as it is told to who asks for it by its id."""
    if kind == "okx":
        return now(FIRED[kind][3])
    return BITGET_OK | {"data": now(BITGET_MADE) | {"state": "filled"}}


@pytest.mark.parametrize("kind", FIRED)
def test_a_stop_whose_order_a_list_does_not_show_for_long_is_asked_for(kind, at):
    server, account = at(kind)
    fired, stop, _, _ = FIRED[kind]
    server.answer("GET", fired, ago(stop, 20))
    server.answer("GET", BY_ID[kind], told_by_id(kind))
    (order,) = orders(account)
    assert (order.order_id, order.state, order.filled) == (STOP_ID, OrderState.FILLED, D("0.05"))


@pytest.mark.parametrize("kind", FIRED)
def test_a_stop_is_followed_when_it_is_asked_for_by_name(kind, at):
    server, account = at(kind)
    stop = FIRED[kind][1]
    status, missing = VOICES[kind].missing
    by_name = {"okx": "/api/v5/trade/order-algo", "bitget": BITGET["fired"]}[kind]
    server.answer("GET", by_name, now(stop))

    def answer(handler):
        is_by_id = MADE in handler.path
        body = told_by_id(kind) if is_by_id else missing
        _send(handler, 200 if is_by_id else status, json.dumps(body))

    server.send("GET", BY_ID[kind], answer)
    order = account.find_order("BTCUSDT", STOP_LINK)
    assert (order.order_id, order.state, order.filled) == (STOP_ID, OrderState.FILLED, D("0.05"))


# --- orders that were not withdrawn by anybody ---------------------------------------------------


@pytest.mark.parametrize(
    ("more", "is_by_request"),
    [
        ({"state": "canceled", "cancelSource": "1"}, True),
        ({"state": "canceled", "cancelSource": ""}, True),
        ({"state": "canceled", "cancelSource": "2"}, False),
        ({"state": "mmp_canceled", "cancelSource": "0"}, False),
    ],
)
def test_okx_tells_who_cancelled(more, is_by_request, at):
    server, account = at("okx")
    server.answer("GET", OKX["ended"], now(okx(OKX_ORDER | more)))
    (order,) = orders(account)
    assert order.state is OrderState.CANCELLED
    assert order.is_cancelled_by_request is is_by_request


@pytest.mark.parametrize(
    ("more", "state", "is_by_request"),
    [
        ({"left": 0, "finish_as": "filled"}, OrderState.FILLED, False),
        ({"left": 0, "finish_as": "ioc"}, OrderState.FILLED, False),
        ({"left": 300, "finish_as": "cancelled"}, OrderState.CANCELLED, True),
        *(
            ({"left": 500, "finish_as": how}, OrderState.CANCELLED, False)
            for how in ("liquidated", "ioc", "auto_deleveraged", "reduce_only", "position_closed")
        ),
        ({"left": 0, "size": 0, "finish_as": "reduce_out"}, OrderState.CANCELLED, False),
    ],
)
def test_every_end_at_gate_is_understood(more, state, is_by_request, at):
    server, account = at("gate")
    ended = {"status": "finished", "finish_time": NOW // 1000, "create_time": 1700000000}
    server.answer("GET", GATE["ended"], now([GATE_ORDER | ended | more]))
    (order,) = orders(account)  # by its end: it was placed long before
    assert (order.state, order.is_cancelled_by_request) == (state, is_by_request)
    assert int(order.updated_at.timestamp()) == MS // 1000


@pytest.mark.parametrize(
    ("kind", "path", "body", "cause"),
    [
        ("okx", OKX["ended"], okx(OKX_MADE | {"category": "adl"}), Cause.ADL),
        ("okx", OKX["ended"], okx(OKX_MADE | {"category": "full_liquidation"}), Cause.LIQUIDATION),
        (
            *("bitget", BITGET["ended"]),
            bitget("entrustedList", BITGET_MADE | {"tradeSide": "burst_sell_single"}),
            Cause.LIQUIDATION,
        ),
        (
            *("gate", GATE["ended"]),
            [
                GATE_ORDER
                | {"left": 0, "status": "finished", "finish_time": NOW // 1000}
                | {"text": "auto_deleveraging"}
            ],
            Cause.ADL,
        ),
    ],
)
def test_what_the_exchange_did_itself_is_named(kind, path, body, cause, at):
    server, account = at(kind)
    server.answer("GET", path, now(body))
    (order,) = orders(account)
    assert (order.cause, order.link_id) == (cause, "" if kind != "bitget" else "x1")


# --- Gate's short memory -------------------------------------------------------------------------


def test_gate_is_searched_for_what_it_no_longer_knows_by_our_id(at):
    """Else an order that was filled a minute ago would be placed again."""
    server, account = at("gate")
    status, missing = VOICES["gate"].missing
    server.answer("GET", f"/api/v4/futures/usdt/orders/t-{LINK}", missing, status)
    ended = {"left": 0, "status": "finished", "finish_as": "filled", "finish_time": NOW // 1000}
    server.answer("GET", GATE["ended"], now([GATE_ORDER | {"text": "web"}, GATE_ORDER | ended]))
    found = account.find_order("BTCUSDT", LINK)
    assert (found.order_id, found.state) == (ORDER_ID, OrderState.FILLED)


def test_a_market_that_was_never_touched_at_gate_has_a_leverage_to_be_set(at):
    server, account = at("gate")
    server.answer("GET", "/api/v4/futures/usdt/positions", [])
    server.answer(*VOICES["gate"].balance)
    assert account.symbol_mode("BTCUSDT") == SymbolMode("BTCUSDT", D(0), is_hedge=False)


def test_a_fee_in_points_is_read_at_gate(at):
    server, account = at("gate")
    trade = {
        "trade_id": "1",
        "create_time": NOW / 1000,
        "contract": "BTC_USDT",
        "order_id": "1",
        "size": -200,
        "price": "59000",
        "fee": "0",
        "point_fee": "0.4",
        "role": "maker",
        "text": "web",
        "close_size": -200,
    }
    server.answer("GET", GATE["fills"], now([trade]))
    (fill,) = account.fills_since("BTCUSDT", SINCE)
    assert (fill.fee, fill.fee_currency) == (D("0.4"), "GATEPOINT")
    assert fill.closed_quantity == D("0.02")


# --- settings and positions ----------------------------------------------------------------------


def test_sides_that_differ_at_okx_have_their_leverage_set(at):
    server, account = at("okx")
    sides = [
        {"instId": "BTC-USDT-SWAP", "mgnMode": "cross", "posSide": side, "lever": lever}
        for side, lever in (("long", "10"), ("short", "20"))
    ]
    server.answer(
        "GET", "/api/v5/account/config", okx({"posMode": "long_short_mode", "perm": "trade"})
    )
    server.answer("GET", "/api/v5/account/leverage-info", okx(*sides))
    assert account.symbol_mode("BTCUSDT") == SymbolMode("BTCUSDT", D(0), is_hedge=True)


def test_gate_tells_positions_page_by_page(at):
    """A hundred at most at once: the one that is held may stand behind them."""
    server, account = at("gate")
    (held,) = VOICES["gate"].positions[2]
    every = [held | {"contract": f"XYZ{place}_USDT"} for place in range(120)] + [held]

    def answer(handler):
        told = dict(pair.split("=") for pair in handler.path.partition("?")[2].split("&"))
        first = int(told.get("offset", 0))
        _send(handler, 200, json.dumps(every[first : first + 100]))

    server.send("GET", "/api/v4/futures/usdt/positions", answer)
    assert [position.symbol for position in account.positions("BTCUSDT")] == ["BTCUSDT"]
    assert account.symbol_mode("BTCUSDT") == SymbolMode("BTCUSDT", D(10), is_hedge=False)


# --- pages ---------------------------------------------------------------------------------------

BITGET_PAGES = (("pending", BITGET_ORDER), ("ended", BITGET_ORDER), ("fired", BITGET_STOP))
PAGES = [
    ("okx", "pending", "after", "ordId", lambda rows: okx(*rows), OKX_ORDER),
    ("okx", "ended", "after", "ordId", lambda rows: okx(*rows), OKX_ORDER),
    ("okx", "waiting", "after", "algoId", lambda rows: okx(*rows), OKX_STOP),
    ("okx", "fired", "after", "algoId", lambda rows: okx(*rows), OKX_STOP),
    ("gate", "pending", "last_id", "id", lambda rows: rows, GATE_ORDER),
    ("gate", "ended", "offset", "id", lambda rows: rows, GATE_ORDER),
    *(
        (
            *("bitget", name, "idLessThan", "orderId"),
            lambda rows: (
                BITGET_OK
                | {"data": {"entrustedList": rows, "endId": rows[-1]["orderId"] if rows else ""}}
            ),
            row,
        )
        for name, row in (
            ("pending", BITGET_ORDER),
            ("ended", BITGET_ORDER),
            ("fired", BITGET_STOP),
        )
    ),
]


@pytest.mark.parametrize(("kind", "name", "word", "id_name", "shown", "row"), PAGES)
def test_a_full_page_is_followed_by_the_next(kind, name, word, id_name, shown, row, at):
    server, account = at(kind)
    path = {"okx": OKX, "bitget": BITGET, "gate": GATE}[kind][name]
    every = [now(row) | {id_name: str(9000 - place)} for place in range(150)]

    def answer(handler):
        told = dict(pair.split("=") for pair in handler.path.partition("?")[2].split("&"))
        place = told.get(word)
        first = 0
        if place is not None:
            first = int(place) if word == "offset" else 9000 - int(place) + 1
        _send(handler, 200, json.dumps(shown(every[first : first + 100])))

    server.send("GET", path, answer)
    assert len({order.order_id for order in orders(account)}) == 150


def test_triggers_of_okx_that_ended_long_ago_are_not_paged_through(at):
    server, account = at("okx")
    old = OKX_STOP | {"state": "canceled", "cTime": "1700000000000", "uTime": "1700000000000"}
    server.answer("GET", OKX["fired"], okx(*(old | {"algoId": str(n)} for n in range(100))))
    assert orders(account) == []
    assert len([heard for heard in server.heard if heard.path == OKX["fired"]]) == 3
