"""Reduce-only limits of which the sum would exceed the position."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal as D

import pytest

from tests.unit.sandbox.market import BTC, Market

CLOSE = {"side": "Sell", "reduceOnly": True}


@pytest.fixture
def market():
    market = Market(balance="100000")
    market.order(qty="0.1")
    return market


def targets(market):
    rows = [row for row in market.account()["orders"] if row["orderLinkId"].startswith("t")]
    return {row["orderLinkId"]: (row["orderStatus"], row["qty"]) for row in rows}


def test_one_more_is_cut_to_what_the_others_leave(market):
    market.order(qty="0.06", price="46300", orderLinkId="t1", **CLOSE)
    market.order(qty="0.06", price="46400", orderLinkId="t2", **CLOSE)
    assert targets(market) == {"t1": ("New", "0.06"), "t2": ("New", "0.04")}


def test_one_more_is_refused_when_they_leave_nothing(market):
    market.order(qty="0.1", price="46300", orderLinkId="t1", **CLOSE)
    assert market.refusal(qty="0.01", price="46400", **CLOSE) == 110017
    amended = {"orderLinkId": "t1", "qty": "0.3"}
    market.call("amend_order", **amended)
    assert targets(market) == {"t1": ("New", "0.1")}


def test_a_filled_target_gives_no_room_and_a_cancelled_one_does(market):
    market.order(qty="0.05", price="46300", orderLinkId="t1", **CLOSE)
    market.order(qty="0.05", price="46400", orderLinkId="t2", **CLOSE)
    market.price("46310")
    market.price("46200")
    assert market.refusal(qty="0.01", price="46500", **CLOSE) == 110017
    market.call("cancel_order", orderLinkId="t2")
    market.order(qty="0.05", price="46500", orderLinkId="t3", **CLOSE)
    assert targets(market)["t3"] == ("New", "0.05")


def test_what_lies_below_a_coarser_step_goes_with_an_order_for_a_whole_one(market):
    rules = market.exchange.instruments["BTCUSDT"]
    market.exchange.set_instrument(replace(rules, step=D("0.3")))
    assert market.refusal(qty="0.1", **CLOSE) == 110017
    market.order(qty="0.3", **CLOSE)
    assert market.account()["positions"] == []


def test_a_smaller_position_cuts_the_farthest_first(market):
    market.order(qty="0.05", price="46300", orderLinkId="t1", **CLOSE)
    market.order(qty="0.03", price="46400", orderLinkId="t2", **CLOSE)
    market.order(qty="0.02", price="46500", orderLinkId="t3", **CLOSE)
    market.order(qty="0.04", **CLOSE)  # at the market: it goes before what rests
    assert market.position()["size"] == "0.06"
    assert targets(market) == {
        "t1": ("New", "0.05"),
        "t2": ("New", "0.01"),
        "t3": ("Cancelled", "0.02"),
    }
    assert market.find(orderLinkId="t3")["cancelType"] == "CancelByReduceOnly"


def test_a_short_is_cut_from_below():
    market = Market()
    market.order(side="Sell", qty="0.1")
    for number, price in enumerate(("45700", "45600"), start=1):
        market.order(qty="0.05", price=price, reduceOnly=True, orderLinkId=f"t{number}")
    market.order(qty="0.08", reduceOnly=True)
    assert targets(market) == {"t1": ("New", "0.02"), "t2": ("Cancelled", "0.05")}


def test_a_partly_filled_target_is_cut_to_its_fills_and_what_is_left(market):
    market.order(qty="0.1", price="46300", orderLinkId="t1", **CLOSE)
    market.price("46310", size="0.04")
    market.price("46200")
    market.order(side="Sell", qty="0.05")
    assert targets(market) == {"t1": ("PartiallyFilled", "0.05")}
    assert market.position()["size"] == "0.01"


def test_conditions_and_market_orders_claim_nothing(market):
    market.order(qty="0.1", triggerPrice="45500", triggerDirection=2, **CLOSE)
    market.order(qty="0.1", price="46300", orderLinkId="t1", **CLOSE)
    market.order(qty="0.1", **CLOSE)
    assert market.position()["size"] == "0"
    assert market.open_orders() == []


def test_a_triggered_limit_is_cut_to_what_the_resting_ones_leave(market):
    late = {"triggerPrice": "45500", "triggerDirection": 2, "price": "47000", **CLOSE}
    market.order(qty="0.1", orderLinkId="t1", **late)
    market.order(qty="0.06", price="46300", orderLinkId="t2", **CLOSE)
    market.order(qty="0.1", orderLinkId="t3", **late)
    market.price("45500")
    assert targets(market) == {
        "t1": ("New", "0.04"),
        "t2": ("New", "0.06"),
        "t3": ("Cancelled", "0.1"),
    }


def test_a_turned_position_cancels_what_was_to_reduce_the_old_side(market):
    market.order(qty="0.05", price="46300", orderLinkId="t1", **CLOSE)
    market.order(side="Sell", qty="0.2")
    assert (market.position()["side"], targets(market)["t1"][0]) == ("Sell", "Cancelled")


def test_an_added_position_makes_room_and_enlarges_nothing(market):
    market.order(qty="0.1", price="46300", orderLinkId="t1", **CLOSE)
    market.order(qty="0.1")
    market.order(qty="0.3", price="46400", orderLinkId="t2", **CLOSE)
    assert targets(market) == {"t1": ("New", "0.1"), "t2": ("New", "0.1")}


def test_the_legs_of_a_hedge_are_counted_apart():
    market = Market(hedge=True)
    market.order(qty="0.1", positionIdx=1)
    market.order(side="Sell", qty="0.2", positionIdx=2)
    market.order(side="Sell", qty="0.1", price="46300", positionIdx=1, orderLinkId="t1")
    market.order(side="Buy", qty="0.2", price="45700", positionIdx=2, orderLinkId="t2")
    assert targets(market) == {"t1": ("New", "0.1"), "t2": ("New", "0.2")}
    assert market.refusal(side="Sell", qty="0.1", price="46400", positionIdx=1) == 110017
    market.price("46310")
    rows = market.exchange.positions("1", BTC)["list"]
    assert [row["size"] for row in rows] == ["0", "0.2"]
