"""Quarantine in the ops admin: put on and lifted by those who may, seen by those who look."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission

from accounts.models import User
from exchanges import key_pairs
from exchanges.models import Quarantine
from tests.fixtures.people import link_account, make_user
from tests.integration.signals.steps import end_of, only_copy, settle
from tests.integration.signals.test_copy_life import publish

pytestmark = pytest.mark.django_db(transaction=True)
ADD = "/ops/exchanges/quarantine/add/"
LIST = "/ops/exchanges/quarantine/"
FORM = {"exchange": "", "environment": "", "user": "", "reason": "a leak is feared"}


def ops_with(*names):
    person = make_user("ops", is_staff=True)
    person.user_permissions.set(Permission.objects.filter(codename__in=names))
    return User.objects.get(pk=person.pk)


def test_who_may_puts_it_on_and_lifts_it(client, market, author, alice):
    link_account(alice, market)
    ops = ops_with("add_quarantine", "view_quarantine", "lift_quarantine", "view_connection")
    client.force_login(ops)
    assert client.get(ADD).status_code == 200
    page = client.post(ADD, FORM, follow=True).content.decode()
    assert "1 connections are held" in page
    row = Quarantine.objects.get()
    assert (row.reason, row.by, row.lifted_at) == ("a leak is feared", ops.email, None)
    publish(author)
    settle(market)
    assert end_of(only_copy()) == ("skipped", "quarantined")
    assert 'alt="True"' in client.get("/ops/exchanges/connection/").content.decode()
    client.post(LIST, {"action": "lift", "_selected_action": [row.pk]})
    row.refresh_from_db()
    assert row.lifted_at
    assert row.lifted_by == ops.email


@pytest.mark.parametrize(
    ("language", "said"), [("en", "What is left empty stands for all"), ("ko", "전체를 뜻합니다")]
)
def test_who_leaves_everything_empty_is_told_whom_it_holds(client, market, alice, language, said):
    ops = ops_with("add_quarantine")
    User.objects.filter(pk=ops.pk).update(language=language)
    client.force_login(User.objects.get(pk=ops.pk))
    assert said in client.get(ADD).content.decode()


def test_links_without_a_key_are_not_counted(client, market, alice, bob):
    link_account(alice, market)
    key_pairs.connect(bob, environment="sandbox", name="begun")
    client.force_login(ops_with("add_quarantine", "view_quarantine"))
    assert "1 connections are held" in client.post(ADD, FORM, follow=True).content.decode()


def test_the_index_has_no_odd_plurals(client, author):
    client.force_login(author)
    page = client.get("/ops/").content.decode()
    assert "Page views<" in page
    assert "Copy settings<" in page
    assert "HEXAGONAL" in page
    assert "Django" not in page


def test_who_may_only_look_neither_puts_it_on_nor_lifts_it(client, market, alice):
    row = Quarantine.objects.create(reason="x", by="somebody", since=alice.joined_at)
    client.force_login(ops_with("view_quarantine"))
    assert "somebody" in client.get(LIST).content.decode()
    assert client.get(ADD).status_code == 403
    assert client.post(ADD, FORM).status_code == 403
    client.post(LIST, {"action": "lift", "_selected_action": [row.pk]})
    row.refresh_from_db()
    assert row.lifted_at is None
    assert Quarantine.objects.count() == 1


def test_nobody_else_finds_the_page(client, alice):
    client.force_login(alice)
    assert client.post(ADD, FORM).status_code in {302, 403, 404}
    assert not Quarantine.objects.exists()
