"""A contract that leaves the exchange: whoever has to do with it is told, once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from accounts.models import ActivityEvent
from exchanges.instruments import refresh_instruments
from exchanges.models import Connection, Instrument
from notifications.texts import render
from signals.domain.reasons import Reason
from signals.models import Copy, CopySettings
from signals.services import delisting, enrolling
from signals.services.copying import close_copy
from tests.fixtures.people import link_account, long_btc, make_user
from tests.fixtures.processes import eventually
from tests.integration.signals.steps import end_of, only_copy, settle
from tests.integration.signals.test_copy_life import publish
from tests.integration.signals.test_scheduling import schedule

pytestmark = pytest.mark.django_db(transaction=True)
LEAVES = datetime(2030, 3, 17, 8, 0, tzinfo=UTC)


def announce(market, at=LEAVES, **changes):
    change = {"delivery_time": int(at.timestamp() * 1000)} | changes
    market.post("instruments/BTCUSDT", **change)
    refresh_instruments("bybit", "sandbox", now=timezone.now())


def told():
    """Who has been told how often."""
    people = ActivityEvent.objects.filter(code="delisting").values_list("user__nickname", flat=True)
    return sorted(people)


def tell():
    return delisting.tell(now=timezone.now())


@pytest.fixture
def follower(market, author, alice, bob, mallory):
    """Alice's entry rests; Bob has closed his, and Mallory follows nobody."""
    link_account(alice, market)
    link_account(bob, market)
    publish(author)
    settle(market)
    close_copy(Copy.objects.get(user=bob), reason=Reason.CLOSED_BY_TRADER, now=timezone.now())
    settle(market)
    assert Copy.objects.get(user=bob).due_at is None
    return alice


def test_author_ops_and_traders_with_open_trades_are_told_once(market, follower):
    make_user("ops", is_superuser=True)
    make_user("former", is_superuser=True, is_active=False)
    assert tell() == 0
    announce(market)
    assert tell() == 3
    assert tell() == 0
    assert told() == ["alice", "author", "ops"]


@pytest.mark.parametrize(("language", "word"), [("en", "delists"), ("ko", "상장 폐지")])
def test_it_is_said_with_its_time_in_both_languages(market, follower, language, word):
    announce(market)
    tell()
    fact = ActivityEvent.objects.filter(code="delisting", user=follower).get()
    text = render(fact.code, fact.params, language)
    assert word in text
    assert "#BTC/USDT" in text
    assert "2030-03-17 08:00 UTC" in text


def test_another_day_is_told_anew_and_the_end_is_not(market, follower):
    announce(market)
    tell()
    announce(market, LEAVES + timedelta(hours=1))
    assert tell() == 0
    announce(market, LEAVES + timedelta(hours=1), status="Delivering")
    assert tell() == 0
    announce(market, LEAVES + timedelta(days=1))
    assert tell() == 2
    assert told() == ["alice", "alice", "author", "author"]


def test_one_without_a_word_before_is_told_as_well(market, follower):
    announce(market, status="Closed", delivery_time=0)
    assert tell() == 2
    fact = ActivityEvent.objects.filter(code="delisting", user=follower).get()
    assert "None" not in render(fact.code, fact.params, "ko")
    assert tell() == 0


def test_who_scheduled_a_signal_is_told_before_it_fails(market, author):
    schedule(author)
    announce(market)
    assert tell() == 1
    assert told() == ["author"]


@pytest.mark.parametrize("status", ["PreLaunch", "Trading"])
def test_what_does_not_leave_is_no_news(market, follower, status):
    announce(market, status=status, delivery_time=0)
    assert tell() == 0


def test_another_environments_contract_concerns_nobody_here(market, follower):
    row = Instrument.objects.get(symbol="BTCUSDT")
    row.pk, row.environment, row.delivery_at = None, "demo", LEAVES
    row.save()
    assert tell() == 0


def test_a_trade_goes_on_until_the_exchange_settles_it(market, author, alice):
    link_account(alice, market)
    market.price("BTCUSDT", 45950)
    publish(author, long_btc())
    settle(market)
    announce(market)
    settle(market)
    assert only_copy().status == "filled"
    market.post("instruments/BTCUSDT/delist", price="45980")
    refresh_instruments("bybit", "sandbox", now=timezone.now())
    settle(market)
    assert end_of(only_copy()) == ("closed", Reason.DELISTED)


def test_nobody_enters_any_more_once_it_is_announced(market, author, alice, bob):
    """Neither who was there at the publication and waits, nor who joins later."""
    link_account(alice, market)
    publish(author)
    announce(market)
    late = link_account(bob, market)
    CopySettings.objects.filter(connection=late).update(joins_open=True)
    assert enrolling.enrol_late(now=timezone.now()) == 1
    settle(market)
    ends = set(Copy.objects.values_list("status", "reason"))
    assert (ends, Copy.objects.count()) == ({("skipped", Reason.SYMBOL_LEAVES)}, 2)
    assert all(not market.ledger(link.exchange_uid)["orders"] for link in Connection.objects.all())


def test_an_entry_that_rests_already_goes_on(market, follower):
    announce(market)
    market.price("BTCUSDT", 45950)
    settle(market)
    assert Copy.objects.get(user=follower).status == "filled"


def test_the_sweeper_tells(market, follower, processes):
    announce(market)
    processes.sweeper()
    eventually(lambda: told() == ["alice", "author"], 30)
