"""What ops may see of secrets: nothing, and there is no button that opens one."""

from __future__ import annotations

import re

import pytest
from django.contrib import admin
from django.db.models import BinaryField
from knox.models import AuthToken

from tests.fixtures.people import PASSWORD, link_account

pytestmark = pytest.mark.django_db(transaction=True)
HIDDEN = re.compile("sealed|secret|passw|^digest|(?<!lease_)token", re.IGNORECASE)
ACTIONS = {"suspend", "reinstate", "lift"}


@pytest.fixture
def ops(rf, author):
    request = rf.get("/ops/")
    request.user = author
    return request


def test_no_model_is_registered_with_a_column_that_holds_a_secret(ops):
    assert admin.site._registry
    for model, page in admin.site._registry.items():
        names = {name for _, part in page.get_fieldsets(ops) for name in part["fields"]}
        names |= {str(name) for name in page.get_list_display(ops)}
        columns = {field.name: field for field in model._meta.get_fields()}
        assert not [name for name in names if HIDDEN.search(name)], model
        shown = [columns[name] for name in names if name in columns]
        assert not [field for field in shown if isinstance(field, BinaryField)], model
        assert set(page.get_actions(ops)) <= ACTIONS, model
        assert not page.has_change_permission(ops), model


def test_the_page_of_a_connection_shows_neither_its_box_nor_its_key(client, market, author, alice):
    link = link_account(alice, market)
    client.login(email=author.email, password=PASSWORD)
    page = client.get(f"/ops/exchanges/connection/{link.pk}/change/").content.decode()
    assert link.exchange_uid in page
    for value in (bytes(link.sealed).hex(), str(bytes(link.sealed))):
        assert value
        assert value not in page


def test_a_new_secret_key_logs_nobody_out_while_the_old_one_counts(client, alice, settings):
    client.login(email=alice.email, password=PASSWORD)
    old, settings.SECRET_KEY = settings.SECRET_KEY, "another-one-that-is-long-enough-0123456789"
    settings.SECRET_KEY_FALLBACKS = [old]
    assert client.get("/settings/").status_code == 200
    settings.SECRET_KEY = "a-third-one-that-is-long-enough-too-0123456789"
    settings.SECRET_KEY_FALLBACKS = []
    assert client.get("/settings/").status_code == 302


def test_ops_make_no_token_of_anybodys(client, author, alice):
    AuthToken.objects.create(alice)
    client.login(email=author.email, password=PASSWORD)
    page = client.get("/ops/knox/authtoken/")
    assert alice.nickname in page.content.decode()
    assert AuthToken.objects.get().digest not in page.content.decode()
    made = client.post("/ops/knox/authtoken/add/", {"user": alice.pk})
    assert made.status_code == 403
    assert AuthToken.objects.count() == 1
