"""Each change of a key makes a worker verify it: a trader makes only so many."""

from __future__ import annotations

import time

import pytest

from exchanges import key_changes, key_pairs, services
from exchanges.domain.trading import Credentials
from exchanges.models import Connection, KeyPair
from tests.fixtures.people import link_account

pytestmark = pytest.mark.django_db(transaction=True)
KEY = Credentials("another", "secret")


def by_secret(link):
    services.replace_key(link, credentials=KEY)


def by_pair(link):
    if not KeyPair.objects.filter(connection=link).exists():
        key_pairs.renew(link)
        key_pairs.generate(KeyPair.objects.get(connection=link).pk)
    key_pairs.enter_id(link, api_key_id="another")


def changes(link, change=by_secret):
    """How many changes are taken of ten."""
    refused = []
    for _ in range(10):
        try:
            change(link)
        except services.LinkRefused as refusal:
            refused.append(refusal.code)
    assert set(refused) <= {"too_many_changes"}
    return 10 - len(refused)


@pytest.mark.parametrize("change", [by_secret, by_pair])
def test_a_connections_key_is_changed_only_so_often(market, alice, bob, change):
    link, others = link_account(alice, market), link_account(bob, market)
    assert changes(link, change) == key_changes.MOST_OF_CONNECTION
    assert changes(others) == key_changes.MOST_OF_CONNECTION


def test_a_change_that_is_refused_leaves_the_key_as_it_is(market, alice, monkeypatch):
    monkeypatch.setattr(key_changes, "MOST_OF_CONNECTION", 0)
    link = link_account(alice, market)
    before = Connection.objects.values("sealed", "status", "key_hint").get()
    with pytest.raises(services.LinkRefused):
        by_secret(link)
    assert Connection.objects.values("sealed", "status", "key_hint").get() == before


def test_all_connections_of_a_trader_count_together(market, alice, bob):
    links = [link_account(alice, market) for _ in range(4)]
    taken = [changes(link) for link in links]
    assert taken == [key_changes.MOST_OF_CONNECTION] * 3 + [0]
    assert sum(taken) == key_changes.MOST_OF_TRADER
    assert changes(link_account(bob, market)) > 0


def test_after_a_while_it_may_be_changed_again(market, alice, monkeypatch):
    monkeypatch.setattr(key_changes, "WINDOW_SECONDS", 1)
    link = link_account(alice, market)
    assert changes(link) >= key_changes.MOST_OF_CONNECTION
    time.sleep(1.1)
    by_secret(link)
