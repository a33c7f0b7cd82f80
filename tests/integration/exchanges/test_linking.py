"""Linking an account: verified in the worker against the sandbox, refused for the right reasons."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from django.utils import timezone

from accounts.models import ActivityEvent
from exchanges import instruments, services, watching
from exchanges.domain.errors import Unavailable
from exchanges.domain.trading import Credentials
from exchanges.governor import governor
from exchanges.models import Connection, Instrument
from tests.fixtures.people import link_account, long_btc
from tests.integration.signals.test_copy_life import publish

pytestmark = pytest.mark.django_db(transaction=True)
EMPTY = '{"retCode": 0, "retMsg": "OK", "result": {"list": [], "nextPageCursor": ""}}'


def connect(user, key):
    link = services.connect(
        user,
        environment="sandbox",
        name="main",
        credentials=Credentials(key["api_key"], key["api_secret"]),
    )
    services.verify(link.pk, now=timezone.now())
    link.refresh_from_db()
    return link


def test_a_good_key_is_connected_with_what_the_account_has(market, alice):
    key = market.account(balance="777", hedge=True, leverage={"BTCUSDT": "7"})
    link = connect(alice, key)
    assert (link.status, link.reason, link.exchange_uid) == ("connected", "", key["uid"])
    assert link.equity == 777
    state = link.symbols.get(symbol="BTCUSDT")
    assert (state.leverage, state.is_hedge) == (7, True)
    assert key["api_secret"].encode() not in bytes(link.sealed)
    assert key["api_key"] not in link.key_hint
    event = ActivityEvent.objects.get(code="api_connected")
    assert (event.user, event.is_public) == (alice, True)


def test_an_exchange_that_is_away_is_asked_again(market, alice):
    fault = market.fault("http", path="/v5/user/query-api", status=503)
    link = connect(alice, market.account())
    assert (link.status, link.reason) == ("verifying", "unavailable")
    market.clear_faults()
    Connection.objects.update(checked_at=None)
    services.verify(link.pk, now=timezone.now())
    link.refresh_from_db()
    assert (link.status, link.reason) == ("connected", "")
    assert fault


def test_a_worker_without_its_key_harms_no_link_and_blames_no_trader(market, alice, bob, settings):
    key, private = market.account(), settings.VAULT_PRIVATE_KEY_FILE
    live = link_account(alice, market)
    new = services.connect(
        bob,
        environment="sandbox",
        name="main",
        credentials=Credentials(key["api_key"], key["api_secret"]),
    )
    told = ActivityEvent.objects.count()
    settings.VAULT_PRIVATE_KEY_FILE = None
    watching.watch(live, now=timezone.now())
    services.verify(new.pk, now=timezone.now())
    live.refresh_from_db()
    new.refresh_from_db()
    assert (live.status, live.reason) == ("connected", "")
    assert (new.status, new.reason) == ("verifying", "unavailable")
    assert new.sealed is not None
    assert ActivityEvent.objects.count() == told
    settings.VAULT_PRIVATE_KEY_FILE = private
    Connection.objects.filter(pk=new.pk).update(checked_at=None)
    services.verify(new.pk, now=timezone.now())
    new.refresh_from_db()
    assert new.status == "connected"


@pytest.mark.parametrize("sealed", [b"", b"\x01cut"])
def test_a_damaged_seal_pauses_its_own_link(market, alice, sealed):
    link = link_account(alice, market)
    Connection.objects.update(sealed=sealed)
    link.refresh_from_db()
    watching.watch(link, now=timezone.now())
    link.refresh_from_db()
    assert (link.status, link.reason) == ("attention", "vault")


def test_an_empty_list_of_contracts_closes_no_market(market):
    trading = Instrument.objects.filter(status="Trading").count()
    market.fault("http", path="/v5/market/instruments-info", status=200, body=EMPTY, times=1)
    with pytest.raises(Unavailable):
        instruments.refresh_instruments("bybit", "sandbox", now=timezone.now())
    assert Instrument.objects.filter(status="Trading").count() == trading > 0


def test_the_first_rules_and_prices_are_read_when_redis_stalls_between(market, monkeypatch):
    read_rules = instruments.refresh_instruments

    def stall_afterwards(*place, **options):
        count = read_rules(*place, **options)
        governor().of("bybit")._note_away(TimeoutError())
        return count

    monkeypatch.setattr(instruments, "refresh_instruments", stall_afterwards)
    Instrument.objects.update(priced_at=None)
    call_command("refresh_instruments", "--environment", "sandbox")
    assert Instrument.objects.get(symbol="BTCUSDT").priced_at is not None


def test_a_key_that_dies_later_pauses_the_link_and_tells_once(market, alice):
    key = market.account()
    link = connect(alice, key)
    market.post(f"keys/{key['api_key']}", expired=True)
    for _ in range(2):
        watching.watch(link, now=timezone.now())
    link.refresh_from_db()
    assert (link.status, link.reason) == ("attention", "key_expired")
    assert ActivityEvent.objects.filter(code="api_attention").count() == 1


def test_a_link_with_open_trades_is_not_let_go(market, author, alice):
    link = link_account(alice, market)
    publish(author, long_btc())
    with pytest.raises(services.LinkRefused):
        services.disconnect(link, now=timezone.now())
    link.refresh_from_db()
    assert link.sealed is not None


def test_disconnecting_destroys_the_sealed_key(market, alice):
    link = link_account(alice, market)
    services.disconnect(link, now=timezone.now())
    link.refresh_from_db()
    assert (link.status, link.sealed, link.key_hint) == ("revoked", None, "")


def test_the_traders_own_position_is_seen(market, alice):
    key = market.account()
    market.post(
        f"accounts/{key['uid']}/order",
        symbol="ETHUSDT",
        side="Buy",
        orderType="Market",
        qty="0.1",
    )
    assert connect(alice, key).own_symbols == ["ETHUSDT"]


def test_a_working_key_is_not_replaced_under_open_trades(market, author, alice):
    link = link_account(alice, market)
    publish(author, long_btc())
    before = bytes(link.sealed)
    other = market.account()
    credentials = Credentials(other["api_key"], other["api_secret"])
    with pytest.raises(services.LinkRefused):
        services.replace_key(link, credentials=credentials)
    link.refresh_from_db()
    assert (link.status, bytes(link.sealed)) == ("connected", before)


def test_a_dead_key_is_replaced_by_one_of_the_same_account_only(market, author, alice):
    link = link_account(alice, market)
    publish(author, long_btc())
    Connection.objects.update(status="attention", reason="key_expired")
    same = market.account(uid=link.exchange_uid)
    for key, status in ((market.account(), "attention"), (same, "connected")):
        credentials = Credentials(key["api_key"], key["api_secret"])
        services.replace_key(link, credentials=credentials)
        services.verify(link.pk, now=timezone.now())
        link.refresh_from_db()
        assert link.status == status
