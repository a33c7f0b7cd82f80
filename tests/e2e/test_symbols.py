"""An author writes the symbol as people do, in a browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from signals.models import Signal
from tests.e2e.test_main_job import log_in, publish, write_long
from tests.fixtures.people import link_account

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("e2e")]


def test_a_pair_with_tag_and_slash_is_found_previewed_and_traded(
    site, market, author, alice, pages
):
    link_account(alice, market)
    market.price("BTCUSDT", 45950)
    writer = pages("en")
    log_in(writer, site, "author@example.com")
    write_long(writer, site)

    writer.fill("[name=symbol]", "#BTCC/USDT")
    expect(writer.locator("#preview")).to_contain_text("Did you mean BTCUSDT")
    writer.fill("[name=symbol]", "#BTC/USDT")
    expect(writer.locator("#contract")).to_have_text("BTCUSDT")
    expect(writer.locator("#preview")).to_contain_text("alice")

    publish(writer)
    assert Signal.objects.get().symbol == "BTCUSDT"
