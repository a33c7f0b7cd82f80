"""Celery only rings: nothing of the money path is kept, timed or chained by it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from django.conf import settings
from django.core.checks import Error

from hexagonal.lib import broker
from signals.lease_check import check_lease, fence_seconds, shortest_lease

ROOT = Path(__file__).resolve().parents[2]
APPS = ["accounts", "exchanges", "hexagonal", "notifications", "signals"]
FORBIDDEN_OPTIONS = {"eta", "countdown", "link", "link_error", "retry_backoff", "autoretry_for"}
FORBIDDEN_NAMES = {"chord", "chain", "group", "chunks", "AsyncResult", "apply_async", "delay"}
CELERY_CALLS = {"send_task", "shared_task", "task", "enqueue", "enqueue_on_commit"}


def sources() -> list[Path]:
    return [path for app in APPS for path in sorted((ROOT / app).rglob("*.py"))]


def calls(path: Path) -> list[tuple[str, ast.Call]]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return [(getattr(c.func, "attr", getattr(c.func, "id", "")), c) for c in found]


def test_no_task_is_timed_retried_or_chained_by_the_broker():
    for path in sources():
        for name, call in calls(path):
            if name in CELERY_CALLS:
                given = {keyword.arg for keyword in call.keywords}
                assert not given & FORBIDDEN_OPTIONS, f"{path}:{call.lineno}"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("celery"):
                names = {alias.name for alias in node.names}
                assert not names & FORBIDDEN_NAMES, f"{path}:{node.lineno}"


def test_tasks_are_sent_through_the_one_door_with_ids_alone():
    for path in sources():
        for name, call in calls(path):
            if path.name != "jobs.py":
                assert name not in {"send_task", "apply_async"}, f"{path}:{call.lineno}"
            if name in {"enqueue", "enqueue_on_commit"} and path.name != "jobs.py":
                for argument in call.args[1:]:
                    assert ast.unparse(argument).endswith(("id", "pk")), f"{path}:{call.lineno}"


def test_nothing_is_kept_of_a_task():
    assert settings.CELERY_TASK_IGNORE_RESULT
    assert not hasattr(settings, "CELERY_RESULT_BACKEND")
    assert settings.CELERY_TASK_ACKS_LATE
    assert settings.CELERY_TASK_REJECT_ON_WORKER_LOST
    assert settings.CELERY_WORKER_PREFETCH_MULTIPLIER == 1


def test_beat_is_in_no_way_of_money():
    beaten = {name for name in settings.CELERY_BEAT_SCHEDULE if name.startswith("signals.")}
    assert beaten == {"signals.forget_calls"}  # old records


def test_the_one_url_decides_how_the_broker_is_talked_to():
    redis, rabbit = "redis://127.0.0.1/0", "amqp://127.0.0.1//"

    assert broker.transport_options(rabbit) == {"confirm_publish": True}
    assert (broker.queue_type(redis), broker.queue_type(rabbit)) == ("classic", "quorum")
    longest = settings.CELERY_TASK_TIME_LIMIT
    assert broker.transport_options(redis)["visibility_timeout"] > longest
    assert broker.impatient_options(redis, 1)["socket_timeout"] == 1
    assert broker.impatient_options(rabbit, 1)["write_timeout"] == 1


def test_a_lease_outlives_whatever_is_sent_under_it(settings):
    assert check_lease() == []
    assert shortest_lease() == 12 + 3 + 5 + 5 + 1 + 2
    assert fence_seconds("bybit") == 5 + 1 + 2

    settings.LEASE_SECONDS = shortest_lease()
    assert check_lease() == []
    settings.LEASE_SECONDS = shortest_lease() - 0.1
    assert ids(check_lease()) == ["signals.E001"]


@pytest.mark.parametrize(
    ("exchange", "accepted"),
    # What each request says itself; a server that asks no request; the longest of all.
    [("binance_usdm", 5), ("kucoin", 5), ("okx", 30), ("htx", 300)],
)
def test_an_exchange_that_takes_old_requests_needs_a_longer_lease(settings, exchange, accepted):
    assert fence_seconds(exchange) == accepted + 10 + 1 + 2
    settings.EXCHANGES_OFFERED = ["bybit", exchange]
    assert shortest_lease() == 12 + 3 + 5 + fence_seconds(exchange)
    assert ids(check_lease()) == ["signals.E001"]


@pytest.mark.parametrize(("soft", "hard", "visible"), [(49, 60, 120), (55, 50, 120), (55, 60, 59)])
def test_a_task_ends_before_its_message_is_seen_again(settings, soft, hard, visible):
    settings.CELERY_TASK_SOFT_TIME_LIMIT = soft
    settings.CELERY_TASK_TIME_LIMIT = hard
    settings.CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": visible}

    assert ids(check_lease()) == ["signals.E002"]


def ids(found: list[Error]) -> list[str]:
    return [error.id for error in found]
