"""The dialog of a link: which exchange and environment, what is typed, and how far it is."""

from __future__ import annotations

import html
import re

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import ActivityEvent, User
from exchanges import key_changes, services
from exchanges.choices import ConnectionReason
from exchanges.guides import GUIDES
from exchanges.models import Connection
from exchanges.venues import VENUES
from notifications.texts import render
from tests.fixtures.people import link_account
from tests.integration.web.test_api import api

pytestmark = pytest.mark.django_db(transaction=True)
HANGUL = re.compile(r"[가-힣]")
CONNECT = "/connections/connect/"


def entered(key, **changes):
    fields = {"exchange": "bybit", "environment": "sandbox", "name": "main"}
    return fields | {"api_key": key["api_key"], "api_secret": key["api_secret"]} | changes


def shown(answer) -> str:
    """The text of a page, its signs as they are read."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", answer.content.decode())).split())


def errors(answer):
    found = re.findall(r'class="error"[^>]*>([^<]+)', answer.content.decode())
    return [html.unescape(text).strip() for text in found]


def speak(client, user, language):
    User.objects.filter(pk=user.pk).update(language=language)
    client.force_login(User.objects.get(pk=user.pk))


# --- what is chosen -------------------------------------------------------------------------------


def test_the_exchange_the_environment_and_a_free_name_are_offered(client, market, alice, settings):
    settings.EXCHANGE_ENVIRONMENTS = ["mainnet", "testnet", "demo", "sandbox"]
    link_account(alice, market, name="Bybit")
    speak(client, alice, "en")
    page = client.get(CONNECT).content.decode()
    values = set(re.findall(r'<option value="([^"]*)"', page))
    assert values == {"bybit", "mainnet", "testnet", "demo", "sandbox"}
    assert 'value="Bybit 2"' in page
    assert "Not yet: Binance" in page
    assert 'name="passphrase"' not in page


def test_another_exchange_brings_its_guide_environments_and_passphrase(client, alice, settings):
    settings.EXCHANGES_OFFERED = ["bybit", "okx"]
    settings.EXCHANGE_ENVIRONMENTS = ["mainnet", "testnet", "demo"]
    speak(client, alice, "en")
    page = client.get(CONNECT, {"exchange": "okx"}).content.decode()
    values = set(re.findall(r'<option value="([^"]*)"', page))
    assert values == {"bybit", "okx", "mainnet", "demo"}
    assert 'name="passphrase"' in page
    assert "Choose a passphrase for the key" in page
    assert 'id="without-secret"' not in page
    assert "bybit.com" not in page


@pytest.mark.parametrize("exchange", ["binance", "nonsense", ""])
def test_an_exchange_that_is_not_offered_is_refused(client, market, alice, exchange):
    client.force_login(alice)
    answer = client.post(CONNECT, entered(market.account(), exchange=exchange))
    assert answer.status_code == 422
    assert errors(answer)
    assert not Connection.objects.exists()


# --- what is typed --------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["ko", "en"])
@pytest.mark.parametrize(
    "changes",
    [
        {"name": ""},
        {"name": "taken"},
        {"name": "x" * 41},
        {"environment": "moon"},
        {"api_key": ""},
        {"api_key": "two parts of it"},
        {"api_key": "키"},
        {"api_secret": ""},
        {"api_secret": "a b"},
        {"api_secret": "the-same", "api_key": "the-same"},
    ],
)
def test_bad_input_is_said_clearly_in_the_readers_language(
    client, market, alice, changes, language
):
    link_account(alice, market, name="taken")
    speak(client, alice, language)
    answer = client.post(CONNECT, entered(market.account(), **changes))
    assert answer.status_code == 422
    (error,) = errors(answer)
    assert bool(HANGUL.search(error)) is (language == "ko")
    assert Connection.objects.count() == 1


def test_a_secret_is_not_in_the_form_that_comes_back(client, market, alice):
    client.force_login(alice)
    key = market.account()
    answer = client.post(CONNECT, entered(key, name=""))
    assert answer.status_code == 422
    assert key["api_secret"] not in answer.content.decode()


@pytest.mark.parametrize("path", [CONNECT, "/connections/connect/pair/"])
def test_too_many_begun_links_are_refused_with_their_reason(client, market, alice, settings, path):
    settings.MOST_UNFINISHED_LINKS = 1
    speak(client, alice, "en")
    key = market.account()
    assert client.post(path, entered(key)).status_code == 200
    answer = client.post(path, entered(key, name="other"))
    assert answer.status_code == 422
    assert "not finished yet" in errors(answer)[0]
    assert Connection.objects.count() == 1


@pytest.mark.parametrize(("language", "words"), [("en", "Wait ten minutes"), ("ko", "10분 뒤에")])
def test_a_key_that_is_changed_too_often_is_refused_with_its_reason(
    client, market, alice, monkeypatch, language, words
):
    monkeypatch.setattr(key_changes, "MOST_OF_CONNECTION", 1)
    link = link_account(alice, market)
    speak(client, alice, language)
    url = reverse("exchanges:replace_key", args=[link.public_id])
    assert client.post(url, entered(market.account())).status_code == 200
    answer = client.post(url, entered(market.account()))
    assert answer.status_code == 422
    assert words in errors(answer)[0]
    assert b"<input" in answer.content


# --- how far it is --------------------------------------------------------------------------------


def test_the_steps_are_shown_until_the_verdict(client, market, alice):
    speak(client, alice, "en")
    key = market.account(balance="777")
    answer = client.post(CONNECT, entered(key))
    link = Connection.objects.get()
    url = reverse("exchanges:verification", args=[link.public_id])
    assert f'hx-get="{url}"' in answer.content.decode()
    assert shown(answer).count("Waiting") == 7
    services.verify(link.pk, now=timezone.now())
    part = client.get(url, headers={"hx-target": "verification"})
    assert "no-store" in part["Cache-Control"]
    assert "dialog-head" not in part.content.decode()
    assert "hx-trigger" not in part.content.decode()
    assert shown(part).count("Passed") == 7
    assert "Connected · Equity 777.00 USDT" in shown(part)
    assert reverse("signals:sizing", args=[link.public_id]) in part.content.decode()
    assert b"dialog-head" in client.get(url).content
    for page in (answer, part, client.get(reverse("settings"))):
        text = page.content.decode()
        assert key["api_key"] not in text
        assert not any(key["api_secret"][at : at + 6] in text for at in range(0, 30, 6))
    assert f"{key['api_key'][:2]}••••{key['api_key'][-4:]}" in shown(part)


@pytest.mark.parametrize("language", ["ko", "en"])
def test_a_refusal_says_error_cause_and_what_to_do(client, market, alice, settings, language):
    settings.EGRESS = {"203.0.113.10": ""}
    speak(client, alice, language)
    client.post(CONNECT, entered(market.account(ips=["10.1.2.3"])))
    link = Connection.objects.get()
    services.verify(link.pk, now=timezone.now())
    page = client.get(reverse("exchanges:verification", args=[link.public_id]))
    text = shown(page)
    assert "203.0.113.10" in text
    assert ("Address not allowed." in text) is (language == "en")
    assert ("허용되지 않은 주소" in text) is (language == "ko")
    assert reverse("guide", args=["bybit"]) in page.content.decode()
    assert reverse("exchanges:replace_key", args=[link.public_id]) in page.content.decode()


def test_a_refused_new_key_says_that_the_former_one_stays(client, market, alice):
    link = link_account(alice, market)
    speak(client, alice, "en")
    key = market.account(uid=link.exchange_uid, read_only=True)
    url = reverse("exchanges:replace_key", args=[link.public_id])
    assert client.post(url, entered(key)).status_code == 200
    services.verify(link.pk, now=timezone.now())
    page = client.get(reverse("exchanges:verification", args=[link.public_id]))
    assert "The former one stays in use" in shown(page)
    row = client.get(reverse("exchanges:row", args=[link.public_id]))
    assert "Connected" in shown(row)
    assert "The last new key was refused" in shown(row)


def test_nobody_elses_steps(client, market, alice, mallory):
    link = link_account(alice, market)
    url = reverse("exchanges:verification", args=[link.public_id])
    client.force_login(mallory)
    assert client.get(url).status_code == 404
    client.logout()
    assert client.get(url)["Location"].startswith(reverse("accounts:login"))


# --- elsewhere than at Bybit ----------------------------------------------------------------------


def test_an_account_elsewhere_is_spoken_of_by_its_exchanges_name(client, alice, settings):
    settings.EXCHANGES_OFFERED = ["gate"]
    speak(client, alice, "en")
    link = Connection.objects.create(
        user=alice, exchange="gate", environment="mainnet", name="main", status="connected"
    )
    services.note_problem(link.pk, ConnectionReason.IP_NOT_ALLOWED, now=timezone.now())
    Connection.objects.update(sealed=b"x")
    said = "The key does not allow our addresses. Add them at Gate."
    page = shown(client.get(reverse("settings")))
    assert said in page
    assert "Gate - API KEY" in page
    assert "Bybit" not in page
    (row,) = api(alice).get("/api/v1/connections/").json()["results"]
    assert row["reason_text"] == said
    notice = ActivityEvent.objects.get(code="api_attention")
    assert said in render(notice.code, notice.params, "en")
    guide = shown(client.get(reverse("guide", args=["gate"])))
    assert said in guide
    assert "Another public key" not in guide
    settings.EXCHANGES_OFFERED = ["bybit"]
    assert "Another public key" in shown(client.get(reverse("guide", args=["bybit"])))


# --- the guides -----------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["ko", "en"])
@pytest.mark.parametrize("exchange", VENUES)
def test_every_guide_opens_in_one_language(client, alice, settings, exchange, language):
    settings.EGRESS = {"203.0.113.10": ""}
    speak(client, alice, language)
    answer = client.get(reverse("guide", args=[exchange]))
    assert answer.status_code == 200
    text = shown(answer)
    assert bool(HANGUL.search(text)) is (language == "ko")
    assert ("203.0.113.10" in text) is GUIDES[VENUES[exchange].guide].binds_addresses
    flag = "아직 연동할 수 없습니다" if language == "ko" else "cannot be linked yet"
    assert (flag in text) is (exchange != "bybit")


def test_a_guide_names_what_to_tick_and_every_error(client, alice, settings):
    speak(client, alice, "en")
    text = shown(client.get(reverse("guide", args=["bybit"])))
    for words in ("Contract – Orders tick", "Wallet – Withdrawal leave off", "Invalid key"):
        assert words in text
    assert "No trading permission" in text
    assert "Exchange unavailable" in text
    assert settings.BYBIT_API_PAGE_URL in text


def test_a_guide_says_how_trading_differs_there(client, alice):
    speak(client, alice, "en")
    watched = "They are watched by us and sold at once when the price is there."
    for exchange in ("binance", "kucoin"):
        text = shown(client.get(reverse("guide", args=[exchange])))
        assert watched in text
        assert "Spot only: short signals are skipped." in text
    assert "How trading differs" not in shown(client.get(reverse("guide", args=["bybit"])))
    assert watched not in shown(client.get(reverse("guide", args=["binance_usdm"])))


def test_guides_of_unknown_exchanges_and_for_strangers_do_not_exist(client, alice):
    assert client.get("/guide/bybit/")["Location"] == "/account/login/?next=/guide/bybit/"
    client.force_login(alice)
    assert client.get("/guide/nonsense/").status_code == 404
