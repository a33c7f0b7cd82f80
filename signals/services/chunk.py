"""A chunk of due copies on its way: what is read of them, and what becomes of each."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

from exchanges.domain.errors import CredentialsRejected, ExchangeError
from exchanges.domain.trading import InstrumentFacts, Ticker
from exchanges.gateway import exchange_of, market_of
from exchanges.models import Connection, SymbolState
from exchanges.ports import Exchange
from exchanges.selectors import instruments_by_symbol
from exchanges.vault import VaultError
from signals.choices import OrderStatus
from signals.domain.actions import Action
from signals.domain.lifecycle import ENTERING, FINAL, CopyStatus
from signals.domain.reasons import Reason
from signals.models import Copy, Order
from signals.services.accounting import Bindings
from signals.services.acting import Outcome
from signals.services.claiming import Lease
from signals.services.ledger import CopyLedger
from signals.services.observing import Observation

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Task:
    """A copy on its way through the chunk."""

    ledger: CopyLedger
    link: Connection
    state: SymbolState | None
    rules: InstrumentFacts | None
    exchange: Exchange | None = None
    seen: Observation | None = None
    failure: ExchangeError | None = None
    actions: list[Action] = field(default_factory=list)
    orders: dict[str, Order] = field(default_factory=dict)
    outcomes: list[Outcome] = field(default_factory=list)

    @property
    def copy(self) -> Copy:
        return self.ledger.copy

    @property
    def is_entry(self) -> bool:
        """Nothing of this copy has reached the exchange, and that is certain."""
        unsent = all(order.status == OrderStatus.NOT_SENT for order in self.ledger.entries())
        return self.copy.status == CopyStatus.PENDING and unsent


@dataclass(slots=True)
class Book:
    """What a chunk's entries are judged by beside their own account."""

    bindings: Bindings  # of all live copies; grows as the chunk plans
    halts: dict[int, Reason]  # connections whose brake is on
    tickers: dict[tuple[str, str, str], Ticker]


def load_chunk(lease: Lease) -> list[Task]:
    """Read everything that the chunk needs, in a fixed number of statements."""
    copies = (
        Copy.objects.filter(pk__in=lease.copies)
        .select_related("signal", "connection__copy_settings", "user")
        .prefetch_related(
            *("signal__targets", "signal__revisions", "orders", "fills__order", "results"),
            "connection__copy_settings__authors",
        )
        .order_by("shuffle")
    )
    links = {copy.connection_id for copy in copies}
    symbols = {copy.symbol for copy in copies}
    states = {
        (state.connection_id, state.symbol): state
        for state in SymbolState.objects.filter(connection__in=links, symbol__in=symbols)
    }
    rules = instruments_by_symbol(symbols)
    return [
        Task(
            ledger=CopyLedger(
                copy, list(copy.orders.all()), list(copy.fills.all()), list(copy.results.all())
            ),
            link=copy.connection,
            state=states.get((copy.connection_id, copy.symbol)),
            rules=rules.get((copy.connection.exchange, copy.connection.environment, copy.symbol)),
        )
        for copy in copies
    ]


def read_tickers(tasks: list[Task]) -> dict[tuple[str, str, str], Ticker]:
    """The prices that entries are decided by: one request for all symbols of an environment."""
    places = {
        (task.link.exchange, task.link.environment)
        for task in tasks
        if task.copy.status in ENTERING
    }
    tickers: dict[tuple[str, str, str], Ticker] = {}
    for exchange, environment in places:
        try:
            found = market_of(exchange, environment).tickers()
        except ExchangeError as error:
            log.warning("no prices of %s %s: %s", exchange, environment, type(error).__name__)
            continue
        tickers |= {(exchange, environment, ticker.symbol): ticker for ticker in found}
    return tickers


def open_account(task: Task) -> None:
    """Open the connection's key; what prevents it is the task's failure."""
    if CopyStatus(task.copy.status) in FINAL:
        return
    try:
        task.exchange = exchange_of(task.link)
    except (VaultError, ExchangeError) as error:
        task.failure = error if isinstance(error, ExchangeError) else CredentialsRejected("vault")
