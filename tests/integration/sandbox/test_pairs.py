"""The stand-ins of Binance and HashKey refuse what those exchanges refuse, signature first."""

from __future__ import annotations

import hashlib
import hmac
import time
from urllib.parse import urlencode

import pytest
import requests

ORDERS = {
    "binance": ("/api/v3/order", "newClientOrderId", "X-MBX-APIKEY"),
    "binance_usdm": ("/fapi/v1/order", "newClientOrderId", "X-MBX-APIKEY"),
    "hashkey": ("/api/v1/spot/order", "newClientOrderId", "X-HK-APIKEY"),
}
SAID = {
    "signature": {"binance": -1022, "binance_usdm": -1022, "hashkey": "0002"},
    "stranger": {"binance": -2015, "binance_usdm": -2015, "hashkey": "0102"},
    "time": {"binance": -1021, "binance_usdm": -1021, "hashkey": -1021},
    "duplicate": {"binance": -2010, "binance_usdm": -4116, "hashkey": -1141},
    "money": {"binance": -2010, "binance_usdm": -2019, "hashkey": "0401"},
    "step": {"binance": -1013, "binance_usdm": -1013, "hashkey": -1137},
    "unread": {"binance": -1104, "binance_usdm": -1104, "hashkey": "0001"},
}


@pytest.fixture(params=ORDERS)
def exchange(request):
    return request.param


@pytest.fixture
def control(exchange, pairs):
    return pairs(exchange)


@pytest.fixture
def owner(control):
    return control.account()


def limit(**changes):
    order = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "quantity": "0.002"}
    order |= {"price": "59000.5", "timeInForce": "GTC", "newClientOrderId": "hxa"}
    return {name: value for name, value in (order | changes).items() if value is not None}


def send(control, exchange, owner, params, *, verb="POST", where="body", spoil=str, late_ms=0):
    path, _, header = ORDERS[exchange]
    key, secret = owner
    stamp = {"timestamp": int(time.time() * 1000) - late_ms, "recvWindow": 5000}
    text = urlencode(params | stamp)
    signature = hmac.digest(secret.encode(), text.encode(), hashlib.sha256).hex()
    signed = f"{text}&signature={spoil(signature)}"
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    url = f"{control.url}{path}" + (f"?{signed}" if where == "query" else "")
    body = signed if where == "body" else None
    return requests.request(verb, url, data=body, headers={header: key} | form, timeout=5)


def code(answer):
    assert answer.status_code in {400, 401}, answer.text
    return answer.json()["code"]


@pytest.mark.parametrize("where", ["body", "query"])
def test_a_signed_order_is_taken_and_found(control, exchange, owner, where):
    answer = send(control, exchange, owner, limit(), where=where)
    assert answer.ok, answer.text
    assert answer.json()["clientOrderId"] == "hxa"
    asked = {"symbol": "BTCUSDT", "origClientOrderId": "hxa"}
    if exchange == "hashkey":
        del asked["symbol"]
    found = send(control, exchange, owner, asked, verb="GET", where="query").json()
    assert (found["status"], found["origQty"]) == ("NEW", "0.002")


def test_a_signature_that_is_not_its_own_is_refused(control, exchange, owner):
    forged = send(control, exchange, owner, limit(), spoil=lambda text: text[::-1])
    assert code(forged) == SAID["signature"][exchange]
    another = (owner[0], "another-secret")
    assert code(send(control, exchange, another, limit())) == SAID["signature"][exchange]
    stranger = ("nobody", owner[1])
    assert code(send(control, exchange, stranger, limit())) == SAID["stranger"][exchange]


def test_what_was_changed_after_it_was_signed_is_refused(control, exchange, owner):
    path, _, header = ORDERS[exchange]
    stamp = {"timestamp": int(time.time() * 1000)}
    text = urlencode(limit() | stamp)
    signature = hmac.digest(owner[1].encode(), text.encode(), hashlib.sha256).hex()
    body = f"{text.replace('0.002', '0.003')}&signature={signature}"
    form = {"Content-Type": "application/x-www-form-urlencoded", header: owner[0]}
    answer = requests.post(f"{control.url}{path}", data=body, headers=form, timeout=5)
    assert code(answer) == SAID["signature"][exchange]


@pytest.mark.parametrize(("late_ms", "taken"), [(0, True), (4500, True), (6000, False)])
def test_a_request_is_good_for_its_window(control, exchange, owner, late_ms, taken):
    answer = send(control, exchange, owner, limit(), late_ms=late_ms)
    assert answer.ok if taken else code(answer) == SAID["time"][exchange]


@pytest.mark.parametrize(("ahead_ms", "taken"), [(800, True), (1500, False)])
def test_a_clock_may_lead_by_less_than_a_second(control, exchange, owner, ahead_ms, taken):
    control.clock(-ahead_ms)
    answer = send(control, exchange, owner, limit())
    assert answer.ok if taken else code(answer) == SAID["time"][exchange]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"quantity": "0.5"}, "money"),
        ({"quantity": "0.0021"}, "step"),
        ({"stopLoss": "58000"}, "unread"),
    ],
)
def test_a_bad_order_is_refused(control, exchange, owner, changes, said):
    assert code(send(control, exchange, owner, limit(**changes))) == SAID[said][exchange]


def test_a_name_is_taken_while_its_order_rests(control, exchange, owner):
    assert send(control, exchange, owner, limit()).ok
    assert code(send(control, exchange, owner, limit())) == SAID["duplicate"][exchange]
    if exchange != "hashkey":
        control.price(59_000)  # filled: the name is free again, as Binance's documentation says
        assert send(control, exchange, owner, limit(price="58000")).ok


def test_a_price_that_comes_fills_what_rests(control, exchange, owner):
    send(control, exchange, owner, limit())
    control.price("59000")
    asked = {"symbol": "BTCUSDT", "origClientOrderId": "hxa"}
    if exchange == "hashkey":
        del asked["symbol"]
    found = send(control, exchange, owner, asked, verb="GET", where="query").json()
    assert (found["status"], found["executedQty"]) == ("FILLED", "0.002")
