"""The pages: who may see them, what they refuse, and in which language they say so."""

from __future__ import annotations

import re
from uuid import uuid4

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import ActivityEvent, PageViews, User, VisitorDay
from exchanges.models import Connection
from notifications.models import PairingKey
from signals.models import Copy, Signal
from signals.services import publishing
from tests.fixtures.people import PASSWORD, link_account, long_btc

pytestmark = pytest.mark.django_db(transaction=True)
HANGUL = re.compile(r"[가-힣]")

PRIVATE = [
    "dashboard",
    "settings",
    "signals:list",
    "signals:new",
    "signals:mine",
    "accounts:rename",
    "accounts:password",
    "accounts:preferences",
    "exchanges:connect",
    "exchanges:key_uses",
    "notifications:pairing_key",
]
FORM = {
    "symbol": "BTCUSDT",
    "side": "long",
    "leverage": "10",
    "entry_low": "45900",
    "entry_high": "46000",
    "stop": "45500",
    "target_price": "47000",
    "target_share": "100",
    "action": "publish",
}


@pytest.mark.parametrize("name", PRIVATE)
def test_an_anonymous_visitor_is_sent_to_the_log_in(client, name):
    answer = client.get(reverse(name))
    assert answer.status_code == 302
    assert answer["Location"].startswith(reverse("accounts:login"))


@pytest.mark.parametrize("name", PRIVATE)
@pytest.mark.parametrize("language", ["ko", "en"])
def test_every_page_opens_in_one_language(client, author, name, language):
    User.objects.filter(pk=author.pk).update(language=language)
    client.force_login(author)
    answer = client.get(reverse(name))
    assert answer.status_code == 200
    text = re.sub(r"<(script|style)[^>]*>.*?</\1>", "", answer.content.decode(), flags=re.DOTALL)
    text = re.sub(r'<option value="ko".*?</option>', "", text)
    assert bool(HANGUL.search(text)) is (language == "ko")
    assert "default-src &#x27;self&#x27;" not in answer["Content-Security-Policy"]
    assert "default-src 'self'" in answer["Content-Security-Policy"]


@pytest.mark.parametrize("name", ["signals:list", "signals:new"])
def test_the_authors_pages_do_not_exist_for_others(client, alice, name):
    client.force_login(alice)
    assert client.get(reverse(name)).status_code == 404


@pytest.mark.parametrize(
    ("name", "method"),
    [
        ("exchanges:row", "get"),
        ("exchanges:key_uses", "get"),
        ("exchanges:replace_key", "get"),
        ("exchanges:disconnect", "post"),
        ("signals:sizing", "get"),
    ],
)
def test_a_strangers_connection_is_not_found(client, market, alice, mallory, name, method):
    link = link_account(alice, market)
    client.force_login(mallory)
    answer = getattr(client, method)(reverse(name, args=[link.public_id]))
    assert answer.status_code == 404
    link.refresh_from_db()
    assert link.status == "connected"


def test_a_strangers_trade_is_not_closed(client, market, author, alice, mallory):
    link_account(alice, market)
    signal = publishing.create_signal(author, long_btc(), now=timezone.now())
    publishing.publish(signal, actor=author, now=timezone.now())
    copy = Copy.objects.get()
    client.force_login(mallory)
    assert client.post(reverse("signals:close_copy", args=[copy.public_id])).status_code == 404
    copy.refresh_from_db()
    assert copy.wants_position
    assert client.get(reverse("signals:detail", args=[uuid4()])).status_code == 404


def test_joining_logs_in_and_is_seen(client, transactional_db):
    data = {
        "email": "New@Example.com",
        "nickname": "로케트",
        "password": PASSWORD,
        "accepts_risk": "on",
    }
    answer = client.post(reverse("accounts:register"), data, headers={"accept-language": "ko"})
    assert answer.status_code == 302
    user = User.objects.get()
    assert (user.email, user.language) == ("new@example.com", "ko")
    page = client.get("/").content.decode()
    assert "로케트님이 회원가입 하셨습니다." in page


@pytest.mark.parametrize(
    "changes",
    [
        {"email": "alice@EXAMPLE.com"},
        {"nickname": "ALICE"},
        {"nickname": "a:b"},
        {"password": "short"},
        {"accepts_risk": ""},
    ],
)
def test_a_bad_registration_says_why_and_makes_nobody(client, alice, changes):
    data = {
        "email": "n@example.com",
        "nickname": "n",
        "password": PASSWORD,
        "accepts_risk": "on",
    }
    answer = client.post(reverse("accounts:register"), data | changes)
    assert answer.status_code == 422
    assert 'class="error"' in answer.content.decode()
    assert User.objects.count() == 1


def test_log_in_tells_neither_what_was_wrong_nor_lets_anybody_guess_for_long(client, alice):
    def try_once(email, password):
        answer = client.post(reverse("accounts:login"), {"email": email, "password": password})
        return answer, re.findall(r'role="alert">([^<]*)', answer.content.decode())

    wrong = try_once("alice@example.com", "no")[1]
    assert wrong == try_once("nobody@example.com", "no")[1]
    for _ in range(4):
        try_once("alice@example.com", "no")
    answer, stopped = try_once("alice@example.com", PASSWORD)
    assert answer.status_code == 422
    assert stopped != wrong


def test_log_in_goes_on_to_where_one_was_going_but_never_elsewhere(client, alice):
    data = {"email": "alice@example.com", "password": PASSWORD}
    answer = client.post(reverse("accounts:login"), data | {"next": "/settings/"})
    assert answer["Location"] == "/settings/"
    client.post(reverse("accounts:logout"))
    answer = client.post(reverse("accounts:login"), data | {"next": "https://evil.example/"})
    assert answer["Location"] == "/"


@pytest.mark.parametrize(
    "changes",
    [
        {"stop": "46100"},
        {"stop": "45950"},
        {"target_price": "45000"},
        {"leverage": "101"},
        {"symbol": "NOPEUSDT"},
        {"target_price": ["47000", "48000"], "target_share": ["50", "40"]},
        {"target_price": "abc"},
        {"entry_low": "NaN"},
        {"side": "up"},
    ],
)
@pytest.mark.parametrize("language", ["ko", "en"])
def test_a_bad_signal_is_refused_in_the_authors_language(client, market, author, changes, language):
    User.objects.filter(pk=author.pk).update(language=language)
    client.force_login(author)
    answer = client.post(reverse("signals:new"), FORM | changes)
    assert answer.status_code == 422
    errors = re.findall(r'class="error"[^>]*>([^<]+)', answer.content.decode())
    assert errors
    assert all(bool(HANGUL.search(error)) is (language == "ko") for error in errors)
    assert not Signal.objects.exists()


def test_a_double_click_posts_one_signal_and_high_first_is_the_same_range(
    client, market, author, alice
):
    link_account(alice, market)
    client.force_login(author)
    high_first = FORM | {"entry_low": "46000", "entry_high": "45900", "idempotency_key": "k"}
    first = client.post(reverse("signals:new"), high_first)
    second = client.post(reverse("signals:new"), high_first)
    assert first["Location"] == second["Location"]
    signal = Signal.objects.get()
    assert (signal.entry_low, signal.entry_high, signal.status) == (45900, 46000, "open")
    assert Copy.objects.count() == 1


def test_the_preview_is_what_the_publication_does(client, market, author, alice, bob):
    link_account(alice, market)
    link_account(bob, market, amount="2000")
    client.force_login(author)
    page = client.post(reverse("signals:preview"), FORM).content.decode()
    assert "alice" in page
    assert "0.01" in page
    from signals.services import working

    client.post(reverse("signals:new"), FORM)
    working.work()
    sizes = dict(Copy.objects.values_list("user__nickname", "quantity"))
    assert f"{sizes['alice'].normalize():f}" in page
    assert sizes["bob"] is None


def test_a_secret_never_comes_back(client, market, alice):
    client.force_login(alice)
    key = market.account()
    data = {
        "exchange": "bybit",
        "name": "x",
        "environment": "sandbox",
        "api_key": key["api_key"],
        "api_secret": key["api_secret"] + " with spaces",
    }
    answer = client.post(reverse("exchanges:connect"), data)
    assert answer.status_code == 422
    assert key["api_secret"] not in answer.content.decode()
    assert not Connection.objects.exists()
    answer = client.post(reverse("exchanges:connect"), data | {"api_secret": key["api_secret"]})
    assert answer.status_code == 200
    for page in (answer, client.get(reverse("settings"))):
        assert key["api_secret"] not in page.content.decode()
        assert key["api_key"] not in page.content.decode()


def test_a_pairing_key_is_shown_once_and_stored_as_a_hash(client, alice):
    client.force_login(alice)
    page = client.post(reverse("notifications:pairing_key")).content.decode()
    key = re.search(r"인증:alice:[0-9a-f-]{36}", page).group()
    assert key not in client.get(reverse("notifications:pairing_key")).content.decode()
    stored = PairingKey.objects.get()
    assert key.rpartition(":")[2] not in (stored.digest, str(stored.__dict__))


def test_visits_are_counted_without_anybodys_address(client, alice):
    for _ in range(3):
        client.get(reverse("accounts:login"), REMOTE_ADDR="112.2.45.77")
    assert PageViews.objects.get().count == 3
    assert VisitorDay.objects.count() == 1
    event = ActivityEvent.objects.get(code="visited")
    assert event.params == {"address": "112.2.45.xxx"}
    assert "112.2.45.77" not in str(VisitorDay.objects.values().get())


def test_the_dashboard_costs_the_same_with_many_signals(
    client, market, author, django_assert_max_num_queries
):
    client.force_login(author)
    for number in range(10):
        draft = long_btc(note=str(number))
        signal = publishing.create_signal(author, draft, now=timezone.now())
        publishing.publish(
            signal, actor=author, now=timezone.now(), accepted=["draft_signal_twice"]
        )
    client.get("/")  # the first page of a day also writes the visit
    with django_assert_max_num_queries(18):
        assert client.get("/").status_code == 200


def test_health_and_readiness(client, transactional_db):
    assert client.get("/healthz").json() == {"status": "ok"}
    answer = client.get("/readyz")
    assert answer.json() == {"database": True, "cache": True, "seconds_since_sweep": None}


def test_ops_see_no_secret(client, market, author, alice):
    link = link_account(alice, market)
    client.force_login(author)
    for model in ("connection", "symbolstate", "instrument"):
        assert client.get(f"/ops/exchanges/{model}/").status_code == 200
    page = client.get(f"/ops/exchanges/connection/{link.pk}/change/").content.decode()
    assert "sealed" not in page
    user = client.get(f"/ops/accounts/user/{alice.pk}/change/").content.decode()
    assert alice.password not in user


def test_the_author_amends_on_the_page_what_may_be_amended(client, market, author, alice):
    link_account(alice, market)
    client.force_login(author)
    client.post(reverse("signals:new"), FORM)
    signal = Signal.objects.get()
    path = reverse("signals:amend", args=[signal.public_id])
    assert 'value="45500"' in client.get(path).content.decode()
    refused = client.post(path, FORM | {"stop": "45950"})
    assert refused.status_code == 422
    assert client.post(path, FORM | {"stop": "45400", "leverage": "99"}).status_code == 302
    signal.refresh_from_db()
    assert (signal.stop, signal.leverage, signal.revision) == (45400, 10, 2)
