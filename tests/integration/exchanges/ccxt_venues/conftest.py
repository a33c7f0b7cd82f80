"""An account at each exchange, against one server that answers for all of them."""

from __future__ import annotations

import pytest

from exchanges.registry import exchange_factory, market_factory
from tests.integration.exchanges.ccxt_venues.answers import VOICES
from tests.integration.exchanges.ccxt_venues.listings import LISTINGS
from tests.integration.exchanges.ccxt_venues.profiles import KINDS, credentials, wire_to
from tests.integration.exchanges.ccxt_venues.stand_in import standing_in


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


@pytest.fixture(scope="module")
def stand_in():
    with standing_in() as server:
        yield server


@pytest.fixture(scope="module")
def stocked():
    """The exchanges whose markets this process knows of the one server."""
    return set()


@pytest.fixture
def server(kind, stand_in):
    stand_in.answers.clear()
    for path, body in LISTINGS[kind].items():
        stand_in.answer("GET", path, body)
    stand_in.heard.clear()
    return stand_in


@pytest.fixture
def account(kind, server, stocked):
    """An account whose process knows the markets, at an exchange that answers well."""
    if kind not in stocked:
        market_factory(kind)(wire_to(server)).instruments()
        stocked.add(kind)
    voice = VOICES[kind]
    for told in (voice.ack, voice.find, voice.balance, *voice.cancel, *voice.key, *voice.before):
        server.answer(*told)
    for told in (voice.positions, voice.amend):
        if told is not None:
            server.answer(*told)
    server.heard.clear()
    return exchange_factory(kind)(credentials(kind), wire_to(server))
