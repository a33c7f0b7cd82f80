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
        ({"quantity": "0.002000001"}, "step"),
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


LISTS = {
    "binance": ("/api/v3/openOrders", "/api/v3/allOrders", "/api/v3/myTrades"),
    "binance_usdm": ("/fapi/v1/openOrders", "/fapi/v1/allOrders", "/fapi/v1/userTrades"),
    "hashkey": ("/api/v1/spot/openOrders", "/api/v1/spot/tradeOrders", "/api/v1/account/trades"),
}


def ask(control, exchange, owner, path, verb="GET", **params):
    key, secret = owner
    text = urlencode(params | {"timestamp": int(time.time() * 1000), "recvWindow": 5000})
    signature = hmac.digest(secret.encode(), text.encode(), hashlib.sha256).hex()
    url = f"{control.url}{path}?{text}&signature={signature}"
    return requests.request(verb, url, headers={ORDERS[exchange][2]: key}, timeout=5)


def test_lists_tell_what_rests_what_was_and_what_was_traded(control, exchange, owner):
    resting, everything, trades = LISTS[exchange]
    send(control, exchange, owner, limit())
    send(control, exchange, owner, limit(newClientOrderId="hxb", price="50000"))
    control.price("59000")
    names = [
        [
            row["clientOrderId"]
            for row in ask(control, exchange, owner, path, symbol="BTCUSDT").json()
        ]
        for path in (resting, everything)
    ]
    assert names == [["hxb"], ["hxa", "hxb"]]
    (trade,) = ask(control, exchange, owner, trades, symbol="BTCUSDT").json()
    coin = "BTC" if exchange == "binance" else "USDT"
    assert (trade["price"], trade["qty"], trade["commissionAsset"]) == ("59000.5", "0.002", coin)


def test_a_list_is_cut_and_kept_to_its_time(control, exchange, owner):
    everything = LISTS[exchange][1]
    for name in ("hxa", "hxb", "hxc"):
        send(control, exchange, owner, limit(newClientOrderId=name))
    rows = ask(control, exchange, owner, everything, symbol="BTCUSDT", limit=2).json()
    assert [row["clientOrderId"] for row in rows] == ["hxb", "hxc"]
    past = {"startTime": 1, "endTime": 2}
    assert ask(control, exchange, owner, everything, symbol="BTCUSDT", **past).json() == []
    if exchange != "hashkey":
        long = {"startTime": 1, "endTime": 8 * 24 * 3600 * 1000}
        refused = ask(control, exchange, owner, everything, symbol="BTCUSDT", **long)
        assert code(refused) == (-1127 if exchange == "binance" else -4166)


SPOT = pytest.mark.parametrize("exchange", ["binance"], indirect=True)
AT_MARKET = {"type": "MARKET", "price": None, "timeInForce": None}


def coins(control, exchange, owner):
    rows = ask(control, exchange, owner, "/api/v3/account").json()["balances"]
    return next((row["free"], row["locked"]) for row in rows if row["asset"] == "BTC")


def sale(quantity, **changes):
    return limit(**({"side": "SELL", "quantity": quantity, "price": "61000"} | changes))


def stop(quantity, **changes):
    return sale(quantity, **AT_MARKET | {"type": "STOP_LOSS", "stopPrice": "58000"} | changes)


@SPOT
def test_a_purchase_pays_its_fee_in_what_it_buys(control, exchange, owner):
    send(control, exchange, owner, limit(**AT_MARKET))
    (trade,) = ask(control, exchange, owner, "/api/v3/myTrades", symbol="BTCUSDT").json()
    assert (trade["commission"], trade["commissionAsset"]) == ("0.000002", "BTC")
    assert coins(control, exchange, owner) == ("0.001998", "0")
    too_much = send(control, exchange, owner, sale("0.002", newClientOrderId="hxb"))
    assert too_much.json()["msg"] == "Account has insufficient balance for requested action."
    assert code(too_much) == -2010
    assert send(control, exchange, owner, sale("0.00199", price="60000")).ok
    trades = ask(control, exchange, owner, "/api/v3/myTrades", symbol="BTCUSDT").json()
    assert (trades[1]["commissionAsset"], trades[1]["commission"]) == ("USDT", "0.11940000")
    assert coins(control, exchange, owner) == ("0.000008", "0")


@SPOT
@pytest.mark.parametrize("first", [sale("0.00199"), stop("0.00199")], ids=["sale", "stop"])
def test_what_rests_to_sell_locks_its_coins(control, exchange, owner, first):
    send(control, exchange, owner, limit(**AT_MARKET))
    assert send(control, exchange, owner, first | {"newClientOrderId": "hxb"}).ok
    assert coins(control, exchange, owner) == ("0.000008", "0.00199")
    for other in (sale("0.001"), stop("0.001"), sale("0.001", **AT_MARKET)):
        answer = send(control, exchange, owner, other | {"newClientOrderId": "hxc"})
        assert code(answer) == -2010
        assert answer.json()["msg"] == "Account has insufficient balance for requested action."
    named = {"symbol": "BTCUSDT", "origClientOrderId": "hxb"}
    assert ask(control, exchange, owner, "/api/v3/order", "DELETE", **named).ok
    assert coins(control, exchange, owner) == ("0.001998", "0")
    assert send(control, exchange, owner, sale("0.001", newClientOrderId="hxc")).ok


@SPOT
def test_a_stop_of_the_spot_market_is_one_order_that_fires(control, exchange, owner):
    send(control, exchange, owner, limit(**AT_MARKET))
    send(control, exchange, owner, stop("0.00199", newClientOrderId="hxs"))
    control.price("57900")
    named = {"symbol": "BTCUSDT", "origClientOrderId": "hxs"}
    found = ask(control, exchange, owner, "/api/v3/order", **named).json()
    assert (found["status"], found["type"], found["executedQty"]) == (
        *("FILLED", "STOP_LOSS", "0.00199"),
    )
    assert coins(control, exchange, owner) == ("0.000008", "0")
    late = ask(control, exchange, owner, "/api/v3/order", "DELETE", **named)
    assert code(late) == -2011
    below = send(control, exchange, owner, stop("0.00001", stopPrice="57000"))
    assert code(below) == -1013  # not worth 5 USDT


@SPOT
def test_coins_may_come_from_elsewhere(control, exchange, owner):
    control.coins(owner[0], "0.5")
    assert coins(control, exchange, owner) == ("0.5", "0")
    assert send(control, exchange, owner, sale("0.4")).ok


@pytest.mark.parametrize("exchange", ["binance_usdm"], indirect=True)
def test_a_trigger_of_the_futures_market_places_another_order(control, exchange, owner):
    send(control, exchange, owner, limit(type="MARKET", price=None, timeInForce=None))
    stop = {"symbol": "BTCUSDT", "side": "SELL", "quantity": "0.002", "reduceOnly": "true"}
    stop |= {"algoType": "CONDITIONAL", "type": "STOP_MARKET", "triggerPrice": "58000"}
    asked = ask(
        *(control, exchange, owner, "/fapi/v1/algoOrder", "POST"), **stop, clientAlgoId="hxs"
    )
    assert asked.ok, asked.text
    (waiting,) = ask(control, exchange, owner, "/fapi/v1/openAlgoOrders").json()
    assert (waiting["algoStatus"], waiting["actualOrderId"]) == ("NEW", "")
    control.price("57999")
    assert ask(control, exchange, owner, "/fapi/v1/openAlgoOrders").json() == []
    (fired,) = ask(control, exchange, owner, "/fapi/v1/allAlgoOrders", symbol="BTCUSDT").json()
    assert fired["algoStatus"] == "FINISHED"
    query = {"symbol": "BTCUSDT", "orderId": fired["actualOrderId"]}
    made = ask(control, exchange, owner, "/fapi/v1/order", **query).json()
    assert (made["status"], made["executedQty"]) == ("FILLED", "0.002")
    assert made["clientOrderId"] != "hxs"
    assert ask(control, exchange, owner, "/fapi/v3/positionRisk").json() == []


@pytest.mark.parametrize("exchange", ["binance_usdm"], indirect=True)
def test_settings_of_the_futures_market(control, exchange, owner):
    path = "/fapi/v1/leverage"
    assert ask(control, exchange, owner, path, "POST", symbol="BTCUSDT", leverage=3).ok
    too_much = ask(control, exchange, owner, path, "POST", symbol="BTCUSDT", leverage=126)
    assert code(too_much) == -4028
    (row,) = ask(control, exchange, owner, "/fapi/v1/symbolConfig").json()
    assert row["leverage"] == 3
    assert ask(
        *(control, exchange, owner, "/fapi/v1/positionSide/dual", "POST"), dualSidePosition="true"
    ).ok
    config = ask(control, exchange, owner, "/fapi/v1/accountConfig").json()
    assert config["dualSidePosition"] is True
    assert code(send(control, exchange, owner, limit())) == -4061
    assert send(control, exchange, owner, limit(positionSide="LONG")).ok


# --- what rests on the futures market is amended -------------------------------------------------

FUTURES = pytest.mark.parametrize("exchange", ["binance_usdm"], indirect=True)
AMEND = {"symbol": "BTCUSDT", "origClientOrderId": "hxa", "side": "BUY"}
AMEND |= {"quantity": "0.003", "price": "58000"}


def amend(control, owner, **changes):
    said = {name: value for name, value in (AMEND | changes).items() if value is not None}
    return send(control, "binance_usdm", owner, said, verb="PUT")


def resting(control, owner):
    rows = ask(control, "binance_usdm", owner, "/fapi/v1/openOrders").json()
    return [(row["orderId"], row["clientOrderId"], row["price"], row["origQty"]) for row in rows]


@FUTURES
def test_an_amended_order_keeps_its_names(control, exchange, owner):
    placed = send(control, exchange, owner, limit()).json()["orderId"]
    answer = amend(control, owner)
    assert answer.ok, answer.text
    told = answer.json()
    assert (told["orderId"], told["clientOrderId"], told["status"]) == (placed, "hxa", "NEW")
    assert resting(control, owner) == [(placed, "hxa", "58000", "0.003")]


@FUTURES
@pytest.mark.parametrize("name", ["quantity", "price", "side", "symbol", "origClientOrderId"])
def test_an_amendment_says_all_of_it(control, exchange, owner, name):
    send(control, exchange, owner, limit())
    assert code(amend(control, owner, **{name: None})) == -1102


@FUTURES
@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"origClientOrderId": "hxb"}, -2013),
        ({"side": "SELL"}, -2013),
        ({"quantity": "0.002", "price": "59000.5"}, -5027),
        ({"quantity": "0.0021"}, -1013),
        ({"price": "58000.05"}, -1013),
        ({"quantity": "5"}, -2019),
        ({"newClientOrderId": "hxb"}, -1104),
    ],
)
def test_a_bad_amendment_leaves_the_order_as_it_is(control, exchange, owner, changes, said):
    placed = send(control, exchange, owner, limit()).json()["orderId"]
    assert code(amend(control, owner, **changes)) == said
    assert resting(control, owner) == [(placed, "hxa", "59000.5", "0.002")]


@FUTURES
def test_what_an_order_binds_itself_is_free_for_its_amendment(control, exchange, owner):
    """Ten times leverage on 1000 USDT: 0.16 BTC, and not as much beside it."""
    assert send(control, exchange, owner, limit(quantity="0.160")).ok
    assert amend(control, owner, quantity="0.161", price="59000").ok


@FUTURES
def test_an_amended_order_meets_the_market_anew(control, exchange, owner):
    send(control, exchange, owner, limit())
    assert amend(control, owner, price="60000").json()["status"] == "FILLED"
    assert code(amend(control, owner, price="59000")) == -2013


@FUTURES
def test_a_trigger_is_no_order_that_could_be_amended(control, exchange, owner):
    send(control, exchange, owner, limit(type="MARKET", price=None, timeInForce=None))
    stop = {"symbol": "BTCUSDT", "side": "SELL", "quantity": "0.002", "reduceOnly": "true"}
    stop |= {"algoType": "CONDITIONAL", "type": "STOP_MARKET", "triggerPrice": "58000"}
    assert ask(
        *(control, exchange, owner, "/fapi/v1/algoOrder", "POST"), **stop, clientAlgoId="hxs"
    ).ok
    assert code(amend(control, owner, origClientOrderId="hxs", side="SELL")) == -2013
