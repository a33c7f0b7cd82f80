"""The workers' ways in; arguments are ids only, and a lost or doubled message changes nothing."""

from __future__ import annotations

import math
import time

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from hexagonal.lib.jobs import enqueue
from signals.services import enrolling, nominal, publishing, working
from signals.services.claiming import count_due

DRAIN_SECONDS = 20.0  # a doorbell works on while there is work; far below the task's time limit
MOST_DOORBELLS = 16


@shared_task(name="signals.work")
def work() -> None:
    started = time.monotonic()
    while working.work() and time.monotonic() - started < DRAIN_SECONDS:
        pass


@shared_task(name="signals.ring")
def ring() -> None:
    """Ring once for each chunk of due copies; it finds what a lost message or a crash left."""
    due = count_due()
    for _ in range(min(math.ceil(due / settings.CHUNK_SIZE), MOST_DOORBELLS)):
        enqueue("signals.work", expires=5)


@shared_task(name="signals.follow_prices")
def follow_prices() -> None:
    nominal.follow_prices(now=timezone.now())


@shared_task(name="signals.keep_time")
def keep_time() -> None:
    """Publish what is scheduled for now, and let those who asked for it join open signals."""
    publishing.publish_due(now=timezone.now())
    enrolling.enrol_late(now=timezone.now())
