"""Conditional entries: placed, amended and cancelled while untriggered, then an order like any."""

from __future__ import annotations

from decimal import Decimal as D

import pytest

from tests.unit.sandbox.market import Market

RISE = {"triggerPrice": "46500", "triggerDirection": 1}
FALL = {"triggerPrice": "45500", "triggerDirection": 2}


def test_a_conditional_market_entry_brings_its_exits_when_it_is_triggered():
    market = Market()
    market.order(orderLinkId="c", stopLoss="46000", takeProfit="48000", **RISE)
    waiting = market.find(orderLinkId="c")
    assert (waiting["orderStatus"], waiting["stopOrderType"]) == ("Untriggered", "Stop")
    assert (waiting["triggerDirection"], waiting["triggerBy"]) == (1, "LastPrice")
    assert (waiting["takeProfit"], waiting["stopLoss"]) == ("48000", "46000")
    assert market.position()["size"] == "0"
    market.price("46500")
    entry = market.find(orderLinkId="c")
    assert (entry["orderStatus"], entry["avgPrice"]) == ("Filled", "46500")
    position = market.position()
    assert (position["size"], position["stopLoss"], position["takeProfit"]) == (
        "0.1",
        "46000",
        "48000",
    )
    assert market.find(stopOrderType="StopLoss")["parentOrderLinkId"] == "c"


def test_exits_of_a_condition_are_measured_against_its_own_price():
    market = Market()
    assert market.refusal(stopLoss="46500", **RISE) == 10001
    assert market.refusal(price="46600", stopLoss="46600", **RISE) == 10001
    assert market.refusal(side="Sell", takeProfit="45500", **FALL) == 10001
    market.order(stopLoss="46200", orderLinkId="c", **RISE)


def test_a_triggered_limit_rests_when_the_market_is_beyond_it():
    market = Market()
    market.order(price="46400", orderLinkId="c", **RISE)
    market.price("46500")
    order = market.find(orderLinkId="c")
    assert (order["orderStatus"], order["price"], order["cumExecQty"]) == ("New", "46400", "0")
    market.price("46400")
    assert market.find(orderLinkId="c")["avgPrice"] == "46400"


def test_the_band_meets_a_conditional_limit_with_its_trigger():
    market = Market()
    far = {"triggerPrice": "50000", "triggerDirection": 1}
    market.order(price="50100", orderLinkId="near", qty="0.01", **far)
    market.order(price="60000", orderLinkId="far", qty="0.01", **far)
    assert market.find(orderLinkId="near")["price"] == "50100"
    assert market.find(orderLinkId="far")["price"] == "60000"
    market.price("50000")
    assert market.find(orderLinkId="near")["orderStatus"] == "Filled"
    assert market.find(orderLinkId="far")["price"] == "51000"


def test_a_condition_binds_no_margin_until_it_is_triggered():
    market = Market(balance="1000")
    before = market.account()["wallet"]["totalAvailableBalance"]
    market.order(qty="5", orderLinkId="c", **RISE)
    assert market.account()["wallet"]["totalAvailableBalance"] == before
    market.price("46500")
    order = market.find(orderLinkId="c")
    assert (order["orderStatus"], order["cumExecQty"]) == ("Cancelled", "0")


def test_the_states_of_a_triggered_order_are_told_one_by_one():
    market = Market()
    told = market.listen()
    market.order(orderLinkId="c", **RISE)
    market.price("46500")
    assert [row["orderStatus"] for topic, row in told if topic == "order"] == [
        "Untriggered",
        "Triggered",
        "New",
        "Filled",
    ]


def test_a_condition_is_amended_by_its_link_id_while_it_waits():
    market = Market()
    market.order(orderLinkId="c", price="46600", stopLoss="46000", **RISE)
    market.call(
        "amend_order",
        orderLinkId="c",
        triggerPrice="47000",
        price="47100",
        qty="0.2",
        stopLoss="46500",
        takeProfit="49000",
        tpTriggerBy="LastPrice",
    )
    order = market.find(orderLinkId="c")
    wanted = {"triggerPrice": "47000", "price": "47100", "qty": "0.2", "stopLoss": "46500"}
    assert {name: order[name] for name in wanted} == wanted
    assert (order["takeProfit"], order["orderStatus"]) == ("49000", "Untriggered")
    market.call("amend_order", orderLinkId="c", takeProfit="0", triggerBy="MarkPrice")
    order = market.find(orderLinkId="c")
    assert (order["takeProfit"], order["triggerBy"]) == ("", "MarkPrice")
    market.quote("47050", mark="46900")
    assert market.find(orderLinkId="c")["orderStatus"] == "Untriggered"
    market.quote("47050", mark="47000")
    assert market.find(orderLinkId="c")["orderStatus"] == "Filled"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"triggerPrice": "46000"}, 110092),
        ({"triggerPrice": "46200.05"}, 10001),
        ({"triggerPrice": "46200"}, 10001),  # below the stop that it carries
        ({"stopLoss": "46600"}, 10001),
        ({"takeProfit": "48000"}, 10001),  # nothing says which price it watches
        ({"triggerBy": "BestPrice"}, 10001),
        ({"price": "46500"}, 10001),  # a market order has none
        ({"qty": "0"}, 110064),
    ],
)
def test_a_bad_amendment_of_a_condition_is_refused(change, code):
    market = Market()
    market.order(orderLinkId="c", stopLoss="46300", **RISE)
    assert market.refused("amend_order", orderLinkId="c", **change) == code


def test_a_falling_condition_is_not_amended_above_the_market():
    market = Market()
    market.order(side="Sell", orderLinkId="c", **FALL)
    assert market.refused("amend_order", orderLinkId="c", triggerPrice="46100") == 110093


def test_a_condition_may_not_watch_a_price_that_has_passed_it():
    market = Market()
    market.quote("46000", mark="46600", index="46000")
    market.order(orderLinkId="c", **RISE)
    assert market.refused("amend_order", orderLinkId="c", triggerBy="MarkPrice") == 110092


def test_a_cancelled_condition_is_deactivated_and_makes_room():
    market = Market(balance="100000")
    for number in range(10):
        market.order(qty="0.01", orderLinkId=f"c{number}", **RISE)
    assert market.refusal(qty="0.01", **RISE) == 110009
    market.call("cancel_order", orderLinkId="c0")
    ended = market.find(orderLinkId="c0")
    assert (ended["orderStatus"], ended["cancelType"]) == ("Deactivated", "CancelByUser")
    market.order(qty="0.01", orderLinkId="c10", **RISE)
    market.price("46500")
    assert D(market.position()["size"]) == D("0.1")
    assert market.refused("cancel_order", orderLinkId="c0") == 110001


@pytest.mark.parametrize("direction", ["1", 0, 3, True, None])
def test_the_direction_of_a_condition_is_an_integer(direction):
    given = {"triggerPrice": "46500", "triggerDirection": direction}
    assert Market().refusal(**given) == 10001


def test_a_trigger_price_without_a_direction_is_refused():
    assert Market().refusal(triggerPrice="46500") == 10001


def test_conditions_show_among_the_open_orders_and_by_filter():
    market = Market()
    market.order(orderLinkId="c", **RISE)
    market.order(orderLinkId="p", price="45000", qty="0.01")
    links = {row["orderLinkId"] for row in market.call("open_orders")["list"]}
    assert links == {"c", "p"}
    (stop,) = market.call("open_orders", orderFilter="StopOrder")["list"]
    assert stop["orderLinkId"] == "c"
