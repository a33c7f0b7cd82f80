"""What a warrant covers: the entry that the signal's log names, on its side, in its range."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from exchanges.domain.trading import NewOrder, OrderChange, OrderType, Side, Ticker
from exchanges.domain.warrants import Warrant

D = Decimal
LONG = Warrant(
    orders=frozenset({"hx1", "hx2"}),
    symbol="BTCUSDT",
    side=Side.BUY,
    lowest=D(45900),
    highest=D(46000),
    leverage=D(10),
)
SHORT = replace(LONG, side=Side.SELL)
ENTRY = NewOrder(
    link_id="hx1",
    symbol="BTCUSDT",
    side=Side.BUY,
    type=OrderType.LIMIT,
    quantity=D("0.01"),
    position_index=0,
    price=D(46000),
    stop=D(45500),
)


def ticker(price):
    return Ticker("BTCUSDT", bid=D(price), ask=D(price), last=D(price), mark=D(price))


@pytest.mark.parametrize("price", ["45900", "45950", "46000", "46010"])
def test_an_entry_in_its_range_is_covered(price):
    assert LONG.fault_of(replace(ENTRY, price=D(price)), ticker(48000)) == ""


@pytest.mark.parametrize(
    "change",
    [
        {"link_id": "hx3"},
        {"link_id": ""},
        {"symbol": "BAKEUSDT"},
        {"side": Side.SELL},
        {"stop": None},
        {"price": D(46100)},
        {"price": D(45800)},
    ],
)
def test_anything_else_is_not(change):
    assert LONG.fault_of(replace(ENTRY, **change), ticker(45950))


@pytest.mark.parametrize(
    ("warrant", "price", "is_covered"),
    [
        (LONG, 45950, True),
        (LONG, 40000, True),  # cheaper than asked for
        (LONG, 46900, True),  # both prices are some seconds old
        (LONG, 47000, False),
        (SHORT, 45950, True),
        (SHORT, 50000, True),
        (SHORT, 45000, True),
        (SHORT, 44900, False),
    ],
)
def test_at_the_market_nobody_pays_much_more_than_the_near_edge(warrant, price, is_covered):
    order = replace(ENTRY, type=OrderType.MARKET, price=None, side=warrant.side)
    assert (warrant.fault_of(order, ticker(price)) == "") is is_covered


@pytest.mark.parametrize(
    ("change", "is_covered"),
    [
        (OrderChange("hx1", "BTCUSDT", quantity=D(1)), True),
        (OrderChange("hx2", "BTCUSDT", price=D(45900)), True),
        (OrderChange("hx1", "BTCUSDT", price=D(47000)), False),
        (OrderChange("hx9", "BTCUSDT", quantity=D(1)), False),
        (OrderChange("hx1", "BAKEUSDT", quantity=D(1)), False),
    ],
)
def test_a_change_of_an_entry_is_held_to_the_same(change, is_covered):
    assert (LONG.fault_of_change(change) == "") is is_covered


@pytest.mark.parametrize(
    ("fields", "may_open"),
    [
        ({"quantity": D(1)}, True),
        ({"price": D(1)}, True),
        ({"stop": D(1), "target": D(2)}, False),
        ({"quantity": D(1), "price": D(1), "reduce_only": True}, False),
    ],
)
def test_a_change_of_levels_or_of_an_exit_opens_nothing(fields, may_open):
    assert OrderChange("hx1", "BTCUSDT", **fields).may_open is may_open
