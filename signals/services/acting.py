"""Carry out a plan at the exchange: network only, in order, stopping at the first failure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from exchanges.clock import check_clock
from exchanges.domain.calls import Call, listening
from exchanges.domain.errors import (
    ExchangeError,
    GateRefused,
    NotFound,
    Unavailable,
    UnexpectedReply,
)
from exchanges.domain.trading import Acknowledgement, NewOrder, OrderChange
from exchanges.ports import Exchange
from exchanges.registry import venue_of
from signals.domain.actions import (
    Action,
    Amend,
    Cancel,
    Place,
    SetLevels,
    SetLeverage,
    SetTrail,
    enters,
)
from signals.domain.legs import is_entry_leg
from signals.models import Copy, Order
from signals.services.claiming import Lease
from signals.services.warrants import is_exit


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one action; `sent_at` None when it never left."""

    action: Action
    sent_at: datetime | None = None
    answered_at: datetime | None = None
    acknowledgement: Acknowledgement | None = None
    error: ExchangeError | None = None
    calls: tuple[Call, ...] = ()
    found_nothing: bool = False  # what was to be withdrawn or changed does not rest any more

    @property
    def is_done(self) -> bool:
        return self.sent_at is not None and self.error is None


def act(
    copy: Copy, actions: list[Action], orders: dict[str, Order], exchange: Exchange, lease: Lease
) -> list[Outcome]:
    """Send the actions one after the other.

    `orders` are the stored intents by leg, and the orders that are to be changed.
    """
    outcomes: list[Outcome] = []
    takes_turns = venue_of(copy.connection.exchange).capabilities.holds_coins
    is_held = False
    for action in actions:
        if not lease.may_send():
            outcomes.append(Outcome(action))
            break
        if enters(action) and (is_held or not lease.may_enter(copy.connection_id)):
            continue  # what protects the trade is sent all the same
        try:
            check_clock(copy.connection.exchange, copy.connection.environment)
        except Unavailable as error:
            outcomes.append(Outcome(action, error=error))
            break
        outcomes.append(_carry_out(copy, action, orders, exchange, lease))
        if _has_stayed(outcomes[-1]):
            is_held = True
        elif _ends_step(outcomes[-1], takes_turns=takes_turns):
            break
    done = {id(outcome.action) for outcome in outcomes}
    outcomes += [Outcome(action) for action in actions if id(action) not in done]
    return outcomes


def _ends_step(outcome: Outcome, *, takes_turns: bool) -> bool:
    """Whether what follows must not be sent; coins that were to be freed may have been sold.

    An entry's withdrawal frees none: the stop of what is held does not wait for it.
    """
    action = outcome.action
    if takes_turns and isinstance(action, Cancel) and is_entry_leg(action.leg):
        return False
    return outcome.error is not None or (outcome.found_nothing and takes_turns)


def _has_stayed(outcome: Outcome) -> bool:
    """Whether an entry was held up on our own side: a stop that follows does not wait for it."""
    is_ours = isinstance(outcome.error, GateRefused | Unavailable) and not outcome.calls
    return is_ours and enters(outcome.action)


def _carry_out(
    copy: Copy, action: Action, orders: dict[str, Order], exchange: Exchange, lease: Lease
) -> Outcome:
    asked_at = lease.time()
    acknowledgement: Acknowledgement | None = None
    failure: ExchangeError | None = None
    found_nothing = False
    with listening() as calls:
        try:
            acknowledgement = _call(copy, action, orders, exchange)
        except NotFound as error:  # already filled, gone or flat: the next look says which
            found_nothing = True
            if isinstance(action, Place):  # of what is new that says nothing
                failure = UnexpectedReply("not found", code=error.code)
        except ExchangeError as error:
            failure = error
        except Exception as error:  # noqa: BLE001 - a bug must not lose the fact that it was sent
            failure = UnexpectedReply(f"bug: {type(error).__name__}")
    if isinstance(failure, GateRefused):
        return Outcome(action, error=failure)
    sent_at, answered_at = asked_at, lease.time()
    if calls:  # to the millisecond: without the wait for a permit, and for a turn of the processor
        sent_at = _moment(lease, calls[0].started)
        answered_at = _moment(lease, calls[-1].ended)
    return Outcome(
        action, sent_at, answered_at, acknowledgement, failure, tuple(calls), found_nothing
    )


def _moment(lease: Lease, monotonic: float) -> datetime:
    """This process's monotonic clock by the database's."""
    return lease.now + timedelta(seconds=monotonic - lease.started)


def _call(
    copy: Copy, action: Action, orders: dict[str, Order], exchange: Exchange
) -> Acknowledgement | None:
    match action:
        case SetLeverage(leverage):
            exchange.set_leverage(copy.symbol, leverage)
        case Place():
            return exchange.place(_new_order(orders[action.leg]))
        case Amend():
            exchange.amend(
                OrderChange(
                    link_id=action.link_id,
                    symbol=copy.symbol,
                    quantity=action.quantity,
                    price=action.price,
                    stop=action.stop,
                    target=action.target,
                    reduce_only=is_exit(orders[action.leg], copy),
                )
            )
        case Cancel():
            exchange.cancel(copy.symbol, action.link_id)
        case SetLevels(stop, target):
            exchange.set_position_levels(
                copy.symbol, copy.position_index or 0, stop=stop, target=target
            )
        case SetTrail(distance, activation):
            index = copy.position_index or 0
            exchange.set_trailing_stop(copy.symbol, index, distance=distance, activation=activation)
        case _:
            raise TypeError(f"{type(action).__name__} is not sent")
    return None


def _new_order(order: Order) -> NewOrder:
    """Read the stored intent: what is sent is what is on record, at every attempt."""
    return NewOrder(
        link_id=order.link_id,
        symbol=order.symbol,
        side=order.side_value,
        type=order.type_value,
        quantity=order.quantity,
        position_index=order.position_index,
        price=order.price,
        stop=order.stop,
        target=order.target,
        reduce_only=order.reduce_only,
        trigger=order.trigger_price,
        trigger_rises=order.trigger_rises,
    )
