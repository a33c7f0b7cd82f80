"""What must always be true is asked of the database, and told once when it is not."""

from __future__ import annotations

import logging
from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.management import call_command
from django.utils import timezone

from accounts.models import ActivityEvent
from exchanges import key_pairs, vault
from exchanges.adapters.bybit.gateway import BybitExchange
from exchanges.domain.lanes import Lane
from exchanges.domain.trading import NewOrder, OrderType, Side
from exchanges.gateway import seal_context, wire_of
from exchanges.models import Connection, HostClock, KeyPair
from exchanges.ports import NoMeter
from signals.choices import AlarmCode, AlarmLevel
from signals.models import Alarm, Copy, Heartbeat, Order
from signals.services import streaming, working
from signals.services.alarms import watch
from signals.services.invariants import Violation, violations
from tests.fixtures.people import link_account
from tests.integration.signals.steps import only_copy, settle
from tests.integration.signals.test_copy_life import publish, work_now

pytestmark = pytest.mark.django_db(transaction=True)


def ago(**time):
    return timezone.now() - timedelta(**time)


def found() -> dict[str, str]:
    return {violation.code.value: violation.level.value for violation in violations()}


@pytest.fixture
def copy(market, author, alice):
    """A copy whose entry rests at the exchange, as it should."""
    link_account(alice, market)
    publish(author)
    working.work()
    work_now()
    assert violations() == []
    return Copy.objects.filter(pk=only_copy().pk)


def test_a_life_without_faults_violates_nothing(market, author, alice):
    link_account(alice, market)
    publish(author)
    assert violations() == []
    settle(market)
    market.price("BTCUSDT", 45950)
    settle(market)
    assert only_copy().status == "filled"
    assert violations() == []
    market.price("BTCUSDT", 47000)
    settle(market)
    assert only_copy().status == "closed"
    assert violations() == []


def test_two_accepted_entries(copy):
    order = Order.objects.get(leg="entry")
    order.pk, order.generation, order.link_id, order.exchange_id = None, 1, "hx2", "another"
    order.save()

    assert found() == {"entered_twice": "emergency"}


def test_more_entered_than_planned(copy):
    copy.update(entered_quantity=1, exited_quantity=1, quantity="0.5")

    assert found() == {"entered_twice": "emergency"}


@pytest.mark.parametrize(("seconds", "level"), [(5, None), (15, "warning"), (35, "critical")])
def test_a_position_without_a_stop(copy, seconds, level):
    copy.update(unprotected_since=ago(seconds=seconds))

    assert found() == ({"position_bare": level} if level else {})


@pytest.mark.parametrize(
    ("age", "level"),
    [({"seconds": 50}, None), ({"seconds": 70}, "critical"), ({"hours": 23}, "emergency")],
)
def test_an_order_of_unknown_fate(copy, age, level):
    Order.objects.update(status="unknown", sent_at=ago(**age))

    assert found() == ({"outcome_unknown": level} if level else {})


def test_an_order_whose_fate_nobody_can_learn_any_more(copy):
    """Its trade was left to its trader, behind a key that does not work."""
    Order.objects.update(status="unknown", sent_at=ago(hours=25))
    copy.update(status="expired", due_at=None)

    assert found() == {}


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"status": "pending", "created_at": {"seconds": 95}}, "copy_stalled"),
        ({"due_at": {"seconds": 35}, "lane": Lane.PROTECT}, "copy_untaken"),
        ({"due_at": {"seconds": 95}, "lane": Lane.ENTRY}, "copy_untaken"),
        ({"due_at": {"seconds": 95}, "lane": Lane.WATCH}, "copy_untaken"),
        ({"due_at": {"minutes": 11}, "lane": Lane.POLL}, "copy_untaken"),
        ({"status": "filled", "looked_at": {"minutes": 16}}, "copy_unseen"),
        (
            {"status": "placed", "looked_at": None, "created_at": {"minutes": 16}, "attempts": 3},
            "copy_unseen",
        ),
        (
            {"lease_until": {"seconds": 35}, "lease_token": "7e8d3a5e-0000-4000-8000-000000000000"},
            "lease_abandoned",
        ),
    ],
)
def test_what_nobody_works_on(copy, fields, code):
    copy.update(**{k: ago(**v) if isinstance(v, dict) else v for k, v in fields.items()})

    assert found() == {code: "critical"}


@pytest.mark.parametrize(
    ("lane", "seconds"),
    [(Lane.ENTRY, 60), (Lane.AMEND, 60), (Lane.WATCH, 60), (Lane.POLL, 300)],
)
def test_what_waits_for_room_is_not_forgotten(copy, lane, seconds):
    copy.update(due_at=ago(seconds=seconds), lane=lane)

    assert found() == {}


def test_a_socket_that_opens_anew_makes_nothing_unseen(copy):
    """All of its copies are to be looked at fully, however old they are."""
    copy.update(status="filled", looked_at=ago(seconds=5), created_at=ago(minutes=60))
    streaming.read_again([Connection.objects.get().pk])

    assert Copy.objects.get().looked_at is None
    assert found() == {}


@pytest.mark.parametrize("status", ["attention", "revoked"])
def test_what_no_key_lets_us_see_is_told_otherwise(copy, status):
    copy.update(status="filled", looked_at=ago(minutes=16))
    Connection.objects.update(status=status)

    assert found() == {}


def test_workers_and_clocks(db):
    Heartbeat.objects.create(name="worker", host="one", at=ago(seconds=20))
    HostClock.objects.create(host="one", environment="sandbox", ahead_ms=-400, at=ago(seconds=20))
    assert violations() == []

    Heartbeat.objects.update(at=ago(seconds=40))
    HostClock.objects.update(ahead_ms=-600)
    assert found() == {"workers_silent": "critical", "clock_off": "critical"}


def test_a_key_pair_that_no_worker_makes(copy, alice):
    key_pairs.connect(alice, environment="sandbox", name="second")
    assert found() == {}

    KeyPair.objects.update(created_at=ago(minutes=3))
    assert found() == {"key_pair_unmade": "warning"}

    key_pairs.generate(KeyPair.objects.get().pk)
    assert found() == {}


# --- alarms --------------------------------------------------------------------------------------


def notices(user):
    return list(
        ActivityEvent.objects.filter(code="ops_alarm", user=user).values_list("params", flat=True)
    )


def test_an_alarm_is_told_once_grows_louder_and_ends(copy, author, alice, caplog):
    copy.update(unprotected_since=ago(seconds=15))
    with caplog.at_level(logging.ERROR):
        watch()
        watch()
    alarm = Alarm.objects.get()
    assert (alarm.code, alarm.level, alarm.count) == ("position_bare", "warning", 2)
    assert len(notices(author)) == 1
    assert "ALARM position_bare" in caplog.text

    copy.update(unprotected_since=ago(seconds=35))
    watch()
    watch()
    alarm.refresh_from_db()
    assert (alarm.level, alarm.count, alarm.cleared_at) == ("critical", 4, None)
    assert [notice["reason"] for notice in notices(author)] == ["alarm_position_bare"] * 2
    assert notices(alice) == []  # no superuser

    copy.update(unprotected_since=None)
    watch()
    alarm.refresh_from_db()
    assert alarm.cleared_at is not None

    copy.update(unprotected_since=ago(seconds=15))
    watch()
    assert Alarm.objects.count() == 2
    assert len(notices(author)) == 3


def test_a_long_name_keeps_no_alarm_from_being_raised(copy):
    HostClock.objects.create(host="h" * 100, environment="sandbox", ahead_ms=900, at=ago(seconds=9))
    copy.update(due_at=ago(seconds=35), lane=Lane.PROTECT)
    watch()
    watch()
    alarms = Alarm.objects.filter(cleared_at=None).values_list("code", "count")
    assert sorted(alarms) == [("clock_off", 2), ("copy_untaken", 2)]


def test_more_than_is_told_apart_is_not_cleared(copy, monkeypatch):
    many = [
        Violation(AlarmCode.POSITION_BARE, AlarmLevel.WARNING, f"copy {number}")
        for number in range(25)
    ]
    monkeypatch.setattr("signals.services.alarms.violations", lambda: many[:20])
    watch()
    monkeypatch.setattr("signals.services.alarms.violations", lambda: many[5:])
    watch()
    assert Alarm.objects.filter(cleared_at=None).count() == 25
    monkeypatch.setattr("signals.services.alarms.violations", lambda: many[20:])
    watch()
    assert Alarm.objects.filter(cleared_at=None).count() == 5


def test_an_order_of_ours_that_is_in_no_row_is_told_and_left_alone(market, author, alice):
    link = link_account(alice, market)
    publish(author)
    working.work()
    stranger = NewOrder(
        link_id="hx0123456789abcdefghjkmnpq",
        symbol="BTCUSDT",
        side=Side.BUY,
        type=OrderType.LIMIT,
        quantity=Decimal("0.001"),
        price=Decimal(44000),
        position_index=0,
    )
    link.refresh_from_db()
    key = vault.unseal(bytes(link.sealed), context=seal_context(link))
    BybitExchange(key, wire_of(link.environment, link.egress, NoMeter())).place(stranger)
    settle(market)
    alarm = Alarm.objects.get()
    assert (alarm.code, alarm.subject) == ("order_orphaned", "order hx0123456789abcdefghjkmnpq")
    assert str(link.public_id) in alarm.detail
    rows = market.ledger(link.exchange_uid)["orders"]
    assert [r["orderStatus"] for r in rows if r["orderLinkId"] == "hx0123456789abcdefghjkmnpq"] == [
        "New"
    ]

    watch()
    assert Alarm.objects.get().cleared_at is None  # it is cleared when it is not seen any more
    Alarm.objects.update(last_seen_at=ago(hours=2))
    watch()
    assert Alarm.objects.get().cleared_at is not None


def test_the_command_fails_on_a_violation(copy, capsys):
    call_command("check_invariants")
    assert "Every invariant holds" in capsys.readouterr().out

    copy.update(due_at=ago(seconds=35), lane=Lane.PROTECT)
    with pytest.raises(SystemExit) as ended:
        call_command("check_invariants")
    assert ended.value.code == 1
    assert "critical copy_untaken" in capsys.readouterr().out
