"""Counting in a window, which ends whatever happens while it is counted."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.cache import cache

from accounts import throttle
from hexagonal.lib.counting import count, counted
from notifications import services as notifications

KEY = "tests:counting"


@pytest.fixture(autouse=True)
def _nothing_counted():
    cache.delete(KEY)
    yield
    cache.delete(KEY)


def test_each_time_counts_even_of_many_at_once():
    assert counted(KEY) == 0
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: count(KEY, seconds=60), range(40)))
    assert sorted(found) == list(range(1, 41))
    assert counted(KEY) == 40


def test_the_window_begins_with_the_first_time_and_ends():
    count(KEY, seconds=1)
    time.sleep(0.6)
    assert count(KEY, seconds=1) == 2
    time.sleep(0.6)
    assert counted(KEY) == 0
    assert count(KEY, seconds=1) == 1


@pytest.fixture
def ending(monkeypatch):
    """A window ends between Django's look whether the key is there and Redis's own count."""
    monkeypatch.setattr(cache, "incr", lambda key: cache.set(key, 1, timeout=None) or 1)


def test_a_window_that_ends_while_it_is_counted_does_not_last_for_ever(ending):
    assert count(KEY, seconds=1) == 1
    time.sleep(1.1)
    assert counted(KEY) == 0


def test_nobody_is_shut_out_for_ever(ending, monkeypatch):
    """Neither from logging in nor from pairing: what was counted so never ended."""
    monkeypatch.setattr(throttle, "WINDOW_SECONDS", 1)
    monkeypatch.setattr(throttle, "MOST_OF_ACCOUNT", 1)
    throttle.note_failure("a@example.com", "192.0.2.1")
    assert throttle.is_stopped("a@example.com", "192.0.2.1")
    time.sleep(1.1)
    assert not throttle.is_stopped("a@example.com", "192.0.2.1")


def test_wrong_pairing_keys_are_counted_for_a_while(ending, monkeypatch):
    monkeypatch.setattr(notifications, "WINDOW", notifications.WINDOW / 600)
    monkeypatch.setattr(notifications, "MOST_TRIES", 1)
    outcomes = [notifications.pair("nonsense", chat_id=77, display_name="") for _ in range(2)]
    assert outcomes == ["unknown", "too_many_tries"]
    time.sleep(1.1)
    assert notifications.pair("nonsense", chat_id=77, display_name="") == "unknown"
    time.sleep(1.1)
