"""The steps of a verification: stored as they are found, each with what it has found."""

from __future__ import annotations

import socket
import threading
import time

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import ActivityEvent
from exchanges import receiving, services
from exchanges.domain.trading import Credentials
from exchanges.governor import governor
from exchanges.models import Connection, SocketOpening
from exchanges.progress import steps_of
from tests.fixtures.processes import eventually

pytestmark = pytest.mark.django_db(transaction=True)
TRADE = ["Order", "Position"]
PASSED = dict.fromkeys(
    ["key", "permissions", "withdrawal", "address", "account", "balance", "status"], "passed"
)
KNOWN = dict.fromkeys(("key", "permissions", "withdrawal", "address"), "passed")


def begin(user, key, **changes):
    credentials = Credentials(key["api_key"], changes.get("secret", key["api_secret"]))
    return services.connect(user, environment="sandbox", name="main", credentials=credentials)


def verified(link):
    services.verify(link.pk, now=timezone.now())
    link.refresh_from_db()
    return link


def states(link):
    return [(step.step.value, step.state) for step in steps_of(link)]


def sockets_opened(market):
    return sum(market.get("streams")["opened"].values())


def test_before_a_worker_comes_every_step_waits(market, alice):
    link = begin(alice, market.account())
    assert link.checks == {}
    assert {state for _, state in states(link)} == {"waiting"}


def test_a_good_key_passes_every_step(market, alice):
    link = verified(begin(alice, market.account()))
    assert (link.status, link.checks) == ("connected", PASSED)
    assert [state for _, state in states(link)] == ["passed"] * 7


@pytest.mark.parametrize(
    ("key", "checks"),
    [
        ({"revoked": True}, {"key": "invalid_key"}),
        ({"expired": True}, {"key": "key_expired"}),
        ({"ips": ["10.1.2.3"]}, {"key": "passed", "address": "ip_not_allowed"}),
        ({"read_only": True}, KNOWN | {"permissions": "read_only"}),
        (
            {"permissions": {"ContractTrade": TRADE, "Wallet": ["Withdraw"]}},
            KNOWN | {"withdrawal": "can_withdraw"},
        ),
        ({"uta": 0}, KNOWN | {"account": "not_unified"}),
        (
            {"read_only": True, "uta": 0, "permissions": {"Wallet": ["Withdraw"]}},
            KNOWN
            | {"permissions": "read_only", "withdrawal": "can_withdraw", "account": "not_unified"},
        ),
    ],
)
def test_what_is_wrong_is_said_at_its_step_and_nothing_that_was_not_looked_at(
    market, alice, key, checks
):
    link = verified(begin(alice, market.account(**key)))
    assert (link.status, link.checks) == ("refused", checks)
    for step in steps_of(link):
        expected = checks.get(step.step.value)
        if expected is None:
            assert step.state == "skipped"
        else:
            assert step.state == ("passed" if expected == "passed" else "failed")
            assert bool(step.title and step.text) is (step.state == "failed")


def test_a_wrong_secret_fails_the_key(market, alice):
    assert verified(begin(alice, market.account(), secret="x" * 36)).checks == {
        "key": "wrong_secret"
    }


def test_an_account_that_is_linked_already_fails_at_the_account(market, alice, bob):
    first = verified(begin(bob, market.account()))
    link = verified(begin(alice, market.account(uid=first.exchange_uid)))
    assert (link.status, link.checks["account"]) == ("refused", "duplicate_account")


@pytest.mark.parametrize(
    ("path", "running", "passed"),
    [
        ("/v5/user/query-api", "key", 0),
        ("/v5/account/wallet-balance", "balance", 5),
    ],
)
def test_a_step_is_stored_while_it_runs(market, alice, path, running, passed):
    """The worker waits for an answer that comes slowly; whoever looks sees where it is."""
    market.fault("latency", path=path, ms=2500)
    link = begin(alice, market.account())

    def work():
        services.verify(link.pk, now=timezone.now())
        connection.close()

    worker = threading.Thread(target=work)
    worker.start()
    try:
        eventually(
            lambda: Connection.objects.filter(**{f"checks__{running}": "running"}).exists(), 10
        )
        link.refresh_from_db()
        assert link.status == "verifying"
        shown = dict(states(link))
        assert shown[running] == "running"
        assert list(shown.values()).count("passed") == passed
    finally:
        worker.join()
    link.refresh_from_db()
    assert (link.status, link.checks) == ("connected", PASSED)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ({"kind": "http", "status": 503}, "unavailable"),
        ({"kind": "retcode", "code": 10006, "message": "Too many visits!"}, "busy"),
    ],
)
def test_an_exchange_that_does_not_answer_leaves_the_step_waiting(market, alice, fault, reason):
    market.fault(path="/v5/account/wallet-balance", **fault)
    link = verified(begin(alice, market.account()))
    assert (link.status, link.reason) == ("verifying", reason)
    (balance,) = (step for step in steps_of(link) if step.step == "balance")
    assert (balance.state, balance.reason) == ("waiting", reason)
    assert balance.text
    market.clear_faults()
    Connection.objects.update(checked_at=None)
    assert verified(link).checks == PASSED


# --- status receivable ----------------------------------------------------------------------------


def test_the_socket_is_opened_once_and_closed(market, alice):
    verified(begin(alice, market.account()))
    assert sockets_opened(market) == 1
    assert SocketOpening.objects.count() == 1  # counted among those of the address
    eventually(lambda: market.get("streams")["sockets"] == [])


@pytest.mark.parametrize("trouble", [{"kind": "refuse", "status": 403}, {"kind": "silence"}])
def test_who_cannot_be_heard_is_connected_and_told(market, alice, trouble):
    market.post("streams/troubles", **trouble)
    link = verified(begin(alice, market.account()))
    assert (link.status, link.reason) == ("connected", "")
    assert link.checks == PASSED | {"status": "status_unheard"}
    *_, status = steps_of(link)
    assert (status.state, bool(status.text)) == ("warned", True)


@pytest.mark.parametrize("status", [403, 503])
def test_a_handshake_that_is_refused_stops_nobodys_requests(market, alice, status):
    """Too many new sockets, most likely; a ban shows itself to the next request."""
    market.post("streams/troubles", kind="refuse", status=status)
    link = verified(begin(alice, market.account()))
    assert link.checks["status"] == "status_unheard"
    assert governor().room([link.budget])[link.budget].frozen == 0


def test_a_probe_ends_though_a_name_is_looked_up_without_an_end(
    market, alice, settings, monkeypatch
):
    """The system's own look-up can neither be cancelled nor outrun by its event loop."""
    link = verified(begin(alice, market.account()))
    settings.BYBIT_SANDBOX_URL = settings.BYBIT_SANDBOX_URL.replace("127.0.0.1", "localhost")
    look_up, answered = socket.getaddrinfo, threading.Event()

    def slow_look_up(*args, **more):
        answered.wait(receiving.END_SECONDS + 6)
        return look_up(*args, **more)

    monkeypatch.setattr(socket, "getaddrinfo", slow_look_up)
    started = time.monotonic()
    assert receiving.hears(link) is False
    answered.set()
    assert time.monotonic() - started < receiving.END_SECONDS + 1


def test_sockets_of_open_trades_come_before_a_probe(market, alice, settings):
    settings.STREAM_OPENINGS = 5  # of which probes may take one
    first = verified(begin(alice, market.account()))
    second = verified(begin(alice, market.account()))
    assert (first.checks["status"], second.checks["status"]) == ("passed", "status_unheard")
    assert second.status == "connected"
    assert sockets_opened(market) == 1


def test_a_verdict_without_the_socket_asks_for_none(market, alice):
    verified(begin(alice, market.account(read_only=True)))
    assert sockets_opened(market) == 0
    assert ActivityEvent.objects.get().params["guide"].endswith("/guide/bybit/")
