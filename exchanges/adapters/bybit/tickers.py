"""Public prices over Bybit's socket: a snapshot of each symbol, then what changes of it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any

from exchanges.adapters.bybit import mapping
from exchanges.adapters.bybit.sockets import (
    PUBLIC_HOSTS,
    Frame,
    address_of,
    ask,
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

    async def run(
        self, symbols: Sequence[str], opened: Callable[[], None], priced: Callable[[Ticker], None]
    ) -> None:
        known: dict[str, dict[str, Any]] = {}
        url = address_of(PUBLIC_HOSTS, self._wire, PATH)
        async with open_socket(url, self._wire) as socket:
            topics = _fitting([TOPIC + symbol for symbol in symbols])
            request = {"op": "subscribe", "args": topics}
            require(await ask(socket, request, patience=self._wire.read_timeout))
            opened()

            async def hear(frame: Frame) -> None:
                ticker = _ticker(frame, known)
                if ticker is not None:
                    priced(ticker)

            await heed(socket, self._heartbeat, hear)


def _fitting(topics: list[str]) -> list[str]:
    """What one connection takes; the rest is left to polling."""
    fitting, left = [], MOST_CHARACTERS
    for topic in topics:
        left -= len(topic)
        if left < 0:
            log.warning("%s symbols do not fit on one socket", len(topics) - len(fitting))
            break
        fitting.append(topic)
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
