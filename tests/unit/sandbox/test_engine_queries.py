"""What can be read: every field in its type, pages that do not shift, and what is forgotten."""

from __future__ import annotations

import pytest

from tests.unit.sandbox.market import BTC, Market

DAY = 86_400_000
# The fields that the docs list, by their types other than string.
ORDER = (
    "orderId orderLinkId parentOrderLinkId symbol side orderType price qty orderStatus createType "
    "cancelType rejectReason avgPrice leavesQty leavesValue cumExecQty cumExecValue cumExecFee "
    "timeInForce stopOrderType triggerPrice triggerBy takeProfit stopLoss tpslMode tpLimitPrice "
    "slLimitPrice tpTriggerBy slTriggerBy slippageToleranceType slippageTolerance "
    "lastPriceOnCreated smpType smpOrderId createdTime updatedTime"
)
EXECUTION = (
    "execId orderId orderLinkId symbol side orderPrice orderQty leavesQty createType orderType "
    "stopOrderType execFee feeRate feeCurrency execPrice execQty execValue execType execTime "
    "closedSize markPrice extraFees"
)
POSITION = (
    "symbol side size avgPrice positionValue leverage markPrice liqPrice bustPrice breakEvenPrice "
    "positionIM positionIMByMp positionMM positionMMByMp takeProfit stopLoss trailingStop tpslMode "
    "unrealisedPnl curRealisedPnl cumRealisedPnl positionStatus riskLimitValue createdTime "
    "updatedTime"
)
CLOSED = (
    "symbol orderId side qty orderPrice orderType execType closedSize cumEntryValue avgEntryPrice "
    "cumExitValue avgExitPrice closedPnl fillCount leverage openFee closeFee createdTime "
    "updatedTime"
)
OTHERS = {
    "open_orders": {
        "positionIdx": int,
        "triggerDirection": int,
        "smpGroup": int,
        "reduceOnly": bool,
        "closeOnTrigger": bool,
        "cumFeeDetail": dict,
    },
    "executions": {"isMaker": bool, "seq": int},
    "positions": {
        "positionIdx": int,
        "tradeMode": int,
        "autoAddMargin": int,
        "adlRankIndicator": int,
        "riskId": int,
        "openTime": int,
        "seq": int,
        "isReduceOnly": bool,
    },
    "closed_pnl": {},
}


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        ("open_orders", ORDER),
        ("executions", EXECUTION),
        ("positions", POSITION),
        ("closed_pnl", CLOSED),
    ],
)
def test_a_record_has_every_field_in_its_type(name, texts):
    market = Market()
    flat = market.call("positions")["list"]
    market.order(stopLoss="45000", takeProfit="47000")
    market.order(side="Sell", qty="0.05", reduceOnly=True)
    rows = market.call(name)["list"] + (flat if name == "positions" else [])
    assert rows
    for row in rows:
        for field in texts.split():
            assert type(row[field]) is str, field
            assert "E" not in row[field] or not row[field][0].isdigit(), field
        for field, kind in OTHERS[name].items():
            assert type(row[field]) is kind, field


def test_a_page_does_not_shift_when_rows_come_or_go():
    market = Market(balance="1000000")
    for number in range(6):
        market.now += number % 2  # some share their millisecond
        market.order(price="45000", qty="0.01", orderLinkId=f"o{number}")
    first = market.call("open_orders", limit="2")
    assert [row["orderLinkId"] for row in first["list"]] == ["o5", "o4"]
    market.order(price="45000", qty="0.01", orderLinkId="new")
    market.call("cancel_order", orderLinkId="o4")
    cursor, seen = first["nextPageCursor"], []
    while cursor:
        page = market.call("open_orders", limit="2", cursor=cursor)
        seen += [row["orderLinkId"] for row in page["list"]]
        cursor = page["nextPageCursor"]
    assert seen == ["o3", "o2", "o1", "o0"]


def test_a_cursor_may_come_back_encoded_or_decoded_but_not_invented():
    market = Market(balance="1000000")
    for _ in range(3):
        market.order(qty="0.01")
    cursor = market.call("executions", limit="1")["nextPageCursor"]
    assert "%3A" in cursor
    pages = [market.call("executions", cursor=c) for c in (cursor, cursor.replace("%3A", ":"))]
    assert pages[0] == pages[1]
    assert len(pages[0]["list"]) == 2
    for wrong in ("1", "abc", "a:b", ":1"):
        assert market.refused("executions", cursor=wrong) == 10001


@pytest.mark.parametrize(
    ("name", "most"),
    [
        ("open_orders", 50),
        ("order_history", 50),
        ("executions", 100),
        ("closed_pnl", 100),
        ("positions", 200),
    ],
)
def test_limits_have_a_range(name, most):
    market = Market()
    market.call(name, limit=str(most))
    for wrong in ("0", str(most + 1), "x", "1.5"):
        assert market.refused(name, limit=wrong) == 10001


def test_open_conditions_are_told_apart_from_open_orders():
    market = Market()
    market.order(price="45000", qty="0.01", orderLinkId="plain")
    market.order(
        price="45200", qty="0.01", triggerPrice="45500", triggerDirection=2, orderLinkId="late"
    )

    def links(kind):
        return {row["orderLinkId"] for row in market.call("open_orders", orderFilter=kind)["list"]}

    assert (links("Order"), links("StopOrder")) == ({"plain"}, {"late"})
    market.price("45500")  # triggered: an order like any other now, resting at its limit
    assert (links("Order"), links("StopOrder")) == ({"plain", "late"}, set())


def test_the_live_cache_keeps_the_last_500_and_nothing_after_a_restart():
    market = Market()
    for number in range(501):
        market.order(price="45000", qty="0.001", orderLinkId=f"o{number}")
        market.call("cancel_order", orderLinkId=f"o{number}")
    assert market.call("open_orders", orderLinkId="o0")["list"] == []
    assert market.call("open_orders", orderLinkId="o1")["list"]
    assert market.call("order_history", orderLinkId="o0")["list"]
    market.exchange.wipe_closed_cache()
    assert market.call("open_orders", orderLinkId="o500")["list"] == []
    assert market.call("open_orders", openOnly="1")["list"] == []


def test_orders_with_fills_outlive_those_without():
    market = Market()
    market.order(orderLinkId="filled")
    market.order(price="45000", orderLinkId="never", qty="0.01")
    market.call("cancel_order", orderLinkId="never")
    market.now += 10 * DAY
    links = [
        row["orderLinkId"]
        for link in ("filled", "never")
        for row in market.call("order_history", orderLinkId=link)["list"]
    ]
    assert links == ["filled"]
    assert market.call("order_history")["list"] == []  # the last seven days by default
    began = str(market.now - 11 * DAY)
    assert len(market.call("order_history", startTime=began)["list"]) == 1
    assert len(market.call("executions", orderLinkId="filled")["list"]) == 1


def test_an_order_id_wins_over_a_link_id():
    market = Market()
    market.order(price="45000", qty="0.01", orderLinkId="a")
    market.order(price="45000", qty="0.01", orderLinkId="b")
    both = {"orderId": market.find(orderLinkId="a")["orderId"], "orderLinkId": "b"}
    assert market.call("open_orders", **both)["list"][0]["orderLinkId"] == "a"
    market.call("cancel_order", **both)
    assert market.find(orderLinkId="b")["orderStatus"] == "New"


def test_positions_by_coin_are_those_that_are_open():
    market = Market(hedge=True)
    by_coin = {"category": "linear", "settleCoin": "USDT"}
    assert market.exchange.positions("1", by_coin)["list"] == []
    market.order(side="Sell", positionIdx=2)
    (row,) = market.exchange.positions("1", by_coin)["list"]
    assert (row["positionIdx"], row["side"]) == (2, "Sell")


def test_closed_pnl_holds_both_fees_in_its_averages():
    market = Market()
    market.order(qty="0.1")
    market.price("47000")
    market.order(side="Sell", qty="0.04", reduceOnly=True)
    (row,) = market.call("closed_pnl")["list"]
    assert (row["side"], row["closedSize"], row["fillCount"]) == ("Sell", "0.04", "1")
    assert (row["openFee"], row["closeFee"]) == ("1.012", "1.0339978")
    assert row["closedPnl"] == "37.9500022"
    assert (row["avgEntryPrice"], row["avgExitPrice"]) == ("46025.3", "46974.050055")


@pytest.mark.parametrize("name", ["open_orders", "positions"])
def test_a_list_needs_to_know_what_it_is_about(name):
    market = Market()
    with pytest.raises(Exception, match="10001"):
        getattr(market.exchange, name)("1", {"category": "linear"})
    assert market.refused(name, symbol="") == 10001
    assert Market().exchange.positions("1", BTC)["list"][0]["size"] == "0"
