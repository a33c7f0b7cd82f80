"""An author writes the symbol as people do, in a browser."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from signals.models import Signal
from tests.e2e.test_main_job import log_in
from tests.fixtures.people import link_account

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("e2e")]


def test_a_pair_with_tag_and_slash_is_found_previewed_and_traded(
    site, market, author, alice, pages
):
    link_account(alice, market)
    market.price("BTCUSDT", 45950)
    writer = pages("en")
    log_in(writer, site, "author@example.com")
    writer.goto(f"{site}/signals/new/")
    for name, value in {
        "leverage": "10",
        "entry_low": "45900",
        "entry_high": "46000",
        "stop": "45500",
        "target_price": "47000",
    }.items():
        writer.fill(f"[name={name}]", value)
    writer.check("[name=side][value=long]", force=True)

    writer.fill("[name=symbol]", "#BTCC/USDT")
    expect(writer.locator("#preview")).to_contain_text("Did you mean BTCUSDT")
    writer.fill("[name=symbol]", "#BTC/USDT")
    expect(writer.locator("#contract")).to_have_text("BTCUSDT")
    expect(writer.locator("#preview")).to_contain_text("alice")

    writer.click("button[value=publish]")
    writer.wait_for_url(re.compile(r"/signals/[0-9a-f-]{36}/$"))
    expect(writer.locator("#copies .copy-filled")).to_be_visible()
    assert Signal.objects.get().symbol == "BTCUSDT"
