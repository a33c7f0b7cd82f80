"""Error pages speak the visitor's language and show nothing of the inside."""

from __future__ import annotations

import pytest
from django.template.loader import render_to_string
from django.test import Client
from django.urls import reverse
from django.utils.translation import override

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize(
    ("language", "text"), [("ko", "여기에는 아무것도 없습니다."), ("en", "There is nothing here.")]
)
def test_a_page_that_does_not_exist(client, transactional_db, language, text):
    answer = client.get("/nothing/", headers={"accept-language": language})
    page = answer.content.decode()
    assert answer.status_code == 404
    assert f'<html lang="{language}">' in page
    assert text in page


def test_a_form_without_its_token_is_refused(alice):
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    answer = client.post(reverse("accounts:rename"), {"nickname": "taken over"})
    assert answer.status_code == 403
    assert "The page had been open for too long." in answer.content.decode()
    alice.refresh_from_db()
    assert alice.nickname == "alice"


@pytest.mark.parametrize("name", ["400", "403", "404", "500"])
def test_an_error_page_needs_neither_request_nor_database(name):
    with override("ko"):
        page = render_to_string(f"{name}.html")
    assert '<html lang="ko">' in page


def test_a_failure_inside_is_not_explained_to_the_visitor(client, alice, monkeypatch):
    def fail(*args, **kwargs):
        raise RuntimeError("inside")

    monkeypatch.setattr("hexagonal.pages.visit_figures", fail)
    client.force_login(alice)
    client.raise_request_exception = False
    answer = client.get("/")
    assert answer.status_code == 500
    assert "inside" not in answer.content.decode()
