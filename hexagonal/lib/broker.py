"""What the broker's one URL decides: Redis and RabbitMQ want different words for the same care."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

# A message that was not acknowledged is given to another worker after it; longer than any task.
VISIBILITY_SECONDS = 120


def is_amqp(url: str) -> bool:
    return urlsplit(url).scheme in {"amqp", "amqps", "pyamqp"}


def transport_options(url: str) -> dict[str, Any]:
    """How a worker talks to its broker."""
    if is_amqp(url):
        return {"confirm_publish": True}
    return {
        "visibility_timeout": VISIBILITY_SECONDS,
        # Look every 5 s for what a dead worker had taken: by default it is about 100 s.
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
        "socket_keepalive": True,
        "socket_timeout": 10,
        "socket_connect_timeout": 5,
        "health_check_interval": 10,
    }


def impatient_options(url: str, seconds: float) -> dict[str, Any]:
    """How somebody rings who must not be held up."""
    # Without `max_retries` kombu tries again after 2, 4, 6 … seconds, whatever `retry` says.
    options = {**transport_options(url), "max_retries": 0}
    if is_amqp(url):
        return {**options, "read_timeout": seconds, "write_timeout": seconds}
    return {**options, "socket_timeout": seconds, "socket_connect_timeout": seconds}


def queue_type(url: str) -> str:
    """RabbitMQ keeps a quorum queue through the loss of a node; Redis knows lists only."""
    return "quorum" if is_amqp(url) else "classic"
