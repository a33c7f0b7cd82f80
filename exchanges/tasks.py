"""The workers' ways in for connections and instruments."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from celery import shared_task
from django.conf import settings
from django.db import connection
from django.utils import timezone

from exchanges import services, watching
from exchanges.choices import ExchangeKind
from exchanges.domain.errors import ExchangeError
from exchanges.models import Connection
from hexagonal.lib.jobs import enqueue

log = logging.getLogger(__name__)

REFRESH_AGE = timedelta(seconds=30)
AT_ONCE = 40
THREADS = 4


@shared_task(name="exchanges.verify_connection")
def verify_connection(link_id: int) -> None:
    services.verify(link_id, now=timezone.now())


@shared_task(name="exchanges.watch_accounts")
def watch_accounts() -> None:
    """Look at stale connections again, end those that were only waiting for their last trade.

    Rings for verifications that a lost message left waiting.
    """
    now = timezone.now()
    for link_id in services.waiting_for_verification(now=now):
        enqueue("exchanges.verify_connection", link_id)
    services.disconnect_leaving(now=now)
    stale = watching.claim_stale(AT_ONCE, now=now, age=REFRESH_AGE)
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(_watch, stale))


def _watch(link: Connection) -> None:
    try:
        watching.watch(link, now=timezone.now())
    finally:
        connection.close()  # a thread's own database connection ends with its work


@shared_task(name="exchanges.refresh_instruments")
def refresh_instruments() -> None:
    for environment in settings.EXCHANGE_ENVIRONMENTS:
        try:
            services.refresh_instruments(ExchangeKind.BYBIT, environment, now=timezone.now())
        except ExchangeError as error:
            log.warning("%s could not be read: %s", environment, type(error).__name__)
