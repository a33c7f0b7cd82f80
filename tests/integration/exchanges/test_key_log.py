"""Every opening of a key is on record before it begins, and the record cannot be changed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError, InternalError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from exchanges import gateway, key_log, key_pairs, rotation, services, tasks, vault, watching
from exchanges.choices import KeyPurpose
from exchanges.domain.lanes import Lane
from exchanges.key_log import KEPT, Use
from exchanges.metering import meter_of
from exchanges.models import Connection, KeyUse
from exchanges.streaming import _stream_of
from hexagonal.lib import roles
from tests.fixtures.people import link_account, make_user
from tests.fixtures.processes import eventually

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def link(market, alice):
    return link_account(alice, market)


@pytest.fixture
def afresh(link):
    """As if nothing had been used yet: later uses are not those of the verification."""
    allowed(lambda: KeyUse.objects.all().delete())
    return Connection.objects.get(pk=link.pk)


def allowed(change):
    """Change the record as only the table's owner can: with the trigger out of the way."""
    switch("DISABLE", "USER")
    change()
    switch("ENABLE", "USER")
    switch("DISABLE", "exchanges_key_uses_stay_whole")  # as the tests have it


def switch(way, trigger):
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE exchanges_keyuse {way} TRIGGER {trigger}")


def uses():
    return [
        (use.purpose, use.person.nickname if use.person else None)
        for use in KeyUse.objects.order_by("pk").select_related("person")
    ]


# --- append-only ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE exchanges_keyuse SET purpose = 'check'",
        "DELETE FROM exchanges_keyuse",
        "TRUNCATE exchanges_keyuse",
    ],
)
def test_the_database_refuses_to_change_it(link, statement):
    before = list(KeyUse.objects.values())
    assert before
    switch("ENABLE", "exchanges_key_uses_stay_whole")
    try:
        with pytest.raises(InternalError, match="append-only"), transaction.atomic():
            connection.cursor().execute(statement)
    finally:
        switch("DISABLE", "exchanges_key_uses_stay_whole")
    assert list(KeyUse.objects.values()) == before


def test_it_outlives_its_connection(link):
    count = KeyUse.objects.filter(connection_id=link.pk).count()
    assert count
    link.user.delete()
    assert not Connection.objects.exists()
    assert KeyUse.objects.filter(connection_id=link.pk).count() == count


def test_what_is_older_than_a_year_is_let_go_and_nothing_else(afresh):
    key_log.record([Use(afresh, KeyPurpose.VERIFY), Use(afresh, KeyPurpose.CHECK)])
    old = timezone.now() - KEPT - timedelta(hours=1)
    allowed(lambda: KeyUse.objects.filter(purpose="verify").update(at=old))
    tasks.forget_key_uses()
    assert uses() == [("check", None)]


# --- who and what --------------------------------------------------------------------------------


def test_a_verification_is_its_owners(link):
    assert uses() == [("verify", "alice")]
    use = KeyUse.objects.get()
    assert (use.connection, use.process, use.host) == (link, roles.role(), roles.host())
    assert abs(use.at - timezone.now()) < timedelta(seconds=30)


def test_a_look_is_nobodys_wish_unless_somebody_asks_for_it(afresh):
    def look():
        for found in watching.claim_stale(5, now=timezone.now(), age=timedelta(0)):
            watching.watch(found, now=timezone.now())

    look()
    look()  # within six hours: the same row speaks for it
    assert uses() == [("check", None)]
    Connection.objects.update(status="attention", reason="ip_not_allowed")
    services.check_again(afresh)
    look()
    assert uses() == [("check", None), ("check", "alice")]


def test_a_socket_says_that_it_listens(afresh):
    _stream_of(afresh.pk)
    assert uses() == [("stream", None)]


def test_a_key_pair_and_its_sealing_anew(market, alice, next_key):
    link = key_pairs.connect(alice, environment="sandbox", name="main")
    key_pairs.generate(link.key_pair.pk)
    assert uses() == [("pair", "alice")]
    next_key()
    assert rotation.reseal(rotation.newest_key(), seconds=5, now=timezone.now()) == 1
    assert uses() == [("pair", "alice"), ("reseal", None)]


def test_a_use_that_nobody_has_announced_is_on_record_all_the_same(afresh):
    for _ in range(2):
        gateway.exchange_of(afresh, meter_of(afresh, Lane.POLL))
    assert uses() == [("other", None)]
    key_log.record([Use(afresh, KeyPurpose.VERIFY, afresh.user_id)])
    gateway.exchange_of(afresh, meter_of(afresh, Lane.POLL))
    assert uses() == [("other", None), ("verify", "alice")]
    assert not afresh.is_use_recorded  # the next opening has to be announced anew


def test_no_key_is_opened_that_cannot_be_put_on_record(afresh, monkeypatch):
    def refuse(uses):
        raise DatabaseError("no room")

    opened = []
    monkeypatch.setattr(key_log, "record", refuse)
    monkeypatch.setattr(vault, "unseal", lambda *given, **named: opened.append(given))
    with pytest.raises(DatabaseError):
        gateway.exchange_of(afresh, meter_of(afresh, Lane.POLL))
    assert opened == []


def test_processes_say_who_they_are(market, alice, processes):
    """A worker verifies what the web has linked, and the stream's socket is the stream's."""
    processes.worker()
    key = market.account(balance="1000")
    services.connect(
        alice,
        environment="sandbox",
        name="main",
        credentials=services.Credentials(key["api_key"], key["api_secret"]),
    )
    eventually(lambda: Connection.objects.get().status == "connected", 40)
    assert KeyUse.objects.get(purpose="verify").process == "worker"


# --- the cost ------------------------------------------------------------------------------------


def test_a_chunk_is_one_statement_and_repeats_within_a_minute_are_one_row(market, alice):
    links = Connection.objects.bulk_create(
        Connection(user=make_user(f"t{n}"), environment="sandbox", name="a") for n in range(60)
    )
    every = [Use(link, KeyPurpose.ENTRY, alice.pk, symbol="BTCUSDT") for link in links]
    for _ in range(2):
        with CaptureQueriesContext(connection) as statements:
            key_log.record(every)
        assert len(statements) == 1
    assert KeyUse.objects.count() == 60
    with CaptureQueriesContext(connection) as statements:
        key_log.record([])
    assert len(statements) == 0


def test_a_row_speaks_for_its_span_and_its_purpose_alone(afresh):
    key_log.record([Use(afresh, KeyPurpose.WATCH)])
    key_log.record([Use(afresh, KeyPurpose.WATCH), Use(afresh, KeyPurpose.STOP)])
    assert uses() == [("watch", None), ("stop", None)]
    past = timezone.now() - timedelta(seconds=key_log.SPANS[KeyPurpose.WATCH] + 1)
    allowed(lambda: KeyUse.objects.update(at=past))
    key_log.record([Use(afresh, KeyPurpose.WATCH)])
    assert len(uses()) == 3
