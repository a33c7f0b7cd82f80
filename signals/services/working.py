"""One step for a chunk of due copies: claim, observe, plan, act, record.

Publishing, amending, closing, repair after a crash and plain watching all pass through here.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache, partial

from django.conf import settings
from django.db import DatabaseError, transaction

from exchanges import services as exchanges
from exchanges.domain.errors import (
    CredentialsRejected,
    ExchangeError,
    OrderRejected,
    OutcomeUnknown,
    PositionModeMismatch,
    RateLimited,
    Unavailable,
)
from exchanges.domain.lanes import Lane
from exchanges.domain.trading import OrderType, Ticker
from exchanges.instruments import doubt
from exchanges.metering import pay_for
from exchanges.models import Connection, SymbolState
from exchanges.registry import venue_of
from exchanges.selectors import quarantined
from signals.domain.actions import Cancel, Place, SetLevels, SetLeverage, SetTrail, enters
from signals.domain.coins import least_sale
from signals.domain.judging import EntryState
from signals.domain.lifecycle import ENTERING, FINAL, CopyStatus
from signals.lease_check import fence_seconds
from signals.services.accounting import bindings_of, chosen_authors
from signals.services.acting import act
from signals.services.braking import apply_brakes
from signals.services.chunk import Book, Task, load_chunk, open_account
from signals.services.claiming import Lease, claim, overtaken, put_back
from signals.services.deciding import decide, lapse_of
from signals.services.observing import (
    EntryNeeds,
    observe_entry,
    observe_live,
)
from signals.services.openings import record_deeds, record_openings
from signals.services.orphans import note_orphans
from signals.services.outcomes import apply_outcomes, doubts_rules, refuse_credentials
from signals.services.polling import may_be_bared, places_stops, poll_seconds
from signals.services.pricing import price_entries, read_tickers
from signals.services.recording import write_all
from signals.services.refusals import note_refusals
from signals.services.telling import put_back_fact

log = logging.getLogger(__name__)

SOON = timedelta(milliseconds=500)  # after an action, to see what it did
LOOK_AGAIN = timedelta(seconds=1)  # for an order of unknown fate that was not found
MOST_ATTEMPTS = 5
HASTE = 3  # attempts without a pause
ENTRY_REQUEST = "place_order"  # an entry's one request, by the adapter's name for it
PUT_BACK = 0.05  # seconds that what found no room rests at least
WATCH_SECONDS = 0.04
# Seconds from the claim that looks wait for their turn: half a look that is given up has spent the
# limits for nothing. Those on which no stop hangs must not keep this process from what is urgent,
# and where the position keeps its stop they do not wait at all.
LOOKING = {Lane.PROTECT: 6.0, Lane.AMEND: 3.0, Lane.WATCH: 3.0, Lane.POLL: 3.0}
PATIENCE = 1.0  # seconds that a request for a live copy waits for its turn


def work() -> int:
    """Carry one chunk of due copies a step on; returns how many there were."""
    lease = claim(settings.CHUNK_SIZE)
    if lease is None:
        return 0
    tasks = load_chunk(lease)
    tickers = read_tickers(tasks)
    record_openings(tasks)
    for task in tasks:
        open_account(task)
    tasks = admit(tasks, tickers, lease)
    _each(lambda task: _observe(task, lease), [task for task in tasks if _must_look(task, lease)])
    priced = _pool().submit(price_entries, tasks)  # meanwhile
    _absorb_and_plan(tasks, tickers, lease)
    _act_on(tasks, lease)
    priced.result()
    for task in tasks:
        task.meter.settle()
    _finish(tasks, lease)
    return len(lease.copies)


@cache
def _pool() -> ThreadPoolExecutor:
    """This process's threads: all that they ever do is to wait for the exchange."""
    return ThreadPoolExecutor(settings.CHUNK_THREADS, thread_name_prefix="exchange")


def _each(step: Callable[[Task], None], tasks: Sequence[Task]) -> None:
    for future in _share(step, tasks):
        future.result()


def _share(step: Callable[[Task], None], tasks: Sequence[Task]) -> set[Future[None]]:
    """Let the threads take the tasks in turn; a future for each thread, which is cheaper."""
    waiting = iter(tasks)  # of a list: to take the next of it is atomic

    def take() -> None:
        for task in waiting:
            step(task)

    return {_pool().submit(take) for _ in range(min(len(tasks), settings.CHUNK_THREADS))}


def admit(
    tasks: list[Task], tickers: dict[tuple[str, str, str], Ticker], lease: Lease
) -> list[Task]:
    """Pay for the chunk's entries in one round trip; those that find no room go back."""
    entries = [
        task
        for task in tasks
        if lease.lane is Lane.ENTRY and _may_send_entry(task) and task.place in tickers
    ]
    permits = pay_for([task.meter for task in entries], ENTRY_REQUEST)
    denied = {
        task.copy.pk: permit.wait
        for task, permit in zip(entries, permits, strict=True)
        if not permit.is_granted
    }
    if denied:
        put_back(lease, denied, seconds=max(min(denied.values()), PUT_BACK))
    return [task for task in tasks if task.copy.pk not in denied]


def _may_send_entry(task: Task) -> bool:
    """Whether a request for the entry may follow: what nobody wants any more ends without one."""
    copy, signal = task.copy, task.copy.signal
    is_wanted = copy.wants_entry and copy.wants_position
    is_wanted = is_wanted and signal.wants_entry and signal.wants_position
    return is_wanted and task.is_entry and task.exchange is not None


# --- observe -------------------------------------------------------------------------------------


def _must_look(task: Task, lease: Lease) -> bool:
    if task.exchange is None or task.failure is not None:
        return False
    return not task.is_entry or _needs(task, lease).any


def _observe(task: Task, lease: Lease) -> None:
    exchange = task.exchange
    if exchange is None:
        return
    if lease.lane is Lane.PROTECT or places_stops(task.link.exchange):
        task.meter.until = lease.started + LOOKING.get(lease.lane, 0.0)
    try:
        if task.is_entry:
            task.seen = observe_entry(task.copy, exchange, wants=_needs(task, lease))
        else:
            orders, hurry = task.ledger.orders, partial(_look_on, task, lease)
            task.seen = observe_live(task.copy, orders, exchange, now=lease.time(), hurry=hurry)
            if task.copy.status == CopyStatus.PENDING or _will_retry(task):
                again = observe_entry(task.copy, exchange, wants=_needs(task, lease))
                task.seen.balance, task.seen.modes = again.balance, again.modes
    except ExchangeError as error:
        task.failure = error


def _look_on(task: Task, lease: Lease) -> None:
    """What was found changed may be a fill without a stop: its full look goes before others'."""
    if places_stops(task.link.exchange):
        task.meter.lane = Lane.PROTECT
        task.meter.until = lease.started + LOOKING[Lane.PROTECT]


def _will_retry(task: Task) -> bool:
    """The entry was looked up and is not there: it may be planned again."""
    seen = task.seen
    return seen is not None and bool(seen.lookups) and not any(seen.lookups.values())


def _needs(task: Task, lease: Lease) -> EntryNeeds:
    link, oldest = task.link, lease.now - timedelta(seconds=settings.BALANCE_MAX_AGE_SECONDS)
    return EntryNeeds(
        balance=link.balance_at is None or link.balance_at < oldest,
        modes=task.state is None or _bars_entry(task.state, link),
        own_business=task.copy.symbol in link.own_symbols,
    )


def _bars_entry(state: SymbolState, link: Connection) -> bool:
    """Whether the position mode is one that its owner was asked to change, and perhaps has."""
    return state.is_hedge and not venue_of(link.exchange).capabilities.hedges


# --- record what was seen, decide, and write the intents -----------------------------------------


def _absorb_and_plan(
    tasks: list[Task], tickers: dict[tuple[str, str, str], Ticker], lease: Lease
) -> None:
    """One transaction, no network: what it leaves behind is what will be sent."""
    with transaction.atomic():
        links = sorted({task.link.pk for task in tasks})
        # Two chunks that size entries of one account at once would both see its whole balance.
        rows = Connection.objects.select_for_update(no_key=True).filter(pk__in=links)
        status = dict(rows.order_by("pk").values_list("pk", "status"))
        for task in tasks:
            task.link.status = status[task.link.pk]  # its key may have been given up meanwhile
            _absorb_safely(task, tickers, lease)
        entering = {task.link.pk for task in tasks if task.copy.status in ENTERING}
        halts = apply_brakes(entering, now=lease.time())
        held_back = quarantined(links)
        book = Book(bindings_of(links), chosen_authors(entering), halts, tickers, held_back)
        for task in tasks:
            decide(task, book, lease)
        held = write_all([task.ledger for task in tasks], lease, releases=False)
        kept = {ledger.copy.pk for ledger in held}
        for task in tasks:
            if task.copy.pk not in kept:
                task.actions = []
        record_deeds(tasks)


def _absorb_safely(task: Task, tickers: dict[tuple[str, str, str], Ticker], lease: Lease) -> None:
    """One account's odd facts must not keep the others of its chunk from being worked on."""
    try:
        task.ledger.dust = _dust_of(task, tickers)
        _absorb(task, lease)
    except DatabaseError:
        raise
    except Exception:
        log.exception("what was seen of copy %s could not be taken in", task.copy.public_id)
        task.failure = Unavailable("absorbing failed")


def _dust_of(task: Task, tickers: dict[tuple[str, str, str], Ticker]) -> Decimal:
    """What is too little to be sold: of a position any part is closed, of coins it is not."""
    if task.rules is None or not task.ledger.can.holds_coins:
        return Decimal(0)
    ticker = tickers.get(task.place)
    return least_sale(task.rules, ticker.bid if ticker is not None else None)


def _absorb(task: Task, lease: Lease) -> None:
    seen, now = task.seen, lease.time()
    if seen is None:
        return
    if seen.balance is not None:
        exchanges.store_balance(task.link, seen.balance, now=now)
    if seen.modes is not None:
        task.state = exchanges.store_modes(task.link, seen.modes, task.copy.symbol, now=now)
    if not task.is_entry:
        task.ledger.lapse = lapse_of(task.copy.signal, lease)
        task.ledger.absorb(seen, now)
        task.ledger.settle(now)


# --- act and record ------------------------------------------------------------------------------


def _act_on(tasks: list[Task], lease: Lease) -> None:
    """Send what was decided; entries that have not left make way for somebody's stop."""
    acting = [task for task in tasks if task.exchange is not None and task.actions]
    for task in acting:
        _hurry(task, lease)
        task.meter.may_send = lease.may_send
        task.meter.may_leave = partial(_may_leave, task, lease)
    entering = {task.link.pk for task in acting if any(map(enters, task.actions))}
    _make_way(tasks, entering, lease)
    pending = _share(lambda task: _act(task, lease), acting)
    while pending:
        done, pending = wait(pending, timeout=WATCH_SECONDS)
        for future in done:
            future.result()
        if pending:
            _make_way(tasks, entering, lease)


def _may_leave(task: Task, lease: Lease) -> bool:
    """Asked by each request when its turn has come."""
    return lease.may_enter(task.link.pk) or not all(map(enters, task.actions))


def _make_way(tasks: list[Task], entering: set[int], lease: Lease) -> None:
    """Let no more entries leave once somebody's stop has to go first, or under quarantine."""
    if entering:
        lease.quarantined.update(quarantined(entering))
    if lease.lane is Lane.ENTRY and overtaken({task.link.budget for task in tasks}):
        lease.overtaken.set()


def _hurry(task: Task, lease: Lease) -> None:
    """What is done is more urgent than the look that led to it."""
    protects = any(isinstance(action, SetLevels | SetTrail | Cancel) for action in task.actions)
    closes = any(isinstance(a, Place) and a.reduce_only and a.price is None for a in task.actions)
    lane = Lane.PROTECT if protects or closes else Lane.AMEND
    task.meter.lane = min(task.meter.lane, lane)
    if lease.lane is not Lane.ENTRY:
        task.meter.patience = PATIENCE


def _act(task: Task, lease: Lease) -> None:
    if task.exchange is not None:
        task.outcomes = act(task.copy, task.actions, task.orders, task.exchange, lease)


def _finish(tasks: list[Task], lease: Lease) -> None:
    for task in tasks:
        now = lease.time()
        if isinstance(task.failure, CredentialsRejected):
            refuse_credentials(task.ledger, task.failure, now)
        apply_outcomes(task.ledger, task.orders, task.outcomes, now)
        _schedule(task, lease)
        _note_put_back(task, lease)
    write_all([task.ledger for task in tasks], lease, releases=True)
    note_orphans([task.ledger for task in tasks], now=lease.time())
    note_refusals(tasks, now=lease.time())
    ended = {task.link.pk for task in tasks if task.copy.status == CopyStatus.CLOSED}
    if ended:
        with transaction.atomic():
            apply_brakes(ended, now=lease.time())
    for task in tasks:
        _tell_connection(task, lease)
    for place in {task.place for task in tasks if any(map(doubts_rules, task.outcomes))}:
        doubt(*place, now=lease.time())


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
    copy.due_at = _next_look(task, now)
    copy.lane = _lane_of(task, now)
    is_new = all(isinstance(a, Place | SetLeverage) for a in task.actions)
    if copy.looked_at is None and is_new and _only_rests(task):
        copy.looked_at = now  # nothing was there before: what follows shows among open orders
    if copy.status == CopyStatus.PENDING:
        deadline = copy.created_at + timedelta(seconds=settings.SIGNAL_TTL_SECONDS)
        if copy.due_at >= deadline:  # it will not be sent any more, and no limit delays saying so
            copy.lane = Lane.RECORD
            if now < deadline:  # after it, what could not be ended is tried again with its pause
                copy.due_at = deadline


def _lane_of(task: Task, now: datetime) -> Lane:
    """What the copy's next step is for."""
    copy, position = task.copy, task.ledger.position
    if copy.status == CopyStatus.PENDING:
        return Lane.ENTRY
    is_bare = copy.unprotected_since is not None
    if position is not None:
        is_bare = position.stop is None and not task.ledger.has_stop_order(now)
    if copy.status == CopyStatus.UNKNOWN or is_bare or _is_leaving(task):
        return Lane.PROTECT
    if copy.applied_revision < copy.signal.revision or _was_urgent(task):
        return Lane.PROTECT
    if not task.actions or _only_rests(task):
        return Lane.WATCH if may_be_bared(copy, task.ledger.orders) else Lane.POLL
    return Lane.AMEND


def _was_urgent(task: Task) -> bool:
    """A look that protects has failed: what it was for is still to be seen."""
    return task.failure is not None and task.meter.lane is Lane.PROTECT


def _only_rests(task: Task) -> bool:
    """Its entry was sent to wait for the price: the next look most likely finds nothing new."""
    is_market = any(isinstance(a, Place) and a.type is OrderType.MARKET for a in task.actions)
    is_sent = bool(task.outcomes) and all(outcome.is_done for outcome in task.outcomes)
    return task.copy.status == CopyStatus.PLACED and is_sent and not is_market


def _is_leaving(task: Task) -> bool:
    """What it has at the exchange is to be withdrawn or closed; flat, it waits for the books."""
    copy = task.copy
    stays = copy.wants_position and copy.signal.wants_position
    if copy.status == CopyStatus.PLACED:
        return not (stays and copy.wants_entry and copy.signal.wants_entry)
    held = copy.entered_quantity - copy.exited_quantity
    is_flat = held <= 0 or held < task.ledger.dust
    return not stays and not (is_flat and task.ledger.entry_state() is EntryState.DONE)


def _look_for_lost(task: Task, error: ExchangeError | None, now: datetime) -> datetime | None:
    """When to look for what may have reached the exchange; None if nothing else may have."""
    unresolved, is_lost = task.ledger.unresolved(), isinstance(error, OutcomeUnknown)
    if not unresolved and not is_lost:
        return None
    is_bare = task.ledger.can.holds_coins and task.copy.unprotected_since is not None
    if is_bare and not isinstance(error, Unavailable):
        return now + LOOK_AGAIN  # the stop may have made way already, or the next one may stand
    if is_lost:
        return now + timedelta(seconds=fence_seconds(task.link.exchange))
    if isinstance(error, OrderRejected):
        return now + LOOK_AGAIN  # a stop is refused beside it: neither may hurry or delay the other
    if error is None:
        conclusive = [order.conclusive_at for order in unresolved if order.conclusive_at]
        return max([now + LOOK_AGAIN, *conclusive])
    return None


def _next_look(task: Task, now: datetime) -> datetime:
    copy = task.copy
    errors = [outcome.error for outcome in task.outcomes if outcome.error is not None]
    error = task.failure or (errors[0] if errors else None)
    copy.attempts = min(copy.attempts + 1, 1000) if error is not None else 0
    copy.refusals = copy.refusals if error is not None else 0
    if error is None and all(outcome.is_done for outcome in task.outcomes):
        copy.applied_revision = copy.signal.revision
    if again := _look_for_lost(task, error, now):
        return again
    if not copy.wants_position and not isinstance(error, Unavailable) and copy.attempts <= HASTE:
        return now + SOON  # on the way out: no waiting, unless it is refused again and again
    if isinstance(error, RateLimited):
        return now + timedelta(seconds=error.retry_after)
    if error is not None:
        return now + timedelta(seconds=min(copy.attempts, MOST_ATTEMPTS))
    if task.outcomes or any(isinstance(a, SetLevels | SetTrail) for a in task.actions):
        return now + SOON
    return now + timedelta(seconds=poll_seconds(copy, task.ledger.orders, now))
