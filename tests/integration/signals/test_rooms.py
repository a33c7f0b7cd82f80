"""What a claim makes of each exchange's own window."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from exchanges.domain.lanes import Lane
from exchanges.governor import Room
from hexagonal.lib.clock import database_now
from signals.models import Copy
from signals.services.claiming import claim, entered_upon, left_for, most_left
from tests.fixtures.people import link_account
from tests.integration.signals.test_copy_life import publish

pytestmark = pytest.mark.django_db(transaction=True)


def room(window_ms, *, used=300, used_soon=280):
    return Room(used, used_soon, 300, window_ms, wait=0.1, frozen=0)


def entries(fair, **rooms):
    """What two budgets, or one, have for a chunk when more than that is due on each."""
    return left_for(dict.fromkeys(rooms, 1_000), rooms, Lane.ENTRY, fair)


def test_entries_plan_ahead_for_what_comes_back_in_their_own_window():
    """Of 300 in a minute, nine come back in two seconds; of 300 in five seconds, a hundred."""
    assert entries(60, one=room(60_000)) == {"one": 11}
    assert entries(60, one=room(5_000)) == {"one": 0}


def test_a_chunk_does_not_set_out_for_the_budget_that_is_first_by_a_moment():
    first, next_one = room(5_000, used_soon=180), room(5_000, used_soon=290)
    assert entries(100, one=first) == {"one": 111}
    assert entries(150, one=first, two=next_one) == {"one": 0, "two": 0}
    assert entries(150, one=first, two=room(5_000, used_soon=240)) == {"one": 111, "two": 51}


def test_what_is_free_now_is_taken_though_little_comes_back_soon():
    assert entries(150, one=room(5_000, used=200, used_soon=200), two=room(5_000)) == {
        "one": 91,
        "two": 0,
    }


@pytest.mark.parametrize(("window_ms", "is_found"), [(60_000, True), (5_000, False)])
def test_entries_wait_for_room_as_long_as_their_own_window(
    market, author, alice, window_ms, is_found
):
    link = link_account(alice, market)
    publish(author)
    Copy.objects.update(lane=Lane.ENTRY, due_at=database_now() + timedelta(seconds=50))
    rooms = {link.budget: room(window_ms)}
    assert entered_upon([link.budget], rooms) == ({link.budget} if is_found else set())


@pytest.mark.parametrize(
    ("lane", "used", "copies"),
    [(Lane.POLL, 0, 2), (Lane.POLL, 14, 0), (Lane.WATCH, 14, 1), (Lane.PROTECT, 43, 1)],
)
def test_looks_begin_where_all_of_their_requests_find_room(lane, used, copies):
    """Nine each, of 45; where a stop may hang on it one is tried with less."""
    assert most_left(Room(used, used, 45, 5_000, 0.1, 0, look=9), lane) == copies


def test_a_window_that_is_smaller_than_a_look_is_spent_on_one():
    """As a process's own share may be while Redis is away."""
    assert most_left(Room(0, 0, 6, 5_000, 0.1, 0, look=9), Lane.POLL) == 1
    assert most_left(Room(1, 1, 6, 5_000, 0.1, 0, look=9), Lane.POLL) == 0


def test_where_positions_keep_their_stops_nobody_asks_for_entries_that_rest(market, alice):
    link_account(alice, market)
    with CaptureQueriesContext(connection) as asked:
        assert claim(5) is None
    lanes = [lane for lane in Lane if any(f"due.lane = {lane:d}" in q["sql"] for q in asked)]
    assert lanes == [lane for lane in Lane if lane is not Lane.WATCH]
