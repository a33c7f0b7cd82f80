"""The prices that entries and watched targets are decided by: as they stream in, else asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.conf import settings

from exchanges.domain.trading import Ticker
from exchanges.gateway import gate_prices, tickers_of
from signals.domain.lifecycle import ENTERING, CopyStatus
from signals.services.chunk import Task


def read_tickers(tasks: list[Task]) -> dict[tuple[str, str, str], Ticker]:
    """The price of each place where one of the tasks may enter, or has a target that we watch.

    An exchange is asked once. What was asked for serves for as long as a streamed price would.
    """
    tickers: dict[tuple[str, str, str], Ticker] = {}
    asked: dict[tuple[str, str], Mapping[str, Ticker]] = {}
    for task in tasks:
        if not _needs_price(task) or task.place in tickers:
            continue
        exchange, environment, symbol = task.place
        if task.price is None and (exchange, environment) not in asked:
            max_age = settings.PRICE_MAX_AGE_SECONDS
            asked[exchange, environment] = tickers_of(exchange, environment, max_age=max_age)
        price = task.price or asked[exchange, environment].get(symbol)
        if price is not None:
            tickers[task.place] = price
    return tickers


def _needs_price(task: Task) -> bool:
    is_watched = task.copy.status == CopyStatus.FILLED and task.ledger.can.holds_coins
    return task.copy.status in ENTERING or is_watched


def price_entries(tasks: Sequence[Task]) -> None:
    """Let the gate's own prices be there when the first entry needs them."""
    for place in {task.place[:2] for task in tasks if task.copy.status == CopyStatus.PENDING}:
        gate_prices(*place)
