"""One step for a chunk of due copies: claim, observe, plan, act, record.

Publishing, amending, closing, repair after a crash and plain watching all pass through here.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import TypeVar

from django.conf import settings
from django.db import transaction

from exchanges import services as exchanges
from exchanges.domain.errors import (
    CredentialsRejected,
    ExchangeError,
    OutcomeUnknown,
    PositionModeMismatch,
    RateLimited,
    Unavailable,
)
from exchanges.domain.trading import PORTFOLIO_MARGIN, InstrumentFacts, Ticker
from exchanges.gateway import exchange_of, market_of
from exchanges.models import Connection, SymbolState
from exchanges.ports import Exchange
from exchanges.selectors import instruments_by_symbol
from exchanges.vault import VaultError
from signals.choices import OrderStatus
from signals.domain.following import Standing
from signals.domain.lifecycle import FINAL, CopyStatus
from signals.domain.link_ids import is_ours, link_id
from signals.domain.planning import (
    Account,
    Action,
    Amend,
    Desired,
    Expire,
    HandOver,
    Observed,
    Place,
    Reduction,
    SetLevels,
    SetLeverage,
    SetTrail,
    Skip,
    is_entry_leg,
    plan,
    wanted_stop,
)
from signals.domain.reasons import Reason
from signals.domain.terms import asks_to_trail
from signals.models import Copy, Order
from signals.selectors import draft_of
from signals.services.accounting import (
    Bindings,
    binding_of,
    bindings_of,
    money_for,
    others,
    rules_of,
)
from signals.services.acting import Outcome, act
from signals.services.braking import apply_brakes
from signals.services.claiming import Lease, claim
from signals.services.ledger import CopyLedger
from signals.services.observing import (
    EntryNeeds,
    Observation,
    observe_entry,
    observe_live,
)
from signals.services.outcomes import apply_outcomes, refuse_credentials
from signals.services.recording import write
from signals.services.telling import own_stop_fact, put_back_fact

log = logging.getLogger(__name__)
Item = TypeVar("Item")

# An unknown entry may turn out never to have arrived, and is then planned again at once.
ENTERING = {CopyStatus.PENDING, CopyStatus.UNKNOWN}
SOON = timedelta(milliseconds=500)  # after an action, to see what it did
MOST_ATTEMPTS = 5


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


def work() -> int:
    """Carry one chunk of due copies a step on; returns how many there were."""
    lease = claim(settings.CHUNK_SIZE)
    if lease is None:
        return 0
    tasks = _load(lease)
    with ThreadPoolExecutor(settings.CHUNK_THREADS) as pool:
        tickers = _tickers(tasks)
        _each(pool, _open, tasks)
        _each(pool, lambda task: _observe(task, lease), tasks)
        _absorb_and_plan(tasks, tickers, lease)
        _each(pool, lambda task: _act(task, lease), tasks)
    _finish(tasks, lease)
    return len(lease.copies)


def _each(pool: ThreadPoolExecutor, step: Callable[[Item], None], items: Iterable[Item]) -> None:
    for future in [pool.submit(step, item) for item in items]:
        future.result()


# --- claim and load ------------------------------------------------------------------------------


def _load(lease: Lease) -> list[Task]:
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


def _tickers(tasks: list[Task]) -> dict[tuple[str, str, str], Ticker]:
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


def _open(task: Task) -> None:
    if CopyStatus(task.copy.status) in FINAL:
        return
    try:
        task.exchange = exchange_of(task.link)
    except (VaultError, ExchangeError) as error:
        task.failure = error if isinstance(error, ExchangeError) else CredentialsRejected("vault")


# --- observe -------------------------------------------------------------------------------------


def _observe(task: Task, lease: Lease) -> None:
    exchange = task.exchange
    if exchange is None or task.failure is not None:
        return
    try:
        if task.is_entry:
            needs = _needs(task, lease)
            if needs.any:
                task.seen = observe_entry(task.copy, exchange, wants=needs)
        else:
            task.seen = observe_live(task.copy, task.ledger.orders, exchange, now=lease.time())
            if task.copy.status == CopyStatus.PENDING or _will_retry(task):
                again = observe_entry(task.copy, exchange, wants=_needs(task, lease))
                task.seen.balance, task.seen.modes = again.balance, again.modes
    except ExchangeError as error:
        task.failure = error


def _will_retry(task: Task) -> bool:
    """The entry was looked up and is not there: it may be planned again."""
    seen = task.seen
    return seen is not None and bool(seen.lookups) and not any(seen.lookups.values())


def _needs(task: Task, lease: Lease) -> EntryNeeds:
    link, oldest = task.link, lease.now - timedelta(seconds=settings.BALANCE_MAX_AGE_SECONDS)
    return EntryNeeds(
        balance=link.balance_at is None or link.balance_at < oldest,
        modes=task.state is None,
        own_business=task.copy.symbol in link.own_symbols,
    )


# --- record what was seen, decide, and write the intents -----------------------------------------


def _absorb_and_plan(
    tasks: list[Task], tickers: dict[tuple[str, str, str], Ticker], lease: Lease
) -> None:
    """One transaction, no network: what it leaves behind is what will be sent."""
    with transaction.atomic():
        links = sorted({task.link.pk for task in tasks})
        # Two chunks that size entries of one account at once would both see its whole balance.
        list(Connection.objects.select_for_update(no_key=True).filter(pk__in=links).order_by("pk"))
        for task in tasks:
            _absorb(task, lease)
        entering = {task.link.pk for task in tasks if task.copy.status in ENTERING}
        book = Book(bindings_of(links), apply_brakes(entering, now=lease.time()), tickers)
        for task in tasks:
            _plan(task, book, lease)
        held = write([task.ledger for task in tasks], lease, releases=False)
    kept = {ledger.copy.pk for ledger in held}
    for task in tasks:
        if task.copy.pk not in kept:
            task.actions = []


def _absorb(task: Task, lease: Lease) -> None:
    seen, now = task.seen, lease.time()
    if seen is None:
        return
    if seen.balance is not None:
        exchanges.store_balance(task.link, seen.balance, now=now)
    if seen.modes is not None:
        task.state = exchanges.store_modes(task.link, seen.modes, task.copy.symbol, now=now)
    if not task.is_entry:
        task.ledger.lapse = _lapse(task, lease)
        task.ledger.absorb(seen, now)
        task.ledger.settle(now)


def _plan(task: Task, book: Book, lease: Lease) -> None:
    copy = task.copy
    if task.exchange is None or task.failure is not None or CopyStatus(copy.status) in FINAL:
        return
    desired = _desired(task, lease)
    if copy.status == CopyStatus.PENDING and _is_wanted(desired, lease):
        key = (task.link.exchange, task.link.environment, copy.symbol)
        if key not in book.tickers or task.state is None:
            task.failure = Unavailable("no price or no position mode")
            return
    try:
        observed = _observed(task, book, lease)
        if _finds_own_stop(task, observed):
            observed = _observed(task, book, lease)
        actions = plan(desired, _account(task, book), observed)
    except Exception:
        # One account's bad data must not stop the others of its chunk.
        log.exception("copy %s could not be planned", copy.public_id)
        task.failure = Unavailable("planning failed")
        return
    task.actions = [action for action in actions if not _end_early(task, action, lease)]
    _empty_former_steps(task)
    for action in task.actions:
        if isinstance(action, Place):
            task.orders[action.leg] = _intent(task, action, lease)
        if isinstance(action, Place | Amend | SetLevels):
            task.ledger.note_asked(stop=action.stop, target=action.target)
    if copy.margin is not None and copy.acknowledged_at is None:
        # The next copy of this chunk sees it.
        book.bindings[task.link.pk][copy.pk] = binding_of(copy, task.link)


def _finds_own_stop(task: Task, observed: Observed) -> bool:
    """Take over, or drop, a stop that the trader set in the exchange's app; True when it changed.

    Without our own rules of the symbol nothing can be compared.
    """
    copy, before = task.copy, task.copy.own_stop
    if observed.rules is None or observed.position is None:
        return False
    level = wanted_stop(draft_of(copy.signal), observed, observed.rules)
    if task.ledger.note_own_stop(level) and copy.own_stop is not None:
        task.ledger.facts.append(own_stop_fact(copy))
    return copy.own_stop != before


def _is_wanted(desired: Desired, lease: Lease) -> bool:
    """Whether an entry may still be sent; to end one, neither price nor mode is needed."""
    in_time = lease.time() < desired.entry_deadline
    return desired.may_enter and in_time


def _end_early(task: Task, action: Action, lease: Lease) -> bool:
    """Skip and expire are ends, not requests."""
    if isinstance(action, Skip):
        params = {name: format(value.normalize(), "f") for name, value in action.params.items()}
        task.ledger.move(CopyStatus.SKIPPED, action.reason, lease.time(), params)
        return True
    if isinstance(action, Expire):
        reason = Reason(task.copy.close_reason) or action.reason
        task.ledger.move(CopyStatus.EXPIRED, reason, lease.time())
        return True
    if isinstance(action, HandOver):
        task.ledger.move(CopyStatus.CLOSED, Reason.HANDED_OVER, lease.time())
        return True
    return False


def _desired(task: Task, lease: Lease) -> Desired:
    copy, signal = task.copy, task.copy.signal
    return Desired(
        signal=draft_of(signal),
        wants_entry=signal.wants_entry and copy.wants_entry,
        wants_position=signal.wants_position and copy.wants_position,
        # Whoever joins later has the same time, counted from when they joined.
        entry_deadline=copy.created_at + timedelta(seconds=settings.SIGNAL_TTL_SECONDS),
        lapse=_lapse(task, lease),
        reductions=tuple(_reductions(copy)),
    )


def _lapse(task: Task, lease: Lease) -> Reason:
    """Why unfilled entries have run out; time is looked at here: no beat is needed."""
    signal = task.copy.signal
    after = draft_of(signal).expiry.after
    if signal.lapse_reason:
        return Reason(signal.lapse_reason)
    if after is not None and signal.published_at and lease.time() >= signal.published_at + after:
        return Reason.ENTRY_EXPIRED
    return Reason.NONE


def _reductions(copy: Copy) -> Iterator[Reduction]:
    """The author's partial closes since the copy was in; earlier ones were for others."""
    for revision in copy.signal.revisions.all():
        held = copy.filled_at is not None and copy.filled_at <= revision.at
        if revision.action == "reduce" and held:
            yield Reduction(revision.number, Decimal(revision.content["percent"]))


def _account(task: Task, book: Book) -> Account:
    seen, state, link = task.seen, task.state, task.link
    bound = others(link, task.copy, book.bindings)
    return Account(
        rules=rules_of(link),
        money=money_for(link, bound),
        standing=Standing(len(bound), book.halts.get(link.pk, Reason.NONE)),
        author=task.copy.signal.author_id,
        leverage=state.leverage if state is not None else None,
        is_hedge=state.is_hedge if state is not None else False,
        has_own_business=task.is_entry and seen is not None and _is_foreign(seen),
        margin=task.copy.margin,
        has_leverage=link.margin_mode != PORTFOLIO_MARGIN,
    )


def _is_foreign(seen: Observation) -> bool:
    return bool(seen.positions) or any(not is_ours(order.link_id) for order in seen.orders)


def _observed(task: Task, book: Book, lease: Lease) -> Observed:
    copy, ledger = task.copy, task.ledger
    return Observed(
        now=lease.time(),
        ticker=book.tickers.get((task.link.exchange, task.link.environment, copy.symbol)),
        rules=task.rules,
        legs=ledger.legs(),
        entered=copy.entered_quantity,
        held=copy.entered_quantity - copy.exited_quantity,
        position=ledger.levels(),
        entry_average=copy.entry_average,
        last_fill_at=ledger.last_fill_at(),
        own_stop=copy.own_stop,
        targets_asked=frozenset(Decimal(level) for level in copy.targets_asked),
        trail_refused=copy.trail_refused,
        trail_asked=any(
            asks_to_trail(revision.content) for revision in copy.signal.revisions.all()
        ),
    )


def _empty_former_steps(task: Task) -> None:
    """A new plan of an entry replaces the whole former one: a step that it leaves out stays unsent.

    Its order would otherwise be sent again beside the new ones, for more money than is allowed.
    """
    entering = {
        action.leg
        for action in task.actions
        if isinstance(action, Place) and action.margin is not None
    }
    for order in task.ledger.entries():
        if entering and order.leg not in entering:
            order.quantity = Decimal(0)


def _intent(task: Task, action: Place, lease: Lease) -> Order:
    """The row that says what is about to be sent; an unsent order of the leg is used again."""
    copy, direction = task.copy, task.ledger.direction
    order = task.ledger.newest(action.leg)
    if order is None or order.generation != action.generation:
        key = settings.LINK_ID_KEY.encode()
        order = Order(
            copy=copy,
            connection_id=copy.connection_id,
            leg=action.leg,
            generation=action.generation,
            link_id=link_id(key, copy.public_id, action.leg, action.generation),
            symbol=copy.symbol,
            created_at=lease.time(),
        )
        task.ledger.orders.append(order)
    if is_entry_leg(action.leg) and action.margin is not None and task.state is not None:
        copy.position_index = direction.position_index(hedge=task.state.is_hedge)
        copy.margin, copy.leverage = action.margin, action.leverage
    side = direction.exit_side if action.reduce_only else direction.entry_side
    order.side, order.type = side.value, action.type.value
    order.quantity, order.price = action.quantity, action.price
    order.stop, order.target = action.stop, action.target
    order.trigger_price, order.trigger_rises = action.trigger, action.trigger_rises
    order.reduce_only, order.position_index = action.reduce_only, copy.position_index or 0
    order.status, order.sent_at = OrderStatus.SUBMITTING, lease.time()
    copy.quantity = sum((entry.quantity for entry in task.ledger.entries()), Decimal(0))
    return order


# --- act and record ------------------------------------------------------------------------------


def _act(task: Task, lease: Lease) -> None:
    if task.exchange is not None and task.actions:
        task.outcomes = act(task.copy, task.actions, task.orders, task.exchange, lease)


def _finish(tasks: list[Task], lease: Lease) -> None:
    for task in tasks:
        now = lease.time()
        if isinstance(task.failure, CredentialsRejected):
            refuse_credentials(task.ledger, task.failure, now)
        apply_outcomes(task.ledger, task.orders, task.outcomes, now)
        _schedule(task, lease)
        _note_put_back(task, lease)
    write([task.ledger for task in tasks], lease, releases=True)
    ended = {task.link.pk for task in tasks if task.copy.status == CopyStatus.CLOSED}
    if ended:
        with transaction.atomic():
            apply_brakes(ended, now=lease.time())
    for task in tasks:
        _tell_connection(task, lease)


def _note_put_back(task: Task, lease: Lease) -> None:
    """A stop that somebody had taken off the position stands again: its trader is told."""
    position = task.ledger.position
    was_gone = position is not None and position.stop is None
    for outcome in task.outcomes:
        if isinstance(outcome.action, SetLevels) and outcome.is_done and was_gone:
            task.ledger.facts.append(put_back_fact(task.copy, outcome.action.stop, lease.time()))


def _tell_connection(task: Task, lease: Lease) -> None:
    errors = [task.failure, *(outcome.error for outcome in task.outcomes)]
    for error in errors:
        if isinstance(error, CredentialsRejected):
            exchanges.note_credentials_rejected(task.link.pk, error, now=lease.time())
        if isinstance(error, PositionModeMismatch):
            exchanges.forget_modes(task.link)
    for outcome in task.outcomes:
        if isinstance(outcome.action, SetLeverage) and outcome.is_done:
            leverage = outcome.action.leverage
            exchanges.store_leverage(task.link, task.copy.symbol, leverage, now=lease.time())


def _schedule(task: Task, lease: Lease) -> None:
    """When to look at this copy again."""
    copy, now = task.copy, lease.time()
    if CopyStatus(copy.status) in FINAL:
        copy.due_at = None
        return
    errors = [outcome.error for outcome in task.outcomes if outcome.error is not None]
    error = task.failure or (errors[0] if errors else None)
    copy.attempts = min(copy.attempts + 1, 1000) if error is not None else 0
    if error is None and all(outcome.is_done for outcome in task.outcomes):
        copy.applied_revision = copy.signal.revision
    if copy.status == CopyStatus.UNKNOWN or isinstance(error, OutcomeUnknown):
        fence = settings.RECV_WINDOW_MS / 1000 + settings.SETTLE_SECONDS
        copy.due_at = now + timedelta(seconds=fence)
    elif not copy.wants_position and not isinstance(error, Unavailable):
        copy.due_at = now + SOON  # on the way out: no waiting
    elif isinstance(error, RateLimited):
        copy.due_at = now + timedelta(seconds=error.retry_after)
    elif error is not None:
        copy.due_at = now + timedelta(seconds=min(copy.attempts, MOST_ATTEMPTS))
    elif task.outcomes or any(isinstance(a, SetLevels | SetTrail) for a in task.actions):
        copy.due_at = now + SOON
    else:
        copy.due_at = now + timedelta(seconds=settings.POLL_SECONDS)
