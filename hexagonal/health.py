"""Whether the process lives, and whether it can do its work."""

from __future__ import annotations

from django.core.cache import cache
from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe
from redis.exceptions import RedisError

from signals.selectors import seconds_since_beat


@require_safe
def alive(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "ok"})


@require_safe
def ready(request: HttpRequest) -> JsonResponse:
    """Whether pages can be served; the sweeper's age says whether what is due is done."""
    checks = {"database": _database(), "cache": _cache()}
    status = 200 if all(checks.values()) else 503
    age = seconds_since_beat("sweeper") if checks["database"] else None
    return JsonResponse({**checks, "seconds_since_sweep": age}, status=status)


def _database() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return False
    return True


def _cache() -> bool:
    try:
        cache.get("readyz")
    except (RedisError, OSError):
        return False
    return True
