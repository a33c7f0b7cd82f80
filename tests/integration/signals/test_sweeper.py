"""The sweeper as processes: one leads, and what is due is done without broker, worker or beat."""

from __future__ import annotations

import signal
import socket
import subprocess
import time
from contextlib import closing
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from signals.models import Copy, Heartbeat
from signals.selectors import seconds_since_beat
from signals.services import publishing, sweeping
from tests.fixtures.people import link_account, long_btc
from tests.fixtures.processes import eventually
from tests.integration.signals.steps import only_copy
from tests.integration.signals.test_copy_life import compare_with_ledger, publish

pytestmark = pytest.mark.django_db(transaction=True)
LEADS = "this sweeper leads"


@pytest.fixture
def dead_broker():
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        return f"redis://127.0.0.1:{free.getsockname()[1]}/0"


def leaders(processes, names):
    return [name for name in names if LEADS in processes.log(name)]


def end(child: subprocess.Popen[bytes], within: float) -> int:
    child.send_signal(signal.SIGTERM)
    return child.wait(within)


def test_one_of_three_leads_and_another_follows_within_five_seconds(market, processes):
    names = ["one", "two", "three"]
    children = {name: processes.sweeper(name) for name in names}
    (first,) = eventually(lambda: leaders(processes, names), 30)
    time.sleep(1.5)
    assert leaders(processes, names) == [first]

    children[first].kill()
    killed = time.monotonic()
    others = [name for name in names if name != first]
    eventually(lambda: leaders(processes, others), 10)
    assert time.monotonic() - killed < 5
    assert len(leaders(processes, others)) == 1


def test_a_leader_that_loses_its_session_gives_up_and_leads_again(market, processes):
    processes.sweeper("one")
    eventually(lambda: LEADS in processes.log("one"), 30)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_locks"
            " WHERE locktype = 'advisory' AND objid = %s AND database ="
            " (SELECT oid FROM pg_database WHERE datname = current_database())",
            [sweeping.LOCK],
        )
        assert cursor.fetchall() == [(True,)]
    eventually(lambda: "the leadership is lost" in processes.log("one"), 5)
    eventually(lambda: processes.log("one").count(LEADS) == 2, 5)


def test_without_broker_and_worker_the_sweeper_carries(
    market, author, alice, processes, dead_broker
):
    link = link_account(alice, market)
    sweeper = processes.sweeper("one", BROKER_URL=dead_broker)
    eventually(lambda: LEADS in processes.log("one"), 30)
    started = time.monotonic()
    publish(author)
    eventually(lambda: only_copy().status == "placed", 12)
    assert time.monotonic() - started < 10
    compare_with_ledger(link, market)
    assert "did not take" in processes.log("one")
    assert end(sweeper, 15) == 0


def test_the_sweeper_rings_for_workers_and_keeps_time(market, author, alice, processes):
    """A lost doorbell, and a signal that is scheduled; beat is not there."""
    link_account(alice, market)
    processes.worker()
    processes.sweeper("one")
    eventually(lambda: LEADS in processes.log("one"), 30)
    draft = publishing.create_signal(author, long_btc(), now=timezone.now())
    at = timezone.now() + timedelta(seconds=1)
    every = [finding.problem.value for finding in publishing.concerns(long_btc(), now=at)]
    publishing.schedule(draft, at=at, actor=author, now=timezone.now(), accepted=every)
    eventually(lambda: Copy.objects.filter(status="placed").exists(), 20)
    assert seconds_since_beat("sweeper") < 10
    eventually(lambda: Heartbeat.objects.filter(name="worker").exists(), 20)


def test_it_ends_within_a_chunk(market, author, alice, processes, dead_broker):
    link_account(alice, market)
    sweeper = processes.sweeper("one", BROKER_URL=dead_broker)
    eventually(lambda: LEADS in processes.log("one"), 30)
    publish(author)
    Copy.objects.update(due_at=timezone.now() - timedelta(seconds=20))
    market.fault("latency", path="/v5/order/create", ms=2000)
    eventually(lambda: Copy.objects.filter(lease_token__isnull=False).exists(), 15)
    assert end(sweeper, 20) == 0
    copy = only_copy()
    assert (copy.lease_token, copy.status) == (None, "placed")


def test_it_needs_a_workers_environment(processes, market):
    child = processes.start("poor", "manage.py", "run_sweeper", LINK_ID_KEY="")
    assert child.wait(30) != 0
    assert "needs a worker's environment" in processes.log("poor")
