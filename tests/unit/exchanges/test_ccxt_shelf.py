"""Markets are listed by whoever needs them first, and hold up nobody who knows them."""

from __future__ import annotations

import threading

import pytest

from exchanges.adapters.ccxt import shelf
from exchanges.adapters.ccxt.market import CcxtMarket
from exchanges.adapters.ccxt.shelf import Shelf, stocked
from exchanges.adapters.ccxt.venues.binance import USDM
from exchanges.domain.errors import RateLimited, Unavailable
from exchanges.ports import Wire

WIRE = Wire("mainnet", None, 1, 1, 5000)
KEY = USDM.kind, "mainnet", None
NOTHING = Shelf(object(), {}, {}, {}, stocked_at=0.0)


class Exchange:
    """What `stock` asks, as often as it is asked."""

    def __init__(self):
        self.asked = 0
        self.says: Exception | None = None
        self.may_answer = threading.Event()
        self.may_answer.set()
        self.has_answered = threading.Event()

    def stock(self, _venue, _wire):
        self.asked += 1
        assert self.may_answer.wait(5)
        try:
            if self.says is not None:
                raise self.says
            return shelf._shelves.setdefault(KEY, NOTHING)
        finally:
            self.has_answered.set()


@pytest.fixture
def exchange(monkeypatch):
    monkeypatch.setattr(shelf, "_shelves", {})
    monkeypatch.setattr(shelf, "_silent_until", {})
    made = Exchange()
    monkeypatch.setattr(shelf, "stock", made.stock)
    return made


def test_what_is_not_known_is_asked_for_once(exchange):
    assert stocked(USDM, WIRE) is NOTHING
    assert exchange.asked == 1


def test_an_odd_list_is_no_end_of_a_chunk_and_is_not_asked_for_again_at_once(exchange):
    exchange.says = KeyError("contractSize")
    for _ in range(3):
        with pytest.raises(Unavailable):
            CcxtMarket(USDM, WIRE).prepare()
    assert exchange.asked == 1


def test_our_own_limits_are_not_its_silence(exchange):
    exchange.says = RateLimited("no room", retry_after=1)
    with pytest.raises(RateLimited):
        stocked(USDM, WIRE)
    exchange.says = None
    assert stocked(USDM, WIRE) is NOTHING


def test_an_old_list_serves_while_it_is_renewed_behind(exchange, monkeypatch):
    shelf._shelves[KEY] = NOTHING
    monkeypatch.setattr(shelf, "LISTED", 0.0)
    exchange.may_answer.clear()
    for _ in range(3):
        assert stocked(USDM, WIRE) is NOTHING
    exchange.may_answer.set()
    assert exchange.has_answered.wait(5)
    assert exchange.asked == 1
