"""Take profit, stop loss and trailing stop: that what protects a position is what is shown."""

from __future__ import annotations

import pytest

from tests.unit.sandbox.market import BTC, Market

PAIR = {"stopLoss": "45000", "takeProfit": "47000"}


def untriggered(market):
    return [row for row in market.account()["orders"] if row["orderStatus"] == "Untriggered"]


def test_a_stop_whose_order_was_cancelled_is_shown_no_longer():
    market = Market()
    market.order(stopLoss="45000")
    stop = market.find(stopOrderType="StopLoss")
    market.call("cancel_order", orderId=stop["orderId"])
    assert market.position()["stopLoss"] == ""
    market.price("44000")
    assert market.position()["size"] == "0.1"


def test_a_stop_that_found_too_little_leaves_the_rest_visibly_unprotected():
    market = Market()
    market.order(**PAIR)
    market.price("44900", size="0.04")
    position = market.position()
    assert (position["size"], position["stopLoss"]) == ("0.06", "")
    assert [row["qty"] for row in untriggered(market)] == ["0.06"]  # the target shrank with it


def test_a_stop_already_passed_when_its_entry_fills_fires_at_once():
    market = Market()
    market.order(price="46500", stopLoss="46200", orderLinkId="a")
    assert market.position()["size"] == "0"
    stop = market.find(stopOrderType="StopLoss")
    assert (stop["orderStatus"], stop["parentOrderLinkId"]) == ("Filled", "a")


def test_exits_in_full_mode_grow_and_shrink_with_the_position():
    market = Market()
    market.order(qty="0.1", **PAIR)
    market.order(qty="0.1")
    assert [row["qty"] for row in untriggered(market)] == ["0.2", "0.2"]
    market.order(side="Sell", qty="0.05", reduceOnly=True)
    assert [row["qty"] for row in untriggered(market)] == ["0.15", "0.15"]


def test_the_newest_exits_overwrite_in_full_mode():
    market = Market()
    market.order(qty="0.1", **PAIR)
    market.order(qty="0.1", stopLoss="45500")
    assert len(untriggered(market)) == 2
    position = market.position()
    assert (position["stopLoss"], position["takeProfit"]) == ("45500", "47000")


def test_a_turned_position_loses_the_exits_of_its_old_side():
    market = Market()
    market.order(qty="0.1", **PAIR)
    market.order(side="Sell", qty="0.3")
    assert untriggered(market) == []
    assert market.position()["stopLoss"] == ""


def test_partial_exits_grow_with_the_fills_of_their_entry():
    market = Market()
    market.order(price="45900", tpslMode="Partial", **PAIR)
    for _ in range(4):
        market.price("45900", size="0.025")
    assert [row["qty"] for row in untriggered(market)] == ["0.1", "0.1"]


def test_more_than_twenty_partial_exits_are_refused_before_they_can_come():
    market = Market(balance="1000000")
    for _ in range(10):
        market.order(price="45900", qty="0.01", tpslMode="Partial", **PAIR)
    more = {"price": "45900", "qty": "0.01", "tpslMode": "Partial", "stopLoss": "45000"}
    assert market.refusal(**more) == 110061
    market.order(price="45900", qty="0.01", orderLinkId="plain")
    amended = {"orderLinkId": "plain", "stopLoss": "45000", "slTriggerBy": "LastPrice"}
    amended["tpslMode"] = "Partial"
    assert market.refused("amend_order", **amended) == 110061
    market.price("45900")
    assert len(untriggered(market)) == 20
    added = {"tpslMode": "Partial", "positionIdx": 0, "stopLoss": "45000", "slSize": "0.01"}
    assert market.refused("trading_stop", **added) == 110061


def test_a_partial_exit_may_rest_as_a_limit_and_goes_with_the_position():
    market = Market()
    market.order()
    market.stop(
        tpslMode="Partial",
        takeProfit="47000",
        tpSize="0.05",
        tpOrderType="Limit",
        tpLimitPrice="47500",
    )
    market.price("47000")
    target = market.find(stopOrderType="PartialTakeProfit")
    assert (target["orderStatus"], target["price"], target["qty"]) == ("New", "47500", "0.05")
    market.exchange.user_close("1", "BTCUSDT")
    assert market.find(stopOrderType="PartialTakeProfit")["orderStatus"] == "Cancelled"
    assert market.open_orders() == []


@pytest.mark.parametrize(
    "params",
    [
        {"tpSize": "0.05", "slSize": "0.04", **PAIR},
        {"tpSize": "0.2", "takeProfit": "47000"},
        {"tpSize": "0.0505", "takeProfit": "47000"},
        {"takeProfit": "47000"},
        {"tpSize": "0.05"},
        {"tpSize": "0.05", "takeProfit": "45000"},
        {"tpSize": "0.05", "takeProfit": "47000", "tpOrderType": "Limit"},
    ],
)
def test_bad_partial_exits_are_refused_and_change_nothing(params):
    market = Market()
    market.order()
    assert market.refused("trading_stop", tpslMode="Partial", positionIdx=0, **params) == 10001


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"positionIdx": "0", "stopLoss": "45000"}, 10001),
        ({"positionIdx": 1, "stopLoss": "45000"}, 10001),
        ({"stopLoss": "46000"}, 10001),
        ({"stopLoss": "45000.05"}, 10001),
        ({"takeProfit": "46000"}, 10001),
        ({"tpslMode": "Half", "stopLoss": "45000"}, 10001),
        ({"stopLoss": "45000", "slOrderType": "Limit", "slLimitPrice": "44900"}, 10001),
        ({"trailingStop": "0.05"}, 10001),
        ({"trailingStop": "50000"}, 10001),
        ({"trailingStop": "500", "activePrice": "45000"}, 10001),
        ({"stopLoss": "0"}, 34040),
        ({"trailingStop": "0"}, 34040),
        ({}, 34040),
    ],
)
def test_bad_stops_are_refused_and_change_nothing(params, code):
    market = Market()
    market.order()
    params = {"tpslMode": "Full", "positionIdx": 0, **params}
    assert market.refused("trading_stop", **params) == code


def test_another_trigger_price_is_a_change_though_the_level_is_not():
    market = Market()
    market.order(stopLoss="45000")
    market.stop(stopLoss="45000", slTriggerBy="MarkPrice")
    assert market.find(stopOrderType="StopLoss")["triggerBy"] == "MarkPrice"


def test_a_stop_on_the_mark_is_measured_against_the_mark():
    market = Market()
    market.quote("46000", mark="45500", index="46000")
    assert market.refusal(stopLoss="45600", slTriggerBy="MarkPrice") == 10001
    market.order(stopLoss="45400", slTriggerBy="MarkPrice")
    market.quote("45300", mark="45500", index="46000")
    assert market.position()["size"] == "0.1"


def test_a_trailing_stop_waits_for_its_activation_price():
    market = Market()
    market.order(side="Sell")
    market.stop(trailingStop="500", activePrice="45000")
    market.price("46600")
    market.price("45100")
    assert market.find(stopOrderType="TrailingStop")["triggerPrice"] == ""
    market.price("44800")
    assert market.find(stopOrderType="TrailingStop")["triggerPrice"] == "45300"
    market.price("45300")
    assert market.position()["size"] == "0"
    assert market.position()["trailingStop"] == "0"


def test_reduce_only_orders_end_with_the_position():
    market = Market()
    market.order()
    market.order(side="Sell", price="46400", reduceOnly=True, orderLinkId="t")
    market.order(side="Sell", qty="0.1")
    order = market.find(orderLinkId="t")
    assert (order["orderStatus"], order["cancelType"]) == ("Cancelled", "CancelByReduceOnly")


def test_exits_cannot_ride_on_a_reduce_only_order():
    market = Market()
    market.order()
    assert market.refusal(side="Sell", reduceOnly=True, stopLoss="47000") == 10001


def test_a_gap_past_two_levels_takes_the_nearer_one_first():
    market = Market()
    market.order(**PAIR)
    market.order(side="Sell", qty="0.1", reduceOnly=True, triggerPrice="45500", triggerDirection=2)
    market.price("44000")
    assert market.find(createType="CreateByStopOrder")["orderStatus"] == "Filled"
    assert market.find(stopOrderType="StopLoss")["orderStatus"] == "Deactivated"


def test_each_leg_of_a_hedge_has_its_own_exits():
    market = Market(hedge=True)
    market.order(qty="0.1", positionIdx=1, stopLoss="45000")
    market.order(side="Sell", qty="0.2", positionIdx=2, stopLoss="47000")
    market.price("44900")
    rows = market.exchange.positions("1", BTC)["list"]
    assert [(row["size"], row["stopLoss"]) for row in rows] == [("0", ""), ("0.2", "47000")]
