"""Long and short are each other's mirror."""

from __future__ import annotations

from decimal import Decimal as D

import pytest

from exchanges.domain.trading import Side
from signals.domain.direction import Direction


@pytest.mark.parametrize(
    ("direction", "entry", "exit_", "sign", "hedge"),
    [(Direction.LONG, Side.BUY, Side.SELL, 1, 1), (Direction.SHORT, Side.SELL, Side.BUY, -1, 2)],
)
def test_what_follows_from_a_direction(direction, entry, exit_, sign, hedge):
    assert (direction.entry_side, direction.exit_side, direction.sign) == (entry, exit_, sign)
    assert direction.position_index(hedge=True) == hedge
    assert direction.position_index(hedge=False) == 0
    assert direction.better(D(1), D(2)) == (2 if sign > 0 else 1)
    assert direction.is_beyond(D(2), D(1)) is (sign > 0)
    assert direction.is_beyond(D(1), D(1))
