"""A process that sends orders says at its start that it has no bounds."""

from __future__ import annotations

import pytest

from exchanges.gate_check import check_gate


def names():
    return [error.msg.split()[0] for error in check_gate()]


def test_bounds_that_are_there_are_well():
    assert names() == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GATE_SYMBOLS", frozenset()),
        ("GATE_ORDER_NOTIONAL", 0),
        ("GATE_ACCOUNT_NOTIONAL_PER_MINUTE", -1),
        ("GATE_ACCOUNT_ORDERS_PER_MINUTE", 0),
        ("GATE_LEVERAGE", 0),
    ],
)
def test_a_bound_that_is_missing_is_named(settings, name, value):
    setattr(settings, name, value)
    assert names() == [name]


def test_who_sends_no_orders_needs_none(settings):
    settings.GATE_SYMBOLS, settings.LINK_ID_KEY = frozenset(), ""
    assert names() == []
