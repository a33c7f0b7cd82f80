"""Ring for a worker once the surrounding transaction is committed."""

from __future__ import annotations

import logging

from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

log = logging.getLogger(__name__)


def enqueue(name: str, *ids: int | str, expires: float | None = None) -> None:
    """Send a task by name; a broker that is away loses a doorbell, never the work."""
    try:
        current_app.send_task(name, args=ids, expires=expires, retry=False)
    except (OperationalError, OSError) as error:
        log.warning("the broker did not take %s: %s", name, type(error).__name__)


def enqueue_on_commit(name: str, *ids: int | str) -> None:
    """Send a task after commit; rows are the queue, so the arguments are ids only."""
    transaction.on_commit(lambda: enqueue(name, *ids))
