"""Ring for a worker once the surrounding transaction is committed.

A broker that is away loses doorbells, never work: rows are the queue, and the sweeper finds them.
It must not hold up whoever rings either, so everything here is bounded by a second.
"""

from __future__ import annotations

import logging
import os
import time
from functools import cache

from celery import current_app
from django.db import transaction
from kombu.exceptions import ChannelError, LimitExceeded, OperationalError
from kombu.pools import ProducerPool

from hexagonal.lib.broker import impatient_options

log = logging.getLogger(__name__)

PATIENCE = 1.0  # seconds for the broker to answer
SILENCE = 5.0  # seconds without a try after it has not
MOST_PRODUCERS = 16  # of this process: as many as it may have threads

AWAY = (OperationalError, ChannelError, LimitExceeded, OSError)

_silent_until = 0.0  # monotonic


def enqueue(name: str, *ids: int | str, expires: float | None = None) -> bool:
    """Send a task by name; False when the broker did not take it."""
    global _silent_until  # noqa: PLW0603 - a process-wide fact
    if time.monotonic() < _silent_until:
        return False  # the many doorbells of one signal must not wait a second each
    try:
        with _producers(os.getpid()).acquire(block=True, timeout=PATIENCE) as producer:
            current_app.send_task(
                *(name, ids),
                expires=expires,
                producer=producer,
                retry=False,
                confirm_timeout=PATIENCE,
            )
    except AWAY as error:
        _silent_until = time.monotonic() + SILENCE
        log.warning("the broker did not take %s: %s", name, type(error).__name__)
        return False
    return True


def enqueue_on_commit(name: str, *ids: int | str) -> None:
    """Send a task after commit; rows are the queue, so the arguments are ids only."""
    transaction.on_commit(lambda: enqueue(name, *ids))


@cache
def _producers(pid: int) -> ProducerPool:
    """Connections for ringing alone: a worker waits for its messages longer than this."""
    url = current_app.conf.broker_url
    connection = current_app.connection_for_write(
        connect_timeout=PATIENCE, transport_options=impatient_options(url, PATIENCE)
    )
    return ProducerPool(connection.Pool(MOST_PRODUCERS), limit=MOST_PRODUCERS)
