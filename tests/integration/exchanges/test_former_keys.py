"""A new key that is refused does not cost the one that it was to replace."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import ActivityEvent
from exchanges import gateway, rotation, services
from exchanges.domain.lanes import Lane
from exchanges.domain.trading import Credentials
from exchanges.metering import meter_of
from exchanges.models import Connection, FormerKey
from notifications.texts import render
from tests.fixtures.people import link_account

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def link(market, alice):
    return link_account(alice, market)


def enter(link, key):
    credentials = Credentials(key["api_key"], key["api_secret"])
    return services.replace_key(link, credentials=credentials)


def verified(link):
    services.verify(link.pk, now=timezone.now())
    link.refresh_from_db()
    return link


def equity(link):
    return gateway.exchange_of(link, meter_of(link, Lane.POLL)).balance().equity


def test_a_refused_key_gives_the_place_back_to_the_working_one(market, link):
    before = (bytes(link.sealed), link.key_hint, link.exchange_uid)
    new = market.account(uid=link.exchange_uid, read_only=True)
    assert enter(link, new).status == "verifying"
    link = verified(link)
    assert (link.status, link.reason) == ("connected", "")
    assert (bytes(link.sealed), link.key_hint, link.exchange_uid) == before
    assert equity(link) == 1000
    assert "read-only" in link.refused_new_key
    assert not FormerKey.objects.exists()
    event = ActivityEvent.objects.latest("pk")
    assert (event.code, event.params["reason"]) == ("api_key_kept", "read_only")
    assert "the former one stays" in render(event.code, event.params, "en")


def test_an_accepted_key_destroys_the_former_one(market, link):
    before = bytes(link.sealed)
    enter(link, market.account(uid=link.exchange_uid))
    assert bytes(FormerKey.objects.get().sealed) == before
    link = verified(link)
    assert (link.status, link.refused_new_key, FormerKey.objects.exists()) == (
        "connected",
        "",
        False,
    )
    assert bytes(link.sealed) != before


def test_two_tries_in_a_row_keep_the_key_that_worked(market, link):
    before = bytes(link.sealed)
    for _ in range(2):
        enter(link, market.account(read_only=True))
    assert bytes(FormerKey.objects.get().sealed) == before
    link = verified(link)
    assert (link.status, bytes(link.sealed)) == ("connected", before)


def test_what_was_wrong_with_the_former_key_is_still_said(market, link):
    Connection.objects.update(status="attention", reason="ip_not_allowed")
    link.refresh_from_db()
    enter(link, market.account(uid=link.exchange_uid, read_only=True))
    link = verified(link)
    assert (link.status, link.reason) == ("attention", "ip_not_allowed")
    assert "read-only" in link.refused_new_key


def test_a_key_that_was_never_verified_is_not_kept(market, alice):
    key = market.account(read_only=True)
    link = services.connect(
        alice,
        environment="sandbox",
        name="main",
        credentials=Credentials(key["api_key"], key["api_secret"]),
    )
    enter(link, market.account(read_only=True))
    assert not FormerKey.objects.exists()
    assert verified(link).status == "refused"


def test_a_key_of_an_account_that_is_linked_elsewhere_changes_nothing(market, link, bob):
    other = link_account(bob, market)
    enter(link, market.account(uid=other.exchange_uid))
    uid = link.exchange_uid
    link = verified(link)
    assert (link.status, link.exchange_uid) == ("connected", uid)
    assert "linked already" in link.refused_new_key


def test_disconnecting_destroys_the_former_key_too(market, link):
    enter(link, market.account())
    services.disconnect(link, now=timezone.now())
    assert not FormerKey.objects.exists()


def test_a_former_key_is_sealed_anew_with_the_others(market, link, next_key):
    """Its private file could otherwise be taken away before it comes back."""
    enter(link, market.account(uid=link.exchange_uid, read_only=True))
    old = set(rotation.boxes_by_key())
    new = next_key().stem
    assert rotation.count_left() == 2
    later = timezone.now() + services.VERIFY_CLAIM + timedelta(seconds=1)
    assert rotation.reseal(rotation.newest_key(), seconds=5, now=later) == 2
    assert (rotation.boxes_by_key(), old) == ({new: 2}, old - {new})
    link = verified(link)
    assert (link.status, equity(link)) == ("connected", 1000)
