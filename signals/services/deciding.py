"""Decide for one copy of a chunk: gather its situation, ask the planner, write down the intents."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal

from django.conf import settings

from exchanges.choices import ConnectionStatus
from exchanges.domain.errors import CredentialsRejected, Unavailable
from exchanges.domain.trading import PORTFOLIO_MARGIN
from exchanges.domain.venues import Capabilities
from exchanges.models import Connection
from exchanges.registry import venue_of
from hexagonal.lib.numbers import plain
from signals.choices import OrderStatus
from signals.domain.actions import (
    Action,
    Amend,
    Cancel,
    Expire,
    HandOver,
    Place,
    SetLevels,
    Skip,
)
from signals.domain.feasibility import obstacle
from signals.domain.following import Standing
from signals.domain.holding import wanted_stop
from signals.domain.legs import STOP, is_entry_leg
from signals.domain.lifecycle import FINAL, CopyStatus
from signals.domain.link_ids import is_ours, link_id
from signals.domain.planning import plan
from signals.domain.reasons import Reason
from signals.domain.situation import Account, Desired, Observed, Reduction
from signals.domain.terms import expiry_from
from signals.models import Copy, Order, Signal
from signals.services.accounting import (
    binding_of,
    money_for,
    others,
    rules_of,
)
from signals.services.chunk import Book, Task
from signals.services.claiming import Lease
from signals.services.observing import Observation
from signals.services.parting import end_unwithdrawn, is_given_up, is_left
from signals.services.telling import own_stop_fact

log = logging.getLogger(__name__)


def decide(task: Task, book: Book, lease: Lease) -> None:
    """Fill in the task's actions and their intents, or end the copy; no network, no writing."""
    copy = task.copy
    if CopyStatus(copy.status) in FINAL:
        return
    try:
        if end := _end_without_plan(task, book):
            task.ledger.move(*end, lease.time())
            return
        _keep_quarantine(task, book)
        desired = _desired(task, book, lease)
        if not _may_decide(task, desired, book, lease):
            return
        observed = _observed(task, book, lease)
        if _finds_own_stop(task, desired, observed):
            observed = _observed(task, book, lease)
        actions = plan(desired, _account(task, book), observed)
    except Exception:
        # One account's or signal's bad data must not stop the others of its chunk.
        log.exception("copy %s could not be planned", copy.public_id)
        task.failure = Unavailable("planning failed")
        return
    task.actions = [action for action in actions if not _end_early(task, action, lease)]
    _empty_former_steps(task)
    _write_down(task, lease)
    if copy.margin is not None and copy.acknowledged_at is None:
        # The next copy of this chunk sees it.
        book.bindings[task.link.pk][copy.pk] = binding_of(copy, task.link)


def _write_down(task: Task, lease: Lease) -> None:
    """Store the orders and remember the levels that are about to be sent."""
    for action in task.actions:
        if isinstance(action, Place):
            task.orders[action.leg] = _intent(task, action, lease)
        if isinstance(action, Cancel) and action.leg == STOP and task.ledger.can.holds_coins:
            task.ledger.note_withdrawn(action.link_id, lease.time())
        if isinstance(action, Amend):
            task.orders[action.leg] = task.ledger.by_link_id()[action.link_id]
        if isinstance(action, Place | Amend | SetLevels):
            task.ledger.note_asked(stop=action.stop, target=action.target)
        if isinstance(action, SetLevels) and task.copy.own_stop is not None:
            task.copy.own_stop = action.stop  # theirs still, by the tick as it is now


def _held_back(link: Connection, book: Book) -> Reason:
    """Why nothing new may be entered: a pause may be younger than the copy, and so may trouble.

    What comes while copies are being made does not see those that it would withdraw.
    """
    rules = getattr(link, "copy_settings", None)
    if link.status != ConnectionStatus.CONNECTED:
        return Reason.CONNECTION_NOT_READY
    if link.pk in book.quarantined:
        return Reason.QUARANTINED
    return Reason.NONE if rules is not None and rules.is_enabled else Reason.SIZING_MISSING


def _keep_quarantine(task: Task, book: Book) -> None:
    """What waits for its price is withdrawn for good: lifting a quarantine sets nothing off."""
    copy = task.copy
    if task.link.pk in book.quarantined and copy.wants_entry:
        copy.wants_entry = False
        copy.close_reason = copy.close_reason or Reason.QUARANTINED.value


def _end_without_plan(task: Task, book: Book) -> tuple[CopyStatus, Reason] | None:
    """How a copy ends that needs no plan, or None."""
    copy = task.copy
    if is_left(copy) and isinstance(task.failure, CredentialsRejected):
        # Without a key nothing can be withdrawn: all that stands at the exchange is its owner's.
        return end_unwithdrawn(task.ledger)
    if not (task.is_entry and copy.wants_position):
        return None
    can = venue_of(task.link.exchange).capabilities
    # Before anything is asked for an entry that the exchange has no way for.
    if reason := _held_back(task.link, book) or obstacle(book.draft_of(copy.signal), can):
        return CopyStatus.SKIPPED, reason
    return None


def _finds_own_stop(task: Task, desired: Desired, observed: Observed) -> bool:
    """Take over, or drop, a stop that the trader set in the exchange's app; True when it changed.

    Without our own rules of the symbol nothing can be compared.
    """
    copy, before = task.copy, task.copy.own_stop
    if observed.rules is None or observed.position is None:
        return False
    level = wanted_stop(desired.signal, observed, observed.rules)
    if task.ledger.note_own_stop(level) and copy.own_stop is not None:
        task.ledger.facts.append(own_stop_fact(copy))
    return copy.own_stop != before


def _is_wanted(desired: Desired, lease: Lease) -> bool:
    """Whether an entry may still be sent; to end one, neither price nor mode is needed."""
    in_time = lease.time() < desired.entry_deadline
    return desired.may_enter and in_time


def _may_decide(task: Task, desired: Desired, book: Book, lease: Lease) -> bool:
    """Whether enough is known; what is missing for an entry becomes the task's failure."""
    if task.exchange is None or task.failure is not None:
        return _is_over(task, desired, lease)
    enters = task.copy.status == CopyStatus.PENDING and _is_wanted(desired, lease)
    if enters and (task.place not in book.tickers or task.state is None):
        task.failure = Unavailable("no price or no position mode")
        return False
    return True


def _is_over(task: Task, desired: Desired, lease: Lease) -> bool:
    """Whether nothing was sent and nothing may be any more: to say so needs no exchange."""
    refused = isinstance(task.failure, CredentialsRejected)  # which says more than "too late"
    return task.is_entry and not refused and not _is_wanted(desired, lease)


def _end_early(task: Task, action: Action, lease: Lease) -> bool:
    """Skip and expire are ends, not requests."""
    if isinstance(action, Skip):
        params = {name: plain(value) for name, value in action.params.items()}
        task.ledger.move(CopyStatus.SKIPPED, action.reason, lease.time(), params)
        return True
    if isinstance(action, Expire):
        reason = Reason(task.copy.close_reason) or action.reason
        task.ledger.move(CopyStatus.EXPIRED, reason, lease.time())
        return True
    if isinstance(action, HandOver):
        is_asked = is_left(task.copy) or is_given_up(task.copy)
        reason = Reason(task.copy.close_reason) if is_asked else Reason.HANDED_OVER
        task.ledger.move(CopyStatus.CLOSED, reason, lease.time())
        return True
    return False


def _desired(task: Task, book: Book, lease: Lease) -> Desired:
    copy, signal = task.copy, task.copy.signal
    return Desired(
        signal=book.draft_of(signal),
        wants_entry=signal.wants_entry and copy.wants_entry,
        wants_position=signal.wants_position and copy.wants_position,
        entry_deadline=_entry_deadline(task, book, lease),
        lapse=lapse_of(task.copy.signal, lease),
        reductions=tuple(_reductions(copy)),
        is_left=is_left(copy),
        is_given_up=is_given_up(copy),
    )


def _entry_deadline(task: Task, book: Book, lease: Lease) -> datetime:
    """Until when an entry may be sent: a ladder's step that has not left yet is held back as well.

    Whoever joins later has the same time, counted from when they joined.
    """
    ends = task.copy.created_at + timedelta(seconds=settings.SIGNAL_TTL_SECONDS)
    return min(ends, lease.now) if _held_back(task.link, book) else ends


def lapse_of(signal: Signal, lease: Lease) -> Reason:
    """Why unfilled entries have run out; time is looked at here: no beat is needed."""
    after = expiry_from(signal.terms).after
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
    can = venue_of(link.exchange).capabilities
    bound = others(link, task.copy, book.bindings)
    return Account(
        rules=rules_of(link, book.authors.get(link.pk, ())),
        money=money_for(link, bound),
        standing=Standing(len(bound), book.halts.get(link.pk, Reason.NONE)),
        author=task.copy.signal.author_id,
        leverage=state.leverage if state is not None else None,
        is_hedge=state.is_hedge if state is not None else False,
        has_own_business=task.is_entry and seen is not None and _is_foreign(seen, can),
        margin=task.copy.margin,
        has_leverage=link.margin_mode != PORTFOLIO_MARGIN,
        can=can,
    )


def _is_foreign(seen: Observation, can: Capabilities) -> bool:
    """Whether the trader has business of their own; coins that lie in a spot account are none."""
    has_position = bool(seen.positions) and not can.holds_coins
    return has_position or any(not is_ours(order.link_id) for order in seen.orders)


def _observed(task: Task, book: Book, lease: Lease) -> Observed:
    copy, ledger = task.copy, task.ledger
    return Observed(
        now=lease.time(),
        ticker=book.tickers.get(task.place),
        rules=task.rules,
        legs=ledger.legs(),
        entered=copy.entered_quantity,
        held=ledger.held,
        unseen_exits=ledger.unseen_exits(),
        position=ledger.levels(),
        entry_average=copy.entry_average,
        last_fill_at=ledger.last_fill_at(),
        last_bought_at=ledger.last_bought_at(),
        own_stop=copy.own_stop,
        targets_asked=frozenset(Decimal(level) for level in copy.targets_asked),
        trail_activation=copy.trail_activation,
        refused_activation=copy.refused_activation,
        trail_asked=book.has_trailed(copy.signal),
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
