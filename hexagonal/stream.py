"""The stream process: sockets of its share of the accounts, and what they say into the database."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Collection

from django.conf import settings
from django.db import DatabaseError
from django.utils import timezone

from exchanges.choices import ExchangeKind
from exchanges.domain.pushes import Pushed
from exchanges.price_streaming import Paths, PriceKeeper
from exchanges.streaming import Keeper
from hexagonal.lib.threads import DatabaseThread
from hexagonal.lib.tuning import collect_rarely, take_turns_often
from signals.selectors import symbols_followed
from signals.services import nominal, streaming
from signals.services.intake import Intake

log = logging.getLogger(__name__)

GATHER_SECONDS = 0.02  # after the first word, for what belongs to it: an order, its fills …
BATCH_PLACES = 200
BUSY_SECONDS = 0.1  # before facts of copies that a worker holds are tried again


class Writer:
    """Takes what the sockets say and writes it in batches; see `exchanges.streaming.Audience`."""

    def __init__(self, thread: DatabaseThread) -> None:
        self._thread = thread
        self._intake = Intake()
        self._to_read: set[int] = set()
        self._to_poll: set[int] = set()
        self._news = asyncio.Event()

    def heard(self, link: int, pushed: Pushed) -> None:
        self._intake.add(link, pushed)
        self._news.set()

    def read_again(self, links: Collection[int]) -> None:
        self._to_read.update(links)
        self._news.set()

    def poll_again(self, links: Collection[int]) -> None:
        self._to_poll.update(links)
        self._news.set()

    async def run(self) -> None:
        """Write what has come, one batch after the other; a busy time makes larger ones."""
        while True:
            if not len(self._intake):
                await self._news.wait()
            self._news.clear()
            await asyncio.sleep(GATHER_SECONDS)
            try:
                await self.write()
            except DatabaseError as error:
                log.warning("the database does not answer: %s", type(error).__name__)
                self._news.set()
                await asyncio.sleep(1)

    async def write(self) -> None:
        """Write what has come; what cannot be written now stays here."""
        await self._ask_instead()
        if await self._thread.run(self.write_heard):
            await asyncio.sleep(BUSY_SECONDS)

    def write_heard(self) -> bool:
        """Write batch after batch; True if workers hold all that is left.

        On the database's thread to the end: in a burst a turn of the event loop takes a second.
        """
        is_held = False
        while not is_held and (heard := self._intake.take(BATCH_PLACES)):
            busy = heard
            try:
                busy = streaming.take_in(heard)
            finally:
                for place, facts in busy.items():
                    self._intake.put(place, facts)
            is_held = len(busy) == len(heard)
            if self._to_read or self._to_poll:  # these wait for nobody's burst
                return is_held
        self._write_balances()
        return is_held

    def _write_balances(self) -> None:
        """After the fills: an entry reads a balance afresh when it is too old."""
        balances = self._intake.take_balances()
        if not balances:
            return
        try:
            streaming.store_balances(balances)
        except DatabaseError as error:
            log.warning("balances were not kept: %s", type(error).__name__)

    async def _ask_instead(self) -> None:
        self._to_read |= self._intake.take_lost()
        to_read, to_poll = self._to_read, self._to_poll - self._to_read
        self._to_read, self._to_poll = set(), set()
        try:
            if to_read:
                await self._thread.run(streaming.read_again, to_read)
                to_read = set()
            if to_poll:
                await self._thread.run(streaming.poll_again, to_poll)
                to_poll = set()
        finally:
            self._to_read |= to_read
            self._to_poll |= to_poll


async def run(stop: asyncio.Event | None = None) -> None:
    """Hear until SIGTERM, then give the connections back."""
    stop = stop or asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    collect_rarely()
    take_turns_often()
    threads = [DatabaseThread(name) for name in ("sockets", "writer", "prices")]
    of_sockets, of_writer, of_prices = threads
    writer = Writer(of_writer)
    keeper = Keeper(writer, of_sockets)
    prices = PriceKeeper(
        (ExchangeKind.BYBIT, settings.SIGNAL_ENVIRONMENT),
        keeper,
        of_prices,
        symbols=symbols_followed,
        follow=_follow,
    )
    work = [asyncio.create_task(part.run()) for part in (keeper, writer, prices)]
    waiting = asyncio.create_task(stop.wait())
    log.info("stream process %s begins", keeper.process)
    await asyncio.wait([*work, waiting], return_when=asyncio.FIRST_COMPLETED)
    for task in (*work, waiting):
        task.cancel()
    ended = await asyncio.gather(*work, return_exceptions=True)
    await keeper.leave()
    await writer.write()
    for thread in threads:
        await thread.close()
    log.info("stream process %s has ended", keeper.process)
    for problem in ended:
        if isinstance(problem, Exception):
            raise problem  # an end that nobody asked for: whoever started us starts us again


def _follow(paths: Paths) -> None:
    nominal.follow_prices(now=timezone.now(), paths=paths)
