"""The real bot against the sandbox Telegram: pairing, commands, notices."""

from __future__ import annotations

import threading
import time
from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone

from accounts.activity import Fact, record
from accounts.choices import ActivityKind
from accounts.models import ActivityEvent, User
from notifications import services
from notifications.models import OutboxMessage, PairingKey, TelegramLink
from signals.models import Alarm
from tests.fixtures.people import make_user
from tests.fixtures.processes import eventually
from tests.fixtures.telegram import TOKEN

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def running_bot(telegram, processes):
    """The bot as the real process that it is."""
    return processes.bot()


def test_a_pasted_key_links_the_chat_and_is_deleted(running_bot, telegram):
    alice = make_user("alice", has_telegram=False)
    key = services.issue_pairing_key(alice)
    telegram.say(7, f"  {key}\n")
    eventually(lambda: TelegramLink.objects.filter(user=alice, chat_id=7).exists())
    eventually(lambda: any("✅" in text for text in telegram.answers(7)))
    alice.refresh_from_db()
    assert alice.has_telegram
    assert not any(key in message["text"] for message in telegram.messages(7))
    assert ActivityEvent.objects.filter(code="telegram_linked", user=alice).count() == 1


def test_a_group_gets_no_answer_and_no_link(running_bot, telegram):
    alice = make_user("alice", has_telegram=False)
    telegram.say(8, services.issue_pairing_key(alice), chat_type="group")
    telegram.say(9, "/status")
    eventually(lambda: telegram.answers(9) != [])
    assert not TelegramLink.objects.exists()
    assert telegram.answers(-1008) == []


def test_notices_come_in_order_and_survive_a_flood(running_bot, telegram):
    alice = make_user("alice")
    telegram.say(5, "/help")
    TelegramLink.objects.create(user=alice, chat_id=5, linked_at=timezone.now())
    eventually(lambda: len(telegram.answers(5)) == 1)
    telegram.post("faults", kind="flood", method="sendMessage", retry_after=1, times=2)
    for reason in ("balance_too_small", "symbol_busy"):
        params = {"symbol": "BTCUSDT", "side": "long", "connection": "a<b", "reason": reason}
        fact = Fact(ActivityKind.TRADE, "skipped", alice.pk, params, key=reason)
        record(fact, now=timezone.now())
        record(fact, now=timezone.now())
    eventually(lambda: OutboxMessage.objects.filter(status="sent").count() == 2, 15)
    first, second = telegram.answers(5)[1:]
    assert "#BTC/USDT" in first
    assert "a<b" in first
    assert "여유" in first or "margin" in first
    assert first != second


def test_a_second_bot_is_told_of_and_both_live(telegram, processes):
    """Telegram tells whoever asked before: 409. One listens, one sends, neither falls over."""
    author = make_user("author", is_superuser=True)
    bots = [processes.bot()]
    eventually(lambda: "getupdates" in telegram.methods(), 30)
    bots.append(processes.start("second", "manage.py", "run_bot"))
    alarm = eventually(lambda: Alarm.objects.filter(code="bot_doubled").first(), 30)
    time.sleep(4)  # of taking turns in haste there would be some by now
    assert 1 <= Alarm.objects.get(pk=alarm.pk).count <= 2
    assert ActivityEvent.objects.filter(code="ops_alarm", user=author).count() == 1

    telegram.say(5, "/help")
    eventually(lambda: telegram.answers(5) != [])
    TelegramLink.objects.create(user=author, chat_id=5, linked_at=timezone.now())
    record(Fact(ActivityKind.BAN, "reinstated", author.pk, {"name": "a"}), now=timezone.now())
    eventually(lambda: OutboxMessage.objects.filter(status="sent").exists())
    assert [bot.poll() for bot in bots] == [None, None]
    logs = processes.log("bot") + processes.log("second")
    assert logs.count("ALARM bot_doubled") == 1
    assert "Traceback" not in logs
    assert TOKEN not in logs
    for bot in bots:  # who stands back ends at once all the same
        bot.terminate()
    assert [bot.wait(15) for bot in bots] == [0, 0]


def test_a_blocked_bot_stops_telling_and_trading(running_bot, telegram):
    alice = make_user("alice")
    telegram.say(6, "/help")
    eventually(lambda: telegram.answers(6) != [])
    TelegramLink.objects.create(user=alice, chat_id=6, linked_at=timezone.now())
    telegram.post("block", user_id=6, blocked=True)
    record(Fact(ActivityKind.BAN, "reinstated", alice.pk, {"name": "alice"}), now=timezone.now())
    eventually(lambda: TelegramLink.objects.get(user=alice).is_blocked)
    alice.refresh_from_db()
    assert not alice.has_telegram
    assert OutboxMessage.objects.get().status == "failed"


def test_a_key_works_once_and_for_less_than_five_minutes(transactional_db):
    alice = make_user("alice", has_telegram=False)
    key = services.issue_pairing_key(alice)
    assert services.pair(key, chat_id=1, display_name="A") == "paired"
    assert services.pair(key, chat_id=2, display_name="B") == "used"
    late = services.issue_pairing_key(alice)
    PairingKey.objects.filter(used_at=None).update(
        expires_at=timezone.now() - timedelta(milliseconds=1)
    )
    assert services.pair(late, chat_id=2, display_name="B") == "expired"
    assert TelegramLink.objects.get().chat_id == 1


def test_of_two_pastes_at_once_one_wins(transactional_db):
    alice = make_user("alice", has_telegram=False)
    key = services.issue_pairing_key(alice)
    outcomes: list[str] = []

    def paste(chat: int) -> None:
        outcomes.append(services.pair(key, chat_id=chat, display_name="x"))
        connections.close_all()

    threads = [threading.Thread(target=paste, args=(chat,)) for chat in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["paired"] + ["used"] * 7


def test_a_chat_of_somebody_else_is_refused_and_the_key_stays_good(transactional_db):
    alice, bob = make_user("alice"), make_user("bob", has_telegram=False)
    TelegramLink.objects.create(user=alice, chat_id=3, linked_at=timezone.now())
    key = services.issue_pairing_key(bob)
    assert services.pair(key, chat_id=3, display_name="x") == "chat_taken"
    assert services.pair(key, chat_id=4, display_name="x") == "paired"
    assert User.objects.get(pk=bob.pk).has_telegram


def test_guessing_is_stopped(transactional_db):
    for _ in range(5):
        assert (
            services.pair(
                "인증:x:00000000-0000-4000-8000-000000000000", chat_id=1, display_name="x"
            )
            == "unknown"
        )
    assert services.pair("인증:x:y", chat_id=1, display_name="x") == "too_many_tries"


def test_a_new_key_voids_the_one_before(transactional_db):
    alice = make_user("alice", has_telegram=False)
    first = services.issue_pairing_key(alice)
    services.issue_pairing_key(alice)
    assert services.pair(first, chat_id=1, display_name="x") == "expired"
    assert not TelegramLink.objects.exists()
