"""Margin, leverage, liquidation and funding, by the formulas that the exchange publishes."""

from __future__ import annotations

from decimal import Decimal as D

import pytest

from tests.unit.sandbox.market import Market


def leverage(market, buy, sell=None):
    market.call("set_leverage", buyLeverage=buy, sellLeverage=sell or buy)


def wallet(market):
    return market.exchange.wallet_balance("1", {"accountType": "UNIFIED"})["list"][0]


def test_what_is_available_is_equity_less_position_and_order_margin():
    market = Market()
    market.order(qty="0.1")
    market.order(qty="0.1", price="45000")
    market.price("46100")
    sums = wallet(market)
    position, order = D(461) + D("2.5355"), D(450) + D("4.95")
    assert D(sums["totalInitialMargin"]) == position + order
    equity = D(10000) - D("2.53") + D(10)
    assert D(sums["totalEquity"]) == equity
    assert D(sums["totalAvailableBalance"]) == equity - position - order


def test_closing_needs_no_margin_even_when_all_is_bound():
    market = Market(balance="474")
    market.order(qty="0.1")
    assert market.refusal(qty="0.01") == 110007
    market.order(side="Sell", qty="0.1")
    assert market.position()["size"] == "0"


@pytest.mark.parametrize(("side", "step"), [("Buy", "-0.1"), ("Sell", "0.1")])
@pytest.mark.parametrize("mode", ["REGULAR_MARGIN", "ISOLATED_MARGIN"])
def test_a_position_lives_up_to_its_liquidation_price_and_not_a_tick_beyond(side, step, mode):
    market = Market(balance="500", margin_mode=mode)
    leverage(market, "50")
    market.order(side=side, qty="0.3")
    edge = market.position()["liqPrice"]
    market.quote(edge)
    assert market.position()["size"] == "0.3"
    market.quote(D(edge) + D(step))
    assert market.position()["size"] == "0"
    assert market.account()["executions"][-1]["execType"] == "BustTrade"


@pytest.mark.parametrize("side", ["Buy", "Sell"])
def test_a_gap_takes_no_more_than_there_is(side):
    market = Market(balance="500")
    leverage(market, "50")
    market.order(side=side, qty="0.3")
    market.price("40000" if side == "Buy" else "52000")
    assert 0 <= D(market.account()["balance"]) < D("0.05")


def test_isolated_margin_loses_the_positions_margin_alone():
    market = Market(margin_mode="ISOLATED_MARGIN")
    leverage(market, "50")
    market.order(qty="0.3", orderLinkId="a")
    market.order(qty="0.1", price="45500", orderLinkId="b")
    market.price("40000")
    assert market.position()["size"] == "0"
    lost = D(10000) - D(market.account()["balance"])
    first = market.account()["executions"][0]
    assert lost - D(first["execFee"]) <= D("0.4") * 46000 / 50


def test_isolated_sums_that_mean_nothing_are_empty():
    market = Market(margin_mode="ISOLATED_MARGIN")
    market.order()
    sums = wallet(market)
    names = ["totalAvailableBalance", "totalInitialMargin", "accountIMRate", "totalMarginBalance"]
    assert [sums[name] for name in names] == [""] * 4
    assert sums["coin"][0]["totalPositionIM"] == "460"


def test_a_position_that_its_balance_covers_has_no_liquidation_price():
    market = Market(balance="100000")
    market.order(qty="0.1")
    assert market.position()["liqPrice"] == ""


def test_legs_may_differ_in_leverage_only_when_isolated_and_hedged():
    market = Market(hedge=True, margin_mode="ISOLATED_MARGIN")
    leverage(market, "20", "5")
    rows = market.call("symbol_info")["list"]
    assert [(row["positionIdx"], row["leverage"]) for row in rows] == [(1, "20"), (2, "5")]
    differing = {"buyLeverage": "20", "sellLeverage": "5"}
    assert market.refused("set_leverage", **differing) == 110043
    assert Market(hedge=True).refused("set_leverage", **differing) == 10001
    assert Market(margin_mode="ISOLATED_MARGIN").refused("set_leverage", **differing) == 10001


@pytest.mark.parametrize("wrong", ["0", "0.5", "10.005", "1e1", 10, None])
def test_leverage_is_a_string_within_its_steps(wrong):
    assert Market().refused("set_leverage", buyLeverage=wrong, sellLeverage=wrong) == 10001


def test_leverage_is_not_lowered_beyond_what_the_account_can_carry():
    market = Market(balance="500")
    market.order(qty="0.1")
    assert market.refused("set_leverage", buyLeverage="5", sellLeverage="5") == 110044
    assert market.position()["leverage"] == "10"


def test_modes_are_switched_by_coin_where_nothing_stands():
    market = Market()
    market.exchange.switch_mode("1", {"category": "linear", "coin": "USDT", "mode": 3})
    assert [row["positionIdx"] for row in market.call("positions")["list"]] == [1, 2]
    for mode in ("3", 1, None, True):
        assert market.refused("switch_mode", mode=mode) == 10001


def test_a_plain_leverage_is_written_without_an_exponent():
    market = Market(default_leverage=D("1E+1"))
    assert market.call("symbol_info")["list"][0]["leverage"] == "10"


def test_funding_belongs_to_the_realised_result():
    market = Market()
    market.order(side="Sell", qty="0.1")
    market.exchange.charge_funding("BTCUSDT", D("0.0001"))
    row = market.account()["executions"][-1]
    assert (row["execFee"], row["orderType"], row["side"]) == ("-0.46", "UNKNOWN", "Sell")
    gained = D(market.account()["balance"]) - 10000
    assert D(market.position()["cumRealisedPnl"]) == gained
    assert D(wallet(market)["coin"][0]["cumRealisedPnl"]) == gained
    market.price("45000")
    market.exchange.user_close("1", "BTCUSDT")
    assert D(market.position()["cumRealisedPnl"]) == D(market.account()["balance"]) - 10000
