"""Quantities are rounded down to the step: never up, and never by a whole step."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from exchanges.domain.precision import to_step_down

STEPS = st.sampled_from(["0.00001", "0.001", "0.005", "0.1", "0.25", "1", "10", "1000"])
QUANTITIES = st.decimals(min_value=0, max_value=10**9, places=8)


@given(QUANTITIES, STEPS.map(Decimal))
def test_the_rounded_quantity_is_the_last_multiple_below(quantity, step):
    rounded = to_step_down(quantity, step)
    assert rounded <= quantity < rounded + step
    assert rounded % step == 0


@given(st.integers(0, 10**9), STEPS.map(Decimal))
def test_a_multiple_of_the_step_stays_as_it_is(count, step):
    assert to_step_down(count * step, step) == count * step
