"""Connections keep to an outgoing address, and what hangs on a lost one finds another."""

from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured

from exchanges import egress
from exchanges.models import Connection
from hexagonal import env
from signals.models import Copy
from signals.services import sweeping, working
from tests.fixtures.people import link_account
from tests.integration.signals.test_copy_life import publish, work_now

pytestmark = pytest.mark.django_db(transaction=True)

TWO = {"127.0.0.2": "127.0.0.2", "127.0.0.3": "127.0.0.3"}


def test_connections_are_spread_evenly_and_leave_by_their_own_address(market, alice, bob, settings):
    market.post("limits", ip=True)
    settings.EGRESS = TWO
    links = [link_account(user, market, name=name) for user in (alice, bob) for name in "ab"]
    assert sorted(link.egress for link in links) == ["127.0.0.2"] * 2 + ["127.0.0.3"] * 2
    peaks = market.get("requests")["peak_by_address"]
    assert set(TWO) <= set(peaks)


def test_a_key_that_is_bound_to_our_addresses_works_by_each(market, alice, bob, settings):
    settings.EGRESS = TWO
    for user in (alice, bob):
        link = link_account(user, market, ips=list(TWO))
        assert link.status == "connected"


def test_what_hangs_on_a_lost_address_moves(market, author, alice, bob, settings):
    settings.EGRESS = {"127.0.0.2": "127.0.0.2"}
    for user in (alice, bob):
        link_account(user, market)
    publish(author)
    settings.EGRESS = {"127.0.0.3": "127.0.0.3"}
    assert working.work() == 0  # nobody spends the limits of an address that is gone
    sweeping.settle_addresses()
    assert set(Connection.objects.values_list("egress", flat=True)) == {"127.0.0.3"}
    assert work_now() == 2
    assert set(Copy.objects.values_list("status", "budget")) == {
        ("placed", "bybit/sandbox/127.0.0.3")
    }
    assert egress.resettle() == 0


@pytest.mark.parametrize(
    ("given", "ways"),
    [
        ("", {"": ""}),
        ("203.0.113.1", {"203.0.113.1": "203.0.113.1"}),
        ("10.0.0.5=203.0.113.1", {"203.0.113.1": "10.0.0.5"}),
        (
            "http://user:pass@proxy:3128=203.0.113.2, 203.0.113.1",
            {"203.0.113.2": "http://user:pass@proxy:3128", "203.0.113.1": "203.0.113.1"},
        ),
    ],
)
def test_addresses_are_read_from_the_environment(monkeypatch, given, ways):
    monkeypatch.setenv("EGRESS", given)
    assert env.egress("EGRESS") == ways


@pytest.mark.parametrize("given", ["http://proxy:3128", "10.0.0.5=", "1.1.1.1,1.1.1.1"])
def test_an_address_that_nobody_could_allow_is_refused_at_start(monkeypatch, given):
    monkeypatch.setenv("EGRESS", given)
    with pytest.raises(ImproperlyConfigured):
        env.egress("EGRESS")
