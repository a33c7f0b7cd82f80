"""Signals that are published later, and how that can fail."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import ActivityEvent
from exchanges.instruments import refresh_instruments
from signals.domain.linting import WARNINGS
from signals.models import Copy, Signal
from signals.services import publishing
from tests.fixtures.people import link_account, long_btc
from tests.integration.signals.steps import follow, only_copy, settle
from tests.integration.signals.test_copy_life import codes, compare_with_ledger, publish

pytestmark = pytest.mark.django_db(transaction=True)
HOUR = timedelta(hours=1)
EVERY = [problem.value for problem in WARNINGS]


def schedule(author, *, accepted=(), draft=None):
    now = timezone.now()
    signal = publishing.create_signal(author, draft or long_btc(), now=now)
    return publishing.schedule(signal, at=now + HOUR, actor=author, now=now, accepted=accepted)


def reason_told(author):
    return ActivityEvent.objects.get(user=author, code="schedule_missed").params["reason"]


def test_a_signal_is_published_on_time_and_once(market, author, alice):
    link = link_account(alice, market)
    signal = schedule(author)
    assert publishing.publish_due(now=timezone.now()) == 0
    assert not Copy.objects.exists()
    due = signal.publish_at + timedelta(seconds=5)
    assert publishing.publish_due(now=due) == 1
    assert publishing.publish_due(now=due) == 0
    signal.refresh_from_db()
    assert (signal.status, signal.publish_at, signal.revision) == ("open", None, 1)
    Copy.objects.update(created_at=timezone.now(), due_at=timezone.now())
    settle(market)
    assert only_copy().status == "placed"
    compare_with_ledger(link, market)


def test_one_that_comes_too_late_is_a_draft_again_and_told(market, author, alice):
    link_account(alice, market)
    signal = schedule(author)
    assert publishing.publish_due(now=signal.publish_at + timedelta(seconds=61)) == 0
    signal.refresh_from_db()
    assert (signal.status, signal.publish_at, signal.revision) == ("draft", None, 0)
    assert reason_told(author) == "schedule_late"
    assert not Copy.objects.exists()


@pytest.mark.parametrize("accepted", [(), EVERY])
def test_warnings_that_appear_meanwhile_make_a_draft_of_it(market, author, alice, accepted):
    """Another signal of the same kind has been published in between."""
    link_account(alice, market)
    signal = schedule(author, accepted=accepted)
    publish(author)
    done = publishing.publish_due(now=signal.publish_at)
    signal.refresh_from_db()
    assert (done, signal.status) == ((1, "open") if accepted else (0, "draft"))
    assert codes(author).count("schedule_missed") == (0 if accepted else 1)
    assert Copy.objects.filter(signal=signal).exists() is bool(accepted)


def test_errors_that_appear_meanwhile_make_a_draft_of_it(market, author, alice):
    link_account(alice, market)
    signal = schedule(author, accepted=EVERY)
    market.post("instruments/BTCUSDT/delist")
    refresh_instruments("bybit", "sandbox", now=timezone.now())
    assert publishing.publish_due(now=signal.publish_at) == 0
    signal.refresh_from_db()
    assert signal.status == "draft"
    assert reason_told(author) == "schedule_errors"


def test_a_plan_can_be_changed_and_dropped(market, author):
    signal = schedule(author)
    with pytest.raises(publishing.NotPossible):
        publishing.schedule(signal, at=timezone.now() - HOUR, actor=author, now=timezone.now())
    later = publishing.schedule(
        signal, at=timezone.now() + 2 * HOUR, actor=author, now=timezone.now()
    )
    assert later.publish_at > signal.publish_at
    publishing.unschedule(signal, actor=author, now=timezone.now())
    follow()
    assert publishing.publish_due(now=timezone.now() + 3 * HOUR) == 0
    assert Signal.objects.get().status == "draft"


@pytest.mark.parametrize("late", [5, 61])
def test_one_that_is_postponed_as_its_time_comes_keeps_its_new_time(
    market, author, monkeypatch, late
):
    """The rules have changed so that it is refused, or its time has passed by too much."""
    signal = schedule(author)
    later = signal.publish_at + HOUR

    def postpone(postponed, *args, **kwargs):
        publishing.schedule(signal, at=later, actor=author, now=timezone.now())
        missed(postponed, *args, **kwargs)

    missed = publishing._missed
    monkeypatch.setattr(publishing, "_missed", postpone)
    monkeypatch.setattr(publishing, "publish", refuse)
    publishing.publish_due(now=signal.publish_at + timedelta(seconds=late))
    signal.refresh_from_db()
    assert (signal.status, signal.publish_at) == ("scheduled", later)


def refuse(*args, **kwargs):
    raise publishing.SignalRefused([])
