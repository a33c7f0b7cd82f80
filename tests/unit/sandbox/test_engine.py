"""The matching engine: fills, exits, refusals and conservation."""

from __future__ import annotations

from decimal import Decimal as D

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.bybit.engine import ApiError
from tests.unit.sandbox.market import BTC, Market


def test_a_market_order_takes_the_touch_and_pays_the_taker_fee():
    market = Market()
    market.order()
    (fill,) = market.account()["executions"]
    assert (fill["execPrice"], fill["isMaker"], fill["execFee"]) == ("46000", False, "2.53")


def test_a_limit_fills_at_its_own_price_when_the_market_comes():
    market = Market()
    market.order(price="45900", orderLinkId="a")
    assert market.find(orderLinkId="a")["orderStatus"] == "New"
    market.price("45890")
    (fill,) = market.account()["executions"]
    assert (fill["execPrice"], fill["isMaker"], fill["feeRate"]) == ("45900", True, "0.0002")


def test_a_marketable_limit_takes_at_the_better_touch():
    market = Market()
    market.order(price="46500")
    assert market.account()["executions"][0]["execPrice"] == "46000"


def test_size_runs_out_and_the_rest_of_a_limit_rests():
    market = Market()
    market.price("46000", size="0.04")
    market.order(price="46000", orderLinkId="a")
    assert market.find(orderLinkId="a")["orderStatus"] == "PartiallyFilled"
    market.price("46000", size="1")
    assert market.find(orderLinkId="a")["orderStatus"] == "Filled"


def test_the_rest_of_a_market_order_is_cancelled_and_keeps_its_fill():
    market = Market()
    market.price("46000", size="0.04")
    market.order(orderLinkId="a")
    order = market.find(orderLinkId="a")
    assert (order["orderStatus"], order["cumExecQty"], order["leavesQty"]) == (
        "Cancelled",
        "0.04",
        "0",
    )


def test_attached_exits_appear_with_the_fill_and_end_together():
    market = Market()
    market.order(price="45900", stopLoss="45000", takeProfit="47000", orderLinkId="a")
    assert len(market.account()["orders"]) == 1
    market.price("45900")
    position = market.position()
    assert (position["stopLoss"], position["takeProfit"]) == ("45000", "47000")
    market.price("44900")
    stop = market.find(createType="CreateByStopLoss")
    assert (stop["orderStatus"], stop["parentOrderLinkId"], stop["orderLinkId"]) == (
        "Filled",
        "a",
        "",
    )
    assert stop["avgPrice"] == "44899.9"
    target = market.find(createType="CreateByTakeProfit")
    assert (target["orderStatus"], target["cancelType"]) == ("Deactivated", "CancelByTpSlTsClear")
    assert market.position()["size"] == "0"


def test_a_gap_through_entry_and_stop_does_both():
    market = Market()
    market.order(price="45900", stopLoss="45000")
    market.price("44000")
    assert market.position()["size"] == "0"
    assert len(market.account()["closed_pnl"]) == 1


@pytest.mark.parametrize(
    ("side", "levels"),
    [
        ("Buy", {"stopLoss": "46000"}),
        ("Buy", {"takeProfit": "46000"}),
        ("Sell", {"stopLoss": "45000"}),
        ("Sell", {"takeProfit": "47000"}),
    ],
)
def test_exits_on_the_wrong_side_are_10001(side, levels):
    assert Market().refusal(side=side, **levels) == 10001


def test_a_link_id_is_never_used_twice_even_after_a_cancel():
    market = Market()
    market.order(price="45000", orderLinkId="a")
    market.exchange.cancel_order("1", {**BTC, "orderLinkId": "a"})
    assert market.refusal(orderLinkId="a") == 110072


@pytest.mark.parametrize(
    ("order", "code"),
    [
        ({"qty": "0.0005"}, 110017),
        ({"qty": "0.0015"}, 10001),
        ({"qty": "501"}, 10001),
        ({"qty": "0.1", "price": "46000.05"}, 10001),
        ({"qty": 0.1}, 10001),
        ({"positionIdx": 1}, 10001),
        ({"positionIdx": "0"}, 10001),
        ({"orderLinkId": "x" * 37}, 10001),
        ({"orderLinkId": "a b"}, 10001),
        ({"qty": "10"}, 110007),
        ({"reduceOnly": True}, 110017),
        ({"triggerPrice": "45000", "triggerDirection": 1}, 110092),
        ({"triggerPrice": "47000", "triggerDirection": 2}, 110093),
    ],
)
def test_bad_orders_are_refused_and_change_nothing(order, code):
    assert Market().refusal(**order) == code


def test_an_order_under_the_least_value_is_110094():
    market = Market()
    market.price("4000")
    assert market.refusal(qty="0.001") == 110094


def test_reduce_only_never_turns_a_position_around():
    market = Market()
    market.order(qty="0.1")
    market.order(side="Sell", qty="0.5", reduceOnly=True)
    assert market.position()["size"] == "0"


def test_one_way_turns_around_and_hedge_keeps_two_rows():
    one_way = Market()
    one_way.order(qty="0.1")
    one_way.order(side="Sell", qty="0.3")
    assert (one_way.position()["side"], one_way.position()["size"]) == ("Sell", "0.2")
    hedge = Market(hedge=True)
    hedge.order(qty="0.1", positionIdx=1)
    hedge.order(side="Sell", qty="0.3", positionIdx=2)
    rows = hedge.exchange.positions("1", BTC)["list"]
    assert [(row["side"], row["size"]) for row in rows] == [("Buy", "0.1"), ("Sell", "0.3")]


def test_trading_stop_sets_changes_and_refuses():
    market = Market()

    def call(**more):
        return market.exchange.trading_stop(
            "1", {**BTC, "tpslMode": "Full", "positionIdx": 0, **more}
        )

    with pytest.raises(ApiError) as flat:
        call(stopLoss="45000")
    assert flat.value.code == 10001
    market.order()
    call(stopLoss="45000")
    with pytest.raises(ApiError) as same:
        call(stopLoss="45000")
    assert same.value.code == 34040
    call(stopLoss="45500")
    assert market.position()["stopLoss"] == "45500"
    call(stopLoss="0")
    assert market.position()["stopLoss"] == ""


def test_a_trailing_stop_follows_and_fires():
    market = Market()
    market.order()
    market.exchange.trading_stop(
        "1", {**BTC, "tpslMode": "Full", "positionIdx": 0, "trailingStop": "500"}
    )
    market.price("47000")
    market.price("46600")
    assert market.position()["size"] == "0.1"
    market.price("46500")
    assert market.position()["size"] == "0"


def test_partial_exits_come_in_pairs_and_one_cancels_the_other():
    market = Market()
    market.order(qty="0.1")
    for level in ("47000", "48000"):
        market.exchange.trading_stop(
            "1",
            {
                **BTC,
                "tpslMode": "Partial",
                "positionIdx": 0,
                "takeProfit": level,
                "stopLoss": "45000",
                "tpSize": "0.05",
                "slSize": "0.05",
            },
        )
    market.price("47100")
    assert market.position()["size"] == "0.05"
    left = [row for row in market.account()["orders"] if row["orderStatus"] == "Untriggered"]
    assert len(left) == 2
    market.price("44900")
    assert market.position()["size"] == "0"


def test_leverage_is_checked_and_same_is_110043():
    market = Market()
    call = market.exchange.set_leverage
    call("1", {**BTC, "buyLeverage": "20", "sellLeverage": "20"})
    for leverage, code in (("20", 110043), ("101", 110013)):
        with pytest.raises(ApiError) as refused:
            call("1", {**BTC, "buyLeverage": leverage, "sellLeverage": leverage})
        assert refused.value.code == code


def test_a_mode_is_not_switched_over_positions_or_orders():
    market = Market()
    with pytest.raises(ApiError) as same:
        market.exchange.switch_mode("1", {**BTC, "mode": 0})
    assert same.value.code == 110025
    market.order(price="45000", orderLinkId="a")
    with pytest.raises(ApiError) as ordered:
        market.exchange.switch_mode("1", {**BTC, "mode": 3})
    assert ordered.value.code == 110028
    market.order()
    with pytest.raises(ApiError) as held:
        market.exchange.switch_mode("1", {**BTC, "mode": 3})
    assert held.value.code == 110024


def test_a_batch_answers_item_by_item():
    market = Market()
    items = [
        {"symbol": "BTCUSDT", "side": "Buy", "orderType": "Market", "qty": qty}
        for qty in ("0.01", "0.0005")
    ]
    result, ext = market.exchange.create_batch("1", {"category": "linear", "request": items})
    assert [row["code"] for row in ext["list"]] == [0, 110017]
    assert result["list"][1]["orderId"] == ""


def test_an_account_without_equity_is_liquidated():
    market = Market(balance="500")
    market.exchange.set_leverage("1", {**BTC, "buyLeverage": "50", "sellLeverage": "50"})
    market.order(qty="0.3")
    market.price("44000")
    fills = market.account()["executions"]
    assert fills[-1]["execType"] == "BustTrade"
    assert market.find(createType="CreateByLiq")["orderStatus"] == "Filled"


def test_funding_shows_as_an_execution_and_moves_the_wallet():
    market = Market()
    market.order(qty="0.1")
    before = D(market.account()["balance"])
    market.exchange.charge_funding("BTCUSDT", D("0.0001"))
    row = market.account()["executions"][-1]
    assert (row["execType"], row["execFee"]) == ("Funding", "0.46")
    assert D(market.account()["balance"]) == before - D("0.46")


def test_zero_fill_ends_are_forgotten_after_a_day():
    market = Market()
    market.order(price="45000", orderLinkId="a")
    market.exchange.cancel_order("1", {**BTC, "orderLinkId": "a"})
    query = {**BTC, "orderLinkId": "a"}
    assert market.exchange.order_history("1", query)["list"]
    market.exchange.wipe_closed_cache()
    assert not market.exchange.open_orders("1", query)["list"]
    market.now += 86_400_001
    assert not market.exchange.order_history("1", query)["list"]


def test_queries_span_at_most_a_week():
    market = Market()
    query = {**BTC, "startTime": "1", "endTime": str(7 * 86_400_000 + 2)}
    with pytest.raises(ApiError) as refused:
        market.exchange.executions("1", query)
    assert refused.value.code == 10001


MOVES = st.lists(
    st.tuples(
        st.sampled_from(["price", "Buy", "Sell", "reduce"]),
        st.integers(440_000, 480_000),
        st.integers(1, 80),
    ),
    min_size=1,
    max_size=40,
)


@settings(max_examples=60, deadline=None)
@given(MOVES)
def test_the_ledger_conserves_money_and_size(moves):
    market = Market(balance="100000")
    for what, level, thousandths in moves:
        qty, price = str(D(thousandths) / 1000), str(D(level) / 10)
        try:
            if what == "price":
                market.price(price, size=qty)
            elif what == "reduce":
                side = "Sell" if market.position()["side"] == "Buy" else "Buy"
                market.order(side=side, qty=qty, reduceOnly=True)
            else:
                market.order(side=what, qty=qty, price=price)
        except ApiError:
            continue
    account = market.account()
    fills = account["executions"]
    signed = sum(D(f["execQty"]) * (1 if f["side"] == "Buy" else -1) for f in fills)
    position = market.position()
    sign = {"Buy": 1, "Sell": -1, "": 0}[position["side"]]
    assert signed == D(position["size"]) * sign
    fees = sum(D(f["execFee"]) for f in fills)
    closed = sum(D(row["closedPnl"]) for row in account["closed_pnl"])
    spent = sum(D(row["openFee"]) + D(row["closeFee"]) for row in account["closed_pnl"])
    assert D(account["balance"]) == D(account["started_with"]) + closed - (fees - spent)
    for fill in fills:
        order = market.find(orderId=fill["orderId"])
        if order["orderType"] == "Limit":
            better = D(fill["execPrice"]) - D(order["price"])
            assert better <= 0 if fill["side"] == "Buy" else better >= 0
