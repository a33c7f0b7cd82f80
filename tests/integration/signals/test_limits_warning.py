"""More accounts than the exchange's limits let in while an entry lives: a warning to be ticked."""

from __future__ import annotations

import pytest
from django.utils import timezone

from exchanges.models import Connection
from signals.domain.linting import Problem
from signals.services import publishing
from signals.services.preview import preview
from tests.fixtures.people import link_account, long_btc
from tests.integration.signals.test_entries import ladder

pytestmark = pytest.mark.django_db(transaction=True)
SLOW = Problem.LIMITS_TOO_SLOW


@pytest.fixture
def three(market, author, alice, bob, settings):
    """Three accounts, and an address that takes one entry every five seconds."""
    settings.EGRESS_REQUESTS, settings.SIGNAL_TTL_SECONDS = 1, 10
    settings.EGRESS = {"": "", "127.0.0.2": ""}
    for user, name in ((alice, "main"), (bob, "main"), (bob, "second")):
        link_account(user, market, name=name)
    Connection.objects.update(egress="")


def warned(now):
    return {f.problem: f.params for f in publishing.concerns(long_btc(), now=now)}


def test_it_counts_the_busiest_address(three, author, alice):
    now = timezone.now()
    assert warned(now)[SLOW] == {"seconds": 10, "most": 10}
    shown = preview(long_btc(), author=author, now=now)
    assert shown.is_too_slow
    assert SLOW in {finding.problem for finding in shown.warnings}

    Connection.objects.filter(user=alice).update(egress="127.0.0.2")
    assert SLOW not in warned(now)
    assert SLOW in {f.problem for f in publishing.concerns(long_btc(entry=ladder()), now=now)}


def test_each_exchange_has_limits_of_its_own(three, author, alice, settings):
    now, settings.SIGNAL_TTL_SECONDS = timezone.now(), 5
    Connection.objects.filter(user=alice).update(exchange="okx")
    assert SLOW in warned(now)  # two are left on Bybit
    Connection.objects.filter(name="main").update(exchange="okx")
    assert SLOW not in warned(now)  # OKX takes 43 at once
    assert not preview(long_btc(), author=author, now=now).is_too_slow


def test_it_must_be_ticked(three, author):
    now = timezone.now()
    signal = publishing.create_signal(author, long_btc(), now=now)
    with pytest.raises(publishing.WarningsOpen):
        publishing.publish(signal, actor=author, now=now)
    every = [problem.value for problem in warned(now)]
    assert publishing.publish(signal, actor=author, now=now, accepted=every).status == "open"
