"""Holding: keep the position's levels where they belong, and take off what the author asks for."""

from __future__ import annotations

from decimal import Decimal

from exchanges.domain.precision import to_step_down
from exchanges.domain.trading import InstrumentFacts, OrderType
from exchanges.domain.venues import Capabilities, StopKeeping
from signals.domain.actions import Action, Place, SetLevels, SetTrail
from signals.domain.draft import Draft
from signals.domain.legs import REDUCTION, STOP, TARGET
from signals.domain.situation import Account, Desired, LegOrder, Levels, Observed
from signals.domain.stop_orders import keep_stop_order
from signals.domain.stops import stop_level, trail_distance, trail_of
from signals.domain.targets import keep_targets
from signals.domain.ticks import distance_on_tick, stop_on_tick, target_on_tick


def keep_position(desired: Desired, account: Account, observed: Observed) -> list[Action]:
    position, rules = observed.position, observed.rules
    if position is None or rules is None:  # our fills say open, the exchange flat: the exit is near
        return []
    can = account.can
    actions = _keep_stop(desired.signal, can, observed, position, rules)
    held = min(observed.held, position.quantity)
    if reduction := next_reduction(desired, held, observed, rules, rules.min_quantity):
        actions.append(reduction)
    else:  # the targets follow once a reduction has filled
        actions += keep_targets(desired.signal, can, observed, position, rules)
    # Last, for what is refused again and again must keep nothing else from being sent.
    return actions + (_keep_trail(desired.signal, observed, position, rules) if can.trails else [])


def restore_stop(desired: Desired, account: Account, observed: Observed) -> list[Action]:
    """Put a missing stop back, whatever else is not known yet: it takes nothing from anybody."""
    position, rules, order = observed.position, observed.rules, observed.legs.get(STOP)
    if position is None or rules is None or position.stop is not None or observed.held <= 0:
        return []
    if order is not None and (order.is_open or order.is_unresolved):
        return []
    return _keep_stop(desired.signal, account.can, observed, position, rules)


def reached_target(legs: dict[str, LegOrder]) -> int:
    """The number of the furthest target that was taken, 0 for none."""
    numbers = (
        int(leg.leg.removeprefix(TARGET))
        for leg in legs.values()
        if leg.leg.startswith(TARGET) and (leg.is_filled or leg.was_reached)
    )
    return max(numbers, default=0)


def wanted_stop(signal: Draft, observed: Observed, rules: InstrumentFacts) -> Decimal:
    """The stop by the signal's rule, whatever the trader did to it."""
    return stop_level(
        signal,
        entry_average=observed.entry_average,
        reached=reached_target(observed.legs),
        tick=rules.tick,
    )


def _keep_stop(
    signal: Draft,
    can: Capabilities,
    observed: Observed,
    position: Levels,
    rules: InstrumentFacts,
) -> list[Action]:
    if can.stop is StopKeeping.POSITION:
        return _keep_levels(signal, observed, position, rules)
    level = wanted_stop(signal, observed, rules)
    return keep_stop_order(signal, level, observed, position, rules)


def _keep_levels(
    signal: Draft, observed: Observed, position: Levels, rules: InstrumentFacts
) -> list[Action]:
    """What stands as it was asked for stays; what is sent is by the tick as it is now."""
    level, goal = observed.own_stop or wanted_stop(signal, observed, rules), signal.attached_target
    stop, target = stop_on_tick(level, signal.direction, rules.tick), goal
    if goal is not None:
        target = target_on_tick(goal, signal.direction, rules.tick)
    has_own_target = position.target is not None and position.target not in observed.targets_asked
    if position.stop in {level, stop} and (has_own_target or position.target in {goal, target}):
        return []
    # A target of theirs is not sent: what we have asked for ourselves would count as ours.
    return [SetLevels(stop, None if has_own_target else target or Decimal(0))]


def _keep_trail(
    signal: Draft, observed: Observed, position: Levels, rules: InstrumentFacts
) -> list[Action]:
    """Let the stop trail as the signal says; what it does not say any more is taken away."""
    trail, average = trail_of(signal), observed.entry_average
    if trail is None:
        is_left = position.trailing is not None and observed.trail_asked
        return [SetTrail(Decimal(0), None)] if is_left else []
    if average is None:
        return []
    distance, start = trail_distance(trail, base=average, tick=rules.tick), trail.activation
    behind, begin = distance_on_tick(distance, rules.tick), start
    if start is not None:
        begin = target_on_tick(start, signal.direction, rules.tick)
    if observed.refused_activation in {start, begin}:
        start = begin = None  # then it trails from now on
    if position.trailing in {distance, behind} and observed.trail_activation in {start, begin}:
        return []
    return [SetTrail(behind, begin)]


def next_reduction(
    desired: Desired, held: Decimal, observed: Observed, rules: InstrumentFacts, least: Decimal
) -> Place | None:
    """Take off what the author's next unheeded "close n percent" asks for; `least` stays."""
    for reduction in desired.reductions:
        leg = f"{REDUCTION}{reduction.revision}"
        order = observed.legs.get(leg)
        if order is not None and order.is_open:
            return None
        if order is not None and order.was_sent:
            continue
        part = min(held * reduction.percent / 100, held - least)
        part = to_step_down(min(part, rules.max_market_quantity), rules.step)
        if part >= least:
            return Place(leg, 0, OrderType.MARKET, part, None, None, None, reduce_only=True)
    return None
