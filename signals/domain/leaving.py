"""Going out: close at the market, or leave the position to its owner."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from exchanges.domain.precision import to_step_down
from exchanges.domain.trading import OrderType
from signals.domain.actions import Action, Cancel, HandOver, Place
from signals.domain.legs import CLOSE, STOP, TARGET, is_entry_leg
from signals.domain.situation import Desired, Observed, next_generation

QUIET = timedelta(seconds=10)  # a position is only called the trader's own work after this silence


def is_handed_over(observed: Observed) -> bool:
    """Whether the trader added to the position: more is held than our orders account for.

    Orders may say that they filled before their executions show.
    """
    position, last = observed.position, observed.last_fill_at
    if position is None or observed.held <= 0 or last is None:
        return False
    filled = sum(
        (leg.filled for leg in observed.legs.values() if is_entry_leg(leg.leg)), Decimal(0)
    )
    unseen = max(filled - observed.entered, Decimal(0)) + observed.unseen_exits
    return position.quantity > observed.held + unseen and observed.now - last >= QUIET


def let_go(observed: Observed) -> list[Action]:
    """Withdraw what is ours and rests but the stop; when nothing does, the copy is over."""
    resting: list[Action] = [
        Cancel(leg.leg, link_id)
        for leg in observed.legs.values()
        for link_id in (leg.replaced if leg.leg == STOP and leg.is_open else leg.standing)
    ]
    return resting or [HandOver()]


def withdraw_exits(observed: Observed) -> list[Action]:
    """Nothing is ours any more: what a trader has left on the symbol is not for our exits."""
    return [
        Cancel(leg.leg, link_id)
        for leg in observed.legs.values()
        if not is_entry_leg(leg.leg)
        for link_id in leg.standing
    ]


def withdraw_entries(desired: Desired, observed: Observed) -> list[Action]:
    """Let nothing more be bought that nobody wants, whatever else is not known yet."""
    if desired.may_enter:
        return []
    return [
        Cancel(leg.leg, link_id)
        for leg in observed.legs.values()
        if is_entry_leg(leg.leg)
        for link_id in leg.standing
    ]


def only_stop_stands(observed: Observed) -> bool:
    """Whether nothing of ours rests, or may, but one stop."""
    return not any(
        leg.replaced if leg.leg == STOP else leg.standing for leg in observed.legs.values()
    )


def withdraw_all(observed: Observed) -> list[Action]:
    return [Cancel(leg.leg, link_id) for leg in observed.legs.values() for link_id in leg.standing]


def close(observed: Observed) -> list[Action]:
    """Take the position off at the market, never more of it than is this copy's own.

    A step that has become coarser leaves a last part below it. That is asked for as a whole step:
    reduce-only, the exchange takes no more than is held. Where the trader holds more of their own,
    it would take some of that, so the part is theirs.
    """
    actions: list[Action] = [
        Cancel(leg.leg, leg.link_id)
        for leg in observed.legs.values()
        if leg.leg.startswith(TARGET) and leg.is_open
    ]
    last, position, rules = observed.legs.get(CLOSE), observed.position, observed.rules
    if position is None or rules is None or (last is not None and last.is_open):
        return actions
    held = min(observed.held, position.quantity)
    quantity = to_step_down(min(held, rules.max_market_quantity), rules.step)
    if quantity <= 0 and position.quantity > held:
        return let_go(observed) if is_handed_over(observed) else actions
    actions.append(
        Place(
            CLOSE,
            next_generation(last),
            OrderType.MARKET,
            quantity or rules.step,
            None,
            None,
            None,
            reduce_only=True,
        )
    )
    return actions
