"""Frames of the private socket as domain values, and what is kept of prices and pauses."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from exchanges.adapters.bybit import mapping
from exchanges.adapters.bybit.sockets import HOSTS, PUBLIC_HOSTS, address_of
from exchanges.adapters.bybit.stream import BybitAccountStream
from exchanges.adapters.bybit.tickers import _fitting, _ticker
from exchanges.domain.backoff import pause
from exchanges.domain.price_path import MOST, extend
from exchanges.domain.trading import Cause, Credentials, OrderState, Side
from exchanges.ports import Heartbeat, Wire

D = Decimal
NOW = 1_700_000_000_000
ORDER = {
    "category": "linear",
    "symbol": "BTCUSDT",
    "orderId": "o-1",
    "orderLinkId": "hx1",
    "side": "Buy",
    "orderType": "Limit",
    "orderStatus": "PartiallyFilled",
    "createType": "CreateByUser",
    "positionIdx": 0,
    "qty": "0.010",
    "cumExecQty": "0.004",
    "avgPrice": "46000",
    "price": "46000",
    "stopLoss": "45500",
    "takeProfit": "",
    "reduceOnly": False,
    "createdTime": str(NOW),
    "updatedTime": str(NOW + 5),
}
FILL = {
    "category": "linear",
    "symbol": "BTCUSDT",
    "orderId": "o-1",
    "orderLinkId": "hx1",
    "execId": "e-1",
    "execType": "Trade",
    "createType": "CreateByUser",
    "side": "Buy",
    "execQty": "0.004",
    "execPrice": "46000",
    "execFee": "0.1012",
    "closedSize": "0",
    "isMaker": True,
    "execTime": str(NOW + 5),
}
POSITION = {
    "category": "linear",
    "symbol": "BTCUSDT",
    "positionIdx": 0,
    "side": "Buy",
    "size": "0.004",
    "entryPrice": "46000",
    "leverage": "10",
    "stopLoss": "45500",
    "takeProfit": "",
    "trailingStop": "0",
    "liqPrice": "41000",
    "updatedTime": str(NOW + 5),
}


def frame(topic, *rows):
    return {"topic": topic, "id": "x", "creationTime": NOW, "data": list(rows)}


def test_orders_and_fills_are_those_of_the_queries():
    (order,) = mapping.pushed(frame("order", ORDER), "").orders
    assert (order.state, order.filled, order.stop) == (OrderState.OPEN, D("0.004"), D(45500))
    assert order.updated_at == datetime.fromtimestamp((NOW + 5) / 1000, UTC)
    pushed = mapping.pushed(frame("execution", FILL, FILL | {"execId": "e-2"}), "")
    assert [fill.fill_id for fill in pushed.fills] == ["e-1", "e-2"]
    assert (pushed.fills[0].cause, pushed.fills[0].fee) == (Cause.USER, D("0.1012"))


def test_a_position_goes_by_entry_price_and_a_flat_one_is_none():
    (push,) = mapping.pushed(frame("position", POSITION), "").positions
    assert push.position is not None
    assert (push.position.side, push.position.average) == (Side.BUY, D(46000))
    flat = POSITION | {"side": "", "size": "0", "entryPrice": "0", "liqPrice": "0"}
    (push,) = mapping.pushed(frame("position", flat), "").positions
    assert (push.symbol, push.position_index, push.position) == ("BTCUSDT", 0, None)


def test_a_wallet_without_usdt_says_nothing():
    coin = {"coin": "USDT", "equity": "1000", "walletBalance": "1000"}
    account = {"accountType": "UNIFIED", "totalAvailableBalance": "900", "coin": [coin]}
    balance = mapping.pushed(frame("wallet", account), "REGULAR_MARGIN").balance
    assert (balance.balance.available, balance.balance.margin_mode) == (D(900), "REGULAR_MARGIN")
    other = account | {"coin": [{"coin": "BTC", "equity": "1"}]}
    assert mapping.pushed(frame("wallet", other), "").balance is None


def test_other_categories_answers_and_pongs_are_left_out():
    assert mapping.pushed(frame("order", ORDER | {"category": "spot"}), "").orders == ()
    assert mapping.pushed({"op": "pong", "args": ["1"]}, "") is None
    assert mapping.pushed(frame("greeks", {"baseCoin": "BTC"}), "") is None


def test_a_price_is_whole_after_a_snapshot_and_follows_its_changes():
    known = {}
    delta = {"topic": "tickers.BTCUSDT", "type": "delta", "data": {"lastPrice": "45900"}}
    assert _ticker(delta, known) is None
    prices = {
        "bid1Price": "46299",
        "ask1Price": "46301",
        "lastPrice": "46300",
        "markPrice": "46300",
    }
    snapshot = {"topic": "tickers.BTCUSDT", "type": "snapshot", "data": prices}
    assert _ticker(snapshot, known).last == D(46300)
    assert _ticker(delta, known).last == D(45900)
    assert _ticker(delta, known).bid == D(46299)


def test_one_socket_takes_so_many_symbols():
    many = [f"SYMBOL{number:05d}USDT" for number in range(2000)]
    fitting = _fitting([], many)
    assert sum(len("tickers." + symbol) for symbol in fitting) <= 21_000
    assert 0 < len(fitting) < len(many)
    assert not _fitting(fitting, sorted(fitting))


def test_a_path_keeps_every_price_and_a_long_one_every_turn():
    path = []
    for price in (5, 5, 4, 3, 3, 7, 8, 2):
        extend(path, D(price))
    assert path == [5, 4, 3, 7, 8, 2]
    for price in range(3, 1000):
        extend(path, D(price))
    assert len(path) == MOST
    for price in (900, 800, 1001):
        extend(path, D(price))
    assert path[-3:] == [999, 800, 1001]


def test_pauses_double_and_differ():
    assert pause(0, 0.5) == 0.5
    assert [pause(n, 0.999999) > pause(n - 1, 0) for n in range(1, 6)] == [True] * 5
    assert pause(99, 0.999999) <= 60
    assert pause(99, 0) == 30


def test_where_the_sockets_are():
    wire = Wire("demo", None, 1, 1, 5000)
    assert address_of(HOSTS, wire, "/v5/private") == "wss://stream-demo.bybit.com/v5/private"
    assert address_of(PUBLIC_HOSTS, wire, "/x") == "wss://stream.bybit.com/x"
    sandbox = Wire("sandbox", "http://127.0.0.1:8090", 1, 1, 5000)
    assert address_of(HOSTS, sandbox, "/v5/private") == "ws://127.0.0.1:8090/v5/private"


def test_a_stream_shows_no_secret():
    wire = Wire("demo", None, 1, 1, 5000)
    stream = BybitAccountStream(Credentials("key-abc", "secret-xyz"), wire, Heartbeat(1, 1), "")
    assert "abc" not in repr(stream)
    assert "xyz" not in repr(stream)
