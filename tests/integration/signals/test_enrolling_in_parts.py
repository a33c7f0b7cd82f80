"""Publishing to more connections than one transaction takes: parts, and who carries them out."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from accounts.models import ActivityEvent
from signals import tasks
from signals.models import Copy, CopySettings, Enrolment, Order
from signals.services import enrolling, invariants, nominal, publishing, revising, sweeping, working
from signals.services.enrolling import enrol_next
from tests.fixtures.people import link_account, long_btc
from tests.fixtures.processes import eventually
from tests.integration.signals.steps import D, follow, settle
from tests.integration.signals.test_copy_life import codes, compare_with_ledger, publish
from tests.integration.signals.test_enrolling import follow as make_followers
from tests.integration.signals.test_rules import eth

pytestmark = pytest.mark.django_db(transaction=True)
PART = 10
FOLLOWERS = 60


@pytest.fixture
def parts(settings):
    """Sixty connections fall into six parts of about ten."""
    settings.ENROL_PART = PART
    make_followers(FOLLOWERS)
    return FOLLOWERS // PART


@pytest.fixture
def one_by_one(settings):
    """About one connection a part: the accounts of a test fall into several."""
    settings.ENROL_PART = 1


def carry_out_all():
    while enrol_next():
        pass


def at_once(*steps):
    threads = [threading.Thread(target=_apart, args=[step]) for step in steps]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _apart(step):
    try:
        step()
    finally:
        connection.close()


def copies(signal):
    return Copy.objects.filter(signal=signal)


def everybody():
    return sorted(CopySettings.objects.values_list("connection_id", flat=True))


def enrolled(signal):
    return sorted(copies(signal).values_list("connection_id", flat=True))


def age(signal, seconds):
    """Let the signal have been published earlier."""
    signal.published_at -= timedelta(seconds=seconds)
    signal.save(update_fields=["published_at"])


# --- everybody, once -----------------------------------------------------------------------------


def test_publishing_makes_one_part_and_leaves_the_others(market, author, parts):
    signal = publish(author)
    assert 0 < copies(signal).count() < FOLLOWERS
    assert list(signal.enrolments.values_list("part", flat=True)) == list(range(1, parts))
    carry_out_all()
    assert enrolled(signal) == everybody()
    assert not Enrolment.objects.exists()


def test_all_copies_are_as_old_as_the_publication(market, author, parts):
    """Their time to live is the signal's, and who goes first is drawn among all of them."""
    signal = publish(author)
    carry_out_all()
    times = copies(signal).values_list("created_at", "due_at")
    assert set(times) == {(signal.published_at, signal.published_at)}


def test_parts_are_drawn_anew_for_each_signal(market, author, parts):
    first = publish(author)
    early = enrolled(first)
    carry_out_all()
    copies(first).update(status="closed", due_at=None)
    second = publish(author)
    assert enrolled(second) != early


def test_a_worker_that_dies_in_a_part_leaves_it_to_the_next(market, author, parts, monkeypatch):
    signal = publish(author)
    before = copies(signal).count()

    def die(copies):
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(enrolling, "ring", die)  # after the copies, before the part is done
        with pytest.raises(SystemExit):
            enrol_next()
    assert (copies(signal).count(), Enrolment.objects.count()) == (before, parts - 1)
    carry_out_all()
    assert enrolled(signal) == everybody()


def test_two_workers_at_once(market, author, parts):
    signal = publish(author)

    def work():
        while Enrolment.objects.exists():
            enrol_next()

    at_once(work, work, work)
    assert enrolled(signal) == everybody()


def test_a_part_that_is_carried_out_twice_changes_nothing(market, author, parts):
    signal = publish(author)
    again = list(signal.enrolments.all())
    carry_out_all()
    Enrolment.objects.bulk_create(again)
    carry_out_all()
    assert enrolled(signal) == everybody()


def test_a_worker_does_not_wait_for_a_symbol_that_is_taken(market, author, parts):
    signal = publish(author)
    with transaction.atomic():
        revising.lock_copies_of(signal.symbol)
        found = []
        at_once(lambda: found.append(enrol_next()))
    assert found == [False]
    assert enrol_next()


def test_bad_data_holds_up_neither_other_symbols_nor_the_worker(
    market, author, parts, monkeypatch, caplog
):
    bad, good = publish(author), publish(author, eth())
    carry_out = enrolling._carry_out

    def refuse(part):
        if part.signal == bad:
            raise ValueError
        return carry_out(part)

    monkeypatch.setattr(enrolling, "_carry_out", refuse)
    carry_out_all()
    assert enrolled(good) == everybody()
    assert bad.enrolments.count() == parts - 1
    assert "nobody could be enrolled" in caplog.text


# --- the same symbol, and who comes later --------------------------------------------------------


def test_of_two_signals_on_a_symbol_the_first_has_everybody(market, author, parts):
    first = publish(author)
    second = publish(author)
    assert not copies(second).exists()
    carry_out_all()
    assert enrolled(first) == enrolled(second) == everybody()
    assert set(copies(first).values_list("status", "reason")) == {("pending", "")}
    assert set(copies(second).values_list("status", "reason")) == {("skipped", "symbol_busy")}


def test_another_symbol_does_not_wait(market, author, parts):
    first, second = publish(author), publish(author, eth())
    assert copies(first).exists()
    assert copies(second).exists()
    carry_out_all()
    assert enrolled(first) == enrolled(second) == everybody()


def test_two_signals_on_a_symbol_at_once(market, author, parts):
    signals = []

    def work():
        for _ in range(3 * parts):
            enrol_next()

    at_once(
        lambda: signals.append(publish(author)), lambda: signals.append(publish(author)), work, work
    )
    carry_out_all()
    for signal in signals:
        assert enrolled(signal) == everybody()
    pending = Copy.objects.filter(status="pending")
    assert pending.count() == FOLLOWERS
    assert set(Copy.objects.exclude(status="pending").values_list("reason")) == {("symbol_busy",)}


def test_who_was_linked_after_the_publication_is_not_enrolled(market, author, parts):
    before = everybody()
    signal = publish(author)
    make_followers(5, start=FOLLOWERS)
    carry_out_all()
    assert enrolled(signal) == before


def test_late_joiners_wait_until_all_parts_are_through(market, author, parts):
    """Whoever's part still waits has not missed the signal: their minute began with it."""
    signal = publish(author)
    make_followers(5, start=FOLLOWERS)
    CopySettings.objects.update(joins_open=True)
    assert enrolling.enrol_late(now=timezone.now()) == 0
    carry_out_all()
    assert enrolling.enrol_late(now=timezone.now()) == 5
    assert enrolled(signal) == everybody()
    assert copies(signal).filter(created_at=signal.published_at).count() == FOLLOWERS


def test_somebody_who_has_a_copy_already_keeps_it(market, author, parts):
    signal = publish(author)
    own = copies(signal).first()
    Enrolment.objects.create(signal=signal, part=0, parts=parts, newest=10**9)
    carry_out_all()
    assert enrolled(signal) == everybody()
    assert Copy.objects.get(connection=own.connection_id).pk == own.pk


# --- the signal goes on meanwhile ----------------------------------------------------------------


@pytest.mark.parametrize("step", ["cancel_entries", "close"])
def test_a_signal_that_is_withdrawn_between_parts(market, author, alice, bob, one_by_one, step):
    links = [link_account(user, market) for user in (alice, bob)]
    links += [link_account(alice, market, name=f"more {n}") for n in range(4)]
    signal = publish(author)
    assert Enrolment.objects.exists()
    getattr(publishing, step)(signal, actor=author, now=timezone.now())
    tasks.work()
    assert enrolled(signal) == sorted(link.pk for link in links)
    assert set(copies(signal).values_list("status")) == {("expired",)}
    assert not Order.objects.exists()
    assert {"published", "expired"} <= set(codes(bob))
    assert "" not in copies(signal).values_list("reason", flat=True)


def test_an_amended_signal_is_entered_as_it_is_now(market, author, alice, bob, one_by_one):
    links = [link_account(user, market) for user in (alice, bob)]
    links += [link_account(bob, market, name=f"more {n}") for n in range(4)]
    signal = publish(author)
    publishing.amend(signal, long_btc(stop=D(45000)), actor=author, now=timezone.now())
    tasks.work()
    settle(market)
    assert set(Order.objects.filter(leg="entry").values_list("stop", flat=True)) == {D(45000)}
    for link in links:
        compare_with_ledger(link, market)


def test_a_note_reaches_those_whose_part_waits(market, author, parts):
    signal = publish(author)
    CopySettings.objects.filter(connection_id=everybody()[-1]).update(is_enabled=False)
    publishing.tell(signal, text="hold on", actor=author, now=timezone.now())
    told = ActivityEvent.objects.filter(code="noted").values_list("user__connections", flat=True)
    late = Copy.objects.filter(connection_id=everybody()[-1]).exists()  # was in the first part
    assert sorted(told) == everybody()[: None if late else -1]


def test_a_part_that_comes_too_late_is_never_sent(market, author, alice, bob, one_by_one):
    links = [link_account(alice, market, name=f"more {n}") for n in range(6)]
    signal = publish(author)
    carried = copies(signal).count()
    working.work()
    age(signal, 61)
    carry_out_all()
    while working.work():
        pass
    assert copies(signal).filter(status="placed").count() == carried
    assert copies(signal).filter(status="expired").count() == len(links) - carried
    assert Order.objects.count() == carried


def test_a_signal_is_not_over_while_parts_wait(market, author, alice, one_by_one):
    """Nobody is in yet; but they will be."""
    for number in range(6):
        link_account(alice, market, name=f"more {number}")
    signal = publish(author)
    copies(signal).update(status="closed", due_at=None, reason="stop")
    market.price("BTCUSDT", 45400)
    nominal.follow_prices(now=timezone.now())
    publishing.close(signal, actor=author, now=timezone.now())
    follow()
    signal.refresh_from_db()
    assert (signal.outcome != "", signal.status) == (True, "open")
    carry_out_all()
    while working.work():
        pass
    follow()
    signal.refresh_from_db()
    assert signal.status == "closed"


# --- who carries them out ------------------------------------------------------------------------


def test_workers_enrol_and_enter_everybody(market, author, alice, bob, processes, one_by_one):
    links = [link_account(alice, market, name=f"more {n}") for n in range(6)]
    signal = publish(author)
    assert Enrolment.objects.exists()
    processes.worker()
    processes.sweeper("one")
    eventually(lambda: copies(signal).filter(status="placed").count() == len(links), 30)
    for link in links:
        compare_with_ledger(link, market)


def test_the_sweeper_rings_for_what_waits(market, author, parts, monkeypatch):
    publish(author)
    Copy.objects.update(due_at=None)
    bells = []
    monkeypatch.setattr(sweeping, "enqueue", lambda name, **_: bells.append(name))
    sweeping.ring()
    assert len(bells) == parts - 1


def test_the_sweeper_carries_out_what_nobody_takes(market, author, parts):
    signal = publish(author)
    Copy.objects.update(due_at=None, status="closed")
    sweeper = sweeping.Sweeper()
    sweeper._carry()
    assert Enrolment.objects.count() == parts - 1  # the workers have three seconds
    age(signal, 4)
    sweeper._carry()
    assert not Enrolment.objects.exists()


def test_what_waits_for_too_long_is_an_alarm(market, author, parts):
    signal = publish(author)
    assert "enrolment_stalled" not in {found.code for found in invariants.violations()}
    age(signal, 21)
    (found,) = [one for one in invariants.violations() if one.code == "enrolment_stalled"]
    assert (found.level, found.subject) == ("critical", f"signal {signal.public_id}")
    assert found.detail.startswith(f"{parts - 1} parts for 2")
