"""A ladder: several limit entries on one symbol, each with the same stop for the whole position."""

from __future__ import annotations

import pytest

from tests.unit.sandbox.market import Market

PAIR = {"stopLoss": "44000", "takeProfit": "48000", "tpslMode": "Full"}
STEPS = (("l1", "45800", "0.02"), ("l2", "45600", "0.03"), ("l3", "45400", "0.05"))


@pytest.fixture
def market():
    market = Market()
    for link, price, qty in STEPS:
        market.order(price=price, qty=qty, orderLinkId=link, **PAIR)
    return market


def exits(market):
    return {
        row["stopOrderType"]: (row["qty"], row["triggerPrice"])
        for row in market.open_orders()
        if row["orderStatus"] == "Untriggered"
    }


def pair(qty):
    return {"StopLoss": (qty, "44000"), "TakeProfit": (qty, "48000")}


def test_entries_that_wait_bring_no_stop_of_their_own(market):
    assert exits(market) == {}
    assert len(market.open_orders()) == 3


def test_one_pair_covers_what_each_step_adds(market):
    market.price("45800")
    assert exits(market) == pair("0.02")
    market.price("45600")
    assert exits(market) == pair("0.05")
    market.price("45400")
    assert exits(market) == pair("0.1")
    stops = [row for row in market.account()["orders"] if row["stopOrderType"] == "StopLoss"]
    assert [row["parentOrderLinkId"] for row in stops] == ["l1"]


def test_partial_fills_are_covered_at_once(market):
    market.price("45800", size="0.005")
    assert exits(market) == pair("0.005")
    market.price("45800", size="0.004")
    assert exits(market) == pair("0.009")
    assert market.find(orderLinkId="l1")["orderStatus"] == "PartiallyFilled"
    market.call("cancel_order", orderLinkId="l1")
    ended = market.find(orderLinkId="l1")
    assert (ended["orderStatus"], ended["cumExecQty"], ended["leavesQty"]) == (
        "Cancelled",
        "0.009",
        "0",
    )
    assert exits(market) == pair("0.009")


def test_a_gap_fills_all_steps_and_stops_them_together(market):
    market.price("43900")
    assert market.position()["size"] == "0"
    (closed,) = market.account()["closed_pnl"]
    assert closed["closedSize"] == "0.1"
    assert market.open_orders() == []


def test_steps_below_a_stop_that_fired_stay_open(market):
    market.price("45800")
    market.stop(stopLoss="45700")
    market.price("45690")
    assert market.position()["size"] == "0"
    links = {row["orderLinkId"] for row in market.open_orders()}
    assert links == {"l2", "l3"}
    market.price("45600")
    assert exits(market) == pair("0.03")


def test_a_step_amended_to_another_stop_moves_the_pair_when_it_fills(market):
    market.price("45800")
    market.call("amend_order", orderLinkId="l2", stopLoss="44500")
    assert exits(market) == pair("0.02")
    market.price("45600")
    assert exits(market)["StopLoss"] == ("0.05", "44500")


def test_the_stop_moved_on_the_position_is_moved_back_by_the_next_step(market):
    market.price("45800")
    market.stop(stopLoss="44800")
    market.price("45600")
    assert market.position()["stopLoss"] == "44000"
