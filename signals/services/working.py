"""One step for a chunk of due copies: claim, observe, plan, act, record.

Publishing, amending, closing, repair after a crash and plain watching all pass through here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
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
from exchanges.domain.trading import Ticker
from exchanges.models import Connection
from signals.domain.actions import (
    SetLevels,
    SetLeverage,
    SetTrail,
)
from signals.domain.lifecycle import ENTERING, FINAL, CopyStatus
from signals.services.accounting import (
    bindings_of,
)
from signals.services.acting import act
from signals.services.braking import apply_brakes
from signals.services.chunk import Book, Task, load_chunk, open_account, read_tickers
from signals.services.claiming import Lease, claim
from signals.services.deciding import decide, lapse_of
from signals.services.observing import (
    EntryNeeds,
    observe_entry,
    observe_live,
)
from signals.services.outcomes import apply_outcomes, refuse_credentials
from signals.services.recording import write
from signals.services.telling import put_back_fact

Item = TypeVar("Item")

SOON = timedelta(milliseconds=500)  # after an action, to see what it did
MOST_ATTEMPTS = 5
HASTE = 3  # attempts without a pause


def work() -> int:
    """Carry one chunk of due copies a step on; returns how many there were."""
    lease = claim(settings.CHUNK_SIZE)
    if lease is None:
        return 0
    tasks = load_chunk(lease)
    with ThreadPoolExecutor(settings.CHUNK_THREADS) as pool:
        tickers = read_tickers(tasks)
        _each(pool, open_account, tasks)
        _each(pool, lambda task: _observe(task, lease), tasks)
        _absorb_and_plan(tasks, tickers, lease)
        _each(pool, lambda task: _act(task, lease), tasks)
    _finish(tasks, lease)
    return len(lease.copies)


def _each(pool: ThreadPoolExecutor, step: Callable[[Item], None], items: Iterable[Item]) -> None:
    for future in [pool.submit(step, item) for item in items]:
        future.result()


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
            decide(task, book, lease)
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
        task.ledger.lapse = lapse_of(task, lease)
        task.ledger.absorb(seen, now)
        task.ledger.settle(now)


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
    elif not copy.wants_position and not isinstance(error, Unavailable) and copy.attempts <= HASTE:
        copy.due_at = now + SOON  # on the way out: no waiting, unless it is refused again and again
    elif isinstance(error, RateLimited):
        copy.due_at = now + timedelta(seconds=error.retry_after)
    elif error is not None:
        copy.due_at = now + timedelta(seconds=min(copy.attempts, MOST_ATTEMPTS))
    elif task.outcomes or any(isinstance(a, SetLevels | SetTrail) for a in task.actions):
        copy.due_at = now + SOON
    else:
        copy.due_at = now + timedelta(seconds=settings.POLL_SECONDS)
