"""When the sweeper does the workers' work: what is due and taken by nobody, and nothing else."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from signals.models import Copy
from signals.services import sweeping
from signals.services.sweeping import is_untaken
from tests.fixtures.people import link_account
from tests.integration.signals.test_copy_life import publish

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def waiting(market, author, alice, bob):
    """Two copies of one signal; the first is what a worker may hold."""
    for user in (alice, bob):
        link_account(user, market)
    publish(author)
    Copy.objects.update(due_at=None)
    first, second = Copy.objects.order_by("pk")
    return first, second


def is_due(copy, *, seconds):
    due_at = timezone.now() - timedelta(seconds=seconds)
    Copy.objects.filter(pk=copy.pk).update(due_at=due_at)


def is_held(copy, *, seconds):
    """A worker has claimed it so many seconds ago."""
    claimed = timezone.now() - timedelta(seconds=seconds)
    until = claimed + timedelta(seconds=settings.LEASE_SECONDS)
    Copy.objects.filter(pk=copy.pk).update(due_at=claimed, lease_until=until)


def test_what_nobody_takes_for_three_seconds_is_carried(waiting):
    _, free = waiting
    is_due(free, seconds=2)
    assert not is_untaken()
    is_due(free, seconds=4)
    assert is_untaken()


def test_what_waits_for_room_while_workers_take_what_has_some_is_theirs(waiting):
    """Entries of a large signal wait for the exchange's limits for longer than ten seconds."""
    taken, free = waiting
    is_due(free, seconds=25)
    for ago in (0, 4, 9):
        is_held(taken, seconds=ago)
        assert not is_untaken()


def test_what_is_due_while_one_hangs_and_the_others_are_gone_is_carried(waiting):
    taken, free = waiting
    is_due(free, seconds=11)
    is_held(taken, seconds=11)
    assert is_untaken()


def test_what_a_dead_worker_held_is_carried(waiting):
    taken, _ = waiting
    is_held(taken, seconds=settings.LEASE_SECONDS + 1)
    assert is_untaken()


def test_a_lease_that_is_shorter_than_the_patience_counts_while_it_lasts(waiting, settings):
    settings.LEASE_SECONDS = 6
    taken, free = waiting
    is_due(free, seconds=20)
    is_held(taken, seconds=5)
    assert not is_untaken()
    is_held(taken, seconds=7)
    assert is_untaken()


def test_the_sweeper_says_what_it_has_carried(waiting, caplog):
    taken, free = waiting
    is_due(free, seconds=25)
    is_held(taken, seconds=1)
    sweeper = sweeping.Sweeper()
    sweeper._carry()
    free.refresh_from_db()
    assert (free.status, caplog.messages) == ("pending", [])
    is_held(taken, seconds=12)
    sweeper._carry()
    free.refresh_from_db()
    assert free.status == "placed"
    assert caplog.messages == ["the sweeper has carried a chunk: no worker took it"]
