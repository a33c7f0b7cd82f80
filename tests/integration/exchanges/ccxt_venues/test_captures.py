"""Every question leaves as it was captured (orders and their changes: where they are tested)."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from decimal import Decimal

import pytest

from exchanges.adapters.ccxt.spans import Span
from exchanges.adapters.ccxt.venue import Account, Product
from exchanges.domain.errors import ExchangeError
from exchanges.registry import market_factory
from tests.integration.exchanges.ccxt_venues.answers import KEY, NOW, VOICES
from tests.integration.exchanges.ccxt_venues.lists import LISTS
from tests.integration.exchanges.ccxt_venues.profiles import GOLDEN, venue_of, wire_to

LATELY = Span(NOW - int(timedelta(days=1).total_seconds() * 1000), NOW)
LONG_AGO = Span(NOW - int(timedelta(days=100).total_seconds() * 1000), NOW)
AGEING = {"bitget", "gate", "okx"}  # by how far back they reach, their lists are asked another way


@pytest.fixture
def talkative(kind, server, account):
    """An exchange that answers lists and settings as well."""
    lists = LISTS[kind]
    for path, body in {**lists.prices, **(lists.modes or {})}.items():
        server.answer("GET", path, body)
    if lists.leverage:
        server.answer(*lists.leverage[:3])
    account.positions() if VOICES[kind].positions else account.balance()  # what goes before
    return server


def test_every_question_leaves_as_captured(kind, talkative, account):
    for name, ask in questions(kind, talkative, account).items():
        talkative.heard.clear()
        ask()
        sent = [[heard.verb, heard.path, heard.said] for heard in talkative.heard]
        assert sent
        assert sent == GOLDEN[kind][name], name


def questions(kind, server, account):
    """What may be asked, by its name."""
    venue, own = venue_of(kind), account._shelf().listing("BTCUSDT")
    whose = Account(KEY, "77")
    lists = {
        "resting": venue.resting(own, whose),
        "resting_anywhere": venue.resting(None, whose),
        "ended": venue.ended(own, LATELY),
        "fills": venue.fills(own, LATELY),
    }
    if kind in AGEING:
        lists["ended_long_ago"] = venue.ended(own, LONG_AGO)
        lists["fills_long_ago"] = venue.fills(own, LONG_AGO)
    asks = {name: lambda queries=queries: send(account, queries) for name, queries in lists.items()}
    asks["prices"] = market_factory(kind)(wire_to(server)).tickers
    asks["balance"] = account.balance
    if VOICES[kind].key:
        asks["key"] = account.key_facts
    if venue.product is Product.SWAP:
        asks["positions"] = account.positions
        asks["mode"] = lambda: account.symbol_mode("BTCUSDT")
        asks["leverage"] = lambda: account.set_leverage("BTCUSDT", Decimal(5))
    return asks


def send(account, queries):
    """What is answered to a page by itself is no matter here."""
    for query in queries:
        with suppress(ExchangeError):
            account._line.ask(query.request)
