"""This host's clock against each exchange's: what is signed with a wrong one is refused.

Bybit takes a timestamp that is older than now by less than `recv_window`, and ahead by less than a
second. A clock that is off beyond that makes every order a refusal (10002), and one on the way
there makes the lease's arithmetic untrue; so sending stops before either.
"""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings
from django.db import connection

from exchanges.domain.errors import ExchangeError, Unavailable
from exchanges.domain.lanes import Lane
from exchanges.gateway import market_of
from exchanges.places import Place, places

log = logging.getLogger(__name__)

EVERY_SECONDS = 30.0
EVERY_SECONDS_WHILE_OFF = 5.0
ALARM_MS = 500
MOST_AHEAD_MS = 900  # of the exchange's thousand

STORE = """
INSERT INTO exchanges_hostclock (host, exchange, environment, ahead_ms, at)
VALUES (%s, %s, %s, %s, clock_timestamp())
ON CONFLICT (host, exchange, environment) DO UPDATE
SET ahead_ms = excluded.ahead_ms, at = excluded.at
"""


@dataclass(frozen=True, slots=True)
class Reading:
    """How far the clock is ahead, at the least; a slow answer says less, never something wrong."""

    ahead_ms: int
    taken: float  # monotonic seconds

    @property
    def may_send(self) -> bool:
        return -settings.RECV_WINDOW_MS / 2 <= self.ahead_ms <= MOST_AHEAD_MS

    @property
    def is_due(self) -> bool:
        pause = EVERY_SECONDS if self.may_send else EVERY_SECONDS_WHILE_OFF
        return time.monotonic() - self.taken >= pause


_readings: dict[Place, Reading] = {}  # of this process
_measuring = threading.Lock()


def check_clock(exchange: str, environment: str) -> None:
    """Raise `Unavailable` while this host's clock is too far off for this exchange."""
    reading = _readings.get((exchange, environment))
    if reading is not None and not reading.may_send:
        raise Unavailable(f"this host's clock is {reading.ahead_ms} ms ahead")


def keep_measured() -> None:
    """Compare the clock anew where that was not done for a while; call it before a chunk of work.

    An exchange that does not answer leaves the last reading as it is.
    """
    due = [place for place in places() if _is_due(place)]
    if due and _measuring.acquire(blocking=False):
        try:
            for place in due:
                _take(place)
        finally:
            _measuring.release()


def _is_due(place: Place) -> bool:
    reading = _readings.get(place)
    return reading is None or reading.is_due


def _take(place: Place) -> None:
    market, name = market_of(*place, Lane.ENTRY), " ".join(place)
    try:
        ahead = measure(market.server_time)
    except ExchangeError as error:
        log.warning("the time of %s could not be read: %s", name, type(error).__name__)
        return
    before = _readings.get(place)
    reading = _readings[place] = Reading(ahead, time.monotonic())
    if not reading.may_send:
        log.critical("this host's clock is %s ms ahead of %s: nothing is sent", ahead, name)
    elif before is not None and not before.may_send:
        log.warning("this host's clock is right again: %s ms ahead of %s", ahead, name)
    with connection.cursor() as cursor:
        cursor.execute(STORE, [socket.gethostname()[:100], *place, ahead])


def measure(server_time: Callable[[], float]) -> int:
    """Milliseconds that this clock is surely ahead (behind: negative) of the one that is asked.

    The other one was read at some moment between question and answer: only what lies outside of
    that span is certain.
    """
    asked = time.time()
    theirs = server_time()
    answered = time.time()
    if asked > theirs:
        return round((asked - theirs) * 1000)
    if answered < theirs:
        return round((answered - theirs) * 1000)
    return 0
