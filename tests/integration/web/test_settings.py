"""The settings page: what is missing, what is linked, and the tokens."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from knox.models import AuthToken

from accounts.models import User
from accounts.services import suspend
from exchanges import key_pairs
from tests.fixtures.people import link_account

pytestmark = pytest.mark.django_db(transaction=True)


def settings_of(client, user, language="ko") -> str:
    User.objects.filter(pk=user.pk).update(language=language)
    client.force_login(User.objects.get(pk=user.pk))
    return client.get(reverse("settings")).content.decode()


def eligibility(page: str) -> str:
    found = re.search(r'id="eligibility">(.*?)</div>', page, flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]*>", "", found.group(1)).split())


def test_a_newcomer_is_told_what_is_missing(client, mallory):
    page = settings_of(client, mallory)
    assert eligibility(page).endswith("텔레그램 연동 필요, API 키 연동 필요")
    assert "현재 바이낸스는 사용 불가능 합니다." in page
    assert "현재 활성화됨" in page


def test_binance_is_not_called_unusable_where_it_is_offered(client, mallory, settings):
    settings.EXCHANGES_OFFERED = ["bybit", "binance_usdm"]
    assert "현재 바이낸스는 사용 불가능 합니다." not in settings_of(client, mallory)


def test_who_has_linked_both_may_trade(client, market, alice):
    link_account(alice, market)
    page = settings_of(client, alice)
    assert "필요" not in eligibility(page)
    assert "연결됨" in page


def test_a_link_is_named_in_the_members_language(client, market, alice):
    link_account(alice, market)
    key_pairs.connect(alice, environment="sandbox", name="second")
    page = re.sub(r"<[^>]*>", "", settings_of(client, alice))
    assert "Bybit - API KEY" not in page
    assert page.count("바이비트 - API KEY") == 3  # two links, and the row for another
    assert "second · 샌드박스" in page
    assert "second · 샌드박스 ·" not in page  # no key yet, and no dot before it
    assert "Fixed margin in USDT: 50" in settings_of(client, alice, language="en")


def test_a_suspended_member_sees_so(client, market, alice):
    link_account(alice, market)
    suspend(alice, now=timezone.now())
    page = settings_of(client, alice, language="en")
    assert "suspended by the admin" in eligibility(page)
    assert "Active now" not in page


def test_the_page_costs_the_same_with_many_links(
    client, market, alice, django_assert_max_num_queries
):
    for number in range(5):
        link_account(alice, market, name=f"account {number}")
    client.force_login(alice)
    client.get(reverse("settings"))  # the first one of a day writes a visit
    with django_assert_max_num_queries(13):
        assert client.get(reverse("settings")).status_code == 200


def test_a_token_is_shown_once_and_opens_the_api(client, alice):
    client.force_login(alice)
    answer = client.post(reverse("create_token"))
    assert "no-store" in answer["Cache-Control"]
    token = re.search(r'<code id="token">([^<]+)</code>', answer.content.decode()).group(1)
    page = client.get(reverse("settings")).content.decode()
    assert token not in page
    assert AuthToken.objects.get().token_key in page
    header = {"authorization": f"Token {token}"}
    assert Client().get("/api/v1/connections/", headers=header).status_code == 200
    client.post(reverse("revoke_token", args=[AuthToken.objects.get().digest]))
    assert Client().get("/api/v1/connections/", headers=header).status_code == 401


def test_a_strangers_token_is_not_revoked(client, alice, mallory):
    AuthToken.objects.create(alice)
    client.force_login(mallory)
    client.post(reverse("revoke_token", args=[AuthToken.objects.get().digest]))
    assert AuthToken.objects.filter(user=alice).exists()


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("create_token", []),
        ("revoke_token", ["x"]),
        ("notifications:unlink", []),
        ("notifications:trade_notices", []),
    ],
)
def test_nothing_is_changed_by_a_get_or_by_a_stranger(client, alice, name, arguments):
    url = reverse(name, args=arguments)
    assert client.post(url)["Location"].startswith(reverse("accounts:login"))
    client.force_login(alice)
    assert client.get(url).status_code == 405
    assert not AuthToken.objects.exists()
