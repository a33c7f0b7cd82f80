"""The planner: from what is wanted and what is seen to what is to be done, for one copy.

`plan` is pure and level-triggered: publishing, amending, cancelling, closing and repairing are
the same call, and once its actions have taken effect it returns nothing. It shapes every plan to
what Bybit holds: at most one conditional order of ours waits on a symbol (an entry with a trigger),
stop, target and trailing stop belong to the position, and further targets are plain limits.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from exchanges.domain.precision import to_step_down
from exchanges.domain.trading import InstrumentFacts, OrderType, Ticker
from signals.domain.direction import Direction
from signals.domain.draft import Draft, EntryKind, TargetDraft
from signals.domain.following import Rules, Standing, refusal
from signals.domain.ladder import has_triggered, step_prices, steps_of
from signals.domain.reasons import NoEntry, Reason
from signals.domain.sizing import Money, Size, share_out, size_entry
from signals.domain.stops import stop_level, trail_distance, trail_of

ENTRY = "entry"
CLOSE = "close"
TARGET = "target-"
REDUCTION = "reduce-"
MOST_GENERATIONS = 5  # of a target that the exchange cancels again and again
QUIET = timedelta(seconds=10)  # a position is only called the trader's own work after this silence


def entry_leg(step: int) -> str:
    """The ladder's steps are `entry`, `entry-2`, …: a single entry is its first."""
    return ENTRY if step == 1 else f"{ENTRY}-{step}"


def step_of(leg: str) -> int:
    return 1 if leg == ENTRY else int(leg.removeprefix(f"{ENTRY}-"))


def is_entry_leg(leg: str) -> bool:
    return leg.startswith(ENTRY)


def target_leg(position: int) -> str:
    return f"{TARGET}{position}"


@dataclass(frozen=True, slots=True)
class Reduction:
    """The author's wish, at one revision, to take a percentage of what is held off at once."""

    revision: int
    percent: Decimal


@dataclass(frozen=True, slots=True)
class Desired:
    """What the signal (and its copy) asks for at its newest revision."""

    signal: Draft
    wants_entry: bool
    wants_position: bool
    entry_deadline: datetime  # until then an entry may be sent
    lapse: Reason = Reason.NONE  # why unfilled entries have run out by the signal's own terms
    reductions: tuple[Reduction, ...] = ()

    @property
    def may_enter(self) -> bool:
        return self.wants_entry and self.wants_position and not self.lapse


@dataclass(frozen=True, slots=True)
class Account:
    """What is known of the connection; `leverage` None when it was never read, or has no meaning.

    In portfolio margin there is none to set: the signal's own only makes the size.
    """

    rules: Rules | None
    money: Money | None
    standing: Standing
    author: int  # who wrote the signal
    leverage: Decimal | None
    is_hedge: bool
    has_own_business: bool  # a position or order of the trader's own on this symbol
    margin: Decimal | None  # fixed by an earlier plan of the same entry: never grows
    has_leverage: bool = True


@dataclass(frozen=True, slots=True)
class LegOrder:
    """The newest order of a leg as we know it; `is_open` means resting at the exchange."""

    leg: str
    link_id: str
    generation: int
    is_open: bool
    is_unresolved: bool  # it may or may not have reached the exchange
    was_sent: bool  # False: it surely never took effect
    quantity: Decimal
    filled: Decimal
    price: Decimal | None
    stop: Decimal | None
    target: Decimal | None
    was_forced_out: bool = False  # cancelled by the exchange itself, as before a deleveraging
    filled_before: Decimal = Decimal(0)  # by earlier generations of the leg
    was_reached: bool = False  # one of them was filled whole

    @property
    def is_filled(self) -> bool:
        return not self.is_open and self.filled > 0 and self.filled >= self.quantity

    @property
    def is_to_come_back(self) -> bool:
        """Whether a target is placed anew: nobody who may say so wanted it gone."""
        return self.was_forced_out and self.generation + 1 < MOST_GENERATIONS


@dataclass(frozen=True, slots=True)
class Levels:
    """The exchange's position: its size, and its stop, target and trailing distance or None."""

    quantity: Decimal
    stop: Decimal | None
    target: Decimal | None
    trailing: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Observed:
    """What was seen at the exchange; `held` is what the copy's own fills leave open."""

    now: datetime
    ticker: Ticker | None
    rules: InstrumentFacts | None
    legs: dict[str, LegOrder]
    entered: Decimal
    held: Decimal
    position: Levels | None
    entry_average: Decimal | None = None
    last_fill_at: datetime | None = None
    own_stop: Decimal | None = None  # set by the trader in the exchange's app: it counts
    targets_asked: frozenset[Decimal] = frozenset()  # every level that we ever gave the position
    trail_refused: bool = False  # the exchange did not take its activation price
    trail_asked: bool = False  # by some revision of the signal: a trailing stop is ours


@dataclass(frozen=True, slots=True)
class Skip:
    reason: Reason
    params: dict[str, Decimal]


@dataclass(frozen=True, slots=True)
class Expire:
    reason: Reason


@dataclass(frozen=True, slots=True)
class HandOver:
    """The position is the trader's own business from now on; its stop stays at the exchange."""


@dataclass(frozen=True, slots=True)
class SetLeverage:
    leverage: Decimal


@dataclass(frozen=True, slots=True)
class Place:
    """Send an order; `margin` is what an entry binds in all, None for an exit."""

    leg: str
    generation: int
    type: OrderType
    quantity: Decimal
    price: Decimal | None
    stop: Decimal | None
    target: Decimal | None
    reduce_only: bool
    margin: Decimal | None = None
    leverage: Decimal | None = None
    trigger: Decimal | None = None
    trigger_rises: bool = False


@dataclass(frozen=True, slots=True)
class Amend:
    """Bring a resting order to these values; None leaves one as it is."""

    leg: str
    link_id: str
    quantity: Decimal | None
    price: Decimal | None
    stop: Decimal | None
    target: Decimal | None


@dataclass(frozen=True, slots=True)
class Cancel:
    leg: str
    link_id: str


@dataclass(frozen=True, slots=True)
class SetLevels:
    """Give the position this stop and this target (zero takes a target away)."""

    stop: Decimal
    target: Decimal


@dataclass(frozen=True, slots=True)
class SetTrail:
    """Let a stop trail by `distance` (zero: none), from `activation` on or from now."""

    distance: Decimal
    activation: Decimal | None


Action = Skip | Expire | HandOver | SetLeverage | Place | Amend | Cancel | SetLevels | SetTrail


def plan(desired: Desired, account: Account, observed: Observed) -> list[Action]:
    """Decide what to do next for one copy; nothing while an order's fate is not known."""
    if any(leg.is_unresolved for leg in observed.legs.values()):
        return []
    entries = [leg for leg in observed.legs.values() if is_entry_leg(leg.leg)]
    if not any(leg.was_sent for leg in entries):
        return _enter(desired, account, observed)
    if desired.wants_position and _is_handed_over(observed):
        return _let_go(observed)
    actions: list[Action] = []
    for entry in entries:
        actions += _keep_entry(entry, desired, observed)
    if observed.held > 0:
        keep = desired.wants_position
        actions += _keep_position(desired, observed) if keep else _close(observed)
    return actions


# --- going in ------------------------------------------------------------------------------------


def _enter(desired: Desired, account: Account, observed: Observed) -> list[Action]:
    if not desired.may_enter:
        return [Expire(desired.lapse or Reason.ENTRY_CANCELLED)]
    if observed.now >= desired.entry_deadline:
        return [Expire(Reason.TOO_LATE)]
    signal, ticker = desired.signal, observed.ticker
    if ticker is None:
        return [Skip(Reason.SYMBOL_UNKNOWN, {})]
    size = decide_size(signal, account, observed)
    if isinstance(size, NoEntry):
        return [Skip(size.reason, size.params)]
    orders = list(_orders(signal, size, ticker))
    if account.leverage == size.leverage or not account.has_leverage:
        return [*orders]
    return [SetLeverage(size.leverage), *orders]


def _orders(signal: Draft, size: Size, ticker: Ticker) -> Iterator[Place]:
    kind = entry_type(signal, ticker)
    waits = signal.entry.kind is EntryKind.TRIGGER and not has_triggered(signal, ticker.last)
    for part in size.parts:
        yield Place(
            leg=entry_leg(part.step),
            generation=0,
            type=kind,
            quantity=part.quantity,
            price=part.price if kind is OrderType.LIMIT else None,
            stop=signal.stop,
            target=signal.attached_target,
            reduce_only=False,
            margin=size.margin,
            leverage=size.leverage,
            trigger=signal.entry.trigger if waits else None,
            trigger_rises=bool(signal.entry.trigger_rises),
        )


def is_inside(signal: Draft, ticker: Ticker) -> bool:
    """Whether the price that an entry would pay lies inside the range."""
    touch = ticker.ask if signal.direction is Direction.LONG else ticker.bid
    return signal.entry_low <= touch <= signal.entry_high


def entry_type(signal: Draft, ticker: Ticker) -> OrderType:
    """Market when the signal's kind allows it and the price is inside the range, else a limit."""
    at_once = signal.entry.kind in {EntryKind.AUTO, EntryKind.MARKET}
    return OrderType.MARKET if at_once and is_inside(signal, ticker) else OrderType.LIMIT


def decide_size(signal: Draft, account: Account, observed: Observed) -> Size | NoEntry:
    """Size the entry, or say why this account does not take part; used by the preview as well."""
    instrument, ticker = observed.rules, observed.ticker
    rules, money = account.rules, account.money
    if instrument is None or ticker is None:
        return NoEntry(Reason.SYMBOL_UNKNOWN)
    if rules is None:
        return NoEntry(Reason.SIZING_MISSING)
    if money is None:
        return NoEntry(Reason.BALANCE_UNKNOWN)
    refused = refusal(
        rules,
        signal,
        account.author,
        standing=account.standing,
        equity=money.equity,
        ticker=ticker,
    ) or _market_refusal(signal, account, instrument, ticker)
    if refused is not None:
        return refused
    return size_entry(
        rules,
        money,
        steps_of(signal, tick=instrument.tick, ticker=ticker),
        stop=signal.stop,
        leverage=rules.leverage_for(signal),
        instrument=instrument,
        market=entry_type(signal, ticker) is OrderType.MARKET,
        most_margin=account.margin,
    )


def _market_refusal(
    signal: Draft, account: Account, instrument: InstrumentFacts, ticker: Ticker
) -> NoEntry | None:
    if instrument.status != "Trading":
        return NoEntry(Reason.SYMBOL_NOT_TRADABLE)
    if account.has_own_business:
        return NoEntry(Reason.OWN_POSITION)
    if signal.leverage > instrument.max_leverage:
        return NoEntry(Reason.LEVERAGE_TOO_HIGH, {"maximum": instrument.max_leverage})
    if signal.direction.is_beyond(signal.stop, ticker.last):
        return NoEntry(Reason.STOP_PASSED, {"price": ticker.last})
    if signal.entry.kind is EntryKind.MARKET and not is_inside(signal, ticker):
        return NoEntry(Reason.PRICE_OUTSIDE, {"price": ticker.last})
    return None


def _keep_entry(entry: LegOrder, desired: Desired, observed: Observed) -> list[Action]:
    """Bring a resting entry to the newest revision; a step that never arrived is sent again."""
    if not entry.was_sent:
        return _send_again(entry, desired, observed)
    if not entry.is_open:
        return []
    is_over = observed.entered > 0 and observed.held <= 0
    if not desired.may_enter or is_over:
        return [Cancel(entry.leg, entry.link_id)]
    price, quantity = _entry_terms(entry, desired.signal, observed.rules)
    if entry.filled >= quantity:
        return [Cancel(entry.leg, entry.link_id)]
    stop, target = _carried_stop(price, desired.signal, observed), desired.signal.attached_target
    if (price, quantity, stop, target) == (entry.price, entry.quantity, entry.stop, entry.target):
        return []
    return [
        Amend(
            entry.leg,
            entry.link_id,
            quantity=quantity if quantity != entry.quantity else None,
            price=price if price != entry.price else None,
            stop=stop if stop != entry.stop else None,
            target=_change(entry.target, target),
        )
    ]


def _entry_terms(
    entry: LegOrder, signal: Draft, rules: InstrumentFacts | None
) -> tuple[Decimal | None, Decimal]:
    """Price and size after an amendment: a dearer price never costs more than was planned."""
    if entry.price is None or rules is None:
        return entry.price, entry.quantity
    price = step_prices(signal, tick=rules.tick)[step_of(entry.leg) - 1]
    if price <= entry.price:
        return price, entry.quantity
    return price, to_step_down(entry.quantity * entry.price / price, rules.step)


def _carried_stop(price: Decimal | None, signal: Draft, observed: Observed) -> Decimal:
    """The stop that an entry brings along; Bybit gives it to the whole position when it fills.

    The trader's own one goes along where the exchange takes it: on the losing side of the entry.
    """
    own = observed.own_stop
    if own is None or price is None or signal.direction.is_beyond(own, price):
        return signal.stop
    return own


def _send_again(entry: LegOrder, desired: Desired, observed: Observed) -> list[Action]:
    """A ladder's step that surely never arrived, as it was planned, while there is time.

    A step of no size was left out by a newer plan.
    """
    is_over = observed.entered > 0 and observed.held <= 0
    if entry.quantity <= 0 or not desired.may_enter or is_over:
        return []
    if observed.now >= desired.entry_deadline:
        return []
    price, quantity = _entry_terms(entry, desired.signal, observed.rules)
    signal = desired.signal
    return [
        Place(
            entry.leg,
            entry.generation,
            OrderType.LIMIT,
            quantity,
            price,
            _carried_stop(price, signal, observed),
            signal.attached_target,
            reduce_only=False,
        )
    ]


def _change(before: Decimal | None, after: Decimal | None) -> Decimal | None:
    """What an amendment says of a target: None to leave it, zero to take it away."""
    if before == after:
        return None
    return Decimal(0) if after is None else after


# --- holding -------------------------------------------------------------------------------------


def _keep_position(desired: Desired, observed: Observed) -> list[Action]:
    position, rules = observed.position, observed.rules
    if position is None or rules is None:  # our fills say open, the exchange flat: the exit is near
        return []
    actions = _keep_levels(desired.signal, observed, position, rules)
    reduction = _reduce(desired, observed, position, rules)
    if reduction:
        return actions + reduction  # the targets follow once it has filled
    return actions + _keep_targets(desired.signal, observed, position, rules)


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


def _keep_levels(
    signal: Draft, observed: Observed, position: Levels, rules: InstrumentFacts
) -> list[Action]:
    stop = observed.own_stop or wanted_stop(signal, observed, rules)
    target, actions = signal.attached_target, list[Action]()
    has_own_target = position.target is not None and position.target not in observed.targets_asked
    wrong_target = position.target != target and not has_own_target
    if position.stop != stop or wrong_target:
        kept = position.target if has_own_target else target
        actions.append(SetLevels(stop, kept or Decimal(0)))
    return actions + _keep_trail(signal, observed, position, rules)


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
    distance = trail_distance(trail, base=average, tick=rules.tick)
    if position.trailing == distance:
        return []
    return [SetTrail(distance, None if observed.trail_refused else trail.activation)]


def _reduce(
    desired: Desired, observed: Observed, position: Levels, rules: InstrumentFacts
) -> list[Action]:
    """Take off what the author's next unheeded "close n percent" asks for."""
    for reduction in desired.reductions:
        leg = f"{REDUCTION}{reduction.revision}"
        order = observed.legs.get(leg)
        if order is not None and order.is_open:
            return []
        if order is not None and order.was_sent:
            continue
        held = min(observed.held, position.quantity)
        part = to_step_down(held * reduction.percent / 100, rules.step)
        part = min(part, held - rules.min_quantity, rules.max_market_quantity)
        if part >= rules.min_quantity:
            return [
                Place(leg, 0, OrderType.MARKET, part, None, None, None, reduce_only=True),
            ]
    return []


@dataclass(frozen=True, slots=True)
class _Share:
    """What a target that is not over is still to take, in proportion to the others."""

    number: int
    target: TargetDraft
    weight: Decimal


def _keep_targets(
    signal: Draft, observed: Observed, position: Levels, rules: InstrumentFacts
) -> list[Action]:
    """One reduce-only limit for each of several targets; together they take all that is held.

    What the trader took off by hand, or the author by percentage, comes off all of them alike.
    """
    actions, kept = list[Action](), set[str]()
    if signal.attached_target is None:
        shares = _shares(signal, observed, rules)
        held = min(observed.held, position.quantity)
        weights = [share.weight for share in shares]
        parts = share_out(held, weights, step=rules.step, minimum=rules.min_quantity)
        for share, part in zip(shares, parts, strict=False):
            if share.number <= len(signal.limit_targets):
                actions += _keep_target(share, part, observed)
                kept.add(target_leg(share.number))
    for leg in observed.legs.values():
        if leg.leg.startswith(TARGET) and leg.leg not in kept and leg.is_open:
            actions.append(Cancel(leg.leg, leg.link_id))
    return sorted(actions, key=lambda action: not _is_smaller(action, observed))


def _is_smaller(action: Action, observed: Observed) -> bool:
    """Bybit cuts reduce-only orders that together exceed the position: what shrinks goes first."""
    if isinstance(action, Cancel):
        return True
    if not isinstance(action, Amend) or action.quantity is None:
        return False
    return action.quantity < observed.legs[action.leg].quantity


def _shares(signal: Draft, observed: Observed, rules: InstrumentFacts) -> list[_Share]:
    """The targets that are not over, a runner's share among them."""
    percents = [target.share for target in signal.targets]
    parts = share_out(observed.entered, percents, step=rules.step, minimum=rules.min_quantity)
    shares = []
    for number, (target, part) in enumerate(zip(signal.targets, parts, strict=True), start=1):
        order = observed.legs.get(target_leg(number))
        if order is None or not _is_over(order):
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


def _is_over(order: LegOrder) -> bool:
    return order.was_sent and not order.is_open and not order.is_to_come_back


def _of_weight(shares: Sequence[_Share]) -> list[_Share]:
    """Those with something to take; when rounding left nothing to any, the last takes it all."""
    weighty = [share for share in shares if share.weight > 0]
    if weighty or not shares:
        return weighty
    last = shares[-1]
    return [_Share(last.number, last.target, Decimal(1))]


def _keep_target(share: _Share, part: Decimal, observed: Observed) -> list[Action]:
    leg, price = target_leg(share.number), share.target.price
    order = observed.legs.get(leg)
    if order is None or not order.is_open:
        if part <= 0:
            return []
        generation = _next_generation(order)
        return [Place(leg, generation, OrderType.LIMIT, part, price, None, None, reduce_only=True)]
    quantity = order.filled + part
    if (order.price, order.quantity) == (price, quantity):
        return []
    if part <= 0:
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


def _next_generation(order: LegOrder | None) -> int:
    """An order that was never sent keeps its name; what the exchange has seen needs a new one."""
    if order is None:
        return 0
    return order.generation + int(order.was_sent)


# --- going out -----------------------------------------------------------------------------------


def _is_handed_over(observed: Observed) -> bool:
    """Whether the trader added to the position: more is held than our orders account for.

    Orders may say that they filled before their executions show.
    """
    position, last = observed.position, observed.last_fill_at
    if position is None or observed.held <= 0 or last is None:
        return False
    filled = sum(
        (leg.filled for leg in observed.legs.values() if is_entry_leg(leg.leg)), Decimal(0)
    )
    unseen = max(filled - observed.entered, Decimal(0))
    return position.quantity > observed.held + unseen and observed.now - last >= QUIET


def _let_go(observed: Observed) -> list[Action]:
    """Withdraw what is ours and rests; when nothing does, the copy is over."""
    resting: list[Action] = [
        Cancel(leg.leg, leg.link_id) for leg in observed.legs.values() if leg.is_open
    ]
    return resting or [HandOver()]


def _close(observed: Observed) -> list[Action]:
    """Take the position off at the market, never more of it than is this copy's own."""
    actions: list[Action] = [
        Cancel(leg.leg, leg.link_id)
        for leg in observed.legs.values()
        if leg.leg.startswith(TARGET) and leg.is_open
    ]
    last, position, rules = observed.legs.get(CLOSE), observed.position, observed.rules
    if position is None or rules is None or (last is not None and last.is_open):
        return actions
    quantity = min(observed.held, position.quantity, rules.max_market_quantity)
    actions.append(
        Place(
            CLOSE,
            _next_generation(last),
            OrderType.MARKET,
            quantity,
            None,
            None,
            None,
            reduce_only=True,
        )
    )
    return actions
