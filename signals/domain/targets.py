"""Several targets: reduce-only limits that together take exactly what is held."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from exchanges.domain.precision import to_step_down
from exchanges.domain.trading import InstrumentFacts, OrderType
from exchanges.domain.venues import Capabilities, StopKeeping
from signals.domain.actions import Action, Amend, Cancel, Place
from signals.domain.direction import Direction
from signals.domain.draft import Draft, TargetDraft
from signals.domain.legs import TARGET, target_leg
from signals.domain.situation import LegOrder, Levels, Observed, next_generation
from signals.domain.sizing import share_out
from signals.domain.ticks import target_on_tick


@dataclass(frozen=True, slots=True)
class _Share:
    """What a target that is not over is still to take, in proportion to the others."""

    number: int
    target: TargetDraft
    weight: Decimal


def attached_target(signal: Draft, can: Capabilities) -> Decimal | None:
    """The target that rides on the entry, where the exchange lets one; else it is a limit too."""
    return signal.attached_target if can.stop is StopKeeping.POSITION else None


def keep_targets(
    signal: Draft,
    can: Capabilities,
    observed: Observed,
    position: Levels,
    rules: InstrumentFacts,
) -> list[Action]:
    """One reduce-only limit for each of several targets; together they take all that is held.

    What the trader took off by hand, or the author by percentage, comes off all of them alike.
    """
    actions, kept = list[Action](), set[str]()
    if attached_target(signal, can) is None:
        shares = _shares(signal, can, observed, rules)
        held = min(observed.held, position.quantity)
        weights = [share.weight for share in shares]
        parts = share_out(held, weights, step=rules.step, minimum=rules.min_quantity)
        for share, part in zip(shares, parts, strict=False):
            if share.number <= len(signal.limit_targets):
                actions += _keep_target(share, part, signal.direction, can, observed, rules)
                kept.add(target_leg(share.number))
    for leg in observed.legs.values():
        if leg.leg.startswith(TARGET) and leg.leg not in kept and leg.is_open:
            actions.append(Cancel(leg.leg, leg.link_id))
    return sorted(actions, key=lambda action: not _is_smaller(action, observed))


def target_sales(
    signal: Draft,
    can: Capabilities,
    held: Decimal,
    price: Decimal,
    observed: Observed,
    rules: InstrumentFacts,
    offered: Container[str],
) -> Iterator[Place]:
    """Where none can rest: a limit for each target that `price` has reached, at its own price.

    The legs that are `offered` already have their part of what is held.
    """
    shares = _shares(signal, can, observed, rules)
    shares = [share for share in shares if target_leg(share.number) not in offered]
    weights = [share.weight for share in shares]
    parts = share_out(held, weights, step=rules.step, minimum=rules.min_quantity)
    for share, part in zip(shares, parts, strict=False):
        goal = target_on_tick(share.target.price, signal.direction, rules.tick)
        if part > 0 and signal.direction.is_beyond(price, goal):
            leg = target_leg(share.number)
            generation = next_generation(observed.legs.get(leg))
            yield Place(leg, generation, OrderType.LIMIT, part, goal, None, None, reduce_only=True)


def _is_smaller(action: Action, observed: Observed) -> bool:
    """Bybit cuts reduce-only orders that together exceed the position: what shrinks goes first."""
    if isinstance(action, Cancel):
        return True
    if not isinstance(action, Amend) or action.quantity is None:
        return False
    return action.quantity < observed.legs[action.leg].quantity


def _shares(
    signal: Draft, can: Capabilities, observed: Observed, rules: InstrumentFacts
) -> list[_Share]:
    """The targets that are not over, a runner's share among them."""
    percents = [target.share for target in signal.targets]
    parts = share_out(observed.entered, percents, step=rules.step, minimum=rules.min_quantity)
    shares = []
    for number, (target, part) in enumerate(zip(signal.targets, parts, strict=True), start=1):
        order = observed.legs.get(target_leg(number))
        if order is None or not _is_over(order, can):
            shares.append(_Share(number, target, max(part - _taken(order), Decimal(0))))
    return _of_weight(shares) or _late(signal, observed)


def _taken(order: LegOrder | None) -> Decimal:
    if order is None:
        return Decimal(0)
    return order.filled_before + (order.filled if order.was_sent else Decimal(0))


def _late(signal: Draft, observed: Observed) -> list[_Share]:
    """What an entry bought after all targets were taken goes out at the last of them."""
    number, last = len(signal.targets), signal.targets[-1]
    order = observed.legs.get(target_leg(number))
    return [_Share(number, last, Decimal(1))] if order is not None and order.is_filled else []


def _is_over(order: LegOrder, can: Capabilities) -> bool:
    """Where nothing is amended, what was withdrawn may have been to be placed anew.

    Where none rests, it is offered as often as the price comes, unless the exchange refuses it.
    """
    if not can.rests_targets:
        return order.is_filled or (order.was_refused and not order.may_come_back)
    was_ours = not can.amends and not order.is_filled and order.may_come_back
    return order.was_sent and not order.is_open and not order.is_to_come_back and not was_ours


def _of_weight(shares: Sequence[_Share]) -> list[_Share]:
    """Those with something to take; when rounding left nothing to any, the last takes it all."""
    weighty = [share for share in shares if share.weight > 0]
    if weighty or not shares:
        return weighty
    last = shares[-1]
    return [_Share(last.number, last.target, Decimal(1))]


def _keep_target(
    share: _Share,
    part: Decimal,
    direction: Direction,
    can: Capabilities,
    observed: Observed,
    rules: InstrumentFacts,
) -> list[Action]:
    """What is sent is rounded by the rules as they are now, and what rests as it should stays.

    The size goes down: a step more could take what is the trader's own. The stop keeps the rest.
    """
    leg, wanted = target_leg(share.number), share.target.price
    price = target_on_tick(wanted, direction, rules.tick)
    order = observed.legs.get(leg)
    if order is None or not order.is_open:
        part = to_step_down(part, rules.step)
        if part <= 0:
            return []
        generation = next_generation(order)
        return [Place(leg, generation, OrderType.LIMIT, part, price, None, None, reduce_only=True)]
    quantity = order.filled + part
    if quantity != order.quantity:
        quantity = to_step_down(quantity, rules.step)
    if part > 0 and quantity <= order.filled:  # below a step: it stays, and is cut to what is held
        quantity = order.quantity
    if order.price == wanted:
        price = wanted
    if (order.price, order.quantity) == (price, quantity):
        return []
    if part <= 0 or not can.amends:
        return [Cancel(leg, order.link_id)]
    return [
        Amend(
            leg,
            order.link_id,
            quantity=quantity if quantity != order.quantity else None,
            price=price if price != order.price else None,
            stop=None,
            target=None,
        )
    ]
