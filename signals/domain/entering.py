"""Going in: size an entry, place its orders, and keep them at the newest revision."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from exchanges.domain.precision import to_step_down
from exchanges.domain.trading import InstrumentFacts, OrderType, Ticker
from exchanges.domain.venues import Capabilities, StopKeeping
from signals.domain.actions import Action, Amend, Cancel, Expire, Place, SetLeverage, Skip
from signals.domain.coins import entry_rules
from signals.domain.direction import Direction
from signals.domain.draft import Draft, EntryKind
from signals.domain.feasibility import obstacle
from signals.domain.following import SizingMode, refusal
from signals.domain.ladder import has_triggered, step_prices, steps_of
from signals.domain.legs import entry_leg, step_of
from signals.domain.reasons import NoEntry, Reason
from signals.domain.situation import Account, Desired, LegOrder, Observed
from signals.domain.sizing import TAKER_FEE, Size, size_entry
from signals.domain.targets import attached_target


def enter(desired: Desired, account: Account, observed: Observed) -> list[Action]:
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
    orders = list(_orders(signal, size, ticker, account.can))
    is_settable = account.has_leverage and account.can.has_leverage
    if account.leverage == size.leverage or not is_settable:
        return [*orders]
    return [SetLeverage(size.leverage), *orders]


def _orders(signal: Draft, size: Size, ticker: Ticker, can: Capabilities) -> Iterator[Place]:
    kind = entry_type(signal, ticker, can)
    waits = signal.entry.kind is EntryKind.TRIGGER and not has_triggered(signal, ticker.last)
    for part in size.parts:
        yield Place(
            leg=entry_leg(part.step),
            generation=0,
            type=kind,
            quantity=part.quantity,
            price=part.price if kind is OrderType.LIMIT else None,
            stop=signal.stop if can.stop is StopKeeping.POSITION else None,
            target=attached_target(signal, can),
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


def entry_type(signal: Draft, ticker: Ticker, can: Capabilities) -> OrderType:
    """Market when the signal's kind allows it and the price is inside the range, else a limit."""
    at_once = can.buys_at_market and signal.entry.kind in {EntryKind.AUTO, EntryKind.MARKET}
    return OrderType.MARKET if at_once and is_inside(signal, ticker) else OrderType.LIMIT


def decide_size(signal: Draft, account: Account, observed: Observed) -> Size | NoEntry:
    """Size the entry, or say why this account does not take part; used by the preview as well."""
    instrument, ticker = observed.rules, observed.ticker
    rules, money = account.rules, account.money
    if instrument is None or ticker is None:
        return NoEntry(Reason.SYMBOL_UNKNOWN)
    if reason := obstacle(signal, account.can):
        return NoEntry(reason)
    if account.is_hedge and not account.can.hedges:
        return NoEntry(Reason.HEDGE_UNSUPPORTED)
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
    size = size_entry(
        rules,
        money,
        steps_of(signal, tick=instrument.tick, ticker=ticker),
        stop=signal.stop,
        leverage=rules.leverage_for(signal) if account.can.has_leverage else Decimal(1),
        instrument=entry_rules(instrument, signal.stop) if account.can.holds_coins else instrument,
        market=entry_type(signal, ticker, account.can) is OrderType.MARKET,
        most_margin=account.margin,
    )
    return _one_stop_holds(size, account.can, instrument)


def _one_stop_holds(
    size: Size | NoEntry, can: Capabilities, instrument: InstrumentFacts
) -> Size | NoEntry:
    """Refuse more than one market order can take off, where the stop is such an order."""
    most = instrument.max_market_quantity
    if can.stop is StopKeeping.ORDER and isinstance(size, Size) and size.quantity > most:
        return NoEntry(Reason.SIZE_TOO_LARGE, {"quantity": size.quantity, "maximum": most})
    return size


def _market_refusal(
    signal: Draft, account: Account, instrument: InstrumentFacts, ticker: Ticker
) -> NoEntry | None:
    if not instrument.is_tradable:
        return NoEntry(Reason.SYMBOL_NOT_TRADABLE)
    if instrument.delivery_at is not None:
        return NoEntry(Reason.SYMBOL_LEAVES)
    if account.has_own_business:
        return NoEntry(Reason.OWN_POSITION)
    if account.can.has_leverage and signal.leverage > instrument.max_leverage:
        return NoEntry(Reason.LEVERAGE_TOO_HIGH, {"maximum": instrument.max_leverage})
    if signal.direction.is_beyond(signal.stop, ticker.last):
        return NoEntry(Reason.STOP_PASSED, {"price": ticker.last})
    if signal.entry.kind is EntryKind.MARKET and not is_inside(signal, ticker):
        return NoEntry(Reason.PRICE_OUTSIDE, {"price": ticker.last})
    return None


def keep_entry(
    entry: LegOrder, desired: Desired, account: Account, observed: Observed
) -> list[Action]:
    """Bring a resting entry to the newest revision; a step that never arrived is sent again."""
    if not entry.was_sent:
        return _send_again(entry, desired, account.can, observed)
    if not entry.is_open:
        return []
    is_over = observed.entered > 0 and observed.held <= 0
    if not desired.may_enter or is_over:
        return [Cancel(entry.leg, entry.link_id)]
    price, quantity = _entry_terms(entry, desired.signal, observed.rules)
    stop = _carried_stop(price, desired.signal, account.can, observed)
    if (
        stop is not None
        and account.rules is not None
        and account.rules.mode is SizingMode.RISK_PERCENT
    ):
        quantity = min(quantity, _same_risk(entry, price, stop, observed.rules))
    if entry.filled >= quantity:
        return [Cancel(entry.leg, entry.link_id)]
    target = attached_target(desired.signal, account.can)
    if account.can.stop is not StopKeeping.POSITION:  # what its trader hangs on it is theirs
        stop, target = entry.stop, entry.target
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


def _same_risk(
    entry: LegOrder, price: Decimal | None, stop: Decimal, rules: InstrumentFacts | None
) -> Decimal:
    """The size that loses no more at the new stop than the order would at its present one."""
    if entry.price is None or entry.stop is None or price is None or rules is None:
        return entry.quantity
    before = abs(entry.price - entry.stop) + TAKER_FEE * (entry.price + entry.stop)
    after = abs(price - stop) + TAKER_FEE * (price + stop)
    return to_step_down(entry.quantity * min(before / after, Decimal(1)), rules.step)


def _carried_stop(
    price: Decimal | None, signal: Draft, can: Capabilities, observed: Observed
) -> Decimal | None:
    """The stop that an entry brings along; Bybit gives it to the whole position when it fills.

    The trader's own one goes along where the exchange takes it: on the losing side of the entry.
    """
    if can.stop is not StopKeeping.POSITION:
        return None
    own = observed.own_stop
    if own is None or price is None or signal.direction.is_beyond(own, price):
        return signal.stop
    return own


def _send_again(
    entry: LegOrder, desired: Desired, can: Capabilities, observed: Observed
) -> list[Action]:
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
            _carried_stop(price, signal, can, observed),
            attached_target(signal, can),
            reduce_only=False,
        )
    ]


def _change(before: Decimal | None, after: Decimal | None) -> Decimal | None:
    """What an amendment says of a target: None to leave it, zero to take it away."""
    if before == after:
        return None
    return Decimal(0) if after is None else after
