"""The sweeper: what is due is done, whatever becomes of the broker, of beat and of the workers."""

from __future__ import annotations

import logging
import socket
import threading

from django.conf import settings
from django.db import Error, connection

from exchanges import bans, clock, egress, quarantine
from exchanges import services as exchanges
from exchanges.domain.lanes import Lane
from exchanges.stream_shares import are_prices_followed
from hexagonal.lib.chores import Chore, Chores
from hexagonal.lib.clock import database_now
from hexagonal.lib.jobs import enqueue
from hexagonal.lib.leadership import Leadership
from signals.models import Enrolment
from signals.services import crossing, delisting, enrolling, nominal, publishing, streaming, working
from signals.services.alarms import watch
from signals.services.claiming import count_due
from signals.services.revising import MOST_DOORBELLS, doorbells
from signals.services.stepping import ClockWatch

log = logging.getLogger(__name__)

LOCK = 0x48455853  # "HEXS"
TURN_SECONDS = 0.5  # between two looks at who leads
FAREWELL_SECONDS = 40.0  # for the chunk in hand: as long as a lease and a little

# Due for some seconds, and nobody holds anything that was claimed of late. Its age alone says
# nothing: entries wait for room under the exchange's limits while workers claim what has some. Who
# hangs keeps a lease that grows old.
UNTAKEN = """
SELECT EXISTS (SELECT FROM signals_copy WHERE due_at < clock_timestamp() - interval '3 s'
               AND (lease_until IS NULL OR lease_until < clock_timestamp()))
   AND NOT EXISTS (SELECT FROM signals_copy WHERE due_at IS NOT NULL
                   AND lease_until > clock_timestamp() + make_interval(secs => %(fresh)s))
"""
LATE = 10.0  # seconds without a claim after which those who hold something do not get on
# A part waits for nobody outside; two who try it at once do not harm each other.
UNENROLLED = """
SELECT EXISTS (SELECT FROM signals_enrolment part
               JOIN signals_signal whole ON whole.id = part.signal_id
               WHERE whole.published_at < clock_timestamp() - interval '3 s')
"""
# An entry waits for room under the exchange's limits; when its time is over it needs none.
TOO_LATE = """
UPDATE signals_copy copy SET lane = %(record)s, due_at = clock_timestamp()
WHERE due_at IS NOT NULL AND status = 'pending' AND lane <> %(record)s
  AND created_at < clock_timestamp() - make_interval(secs => %(ttl)s)
  AND (lease_until IS NULL OR lease_until < clock_timestamp())
  AND NOT EXISTS (SELECT FROM signals_order o
                  WHERE o.copy_id = copy.id AND o.status IN ('submitting', 'unknown'))
"""
BEAT = """
INSERT INTO signals_heartbeat (name, host, at) VALUES (%s, %s, clock_timestamp())
ON CONFLICT (name) DO UPDATE SET host = excluded.host, at = excluded.at
"""


class Sweeper:
    """Does its chores while it leads; of several processes one does."""

    def __init__(self) -> None:
        self._leadership = Leadership(LOCK)
        self._stop = threading.Event()
        self._chores: Chores | None = None

    def stop(self) -> None:
        self._stop.set()

    def run(self) -> bool:
        """Run until `stop`; False when what was being done could not be waited for."""
        while not self._stop.is_set():
            if not self._leads():
                self._step_down()
            elif self._chores is None:
                log.info("this sweeper leads")
                self._chores = Chores(self._duties())
            self._stop.wait(TURN_SECONDS)
        chores = self._chores
        self._step_down()
        self._leadership.release()  # the next one need not wait for our last chunk
        return chores is None or chores.join(FAREWELL_SECONDS)

    def _leads(self) -> bool:
        try:
            return self._leadership.hold()
        except Error as error:
            log.warning("the leadership is lost: %s", type(error).__name__)
            self._leadership.release()
            return False

    def _step_down(self) -> None:
        """Begin nothing any more; what is still being done is safe beside the next leader's."""
        if self._chores is not None:
            self._chores.stop()
            self._chores = None

    def _duties(self) -> list[Chore]:
        return [
            Chore("heartbeat", 1, lambda: beat("sweeper")),
            Chore("ring", 1, ring),
            Chore("carry", 1, self._carry),
            Chore("expire", 1, let_expire),
            Chore("publish", 1, lambda: publishing.publish_due(now=database_now())),
            Chore("enrol", 2, lambda: enrolling.enrol_late(now=database_now())),
            Chore("prices", 3, follow_prices),
            Chore("addresses", 30, settle_addresses),
            Chore("bans", 1, bans.keep_bans),
            Chore("sockets", 5, streaming.poll_orphans),
            Chore("canary", 10, lambda: enqueue("signals.show_life", expires=10)),
            Chore("quarantines", 1, lambda: quarantine.tell(now=database_now())),
            Chore("delistings", 60, lambda: delisting.tell(now=database_now())),
            Chore("watch", 10, watch),
            Chore("step", 1, ClockWatch().look),
            Chore("clock", clock.EVERY_SECONDS_WHILE_OFF, clock.keep_measured),
        ]

    def _carry(self) -> None:
        """Do the workers' work while nobody does: broker dead or emptied, workers silent."""
        while not self._stop.is_set() and _answers(UNENROLLED) and enrolling.enrol_next():
            log.warning("the sweeper has enrolled a part: no worker took it")
        while not self._stop.is_set() and is_untaken() and working.work():
            log.warning("the sweeper has carried a chunk: no worker took it")


def is_untaken() -> bool:
    """Whether something is due that no worker takes."""
    return _answers(UNTAKEN, fresh=max(settings.LEASE_SECONDS - LATE, 0))


def ring() -> None:
    """Ring for as many workers as can share what is due, and for each part of a signal that waits.

    It finds what a lost message or a crash left.
    """
    due = count_due(MOST_DOORBELLS * settings.CHUNK_THREADS)
    for _ in range(min(doorbells(due) + Enrolment.objects.count(), MOST_DOORBELLS)):
        enqueue("signals.work", expires=5)


def let_expire() -> None:
    """Let entries that may not be sent any more end, though their address has no room (a ban)."""
    with connection.cursor() as cursor:
        values = {"record": Lane.RECORD, "ttl": settings.SIGNAL_TTL_SECONDS}
        cursor.execute(TOO_LATE, values)


def follow_prices() -> None:
    """Read the public prices; open signals follow them, unless a socket tells every turn."""
    before = crossing.watched_bids()
    exchanges.refresh_all_prices(now=database_now())
    crossing.ring_crossed(before)
    if not are_prices_followed():
        nominal.follow_prices(now=database_now())


def settle_addresses() -> None:
    """Give what hangs on an address that is none of ours (any more) another one."""
    moved = egress.resettle()
    if moved:
        log.warning("%s connections were given another outgoing address", moved)
    enrolling.rebind()


def beat(name: str) -> None:
    """Note that a part of the platform lives and gets at the database."""
    with connection.cursor() as cursor:
        cursor.execute(BEAT, [name, socket.gethostname()[:100]])


def _answers(question: str, **values: float) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(question, values)
        row = cursor.fetchone()
    return bool(row[0])
