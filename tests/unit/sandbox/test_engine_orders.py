"""Orders on their way in and out: types, modes, amendments, batches and delayed fills."""

from __future__ import annotations

from decimal import Decimal as D

import pytest

from tests.unit.sandbox.market import BTC, Market


@pytest.mark.parametrize("qty", ["1E-2", " 0.1", "0.1_0", "+0.1", "-0.1", "NaN", "０.1", ".1", ""])
def test_a_figure_is_plain_digits(qty):
    assert Market().refusal(qty=qty) == 10001


@pytest.mark.parametrize("name", ["price", "takeProfit", "stopLoss", "triggerPrice"])
def test_a_figure_that_is_a_json_number_is_refused(name):
    order = {"price": "45000", "triggerDirection": 2, name: 45000}
    assert Market().refusal(**order) == 10001


@pytest.mark.parametrize("name", ["reduceOnly", "closeOnTrigger"])
def test_a_flag_is_a_json_boolean(name):
    assert Market().refusal(**{name: "true"}) == 10001


@pytest.mark.parametrize(("idx", "close"), [(1, "Sell"), (2, "Buy")])
def test_a_leg_in_hedge_mode_is_never_turned_around(idx, close):
    market = Market(hedge=True)
    market.order(side="Buy" if idx == 1 else "Sell", qty="0.1", positionIdx=idx)
    market.order(side=close, qty="0.3", positionIdx=idx, orderLinkId="c")
    assert {row["size"] for row in market.exchange.positions("1", BTC)["list"]} == {"0"}
    order = market.find(orderLinkId="c")
    assert (order["cumExecQty"], order["reduceOnly"]) == ("0.1", True)


def test_closing_a_leg_that_is_flat_is_110017():
    assert Market(hedge=True).refusal(side="Sell", positionIdx=1) == 110017


def test_a_hedge_account_needs_an_index_and_a_one_way_account_has_none():
    assert Market(hedge=True).refusal() == 10001
    assert Market().refusal(positionIdx=2) == 10001


def test_post_only_that_would_take_is_cancelled():
    market = Market()
    market.order(price="46500", timeInForce="PostOnly", orderLinkId="a")
    order = market.find(orderLinkId="a")
    assert (order["orderStatus"], order["rejectReason"]) == (
        "Cancelled",
        "EC_PostOnlyWillTakeLiquidity",
    )


def test_post_only_amended_through_the_market_is_cancelled_without_a_fill():
    market = Market()
    market.order(price="45000", timeInForce="PostOnly", orderLinkId="a")
    market.call("amend_order", orderLinkId="a", price="46500")
    assert market.find(orderLinkId="a")["rejectReason"] == "EC_PostOnlyWillTakeLiquidity"
    assert market.account()["executions"] == []


@pytest.mark.parametrize(
    ("force", "size", "status", "filled"),
    [
        ("FOK", "0.04", "Cancelled", "0"),
        ("FOK", "0.1", "Filled", "0.1"),
        ("IOC", "0.04", "Cancelled", "0.04"),
        ("GTC", "0.04", "PartiallyFilled", "0.04"),
    ],
)
def test_the_time_in_force_decides_about_the_rest(force, size, status, filled):
    market = Market()
    market.price("46000", size=size)
    market.order(price="46000", timeInForce=force, orderLinkId="a")
    order = market.find(orderLinkId="a")
    assert (order["orderStatus"], order["cumExecQty"]) == (status, filled)


def test_a_market_order_finds_nothing_outside_the_band_around_the_mark():
    market = Market()
    market.quote("46000", ask="47000", mark="46000")
    market.order(orderLinkId="a")
    order = market.find(orderLinkId="a")
    assert (order["orderStatus"], order["cumExecQty"]) == ("Cancelled", "0")


def test_a_limit_beyond_the_band_is_moved_to_its_edge_silently():
    market = Market()
    market.order(side="Sell", price="40000", orderLinkId="a", qty="0.01")
    assert market.find(orderLinkId="a")["price"] == "45080"
    assert market.account()["executions"][0]["execPrice"] == "45999.9"


@pytest.mark.parametrize(
    ("kind", "tolerance", "code"),
    [
        ("TickSize", "0", 110108),
        ("TickSize", "10001", 110108),
        ("TickSize", "1.5", 110108),
        ("Percent", "10.01", 110109),
        ("Percent", "0.001", 110109),
        ("Money", "1", 10001),
    ],
)
def test_a_slippage_tolerance_has_a_range(kind, tolerance, code):
    given = {"slippageToleranceType": kind, "slippageTolerance": tolerance}
    assert Market().refusal(**given) == code


def test_a_slippage_tolerance_is_kept_in_the_record():
    market = Market()
    market.order(slippageToleranceType="Percent", slippageTolerance="0.5", orderLinkId="a")
    order = market.find(orderLinkId="a")
    assert (order["slippageToleranceType"], order["slippageTolerance"]) == ("Percent", "0.5")


def test_a_condition_on_the_mark_ignores_the_last_price():
    market = Market()
    market.order(
        qty="0.01", triggerPrice="45000", triggerDirection=2, triggerBy="MarkPrice", orderLinkId="a"
    )
    market.quote("44900", mark="45100", index="45100")
    assert market.find(orderLinkId="a")["orderStatus"] == "Untriggered"
    market.quote("44900", mark="45000", index="45100")
    assert market.find(orderLinkId="a")["orderStatus"] == "Filled"


def test_a_triggered_order_without_margin_is_cancelled():
    market = Market(balance="1000")
    market.order(qty="0.2", triggerPrice="46500", triggerDirection=1, orderLinkId="later")
    market.order(qty="0.2")
    market.price("46500")
    assert market.find(orderLinkId="later")["orderStatus"] == "Cancelled"
    assert market.position()["size"] == "0.2"


def test_a_conditional_close_of_everything_takes_the_size_of_that_moment():
    market = Market()
    market.order(qty="0.1")
    close = {"qty": "0", "reduceOnly": True, "closeOnTrigger": True}
    market.order(side="Sell", triggerPrice="45000", triggerDirection=2, orderLinkId="c", **close)
    market.order(qty="0.05")
    market.price("45000")
    assert market.position()["size"] == "0"
    assert market.find(orderLinkId="c")["qty"] == "0.15"


def test_there_are_at_most_ten_conditions_on_a_symbol_and_exits_do_not_count():
    market = Market(balance="100000")
    market.order(qty="0.01", stopLoss="40000", takeProfit="60000")
    late = {"qty": "0.01", "triggerPrice": "45000", "triggerDirection": 2}
    for _ in range(10):
        market.order(**late)
    assert market.refusal(**late) == 110009


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({}, 10001),
        ({"qty": "0.04"}, 110064),
        ({"qty": "0.0455"}, 10001),
        ({"qty": "100"}, 110007),
        ({"price": "45000.05"}, 10001),
        ({"stopLoss": "46500"}, 10001),
        ({"triggerPrice": "44000"}, 10001),
        ({"qty": 1}, 10001),
    ],
)
def test_a_bad_amendment_is_refused_and_changes_nothing(change, code):
    market = Market()
    market.price("46000", size="0.04")
    market.order(price="46000", orderLinkId="a")
    assert market.refused("amend_order", orderLinkId="a", **change) == code


def test_a_condition_is_not_amended_to_a_level_already_passed():
    market = Market()
    market.order(triggerPrice="47000", triggerDirection=1, orderLinkId="a", qty="0.01")
    assert market.refused("amend_order", orderLinkId="a", triggerPrice="45000") == 110092
    assert market.refused("amend_order", orderLinkId="a", triggerPrice="47000.05") == 10001


def test_an_amended_entry_is_not_cut_below_the_least_value():
    market = Market()
    market.order(price="45000", orderLinkId="a", qty="0.01")
    market.price("4000")
    market.order(price="3950", orderLinkId="b", qty="0.01")
    assert market.refused("amend_order", orderLinkId="b", qty="0.001") == 110094


def test_an_ended_order_is_neither_amended_nor_cancelled():
    market = Market()
    market.order(orderLinkId="a")
    assert market.refused("amend_order", orderLinkId="a", qty="0.2") == 110001
    assert market.refused("cancel_order", orderLinkId="a") == 110001
    assert market.refused("cancel_order", orderLinkId="never") == 110001
    assert market.refused("cancel_order") == 10001


def test_cancel_all_can_spare_the_exits():
    market = Market()
    market.order(stopLoss="45000")
    market.order(price="45500", qty="0.01", orderLinkId="a")
    market.order(qty="0.01", triggerPrice="45200", triggerDirection=2, orderLinkId="b")
    market.call("cancel_all", orderFilter="StopOrder", stopOrderType="Stop")
    assert market.find(orderLinkId="b")["orderStatus"] == "Deactivated"
    assert market.find(orderLinkId="a")["orderStatus"] == "New"
    assert market.position()["stopLoss"] == "45000"
    assert len(market.call("cancel_all")["list"]) == 2
    assert market.position()["stopLoss"] == ""


@pytest.mark.parametrize("request_", [None, [], ["x"], [{}] * 21, {"a": 1}])
def test_a_batch_that_is_no_list_of_orders_is_refused(request_):
    for name in ("create_batch", "amend_batch", "cancel_batch"):
        assert Market().refused(name, request=request_) == 10001


def test_a_batch_with_one_id_twice_places_it_once():
    market = Market()
    item = {"symbol": "BTCUSDT", "side": "Buy", "orderType": "Limit", "qty": "0.01"}
    item |= {"price": "45000", "orderLinkId": "a"}
    result, ext = market.call("create_batch", request=[item, item])
    assert [row["code"] for row in ext["list"]] == [0, 110072]
    assert [bool(row["orderId"]) for row in result["list"]] == [True, False]
    assert len(market.account()["orders"]) == 1


def test_conditions_are_not_amended_in_a_batch():
    market = Market()
    market.order(qty="0.01", triggerPrice="45200", triggerDirection=2, orderLinkId="c")
    market.order(qty="0.01", price="45000", orderLinkId="p")
    items = [{"symbol": "BTCUSDT", "orderLinkId": link, "qty": "0.02"} for link in ("c", "p")]
    _, ext = market.call("amend_batch", request=items)
    assert [row["code"] for row in ext["list"]] == [10001, 0]
    assert [market.find(orderLinkId=link)["qty"] for link in ("c", "p")] == ["0.01", "0.02"]


def test_an_order_is_acknowledged_before_it_fills():
    market = Market()
    market.exchange.fill_delay_ms = 200
    market.order(orderLinkId="a")
    assert market.call("open_orders", orderLinkId="a")["list"][0]["orderStatus"] == "New"
    market.price("46100")  # the market moves on before the order meets it
    market.now += 200
    assert market.call("open_orders", orderLinkId="a")["list"][0]["orderStatus"] == "Filled"
    assert market.account()["executions"][0]["execPrice"] == "46100"


def test_an_order_cancelled_before_it_met_the_market_never_fills():
    market = Market()
    market.exchange.fill_delay_ms = 200
    market.order(price="46500", orderLinkId="a")
    market.call("cancel_order", orderLinkId="a")
    market.now += 200
    market.price("46000")
    assert market.account()["executions"] == []


def test_the_user_can_close_one_leg_in_the_app():
    market = Market(hedge=True)
    market.order(qty="0.1", positionIdx=1)
    market.order(side="Sell", qty="0.1", positionIdx=2)
    market.exchange.user_close("1", "BTCUSDT", "Buy")
    assert [row["size"] for row in market.exchange.positions("1", BTC)["list"]] == ["0", "0.1"]
    closing = market.find(createType="CreateByClosing")
    assert (closing["orderLinkId"], closing["orderStatus"]) == ("", "Filled")


def test_a_pre_check_tells_the_rates_and_places_nothing():
    market = Market()
    rates = market.call("pre_check", side="Buy", orderType="Market", qty="0.1")
    assert (rates["preImrE4"], rates["postImrE4"], rates["postMmrE4"]) == (0, 465, 23)
    assert market.account()["orders"] == []
    assert market.refused("pre_check", side="Buy", orderType="Market", qty="10") == 110007
    late = {"triggerPrice": "45000", "triggerDirection": 2}
    order = {"side": "Buy", "orderType": "Market", "qty": "0.1"}
    assert market.refused("pre_check", **order, **late) == 10001


def test_every_change_is_told_to_listeners():
    market = Market()
    told = market.listen()
    market.order(stopLoss="45000", orderLinkId="a")
    market.exchange.charge_funding("BTCUSDT", D("0.0001"))
    statuses = [row["orderStatus"] for topic, row in told if topic == "order"]
    assert statuses == ["New", "Filled", "Untriggered"]
    kinds = [row["execType"] for topic, row in told if topic == "execution"]
    assert kinds == ["Trade", "Funding"]
    sizes = [row["size"] for topic, row in told if topic == "position"]
    assert sizes == ["0", "0.1", "0.1", "0.1"]  # accepted, its stop set, filled, funded
    assert [topic for topic, _ in told][-3:] == ["execution", "position", "wallet"]
