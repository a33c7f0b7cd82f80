"""What the planner is given: what is wanted, what is known of the account, what was seen."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from exchanges.domain.trading import InstrumentFacts, Ticker
from exchanges.domain.venues import Capabilities
from signals.domain.draft import Draft
from signals.domain.following import Rules, Standing
from signals.domain.reasons import Reason
from signals.domain.sizing import Money

MOST_GENERATIONS = 5  # of a target that the exchange cancels again and again


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
    is_left: bool = False  # not wanted any more either, but its position stays as it is
    is_given_up: bool = False  # nor is it ours to sell: somebody else's orders lock its coins

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
    can: Capabilities = field(default_factory=Capabilities)  # of its exchange


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
    was_refused: bool = False  # by the exchange, finally
    trigger: Decimal | None = None  # what the order waits for
    replaced: tuple[str, ...] = ()  # link ids of earlier generations that still stand

    @property
    def standing(self) -> tuple[str, ...]:
        """The link ids of all orders of the leg that rest at the exchange."""
        return ((self.link_id,) if self.is_open else ()) + self.replaced

    @property
    def is_filled(self) -> bool:
        return not self.is_open and self.filled > 0 and self.filled >= self.quantity

    @property
    def is_to_come_back(self) -> bool:
        """Whether a target is placed anew: nobody who may say so wanted it gone."""
        return self.was_forced_out and self.may_come_back

    @property
    def may_come_back(self) -> bool:
        return self.generation + 1 < MOST_GENERATIONS


@dataclass(frozen=True, slots=True)
class Levels:
    """The exchange's position: its size, and its stop, target and trailing distance or None."""

    quantity: Decimal
    stop: Decimal | None
    target: Decimal | None
    trailing: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Observed:
    """What was seen at the exchange; `held` is what the copy's own exits leave open."""

    now: datetime
    ticker: Ticker | None
    rules: InstrumentFacts | None
    legs: dict[str, LegOrder]
    entered: Decimal
    held: Decimal
    position: Levels | None
    unseen_exits: Decimal = Decimal(0)  # filled by their orders' word; taken off `held` already
    entry_average: Decimal | None = None
    last_fill_at: datetime | None = None
    last_bought_at: datetime | None = None  # the last of them on the way in
    own_stop: Decimal | None = None  # set by the trader in the exchange's app: it counts
    targets_asked: frozenset[Decimal] = frozenset()  # every level that we ever gave the position
    trail_activation: Decimal | None = None  # the price that the trailing stop was last given
    refused_activation: Decimal | None = None  # one that it did not take: the price had passed it
    trail_asked: bool = False  # by some revision of the signal: a trailing stop is ours


def next_generation(order: LegOrder | None) -> int:
    """An order that was never sent keeps its name; what the exchange has seen needs a new one."""
    if order is None:
        return 0
    return order.generation + int(order.was_sent)
