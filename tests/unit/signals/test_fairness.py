"""The figure of fairness: who came when, compared from signal to signal."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest

from signals.domain.fairness import mean_rank_correlation, rank_correlation

START = datetime(2026, 11, 21, tzinfo=UTC)


def came(*accounts: int) -> dict[int, datetime]:
    """Accounts in the order of their arrival, ever farther apart: ranks count, not times."""
    return {account: START + timedelta(seconds=n**3) for n, account in enumerate(accounts)}


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (came(1, 2, 3, 4), came(1, 2, 3, 4), 1.0),
        (came(1, 2, 3, 4), came(4, 3, 2, 1), -1.0),
        (came(1, 2, 3, 4), came(2, 4, 1, 3), 0.0),
        (came(1, 2, 3, 9), came(1, 2, 3, 8), 1.0),  # only who is in both
        (came(1, 2), came(2, 1), None),
        (came(1, 2, 3), dict.fromkeys((1, 2, 3), START), None),
    ],
)
def test_the_rank_correlation_of_two_signals(first, second, expected):
    found = rank_correlation(first, second)
    assert found == (pytest.approx(expected) if expected is not None else None)


def test_accounts_that_come_together_share_their_rank():
    together = {1: START, 2: START, 3: START + timedelta(seconds=1)}
    assert rank_correlation(together, came(1, 2, 3)) == pytest.approx(0.8660254)
    assert rank_correlation(together, came(2, 1, 3)) == pytest.approx(0.8660254)


def test_an_order_that_is_drawn_anew_is_near_zero_and_a_fixed_one_is_one():
    draw, accounts = random.Random(7), list(range(40))
    drawn = [came(*draw.sample(accounts, 40)) for _ in range(50)]
    assert abs(mean_rank_correlation(drawn)) < 0.02
    assert mean_rank_correlation([came(*accounts)] * 5) == pytest.approx(1)


def test_a_favourite_shows():
    draw, others = random.Random(7), list(range(5, 40))
    signals = [came(*range(5), *draw.sample(others, 35)) for _ in range(50)]
    assert mean_rank_correlation(signals) > 0.2


def test_nothing_to_compare_is_no_figure():
    assert mean_rank_correlation([]) is None
    assert mean_rank_correlation([came(1, 2, 3)]) is None
