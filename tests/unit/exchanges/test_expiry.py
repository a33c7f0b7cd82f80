"""A key's end is told in good time, and each time once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from exchanges.domain.expiry import has_moved_forward, warning_due

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("days", "warning"),
    [(90, 0), (14.01, 0), (14, 14), (8, 14), (7, 7), (3.5, 7), (3, 3), (1.1, 3), (1, 1), (-1, 1)],
)
def test_the_nearest_warning_counts(days, warning):
    assert warning_due(NOW + timedelta(days=days), NOW) == warning


@pytest.mark.parametrize(
    ("before", "after", "moved"),
    [(90, 7, True), (90, 89.5, False), (7, 90, False), (None, 7, False)],
)
def test_an_end_that_has_come_nearer_is_noticed(before, after, moved):
    expected = None if before is None else NOW + timedelta(days=before)
    assert has_moved_forward(expected, NOW + timedelta(days=after)) is moved
