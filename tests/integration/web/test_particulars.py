"""One's own name, password, language and time zone."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from tests.fixtures.people import PASSWORD

pytestmark = pytest.mark.django_db(transaction=True)
NEW_PASSWORD = "another-horse-battery"


def errors_of(answer) -> list[str]:
    return re.findall(r'class="error"[^>]*>([^<]+)', answer.content.decode())


def test_a_name_is_changed(client, alice):
    client.force_login(alice)
    answer = client.post(reverse("accounts:rename"), {"nickname": "대성리"})
    assert answer["Location"] == reverse("settings")
    assert "대성리" in client.get(reverse("settings")).content.decode()


@pytest.mark.parametrize("nickname", ["bob", "BOB", "a:b", "a b", "", "x" * 31])
def test_a_bad_name_is_refused_and_the_old_one_stays(client, alice, bob, nickname):
    client.force_login(alice)
    answer = client.post(reverse("accounts:rename"), {"nickname": nickname})
    assert answer.status_code == 422
    assert errors_of(answer)
    alice.refresh_from_db()
    assert alice.nickname == "alice"


def test_a_name_that_is_taken_meanwhile_is_refused_too(client, alice, bob, monkeypatch):
    monkeypatch.setattr("accounts.forms.free_nickname", lambda nickname, user=None: nickname)
    client.force_login(alice)
    answer = client.post(reverse("accounts:rename"), {"nickname": "bob"})
    assert answer.status_code == 422
    assert errors_of(answer) == ["This name is taken."]


def test_a_new_password_ends_other_sessions_and_keeps_this_one(client, alice):
    other = Client()
    other.force_login(alice)
    client.force_login(alice)
    answer = client.post(reverse("accounts:password"), {"old": PASSWORD, "new": NEW_PASSWORD})
    assert answer.status_code == 302
    assert client.get("/").status_code == 200
    assert other.get("/").status_code == 302
    alice.refresh_from_db()
    assert alice.check_password(NEW_PASSWORD)


@pytest.mark.parametrize(
    "data",
    [
        {"old": "wrong", "new": NEW_PASSWORD},
        {"old": PASSWORD, "new": "short"},
        {"old": PASSWORD, "new": "alice@example.com"},
        {"old": PASSWORD, "new": ""},
        {"old": "", "new": NEW_PASSWORD},
    ],
)
def test_a_bad_change_of_password_leaves_the_old_one(client, alice, data):
    client.force_login(alice)
    answer = client.post(reverse("accounts:password"), data)
    assert answer.status_code == 422
    assert errors_of(answer)
    alice.refresh_from_db()
    assert alice.check_password(PASSWORD)


def test_language_and_time_zone_are_ones_own_whatever_the_browser_asks(client, alice):
    client.force_login(alice)
    data = {"language": "ko", "time_zone": "America/New_York"}
    answer = client.post(reverse("accounts:preferences"), data, follow=True)
    page = answer.content.decode()
    assert '<html lang="ko">' in page
    assert "한국어 · America/New_York" in page
    assert "저장했습니다." in page


@pytest.mark.parametrize(("asked", "zone"), [("ko", "Asia/Seoul"), ("en", "UTC")])
def test_without_a_choice_the_browser_decides(client, alice, asked, zone):
    client.force_login(alice)
    page = client.get(reverse("settings"), headers={"accept-language": asked}).content.decode()
    assert f'<html lang="{asked}">' in page
    assert zone in page


@pytest.mark.parametrize("data", [{"language": "xx"}, {"time_zone": "Mars/Olympus"}])
def test_an_unknown_language_or_zone_changes_nothing(client, alice, data):
    client.force_login(alice)
    answer = client.post(reverse("accounts:preferences"), data)
    assert answer.status_code == 422
    alice.refresh_from_db()
    assert (alice.language, alice.time_zone) == ("", "")


def test_a_visitor_chooses_a_language_before_joining(client, transactional_db):
    login = reverse("accounts:login")
    client.post(reverse("set_language"), {"language": "ko", "next": login})
    page = client.get(login, headers={"accept-language": "en"}).content.decode()
    assert '<html lang="ko">' in page


def test_leaving_needs_a_post(client, alice):
    client.force_login(alice)
    assert client.get(reverse("accounts:logout")).status_code == 405
    assert client.get("/").status_code == 200
    client.post(reverse("accounts:logout"))
    assert client.get("/").status_code == 302


def test_who_is_logged_in_does_not_join_again(client, alice):
    client.force_login(alice)
    assert client.get(reverse("accounts:register")).status_code == 302
    assert User.objects.count() == 1


def test_the_ops_door_counts_failures_too(client, author):
    door = client.get("/ops/")["Location"]
    for _ in range(5):
        client.post(door, {"email": "author@example.com", "password": "no"})
    answer = client.post(door, {"email": "author@example.com", "password": PASSWORD})
    assert answer.status_code == 422
    assert client.get("/ops/").status_code == 302


def test_ops_log_in_at_the_common_door_and_go_on(client, author, alice):
    door = client.get("/ops/")["Location"]
    answer = client.post(door, {"email": "author@example.com", "password": PASSWORD})
    assert answer["Location"] == "/ops/"
    assert client.get("/ops/").status_code == 200
    client.force_login(alice)
    assert client.get("/ops/").status_code == 302
