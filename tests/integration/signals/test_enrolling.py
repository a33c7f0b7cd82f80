"""Publishing to many: a fixed number of statements, one fact, a few doorbells."""

from __future__ import annotations

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import ActivityEvent, User
from exchanges.domain.lanes import Lane
from exchanges.models import Connection
from signals.models import Copy, CopySettings
from signals.services import publishing, revising, sweeping
from signals.services.claiming import claim, split
from tests.fixtures.people import long_btc

pytestmark = pytest.mark.django_db(transaction=True)


def follow(count: int, start: int = 0) -> None:
    people = User.objects.bulk_create(
        User(email=f"t{n}@example.com", nickname=f"t{n}", has_telegram=True)
        for n in range(start, start + count)
    )
    links = Connection.objects.bulk_create(
        Connection(user=person, environment="sandbox", name="a", status="connected")
        for person in people
    )
    CopySettings.objects.bulk_create(CopySettings(connection=link) for link in links)


def publish(author):
    signal = publishing.create_signal(author, long_btc(), now=timezone.now())
    with CaptureQueriesContext(connection) as statements:
        publishing.publish(signal, actor=author, now=timezone.now(), accepted=EVERYTHING)
    return signal, len(statements)


EVERYTHING = ("draft_signal_twice",)


@pytest.fixture
def rung(monkeypatch) -> list[str]:
    bells: list[str] = []

    def ring(name: str) -> None:
        transaction.on_commit(lambda: bells.append(name))

    monkeypatch.setattr(revising, "enqueue_on_commit", ring)
    return bells


def test_publishing_costs_the_same_statements_for_many(market, author, rung, settings):
    settings.ENROL_PART, settings.CHUNK_SIZE = 1000, 50
    follow(1)
    _first, few = publish(author)
    follow(900, start=1)
    rung.clear()
    signal, many = publish(author)
    assert many == few
    copies = Copy.objects.filter(signal=signal)
    assert (copies.filter(status="pending").count(), copies.count()) == (900, 901)
    assert copies.get(status="skipped").reason == "symbol_busy"  # by the first signal
    assert ActivityEvent.objects.filter(code="signal_added").count() == 2
    assert ActivityEvent.objects.count() == 2  # traders are told by the workers, chunk by chunk
    assert len(rung) == revising.MOST_DOORBELLS


def test_the_order_is_drawn_anew_for_each_signal(market, author, rung):
    follow(50)
    orders = []
    for _ in range(2):
        signal, _count = publish(author)
        copies = Copy.objects.filter(signal=signal)
        orders.append(list(copies.order_by("shuffle").values_list("connection_id", flat=True)))
        copies.update(status="closed", due_at=None)
    assert sorted(orders[0]) == sorted(orders[1])
    assert orders[0] != orders[1]
    assert orders[0] != sorted(orders[0])


def test_workers_take_a_fair_share_of_what_is_due(market, author, rung, settings):
    """One of them would else be last with a whole chunk while the others rest."""
    settings.CHUNK_THREADS, settings.ORDER_WORKERS = 10, 3
    follow(95)
    publish(author)
    assert [len(claim(80).copies) for _ in range(3)] == [32, 32, 31]
    assert claim(80) is None


def test_what_the_dead_hold_hides_nothing_that_is_free(market, author, rung, settings):
    settings.CHUNK_THREADS, settings.ORDER_WORKERS = 10, 1
    follow(50)
    publish(author)
    assert [len(claim(10).copies) for _ in range(5)] == [10] * 5


def test_the_sweeper_wakes_as_many_as_a_publication(market, author, rung, settings, monkeypatch):
    settings.CHUNK_THREADS, settings.CHUNK_SIZE = 10, 80
    follow(35)
    publish(author)
    bells: list[str] = []
    monkeypatch.setattr(sweeping, "enqueue", lambda name, **_: bells.append(name))
    sweeping.ring()
    assert bells == rung == ["signals.work"] * 4


UNLUCKY = ["hashjoin", "mergejoin", "hashagg", "sort", "material", "memoize"]
UNLUCKY += ["indexscan", "bitmapscan", "indexonlyscan"]
LANES = {"entry": Lane.ENTRY, "record": Lane.RECORD}  # by address, and without


@pytest.mark.parametrize("lane", LANES)
def test_a_claim_takes_no_more_than_its_limit_however_it_is_planned(market, author, rung, lane):
    """The planner's figures of a table that has just grown are wrong: any plan may come."""
    follow(60)
    publish(author)
    Copy.objects.update(lane=LANES[lane])
    with connection.cursor() as cursor:
        for name in UNLUCKY:
            cursor.execute(f"SET enable_{name} = off")
    try:
        assert len(claim(20).copies) == 20
    finally:
        connection.close()  # its settings go with it
    assert Copy.objects.exclude(lease_token=None).count() == 20


def test_a_chunk_is_drawn_evenly_from_all_addresses(market, author, rung, settings):
    settings.ORDER_WORKERS = 1
    settings.EGRESS = {"": "", "127.0.0.2": "127.0.0.2", "127.0.0.3": "127.0.0.3"}
    follow(60)
    publish(author)
    other = Copy.objects.first().budget.rsplit("/", 1)[0] + "/127.0.0.2"
    many = Copy.objects.order_by("pk").values_list("pk", flat=True)[:50]
    Copy.objects.filter(pk__in=list(many)).update(budget=other)
    lease = claim(20)
    drawn = Copy.objects.filter(pk__in=lease.copies)
    assert drawn.filter(budget=other).count() == drawn.exclude(budget=other).count() == 10
    assert len(claim(20).copies) == 20  # what is left is all of one address
    assert len(claim(20).copies) == 20


def test_what_one_address_does_not_need_goes_to_others():
    assert split({"a": 500, "b": 1, "c": 1}, 32) == {"a": 30, "b": 1, "c": 1}
    assert split({"a": 0, "b": 90}, 112) == {"a": 0, "b": 90}
    many = dict.fromkeys("abcdefghijklmnopqrst", 99)
    drawn = [split(many, 32) for _ in range(40)]
    assert {sum(parts.values()) for parts in drawn} == {32}
    assert all(any(parts[name] == 2 for parts in drawn) for name in many)  # nobody is always last
