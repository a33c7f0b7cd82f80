"""Request limits: per UID in a rolling second, per address in five, and the ban."""

from __future__ import annotations

from sandbox.bybit.limits import Limits, Window


def test_a_window_rolls():
    window = Window(1000, 10)
    assert [window.take(0) for _ in range(11)] == [1] * 10 + [0]
    assert window.reset_at(500) == 1000
    assert window.take(999) == 0
    assert window.take(1000) == 1


def test_a_batch_takes_what_is_left():
    window = Window(1000, 10)
    assert window.take(0, 7) == 7
    assert window.take(1, 7) == 3
    assert window.left(1) == 0


def test_an_address_over_its_limit_is_banned_for_ten_minutes():
    limits = Limits()
    assert not any(limits.is_banned("a", 0) for _ in range(600))
    assert limits.is_banned("a", 1)
    assert limits.is_banned("a", 599_999)
    assert not limits.is_banned("b", 1)
    assert not limits.is_banned("a", 600_001)


def test_switched_off_it_lets_everything_pass():
    limits = Limits(by_address=False)
    assert not any(limits.is_banned("a", 0) for _ in range(1000))
