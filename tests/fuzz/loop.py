"""The services' own loop for one copy, on rows that are never saved: no database, no threads.

What a database would keep over a crash is what the rows hold in memory after planning; what a crash
loses are the outcomes, which are applied last.
"""

from __future__ import annotations

import itertools
import uuid
from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal as D

from accounts.models import User
from exchanges.domain.errors import ExchangeError
from exchanges.domain.lanes import Lane
from exchanges.domain.trading import InstrumentFacts
from exchanges.metering import meter_of
from exchanges.models import Connection, SymbolState
from signals.domain.actions import SetLeverage
from signals.domain.draft import Draft
from signals.domain.lifecycle import FINAL, CopyStatus
from signals.domain.reasons import Reason
from signals.domain.terms import terms_of
from signals.models import Copy, CopySettings, Signal, Target
from signals.selectors import draft_of
from signals.services import chunk, deciding, working
from signals.services.ledger import CopyLedger
from signals.services.outcomes import apply_outcomes
from tests.fuzz.model_exchange import Crash, ModelExchange

NUMBERS = itertools.count(1)
LEASE = 30  # seconds until somebody takes over what a dead worker held


@dataclass(frozen=True)
class Lease:
    now: datetime
    lane: Lane = Lane.AMEND
    quarantined: frozenset[int] = frozenset()

    def time(self) -> datetime:
        return self.now

    def may_send(self) -> bool:
        return True

    def may_enter(self, link: int) -> bool:
        return link not in self.quarantined


@dataclass
class Revision:
    number: int
    action: str
    at: datetime
    content: dict[str, object]


def connection(**rules: object) -> Connection:
    link = Connection(pk=1, exchange="bybit", environment="sandbox", name="main")
    link.status = "connected"
    link.equity, link.available = D(1000), D(1000)
    stored = CopySettings(pk=1, connection=link, **rules)
    link.copy_settings = stored
    return link


class Follower:
    """One copy of one signal on one connection, carried on a round at a time."""

    def __init__(
        self,
        draft: Draft,
        link: Connection,
        state: SymbolState,
        exchange: ModelExchange,
        instrument: InstrumentFacts,
    ) -> None:
        self.exchange, self.instrument, self.link, self.state = exchange, instrument, link, state
        author = User(pk=1, nickname="author")
        number, now = next(NUMBERS), exchange.now
        self.signal = Signal(
            pk=number, author=author, symbol=draft.symbol, published_at=now, revision=1
        )
        self.signal._prefetched_objects_cache = {"revisions": [], "targets": []}
        self.write(draft)
        self._log("publish", terms_of(draft))
        copy = Copy(
            pk=number,
            signal=self.signal,
            connection=link,
            user=author,
            symbol=draft.symbol,
            created_at=now,
            due_at=now,
            public_id=uuid.UUID(int=number),
        )
        self.ledger = CopyLedger(copy, [])
        self.task: chunk.Task | None = None
        self.unresolved: set[str] = set()  # of unknown fate when the last round was planned
        self.quarantined: frozenset[int] = frozenset()  # the connection, while ops hold its key
        self.quiet = False  # whether the last round had nothing to do

    @property
    def copy(self) -> Copy:
        return self.ledger.copy

    @property
    def status(self) -> CopyStatus:
        return CopyStatus(self.copy.status)

    @property
    def is_over(self) -> bool:
        return self.status in FINAL

    # --- the author ------------------------------------------------------------------------------

    def write(self, draft: Draft) -> None:
        signal = self.signal
        signal.side, signal.leverage = draft.direction.value, draft.leverage
        signal.entry_low, signal.entry_high = draft.entry_low, draft.entry_high
        signal.stop, signal.terms = draft.stop, terms_of(draft)
        signal._prefetched_objects_cache["targets"] = [
            Target(position=number, price=target.price, share=target.share)
            for number, target in enumerate(draft.targets, start=1)
        ]
        self.exchange.bound = draft.near_edge

    @property
    def draft(self) -> Draft:
        return draft_of(self.signal)

    def revise(self, action: str, **content: object) -> None:
        self.signal.revision += 1
        self._log(action, content)
        self.ring()

    def _log(self, action: str, content: dict) -> None:
        revision = Revision(self.signal.revision, action, self.exchange.now, content)
        self.signal._prefetched_objects_cache["revisions"].append(revision)

    def amend(self, draft: Draft) -> None:
        self.write(replace(draft, entry=self.draft.entry, leverage=self.draft.leverage))
        self.revise("amend", **terms_of(self.draft))

    def ring(self) -> None:
        if not self.is_over:
            self.copy.due_at = self.exchange.now

    def close(self, reason: Reason) -> None:
        self.copy.wants_position, self.copy.close_reason = False, reason.value
        self.ring()

    # --- a round ---------------------------------------------------------------------------------

    def round(self) -> None:
        """Observe, plan, act and record when it is due; time passes until then."""
        if self.copy.due_at is None:
            return
        self.exchange.wait(max((self.copy.due_at - self.exchange.now).total_seconds(), 0))
        lease = Lease(self.exchange.now, quarantined=self.quarantined)
        self.link.balance_at = lease.now  # always fresh: the machine sets the balance itself
        task = self.task = chunk.Task(
            self.ledger,
            self.link,
            meter_of(self.link, Lane.POLL),
            self.state,
            self.instrument,
            exchange=self.exchange,
        )
        working._observe(task, lease)
        working._absorb(task, lease)
        legs = self.ledger.legs().values()
        self.unresolved = {leg.leg for leg in legs if leg.is_unresolved}
        ticker = self.exchange.ticker()
        tickers = {("bybit", "sandbox", self.copy.symbol): ticker}
        deciding.decide(task, self._book(tickers), lease)
        assert str(task.failure) != "planning failed"
        try:
            working._act(task, lease)
        except Crash:
            self.copy.due_at = self.exchange.now + timedelta(seconds=LEASE)
            return
        apply_outcomes(self.ledger, task.orders, task.outcomes, lease.now)
        working._schedule(task, lease)
        for outcome in task.outcomes:
            if isinstance(outcome.action, SetLeverage) and outcome.is_done:
                self.state.leverage = outcome.action.leverage
        self.quiet = not task.actions and task.failure is None and not self.unresolved

    def _book(self, tickers: dict) -> chunk.Book:
        return chunk.Book(defaultdict(dict), {}, {}, tickers, set(self.quarantined))

    @property
    def failed(self) -> bool:
        """Whether anything of the last round went wrong."""
        task = self.task
        return task is None or task.failure is not None or bool(self.errors)

    @property
    def errors(self) -> list[ExchangeError]:
        outcomes = self.task.outcomes if self.task is not None else []
        return [outcome.error for outcome in outcomes if outcome.error is not None]


def symbol_state() -> SymbolState:
    return SymbolState(leverage=D(1), is_hedge=False)
