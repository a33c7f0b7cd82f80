"""Prices that a process asked for itself: once for all its threads, and never too old."""

from __future__ import annotations

import threading
import time
from decimal import Decimal

import pytest

from exchanges.domain.errors import Unavailable
from exchanges.domain.trading import Ticker
from exchanges.prices import SILENCE, PriceBook


def ticker(price):
    return Ticker("BTCUSDT", *[Decimal(price)] * 4)


class Market:
    """What is asked; it notes how often."""

    def __init__(self, *, seconds: float = 0) -> None:
        self.asked, self.price, self.seconds = 0, 100, seconds

    def __call__(self, exchange, environment):
        self.asked += 1
        time.sleep(self.seconds)
        if self.price is None:
            raise Unavailable("away")
        return [ticker(self.price)]


def read(book, *, max_age=5.0):
    return book.read("bybit", "sandbox", max_age=max_age).get("BTCUSDT")


def test_it_is_asked_again_only_when_it_is_too_old():
    market = Market()
    book = PriceBook(market)
    assert [read(book), read(book)] == [ticker(100)] * 2
    assert market.asked == 1
    market.price = 101
    assert read(book) == ticker(100)
    assert read(book, max_age=0) == ticker(101)
    assert market.asked == 2


def test_places_are_kept_apart():
    market = Market()
    book = PriceBook(market)
    read(book)
    book.read("bybit", "demo", max_age=5)
    assert market.asked == 2


def test_what_is_too_old_is_not_used_when_the_exchange_is_silent():
    market = Market()
    book = PriceBook(market)
    read(book)
    market.price = None
    assert read(book, max_age=0) is None
    assert read(book) is None
    market.price = 102
    assert read(book, max_age=0) == ticker(102)


def test_an_exchange_that_is_silent_is_not_asked_by_one_after_the_other():
    market = Market()
    market.price = None
    book = PriceBook(market)
    assert [read(book) for _ in range(10)] == [None] * 10
    assert market.asked == 1
    time.sleep(SILENCE)
    read(book)
    assert market.asked == 2


@pytest.mark.parametrize("price", [100, None])
def test_threads_that_wait_take_the_answer_that_they_waited_for(price):
    market = Market(seconds=0.2)
    market.price = price
    book, found = PriceBook(market), []
    threads = [threading.Thread(target=lambda: found.append(read(book))) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [ticker(100) if price else None] * 20
    assert market.asked == 1
