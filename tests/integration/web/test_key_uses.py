"""A trader reads what their keys were used for; nobody else does."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from exchanges import key_log, services
from exchanges.choices import KeyPurpose
from exchanges.key_log import Use
from exchanges.views import USES_PER_PAGE
from tests.fixtures.people import link_account
from tests.integration.signals.steps import only_copy
from tests.integration.signals.test_copy_life import publish, work_now
from tests.integration.web.test_api import api

pytestmark = pytest.mark.django_db(transaction=True)
ALL = reverse("exchanges:key_uses")


def of(link):
    return reverse("exchanges:key_uses", args=[link.public_id])


def in_api(link):
    return f"/api/v1/connections/{link.public_id}/key-uses/"


def page_of(client, user, path, language="en"):
    User.objects.filter(pk=user.pk).update(language=language)
    client.force_login(User.objects.get(pk=user.pk))
    answer = client.get(path)
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    return answer.content.decode()


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ["Entry of a trade", "Verification of the key", "Operator&#x27;s command"]),
        ("ko", ["거래 진입", "키 확인", "운영자 명령"]),
    ],
)
def test_the_owner_reads_what_who_and_when(client, market, author, alice, language, words):
    link = link_account(alice, market)
    publish(author)
    work_now()
    for path in (ALL, of(link)):
        page = page_of(client, alice, path, language)
        assert all(word in page for word in [*words, "#BTC/USDT", "author", "alice"])
        assert reverse("signals:trade", args=[only_copy().public_id]) in page
        assert page.index(words[0]) < page.index(words[1])  # the newest first


def test_the_way_to_it_is_on_the_settings_page(client, market, alice):
    link = link_account(alice, market)
    page = page_of(client, alice, reverse("settings"))
    assert f'href="{of(link)}"' in page
    assert f'href="{ALL}"' in page


def test_a_stranger_finds_none_of_it(client, market, alice, mallory):
    link = link_account(alice, market, name="alices-account")
    client.force_login(mallory)
    assert client.get(of(link)).status_code == 404
    page = page_of(client, mallory, ALL)
    assert "No key of yours" in page
    assert "alices-account" not in page
    assert api(mallory).get(in_api(link)).status_code == 404
    client.logout()
    assert client.get(of(link)).status_code == 302
    assert api().get(in_api(link)).status_code == 401


def test_a_disconnected_link_stays_readable(client, market, alice):
    link = link_account(alice, market, name="gone")
    services.disconnect(link, now=timezone.now())
    for path in (ALL, of(link)):
        page = page_of(client, alice, path)
        assert "Verification of the key" in page
        assert "gone" in page
    assert api(alice).get(in_api(link)).json()["count"] == 1


def queries_of(client, path):
    with CaptureQueriesContext(connection) as statements:
        assert client.get(path).status_code == 200
    return len(statements)


def test_it_is_paged_and_costs_the_same(client, market, alice):
    link = link_account(alice, market)
    client.force_login(alice)
    client.get(ALL)  # the first one of a day writes a visit
    few = queries_of(client, ALL)
    for number in range(USES_PER_PAGE):
        key_log.record([Use(link, KeyPurpose.WATCH, copy=uuid4(), symbol=f"N{number}")])
    assert queries_of(client, ALL) == few
    first = page_of(client, alice, ALL)
    assert "1 / 2" in first
    assert "Verification" not in first
    assert "Verification" in page_of(client, alice, f"{ALL}?page=2")
    assert client.get(f"{ALL}?page=nonsense").status_code == 200


def test_the_api_tells_the_same(market, author, alice):
    link = link_account(alice, market)
    publish(author)
    work_now()
    shown = api(alice).get(in_api(link)).json()
    entry = next(row for row in shown["results"] if row["purpose"] == "entry")
    assert (entry["person"], entry["symbol"]) == ("author", "BTCUSDT")
    assert entry["copy"] == str(only_copy().public_id)
    assert shown["results"][-1]["purpose"] == "verify"
    assert api(alice).get(f"{in_api(link)}?limit=1").json()["count"] == shown["count"]
    assert len(api(alice).get(f"{in_api(link)}?limit=1").json()["results"]) == 1
