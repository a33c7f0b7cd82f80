"""The prices that a chunk's entries are decided by: as they stream in, else asked for."""

from __future__ import annotations

import logging
import math
import threading
import time
from dataclasses import dataclass, field

from django.conf import settings

from exchanges.domain.errors import ExchangeError
from exchanges.domain.lanes import Lane
from exchanges.domain.trading import Ticker
from exchanges.gateway import market_of
from signals.domain.lifecycle import ENTERING
from signals.services.chunk import Task

log = logging.getLogger(__name__)


@dataclass
class Asked:
    """What this process asked for last; it serves for as long as a streamed price would."""

    _known: dict[tuple[str, str], tuple[float, dict[str, Ticker]]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def read(self, exchange: str, environment: str) -> dict[str, Ticker]:
        """All symbols' prices; none when the exchange does not tell."""
        with self._lock:
            now = time.monotonic()
            asked_at, tickers = self._known.get((exchange, environment), (-math.inf, {}))
            if now - asked_at < settings.PRICE_MAX_AGE_SECONDS:
                return tickers
            try:  # ahead of the entries in the limits: a whole chunk of them waits for it
                found = market_of(exchange, environment, Lane.PROTECT).tickers()
            except ExchangeError as error:
                log.warning("no prices of %s %s: %s", exchange, environment, type(error).__name__)
                return {}
            tickers = {ticker.symbol: ticker for ticker in found}
            self._known[exchange, environment] = now, tickers
            return tickers


_asked = Asked()


def read_tickers(tasks: list[Task]) -> dict[tuple[str, str, str], Ticker]:
    """The price of each place where one of the tasks may enter; an exchange is asked once."""
    tickers: dict[tuple[str, str, str], Ticker] = {}
    asked: dict[tuple[str, str], dict[str, Ticker]] = {}
    for task in tasks:
        if task.copy.status not in ENTERING or task.place in tickers:
            continue
        exchange, environment, symbol = task.place
        if task.price is None and (exchange, environment) not in asked:
            asked[exchange, environment] = _asked.read(exchange, environment)
        price = task.price or asked[exchange, environment].get(symbol)
        if price is not None:
            tickers[task.place] = price
    return tickers
