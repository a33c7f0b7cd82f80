"""Public prices by a socket: kept each second, and told to the app above with every turn."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable
from decimal import Decimal

from django.db import DatabaseError
from django.utils import timezone

from exchanges import ramp, services, stream_shares
from exchanges.domain.backoff import pause
from exchanges.domain.errors import ExchangeError
from exchanges.domain.price_path import extend
from exchanges.domain.trading import Ticker
from exchanges.gateway import price_budget, price_stream_of
from exchanges.streaming import Keeper
from hexagonal.lib.threads import DatabaseThread

log = logging.getLogger(__name__)

BATCH_SECONDS = 1.0
Paths = dict[str, list[Decimal]]  # symbol -> last prices, every turn of them


class Tape:
    """What was heard of prices since it was last taken."""

    def __init__(self) -> None:
        self._tickers: dict[str, Ticker] = {}
        self._paths: Paths = {}

    def note(self, ticker: Ticker) -> None:
        self._tickers[ticker.symbol] = ticker
        extend(self._paths.setdefault(ticker.symbol, []), ticker.last)

    def forget(self) -> None:
        """The socket has ended: what it said last is not the price any more."""
        self._tickers.clear()

    def take(self) -> tuple[list[Ticker], Paths]:
        """All prices if any was heard: on a socket that talks, what is quiet has not changed."""
        paths, self._paths = self._paths, {}
        return (list(self._tickers.values()) if paths else []), paths


class PriceKeeper:
    """The price socket of one exchange environment, while this process is the one to hold it."""

    def __init__(
        self,
        place: tuple[str, str],
        keeper: Keeper,
        thread: DatabaseThread,
        *,
        symbols: Callable[[], set[str]],
        follow: Callable[[Paths], None],
    ) -> None:
        self._place = place
        self._keeper = keeper
        self._thread = thread
        self._symbols = symbols
        self._follow = follow
        self._tape = Tape()
        self._stream = price_stream_of(*place)

    async def run(self) -> None:
        socket: asyncio.Task[None] | None = None
        try:
            while True:
                await asyncio.sleep(BATCH_SECONDS)
                if self._keeper.is_first and socket is None:
                    socket = asyncio.create_task(self._hear())
                elif socket is not None and not self._keeper.is_first:
                    socket.cancel()
                    socket = None
                if socket is not None:
                    await self._write()
        finally:
            if socket is not None:
                socket.cancel()

    async def _write(self) -> None:
        try:
            await self._stream.follow(await self._thread.run(self._symbols))
            tickers, paths = self._tape.take()
            if paths:
                await self._thread.run(self._keep, tickers, paths)
        except DatabaseError as error:
            log.warning("prices were not kept: %s", type(error).__name__)

    def _keep(self, tickers: list[Ticker], paths: Paths) -> None:
        services.store_tickers(*self._place, tickers, now=timezone.now())
        self._follow(paths)
        stream_shares.note_prices_followed(self._keeper.process)

    async def _hear(self) -> None:
        failures = 0
        while True:
            try:
                if await self._thread.run(ramp.admit, price_budget(*self._place), 1):
                    await self._stream.run(self._tape.note)
            except (ExchangeError, DatabaseError) as error:
                log.info("the price socket ended: %s", error)
            except Exception:
                log.exception("the price socket failed")
            self._tape.forget()
            failures += 1
            await asyncio.sleep(pause(failures, random.random()))  # noqa: S311 - jitter
