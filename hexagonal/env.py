"""Typed readers of environment variables that fail loudly at start."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

TRUE = {"1", "true", "yes", "on"}
FALSE = {"0", "false", "no", "off", ""}


def text(name: str, default: str | None = None) -> str:
    value = os.environ.get(name, default)
    if value is None:
        raise ImproperlyConfigured(f"The environment variable {name} is not set.")
    return value


def flag(name: str, *, default: bool) -> bool:
    value = os.environ.get(name, str(default)).strip().lower()
    if value in TRUE:
        return True
    if value in FALSE:
        return False
    raise ImproperlyConfigured(f"The environment variable {name} must be true or false.")


def integer(name: str, default: int) -> int:
    value = os.environ.get(name, str(default))
    try:
        return int(value)
    except ValueError as error:
        raise ImproperlyConfigured(f"The environment variable {name} must be a number.") from error


def words(name: str, default: str = "") -> list[str]:
    return [word.strip() for word in os.environ.get(name, default).split(",") if word.strip()]


def egress(name: str) -> dict[str, str]:
    """Read outgoing addresses: the public one, as traders bind their keys to it -> the way out.

    A word is a source address, or `way=public address` where they differ: behind a NAT, or for a
    proxy's URL. Without any, the machine chooses, and there is no address to show.
    """
    ways: dict[str, str] = {}
    for word in words(name):
        way, _, public = word.rpartition("=")
        way = way or public
        if not public or "://" in public or way in ways.values() or public in ways:
            raise ImproperlyConfigured(f"{name}: a public address is missing or twice there.")
        ways[public] = way
    return ways or {"": ""}


def path(name: str) -> Path | None:
    value = os.environ.get(name, "")
    return Path(value) if value else None


def database(name: str) -> dict[str, Any]:
    """Read a `postgres://` URL; `?host=/dir` names a Unix socket's directory."""
    url = urlsplit(text(name))
    if url.scheme not in {"postgres", "postgresql"}:
        raise ImproperlyConfigured(f"{name} must be a postgres:// URL.")
    query = dict(parse_qsl(url.query))
    host = query.pop("host", "") or unquote(url.hostname or "")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(url.path.lstrip("/")),
        "USER": unquote(url.username or ""),
        "PASSWORD": unquote(url.password or ""),
        "HOST": host,
        "PORT": str(url.port or query.pop("port", "")),
        "OPTIONS": {**CAREFUL, **query, "options": _limits(query.get("options", ""))},
    }


# A database host that is gone without a word is noticed in seconds, not in hours.
CAREFUL = {
    "connect_timeout": "5",
    "tcp_user_timeout": "10000",
    "keepalives_idle": "5",
    "keepalives_interval": "2",
    "keepalives_count": "3",
}


def _limits(given: str) -> str:
    """What the server enforces on a session; a longer time for a migration may be given."""
    wanted = {
        "statement_timeout": f"{integer('DATABASE_STATEMENT_SECONDS', 30)}s",
        "lock_timeout": "10s",
        "idle_in_transaction_session_timeout": "30s",
        "synchronous_commit": "on",  # what is on record before an order is sent survives a crash
    }
    mine = (f"-c {name}={value}" for name, value in wanted.items() if name not in given)
    return " ".join([*mine, given]).strip()
