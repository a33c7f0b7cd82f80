"""What a trader does in the exchange's app, and what the exchange does by force."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal as D

import pytest

from sandbox.bybit.engine import ApiError
from tests.unit.sandbox.market import BTC, Market

PAIR = {"stopLoss": "45000", "takeProfit": "48000"}


@pytest.fixture
def market():
    market = Market()
    market.order(qty="0.1", orderLinkId="ours", **PAIR)
    return market


def gained(account):
    return D(account["balance"]) - D(account["started_with"])


def booked(account):
    """What the closed results and the fees still open explain of the wallet."""
    fees = sum(D(row["execFee"]) for row in account["executions"])
    settled = sum(D(row["openFee"]) + D(row["closeFee"]) for row in account["closed_pnl"])
    return sum(D(row["closedPnl"]) for row in account["closed_pnl"]) - (fees - settled)


# --- by hand ---------------------------------------------------------------------------------


def test_a_part_is_closed_by_hand_and_the_stop_covers_the_rest(market):
    market.exchange.user_close("1", "BTCUSDT", qty=D("0.04"))
    closing = market.find(createType="CreateByClosing")
    assert (closing["orderLinkId"], closing["qty"], closing["orderStatus"]) == (
        "",
        "0.04",
        "Filled",
    )
    assert market.account()["executions"][-1]["createType"] == "CreateByClosing"
    assert {row["qty"] for row in market.open_orders()} == {"0.06"}


def test_a_close_by_hand_may_rest_at_a_limit(market):
    market.exchange.user_close("1", "BTCUSDT", price=D(46500))
    closing = market.find(createType="CreateByClosing")
    assert (closing["orderStatus"], closing["price"], closing["reduceOnly"]) == (
        "New",
        "46500",
        True,
    )
    market.price("46510")
    assert market.position()["size"] == "0"


def test_nothing_is_closed_by_hand_where_nothing_is():
    with pytest.raises(ApiError) as refused:
        Market().exchange.user_close("1", "BTCUSDT")
    assert refused.value.code == 110017


def test_an_own_order_adds_to_the_position_and_its_stop_follows(market):
    market.order(qty="0.05")
    assert market.position()["size"] == "0.15"
    assert {row["qty"] for row in market.open_orders()} == {"0.15"}
    own = market.account()["orders"][-1]
    assert (own["orderLinkId"], own["createType"]) == ("", "CreateByUser")


def test_an_own_opposite_order_reduces_and_may_turn(market):
    market.order(side="Sell", qty="0.04")
    assert market.position()["size"] == "0.06"
    market.order(side="Sell", qty="0.1")
    assert (market.position()["side"], market.position()["stopLoss"]) == ("Sell", "")


# --- deleveraged -----------------------------------------------------------------------------


def test_a_deleveraged_part_is_an_adl_trade_at_the_maker_fee(market):
    market.order(price="45500", qty="0.01", orderLinkId="resting")
    market.price("46800")
    market.exchange.deleverage("1", "BTCUSDT", qty=D("0.03"), price=D(46900))
    order = market.find(createType="CreateByAdl_PassThrough")
    assert (order["orderStatus"], order["orderLinkId"], order["side"]) == ("Filled", "", "Sell")
    fill = market.account()["executions"][-1]
    assert (fill["execType"], fill["execPrice"], fill["closedSize"], fill["feeRate"]) == (
        "AdlTrade",
        "46900",
        "0.03",
        "0.0002",
    )
    resting = market.find(orderLinkId="resting")
    assert (resting["orderStatus"], resting["cancelType"]) == ("Cancelled", "CancelAllBeforeAdl")
    assert {row["qty"] for row in market.open_orders()} == {"0.07"}  # its pair stands
    account = market.account()
    assert account["closed_pnl"][-1]["execType"] == "AdlTrade"
    assert gained(account) == booked(account)


def test_a_deleveraged_whole_takes_its_exits_with_it(market):
    market.exchange.deleverage("1", "BTCUSDT")
    assert market.position()["size"] == "0"
    assert market.open_orders() == []


@pytest.mark.parametrize("qty", ["0", "0.2", "0.0005"])
def test_only_a_part_of_the_position_is_deleveraged(market, qty):
    before = market.account()
    with pytest.raises(ValueError, match="part"):
        market.exchange.deleverage("1", "BTCUSDT", qty=D(qty))
    assert market.account() == before


def test_nothing_is_deleveraged_where_nothing_is():
    with pytest.raises(ValueError, match="no such position"):
        Market().exchange.deleverage("1", "BTCUSDT")


# --- delisted --------------------------------------------------------------------------------


def test_an_announced_delisting_still_trades(market):
    rules = market.exchange.instruments["BTCUSDT"]
    market.exchange.set_instrument(replace(rules, delivery_time=market.now + 1000))
    market.order(qty="0.01")
    assert market.position()["size"] == "0.11"


def test_a_delisted_contract_cancels_orders_and_settles_positions(market):
    market.order(price="45500", qty="0.01", orderLinkId="limit")
    market.order(qty="0.01", triggerPrice="45200", triggerDirection=2, orderLinkId="condition")
    market.quote("46500", mark="46500", index="46400")
    market.exchange.delist("BTCUSDT")
    account = market.account()
    assert market.position()["size"] == "0"
    assert market.open_orders() == []
    ends = {
        row["orderLinkId"] or row["stopOrderType"]: (row["orderStatus"], row["cancelType"])
        for row in account["orders"]
    }
    assert ends.pop("ours")[0] == "Filled"
    assert ends == {
        "limit": ("Cancelled", "CancelBySettle"),
        "condition": ("Deactivated", "CancelBySettle"),
        "StopLoss": ("Deactivated", "CancelBySettle"),
        "TakeProfit": ("Deactivated", "CancelBySettle"),
    }
    fill = account["executions"][-1]
    assert (fill["execType"], fill["createType"], fill["execPrice"], fill["execFee"]) == (
        "Settle",
        "CreateBySettle",
        "46400",
        "0",
    )
    assert account["closed_pnl"][-1]["execType"] == "Settle"
    assert gained(account) == booked(account)
    assert market.exchange.instruments["BTCUSDT"].status == "Closed"


def test_a_settlement_is_a_trade_and_no_order(market):
    told = market.listen()
    market.exchange.delist("BTCUSDT", D(46000))
    fill = market.account()["executions"][-1]
    history = market.call("order_history", orderId=fill["orderId"])
    assert history["list"] == []
    assert all(row["orderStatus"] == "Deactivated" for topic, row in told if topic == "order")
    assert [row["size"] for topic, row in told if topic == "position"][-1] == "0"


def test_nothing_new_comes_on_a_closed_contract(market):
    market.exchange.delist("BTCUSDT")
    assert market.refusal() == 110074
    assert market.refused("trading_stop", tpslMode="Full", positionIdx=0, stopLoss="1") == 10001
    market.price("40000")
    assert market.position()["size"] == "0"


def test_every_holder_is_settled(market):
    market.exchange.create_account("2", balance=D(10000), hedge=True)
    for side, idx in (("Buy", 1), ("Sell", 2)):
        order = {**BTC, "side": side, "orderType": "Market", "qty": "0.1", "positionIdx": idx}
        market.exchange.create_order("2", order)
    market.exchange.delist("BTCUSDT")
    ledger = market.exchange.dump()["accounts"]
    assert [account["positions"] for account in ledger.values()] == [[], []]


# --- liquidated ------------------------------------------------------------------------------


def test_a_liquidation_on_the_way_of_a_price_ends_everything():
    market = Market(balance="500")
    market.call("set_leverage", buyLeverage="50", sellLeverage="50")
    market.order(qty="0.3", takeProfit="50000")
    market.order(qty="0.01", price="43000", orderLinkId="resting")
    market.price("45600")
    market.price("44000")
    fill = market.account()["executions"][-1]
    assert (fill["execType"], fill["createType"], fill["closedSize"]) == (
        "BustTrade",
        "CreateByLiq",
        "0.3",
    )
    assert market.position()["size"] == "0"
    assert market.open_orders() == []
