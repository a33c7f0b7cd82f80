"""A trader begins only so many links at once."""

from __future__ import annotations

import threading

import pytest
from django.db import connection
from django.utils import timezone

from exchanges import key_pairs, services
from exchanges.domain.trading import Credentials
from exchanges.models import Connection, KeyPair
from tests.fixtures.people import link_account

pytestmark = pytest.mark.django_db(transaction=True)


def by_secret(user, name="main"):
    return services.connect(
        user, environment="sandbox", name=name, credentials=Credentials("key", "secret")
    )


def by_pair(user, name="main"):
    return key_pairs.connect(user, environment="sandbox", name=name)


@pytest.mark.parametrize("begin", [by_secret, by_pair])
@pytest.mark.parametrize("status", ["verifying", "awaiting", "refused"])
def test_one_more_than_may_wait_is_not_begun(vault_keys, alice, bob, settings, begin, status):
    settings.MOST_UNFINISHED_LINKS = 2
    for _ in range(2):
        begin(alice)
    Connection.objects.update(status=status)
    with pytest.raises(services.LinkRefused, match="too_many_unfinished"):
        begin(alice)
    assert Connection.objects.count() == 2
    assert begin(bob).user == bob
    services.disconnect(Connection.objects.filter(user=alice).first(), now=timezone.now())
    assert begin(alice).user == alice


def test_who_is_connected_begins_another(market, alice, settings):
    settings.MOST_UNFINISHED_LINKS = 1
    for _ in range(2):
        link_account(alice, market)
    by_pair(alice)
    with pytest.raises(services.LinkRefused):
        by_secret(alice)


def test_pairs_of_linked_accounts_count_and_the_same_may_be_asked_for_again(
    market, alice, settings
):
    settings.MOST_UNFINISHED_LINKS = 1
    first, second = link_account(alice, market), link_account(alice, market)
    key_pairs.renew(first)
    key_pairs.renew(first)
    with pytest.raises(services.LinkRefused, match="too_many_unfinished"):
        key_pairs.renew(second)
    assert KeyPair.objects.get().connection == first


def test_two_requests_at_once_see_each_other(vault_keys, alice, settings):
    settings.MOST_UNFINISHED_LINKS = 1
    at_once, refused = threading.Barrier(4), []

    def ask():
        at_once.wait()
        try:
            by_pair(alice)
        except services.LinkRefused as refusal:
            refused.append(refusal.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert refused == ["too_many_unfinished"] * 3
    assert Connection.objects.count() == 1
