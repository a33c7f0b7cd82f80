"""A chunk of due copies on its way: what is read of them, and what becomes of each."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import timedelta

from django.conf import settings

from exchanges.choices import ConnectionStatus
from exchanges.domain.errors import ExchangeError, KeyUnreadable, Unavailable
from exchanges.domain.lanes import Lane
from exchanges.domain.trading import InstrumentFacts, Ticker
from exchanges.domain.warrants import NoWarrant, Warrant
from exchanges.gateway import UNASKED, exchange_of
from exchanges.key_log import Use
from exchanges.metering import AccountMeter, meter_of
from exchanges.models import Connection, Instrument, SymbolState
from exchanges.ports import Exchange
from exchanges.selectors import cached_ticker, facts_of, quarantined
from exchanges.vault import SealBroken
from signals.choices import OrderStatus
from signals.domain.actions import Action
from signals.domain.draft import Draft
from signals.domain.lifecycle import FINAL, CopyStatus
from signals.domain.reasons import Reason
from signals.domain.terms import asks_to_trail
from signals.models import Copy, Order, Signal
from signals.selectors import draft_of
from signals.services.accounting import Bindings
from signals.services.acting import Outcome
from signals.services.claiming import Lease
from signals.services.ledger import CopyLedger
from signals.services.observing import Observation
from signals.services.reading import read_ledgers
from signals.services.warrants import Warrants

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Task:
    """A copy on its way through the chunk."""

    ledger: CopyLedger
    link: Connection
    meter: AccountMeter
    state: SymbolState | None
    rules: InstrumentFacts | None
    warrant: Warrant | NoWarrant = UNASKED
    price: Ticker | None = None  # as it streams in; None when that is too old
    exchange: Exchange | None = None
    is_held: bool = False  # under quarantine, as the chunk was read
    use: Use | None = None  # what its key was opened for, as it is on record
    seen: Observation | None = None
    failure: ExchangeError | None = None
    actions: list[Action] = field(default_factory=list)
    orders: dict[str, Order] = field(default_factory=dict)
    outcomes: list[Outcome] = field(default_factory=list)

    @property
    def copy(self) -> Copy:
        return self.ledger.copy

    @property
    def place(self) -> tuple[str, str, str]:
        """Exchange, environment and symbol: what a price belongs to."""
        return self.link.exchange, self.link.environment, self.copy.symbol

    @property
    def needs_key(self) -> bool:
        """Whether there is anything to ask or to tell the exchange."""
        is_over = CopyStatus(self.copy.status) in FINAL
        return not is_over and not (self.is_held and self.is_entry)

    @property
    def is_entry(self) -> bool:
        """Nothing of this copy has reached the exchange, and that is certain."""
        unsent = all(order.status == OrderStatus.NOT_SENT for order in self.ledger.entries())
        return self.copy.status == CopyStatus.PENDING and unsent


@dataclass(slots=True)
class Book:
    """What a chunk's entries are judged by beside their own account."""

    bindings: Bindings  # of all live copies; grows as the chunk plans
    authors: dict[int, set[int]]  # whom a connection follows, where it does not follow everybody
    halts: dict[int, Reason]  # connections whose brake is on
    tickers: dict[tuple[str, str, str], Ticker]
    quarantined: set[int] = field(default_factory=set)  # connections
    drafts: dict[int, Draft] = field(default_factory=dict)  # by signal: each is read once
    trailing: dict[int, bool] = field(default_factory=dict)

    def draft_of(self, signal: Signal) -> Draft:
        if signal.pk not in self.drafts:
            self.drafts[signal.pk] = draft_of(signal)
        return self.drafts[signal.pk]

    def has_trailed(self, signal: Signal) -> bool:
        """Whether the signal has ever asked for a trailing stop."""
        if signal.pk not in self.trailing:
            asked = any(asks_to_trail(revision.content) for revision in signal.revisions.all())
            self.trailing[signal.pk] = asked
        return self.trailing[signal.pk]


def load_chunk(lease: Lease) -> list[Task]:
    """Read everything that the chunk needs, in a fixed number of statements."""
    copies = list(
        Copy.objects.filter(pk__in=lease.copies)
        .select_related("connection__copy_settings", "connection__stream", "user")
        .order_by("shuffle")
    )
    ledgers = read_ledgers(copies)
    symbols = {copy.symbol for copy in copies}
    states = {
        (state.connection_id, state.symbol): state
        for state in SymbolState.objects.filter(
            connection__in={copy.connection_id for copy in copies}, symbol__in=symbols
        )
    }
    rows = {
        (row.exchange, row.environment, row.symbol): row
        for row in Instrument.objects.filter(symbol__in=symbols)
    }
    rules = {place: facts_of(row) for place, row in rows.items()}
    prices = {place: _fresh(row, lease) for place, row in rows.items()}
    lease.quarantined.update(quarantined({copy.connection_id for copy in copies}))
    tasks, warrants = [], Warrants()
    for ledger in ledgers:
        copy, link = ledger.copy, ledger.copy.connection
        place = (link.exchange, link.environment, copy.symbol)
        tasks.append(
            Task(
                ledger=ledger,
                link=link,
                meter=meter_of(link, Lane.POLL if lease.lane is Lane.RECORD else lease.lane),
                state=states.get((link.pk, copy.symbol)),
                rules=rules.get(place),
                warrant=warrants.of(copy),
                price=prices.get(place),
                is_held=link.pk in lease.quarantined,
            )
        )
    return tasks


def _fresh(row: Instrument, lease: Lease) -> Ticker | None:
    oldest = lease.now - timedelta(seconds=settings.PRICE_MAX_AGE_SECONDS)
    is_fresh = row.priced_at is not None and row.priced_at >= oldest
    return cached_ticker(row) if is_fresh else None


def open_account(task: Task) -> None:
    """Open the connection's key; what prevents it is the task's failure."""
    if CopyStatus(task.copy.status) in FINAL:
        return
    if not task.needs_key:
        task.failure = Unavailable("under quarantine")  # where that is over, it is tried again
        return
    if task.link.status == ConnectionStatus.VERIFYING:  # it may be another account's
        task.failure = Unavailable("the key is not verified yet")
        return
    try:
        task.exchange = exchange_of(task.link, task.meter, task.warrant)
    except SealBroken:
        task.failure = KeyUnreadable("the stored key cannot be opened")
    except ExchangeError as error:
        task.failure = error
