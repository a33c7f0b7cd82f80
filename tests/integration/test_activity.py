"""A fact with a key is told once, even when two workers find it at the same moment."""

from __future__ import annotations

import threading

import pytest
from django.db import connections
from django.utils import timezone

from accounts.activity import Fact, record
from accounts.choices import ActivityKind
from accounts.models import ActivityEvent
from notifications.models import OutboxMessage, TelegramLink

pytestmark = pytest.mark.django_db(transaction=True)


def test_two_at_once_tell_it_once_and_neither_fails(alice):
    TelegramLink.objects.create(user=alice, chat_id=1, linked_at=timezone.now())
    fact = Fact(ActivityKind.BAN, "suspended", alice.pk, {"name": "alice"}, key="once")
    start, failures = threading.Barrier(6), []

    def tell():
        try:
            start.wait(5)
            record(fact, now=timezone.now())
        except Exception as error:  # noqa: BLE001 - the test reports it
            failures.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=tell) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert ActivityEvent.objects.filter(key="once").count() == 1
    assert OutboxMessage.objects.count() == 1
