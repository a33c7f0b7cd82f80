"""A connection's later life in a browser: its key goes wrong and is mended, and it is let go."""

from __future__ import annotations

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from accounts.models import User
from exchanges.models import Connection
from signals.models import Copy
from signals.services import publishing
from tests.e2e.test_main_job import log_in
from tests.fixtures.people import link_account, long_btc
from tests.fixtures.processes import eventually

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("e2e")]
KEY = "alices-key"
TRADE = {"ContractTrade": ["Order", "Position"]}


def test_a_withdrawal_right_pauses_until_its_owner_has_unticked_it(site, market, alice, pages):
    link_account(alice, market, api_key=KEY)
    User.objects.filter(pk=alice.pk).update(language="ko")
    trader = pages()
    log_in(trader, site, "alice@example.com")
    market.post(f"keys/{KEY}", permissions=TRADE | {"Wallet": ["Withdraw"]})
    Connection.objects.update(checked_at=None, key_checked_at=None)  # minutes have passed
    eventually(lambda: Connection.objects.get().status == "attention", 30)
    trader.goto(f"{site}/settings/")
    row = trader.locator("[id^=connection-]")
    expect(row).to_contain_text("출금이 가능한 키는 받지 않습니다")
    market.post(f"keys/{KEY}", permissions=TRADE)
    row.locator("form[action$='/check/'] button").click()
    expect(row.locator(".dot.connected")).to_be_visible()


def test_who_disconnects_keeps_the_trade_that_they_want_to_keep(site, market, author, alice, pages):
    link = link_account(alice, market)
    signal = publishing.create_signal(author, long_btc(), now=timezone.now())
    publishing.publish(signal, actor=author, now=timezone.now())
    market.price("BTCUSDT", 45950)
    eventually(lambda: Copy.objects.get().status == "filled", 30)
    trader = pages("en")
    log_in(trader, site, "alice@example.com")
    trader.goto(f"{site}/settings/")
    trader.locator("[id^=connection-] form[action$='/disconnect/'] button").click()
    trader.click("#confirm [value=yes]")
    expect(trader.locator("#open-trades")).to_contain_text("BTC/USDT")
    trader.click("button[value=keep]")
    expect(trader.locator(".message.success")).to_contain_text("as soon as its trades have ended")
    eventually(lambda: Connection.objects.get().status == "revoked", 30)
    copy = Copy.objects.get()
    assert (copy.status, copy.reason) == ("closed", "left_to_trader")
    (position,) = market.ledger(link.exchange_uid)["positions"]
    assert (position["size"], position["stopLoss"]) == ("0.01", "45500")
    trader.goto(f"{site}/settings/")
    expect(trader.locator("[id^=connection-]")).to_have_count(0)
