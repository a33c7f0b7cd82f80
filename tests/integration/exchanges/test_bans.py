"""A ban is on record, rings, and is known again when Redis has forgotten it."""

from __future__ import annotations

import socket

import pytest
import redis
from django.conf import settings
from django.utils import timezone

from exchanges import bans
from exchanges.domain.lanes import Lane
from exchanges.governor import Ask, Governor, governor
from exchanges.models import EgressBan
from signals import tasks
from signals.choices import AlarmLevel
from signals.models import Alarm
from signals.services.alarms import watch
from tests.fixtures.people import link_account
from tests.integration.signals.test_copy_life import publish

pytestmark = pytest.mark.django_db(transaction=True)


def another_process(url: str = "") -> Governor:
    figures = {"most": 40, "span_ms": 500, "processes": 2, "assumed": 0}
    return Governor(url or settings.REDIS_URL, **figures)


def may_send(process: Governor, budget: str) -> bool:
    (permit,) = process.take([Ask(budget, Lane.PROTECT)])
    return permit.is_granted


def empty_redis() -> None:
    redis.Redis.from_url(settings.REDIS_URL).flushdb()


def test_a_ban_survives_the_loss_of_redis_and_of_the_process_that_met_it(market, alice):
    budget = link_account(alice, market).budget
    another_process().freeze(budget, 600)
    bans.keep_bans()
    left = EgressBan.objects.get().until - timezone.now()
    assert 595 < left.total_seconds() < 602

    empty_redis()
    governor.cache_clear()  # the sweeper is another one as well
    assert may_send(another_process(), budget)
    bans.keep_bans()
    assert not may_send(another_process(), budget)
    assert 590 < another_process().room([budget])[budget].frozen <= 601


def test_a_process_that_has_heard_of_a_ban_keeps_to_it_without_redis():
    one, another = another_process(), another_process()
    one.freeze("a", 600)
    another.room(["a"])
    empty_redis()
    assert not may_send(another, "a")


def test_what_a_process_without_redis_meets_is_on_record(market, alice, monkeypatch):
    """The worker alone knows of the ban; nothing is due, so nothing else is asked."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    lonely = another_process(f"redis://127.0.0.1:{port}/0")
    monkeypatch.setattr(bans, "governor", lambda: lonely)
    lonely.freeze("bybit/sandbox/", 600)
    tasks.work()
    assert EgressBan.objects.get().budget == "bybit/sandbox/"


def test_looking_again_and_again_does_not_prolong_a_ban(market):
    governor().freeze("bybit/sandbox/", 600)
    bans.keep_bans()
    first = EgressBan.objects.get().until
    for _ in range(20):
        bans.keep_bans()
    assert EgressBan.objects.get().until == first


def test_a_longer_ban_replaces_a_shorter_one(market):
    governor().freeze("bybit/sandbox/", 60)
    bans.keep_bans()
    governor().freeze("bybit/sandbox/", 600)
    bans.keep_bans()
    assert (EgressBan.objects.get().until - timezone.now()).total_seconds() > 590


def test_a_ban_rings_until_it_is_over(market, author, alice):
    """The exchange says 403 to an entry; ops see which address, and until when."""
    link = link_account(alice, market)
    publish(author)
    market.fault("http", path="/v5/order/create", status=403)
    tasks.work()
    bans.keep_bans()
    watch()
    alarm = Alarm.objects.get(code="address_banned")
    assert (alarm.level, alarm.subject) == (AlarmLevel.CRITICAL, link.budget)
    ends = EgressBan.objects.get().until
    assert alarm.detail == f"until {ends:%H:%M:%S} UTC"

    EgressBan.objects.update(until=timezone.now())
    watch()
    alarm.refresh_from_db()
    assert alarm.cleared_at is not None
