"""The sandbox over the socket, asked by the real pybit and moved through its control endpoints."""

from __future__ import annotations

import pytest
import requests
from pybit.exceptions import InvalidRequestError
from pybit.unified_trading import HTTP

BTC = {"category": "linear", "symbol": "BTCUSDT"}


class Trader:
    """One account: its keys behind pybit, its hand behind the control endpoints."""

    def __init__(self, bybit):
        bybit.price("BTCUSDT", 46000)
        self.bybit, self.key = bybit, bybit.account(balance="10000")
        self.session = HTTP(
            api_key=self.key["api_key"],
            api_secret=self.key["api_secret"],
            max_retries=1,
            retry_codes={-1},
        )
        self.session.endpoint = bybit.url

    def order(self, side="Buy", qty="0.1", **more):
        more.setdefault("orderType", "Limit" if "price" in more else "Market")
        return self.session.place_order(**BTC, side=side, qty=qty, **more)["result"]

    def find(self, **query):
        (row,) = self.session.get_open_orders(**BTC, **query)["result"]["list"]
        return row

    def open(self):
        return self.session.get_open_orders(**BTC)["result"]["list"]

    def position(self):
        return self.session.get_positions(**BTC)["result"]["list"][0]

    def fills(self):
        return self.session.get_executions(**BTC)["result"]["list"]

    def by_hand(self, act, **body):
        return self.bybit.post(f"accounts/{self.key['uid']}/{act}", symbol="BTCUSDT", **body)

    def refused(self, call, **params):
        with pytest.raises(InvalidRequestError) as refused:
            call(**BTC, **params)
        return refused.value.status_code


@pytest.fixture
def trader(bybit):
    return Trader(bybit)


def test_a_conditional_entry_is_placed_amended_triggered_and_cancelled(trader):
    rise = {"triggerPrice": "46500", "triggerDirection": 1, "triggerBy": "LastPrice"}
    levels = {"stopLoss": "46000", "takeProfit": "48000", "tpslMode": "Full"}
    trader.order(orderLinkId="c1", **rise, **levels)
    trader.order(orderLinkId="c2", price="46550", **rise)
    row = trader.find(orderLinkId="c1")
    assert (row["orderStatus"], row["triggerDirection"], row["stopOrderType"]) == (
        "Untriggered",
        1,
        "Stop",
    )
    trader.session.amend_order(**BTC, orderLinkId="c1", triggerPrice="46400", stopLoss="46100")
    trader.session.cancel_order(**BTC, orderLinkId="c2")
    assert trader.find(orderLinkId="c2")["orderStatus"] == "Deactivated"
    trader.bybit.price("BTCUSDT", 46400)
    assert trader.find(orderLinkId="c1")["orderStatus"] == "Filled"
    position = trader.position()
    assert (position["size"], position["stopLoss"], position["takeProfit"]) == (
        "0.1",
        "46100",
        "48000",
    )


def test_a_trigger_on_the_wrong_side_and_one_too_many_are_refused(trader):
    order = {"side": "Buy", "orderType": "Market", "qty": "0.01"}
    place = trader.session.place_order
    assert trader.refused(place, **order, triggerPrice="45000", triggerDirection=1) == 110092
    assert trader.refused(place, **order, triggerPrice="47000", triggerDirection=2) == 110093
    for _ in range(10):
        place(**BTC, **order, triggerPrice="47000", triggerDirection=1)
        trader.bybit.post("limits", uid=False)
    assert trader.refused(place, **order, triggerPrice="47000", triggerDirection=1) == 110009


def test_a_trailing_stop_beside_a_pair_is_set_moved_and_fires(trader):
    trader.order()
    stop = {**BTC, "tpslMode": "Full", "positionIdx": 0}
    call = trader.session.set_trading_stop
    call(**stop, stopLoss="45000", takeProfit="50000", trailingStop="500", activePrice="47000")
    assert trader.position()["trailingStop"] == "500"
    call(**stop, trailingStop="400")
    for price in (47000, 48000, 47600):
        trader.bybit.price("BTCUSDT", price)
    assert trader.position()["size"] == "0"
    fill = trader.fills()[0]
    assert (fill["stopOrderType"], fill["createType"]) == ("TrailingStop", "CreateByTrailingStop")


def test_reduce_only_limits_share_the_position(trader):
    trader.order()
    close = {"side": "Sell", "reduceOnly": True, "timeInForce": "GTC"}
    trader.order(**close, qty="0.07", price="46500", orderLinkId="t1")
    trader.order(**close, qty="0.07", price="46600", orderLinkId="t2")
    assert trader.find(orderLinkId="t2")["qty"] == "0.03"
    more = {**close, "orderType": "Limit", "qty": "0.01", "price": "46700"}
    assert trader.refused(trader.session.place_order, **more) == 110017


def test_a_trader_acts_by_hand_in_the_app(trader):
    trader.order(orderLinkId="ours", stopLoss="45000")
    trader.order(orderLinkId="rest", price="45500")
    trader.by_hand("cancel", orderLinkId="rest")
    assert trader.find(orderLinkId="rest")["cancelType"] == "CancelByUser"
    trader.by_hand("stop", stopLoss="44500", takeProfit="49000")
    trader.by_hand("order", side="Buy", orderType="Market", qty="0.05")
    position = trader.position()
    assert (position["size"], position["stopLoss"]) == ("0.15", "44500")
    trader.by_hand("stop", stopLoss="0")
    assert trader.position()["stopLoss"] == ""
    trader.by_hand("order", side="Sell", orderType="Market", qty="0.05")
    trader.by_hand("close", qty="0.04")
    assert trader.position()["size"] == "0.06"
    resting = trader.by_hand("close", price="46500")["list"][0]
    trader.by_hand("amend", orderId=resting["orderId"], price="46600")
    assert trader.find(orderId=resting["orderId"])["price"] == "46600"
    trader.by_hand("close")
    assert trader.position()["size"] == "0"
    kinds = {row["createType"] for row in trader.fills()}
    assert kinds == {"CreateByUser", "CreateByClosing"}
    assert trader.open() == []


def test_a_deleveraged_position_shows_an_adl_trade(trader):
    trader.order(stopLoss="45000")
    trader.by_hand("adl", qty="0.04")
    fill = trader.fills()[0]
    assert (fill["execType"], fill["createType"]) == ("AdlTrade", "CreateByAdl_PassThrough")
    assert trader.position()["size"] == "0.06"


def test_a_delisting_is_announced_and_then_settles(trader):
    trader.order()
    trader.order(price="45000", qty="0.01")
    trader.bybit.post("instruments/BTCUSDT", delivery_time=1_900_000_000_000)
    read = trader.session.get_instruments_info
    (row,) = read(**BTC)["result"]["list"]
    assert (row["status"], row["deliveryTime"]) == ("Trading", "1900000000000")
    trader.bybit.post("instruments/BTCUSDT/delist", price="45900")
    names = {row["symbol"] for row in read(category="linear")["result"]["list"]}
    assert "BTCUSDT" not in names
    (row,) = read(category="linear", status="Closed")["result"]["list"]
    assert (row["symbol"], row["status"]) == ("BTCUSDT", "Closed")
    fill = trader.fills()[0]
    assert (fill["execType"], fill["createType"], fill["execPrice"]) == (
        "Settle",
        "CreateBySettle",
        "45900",
    )
    assert trader.open() == []
    order = {"side": "Buy", "orderType": "Market", "qty": "0.01"}
    assert trader.refused(trader.session.place_order, **order) == 110074


def test_the_book_shows_the_touch_and_what_is_left_of_it(trader):
    trader.bybit.price("BTCUSDT", 46000, bid_size="2", ask_size="3")
    trader.order(qty="0.1")
    book = trader.session.get_orderbook(**BTC)["result"]
    assert (book["s"], book["b"], book["a"]) == (
        "BTCUSDT",
        [["45999.9", "2"]],
        [["46000", "2.9"]],
    )
    assert isinstance(book["u"], int)
    assert isinstance(book["ts"], int)
    assert trader.refused(trader.session.get_orderbook, limit=501) == 10001


@pytest.mark.parametrize("path", ["orderbook", "kline", "price-limit"])
def test_a_public_question_about_no_symbol_is_10001(trader, path):
    for query in ({"category": "linear"}, {"category": "spot", "symbol": "BTCUSDT"}):
        answer = requests.get(f"{trader.bybit.url}/v5/market/{path}", params=query, timeout=10)
        assert (answer.status_code, answer.json()["retCode"]) == (200, 10001)


def test_coins_are_told_to_those_with_keys_only(trader):
    rows = trader.session.get_coin_info()["result"]["rows"]
    assert {"USDT", "BTC", "PEPE"} <= {row["coin"] for row in rows}
    (usdt,) = trader.session.get_coin_info(coin="USDT")["result"]["rows"]
    assert usdt["chains"][0]["chainDeposit"] == "1"
    path = f"{trader.bybit.url}/v5/asset/coin/query-info"
    assert requests.get(path, timeout=10).status_code == 401


def test_a_password_change_shortens_the_life_of_an_unbound_key(trader):
    ask = trader.session.get_api_key_information
    assert ask()["result"]["deadlineDay"] == 90
    trader.bybit.post(f"accounts/{trader.key['uid']}/password")
    assert ask()["result"]["deadlineDay"] == 7
    trader.bybit.post(f"keys/{trader.key['api_key']}", deadline_day=0)
    with pytest.raises(InvalidRequestError) as refused:
        ask()
    assert refused.value.status_code == 33004


def test_an_affiliate_asks_about_its_client(trader):
    operator = trader.bybit.account(permissions={"Affiliate": ["Affiliate"]})
    session = HTTP(
        api_key=operator["api_key"],
        api_secret=operator["api_secret"],
        max_retries=1,
        retry_codes={-1},
    )
    session.endpoint = trader.bybit.url
    ask = session.get_affiliate_user_info
    assert ask(uid=trader.key["uid"])["result"] == {}
    trader.bybit.post(f"keys/{trader.key['api_key']}", affiliate_id=int(operator["uid"]))
    assert ask(uid=trader.key["uid"])["result"]["uid"] == trader.key["uid"]
    with pytest.raises(InvalidRequestError) as refused:
        trader.session.get_affiliate_user_info(uid=trader.key["uid"])
    assert refused.value.status_code == 10005
