"""The workers' ways in for connections and instruments."""

from __future__ import annotations

import logging
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from celery import shared_task
from django.db import connection
from django.utils import timezone

from exchanges import instruments, key_log, key_pairs, rotation, services, watching
from exchanges.domain.errors import ExchangeError
from exchanges.models import Connection
from exchanges.places import places
from hexagonal.lib.clock import database_now
from hexagonal.lib.jobs import enqueue

log = logging.getLogger(__name__)

REFRESH_AGE = timedelta(seconds=30)
AT_ONCE = 40
RESEAL_SECONDS = 0.5  # at a time: orders wait for this process no longer
FORGET_SECONDS = 2.0
THREADS = 4


@shared_task(name="exchanges.verify_connection")
def verify_connection(link_id: int) -> None:
    services.verify(link_id, now=timezone.now())


@shared_task(name="exchanges.generate_key_pair")
def generate_key_pair(pair_id: int) -> None:
    key_pairs.generate(pair_id)


@shared_task(name="exchanges.watch_accounts")
def watch_accounts() -> None:
    """Look at stale connections again, end those that were only waiting for their last trade.

    Rings for what a lost message left waiting.
    """
    now = timezone.now()
    for pair_id in key_pairs.waiting_pairs():
        enqueue("exchanges.generate_key_pair", pair_id)
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


@shared_task(name="exchanges.reseal")
def reseal(key: str) -> None:
    """Seal some stored keys anew for a key of the vault, named by its public id."""
    if done := rotation.reseal(key, seconds=RESEAL_SECONDS, now=timezone.now()):
        log.info("%s boxes were sealed anew", done)


@shared_task(name="exchanges.refresh_instruments")
def refresh_instruments() -> None:
    for exchange, environment in places():
        try:
            instruments.refresh_instruments(exchange, environment, now=database_now())
        except ExchangeError as error:
            log.warning("%s %s could not be read: %s", exchange, environment, type(error).__name__)


@shared_task(name="exchanges.refresh_instrument")
def refresh_instrument(instrument_pk: int) -> None:
    """Read a contract's rules after they were doubted."""
    instruments.refresh_doubted(instrument_pk, now=database_now())


@shared_task(name="exchanges.refresh_forgotten")
def refresh_forgotten() -> None:
    """Read what was doubted a while ago and has not been read since."""
    for instrument_pk in instruments.take_forgotten(now=database_now()):
        instruments.refresh_doubted(instrument_pk, now=database_now())


@shared_task(name="exchanges.forget_key_uses")
def forget_key_uses() -> None:
    """Let go of old records of keys, a little at a time."""
    started = time.monotonic()
    while key_log.forget_old(now=database_now()) and time.monotonic() - started < FORGET_SECONDS:
        pass
