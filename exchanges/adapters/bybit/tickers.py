"""Public prices over Bybit's socket: a snapshot of each symbol, then what changes of it."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Collection
from typing import Any

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from exchanges.adapters.bybit import mapping
from exchanges.adapters.bybit.sockets import (
    PUBLIC_HOSTS,
    Frame,
    address_of,
    heed,
    open_socket,
    require,
)
from exchanges.domain.trading import Ticker
from exchanges.ports import Heartbeat, PriceStreamFactory, Wire

log = logging.getLogger(__name__)

PATH = "/v5/public/linear"
TOPIC = "tickers."
MOST_CHARACTERS = 21_000  # of the topics of one connection
NEEDED = ("bid1Price", "ask1Price", "lastPrice", "markPrice")


class BybitPriceStream:
    """See `exchanges.ports.PriceStream`."""

    def __init__(self, wire: Wire, heartbeat: Heartbeat) -> None:
        self._wire = wire
        self._heartbeat = heartbeat
        self._socket: ClientConnection | None = None
        self._wanted: set[str] = set()
        self._asked: set[str] = set()  # on the present socket

    async def run(self, priced: Callable[[Ticker], None]) -> None:
        known: dict[str, dict[str, Any]] = {}
        url = address_of(PUBLIC_HOSTS, self._wire, PATH)

        def hear(frame: Frame) -> None:
            if frame.get("op") == "subscribe":
                require(frame)
            ticker = _ticker(frame, known)
            if ticker is not None:
                priced(ticker)

        async with open_socket(url, self._wire) as socket:
            self._socket, self._asked = socket, set()
            try:
                await self._ask(socket)
                await heed(socket, self._heartbeat, hear)
            finally:
                self._socket = None

    async def follow(self, symbols: Collection[str]) -> None:
        self._wanted |= set(symbols)
        if self._socket is not None:
            try:
                await self._ask(self._socket)
            except ConnectionClosed:
                return  # the next socket asks for all of them

    async def _ask(self, socket: ClientConnection) -> None:
        fresh = _fitting(self._asked, self._wanted)
        self._asked |= fresh
        if fresh:
            request = {"op": "subscribe", "args": [TOPIC + symbol for symbol in sorted(fresh)]}
            await socket.send(json.dumps(request))


def _fitting(there: Collection[str], wanted: Collection[str]) -> set[str]:
    """What fits on one connection; the rest is left to polling."""
    left = MOST_CHARACTERS - sum(len(TOPIC + symbol) for symbol in there)
    fitting: set[str] = set()
    for symbol in sorted(set(wanted) - set(there)):
        left -= len(TOPIC + symbol)
        if left < 0:
            log.warning("not all symbols fit on one socket")
            break
        fitting.add(symbol)
    return fitting


def _ticker(frame: Frame, known: dict[str, dict[str, Any]]) -> Ticker | None:
    """The whole price after a frame; a change of a symbol without a snapshot says nothing yet."""
    topic, data = frame.get("topic") or "", frame.get("data")
    if not topic.startswith(TOPIC) or not isinstance(data, dict):
        return None
    symbol = topic.removeprefix(TOPIC)
    if frame.get("type") == "snapshot":
        known[symbol] = {}
    elif symbol not in known:
        return None
    row = known[symbol]
    row.update(data)
    if not all(row.get(name) for name in NEEDED):
        return None
    try:
        return mapping.ticker(row | {"symbol": symbol})
    except (ValueError, ArithmeticError) as error:
        log.error("a price could not be read: %s", type(error).__name__)  # noqa: TRY400
        return None


_FACTORY: PriceStreamFactory = BybitPriceStream
