"""Connections are looked at again for as long as they live."""

from __future__ import annotations

import threading
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import ActivityEvent
from exchanges import services, watching
from exchanges.domain.trading import Credentials
from exchanges.models import Connection
from notifications.models import OutboxMessage, TelegramLink
from notifications.texts import render
from signals.domain.draft import TargetDraft
from signals.models import Copy
from signals.services.copying import set_rules
from tests.fixtures.people import link_account, long_btc
from tests.integration.signals.test_copy_life import publish, work_now

pytestmark = pytest.mark.django_db(transaction=True)
D = Decimal
KEY = "watched-key"
TRADE = {"ContractTrade": ["Order", "Position"]}
WITHDRAW = TRADE | {"Wallet": ["Withdraw"]}
TRANSFER = TRADE | {"Wallet": ["AccountTransfer"]}
DAY = timedelta(days=1)


@pytest.fixture
def link(market, alice):
    return link_account(alice, market, api_key=KEY)


def change(market, **fields):
    """Change Alice's key at the exchange."""
    market.post(f"keys/{KEY}", **fields)


def look(link, *, after=timedelta(), now=None):
    """One look at a connection, its key's rights included."""
    now = (now or timezone.now()) + after
    Connection.objects.filter(pk=link.pk).update(key_checked_at=None)
    link.refresh_from_db()
    watching.watch(link, now=now)
    link.refresh_from_db()
    return link


def told(code=None):
    events = ActivityEvent.objects.exclude(code="api_connected").order_by("pk")
    return [event.code for event in events if code in {None, event.code}]


# --- rights --------------------------------------------------------------------------------------


def test_a_withdrawal_right_that_is_switched_on_later_pauses_and_tells_once(market, link):
    change(market, permissions=WITHDRAW)
    for _ in range(2):
        look(link)
    assert (link.status, link.reason) == ("attention", "can_withdraw")
    assert link.sealed is not None
    assert told() == ["api_attention"]


def test_what_its_owner_has_mended_is_found_and_told(market, link):
    change(market, permissions=WITHDRAW)
    look(link)
    change(market, permissions=TRADE)
    look(link)
    assert (link.status, link.reason) == ("connected", "")
    assert told() == ["api_attention", "api_restored"]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"read_only": True}, "read_only"),
        ({"permissions": {"ContractTrade": ["Position"]}}, "permission_missing"),
        ({"ips": ["10.1.2.3"]}, "ip_not_allowed"),
        ({"revoked": True}, "invalid_key"),
        ({"deadline_day": 0}, "key_expired"),
        ({"uta": 0}, "not_unified"),
    ],
)
def test_whatever_goes_wrong_with_a_key_is_named(market, link, fields, reason):
    change(market, **fields)
    look(link)
    assert (link.status, link.reason) == ("attention", reason)


def test_a_transfer_right_that_comes_later_is_told_once(market, link):
    change(market, permissions=TRANSFER)
    for _ in range(2):
        look(link)
    assert (link.status, link.has_transfer_right) == ("connected", True)
    assert told() == ["api_transfer_right"]


def test_a_transfer_right_pauses_where_it_is_refused(market, link, settings):
    settings.REFUSE_TRANSFER_RIGHT = True
    change(market, permissions=TRANSFER)
    look(link)
    assert (link.status, link.reason) == ("attention", "can_transfer")
    assert told() == ["api_attention"]


def test_the_rights_are_read_less_often_than_the_account(market, link):
    before = market.paths()["/v5/user/query-api"]
    for _ in range(3):
        watching.watch(link, now=timezone.now())
    assert market.paths()["/v5/user/query-api"] == before
    watching.watch(link, now=timezone.now() + timedelta(seconds=301))
    assert market.paths()["/v5/user/query-api"] == before + 1


def test_an_exchange_that_is_away_changes_nothing(market, link):
    market.fault("http", path="/v5/user/query-api", status=503)
    look(link)
    assert (link.status, told()) == ("connected", [])


def test_a_key_that_was_entered_meanwhile_is_not_judged_by_the_old_one(market, link):
    change(market, permissions=WITHDRAW)
    old = Connection.objects.get(pk=link.pk)
    Connection.objects.filter(pk=link.pk).update(sealed=b"another", key_checked_at=None)
    old.key_checked_at = None
    watching.watch(old, now=timezone.now())
    link.refresh_from_db()
    assert (link.status, told()) == ("connected", [])


# --- expiry --------------------------------------------------------------------------------------


def test_the_end_of_a_key_is_told_four_times_and_never_twice(market, link):
    market.post("limits", uid=False)  # ten looks at a key a second are the exchange's most
    end = link.key_expires_at
    for left in (15, 14, 13.5, 13, 7, 6.9, 4, 3, 2, 1, 0.5):
        for _ in range(2):
            look(link, now=end - left * DAY)
    events = ActivityEvent.objects.filter(code="api_expiring").order_by("pk")
    assert [event.params["days"] for event in events] == ["14", "7", "3", "1"]
    assert {event.params["at"] for event in events} == {f"{end:%Y-%m-%d}"}


def test_a_prolonged_key_is_told_of_anew_in_its_time(market, link):
    look(link, now=link.key_expires_at - DAY)
    change(market, deadline_day=200)
    look(link, now=link.key_expires_at)
    assert told("api_expiring") == ["api_expiring"]
    look(link, now=link.key_expires_at - 2 * DAY)
    assert told("api_expiring") == ["api_expiring"] * 2
    assert told("api_expiry_sooner") == []


def test_a_key_that_is_bound_to_an_address_has_no_end(market, link):
    change(market, ips=["127.0.0.1"])
    look(link, now=link.key_expires_at)
    assert (link.key_expires_at, link.allows_any_address, told()) == (None, False, [])


def test_a_new_password_at_the_exchange_is_noticed_by_what_it_does_to_the_key(market, link):
    market.post(f"accounts/{link.exchange_uid}/password")
    for _ in range(2):
        look(link)
    assert link.status == "connected"
    assert told() == ["api_expiry_sooner", "api_expiring"]


def test_many_workers_tell_of_an_end_once(link, alice):
    TelegramLink.objects.create(user=alice, chat_id=5, linked_at=timezone.now())
    now = link.key_expires_at - DAY
    Connection.objects.update(key_checked_at=None)
    gate = threading.Barrier(6)

    def worker():
        own = Connection.objects.get(pk=link.pk)
        gate.wait(10)
        watching.watch(own, now=now)
        connection.close()

    threads = [threading.Thread(target=worker) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert told("api_expiring") == ["api_expiring"]
    assert OutboxMessage.objects.filter(code="api_expiring").count() == 1


# --- the account ---------------------------------------------------------------------------------


def test_balance_leverage_and_mode_are_read_again(market, link):
    market.post(
        f"accounts/{link.exchange_uid}", balance="640", hedge=True, leverage={"BTCUSDT": "3"}
    )
    look(link)
    state = link.symbols.get(symbol="BTCUSDT")
    assert (link.equity, state.leverage, state.is_hedge) == (640, 3, True)


def test_an_account_that_leaves_the_seed_is_told_once_a_day(market, link):
    set_rules(link, fields={"sizing": "fixed_margin", "amount": D(50), "min_equity": D(500)})
    look(link)
    assert told() == []
    market.post(f"accounts/{link.exchange_uid}", balance="100")
    noon = timezone.now().replace(hour=12)
    for hours in (0, 1, 24):
        look(link, now=noon + timedelta(hours=hours))
    assert told() == ["seed_limit"] * 2
    event = ActivityEvent.objects.filter(code="seed_limit").first()
    assert (event.is_public, event.params["equity"]) == (True, "100")
    text = render(event.code, event.params, "en")
    assert "SEED LIMIT" in text
    assert " · " not in text  # of no signal


def test_who_has_paused_hears_nothing_of_the_seed(market, link):
    fields = {"sizing": "fixed_margin", "amount": D(50), "min_equity": D(5000)}
    set_rules(link, fields=fields | {"is_enabled": False})
    look(link)
    assert told() == []


# --- who is looked at ----------------------------------------------------------------------------


def test_stale_ones_are_claimed_once_and_the_oldest_first(market, alice, bob):
    now = timezone.now()
    first, second = link_account(alice, market), link_account(bob, market)
    Connection.objects.filter(pk=first.pk).update(checked_at=now - timedelta(minutes=1))
    Connection.objects.filter(pk=second.pk).update(checked_at=now - timedelta(minutes=2))
    age = timedelta(seconds=30)
    assert watching.claim_stale(1, now=now, age=age) == [second]
    assert watching.claim_stale(9, now=now, age=age) == [first]
    assert watching.claim_stale(9, now=now, age=age) == []


@pytest.mark.parametrize("status", ["refused", "revoked", "verifying"])
def test_nobody_else_is_looked_at(link, status):
    Connection.objects.update(status=status, checked_at=None)
    assert watching.claim_stale(9, now=timezone.now(), age=DAY) == []


def test_one_that_needs_attention_is_looked_at_while_it_has_a_key(link):
    Connection.objects.update(status="attention", checked_at=timezone.now())
    age = timedelta(seconds=30)
    claim = watching.claim_stale
    assert claim(9, now=timezone.now() + timedelta(seconds=60), age=age) == []
    assert claim(9, now=timezone.now() + timedelta(seconds=301), age=age) == [link]
    Connection.objects.update(sealed=None, checked_at=None)
    assert claim(9, now=timezone.now(), age=age) == []


def test_whoever_has_mended_a_key_may_have_it_looked_at_at_once(market, link):
    Connection.objects.update(status="attention", reason="account_barred")
    look(link)
    assert link.reason == "account_barred"  # reading alone cannot tell whether that is over
    services.check_again(link)
    link.refresh_from_db()
    assert link.reason == "rechecking"
    assert watching.claim_stale(9, now=timezone.now(), age=DAY) == [link]
    look(link)
    assert (link.status, link.reason) == ("connected", "")


def test_what_works_need_not_be_checked_again(link):
    with pytest.raises(services.LinkRefused):
        services.check_again(link)


def long_eth():
    """A long below the sandbox's price of ETH."""
    levels = {"entry_low": D(3600), "entry_high": D(3610), "stop": D(3500)}
    return long_btc(symbol="ETHUSDT", targets=(TargetDraft(D(3900), D(100)),), **levels)


# --- trading meanwhile ---------------------------------------------------------------------------


def test_entries_stop_and_what_protects_goes_on(market, author, alice, link):
    publish(author, long_btc())
    work_now()
    market.price("BTCUSDT", 45950)
    work_now()
    assert Copy.objects.get().status == "filled"
    change(market, permissions=WITHDRAW)
    look(link)
    market.post(f"accounts/{link.exchange_uid}/stop", symbol="BTCUSDT", stopLoss="0")
    Copy.objects.update(looked_at=None)
    work_now()
    (position,) = market.ledger(link.exchange_uid)["positions"]
    assert Decimal(position["stopLoss"]) == 45500
    assert link.status == "attention"
    publish(author, long_eth())
    skipped = Copy.objects.get(symbol="ETHUSDT")
    assert (skipped.status, skipped.reason) == ("skipped", "connection_not_ready")


def test_an_entry_that_was_waiting_when_its_key_came_to_be_refused_is_not_sent(
    market, author, link
):
    publish(author, long_btc())
    Connection.objects.update(status="attention", reason="can_withdraw")
    work_now()
    copy = Copy.objects.get()
    assert (copy.status, copy.reason) == ("skipped", "connection_not_ready")
    assert market.ledger(link.exchange_uid)["orders"] == []


def test_a_key_that_works_is_not_replaced_under_open_trades(market, author, link):
    publish(author, long_btc())
    change(market, permissions=WITHDRAW)
    look(link)
    other = market.account(uid=link.exchange_uid)
    with pytest.raises(services.LinkRefused):
        services.replace_key(link, credentials=Credentials(other["api_key"], other["api_secret"]))
