"""Linking without a secret in a browser: the key pair comes from a worker, the id from Bybit."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from exchanges.models import Connection, KeyPair
from tests.e2e.test_main_job import close_dialog, connect, log_in

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("e2e")]


def public_key_of(page):
    """What the trader copies: the key as the page shows it, once the worker has made it."""
    key = page.locator("#public-key")
    expect(key).to_contain_text("BEGIN PUBLIC KEY")
    return key.evaluate("element => element.textContent")


def ask_for_pair(page):
    page.click("#without-secret button")
    page.click("dialog [hx-post$='/connect/pair/'] button[type=submit]")


def give_id(page, api_key):
    page.fill("dialog [name=api_key]", api_key)
    page.click("dialog form button[type=submit]")


def test_a_key_pair_a_wrong_id_and_the_right_one(site, market, alice, pages):
    trader = pages("en")
    sent = []
    trader.on("request", lambda request: sent.append(request.post_data or ""))
    log_in(trader, site, "alice@example.com")
    trader.goto(f"{site}/settings/")
    trader.click("[hx-get='/connections/connect/']")
    ask_for_pair(trader)
    public_key = public_key_of(trader)
    assert public_key == KeyPair.objects.get().public_key
    uid = market.account(balance="1000")["uid"]
    registered = market.post(f"accounts/{uid}/keys", public_key=public_key)

    give_id(trader, "wrongid0000000000")
    expect(trader.locator("#verification .failed")).to_contain_text("Copy it again")
    close_dialog(trader)
    row = trader.locator("[id^=connection-]")
    expect(row.locator(".dot.awaiting")).to_be_visible()
    row.get_by_role("button", name="Enter the API key").click()
    assert public_key_of(trader) == public_key
    give_id(trader, registered["api_key"])
    expect(trader.locator("#verification .dot.connected")).to_be_visible()
    close_dialog(trader)
    expect(row.locator(".dot.connected")).to_be_visible()
    expect(row).to_contain_text("1,000.00")
    assert registered["api_key"] not in trader.content()
    assert not any("api_secret" in body for body in sent)
    assert Connection.objects.get().exchange_uid == uid


def test_what_was_begun_is_found_again_and_may_be_let_go(site, market, alice, pages):
    trader = pages()
    log_in(trader, site, "alice@example.com")
    trader.goto(f"{site}/settings/")
    trader.click("[hx-get='/connections/connect/']")
    ask_for_pair(trader)
    public_key = public_key_of(trader)
    trader.locator("dialog [data-closes-dialog]").last.click()
    row = trader.locator("[id^=connection-]")
    expect(row.locator(".dot.awaiting")).to_be_visible()
    row.get_by_role("button", name="API 키 입력").click()
    assert public_key_of(trader) == public_key
    trader.locator("dialog [data-closes-dialog]").last.click()
    row.locator("form[action$='/disconnect/'] button").click()
    trader.click("#confirm [value=yes]")
    expect(row).to_have_count(0)
    assert Connection.objects.get().status == "revoked"
    assert not KeyPair.objects.exists()


def test_a_secret_gives_way_to_a_key_pair(site, market, alice, pages):
    trader = pages("en")
    log_in(trader, site, "alice@example.com")
    trader.goto(f"{site}/settings/")
    old = market.account(balance="1000")
    connect(trader, old)
    trader.click("[id^=connection-] [hx-get$='/key/']")
    trader.click("#without-secret button")
    trader.click("dialog [hx-post$='/pair/new/']")
    public_key = public_key_of(trader)
    assert Connection.objects.get().status == "connected"  # by its old key, meanwhile
    registered = market.post(f"accounts/{old['uid']}/keys", public_key=public_key)
    market.post(f"keys/{old['api_key']}", revoked=True)
    give_id(trader, registered["api_key"])
    expect(trader.locator("#verification .dot.connected")).to_be_visible()
    close_dialog(trader)
    row = trader.locator("[id^=connection-]")
    expect(row.locator(".dot.connected")).to_be_visible()
    expect(row).to_contain_text(registered["api_key"][-4:])


def test_the_dialog_fits_a_phone(site, market, alice, pages):
    phone = pages("ko", 375)
    log_in(phone, site, "alice@example.com")
    phone.goto(f"{site}/settings/")
    phone.click("[hx-get='/connections/connect/']")
    ask_for_pair(phone)
    public_key_of(phone)
    dialog = phone.locator("#dialog")
    assert dialog.evaluate("element => element.scrollWidth <= element.clientWidth")
