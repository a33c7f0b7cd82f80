"""A trader reads in a browser what their key was used for, on a phone as well, and sees a hold."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from playwright.sync_api import expect

from exchanges.models import Connection
from signals.models import Copy
from tests.e2e.test_main_job import log_in
from tests.fixtures.people import link_account
from tests.fixtures.processes import eventually
from tests.integration.signals.test_copy_life import publish

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("e2e")]
PHONE = 390


def test_each_use_of_a_key_and_a_quarantine(site, market, author, alice, pages):
    link_account(alice, market)
    publish(author)
    eventually(lambda: Copy.objects.get().status == "placed", 30)
    trader = pages("en", PHONE)
    log_in(trader, site, "alice@example.com")
    trader.goto(f"{site}/settings/")
    trader.locator("[id^=connection-]").get_by_role("link", name="Uses of the key").click()
    uses = trader.locator("#key-uses")
    expect(uses).to_contain_text("Entry of a trade")
    expect(uses).to_contain_text("Order worker")
    expect(uses).to_contain_text("author")
    overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert trader.evaluate(overflow) <= 0
    uses.get_by_role("link", name="#BTC/USDT").first.click()
    expect(trader.locator("h1")).to_contain_text("BTC/USDT")

    call_command("quarantine", "--user", "alice@example.com", "--reason", "odd orders")
    eventually(lambda: Copy.objects.get().status == "expired", 30)
    trader.goto(f"{site}/settings/")
    row = trader.locator("[id^=connection-]")
    expect(row).to_contain_text("holds back new entries")
    expect(row).not_to_contain_text("odd orders")
    trader.goto(f"{site}/trades/")
    expect(trader.locator("#my-copies")).to_contain_text("holds back new entries")
    call_command("quarantine", "--user", "alice@example.com", "--lift")
    trader.goto(f"{site}/settings/")
    expect(row).not_to_contain_text("holds back new entries")
    assert Connection.objects.get().status == "connected"
