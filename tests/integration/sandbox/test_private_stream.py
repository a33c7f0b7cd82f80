"""The private socket, over a plain client: authentication, subscriptions, pushes, limits."""

from __future__ import annotations

import time

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.integration.sandbox.stream_client import Stream
from tests.integration.sandbox.test_real_client import BTC, Trader

TOPICS = ("order", "execution", "position", "wallet")


@pytest.fixture
def trader(bybit):
    return Trader(bybit)


@pytest.fixture
def stream(trader):
    with Stream(trader.bybit.url) as opened:
        assert opened.authenticate(trader.key)["success"] is True
        assert opened.subscribe(*TOPICS)["success"] is True
        yield opened


def states(messages):
    return [row["orderStatus"] for m in messages if m.get("topic") == "order" for row in m["data"]]


# --- authentication and subscriptions ------------------------------------------------------------


def test_an_authentication_is_answered_in_the_private_shape(trader):
    with Stream(trader.bybit.url) as stream:
        answer = stream.authenticate(trader.key)
        assert (answer["success"], answer["ret_msg"], answer["op"]) == (True, "", "auth")
        assert answer["conn_id"]
        again = stream.authenticate(trader.key)
        assert (again["success"], again["ret_msg"]) == (False, "Repeat auth")


@pytest.mark.parametrize(
    ("change", "more", "told"),
    [
        ({}, {"expires": 1_700_000_000_000}, "Params Error"),
        ({}, {"secret": "wrong"}, "Error sign"),
        ({"revoked": True}, {}, "API key is invalid"),
        ({"expired": True}, {}, "expired"),
        ({"ips": ["127.0.0.9"]}, {}, "Unmatched IP"),
    ],
)
def test_a_bad_authentication_is_refused_and_nothing_can_be_subscribed(trader, change, more, told):
    trader.bybit.post(f"keys/{trader.key['api_key']}", **change)
    with Stream(trader.bybit.url) as stream:
        answer = stream.authenticate(trader.key, **more)
        assert answer["success"] is False
        assert told in answer["ret_msg"]
        assert stream.subscribe("order")["ret_msg"] == "Request not authorized"


def test_a_bound_key_streams_from_its_own_address(trader):
    trader.bybit.post(f"keys/{trader.key['api_key']}", ips=["127.0.0.2"])
    with Stream(trader.bybit.url, source_address=("127.0.0.2", 0)) as stream:
        assert stream.authenticate(trader.key)["success"] is True
    (opened,) = trader.bybit.get("requests")["connections"]
    assert opened == "127.0.0.2"


def test_subscriptions_are_answered_with_their_id_and_after_a_moment(trader):
    with Stream(trader.bybit.url) as stream:
        stream.authenticate(trader.key)
        started = time.monotonic()
        answer = stream.subscribe("order", req_id="one")
        assert 0.02 <= time.monotonic() - started < 0.5
        assert (answer["success"], answer["req_id"], answer["op"]) == (True, "one", "subscribe")
        assert stream.subscribe("order.linear", "position.linear")["success"] is True
        assert stream.subscribe("wallet", "order.linear")["success"] is False
        assert "handler not found" in stream.subscribe("nonsense")["ret_msg"]
        stream.ask(op="unsubscribe", req_id="two", args=["order", "order.linear"])
        (socket,) = trader.bybit.get("streams")["sockets"]
        assert (socket["uid"], socket["topics"]) == (trader.key["uid"], ["position.linear"])


def test_a_ping_is_answered_as_on_private_sockets(stream):
    pong = stream.ask(op="ping", req_id="p")
    assert (pong["op"], pong["req_id"]) == ("pong", "p")
    assert abs(int(pong["args"][0]) - time.time() * 1000) < 5000
    assert stream.socket.ping().wait(5)


def test_nonsense_is_refused(stream):
    stream.socket.send("not json")
    assert stream.next(op=None)["success"] is False


# --- pushes --------------------------------------------------------------------------------------


def test_a_filled_order_is_told_in_the_order_of_things(trader, stream):
    trader.order(orderLinkId="a", stopLoss="45000")
    messages = stream.rest()
    assert states(messages) == ["New", "Filled", "Untriggered"]
    topics = [message["topic"] for message in messages]
    assert set(topics) == set(TOPICS)
    assert topics.index("execution") < topics.index("order", topics.index("execution"))
    assert all(message["id"] and message["creationTime"] for message in messages)
    last = {message["topic"]: message["data"][-1] for message in messages}
    assert last["execution"]["execPnl"] == "0"
    assert (last["execution"]["category"], last["execution"]["orderLinkId"]) == ("linear", "a")
    assert last["order"]["stopOrderType"] == "StopLoss"
    assert last["order"]["createType"] == "CreateByStopLoss"
    assert (last["position"]["size"], last["position"]["entryPrice"]) == ("0.1", "46000")


def test_rows_equal_those_of_rest(trader, stream):
    trader.order(orderLinkId="a", stopLoss="45000")
    rows = {}
    for message in stream.rest():
        rows[message["topic"]] = message["data"][-1]
    (rest,) = trader.fills()
    assert {**rest, "category": "linear", "isLeverage": "0", "execPnl": "0"} == rows["execution"]
    rest = trader.position()
    assert {**rest, "category": "linear", "entryPrice": rest.pop("avgPrice")} == {
        **rows["position"],
        "avgPrice": rows["position"]["entryPrice"],
    }
    (rest,) = [row for row in trader.open() if row["stopOrderType"]]
    assert {**rest, "category": "linear", "closedPnl": "0", "feeCurrency": ""} == rows["order"]
    (rest,) = trader.session.get_wallet_balance(accountType="UNIFIED")["result"]["list"]
    assert rest == rows["wallet"]


def test_amending_and_cancelling_push_the_order_and_its_flat_position(trader, stream):
    trader.order(price="45000", orderLinkId="a")
    trader.session.amend_order(**BTC, orderLinkId="a", price="45100")
    trader.session.cancel_order(**BTC, orderLinkId="a")
    messages = stream.rest()
    assert states(messages) == ["New", "New", "Cancelled"]
    flat = [row for m in messages if m["topic"] == "position" for row in m["data"]]
    assert len(flat) == 3
    assert {(row["size"], row["liqPrice"]) for row in flat} == {("0", "0")}
    ends = [row for m in messages if m["topic"] == "order" for row in m["data"]][-1]
    assert (ends["cancelType"], ends["leavesQty"]) == ("CancelByUser", "0")
    assert sum(m["topic"] == "wallet" for m in messages) == 3


def test_fills_at_the_same_moment_come_in_one_message(trader, stream):
    trader.order(qty="0.1", price="45000")
    trader.order(qty="0.2", price="45000")
    stream.rest()
    trader.bybit.price("BTCUSDT", 44900)
    fills = stream.next("execution")["data"]
    assert [row["execQty"] for row in fills] == ["0.1", "0.2"]
    assert fills[0]["isMaker"] is True


def test_a_closing_fill_tells_its_result(trader, stream):
    trader.order()
    trader.bybit.price("BTCUSDT", 47000)
    stream.rest()
    trader.by_hand("close")
    messages = stream.rest()
    (fill,) = next(m["data"] for m in messages if m["topic"] == "execution")
    assert fill["execPnl"] == "99.99"  # at the bid
    closed = [row for m in messages if m["topic"] == "order" for row in m["data"]][-1]
    assert (closed["createType"], closed["orderStatus"]) == ("CreateByClosing", "Filled")
    rest = trader.session.get_closed_pnl(**BTC)["result"]["list"][0]
    assert closed["closedPnl"] == rest["closedPnl"]


def test_funding_and_deposits_are_told(trader, stream):
    trader.order()
    stream.rest()
    trader.bybit.post("funding", symbol="BTCUSDT", rate="0.0001")
    assert stream.next("execution")["data"][0]["execType"] == "Funding"
    trader.bybit.post(f"accounts/{trader.key['uid']}", balance="5000")
    wallets = [m["data"][0]["totalWalletBalance"] for m in stream.rest() if m["topic"] == "wallet"]
    assert wallets[-1] == "5000"


def test_prices_alone_push_nothing(trader, stream):
    trader.order()
    stream.rest()
    trader.bybit.price("BTCUSDT", 46100)
    assert stream.rest() == []


def test_the_fast_topic_has_fewer_fields_and_no_link_id_for_makers(trader):
    with Stream(trader.bybit.url) as stream:
        stream.authenticate(trader.key)
        stream.subscribe("execution.fast")
        trader.order(orderLinkId="taker")
        message = stream.next("execution.fast")
        assert "id" not in message
        assert message["data"][0]["orderLinkId"] == "taker"
        trader.order(price="45000", orderLinkId="maker")
        trader.bybit.price("BTCUSDT", 44900)
        assert stream.next("execution.fast")["data"][0]["orderLinkId"] == ""


def test_a_categorised_topic_is_told_under_its_own_name(trader):
    with Stream(trader.bybit.url) as stream:
        stream.authenticate(trader.key)
        stream.subscribe("order.linear", "order.spot")
        trader.order()
        assert {message["topic"] for message in stream.rest()} == {"order.linear"}


def test_nothing_is_told_to_others_nor_again_after_a_reconnect(trader):
    other = trader.bybit.account()
    with Stream(trader.bybit.url) as stream, Stream(trader.bybit.url) as foreign:
        stream.authenticate(trader.key)
        foreign.authenticate(other)
        for one in (stream, foreign):
            one.subscribe(*TOPICS)
        trader.order()
        assert stream.rest()
        assert foreign.rest() == []
    with Stream(trader.bybit.url) as stream:
        stream.authenticate(trader.key)
        stream.subscribe(*TOPICS)
        assert stream.rest() == []


def test_a_push_follows_the_answer_to_its_request(trader, stream):
    trader.order()
    assert stream.next("order")["creationTime"] >= int(trader.fills()[0]["execTime"])


# --- life, limits and faults ---------------------------------------------------------------------


def test_an_idle_socket_is_cut_after_its_own_time(trader):
    with Stream(trader.bybit.url, "/v5/private?max_active_time=30s") as stream:
        stream.authenticate(trader.key)
        assert trader.bybit.post("streams/scan", ahead_ms=29_000) == {"cut": 0}
        assert trader.bybit.post("streams/scan", ahead_ms=31_000) == {"cut": 1}
        with pytest.raises(ConnectionClosed):
            stream.rest()
    assert trader.bybit.get("streams")["sockets"] == []


def test_more_new_sockets_than_allowed_are_refused_by_address(trader):
    trader.bybit.post("limits", connections_most=2)
    for _ in range(2):
        Stream(trader.bybit.url).socket.close()
    with pytest.raises(InvalidStatus) as refused:
        Stream(trader.bybit.url)
    assert refused.value.response.status_code == 403
    with Stream(trader.bybit.url, source_address=("127.0.0.3", 0)):
        pass
    told = trader.bybit.get("requests")
    assert told["connections"] == {"127.0.0.1": 2, "127.0.0.3": 1}
    assert told["connections_refused"] == 1


def test_frames_do_not_count_as_requests(trader, stream):
    before = trader.bybit.get("requests")["peak_by_address"]
    for _ in range(5):
        stream.ask(op="ping")
    assert trader.bybit.get("requests")["peak_by_address"] == before


def test_sockets_are_dropped_by_account_and_by_address(trader, stream):
    with Stream(trader.bybit.url, source_address=("127.0.0.2", 0)) as other:
        assert trader.bybit.post("streams/drop", uid=trader.key["uid"]) == {"dropped": 1}
        with pytest.raises(ConnectionClosed):
            stream.read()
        assert other.ask(op="ping")["op"] == "pong"
        assert trader.bybit.post("streams/drop", address="127.0.0.2", code=1012) == {"dropped": 1}
        with pytest.raises(ConnectionClosed) as closed:
            other.read()
        assert closed.value.rcvd.code == 1012


def test_a_silenced_socket_stays_open_and_says_nothing(trader, stream):
    trouble = trader.bybit.post("streams/troubles", kind="silence", uid=trader.key["uid"])["id"]
    stream.send(op="ping")
    trader.order()
    assert stream.rest() == []
    assert not stream.socket.ping().wait(0.3)
    trader.bybit.session.delete(f"{trader.bybit.url}/_control/streams/troubles/{trouble}")
    assert stream.ask(op="ping")["op"] == "pong"


def test_pushes_are_swallowed_so_many_times(trader, stream):
    trader.bybit.post(
        "streams/troubles", kind="swallow", uid=trader.key["uid"], topic="order", times=1
    )
    trader.order()
    assert states(stream.rest()) == ["Filled"]


def test_pushes_are_doubled_reordered_and_late(trader, stream):
    trouble = {"uid": trader.key["uid"], "times": 1}
    trader.bybit.post("streams/troubles", kind="duplicate", topic="execution", **trouble)
    trader.bybit.post("streams/troubles", kind="reorder", topic="order", **trouble)
    trader.bybit.post("streams/troubles", kind="delay", topic="wallet", ms=400, **trouble)
    trader.order()
    topics = [message["topic"] for message in stream.rest(0.6)]
    assert topics[:2] == ["position", "order"]
    assert topics.count("execution") == 2
    assert topics[-1] == "wallet"


def test_a_handshake_is_refused_on_demand(trader):
    trader.bybit.post("streams/troubles", kind="refuse", times=1)
    with pytest.raises(InvalidStatus) as refused:
        Stream(trader.bybit.url)
    assert refused.value.response.status_code == 503
    with Stream(trader.bybit.url):
        pass


def test_a_cancel_that_races_a_fill_tells_filled_twice(trader, stream):
    trader.bybit.post("streams/troubles", kind="filled_twice", uid=trader.key["uid"], times=1)
    trader.order()
    rows = [row for m in stream.rest() if m["topic"] == "order" for row in m["data"]]
    assert [row["orderStatus"] for row in rows] == ["New", "Filled", "Filled"]
    assert rows[-1]["rejectReason"] == "EC_OrigClOrdIDDoesNotExist"
    assert rows[-1]["cancelType"] == "CancelByUser"


def test_an_unknown_trouble_is_told(trader):
    answer = trader.bybit.session.post(
        f"{trader.bybit.url}/_control/streams/troubles", json={"kind": "nonsense"}, timeout=5
    )
    assert answer.status_code == 400
