"""The fault of a database that goes away complains of what cannot have been on record."""

from __future__ import annotations

import random
from types import SimpleNamespace

import pytest

from chaos import faults
from chaos.stage import Stage
from signals.services import working
from tests.fixtures.people import link_account
from tests.integration.signals.test_copy_life import publish

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def stage(market, author, alice, bob):
    """Two traders' entries are on record when the database goes; `seen` says what arrives."""
    for user in (alice, bob):
        link_account(user, market)
    signal = publish(author)
    assert working.work() == 2
    quiet = SimpleNamespace(stop=lambda: None, start=lambda: None)
    world = SimpleNamespace(
        exchange=SimpleNamespace(orders_seen=lambda: world.seen.pop(0)),
        database=quiet,
        pause=lambda _: None,
        wait=lambda *_, **__: 0.0,
        seen=[],
    )
    trade = SimpleNamespace(stored=signal, publish=lambda: None)
    return Stage(world, trade, random.Random(1), accounts=2, keys={})


@pytest.mark.parametrize(
    ("seen", "complaints"),
    [
        ([0, 1, 1], []),
        ([0, 2, 2], []),  # all that was on record has left
        ([5, 7, 7], []),  # others had left before
        ([0, 3, 3], ["3 orders were sent, 2 of them were on record"]),
        ([0, 1, 2], ["1 orders were sent long after the database had gone"]),
    ],
)
def test_what_may_still_leave_was_on_record(stage, seen, complaints):
    stage.world.seen = seen  # at the publication, after the last budget, and much later
    faults.postgres_away(stage)
    assert stage.complaints == complaints
