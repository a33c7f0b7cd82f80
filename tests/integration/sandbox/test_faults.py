"""Faults on demand of the sandbox's REST side, as a client meets them."""

from __future__ import annotations

import time

import pytest
import requests
from pybit.exceptions import FailedRequestError, InvalidRequestError

from tests.integration.sandbox.stream_client import Stream
from tests.integration.sandbox.test_real_client import BTC, Trader

CREATE = "/v5/order/create"


@pytest.fixture
def trader(bybit):
    return Trader(bybit)


def orders(trader):
    return trader.bybit.ledger(trader.key["uid"])["orders"]


def test_an_accepted_order_shows_after_a_while_only(trader):
    trader.bybit.fault("show_after", path=CREATE, ms=400, times=1)
    given = trader.order(orderLinkId="late", stopLoss="45000")
    asked = {**BTC, "orderLinkId": "late"}
    for query in (
        trader.session.get_open_orders,
        trader.session.get_order_history,
        trader.session.get_executions,
    ):
        assert query(**asked)["result"]["list"] == []
    assert trader.open() == []
    assert [row["orderStatus"] for row in orders(trader)] == ["Filled", "Untriggered"]
    assert trader.position()["size"] == "0.1"
    with pytest.raises(InvalidRequestError) as refused:
        trader.order(orderLinkId="late")
    assert refused.value.status_code == 110072
    time.sleep(0.4)
    assert trader.find(orderLinkId="late")["orderId"] == given["orderId"]
    assert len(trader.fills()) == 1
    assert len(trader.open()) == 1


def test_the_stream_is_ahead_of_such_lists(trader):
    trader.bybit.fault("show_after", path=CREATE, ms=60_000, times=1)
    with Stream(trader.bybit.url) as stream:
        stream.authenticate(trader.key)
        stream.subscribe("order")
        trader.order(orderLinkId="late")
        assert stream.next("order")["data"][0]["orderLinkId"] == "late"


def test_half_an_answer_breaks_off(trader):
    trader.bybit.fault("half_response", path=CREATE, times=1)
    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="IncompleteRead"):
        trader.order()
    assert len(orders(trader)) == 1


def test_an_answer_trickles(trader):
    trader.bybit.fault("slow_response", path=CREATE, ms=5, times=1)
    started = time.monotonic()
    trader.order()
    assert time.monotonic() - started > 0.5


def test_a_client_may_lose_patience_with_a_trickle(trader):
    trader.bybit.fault("slow_response", path="/v5/market/time", ms=50, times=1)
    with requests.get(f"{trader.bybit.url}/v5/market/time", timeout=2, stream=True) as answer:
        assert answer.raw.read(3) == b'{"r'
    assert trader.bybit.get("health") == {"status": "ok"}


@pytest.mark.parametrize("reset", [None, 700])
def test_a_limit_with_and_without_its_reset_time(trader, reset):
    trader.bybit.fault(
        "retcode", path=CREATE, code=10006, message="Too many visits!", reset_ms=reset
    )
    with pytest.raises(InvalidRequestError) as refused:
        trader.order()
    headers = refused.value.resp_headers
    assert (headers["X-Bapi-Limit"], headers["X-Bapi-Limit-Status"]) == ("10", "0")
    told = headers.get("X-Bapi-Limit-Reset-Timestamp")
    assert (told is None) == (reset is None)
    assert told is None or 0 < int(told) - time.time() * 1000 <= 700
    assert orders(trader) == []


@pytest.mark.parametrize("executed", [True, False])
def test_a_server_error_says_nothing_about_what_happened(trader, executed):
    trader.bybit.fault("retcode", path=CREATE, executed=executed, times=1)
    with pytest.raises(InvalidRequestError) as refused:
        trader.order()
    assert refused.value.status_code == 10016
    assert len(orders(trader)) == int(executed)


def test_the_real_limit_may_leave_its_reset_time_out(trader):
    trader.session.return_response_headers = True

    def headers():
        return trader.session.get_wallet_balance(accountType="UNIFIED")[2]

    assert "X-Bapi-Limit-Reset-Timestamp" in headers()
    trader.bybit.post("limits", reset_header=False)
    assert "X-Bapi-Limit-Reset-Timestamp" not in headers()


def test_an_address_is_banned_on_demand_and_others_go_on(trader):
    trader.bybit.post("bans", address="127.0.0.1", ms=60_000)
    with pytest.raises(FailedRequestError) as refused:
        trader.order()
    assert refused.value.status_code == 403
    with requests.Session() as session:
        session.mount("http://", FromAddress("127.0.0.2"))
        assert session.get(f"{trader.bybit.url}/v5/market/time", timeout=5).status_code == 200
    trader.bybit.session.delete(f"{trader.bybit.url}/_control/bans", timeout=5)
    trader.order()
    assert trader.bybit.get("requests")["bans"] == 1


class FromAddress(requests.adapters.HTTPAdapter):
    def __init__(self, address):
        self.address = address
        super().__init__()

    def init_poolmanager(self, *args, **options):
        super().init_poolmanager(*args, source_address=(self.address, 0), **options)
