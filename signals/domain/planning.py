"""The planner: from what is wanted and what is seen to what is to be done, for one copy.

`plan` is pure and level-triggered: publishing, amending, cancelling, closing and repairing are
the same call, and once its actions have taken effect it returns nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from exchanges.domain.trading import InstrumentFacts, OrderType, Ticker
from signals.domain.direction import Direction
from signals.domain.draft import Draft
from signals.domain.reasons import Reason
from signals.domain.sizing import Money, NoSize, Size, quantity_for, share_out, size_entry

ENTRY = "entry"
CLOSE = "close"


def target_leg(position: int) -> str:
    return f"target-{position}"


@dataclass(frozen=True, slots=True)
class Desired:
    """What the signal (and its copy) asks for at its newest revision."""

    signal: Draft
    wants_entry: bool
    wants_position: bool
    entry_deadline: datetime


@dataclass(frozen=True, slots=True)
class Account:
    """What is known of the connection; `leverage` None when it was never read."""

    money: Money | None
    leverage: Decimal | None
    is_hedge: bool
    has_own_business: bool  # a position or order of the trader's own on this symbol
    margin: Decimal | None  # fixed by an earlier plan of the same entry: never grows


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


@dataclass(frozen=True, slots=True)
class Levels:
    """The exchange's position: its size, stop and target (None: it has none)."""

    quantity: Decimal
    stop: Decimal | None
    target: Decimal | None


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


@dataclass(frozen=True, slots=True)
class Skip:
    reason: Reason
    params: dict[str, Decimal]


@dataclass(frozen=True, slots=True)
class Expire:
    reason: Reason


@dataclass(frozen=True, slots=True)
class SetLeverage:
    leverage: Decimal


@dataclass(frozen=True, slots=True)
class Place:
    """Send an order; `margin` is what an entry binds, None for an exit."""

    leg: str
    generation: int
    type: OrderType
    quantity: Decimal
    price: Decimal | None
    stop: Decimal | None
    target: Decimal | None
    reduce_only: bool
    margin: Decimal | None = None


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


Action = Skip | Expire | SetLeverage | Place | Amend | Cancel | SetLevels


def plan(desired: Desired, account: Account, observed: Observed) -> list[Action]:
    """Decide what to do next for one copy; nothing while an order's fate is not known."""
    if any(leg.is_unresolved for leg in observed.legs.values()):
        return []
    entry = observed.legs.get(ENTRY)
    if entry is None or not entry.was_sent:
        return _enter(desired, account, observed)
    actions: list[Action] = []
    if entry.is_open:
        actions += _keep_entry(entry, desired, account, observed)
    if observed.held > 0:
        keep = desired.wants_position
        actions += _keep_position(desired, observed) if keep else _close(observed)
    return actions


def entry_type(signal: Draft, ticker: Ticker) -> OrderType:
    """Market when the price that an entry would pay is inside the range, else a limit."""
    touch = ticker.ask if signal.direction is Direction.LONG else ticker.bid
    inside = signal.entry_low <= touch <= signal.entry_high
    return OrderType.MARKET if inside else OrderType.LIMIT


def worst_price(signal: Draft, ticker: Ticker) -> Decimal:
    """The highest price that the entry can fill at: sizing by it never exceeds the margin."""
    return (
        max(signal.near_edge, ticker.bid)
        if signal.direction is Direction.SHORT
        else (signal.near_edge)
    )


def attached_target(signal: Draft) -> Decimal | None:
    """A single target is attached to the entry; several are orders of their own."""
    return signal.targets[0].price if len(signal.targets) == 1 else None


def _enter(desired: Desired, account: Account, observed: Observed) -> list[Action]:
    if not (desired.wants_entry and desired.wants_position):
        return [Expire(Reason.ENTRY_CANCELLED)]
    if observed.now >= desired.entry_deadline:
        return [Expire(Reason.TOO_LATE)]
    size = decide_size(desired.signal, account, observed)
    if isinstance(size, NoSize):
        return [Skip(size.reason, size.params)]
    ticker = observed.ticker
    if ticker is None:
        raise ValueError("a size needs a price")
    signal = desired.signal
    kind = entry_type(signal, ticker)
    order = Place(
        leg=ENTRY,
        generation=0,
        type=kind,
        quantity=size.quantity,
        price=signal.near_edge if kind is OrderType.LIMIT else None,
        stop=signal.stop,
        target=attached_target(signal),
        reduce_only=False,
        margin=size.margin,
    )
    if account.leverage == signal.leverage:
        return [order]
    return [SetLeverage(signal.leverage), order]


def decide_size(signal: Draft, account: Account, observed: Observed) -> Size | NoSize:
    """Size the entry, or say why this account does not take part; used by the preview as well."""
    refusal = _refusal(signal, account, observed)
    if refusal is not None:
        return refusal
    rules, ticker, money = observed.rules, observed.ticker, account.money
    if rules is None or ticker is None or money is None:
        raise ValueError("refused above")
    price = worst_price(signal, ticker)
    market = entry_type(signal, ticker) is OrderType.MARKET
    size = size_entry(money, price=price, leverage=signal.leverage, rules=rules, market=market)
    if isinstance(size, NoSize) or account.margin is None:
        return size
    margin = min(size.margin, account.margin)
    most = quantity_for(margin, price=price, leverage=signal.leverage, step=rules.step)
    return Size(min(size.quantity, most), margin)


def _refusal(signal: Draft, account: Account, observed: Observed) -> NoSize | None:
    rules, ticker = observed.rules, observed.ticker
    if rules is None or ticker is None:
        return NoSize(Reason.SYMBOL_UNKNOWN, {})
    if rules.status != "Trading":
        return NoSize(Reason.SYMBOL_NOT_TRADABLE, {})
    if account.has_own_business:
        return NoSize(Reason.OWN_POSITION, {})
    if signal.leverage > rules.max_leverage:
        return NoSize(Reason.LEVERAGE_TOO_HIGH, {"maximum": rules.max_leverage})
    if signal.direction.is_beyond(signal.stop, ticker.last):
        return NoSize(Reason.STOP_PASSED, {"price": ticker.last})
    if account.money is None:
        return NoSize(Reason.BALANCE_UNKNOWN, {})
    return None


def _keep_entry(
    entry: LegOrder, desired: Desired, account: Account, observed: Observed
) -> list[Action]:
    if not (desired.wants_entry and desired.wants_position):
        return [Cancel(ENTRY, entry.link_id)]
    signal = desired.signal
    price = signal.near_edge if entry.price is not None else None
    quantity = entry.quantity
    if price is not None and account.margin is not None and observed.rules is not None:
        most = quantity_for(
            account.margin, price=price, leverage=signal.leverage, step=observed.rules.step
        )
        quantity = min(quantity, most)
    if entry.filled >= quantity:
        return [Cancel(ENTRY, entry.link_id)]
    wanted = (price, signal.stop, attached_target(signal))
    if wanted == (entry.price, entry.stop, entry.target) and quantity == entry.quantity:
        return []
    return [
        Amend(
            ENTRY,
            entry.link_id,
            quantity=quantity if quantity != entry.quantity else None,
            price=price if price != entry.price else None,
            stop=signal.stop if signal.stop != entry.stop else None,
            target=_change(entry.target, attached_target(signal)),
        )
    ]


def _change(before: Decimal | None, after: Decimal | None) -> Decimal | None:
    """What an amendment says of a target: None to leave it, zero to take it away."""
    if before == after:
        return None
    return Decimal(0) if after is None else after


def _keep_position(desired: Desired, observed: Observed) -> list[Action]:
    actions: list[Action] = []
    signal, position = desired.signal, observed.position
    if position is None:  # our fills say open, the exchange says flat: the exit is on its way
        return []
    target = attached_target(signal)
    if position.stop != signal.stop or position.target != target:
        actions.append(SetLevels(signal.stop, target or Decimal(0)))
    return actions + _keep_targets(signal, observed)


def _keep_targets(signal: Draft, observed: Observed) -> list[Action]:
    """One reduce-only limit for each of several targets, grown as the entry fills."""
    rules = observed.rules
    if rules is None:
        return []
    several = signal.targets if len(signal.targets) > 1 else ()
    shares = [target.share for target in several]
    parts = (
        share_out(observed.entered, shares, step=rules.step, minimum=rules.min_quantity)
        if several
        else []
    )
    actions: list[Action] = []
    for position, (target, part) in enumerate(zip(several, parts, strict=True), start=1):
        actions += _keep_target(target_leg(position), target.price, part, observed)
    kept = {target_leg(position) for position in range(1, len(several) + 1)}
    for leg in observed.legs.values():
        if leg.leg.startswith("target-") and leg.leg not in kept and leg.is_open:
            actions.append(Cancel(leg.leg, leg.link_id))
    return actions


def _keep_target(leg: str, price: Decimal, part: Decimal, observed: Observed) -> list[Action]:
    order = observed.legs.get(leg)
    if order is None or not order.was_sent:
        if part <= 0:
            return []
        generation = 0
        return [Place(leg, generation, OrderType.LIMIT, part, price, None, None, reduce_only=True)]
    if not order.is_open or (order.price == price and order.quantity == part):
        return []  # what ended is not put back: the trader, or the exchange, ended it
    if part <= order.filled:
        return [Cancel(leg, order.link_id)]
    return [
        Amend(
            leg,
            order.link_id,
            quantity=part if part != order.quantity else None,
            price=price if price != order.price else None,
            stop=None,
            target=None,
        )
    ]


def _close(observed: Observed) -> list[Action]:
    """Take the position off at the market, never more of it than is this copy's own."""
    actions: list[Action] = [
        Cancel(leg.leg, leg.link_id)
        for leg in observed.legs.values()
        if leg.leg.startswith("target-") and leg.is_open
    ]
    last, position, rules = observed.legs.get(CLOSE), observed.position, observed.rules
    if position is None or rules is None or (last is not None and last.is_open):
        return actions
    quantity = min(observed.held, position.quantity, rules.max_market_quantity)
    again = last is not None and last.was_sent
    generation = last.generation + int(again) if last is not None else 0
    actions.append(
        Place(CLOSE, generation, OrderType.MARKET, quantity, None, None, None, reduce_only=True)
    )
    return actions
