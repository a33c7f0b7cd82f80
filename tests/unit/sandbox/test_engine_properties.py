"""Whatever is asked for, in any order: the ledger conserves and protections hold."""

from __future__ import annotations

from decimal import Decimal as D

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.bybit.engine import ApiError
from tests.unit.sandbox.market import BTC, OPEN, Market

LEVEL = st.integers(440_000, 480_000).map(lambda tenths: str(D(tenths) / 10))
QTY = st.integers(1, 80).map(lambda thousandths: str(D(thousandths) / 1000))
SIDE = st.sampled_from(["Buy", "Sell"])
IDX = st.sampled_from([0, 1, 2])
LINK = st.sampled_from(["", "a", "b", "c", "d", "e", "f"])
EXITS = st.fixed_dictionaries(
    {},
    optional={
        "stopLoss": LEVEL,
        "takeProfit": LEVEL,
        "tpslMode": st.sampled_from(["Full", "Partial"]),
    },
)
ORDER = st.builds(
    lambda base, exits: {**base, **exits},
    st.fixed_dictionaries(
        {"side": SIDE, "qty": QTY, "positionIdx": IDX, "orderLinkId": LINK},
        optional={
            "price": LEVEL,
            "timeInForce": st.sampled_from(["GTC", "IOC", "FOK", "PostOnly"]),
            "reduceOnly": st.booleans(),
            "triggerPrice": LEVEL,
            "triggerDirection": st.sampled_from([1, 2]),
        },
    ),
    EXITS,
)
STEP = st.one_of(
    st.tuples(st.just("price"), st.tuples(LEVEL, QTY)),
    st.tuples(st.just("order"), ORDER),
    st.tuples(
        st.just("stop"),
        st.fixed_dictionaries(
            {"positionIdx": IDX, "tpslMode": st.sampled_from(["Full", "Partial"])},
            optional={
                "stopLoss": LEVEL,
                "takeProfit": LEVEL,
                "tpSize": QTY,
                "slSize": QTY,
                "trailingStop": st.sampled_from(["0", "100", "900.5"]),
                "activePrice": LEVEL,
            },
        ),
    ),
    st.tuples(
        st.just("amend_order"),
        st.fixed_dictionaries(
            {"orderLinkId": LINK, "slTriggerBy": st.just("LastPrice")},
            optional={"price": LEVEL, "qty": QTY, "stopLoss": LEVEL, "triggerPrice": LEVEL},
        ),
    ),
    st.tuples(st.just("cancel_order"), st.fixed_dictionaries({"orderLinkId": LINK})),
    st.tuples(st.just("cancel_all"), st.just({})),
    st.tuples(st.just("funding"), st.sampled_from(["0.0001", "-0.00075"])),
    st.tuples(st.just("close"), st.just(None)),
    st.tuples(st.just("adl"), st.sampled_from(["Buy", "Sell"])),
)
RUN = st.lists(STEP, min_size=1, max_size=40)
MODES = pytest.mark.parametrize("hedge", [False, True])
MARGINS = pytest.mark.parametrize("margin_mode", ["REGULAR_MARGIN", "ISOLATED_MARGIN"])


def play(market, run):
    for name, what in run:
        market.now += 1
        try:
            step(market, name, what)
        except ApiError:
            continue


def step(market, name, what):
    if name == "price":
        market.price(*what)
    elif name == "funding":
        market.exchange.charge_funding("BTCUSDT", D(what))
    elif name == "close":
        market.exchange.user_close("1", "BTCUSDT")
    elif name == "adl":
        if any(row["side"] == what for row in market.account()["positions"]):
            market.exchange.deleverage("1", "BTCUSDT", what)
    elif name == "order":
        market.order(**what)
    elif name == "stop":
        market.stop(**what)
    else:
        market.call(name, **what)


@MODES
@MARGINS
@settings(max_examples=40, deadline=None)
@given(RUN)
def test_money_and_size_are_conserved(hedge, margin_mode, run):
    market = Market(balance="5000", hedge=hedge, margin_mode=margin_mode)
    play(market, run)
    account = market.account()
    trades = [row for row in account["executions"] if row["execType"] != "Funding"]
    funding = [row for row in account["executions"] if row["execType"] == "Funding"]
    fees = sum(D(row["execFee"]) for row in trades)
    closed = sum(D(row["closedPnl"]) for row in account["closed_pnl"])
    settled = sum(D(row["openFee"]) + D(row["closeFee"]) for row in account["closed_pnl"])
    paid = sum(D(row["execFee"]) for row in funding)
    gained = D(account["balance"]) - D(account["started_with"])
    assert gained == closed - (fees - settled) - paid
    assert gained == sum(D(row["cumRealisedPnl"]) for row in account["wallet"]["coin"])

    rows = market.exchange.positions("1", BTC)["list"]
    sign = {"Buy": 1, "Sell": -1, "": 0}
    bought = sum(D(row["execQty"]) * sign[row["side"]] for row in trades)
    assert bought == sum(D(row["size"]) * sign[row["side"]] for row in rows)
    assert all(D(row["size"]) >= 0 for row in rows)
    if hedge:
        assert rows[0]["side"] in {"Buy", ""}
        assert rows[1]["side"] in {"Sell", ""}


@MODES
@settings(max_examples=40, deadline=None)
@given(RUN)
def test_orders_keep_their_promises(hedge, run):
    market = Market(balance="5000", hedge=hedge)
    play(market, run)
    account = market.account()
    orders = {row["orderId"]: row for row in account["orders"]}
    links = [row["orderLinkId"] for row in orders.values() if row["orderLinkId"]]
    assert len(links) == len(set(links))
    filled = dict.fromkeys(orders, D(0))
    for fill in account["executions"]:
        if fill["execType"] == "Funding":
            continue
        order = orders[fill["orderId"]]
        filled[fill["orderId"]] += D(fill["execQty"])
        if order["reduceOnly"]:
            assert fill["closedSize"] == fill["execQty"]
        if order["orderType"] == "Limit" and fill["execType"] == "Trade":
            better = D(fill["orderPrice"]) - D(fill["execPrice"])
            assert (better if fill["side"] == "Buy" else -better) >= 0
        if order["timeInForce"] == "PostOnly":
            assert fill["isMaker"]
    for order_id, order in orders.items():
        assert D(order["cumExecQty"]) == filled[order_id] <= D(order["qty"])
        assert (order["orderStatus"] == "Filled") == (0 < D(order["qty"]) == filled[order_id])


@MODES
@settings(max_examples=40, deadline=None)
@given(RUN)
def test_what_a_position_shows_is_what_protects_it(hedge, run):
    market = Market(balance="5000", hedge=hedge)
    play(market, run)
    live = [row for row in market.account()["orders"] if row["orderStatus"] in OPEN]
    for position in market.exchange.positions("1", BTC)["list"]:
        mine = [row for row in live if row["positionIdx"] == position["positionIdx"]]
        for kind, shown in (("StopLoss", "stopLoss"), ("TakeProfit", "takeProfit")):
            levels = [row["triggerPrice"] for row in mine if row["stopOrderType"] == kind]
            assert levels == ([position[shown]] if position[shown] else [])
            sizes = {row["qty"] for row in mine if row["stopOrderType"] == kind}
            assert sizes <= {position["size"]}
        resting = [row for row in mine if row["reduceOnly"] and row["orderStatus"] != "Untriggered"]
        assert sum(D(row["leavesQty"]) for row in resting) <= D(position["size"])
        exits = [row for row in mine if row["stopOrderType"] not in {"", "Stop"}]
        assert position["size"] != "0" or not exits
        assert sum(row["stopOrderType"].startswith("Partial") for row in exits) <= 20


@settings(max_examples=15, deadline=None)
@given(RUN)
def test_the_same_run_gives_the_same_ledger(run):
    first, second = Market(balance="5000"), Market(balance="5000")
    play(first, run)
    play(second, run)
    assert first.exchange.dump() == second.exchange.dump()
