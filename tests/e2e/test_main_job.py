"""The main job in a browser: join, pair, link, publish, trade, be told."""

from __future__ import annotations

import re

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from accounts.models import User
from signals.models import Copy
from signals.services import publishing
from tests.fixtures.people import PASSWORD, link_account, long_btc
from tests.fixtures.processes import eventually

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("e2e")]


def log_in(page, site, email):
    page.goto(f"{site}/account/login/")
    page.fill("[name=email]", email)
    page.fill("[name=password]", PASSWORD)
    page.click("main button[type=submit]")
    page.wait_for_url(f"{site}/")


def join(page, site, nickname, email):
    page.goto(f"{site}/account/register/")
    page.fill("[name=email]", email)
    page.fill("[name=nickname]", nickname)
    page.fill("[name=password]", PASSWORD)
    page.check("[name=accepts_risk]")
    page.click("main button[type=submit]")
    page.wait_for_url(f"{site}/settings/")


def pair(page, pages, telegram):
    """Make a key in the dialog and paste it into the chat, as a person does."""
    page.click("#telegram-row button")
    page.click("dialog [hx-post]")
    key = page.locator("#pairing-key").inner_text()
    chat = pages()
    chat.goto(f"{telegram.url}/?user=4242&name=Rocket")
    chat.fill("#text", key)
    chat.press("#text", "Enter")
    expect(chat.locator("article:not(.mine)", has_text="✅")).to_be_visible()
    expect(page.locator("#telegram-row .dot.connected")).to_be_visible()
    return chat


def enter_key(page, key):
    """Open the dialog and have a key verified; the dialog then shows the steps."""
    page.click("[hx-get='/connections/connect/']")
    page.fill("dialog [name=api_key]", key["api_key"])
    page.fill("dialog [name=api_secret]", key["api_secret"])
    page.click("dialog form button[type=submit]")


def close_dialog(page):
    """What was changed in it is on the page after that."""
    with page.expect_navigation():
        page.locator("#dialog [data-closes-dialog]").last.click()


def connect(page, key):
    enter_key(page, key)
    expect(page.locator("#verification .dot.connected")).to_be_visible()
    close_dialog(page)
    expect(page.locator("[id^=connection-] .dot.connected")).to_be_visible()


def write_long(page, site, **fields):
    """Fill in a long at 45900 to 46000; what it is on may be typed afterwards."""
    page.goto(f"{site}/signals/new/")
    prices = {"entry_low": "45900", "entry_high": "46000", "stop": "45500", "target_price": "47000"}
    for name, value in {**fields, "leverage": "10", **prices}.items():
        page.fill(f"[name={name}]", value)
    page.check("[name=side][value=long]", force=True)


def publish(page):
    page.click("button[value=publish]")
    page.wait_for_url(re.compile(r"/signals/[0-9a-f-]{36}/$"))
    expect(page.locator("#copies .copy-filled")).to_be_visible()


def test_from_joining_to_a_closed_trade(site, market, telegram, author, pages):
    trader = pages()
    join(trader, site, "로케트", "rocket@example.com")
    chat = pair(trader, pages, telegram)
    connect(trader, market.account(balance="1000"))
    trader.click("[id^=connection-] a[href*=sizing]")
    trader.select_option("[name=sizing]", "fixed_margin")
    trader.fill("[name=amount]", "50")
    trader.click("main form button[type=submit]")
    trader.wait_for_url(f"{site}/settings/")

    market.price("BTCUSDT", 45950)
    writer = pages("en")
    log_in(writer, site, "author@example.com")
    write_long(writer, site, symbol="BTCUSDT")
    expect(writer.locator("#preview")).to_contain_text("로케트")
    expect(writer.locator("#preview")).to_contain_text("0.01")
    publish(writer)

    trader.goto(f"{site}/trades/")
    expect(trader.locator("#my-copies")).to_contain_text("45950")
    expect(chat.locator("article", has_text="진입 완료")).to_be_visible()

    market.price("BTCUSDT", 47050)
    expect(writer.locator("#copies .copy-closed")).to_be_visible()
    expect(trader.locator("#my-copies .gain")).to_be_visible()
    expect(chat.locator("article", has_text="익절 도달")).to_be_visible()
    trader.goto(f"{site}/")
    expect(trader.locator("#log")).to_contain_text("로케트님이 거래진입 하셨습니다.")


def test_the_author_closes_now_and_a_bad_key_says_what_to_do(site, market, telegram, author, pages):
    trader = pages()
    join(trader, site, "bob", "bob@example.com")
    rights = {"ContractTrade": ["Order", "Position"], "Wallet": ["Withdraw"]}
    enter_key(trader, market.account(permissions=rights))
    expect(trader.locator("#verification .failed")).to_contain_text("출금이 가능한 키")
    close_dialog(trader)
    expect(trader.locator("[id^=connection-] .dot.refused")).to_be_visible()
    expect(trader.locator("[id^=connection-]")).to_contain_text("출금이 가능한 키는 받지 않습니다")

    User.objects.filter(nickname="author").update(has_telegram=True)
    writer = pages()
    log_in(writer, site, "author@example.com")
    writer.goto(f"{site}/settings/")
    connect(writer, market.account(balance="1000"))
    writer.click("[id^=connection-] a[href*=sizing]")
    writer.click("main form button[type=submit]")
    market.price("BTCUSDT", 45950)
    writer.goto(f"{site}/signals/new/")
    for name, value in {
        "symbol": "BTCUSDT",
        "leverage": "10",
        "entry_low": "46000",
        "entry_high": "45900",
        "stop": "45500",
        "target_price": "47000",
    }.items():
        writer.fill(f"[name={name}]", value)
    writer.check("[name=side][value=long]", force=True)
    writer.click("[data-add-target]")  # the one target's whole share is shared out from now on
    writer.locator("[name=target_price]").nth(1).fill("47100")
    expect(writer.locator("[name=target_share]").first).to_have_value("")
    expect(writer.locator("#preview")).to_contain_text("47100")
    writer.click("button[value=publish]")
    writer.wait_for_url(re.compile(r"/signals/[0-9a-f-]{36}/$"))
    expect(writer.locator("#copies .copy-filled")).to_be_visible()
    writer.click("form[action$='/close/'] button")
    writer.click("#confirm [value=yes]")
    expect(writer.locator("#copies .copy-closed")).to_be_visible()
    copy = eventually(lambda: Copy.objects.filter(status="closed").first())
    assert copy.reason == "closed_by_author"


PASTED = """📣 #BTC/USDT LONG
Leverage: 10x
Entry: 45900 - 46000
Targets: 46400, 46500
Stop: 45500"""


def limit_leverage(page, site, most):
    page.goto(f"{site}/settings/")
    page.click("[id^=connection-] a[href*=sizing]")
    page.locator("summary").first.click()
    page.fill("[name=max_leverage]", most)
    page.click("main form button[type=submit]")
    page.wait_for_url(f"{site}/settings/")


def paste_ladder(page, site, text):
    """Fill the form with a text, and make a ladder of it behind "more"."""
    page.goto(f"{site}/signals/new/")
    page.locator("summary").first.click()
    page.fill("[name=text]", text)
    page.click("form[action$='/paste/'] button[type=submit]")
    expect(page.locator(".message").first).to_contain_text("Check every figure")
    expect(page.locator("[name=target_price]")).to_have_count(2)
    page.locator("#signal-form summary").click()
    expect(page.locator("[name=steps]")).to_be_hidden()
    page.select_option("[name=entry_kind]", "ladder")
    page.fill("[name=steps]", "2")
    expect(page.locator("[name=trigger]")).to_be_hidden()


def test_a_pasted_ladder_a_limit_and_a_panic(site, market, author, alice, pages):
    link_account(alice, market)
    trader, writer = pages(), pages("en")
    log_in(trader, site, "alice@example.com")
    limit_leverage(trader, site, "5")

    log_in(writer, site, "author@example.com")
    paste_ladder(writer, site, PASTED)
    expect(writer.locator("#preview")).to_contain_text("For example alice")
    expect(writer.locator("#preview")).to_contain_text("5x")
    writer.click("button[value=publish]")
    expect(writer.locator("#signal-form [role=alert]")).to_contain_text("Nothing was published")
    writer.check("[name=accepted]")
    with writer.expect_response("**/signals/preview/"):
        writer.fill("[name=note]", "Small size")  # the preview is made anew, the tick stays
    expect(writer.locator("[name=accepted]")).to_be_checked()
    writer.click("button[value=publish]")
    writer.wait_for_url(re.compile(r"/signals/[0-9a-f-]{36}/$"))
    expect(writer.locator("#copies .copy-placed")).to_be_visible()
    expect(writer.locator("#copies")).to_contain_text("✓ Arrived")

    market.price("BTCUSDT", 45850)
    expect(writer.locator("#copies .copy-filled")).to_be_visible()
    trader.goto(f"{site}/trades/")
    expect(trader.locator("#my-copies")).to_contain_text("5x")
    trader.click("form[action$='/panic/'] button")
    trader.click("#confirm [value=yes]")
    expect(trader.locator(".message.success")).to_contain_text("종료하고 있습니다")
    expect(trader.locator("#my-copies .copy-closed")).to_be_visible()
    trader.goto(f"{site}/settings/")
    expect(trader.locator("[id^=connection-]")).to_contain_text("일시 정지됨")
    copy = Copy.objects.get()
    assert (copy.reason, copy.leverage) == ("closed_by_trader", 5)


def test_a_question_outlives_the_refresh_of_its_table(site, market, author, alice, pages):
    """The table of trades is swapped every three seconds; a slow reader must still be obeyed."""
    link_account(alice, market)
    signal = publishing.create_signal(author, long_btc(), now=timezone.now())
    publishing.publish(signal, actor=author, now=timezone.now())
    trader = pages("en")
    log_in(trader, site, "alice@example.com")
    trader.goto(f"{site}/trades/")
    expect(trader.locator("#my-copies .copy-placed")).to_be_visible()
    trader.click("form[action$='/leave-out/'] button")
    for _ in range(2):
        with trader.expect_response("**/trades/"):
            pass
    trader.click("#confirm [value=yes]")
    expect(trader.locator("#my-copies .copy-expired")).to_be_visible()
    assert Copy.objects.get().reason == "opted_out"


@pytest.mark.parametrize("language", ["ko", "en"])
def test_pages_fit_a_phone(site, author, pages, language):
    User.objects.filter(pk=author.pk).update(language=language)
    phone = pages(language, 375)
    log_in(phone, site, "author@example.com")
    for path in ("/", "/settings/", "/signals/", "/signals/new/", "/trades/"):
        phone.goto(site + path)
        width = phone.evaluate("document.documentElement.scrollWidth")
        assert width <= 375, path
