"""Sizes: money set by a user is never exceeded, and rounding leaves nothing behind."""

from __future__ import annotations

import dataclasses
from decimal import Decimal as D

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from exchanges.domain.precision import to_step_down
from exchanges.domain.trading import Ticker
from signals.domain.direction import Direction
from signals.domain.draft import Entry, EntryKind, Weighting
from signals.domain.following import Rules, SizingMode
from signals.domain.ladder import steps_of
from signals.domain.reasons import NoEntry, Reason
from signals.domain.sizing import TAKER_FEE, Money, Size, share_out, size_entry
from tests.fixtures.people import long_btc
from tests.unit.signals.test_draft import BTC

AMOUNTS = st.decimals(min_value=1, max_value=100_000, places=4)
PRICES = st.integers(10, 1_000_000).map(lambda n: D(n) / 10)
STEPS = st.sampled_from([D("0.001"), D("0.1"), D(1), D(100)])


def rules(**changes):
    fields = {"mode": SizingMode.FIXED_MARGIN, "amount": D(50), "reserve_percent": D(5)}
    return Rules(**(fields | changes))


def money(**changes):
    return Money(**({"equity": D(1000), "available": D(1000)} | changes))


def ticker(last=D(46300)):
    return Ticker("BTCUSDT", last - D("0.1"), last, last, last)


def size(settings=None, cash=None, signal=None, *, market=False, last=D(46300), **changes):
    signal = signal or long_btc()
    settings = settings or rules()
    return size_entry(
        settings,
        cash or money(),
        steps_of(signal, tick=BTC.tick, ticker=ticker(last)),
        stop=signal.stop,
        leverage=settings.leverage_for(signal),
        instrument=BTC,
        market=market,
        **changes,
    )


def why(found):
    assert isinstance(found, NoEntry)
    return found.reason


def test_a_fixed_margin_buys_margin_times_leverage():
    found = size()
    assert (found.quantity, found.margin, found.leverage) == (D("0.010"), D(50), D(10))
    assert found.notional == D(460)


def test_a_fixed_position_needs_the_margin_that_its_leverage_gives():
    found = size(rules(mode=SizingMode.FIXED_NOTIONAL, amount=D(1000)))
    assert (found.quantity, found.margin) == (D("0.021"), D(100))


def test_a_percentage_is_of_the_equity():
    found = size(rules(mode=SizingMode.EQUITY_PERCENT, amount=D(10)))
    assert (found.quantity, found.margin) == (D("0.021"), D(100))


def test_a_risk_is_what_the_stop_costs_with_its_fees():
    """1 % of 1,000 is 10 USDT; a bitcoin loses 500 and 50.325 of fees: 0.018 of them."""
    found = size(rules(mode=SizingMode.RISK_PERCENT, amount=D(1)))
    assert found.quantity == D("0.018")


def test_a_multiplier_multiplies_the_amount():
    assert size(rules(multiplier=D(2))).margin == D(100)


def test_a_leverage_cap_keeps_the_margin_and_makes_the_position_smaller():
    found = size(rules(amount=D(100), max_leverage=D(5)))
    assert (found.leverage, found.quantity, found.margin) == (D(5), D("0.010"), D(100))


def test_a_cap_of_the_position_makes_it_smaller():
    found = size(rules(amount=D(500), max_notional=D(1000)))
    assert (found.quantity, found.margin) == (D("0.021"), D(100))


def test_what_would_exceed_the_exposure_is_left_out():
    settings = rules(max_exposure=D(1000))
    assert why(size(settings, money(exposure=D("500.01")))) is Reason.EXPOSURE_FULL
    assert isinstance(size(settings, money(exposure=D(500))), Size)


def test_too_little_money_and_too_small_a_size_have_their_reasons():
    assert why(size(cash=money(available=D(40)))) is Reason.BALANCE_TOO_SMALL
    small = size(rules(amount=D(1)))
    assert why(small) is Reason.SIZE_TOO_SMALL
    assert small.params["minimum"] == D("4.6")
    rich = money(equity=D(10**9), available=D(10**9))
    assert why(size(rules(amount=D(10**8)), rich, market=True)) is Reason.SIZE_TOO_LARGE


def test_the_margin_of_a_copy_on_its_way_is_taken_off():
    assert why(size(cash=money(in_flight=D(920)))) is Reason.BALANCE_TOO_SMALL


def test_the_margin_of_an_earlier_plan_never_grows():
    assert size(rules(amount=D(100)), most_margin=D(50)).margin == D(50)


def ladder(steps=3, weighting=Weighting.EQUAL, weights=(), **changes):
    entry = Entry(EntryKind.LADDER, steps=steps, weighting=weighting, weights=weights)
    return long_btc(entry=entry, entry_low=D(45800), **changes)


@pytest.mark.parametrize(
    ("weighting", "weights", "quantities"),
    [
        (Weighting.EQUAL, (), ["0.021", "0.022", "0.022"]),
        (Weighting.LINEAR, (), ["0.010", "0.022", "0.033"]),
        (Weighting.CUSTOM, (D(2), D(1), D(1)), ["0.032", "0.016", "0.017"]),
    ],
)
def test_a_ladder_spreads_the_money_by_its_weights(weighting, weights, quantities):
    found = size(rules(amount=D(300)), signal=ladder(3, weighting, weights))
    assert [part.price for part in found.parts] == [D(46000), D(45900), D(45800)]
    assert [part.quantity for part in found.parts] == [D(each) for each in quantities]


def test_a_step_that_is_too_small_joins_the_next_better_price():
    found = size(rules(amount=D(15)), signal=ladder(4))
    assert [(part.step, part.quantity) for part in found.parts] == [
        (2, D("0.001")),
        (3, D("0.001")),
        (4, D("0.001")),
    ]


@given(
    amount=AMOUNTS,
    mode=st.sampled_from(SizingMode),
    steps=st.integers(1, 10),
    weighting=st.sampled_from([Weighting.EQUAL, Weighting.LINEAR]),
    short=st.booleans(),
    bid=st.integers(44000, 48000),
    cap=st.none() | AMOUNTS,
    leverage=st.none() | st.integers(1, 25).map(D),
)
def test_nothing_that_a_user_set_is_exceeded(
    amount, mode, steps, weighting, short, bid, cap, leverage
):
    signal = ladder(steps, weighting) if steps > 1 else long_btc()
    if short:
        signal = dataclasses.replace(signal, direction=Direction.SHORT, stop=D(46500))
    if mode in {SizingMode.EQUITY_PERCENT, SizingMode.RISK_PERCENT}:
        amount = min(amount, D(100))
    settings = rules(mode=mode, amount=amount, max_notional=cap, max_leverage=leverage)
    found = size(settings, money(), signal, last=D(bid))
    assume(isinstance(found, Size))
    prices = {step.number: step for step in steps_of(signal, tick=BTC.tick, ticker=ticker(D(bid)))}
    spent = sum(part.quantity * prices[part.step].cost for part in found.parts)
    loss = sum(
        part.quantity * (abs(part.price - signal.stop) + TAKER_FEE * (part.price + signal.stop))
        for part in found.parts
    )
    assert spent <= found.margin * found.leverage
    assert found.notional == spent
    assert found.margin <= D(1000)
    assert found.leverage <= (leverage or signal.leverage)
    assert cap is None or spent <= cap
    if mode is SizingMode.FIXED_MARGIN:
        assert found.margin <= amount
    if mode is SizingMode.FIXED_NOTIONAL:
        assert spent <= amount
    if mode is SizingMode.RISK_PERCENT:
        assert loss <= D(1000) * amount / 100
    for part in found.parts:
        assert part.quantity % BTC.step == 0
        assert part.quantity >= BTC.min_quantity
        assert part.quantity * part.price >= BTC.min_notional


@given(
    quantity=st.integers(0, 10**6),
    shares=st.lists(st.integers(0, 100), min_size=1, max_size=10),
    step=STEPS,
    minimum=st.integers(1, 5),
)
def test_the_parts_of_a_position_sum_to_it_exactly(quantity, shares, step, minimum):
    filled, least = quantity * step, minimum * step
    parts = share_out(filled, [D(share) for share in shares], step=step, minimum=least)
    assert len(parts) == len(shares)
    assert sum(parts) == filled
    assert all(part % step == 0 for part in parts)
    whole = [part for part in parts if part > 0]
    assert all(part >= least for part in whole) or len(whole) <= 1


@given(quantity=st.integers(1, 10**6), shares=st.lists(st.integers(1, 50), min_size=1, max_size=9))
def test_sharing_out_the_same_again_changes_nothing(quantity, shares):
    step = D("0.001")
    parts = share_out(quantity * step, [D(s) for s in shares], step=step, minimum=step)
    left = [part for part in parts if part > 0]
    assert share_out(quantity * step, left, step=step, minimum=step) == left


@given(quantity=PRICES, step=STEPS)
def test_rounding_down_never_goes_up(quantity, step):
    rounded = to_step_down(quantity, step)
    assert rounded <= quantity < rounded + step


@pytest.mark.parametrize(
    ("quantity", "shares", "minimum", "parts"),
    [
        (10, (50, 50), 1, [5, 5]),
        (10, (99, 1), 2, [10, 0]),  # the last part is too small: it joins the one before it
        (10, (1, 99), 2, [0, 10]),  # the first joins the next
        (1, (50, 50), 2, [0, 1]),  # less than the minimum is one part
        (3, (0, 0), 1, [0, 3]),
        (5, (100,), 1, [5]),
    ],
)
def test_a_part_that_is_too_small_joins_another(quantity, shares, minimum, parts):
    found = share_out(D(quantity), [D(s) for s in shares], step=D(1), minimum=D(minimum))
    assert found == parts
