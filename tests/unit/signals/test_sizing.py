"""Sizes: money set by a user is never exceeded, and rounding leaves nothing behind."""

from __future__ import annotations

from decimal import Decimal as D

from hypothesis import given
from hypothesis import strategies as st

from exchanges.domain.precision import to_step_down
from signals.domain.reasons import Reason
from signals.domain.sizing import Money, NoSize, Size, SizingMode, share_out, size_entry
from tests.unit.signals.test_draft import BTC

AMOUNTS = st.decimals(min_value=1, max_value=100_000, places=4)
PRICES = st.integers(10, 1_000_000).map(lambda n: D(n) / 10)
STEPS = st.sampled_from([D("0.001"), D("0.1"), D(1), D(100)])


def money(**changes):
    fields = {
        "equity": D(1000),
        "available": D(1000),
        "in_flight": D(0),
        "reserve_percent": D(5),
        "mode": SizingMode.FIXED_MARGIN,
        "amount": D(50),
    }
    return Money(**(fields | changes))


def size(cash, price=D(46000), leverage=D(10), market=False):
    return size_entry(cash, price=price, leverage=leverage, rules=BTC, market=market)


def test_a_fixed_margin_buys_margin_times_leverage():
    assert size(money()) == Size(D("0.010"), D(50))


def test_a_percentage_is_of_the_equity():
    cash = money(mode=SizingMode.EQUITY_PERCENT, amount=D(10))
    assert size(cash) == Size(D("0.021"), D(100))


def test_too_little_money_and_too_small_a_size_have_their_reasons():
    poor = size(money(available=D(40)))
    assert isinstance(poor, NoSize)
    assert poor.reason is Reason.BALANCE_TOO_SMALL
    small = size(money(amount=D(1)))
    assert isinstance(small, NoSize)
    assert small.reason is Reason.SIZE_TOO_SMALL
    assert small.params["minimum"] == D("4.6")
    large = size(money(equity=D(10**9), available=D(10**9), amount=D(10**8)), market=True)
    assert isinstance(large, NoSize)
    assert large.reason is Reason.SIZE_TOO_LARGE


def test_the_margin_of_a_copy_on_its_way_is_taken_off():
    assert isinstance(size(money(in_flight=D(920))), NoSize)


@given(AMOUNTS, AMOUNTS, PRICES, st.integers(1, 100).map(D))
def test_the_margin_is_never_exceeded(amount, available, price, leverage):
    found = size(money(amount=amount, available=available), price, leverage)
    if isinstance(found, Size):
        assert found.quantity * price <= amount * leverage
        assert found.margin <= available
        assert found.quantity % BTC.step == 0


@given(AMOUNTS, STEPS)
def test_rounding_down_loses_less_than_a_step(value, step):
    rounded = to_step_down(value, step)
    assert 0 <= value - rounded < step
    assert rounded % step == 0
    assert to_step_down(rounded, step) == rounded


@given(
    st.integers(1, 100_000),
    STEPS,
    st.lists(st.integers(1, 100), min_size=1, max_size=10),
    st.integers(1, 20),
)
def test_parts_sum_exactly_to_what_was_filled(steps, step, weights, least):
    filled, minimum = steps * step, least * step
    total = sum(weights)
    shares = [D(100) * w / total for w in weights]
    parts = share_out(filled, shares, step=step, minimum=minimum)
    assert sum(parts) == filled
    assert len(parts) == len(shares)
    assert all(part % step == 0 for part in parts)
    if filled >= minimum:
        assert all(part == 0 or part >= minimum for part in parts)
