"""What is counted of a visit, and what is not."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError
from django.urls import reverse
from django.utils import timezone

from accounts.models import ActivityEvent, PageViews, User, VisitorDay
from accounts.selectors import visit_figures
from accounts.visits import count

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/ops/", "/api/v1/", "/nothing", "/"])
def test_only_shown_pages_count(client, transactional_db, path):
    client.get(path)
    assert not PageViews.objects.exists()
    assert not VisitorDay.objects.exists()


def test_a_fragment_does_not_count(client, alice):
    client.force_login(alice)
    answer = client.get("/?part=log", headers={"hx-request": "true"})
    assert answer.status_code == 200
    assert not PageViews.objects.exists()


def test_two_agents_are_two_visitors_and_each_is_told_once(client, transactional_db):
    for agent in ("one", "one", "two"):
        client.get(reverse("accounts:login"), headers={"user-agent": agent})
    assert VisitorDay.objects.count() == 2
    assert ActivityEvent.objects.filter(code="visited").count() == 2


def test_the_next_day_counts_anew_under_another_digest(transactional_db):
    now = timezone.now()
    for day in range(2):
        count("112.2.45.77", "agent", None, now=now + timedelta(days=day))
    digests = set(VisitorDay.objects.values_list("digest", flat=True))
    assert len(digests) == 2
    assert visit_figures(now=now).visitors == 2


def test_presence_is_written_at_most_once_a_minute(alice):
    now = timezone.now()
    for seconds, expected in ((0, 0), (30, 0), (61, 61)):
        count("1.2.3.4", "agent", alice, now=now + timedelta(seconds=seconds))
        alice.refresh_from_db()
        assert alice.seen_at == now + timedelta(seconds=expected)
    assert visit_figures(now=now + timedelta(seconds=61)).present == 1
    assert visit_figures(now=now + timedelta(minutes=7)).present == 0


def test_a_page_is_shown_although_counting_fails(client, transactional_db, monkeypatch):
    def fail(*args, **kwargs):
        raise DatabaseError

    monkeypatch.setattr("accounts.visits.count", fail)
    assert client.get(reverse("accounts:login")).status_code == 200


def test_counting_a_known_visitor_costs_few_queries(alice, django_assert_max_num_queries):
    now = timezone.now()
    count("1.2.3.4", "agent", alice, now=now)
    user = User.objects.get(pk=alice.pk)
    with django_assert_max_num_queries(4):  # two of them are BEGIN and COMMIT
        count("1.2.3.4", "agent", user, now=now)
