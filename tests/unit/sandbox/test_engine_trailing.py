"""The trailing stop: beside a stop and a target, activated, followed, amended and removed."""

from __future__ import annotations

import pytest

from tests.unit.sandbox.market import Market

TRAILING = {"trailingStop": "500", "activePrice": "47000"}
PAIR = {"stopLoss": "45000", "takeProfit": "50000"}


def trailing(market):
    return market.find(stopOrderType="TrailingStop", orderStatus="Untriggered")


@pytest.fixture
def market():
    market = Market()
    market.order()
    return market


def test_stop_target_and_trailing_stop_are_set_in_one_request(market):
    market.stop(**PAIR, **TRAILING)
    position = market.position()
    assert (position["stopLoss"], position["takeProfit"], position["trailingStop"]) == (
        "45000",
        "50000",
        "500",
    )
    assert len(market.open_orders()) == 3
    order = trailing(market)
    assert (order["side"], order["qty"], order["reduceOnly"]) == ("Sell", "0.1", True)


def test_it_follows_the_best_price_after_its_activation_and_exits_at_the_market(market):
    market.stop(**PAIR, **TRAILING)
    market.price("46900")
    market.price("46300")  # more than the distance, but not active yet
    assert market.position()["size"] == "0.1"
    for last, level in (("47000", "46500"), ("47800", "47300"), ("47400", "47300")):
        market.price(last)
        assert trailing(market)["triggerPrice"] == level
    market.price("47300")
    exit_ = market.find(createType="CreateByTrailingStop")
    assert (exit_["orderStatus"], exit_["orderType"], exit_["stopOrderType"]) == (
        "Filled",
        "Market",
        "TrailingStop",
    )
    fill = market.account()["executions"][-1]
    assert (fill["stopOrderType"], fill["createType"], fill["closedSize"]) == (
        "TrailingStop",
        "CreateByTrailingStop",
        "0.1",
    )
    assert market.open_orders() == []  # the pair went with the position
    assert market.find(stopOrderType="StopLoss")["cancelType"] == "CancelByTpSlTsClear"
    assert market.position()["trailingStop"] == "0"


def test_the_stop_still_protects_before_the_activation(market):
    market.stop(**PAIR, **TRAILING)
    market.price("45000")
    assert market.find(createType="CreateByStopLoss")["orderStatus"] == "Filled"
    assert market.find(stopOrderType="TrailingStop")["orderStatus"] == "Deactivated"


def test_a_jump_past_the_activation_price_counts_from_where_it_lands(market):
    market.stop(**TRAILING)
    market.price("48000")
    assert trailing(market)["triggerPrice"] == "47500"


def test_a_new_distance_keeps_the_order_and_the_activation_price(market):
    market.stop(**TRAILING)
    before = trailing(market)["orderId"]
    market.stop(trailingStop="800")
    order = trailing(market)
    assert (order["orderId"], order["triggerPrice"]) == (before, "")
    assert market.position()["trailingStop"] == "800"
    market.price("47000")
    assert trailing(market)["triggerPrice"] == "46200"


def test_a_new_distance_of_a_working_one_counts_from_the_last_price(market):
    market.stop(**TRAILING)
    market.price("48000")
    market.price("47700")
    market.stop(trailingStop="200")
    assert trailing(market)["triggerPrice"] == "47500"
    assert market.position()["size"] == "0.1"


def test_a_new_activation_price_waits_again(market):
    market.stop(**TRAILING)
    market.price("47000")
    market.stop(activePrice="49000")
    assert trailing(market)["triggerPrice"] == ""
    market.stop(activePrice="0")
    assert trailing(market)["triggerPrice"] == "46500"


def test_the_same_again_is_34040_also_once_it_works(market):
    market.stop(**PAIR, **TRAILING)
    same = {"tpslMode": "Full", "positionIdx": 0, **PAIR, **TRAILING}
    assert market.refused("trading_stop", **same) == 34040
    market.price("47500")
    assert market.refused("trading_stop", **same) == 34040


def test_zero_removes_it_and_leaves_the_pair(market):
    market.stop(**PAIR, **TRAILING)
    market.stop(trailingStop="0")
    assert market.position()["trailingStop"] == "0"
    assert market.find(stopOrderType="TrailingStop")["orderStatus"] == "Deactivated"
    assert market.position()["stopLoss"] == "45000"
    market.price("48000")
    market.price("46500")
    assert market.position()["size"] == "0.1"


def test_cancelled_as_an_order_it_is_shown_no_longer(market):
    market.stop(**TRAILING)
    market.call("cancel_order", orderId=trailing(market)["orderId"])
    assert market.position()["trailingStop"] == "0"


def test_it_covers_what_is_added_and_what_is_left(market):
    market.stop(**TRAILING)
    market.order(qty="0.05")
    assert trailing(market)["qty"] == "0.15"
    market.order(side="Sell", qty="0.1", reduceOnly=True)
    assert trailing(market)["qty"] == "0.05"


def test_a_short_is_followed_downwards():
    market = Market()
    market.order(side="Sell")
    market.stop(trailingStop="300", activePrice="45500", stopLoss="46800")
    market.price("45500")
    market.price("45000")
    assert trailing(market)["triggerPrice"] == "45300"
    market.price("45300")
    assert market.position()["size"] == "0"


@pytest.mark.parametrize(
    "params",
    [
        {"activePrice": "47000"},
        {"activePrice": "47000", "stopLoss": "45000"},
        {"trailingStop": "500", "activePrice": "46000"},
        {"trailingStop": "500", "activePrice": "47000.05"},
        {"trailingStop": "-500"},
        {"trailingStop": 500},
        {"trailingStop": "500", "stopLoss": "46500"},
        {"trailingStop": "500", "tpslMode": "Partial", "stopLoss": "45000", "slSize": "0.1"},
    ],
)
def test_a_bad_trailing_stop_is_refused_and_changes_nothing(market, params):
    params = {"tpslMode": "Full", "positionIdx": 0, **params}
    assert market.refused("trading_stop", **params) == 10001


def test_a_flat_position_takes_none():
    params = {"tpslMode": "Full", "positionIdx": 0, **TRAILING}
    assert Market().refused("trading_stop", **params) == 10001
