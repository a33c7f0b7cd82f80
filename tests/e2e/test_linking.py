"""Linking in a browser as the guide shows it: read, enter, watch the steps, mend, be connected."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from accounts.models import User
from exchanges.models import Connection
from tests.e2e.test_main_job import close_dialog, connect, enter_key, log_in

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("e2e")]


def step(page, name):
    return page.locator("#verification .checks li", has=page.get_by_text(name, exact=True))


def test_the_steps_are_seen_as_they_happen(site, market, alice, pages):
    market.fault("latency", path="/v5/account/wallet-balance", ms=3000)
    trader = pages("en")
    log_in(trader, site, "alice@example.com")
    trader.goto(f"{site}/settings/")
    enter_key(trader, market.account(balance="777"))
    expect(step(trader, "Balance readable")).to_have_class("running")
    expect(step(trader, "Key valid")).to_have_class("passed")
    expect(step(trader, "Status receivable")).to_have_class("waiting")
    expect(trader.locator("#verification .checks .passed")).to_have_count(7)
    expect(trader.locator("#verification .message")).to_contain_text("777.00 USDT")
    trader.click("#verification a[href$='/sizing/']")
    trader.wait_for_url(re.compile(r"/sizing/$"))


def test_a_refused_key_is_mended_from_the_same_dialog(site, market, alice, pages):
    trader = pages()
    log_in(trader, site, "alice@example.com")
    trader.goto(f"{site}/settings/")
    enter_key(trader, market.account(read_only=True))
    expect(step(trader, "권한")).to_have_class("failed")
    expect(step(trader, "잔고 조회")).to_have_class("skipped")
    trader.click("#verification button.primary")
    key = market.account(balance="1000")
    trader.fill("dialog [name=api_key]", key["api_key"])
    trader.fill("dialog [name=api_secret]", "two words")
    trader.click("dialog form button[type=submit]")
    expect(trader.locator("dialog .has-errors")).to_contain_text("공백 없이")
    trader.fill("dialog [name=api_key]", key["api_key"])
    trader.fill("dialog [name=api_secret]", key["api_secret"])
    trader.click("dialog form button[type=submit]")
    expect(trader.locator("#verification .dot.connected")).to_be_visible()
    close_dialog(trader)
    expect(trader.locator("[id^=connection-] .dot.connected")).to_be_visible()
    assert Connection.objects.count() == 1


def test_a_second_account_gets_a_name_of_its_own_and_a_bad_new_key_costs_nothing(
    site, market, alice, pages
):
    trader = pages("en")
    log_in(trader, site, "alice@example.com")
    trader.goto(f"{site}/settings/")
    connect(trader, market.account())
    trader.click("[hx-get='/connections/connect/']")
    expect(trader.locator("dialog [name=name]")).to_have_value("Bybit 2")
    trader.locator("#dialog [data-closes-dialog]").last.click()
    row = trader.locator("[id^=connection-]")
    row.get_by_role("button", name="Change").click()
    key = market.account(uid=Connection.objects.get().exchange_uid, uta=0)
    trader.fill("dialog [name=api_key]", key["api_key"])
    trader.fill("dialog [name=api_secret]", key["api_secret"])
    trader.click("dialog form button[type=submit]")
    expect(trader.locator("#verification .notice")).to_contain_text("former one stays")
    close_dialog(trader)
    expect(row.locator(".dot.connected")).to_be_visible()
    expect(row).to_contain_text("The last new key was refused")


def test_the_guide_is_read_before_linking(site, alice, pages):
    trader = pages("en")
    log_in(trader, site, "alice@example.com")
    trader.goto(f"{site}/settings/")
    trader.click("a[href='/guide/bybit/']")
    expect(trader.locator("h1")).to_have_text("How to link Bybit")
    expect(trader.locator(".permissions .no").last).to_contain_text("leave off")
    trader.click("a[href='/guide/kucoin/']")
    expect(trader.locator(".notice")).to_contain_text("cannot be linked yet")


@pytest.mark.parametrize("language", ["ko", "en"])
def test_dialog_steps_and_guides_fit_a_phone(site, market, alice, pages, language):
    User.objects.filter(pk=alice.pk).update(language=language)
    phone = pages(language, 375)
    log_in(phone, site, "alice@example.com")
    for exchange in ("bybit", "binance", "kucoin", "coinbase"):
        phone.goto(f"{site}/guide/{exchange}/")
        assert phone.evaluate("document.documentElement.scrollWidth") <= 375, exchange
    phone.goto(f"{site}/settings/")
    fits = "element => element.scrollWidth <= element.clientWidth"
    phone.click("[hx-get='/connections/connect/']")
    expect(phone.locator("dialog .permissions")).to_be_visible()
    assert phone.locator("#dialog").evaluate(fits)
    key = market.account(read_only=True, uta=0)
    phone.fill("dialog [name=api_key]", key["api_key"])
    phone.fill("dialog [name=api_secret]", key["api_secret"])
    phone.click("dialog form button[type=submit]")
    expect(phone.locator("#verification .failed")).to_have_count(2)
    assert phone.locator("#dialog").evaluate(fits)
