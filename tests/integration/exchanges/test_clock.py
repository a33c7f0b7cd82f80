"""A host whose clock is off sends nothing, says so, and goes on when it is right again."""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest
from django.utils import timezone

from exchanges import clock
from exchanges.domain.errors import Unavailable
from exchanges.models import HostClock
from signals.models import Copy
from signals.services import working
from tests.fixtures.people import link_account
from tests.integration.signals.steps import only_copy
from tests.integration.signals.test_copy_life import publish

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _fresh(monkeypatch):
    monkeypatch.setattr(clock, "_readings", {})


def measure_now(market, offset_ms):
    """Compare the clocks; the exchange's is moved, which is the same as moving ours back."""
    market.post("clock", offset_ms=offset_ms)
    for place, reading in list(clock._readings.items()):
        clock._readings[place] = clock.Reading(reading.ahead_ms, reading.taken - 60)
    clock.keep_measured()


@pytest.mark.parametrize(
    ("theirs", "ahead", "may_send"),
    [
        (0, 0, True),
        (-800, 800, True),
        (-1200, 1200, False),
        (2000, -2000, True),
        (6000, -6000, False),
    ],
)
def test_the_offset_is_measured_and_kept(market, theirs, ahead, may_send):
    measure_now(market, theirs)

    row = HostClock.objects.get()
    assert (row.exchange, row.environment) == ("bybit", "sandbox")
    assert abs(row.ahead_ms - ahead) < 100
    if may_send:
        clock.check_clock("bybit", "sandbox")
    else:
        with pytest.raises(Unavailable):
            clock.check_clock("bybit", "sandbox")


def test_it_is_asked_for_every_half_minute_not_for_every_order(market):
    for _ in range(5):
        clock.keep_measured()
    assert market.paths()["/v5/market/time"] == 1


def test_a_slow_answer_says_less_but_nothing_wrong(market):
    market.post("latency", ms=400)
    measure_now(market, -1000)
    assert 500 < HostClock.objects.get().ahead_ms <= 1000
    measure_now(market, 100)
    assert -100 <= HostClock.objects.get().ahead_ms <= 0


def test_an_exchange_that_does_not_answer_changes_nothing(market):
    measure_now(market, -1200)
    market.fault("http", path="/v5/market/time", status=503)
    measure_now(market, 0)
    with pytest.raises(Unavailable):
        clock.check_clock("bybit", "sandbox")


@pytest.mark.parametrize("offset_ms", [-2000, 6000])
def test_nothing_is_sent_with_a_wrong_clock(market, author, alice, offset_ms, caplog):
    link = link_account(alice, market)
    publish(author)
    with caplog.at_level(logging.WARNING):
        measure_now(market, offset_ms)
    assert "nothing is sent" in caplog.text
    for _ in range(4):
        Copy.objects.update(due_at=timezone.now())
        working.work()
    assert "/v5/order/create" not in market.paths()
    assert (only_copy().status, only_copy().attempts) == ("pending", 4)
    assert only_copy().due_at > timezone.now() + timedelta(seconds=3)  # not looped quickly

    caplog.clear()
    with caplog.at_level(logging.WARNING):
        measure_now(market, 0)
    assert "is right again" in caplog.text
    Copy.objects.update(due_at=timezone.now())
    working.work()
    assert only_copy().status == "placed"
    assert len(market.ledger(link.exchange_uid)["orders"]) == 1


def test_a_refused_timestamp_is_not_tried_again_at_once(market, author, alice):
    """The clock was right at the last comparison, and is not any more."""
    link_account(alice, market)
    publish(author)
    clock.keep_measured()
    market.post("clock", offset_ms=-2000)
    working.work()
    assert market.paths()["/v5/order/create"] == 1
    assert working.work() == 0
    assert only_copy().status == "pending"
    assert only_copy().due_at > timezone.now() + timedelta(seconds=0.5)
