"""The dialog of a link without a secret: its key pair, its id, and nobody else's."""

from __future__ import annotations

import html
import re

import pytest
from django.urls import reverse
from django.utils import timezone

from exchanges import key_pairs, services
from exchanges.models import Connection, KeyPair
from tests.fixtures.people import link_account, long_btc
from tests.integration.signals.test_copy_life import publish

pytestmark = pytest.mark.django_db(transaction=True)
NEW = {"exchange": "bybit", "name": "main", "environment": "sandbox"}


def page_of(client, link):
    return client.get(reverse("exchanges:key_pair", args=[link.public_id]))


def public_key_in(page):
    found = re.search(r'id="public-key">(.*?)</code>', page.content.decode(), flags=re.DOTALL)
    return html.unescape(found.group(1)) if found else None


def begin(client, user):
    client.force_login(user)
    answer = client.post(reverse("exchanges:connect_by_pair"), NEW)
    assert answer.status_code == 200
    return Connection.objects.get(user=user), answer


def test_from_the_dialog_to_a_verified_link(client, market, alice):
    link, answer = begin(client, alice)
    assert (link.name, link.environment, link.status) == ("main", "sandbox", "awaiting")
    assert 'hx-trigger="every 1s"' in answer.content.decode()
    assert public_key_in(answer) is None
    key_pairs.generate(KeyPair.objects.get().pk)
    shown = page_of(client, link)
    assert "no-store" in shown["Cache-Control"]
    assert "every 1s" not in shown.content.decode()  # it would take away what is being typed
    assert public_key_in(shown) == KeyPair.objects.get().public_key
    uid = market.account()["uid"]
    key = market.post(f"accounts/{uid}/keys", public_key=public_key_in(shown))
    url = reverse("exchanges:key_pair", args=[link.public_id])
    assert b'id="verification"' in client.post(url, {"api_key": key["api_key"]}).content
    services.verify(link.pk, now=timezone.now())
    link.refresh_from_db()
    assert (link.status, link.exchange_uid) == ("connected", uid)
    page = client.get(reverse("settings")).content.decode()
    assert key["api_key"] not in page
    assert key["api_key"][-4:] in page


def test_the_private_half_is_on_no_page(client, market, alice, author):
    link, _ = begin(client, alice)
    key_pairs.generate(KeyPair.objects.get().pk)
    pages = [page_of(client, link), client.get(reverse("settings"))]
    client.force_login(author)
    pages.append(client.get(f"/ops/exchanges/connection/{link.pk}/change/"))
    for page in pages:
        assert page.status_code == 200
        assert "PRIVATE" not in page.content.decode()


def test_ops_and_the_api_do_not_show_the_id(client, market, alice, author):
    link, _ = begin(client, alice)
    Connection.objects.update(api_key_id="the-whole-id")
    assert b"the-whole-id" not in client.get("/api/v1/connections/").content
    client.force_login(author)
    assert b"the-whole-id" not in client.get(f"/ops/exchanges/connection/{link.pk}/change/").content


@pytest.mark.parametrize("text", ["", "with space", "한글"])
def test_an_id_with_other_signs_is_refused_and_the_key_stays(client, market, alice, text):
    link, _ = begin(client, alice)
    key_pairs.generate(KeyPair.objects.get().pk)
    url = reverse("exchanges:key_pair", args=[link.public_id])
    answer = client.post(url, {"api_key": text})
    assert answer.status_code == 422
    assert public_key_in(answer) == KeyPair.objects.get().public_key
    assert Connection.objects.get().status == "awaiting"


def test_an_id_without_a_pair_is_refused(client, market, alice):
    link = link_account(alice, market)
    client.force_login(alice)
    url = reverse("exchanges:key_pair", args=[link.public_id])
    answer = client.post(url, {"api_key": "abc"})
    assert answer.status_code == 422
    assert 'role="alert"' in answer.content.decode()
    link.refresh_from_db()
    assert (link.status, link.api_key_id) == ("connected", "")


def test_a_wrong_id_can_be_mended_from_the_row(client, market, alice):
    link, _ = begin(client, alice)
    key_pairs.generate(KeyPair.objects.get().pk)
    key_pairs.enter_id(link, api_key_id="nobody")
    services.verify(link.pk, now=timezone.now())
    page = client.get(reverse("settings")).content.decode()
    assert "공개 키로 등록된 API 키가 아닙니다" in page or "for our public key" in page
    assert reverse("exchanges:key_pair", args=[link.public_id]) in page


def test_a_link_with_a_key_asks_for_a_pair_and_keeps_its_key(client, market, alice):
    link = link_account(alice, market)
    client.force_login(alice)
    dialog = client.get(reverse("exchanges:replace_key", args=[link.public_id])).content.decode()
    assert reverse("exchanges:key_pair", args=[link.public_id]) in dialog
    renew = reverse("exchanges:renew_pair", args=[link.public_id])
    assert renew in page_of(client, link).content.decode()
    assert client.post(renew).status_code == 200
    link.refresh_from_db()
    assert (link.status, KeyPair.objects.get().connection) == ("connected", link)


def test_a_link_in_use_says_why_it_gets_no_pair(client, market, author, alice):
    link = link_account(alice, market)
    publish(author, long_btc())
    client.force_login(alice)
    answer = client.post(reverse("exchanges:renew_pair", args=[link.public_id]))
    assert answer.status_code == 422
    assert 'role="alert"' in answer.content.decode()
    assert not KeyPair.objects.exists()


def test_nobody_elses_pair(client, market, alice, bob):
    link, _ = begin(client, alice)
    key_pairs.generate(KeyPair.objects.get().pk)
    client.force_login(bob)
    for name in ("key_pair", "renew_pair"):
        url = reverse(f"exchanges:{name}", args=[link.public_id])
        assert client.post(url, {"api_key": "abc"}).status_code == 404
    assert page_of(client, link).status_code == 404
    client.logout()
    assert page_of(client, link)["Location"].startswith(reverse("accounts:login"))
