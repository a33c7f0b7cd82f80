"""The dry run's figures."""

from __future__ import annotations

from decimal import Decimal as D

import pytest

from signals.domain.estimating import fee_share_percent, loss_of, seconds_for
from signals.domain.ladder import Step
from signals.domain.sizing import Part


def test_fees_are_a_share_of_the_loss_at_the_stop():
    """A bitcoin from 46,000 to 45,500 loses 500 and 50.325 of fees."""
    steps = [Step(1, D(46000), D(46000), D(1))]
    assert fee_share_percent(steps, D(45500)) == D("9.14")


def test_the_loss_of_orders_is_what_they_lose_with_fees():
    parts = [Part(1, D(46000), D("0.01")), Part(2, D(45900), D("0.01"))]
    assert loss_of(parts, D(45500)) == D(9) + D("0.00055") * D("0.01") * (91500 + 91400)
    assert loss_of([], D(1)) == 0


@pytest.mark.parametrize(
    ("requests", "seconds"), [(0, 0), (600, 0), (601, 5), (1200, 5), (1201, 10), (3000, 20)]
)
def test_time_comes_in_windows(requests, seconds):
    assert seconds_for(requests, room=600, window=D(5)) == seconds
