"""The workers' ways in; arguments are ids only, and a lost or doubled message changes nothing."""

from __future__ import annotations

import time

from celery import shared_task

from exchanges import bans, clock
from exchanges.domain.lanes import Lane
from hexagonal.lib.clock import database_now
from signals.lease_check import DRAIN_SECONDS
from signals.services import calls, enrolling, sweeping, working
from signals.services.claiming import has_waiting

WAIT_SECONDS = 0.03  # for room under the limits: short, because a stop may come any moment


@shared_task(name="signals.work")
def work() -> None:
    """Work while there is something to do, or something waits for the exchange's limits."""
    started = time.monotonic()
    while time.monotonic() - started < DRAIN_SECONDS:
        clock.keep_measured()
        enrolled = enrolling.enrol_next()
        worked = working.work()
        bans.record_bans()
        if worked or enrolled:
            continue
        if not has_waiting(Lane.PROTECT, Lane.ENTRY):
            return
        time.sleep(WAIT_SECONDS)


@shared_task(name="signals.show_life")
def show_life() -> None:
    """Answer the sweeper through the queue of orders: a worker may live and take nothing."""
    sweeping.beat("worker")


@shared_task(name="signals.forget_calls")
def forget_calls() -> None:
    """Let go of old requests and answers, a little at a time."""
    started = time.monotonic()
    while calls.forget_old(now=database_now()) and time.monotonic() - started < DRAIN_SECONDS:
        pass
