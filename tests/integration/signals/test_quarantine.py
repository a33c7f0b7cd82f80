"""Under quarantine nothing new is entered, and what protects open trades goes on."""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from functools import partial

import pytest
import redis
from django.core.management import CommandError, call_command
from django.db import DataError, connection
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import ActivityEvent
from exchanges import key_pairs, quarantine
from exchanges import services as exchanges
from exchanges.governor import governor
from exchanges.models import Connection, KeyUse, Quarantine, QuarantineNotice
from exchanges.quarantine import Scope
from exchanges.selectors import quarantined
from hexagonal.lib.clock import database_now
from notifications.models import OutboxMessage, TelegramLink
from notifications.texts import render
from signals.domain.reasons import Reason
from signals.models import Alarm, Copy, CopySettings, Order
from signals.services import enrolling, publishing, working
from signals.services.alarms import watch
from signals.services.invariants import violations
from signals.services.preview import preview
from tests.fixtures.people import link_account, long_btc
from tests.fixtures.processes import eventually
from tests.integration.signals.steps import (
    D,
    buying,
    end_of,
    only_copy,
    position,
    resting,
    selling,
    settle,
    size,
    stop,
    targets,
)
from tests.integration.signals.test_changes import amend
from tests.integration.signals.test_copy_life import codes, compare_with_ledger, publish, work_now
from tests.integration.signals.test_entries import ladder
from tests.integration.signals.test_targets_and_stops import TWO, enter, go_to
from tests.integration.web.test_api import api
from tests.integration.web.test_settings import settings_of

pytestmark = pytest.mark.django_db(transaction=True)
CREATE = "/v5/order/create"
ALL = ("--all", "--reason", "a drill")


def hold(*options):
    call_command("quarantine", *(options or ALL))


def lift(*options):
    call_command("quarantine", "--lift", *(options or ("--all",)))


def ends():
    return {copy.user.nickname: end_of(copy) for copy in Copy.objects.select_related("user")}


def sent(market, link):
    return market.ledger(link.exchange_uid)["orders"]


# --- whom it holds -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "scope",
    [
        ("--all",),
        ("--exchange", "bybit"),
        ("--exchange", "bybit", "--environment", "sandbox"),
        ("--user", "Alice@example.com"),
    ],
)
def test_a_signal_is_skipped_with_the_reason_and_its_trader_is_told(market, author, alice, scope):
    link = link_account(alice, market)
    hold(*scope, "--reason", "a drill")
    publish(author)
    settle(market)
    assert end_of(only_copy()) == ("skipped", Reason.QUARANTINED)
    assert sent(market, link) == []
    event = ActivityEvent.objects.get(user=alice, code="skipped")
    for language, words in (("en", "holds back new entries"), ("ko", "보류")):
        assert words in render(event.code, event.params, language)


@pytest.mark.parametrize(
    "scope",
    [("--exchange", "bybit", "--environment", "mainnet"), ("--user", "bob@example.com")],
)
def test_others_are_not_held(market, author, alice, bob, scope):
    link = link_account(alice, market)
    hold(*scope, "--reason", "a drill")
    publish(author)
    settle(market)
    assert end_of(only_copy()) == ("placed", "")
    assert len(buying(market, link)) == 1


def test_a_key_that_is_linked_later_is_verified_and_held(market, author, alice):
    hold()
    link = link_account(alice, market)
    assert link.status == "connected"
    publish(author)
    settle(market)
    assert end_of(only_copy()) == ("skipped", Reason.QUARANTINED)


def test_it_survives_an_emptied_redis(market, author, alice, settings):
    link_account(alice, market)
    hold()
    redis.Redis.from_url(settings.REDIS_URL).flushdb()
    governor.cache_clear()
    publish(author)
    settle(market)
    assert end_of(only_copy()) == ("skipped", Reason.QUARANTINED)


def test_the_dry_run_says_so_beforehand(market, author, alice, bob):
    link_account(alice, market)
    link_account(bob, market)
    hold("--user", "alice@example.com", "--reason", "a drill")
    shown = preview(long_btc(), author=author, now=timezone.now())
    reasons = {row.link.trader: row.reason for row in shown.rows}
    assert reasons == {"alice": Reason.QUARANTINED, "bob": Reason.NONE}


# --- what waits is withdrawn, what protects goes on ----------------------------------------------


def test_an_entry_that_rests_is_withdrawn_for_good(market, author, alice):
    link = link_account(alice, market)
    publish(author)
    settle(market)
    assert len(buying(market, link)) == 1
    hold()
    assert only_copy().due_at <= database_now()
    working.work()
    settle(market)
    assert resting(market, link) == []
    assert end_of(only_copy()) == ("expired", Reason.QUARANTINED)
    lift()
    settle(market)
    assert resting(market, link) == []
    compare_with_ledger(link, market)


def test_copies_that_wait_are_skipped_without_a_request_and_without_their_key(
    market, author, alice
):
    link_account(alice, market, leverage={"BTCUSDT": "10"})
    Connection.objects.update(balance_at=None)  # it would have to be read
    publish(author)
    hold()
    before, used = market.paths(), KeyUse.objects.count()
    assert working.work() == 1
    assert end_of(only_copy()) == ("skipped", Reason.QUARANTINED)
    after = market.paths()
    asked = {path for path in after if path.startswith("/v5") and after[path] > before.get(path, 0)}
    assert asked <= {"/v5/market/tickers"}
    assert KeyUse.objects.count() == used


def test_a_ladder_that_is_filled_in_part_keeps_its_stop_and_enters_no_more(market, author, alice):
    link = link_account(alice, market, amount="138")
    publish(author, long_btc(entry=ladder(), targets=TWO))
    settle(market)
    go_to(market, 45990)
    held = size(market, link)
    assert held > 0
    hold()
    settle(market)
    assert buying(market, link) == []
    assert (size(market, link), stop(market, link)) == (held, 45500)
    assert sum(left for _, left in selling(market, link)) == held
    go_to(market, 45890)
    assert size(market, link) == held
    go_to(market, 47001)
    assert end_of(only_copy()) == ("closed", Reason.TARGET)
    compare_with_ledger(link, market)


def test_a_trade_is_changed_and_closed_under_quarantine(market, author, alice):
    link, signal = enter(market, author, alice, amount="100", draft=long_btc(targets=TWO))
    hold()
    settle(market)
    amend(signal, author, stop=D(45600), targets=targets((46600, 50), (47000, 50)))
    settle(market)
    assert stop(market, link) == 45600
    assert [price for price, _ in selling(market, link)] == [46600, 47000]
    publishing.close(signal, actor=author, now=timezone.now())
    settle(market)
    assert position(market, link) is None
    assert end_of(only_copy()) == ("closed", Reason.CLOSED_BY_AUTHOR)
    compare_with_ledger(link, market)


def test_a_stop_that_was_taken_off_is_put_back_under_quarantine(market, author, alice):
    link, _ = enter(market, author, alice)
    hold()
    market.post(f"accounts/{link.exchange_uid}/stop", symbol="BTCUSDT", stopLoss="0")
    settle(market)
    assert stop(market, link) == 45500


def test_an_entry_of_unknown_fate_is_found_and_withdrawn(market, author, alice, settings):
    settings.HTTP_READ_TIMEOUT, settings.RECV_WINDOW_MS, settings.SETTLE_SECONDS = 1, 1000, 0
    link = link_account(alice, market)
    market.fault("accept_then_timeout", path=CREATE, ms=1500, times=1)
    publish(author)
    working.work()
    before = only_copy()
    assert before.status == "unknown"
    hold()
    assert only_copy().due_at == before.due_at  # it keeps its time, which is the fence
    settle(market)
    assert end_of(only_copy()) == ("expired", Reason.QUARANTINED)
    assert resting(market, link) == []
    assert len(sent(market, link)) == 1


def test_an_entry_that_surely_never_arrived_is_not_sent_again(market, author, alice, settings):
    settings.HTTP_READ_TIMEOUT, settings.RECV_WINDOW_MS, settings.SETTLE_SECONDS = 1, 1000, 0
    link = link_account(alice, market)
    market.fault("drop_before", path=CREATE, times=1)
    publish(author)
    working.work()
    hold()
    settle(market)
    assert end_of(only_copy()) in {
        ("expired", Reason.QUARANTINED),
        ("skipped", Reason.QUARANTINED),
    }
    assert sent(market, link) == []


# --- a worker that is at it ----------------------------------------------------------------------


def impose():
    scope = Scope()
    return quarantine.impose(scope, reason="a drill", by="a test", now=database_now())


def test_what_was_decided_and_not_yet_sent_is_not_sent(market, author, alice, monkeypatch):
    link = link_account(alice, market, leverage={"BTCUSDT": "10"})
    publish(author)
    act_on = working._act_on

    def interrupted(tasks, lease):
        impose()
        act_on(tasks, lease)

    monkeypatch.setattr(working, "_act_on", interrupted)
    assert working.work() == 1
    assert Order.objects.get().status == "not_sent"
    assert sent(market, link) == []
    monkeypatch.undo()
    work_now()
    assert end_of(only_copy()) == ("skipped", Reason.QUARANTINED)


def test_a_ladder_that_is_being_sent_stops_between_two_steps(market, author, alice):
    link = link_account(alice, market, amount="138", leverage={"BTCUSDT": "10"})
    publish(author, long_btc(entry=ladder()))
    market.fault("latency", path=CREATE, ms=700)
    created = market.paths().get(CREATE, 0)

    def meanwhile():
        try:
            eventually(lambda: market.paths().get(CREATE, 0) > created)
            impose()
        finally:
            connection.close()

    ops = threading.Thread(target=meanwhile)
    ops.start()
    working.work()
    ops.join()
    assert len(sent(market, link)) == 1
    settle(market)
    assert resting(market, link) == []
    assert end_of(only_copy()) == ("expired", Reason.QUARANTINED)
    assert violations_of("quarantine_broken") == []


def test_an_entry_that_waits_for_its_turn_does_not_leave(market, author, alice, monkeypatch):
    """Its permit lies ahead; the quarantine comes while it waits for that moment."""
    link = link_account(alice, market, leverage={"BTCUSDT": "10"})
    publish(author)
    leave = working._may_leave
    asked = []

    def at_the_door(task, lease):
        if not asked:
            try:
                impose()
            finally:
                connection.close()
            time.sleep(10 * working.WATCH_SECONDS)
        asked.append(task)
        return leave(task, lease)

    monkeypatch.setattr(working, "_may_leave", at_the_door)
    assert working.work() == 1
    assert asked
    assert sent(market, link) == []


# --- on, again, off ------------------------------------------------------------------------------


def test_it_is_put_on_once_and_says_what_it_holds(market, author, alice, bob, capsys):
    link_account(alice, market)
    link_account(bob, market)
    publish(author)
    settle(market)
    hold()
    said = capsys.readouterr().out
    assert "all: on since" in said
    assert "2 trades are asked" in said
    assert "2 connections are held" in said
    settle(market)
    hold()
    said = capsys.readouterr().out
    assert "0 trades are asked" in said
    row = Quarantine.objects.get()
    assert (row.reason, row.lifted_at) == ("a drill", None)
    assert "@" in row.by


def test_lifting_lets_new_signals_in_and_sets_nothing_off(market, author, alice):
    link = link_account(alice, market)
    CopySettings.objects.update(joins_open=True)
    hold()
    publish(author)
    settle(market)
    assert enrolling.enrol_late(now=timezone.now()) == 0
    lift()
    assert enrolling.enrol_late(now=timezone.now()) == 0
    settle(market)
    assert sent(market, link) == []
    second = publish(author)
    settle(market)
    assert only_copy(signal=second).status == "placed"
    row = Quarantine.objects.get()
    assert row.lifted_at
    assert row.lifted_by


def test_of_two_that_hold_a_key_each_is_lifted_by_itself(market, author, alice, capsys):
    link_account(alice, market)
    hold()
    hold("--user", "alice@example.com", "--reason", "odd orders")
    lift()
    assert "1 connections are held" in capsys.readouterr().out
    publish(author)
    settle(market)
    assert end_of(only_copy()) == ("skipped", Reason.QUARANTINED)
    lift("--user", "alice@example.com")
    assert "0 connections are held" in capsys.readouterr().out
    lift("--user", "alice@example.com")
    assert "There was none." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--all",), "why"),
        (("--lift",), "whose"),
        (("--environment", "sandbox"), "whose"),
        (("--all", "--environment", "sandbox", "--reason", "x"), "of --exchange alone"),
        (("--user", "nobody@example.com", "--reason", "x"), "Nobody"),
        (("--all", "--user", "a@example.com", "--reason", "x"), "not allowed with"),
        (("--exchange", "nowhere", "--reason", "x"), "invalid choice"),
    ],
)
def test_a_command_that_is_not_clear_holds_nobody(transactional_db, options, words):
    with pytest.raises(CommandError, match=words):
        hold(*options)
    assert not Quarantine.objects.exists()


# --- who sees it ---------------------------------------------------------------------------------


def violations_of(code):
    return [violation for violation in violations() if violation.code.value == code]


def test_ops_are_reminded_until_it_is_lifted(market, author, alice):
    link_account(alice, market)
    hold("--user", "alice@example.com", "--reason", "odd orders")
    watch()
    alarm = Alarm.objects.get()
    assert (alarm.code, alarm.level) == ("keys_quarantined", "warning")
    assert "alice" in alarm.subject
    assert "odd orders" in alarm.detail
    assert codes(author).count("ops_alarm") == 1
    lift("--user", "alice@example.com")
    watch()
    alarm.refresh_from_db()
    assert alarm.cleared_at


def test_an_entry_that_was_sent_all_the_same_is_an_alarm(market, author, alice):
    link_account(alice, market)
    publish(author)
    settle(market)
    impose()
    assert violations_of("quarantine_broken") == []
    Quarantine.objects.update(since=timezone.now() - timedelta(minutes=1))
    (found,) = violations_of("quarantine_broken")
    assert found.level == "emergency"
    assert str(only_copy().public_id) in found.subject


def told(user):
    """What a trader was told of it: in the log, and by Telegram in either language."""
    quarantine.tell(now=database_now())
    facts = ActivityEvent.objects.filter(user=user, code__in=["api_held", "api_released"])
    notices = OutboxMessage.objects.filter(user=user, code__in=["api_held", "api_released"])
    codes = list(facts.order_by("pk").values_list("code", flat=True))
    assert list(notices.order_by("pk").values_list("code", flat=True)) == codes
    return codes


@pytest.fixture
def both(market, alice, bob):
    """Two traders with a key and a chat each."""
    for user, chat in ((alice, 1), (bob, 2)):
        TelegramLink.objects.create(user=user, chat_id=chat, linked_at=timezone.now())
        link_account(user, market, name="first")
    return alice, bob


def test_each_trader_is_told_once_when_it_is_put_on_and_when_it_is_lifted(market, both):
    alice, bob = both
    link_account(alice, market, name="second")
    hold("--user", "alice@example.com", "--reason", "a secret suspicion")
    hold("--user", "alice@example.com", "--reason", "a secret suspicion")
    assert (told(alice), told(bob)) == (["api_held"], [])
    (notice,) = OutboxMessage.objects.all()
    assert "suspicion" not in str(notice.params)
    for language, words in (("en", "holds back new entries"), ("ko", "보류")):
        said = render(notice.code, notice.params, language)
        assert words in said
        assert "first, second" in said
    hold()
    assert (told(alice), told(bob)) == (["api_held"], ["api_held"])
    lift()
    assert (told(alice), told(bob)) == (["api_held"], ["api_held", "api_released"])
    lift("--user", "alice@example.com")
    lift("--user", "alice@example.com")
    assert told(alice) == ["api_held", "api_released"]
    hold("--user", "alice@example.com", "--reason", "once more")
    assert told(alice) == ["api_held", "api_released", "api_held"]


def test_what_was_lifted_before_anybody_was_told_is_told_whole_and_in_order(both):
    hold()
    lift()
    for user in both:
        assert told(user) == ["api_held", "api_released"]


def at_once(*acts):
    """Do several things in threads of their own, begun together."""
    start, failures = threading.Barrier(len(acts)), []

    def do(act):
        try:
            start.wait(5)
            act()
        except Exception as error:  # noqa: BLE001 - the test reports it
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=do, args=[act]) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert failures == []


@pytest.fixture
def slowly(monkeypatch):
    """What is held is asked slowly: whatever two do at once, they do between these questions."""
    ask = quarantine.quarantined

    def slow():
        found = ask()
        time.sleep(0.3)
        return found

    monkeypatch.setattr(quarantine, "quarantined", slow)


def test_two_at_the_same_moment_are_told_once(both, slowly):
    scopes = [Scope(), Scope("bybit"), Scope("bybit", "sandbox")]
    on = {"reason": "a drill", "by": "a test", "now": database_now()}
    at_once(*(partial(quarantine.impose, scope, **on) for scope in scopes))
    for user in both:
        assert told(user) == ["api_held"]
    at_once(*(partial(quarantine.lift, s, by="a test", now=database_now()) for s in scopes))
    assert quarantined() == set()
    for user in both:
        assert told(user) == ["api_held", "api_released"]


@pytest.mark.parametrize("step", ["before", "after"])
def test_a_crash_between_a_quarantine_and_its_notices_loses_none(both, monkeypatch, step):
    hold()

    class Crash(Exception):
        """Before anything is told, or once it is told and not yet forgotten."""

    def crash(*_args, **_options):
        raise Crash

    with monkeypatch.context() as patch:
        if step == "before":
            patch.setattr(quarantine, "record_all", crash)
        else:
            patch.setattr(QuerySet, "delete", crash)
        with pytest.raises(Crash):
            quarantine.tell(now=database_now())
    assert not ActivityEvent.objects.filter(code="api_held").exists()
    for user in both:
        assert told(user) == ["api_held"]
    assert not QuarantineNotice.objects.exists()


def test_two_who_tell_at_once_tell_it_once(both):
    hold()
    at_once(*[partial(quarantine.tell, now=database_now())] * 3)
    for user in both:
        assert told(user) == ["api_held"]


def test_thousands_are_told_in_parts(both, monkeypatch):
    monkeypatch.setattr(quarantine, "PART", 1)
    hold()
    assert [quarantine.tell(now=database_now()) for _ in range(3)] == [1, 1, 0]
    for user in both:
        assert told(user) == ["api_held"]


def test_a_notice_that_cannot_be_recorded_keeps_nobody_else_from_being_told(both, monkeypatch):
    alice, bob = both
    hold()
    record_all = quarantine.record_all

    def refuse(facts, *, now):
        record_all(facts, now=now)
        if any(fact.user_id == alice.pk for fact in facts):
            raise DataError("what the database does not take")

    with monkeypatch.context() as patch:
        patch.setattr(quarantine, "record_all", refuse)
        assert quarantine.tell(now=database_now()) == 1
        assert QuarantineNotice.objects.get().user == alice
    assert (told(bob), told(alice)) == (["api_held"], ["api_held"])


def test_the_sweeper_tells_them(both, processes):
    hold()
    processes.sweeper()
    held = ActivityEvent.objects.filter(code="api_held")
    eventually(lambda: held.count() == 2, 30)
    assert OutboxMessage.objects.filter(code="api_held").count() == 2


def test_who_has_no_key_that_could_trade_is_told_nothing(market, alice, bob):
    gone = link_account(alice, market)
    exchanges.disconnect(gone, now=timezone.now())
    key_pairs.connect(bob, environment="sandbox", name="begun")
    hold()
    assert told(alice) == told(bob) == []


def test_the_trader_sees_it_on_the_page_and_in_the_api(client, market, alice, bob):
    link_account(alice, market)
    link_account(bob, market)
    hold("--user", "alice@example.com", "--reason", "a secret suspicion")
    for language, words in (("en", "holds back new entries"), ("ko", "보류")):
        page = settings_of(client, alice, language)
        assert words in page
        assert "a secret suspicion" not in page
        assert words not in settings_of(client, bob, language)
    for user, is_held in ((alice, True), (bob, False)):
        (shown,) = api(user).get("/api/v1/connections/").json()["results"]
        assert shown["is_quarantined"] is is_held


def test_the_author_sees_why_a_copy_was_skipped(client, market, author, alice):
    link_account(alice, market)
    hold()
    signal = publish(author)
    client.force_login(author)
    page = client.get(f"/signals/{signal.public_id}/").content.decode()
    assert "holds back new entries" in page or "보류" in page
