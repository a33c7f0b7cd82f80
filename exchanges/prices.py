"""Prices as this process has asked the exchange for them itself, kept for a moment."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from exchanges.domain.errors import ExchangeError
from exchanges.domain.trading import Ticker

log = logging.getLogger(__name__)

Place = tuple[str, str]  # exchange and environment
SILENCE = 1.0  # seconds after which an exchange that did not answer is asked again


@dataclass(frozen=True, slots=True)
class Reading:
    """What was answered, or nothing; monotonic seconds."""

    asked_at: float
    answered_at: float
    tickers: Mapping[str, Ticker] = field(default_factory=dict)

    def serves(self, now: float, max_age: float) -> bool:
        """Whether asking again would be too soon; silence is short-lived, but an answer too."""
        if self.tickers:
            return now - self.asked_at < max_age
        return now - self.answered_at < min(max_age, SILENCE)


class PriceBook:
    """All symbols' prices of each exchange environment; for several threads."""

    def __init__(self, ask: Callable[[str, str], Sequence[Ticker]]) -> None:
        self._ask = ask
        self._readings: dict[Place, Reading] = {}
        self._locks: dict[Place, threading.Lock] = {}

    def read(self, exchange: str, environment: str, *, max_age: float) -> Mapping[str, Ticker]:
        """Prices that were asked for within `max_age` seconds; none when the exchange is silent.

        Whoever has to wait for somebody else's question takes its answer, whatever that is.
        """
        place, came = (exchange, environment), time.monotonic()
        known = self._readings.get(place)
        if known is not None and known.serves(came, max_age):
            return known.tickers
        with self._locks.setdefault(place, threading.Lock()):  # one that hangs holds up itself
            known = self._readings.get(place)
            if known is None or known.answered_at < came:
                known = self._readings[place] = self._read(exchange, environment)
        return known.tickers

    def _read(self, exchange: str, environment: str) -> Reading:
        asked_at = time.monotonic()
        try:
            found = self._ask(exchange, environment)
        except ExchangeError as error:
            log.warning("no prices of %s %s: %s", exchange, environment, type(error).__name__)
            found = []
        tickers = {ticker.symbol: ticker for ticker in found}
        return Reading(asked_at, time.monotonic(), tickers)
