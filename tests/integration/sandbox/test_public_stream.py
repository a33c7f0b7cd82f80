"""The public socket over a plain client: snapshots, deltas, trades and its limits."""

from __future__ import annotations

import pytest
from websockets.exceptions import InvalidStatus

from tests.integration.sandbox.stream_client import Stream

PATH = "/v5/public/linear"


@pytest.fixture
def stream(bybit):
    bybit.price("BTCUSDT", 46000)
    with Stream(bybit.url, PATH) as opened:
        yield opened


def test_a_ticker_comes_whole_and_then_as_what_changed(bybit, stream):
    answer = stream.subscribe("tickers.BTCUSDT", "tickers.ETHUSDT", req_id="7")
    assert (answer["success"], answer["ret_msg"], answer["req_id"]) == (True, "subscribe", "7")
    snapshot = stream.next("tickers.BTCUSDT")
    assert snapshot["type"] == "snapshot"
    assert (snapshot["data"]["lastPrice"], snapshot["data"]["fundingRate"]) == ("46000", "0.0001")
    bybit.price("BTCUSDT", 46100)
    delta = stream.next("tickers.BTCUSDT")
    assert (delta["type"], delta["data"]["symbol"]) == ("delta", "BTCUSDT")
    assert (delta["data"]["lastPrice"], delta["data"]["bid1Price"]) == ("46100", "46099.9")
    assert "fundingRate" not in delta["data"]
    assert delta["cs"] > snapshot["cs"]
    assert delta["ts"] >= snapshot["ts"]
    bybit.price("BTCUSDT", 46100)
    assert all(
        m["topic"] == "tickers.ETHUSDT" for m in stream.rest(0.4) if "lastPrice" in m["data"]
    )


def test_snapshot_and_deltas_add_up_to_the_ticker_of_rest(bybit, stream):
    bybit.post("feed", mode="generator")
    stream.subscribe("tickers.SOLUSDT")
    merged = {}
    for _ in range(3):
        merged |= stream.next("tickers.SOLUSDT")["data"]
    bybit.post("feed", mode="manual")
    for message in stream.rest(0.4):
        merged |= message["data"]
    answer = bybit.session.get(
        f"{bybit.url}/v5/market/tickers",
        params={"category": "linear", "symbol": "SOLUSDT"},
        timeout=5,
    )
    (row,) = answer.json()["result"]["list"]
    assert {**merged, "tickDirection": ""} == {**row, "tickDirection": ""}


def test_every_price_is_a_trade_in_its_order(bybit, stream):
    stream.subscribe("publicTrade.BTCUSDT")
    bybit.post("path", symbol="BTCUSDT", prices=["46100", "45900", "46000"])
    message = stream.next("publicTrade.BTCUSDT")
    assert [row["p"] for row in message["data"]] == ["46100", "45900", "46000"]
    assert [row["S"] for row in message["data"]] == ["Buy", "Sell", "Buy"]


def test_two_listeners_hear_the_same_and_none_after_leaving(bybit, stream):
    stream.subscribe("tickers.BTCUSDT")
    stream.rest()
    with Stream(bybit.url, PATH) as second:
        second.subscribe("tickers.BTCUSDT")
        assert second.next("tickers.BTCUSDT")["type"] == "snapshot"
        bybit.price("BTCUSDT", 46500)
        for one in (stream, second):
            assert one.next("tickers.BTCUSDT")["data"]["lastPrice"] == "46500"
    stream.ask(op="unsubscribe", args=["tickers.BTCUSDT"])
    bybit.price("BTCUSDT", 46600)
    assert stream.rest() == []


def test_a_ping_is_answered_as_on_public_sockets(stream):
    pong = stream.ask(op="ping", req_id="p")
    assert (pong["op"], pong["ret_msg"], pong["success"], pong["req_id"]) == (
        "ping",
        "pong",
        True,
        "p",
    )


@pytest.mark.parametrize("topic", ["tickers.NONEUSDT", "order", "tickers"])
def test_unknown_topics_are_refused(stream, topic):
    answer = stream.subscribe("tickers.BTCUSDT", topic)
    assert answer["success"] is False
    assert answer["ret_msg"] == f"error:handler not found,topic:{topic}"
    assert stream.subscribe("tickers.BTCUSDT")["success"] is True
    assert "already subscribed" in stream.subscribe("tickers.BTCUSDT")["ret_msg"]


def test_topics_beyond_so_many_characters_are_refused(stream):
    assert "21000" in stream.subscribe(*["tickers.BTCUSDT"] * 1401)["ret_msg"]


def test_an_address_holds_so_many_market_sockets(bybit, stream):
    bybit.post("limits", market_connections_most=1)
    with pytest.raises(InvalidStatus):
        Stream(bybit.url, PATH)
    with Stream(bybit.url), Stream(bybit.url, PATH, source_address=("127.0.0.2", 0)):
        pass
