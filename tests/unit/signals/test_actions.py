"""Which actions put a trader's money in, and which only take it out or protect it."""

from __future__ import annotations

from decimal import Decimal as D

import pytest

from exchanges.domain.trading import OrderType
from signals.domain.actions import (
    Amend,
    Cancel,
    HandOver,
    Place,
    SetLevels,
    SetLeverage,
    SetTrail,
    enters,
)


def place(leg, *, reduce_only):
    return Place(leg, 0, OrderType.LIMIT, D(1), D(1), None, None, reduce_only=reduce_only)


def amend(leg):
    return Amend(leg, "hx", D(1), None, None, None)


@pytest.mark.parametrize(
    ("action", "is_entry"),
    [
        (place("entry", reduce_only=False), True),
        (place("entry-2", reduce_only=False), True),
        (place("target-1", reduce_only=True), False),
        (place("close", reduce_only=True), False),
        (amend("entry"), True),
        (amend("target-1"), False),
        (SetLeverage(D(10)), True),
        (SetLevels(D(1), D(0)), False),
        (SetTrail(D(1), None), False),
        (Cancel("entry", "hx"), False),
        (HandOver(), False),
    ],
)
def test_what_enters(action, is_entry):
    assert enters(action) is is_entry
