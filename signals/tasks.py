"""The workers' ways in; arguments are ids only, and a lost or doubled message changes nothing."""

from __future__ import annotations

import math
import time

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from exchanges.domain.lanes import Lane
from hexagonal.lib.clock import database_now
from hexagonal.lib.jobs import enqueue
from signals.services import calls, enrolling, nominal, publishing, working
from signals.services.claiming import count_due, has_waiting
from signals.services.revising import MOST_DOORBELLS

DRAIN_SECONDS = 20.0  # a doorbell works on while there is work; far below the task's time limit
WAIT_SECONDS = 0.05  # for room under the limits: short, because a stop may come any moment


@shared_task(name="signals.work")
def work() -> None:
    """Work while there is something to do, or something waits for the exchange's limits."""
    started = time.monotonic()
    while time.monotonic() - started < DRAIN_SECONDS:
        if working.work():
            continue
        if not has_waiting(Lane.PROTECT, Lane.ENTRY):
            return
        time.sleep(WAIT_SECONDS)


@shared_task(name="signals.ring")
def ring() -> None:
    """Ring once for each chunk of due copies; it finds what a lost message or a crash left."""
    due = count_due(MOST_DOORBELLS * settings.CHUNK_SIZE)
    for _ in range(math.ceil(due / settings.CHUNK_SIZE)):
        enqueue("signals.work", expires=5)


@shared_task(name="signals.follow_prices")
def follow_prices() -> None:
    nominal.follow_prices(now=database_now())


@shared_task(name="signals.keep_time")
def keep_time() -> None:
    """Publish what is scheduled for now, and let those who asked for it join open signals."""
    publishing.publish_due(now=database_now())
    enrolling.enrol_late(now=database_now())


@shared_task(name="signals.forget_calls")
def forget_calls() -> None:
    """Let go of old requests and answers, a little at a time."""
    started = time.monotonic()
    while calls.forget_old(now=timezone.now()) and time.monotonic() - started < DRAIN_SECONDS:
        pass
