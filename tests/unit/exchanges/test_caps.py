"""What an account may order in a minute, with the time passed in."""

from __future__ import annotations

import threading
from decimal import Decimal

import pytest

from exchanges.domain.caps import Caps
from exchanges.turnover import MINUTE, Turnover

D = Decimal
CAPS = Caps(
    symbols=frozenset({"BTCUSDT"}),
    leverage=D(20),
    order_notional=D(1000),
    minute_notional=D(2500),
    minute_orders=3,
)


@pytest.fixture
def turnover():
    return Turnover()


def admit(turnover, order, notional, now, account="alice"):
    return turnover.admit(account, order, D(notional), CAPS, now)


def test_as_much_as_the_cap_goes_and_no_more(turnover):
    assert admit(turnover, "a", 1000, 0) == ""
    assert admit(turnover, "b", 1500, 1) == ""
    assert "2500 USDT" in admit(turnover, "c", "0.01", 2)


def test_what_was_refused_does_not_count(turnover):
    assert admit(turnover, "a", 2000, 0) == ""
    assert admit(turnover, "b", 501, 1)
    assert admit(turnover, "c", 500, 2) == ""


def test_a_minute_later_it_is_forgotten(turnover):
    assert admit(turnover, "a", 2500, 0) == ""
    assert admit(turnover, "b", 1, MINUTE - 0.001)
    assert admit(turnover, "b", 2500, MINUTE) == ""
    assert admit(turnover, "c", 1, 2 * MINUTE - 0.001)


def test_orders_are_counted_too(turnover):
    assert [admit(turnover, order, 1, 0) for order in "abc"] == ["", "", ""]
    assert "3 orders" in admit(turnover, "d", 1, 1)
    assert admit(turnover, "d", 1, MINUTE) == ""


def test_an_order_that_is_sent_again_is_the_same_order(turnover):
    for now in range(50):
        assert admit(turnover, "a", 1000, now) == ""
    assert admit(turnover, "b", 1500, 50) == ""


def test_an_order_that_grows_counts_by_the_most_that_it_was(turnover):
    assert admit(turnover, "a", 1000, 0) == ""
    assert admit(turnover, "a", 2000, 1) == ""
    assert admit(turnover, "a", 1000, 2) == ""
    assert admit(turnover, "b", 501, 3)
    assert admit(turnover, "a", 2501, 4)
    assert admit(turnover, "b", 500, 5) == ""


def test_each_account_has_its_own_minute(turnover):
    assert admit(turnover, "a", 2500, 0) == ""
    assert admit(turnover, "a", 2500, 0, account="bob") == ""
    assert admit(turnover, "b", 1, 0, account="bob")


def test_nothing_is_kept_of_those_who_have_fallen_silent(turnover):
    for number in range(1000):
        admit(turnover, "a", 1, 0, account=f"trader {number}")
    admit(turnover, "a", 1, MINUTE)
    kept = (turnover._recent, turnover._notionals, turnover._orders, turnover._totals)
    assert [len(each) for each in kept] == [1, 1, 1, 1]


def test_threads_do_not_get_more_together_than_one_would(turnover):
    caps = Caps(frozenset(), D(1), D(1), minute_notional=D(100), minute_orders=10_000)
    said, start = [], threading.Barrier(8)

    def order(thread):
        start.wait()
        names = (f"{thread}-{number}" for number in range(200))
        said.extend(turnover.admit("alice", name, D(1), caps, 0) for name in names)

    threads = [threading.Thread(target=order, args=[number]) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (said.count(""), len(said)) == (100, 1600)
