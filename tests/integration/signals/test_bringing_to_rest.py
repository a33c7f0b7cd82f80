"""Between two measurements nobody works any more: what is forgotten is in no worker's hands."""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.utils import timezone

from benchmarks.resting import bring_to_rest
from signals.models import Copy, Enrolment
from signals.services import working
from tests.fixtures.people import link_account
from tests.fixtures.processes import eventually
from tests.integration.signals.steps import only_copy
from tests.integration.signals.test_copy_life import publish

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_chunk_in_hand_is_finished_first(market, author, alice):
    link_account(alice, market, leverage={"BTCUSDT": "10"})
    publish(author)
    market.fault("latency", path="/v5/order/create", ms=1000)
    failures = []

    def work():
        try:
            working.work()
        except Exception as error:  # noqa: BLE001 - the test reports it
            failures.append(error)
        finally:
            connection.close()

    worker = threading.Thread(target=work)
    worker.start()
    eventually(lambda: Copy.objects.filter(lease_token__isnull=False).exists())
    bring_to_rest(seconds=10)
    copy = only_copy()
    assert (copy.status, copy.lease_token, copy.due_at) == ("placed", None, None)
    worker.join()
    assert failures == []


def test_what_waits_is_taken_by_nobody_any_more(market, author, alice, settings):
    settings.ENROL_PART = 1
    for name in ("one", "two", "three"):
        link_account(alice, market, name=name)
    publish(author)
    bring_to_rest(seconds=5)
    assert not Enrolment.objects.exists()
    assert working.work() == 0


def test_who_does_not_come_to_rest_is_not_measured(market, author, alice):
    link_account(alice, market)
    publish(author)
    until = timezone.now() + timedelta(hours=1)
    Copy.objects.update(lease_token=uuid4(), lease_until=until)
    started = time.monotonic()
    with pytest.raises(SystemExit, match="do not come to rest"):
        bring_to_rest(seconds=0.5)
    assert time.monotonic() - started < 5
