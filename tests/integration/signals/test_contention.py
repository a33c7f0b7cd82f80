"""Who goes first, who waits, and who never stops another: locks, leases, loops and retries."""

from __future__ import annotations

import threading
import time
from collections import Counter
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from exchanges.adapters.bybit.gateway import BybitExchange
from exchanges.adapters.bybit.market import BybitMarket
from exchanges.domain import errors
from exchanges.domain.lanes import Lane
from exchanges.models import Connection
from signals.domain.draft import StopKind, StopRule
from signals.domain.reasons import Reason
from signals.models import Copy, CopySettings, Enrolment, Signal
from signals.services import copying, publishing, working
from signals.services.claiming import claim, still_held
from tests.fixtures.people import link_account, long_btc
from tests.integration.signals.steps import D, follow, only_copy, settle, size, targets
from tests.integration.signals.test_copy_life import publish, work_now
from tests.integration.signals.test_scheduling import schedule
from tests.integration.signals.test_targets_and_stops import enter

pytestmark = pytest.mark.django_db(transaction=True)


def claimed_first():
    Copy.objects.filter(due_at__isnull=False).update(due_at=timezone.now())
    lease = claim(1)
    return Copy.objects.get(pk=lease.copies[0])


def test_a_trader_who_wants_out_goes_before_new_entries(market, author, alice, bob):
    enter(market, author, alice, amount="100")
    leaving = only_copy()
    link_account(bob, market)
    publish(author)
    copying.close_copy(leaving, reason=Reason.CLOSED_BY_TRADER, now=timezone.now())
    assert claimed_first().pk == leaving.pk


def test_withdrawn_entries_go_before_new_ones(market, author, alice, bob):
    link_account(alice, market)
    first = publish(author)
    settle(market)
    placed = only_copy()
    assert placed.status == "placed"
    link_account(bob, market)
    publish(author)
    publishing.cancel_entries(first, actor=author, now=timezone.now())
    assert claimed_first().pk == placed.pk


def test_a_change_that_comes_while_a_worker_looks_is_taken_up_at_once(
    market, author, alice, monkeypatch
):
    link_account(alice, market)
    signal = publish(author)
    settle(market)
    absorb = working._absorb_and_plan

    def interrupted(tasks, tickers, lease):
        publishing.cancel_entries(signal, actor=author, now=timezone.now())
        absorb(tasks, tickers, lease)

    monkeypatch.setattr(working, "_absorb_and_plan", interrupted)
    work_now()
    copy = only_copy()
    assert copy.due_at <= timezone.now()


@pytest.mark.parametrize("kind", ["RateLimited", "InvalidKey", "InvalidOrder"])
def test_a_refused_close_is_not_hammered(market, author, alice, monkeypatch, kind):
    enter(market, author, alice, amount="100")
    copying.close_copy(only_copy(), reason=Reason.CLOSED_BY_TRADER, now=timezone.now())

    def refuse(self, order):
        raise getattr(errors, kind)("no")

    monkeypatch.setattr(BybitExchange, "place", refuse)
    for _ in range(4):
        work_now()
    wait = only_copy().due_at - timezone.now()
    assert wait > timedelta(seconds=0.9)


def test_a_worker_and_an_author_take_copies_in_the_same_order(market, author, alice, bob):
    link_account(alice, market)
    link_account(bob, market)
    signal = publish(author)
    low, high = Copy.objects.order_by("pk").values_list("pk", flat=True)
    Copy.objects.filter(pk=low).update(due_at=timezone.now())  # its row now lies behind the other's
    failures = []

    def revise():
        try:
            publishing.cancel_entries(signal, actor=author, now=timezone.now())
        except Exception as error:  # noqa: BLE001
            failures.append(error)
        finally:
            connection.close()

    other = threading.Thread(target=revise)
    with transaction.atomic():
        Copy.objects.select_for_update().get(pk=low)
        other.start()
        time.sleep(0.7)
        Copy.objects.select_for_update().get(pk=high)
    other.join()
    assert failures == []


def test_a_signal_withdrawn_at_the_last_moment_is_not_published(market, author, alice, monkeypatch):
    link_account(alice, market)
    first, second = schedule(author), schedule(author, accepted=["draft_signal_twice"])
    enrol = publishing.enrol_all

    def slow(signal):
        if signal.pk == first.pk:
            publishing.unschedule(second, actor=author, now=timezone.now())
        return enrol(signal)

    monkeypatch.setattr(publishing, "enrol_all", slow)
    publishing.publish_due(now=second.publish_at)
    second.refresh_from_db()
    assert second.status == "draft"


def test_one_bad_signal_does_not_stop_the_others(market, author, alice, monkeypatch):
    link_account(alice, market)
    bad, good = publish(author), publish(author)
    Signal.objects.filter(pk=bad.pk).update(terms={"stop_rule": {"kind": "nonsense"}})
    Signal.objects.filter(pk=good.pk).update(wants_entry=False)
    follow()
    good.refresh_from_db()
    assert good.outcome == "cancelled"


def test_fewer_targets_after_many_were_taken(market, author, alice):
    """An author who lists only what is left does not stop the copy for ever."""
    six = targets(*[(46200 + 100 * n, share) for n, share in enumerate([20, 20, 20, 20, 10, 10])])
    rule = StopRule(StopKind.FOLLOW, 1)
    link, signal = enter(
        market, author, alice, amount="200", draft=long_btc(targets=six, stop_rule=rule)
    )
    market.price("BTCUSDT", 46501)
    settle(market)
    follow()
    left = long_btc(targets=targets((46600, 50), (46700, 50)), stop_rule=rule)
    publishing.amend(signal, left, actor=author, now=timezone.now())
    settle(market)
    follow()
    publishing.close(signal, actor=author, now=timezone.now())
    settle(market)
    assert only_copy().status == "closed"
    assert size(market, link) == 0


def one_rests_and_one_enters(market, author, alice, bob):
    link_account(alice, market)
    publish(author)
    settle(market)
    resting = only_copy()
    link_account(bob, market)
    publish(author)
    return resting, timezone.now()


@pytest.mark.parametrize(("lane", "seconds"), [(Lane.AMEND, 10), (Lane.POLL, 60)])
def test_looks_leave_an_address_to_entries_that_wait_for_room(
    market, author, alice, bob, lane, seconds
):
    """A thousand looks after the first entries would otherwise spend the room of the others."""
    resting, now = one_rests_and_one_enters(market, author, alice, bob)
    Copy.objects.exclude(pk=resting.pk).update(due_at=now + timedelta(seconds=2))
    Copy.objects.filter(pk=resting.pk).update(lane=lane, due_at=now)
    assert claim(5) is None
    Copy.objects.filter(pk=resting.pk).update(due_at=now - timedelta(seconds=seconds + 1))
    assert claim(5).copies == (resting.pk,)


def test_looks_are_held_up_by_no_entry_of_another_address(market, author, alice, bob):
    resting, now = one_rests_and_one_enters(market, author, alice, bob)
    Copy.objects.exclude(pk=resting.pk).update(
        due_at=now + timedelta(seconds=2), budget="elsewhere"
    )
    Copy.objects.filter(pk=resting.pk).update(lane=Lane.POLL, due_at=now)
    assert claim(5).copies == (resting.pk,)


def test_what_was_just_sent_to_rest_is_looked_at_by_one_request(market, author, alice):
    """Nothing of the copy was at the exchange before: open orders tell all that can be new."""
    link_account(alice, market, leverage={"BTCUSDT": "10"})
    publish(author)
    work_now()
    copy = only_copy()
    assert (copy.status, copy.lane) == ("placed", Lane.POLL)
    before = Counter(market.paths())
    Copy.objects.update(due_at=timezone.now())
    working.work()
    assert Counter(market.paths()) - before == {"/v5/order/realtime": 1}


def test_an_entry_that_nobody_wants_any_more_spends_no_permit(market, author, alice, monkeypatch):
    link_account(alice, market, leverage={"BTCUSDT": "10"})
    signal = publish(author)
    Copy.objects.update(wants_entry=False, lane=Lane.ENTRY, due_at=timezone.now())
    asked = []
    monkeypatch.setattr(working, "pay_for", lambda meters, kind: asked.extend(meters) or [])
    assert working.work() == 1
    assert asked == []
    assert only_copy(signal=signal).ended_at is not None


def test_a_bare_position_stays_urgent_when_a_look_fails(market, author, alice, monkeypatch):
    enter(market, author, alice)
    now = timezone.now()
    Copy.objects.update(lane=Lane.PROTECT, due_at=now, unprotected_since=now)

    def fail(self, symbol=None):
        raise errors.Unavailable

    monkeypatch.setattr(BybitExchange, "positions", fail)
    assert working.work() == 1
    assert only_copy().lane == Lane.PROTECT


def test_an_entry_without_a_price_spends_no_permit(market, author, alice, monkeypatch):
    link_account(alice, market, leverage={"BTCUSDT": "10"})
    publish(author)
    monkeypatch.setattr(working, "read_tickers", lambda _tasks: {})
    asked = []
    monkeypatch.setattr(working, "pay_for", lambda meters, kind: asked.extend(meters) or [])
    assert working.work() == 1
    assert asked == []
    assert only_copy().status == "pending"


@pytest.mark.parametrize(("age", "looks"), [(0, 1), (91, 6)])
def test_a_stop_moves_by_a_look_at_the_position_while_all_is_known(
    market, author, alice, age, looks
):
    _link, signal = enter(market, author, alice)
    Copy.objects.update(looked_at=timezone.now() - timedelta(seconds=age))
    publishing.amend(signal, long_btc(stop=D(45600)), actor=author, now=timezone.now())
    before = Counter(market.paths())
    working.work()
    asked = Counter(market.paths()) - before
    assert asked.pop("/v5/position/trading-stop") == 1
    assert sum(asked.values()) == looks
    assert only_copy().stops_asked == ["45500", "45600"]


def test_an_exchange_that_tells_no_prices_is_asked_once_a_chunk(
    market, author, alice, bob, monkeypatch
):
    """Each further question would wait out its time limits, and the lease with them."""
    for user in (alice, bob):
        link_account(user, market, leverage={"BTCUSDT": "10"})
    publish(author)
    asked = []

    def fail(self):
        asked.append(self)
        raise errors.Unavailable

    monkeypatch.setattr(BybitMarket, "tickers", fail)
    assert working.work() == 2
    assert len(asked) == 1
    assert {copy.status for copy in Copy.objects.all()} == {"pending"}


def test_a_change_never_waits_for_a_worker_that_waits_for_it(market, author, alice):
    """What is written of a copy points at its signal: checking that must not need its lock."""
    link_account(alice, market)
    signal = publish(author)
    failed = []

    def change():
        try:
            publishing.cancel_entries(signal, actor=author, now=timezone.now())
        except Exception as error:  # noqa: BLE001 - whatever it is
            failed.append(error)
        finally:
            connection.close()

    amending = threading.Thread(target=change)
    lease = claim(1)
    with transaction.atomic():
        assert still_held(lease)
        Enrolment.objects.create(signal=signal, part=0, parts=1, newest=0)
        amending.start()
        time.sleep(0.5)  # it holds the signal by now, and waits for the copy
    amending.join()
    assert not failed
    assert Enrolment.objects.count() == 1


@pytest.mark.parametrize("act", ["part", "set_rules"])
def test_a_trader_and_a_worker_lock_a_connection_and_its_settings_in_one_order(market, alice, act):
    link = link_account(alice, market)
    failed = []

    def decide():
        try:
            if act == "part":
                copying.part(link, closes=True, now=timezone.now())
            else:
                copying.set_rules(link, fields={"amount": D(7)})
        except Exception as error:  # noqa: BLE001 - whatever it is
            failed.append(error)
        finally:
            connection.close()

    trader = threading.Thread(target=decide)
    with transaction.atomic():  # as where a worker plans, and a brake is put on
        Connection.objects.select_for_update(no_key=True).get(pk=link.pk)
        trader.start()
        time.sleep(0.5)
        CopySettings.objects.filter(connection=link).update(halted_reason="daily_loss")
    trader.join()
    assert not failed
