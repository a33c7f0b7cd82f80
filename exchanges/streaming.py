"""Keep one process's sockets: those it has leased, opened no faster than allowed, reopened."""

from __future__ import annotations

import asyncio
import logging
import random
import uuid
from collections import deque
from collections.abc import Callable, Collection
from typing import ParamSpec, Protocol, TypeVar

from django.conf import settings
from django.db import DatabaseError

from exchanges import key_log, ramp, stream_shares
from exchanges.choices import KeyPurpose
from exchanges.domain.backoff import MOST_DOUBLINGS, pause
from exchanges.domain.errors import CredentialsRejected, ExchangeError, RateLimited
from exchanges.domain.pushes import Pushed
from exchanges.gateway import account_stream_of
from exchanges.key_log import Use
from exchanges.models import Connection
from exchanges.ports import AccountStream
from exchanges.vault import SealBroken
from hexagonal.lib.threads import DatabaseThread

log = logging.getLogger(__name__)
P = ParamSpec("P")
R = TypeVar("R")

LINGER_SECONDS = 600.0  # a socket without business is kept so long: new ones are rationed
RAMP_SECONDS = 0.5  # between two questions whether more sockets may be opened
MOST_AT_ONCE = 50  # handshakes begun together
REPORT_SECONDS = 0.1  # opened and lost sockets are written together


class Audience(Protocol):
    """The app above: it is told what the exchanges say, and whom it has to ask itself."""

    def heard(self, link: int, pushed: Pushed) -> None:
        """Take one push; on the event loop, so it must not block."""

    def read_again(self, links: Collection[int]) -> None:
        """Sockets have opened or a push was lost: what came before is to be asked for."""

    def poll_again(self, links: Collection[int]) -> None:
        """Nobody hears these connections any more."""


class Ramp:
    """The openings that wait for their turn, by the budget they count against."""

    def __init__(self, thread: DatabaseThread) -> None:
        self._thread = thread
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}
        self._held_until: dict[str, float] = {}

    async def turn(self, budget: str) -> None:
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(budget, deque()).append(place)
        await place

    def hold(self, budget: str, seconds: float) -> None:
        """Open nothing more by an address that was refused."""
        self._held_until[budget] = asyncio.get_running_loop().time() + seconds

    async def run(self) -> None:
        while True:
            for budget in list(self._waiting):
                await self._admit(budget)
            await asyncio.sleep(RAMP_SECONDS)

    async def _admit(self, budget: str) -> None:
        queue = self._waiting[budget]
        while queue and queue[0].done():  # whoever gave up in the meantime
            del queue[0]
        if not queue:
            del self._waiting[budget]
            return
        if self._held_until.get(budget, 0) > asyncio.get_running_loop().time():
            return
        admitted = await patiently(self._thread, ramp.admit, budget, min(len(queue), MOST_AT_ONCE))
        while admitted and queue:
            place = queue.popleft()
            if not place.done():
                place.set_result(None)
                admitted -= 1


class Keeper:
    """Every socket of one process."""

    def __init__(self, audience: Audience, thread: DatabaseThread) -> None:
        self.process = uuid.uuid4()
        self.is_first = False  # of all processes
        self._audience = audience
        self._thread = thread
        self._ramp = Ramp(thread)
        self._seats: dict[int, asyncio.Task[None]] = {}
        self._live_at: dict[int, float] = {}
        self._opened: set[int] = set()
        self._lost: set[int] = set()

    async def run(self) -> None:
        """Go on until cancelled; `leave` gives the connections back."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._ramp.run())
                group.create_task(self._report())
                group.create_task(self._beat())
        finally:
            for seat in self._seats.values():
                seat.cancel()
            await asyncio.gather(*self._seats.values(), return_exceptions=True)

    async def leave(self) -> None:
        self._audience.poll_again(await self._thread.run(stream_shares.leave, self.process))

    # --- which ---------------------------------------------------------------------------------

    async def _beat(self) -> None:
        while True:
            roster = await patiently(
                self._thread, stream_shares.beat, self.process, lingering=self._lingering()
            )
            self.is_first = roster.is_first
            self._seat(roster)
            self._audience.poll_again(roster.freed)
            await asyncio.sleep(settings.STREAM_BEAT_SECONDS)

    def _lingering(self) -> set[int]:
        oldest = asyncio.get_running_loop().time() - LINGER_SECONDS
        self._live_at = {link: at for link, at in self._live_at.items() if at > oldest}
        return set(self._live_at)

    def _seat(self, roster: stream_shares.Roster) -> None:
        self._live_at |= dict.fromkeys(roster.live, asyncio.get_running_loop().time())
        gone, new = self._seats.keys() - roster.held.keys(), roster.held.keys() - self._seats.keys()
        for link in gone:
            self._seats.pop(link).cancel()
        for link in new:
            self._seats[link] = asyncio.create_task(self._keep(link, roster.held[link]))
        if gone or new:
            log.info("%s connections held: %s new, %s gone", len(self._seats), len(new), len(gone))

    # --- one socket ----------------------------------------------------------------------------

    async def _keep(self, link: int, budget: str) -> None:
        """Open a connection's socket again and again; nothing that goes wrong here ends others."""
        failures = 0
        while True:
            await self._ramp.turn(budget)
            ear = _Ear(link, self)
            wait = 0.0
            try:
                stream = await self._thread.run(_stream_of, link)
                await stream.run(ear)
            except RateLimited as error:
                wait = error.retry_after
                self._ramp.hold(budget, wait)
            except (CredentialsRejected, SealBroken):
                # Only a request can tell what is wrong with a key, and what follows from it.
                failures = MOST_DOUBLINGS
                self._audience.read_again({link})
            except (ExchangeError, DatabaseError) as error:
                log.info("the socket of connection %s ended: %s", link, error)
            except Exception:
                log.exception("the socket of connection %s failed", link)
            finally:
                ear.close()
            failures = 0 if ear.lasted else failures + 1
            await asyncio.sleep(max(wait, pause(failures, random.random())))  # noqa: S311 - jitter

    def opened(self, link: int) -> None:
        self._opened.add(link)
        self._lost.discard(link)

    def lost(self, link: int) -> None:
        self._lost.add(link)
        self._opened.discard(link)

    async def _report(self) -> None:
        """Write what opened and ended before the app above acts on it."""
        while True:
            await asyncio.sleep(REPORT_SECONDS)
            opened, self._opened = self._opened, set()
            lost, self._lost = self._lost, set()
            if opened:
                await patiently(self._thread, stream_shares.note_heard, self.process, opened)
                self._audience.read_again(opened)
            if lost:
                await patiently(self._thread, stream_shares.note_silent, self.process, lost)
                self._audience.poll_again(lost)


class _Ear:
    """One socket's listener; see `exchanges.ports.AccountListener`."""

    def __init__(self, link: int, keeper: Keeper) -> None:
        self._link = link
        self._keeper = keeper
        self._opened_at: float | None = None

    @property
    def lasted(self) -> bool:
        """Whether it held long enough to be no failure: one that is cut at once is none."""
        now = asyncio.get_running_loop().time()
        return self._opened_at is not None and now - self._opened_at > settings.STREAM_PING_SECONDS

    def opened(self) -> None:
        self._opened_at = asyncio.get_running_loop().time()
        self._keeper.opened(self._link)

    def pushed(self, pushed: Pushed) -> None:
        self._keeper._audience.heard(self._link, pushed)  # noqa: SLF001 - one module

    def missed(self) -> None:
        self._keeper._audience.read_again({self._link})  # noqa: SLF001 - one module

    def close(self) -> None:
        if self._opened_at is not None:
            self._keeper.lost(self._link)


def _stream_of(link: int) -> AccountStream:
    row = Connection.objects.get(pk=link)
    key_log.record([Use(row, KeyPurpose.STREAM)])
    return account_stream_of(row)


async def patiently(
    thread: DatabaseThread, call: Callable[P, R], *args: P.args, **kwargs: P.kwargs
) -> R:
    """Call the database until it answers: the sockets stay meanwhile, and nothing is lost."""
    while True:
        try:
            return await thread.run(call, *args, **kwargs)
        except DatabaseError as error:
            log.warning("the database does not answer: %s", type(error).__name__)
            await asyncio.sleep(1)
