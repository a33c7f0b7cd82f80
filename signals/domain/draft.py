"""What an author writes: a signal as a value."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum

from signals.domain.direction import Direction

MOST_TARGETS = 10
MOST_STEPS = 10
WHOLE = Decimal(100)


class EntryKind(StrEnum):
    """How a signal is entered; nobody ever pays more than the range's near edge."""

    AUTO = "auto"  # at the market while the price is inside the range, else as LIMIT
    MARKET = "market"  # at the market while the price is inside the range, else not at all
    LIMIT = "limit"  # one order at the near edge
    LADDER = "ladder"  # several orders from the near edge to the far one
    TRIGGER = "trigger"  # as LIMIT, but only once the price has crossed a level


class Weighting(StrEnum):
    """How a ladder's money is spread over its steps, nearest first."""

    EQUAL = "equal"
    LINEAR = "linear"  # 1, 2, 3 …: more at the better prices
    CUSTOM = "custom"


class StopKind(StrEnum):
    FIXED = "fixed"
    BREAK_EVEN = "break_even"  # after target `after`: to the entry's average plus fees
    FOLLOW = "follow"  # from target `after` on: to the target before the last one reached
    TRAILING = "trailing"  # behind the best price, by `trail`


@dataclass(frozen=True, slots=True)
class Entry:
    """The way in; `weights` for CUSTOM only, `trigger` in quote units for TRIGGER only.

    `trigger_rises` says from which side the level is crossed: it is fixed when the signal is
    published, so that an account that comes later waits for the same crossing.
    """

    kind: EntryKind = EntryKind.AUTO
    steps: int = 1
    weighting: Weighting = Weighting.EQUAL
    weights: tuple[Decimal, ...] = ()
    trigger: Decimal | None = None
    trigger_rises: bool | None = None


@dataclass(frozen=True, slots=True)
class Trail:
    """A distance that a stop keeps behind the best price: in quote units, or in percent.

    Exactly one of the two is given. `activation` is the price from which on it trails; None means
    from the entry on.
    """

    distance: Decimal | None = None
    percent: Decimal | None = None
    activation: Decimal | None = None


@dataclass(frozen=True, slots=True)
class StopRule:
    kind: StopKind = StopKind.FIXED
    after: int = 1  # the target that sets the move off, 1 being the nearest
    trail: Trail | None = None


@dataclass(frozen=True, slots=True)
class Expiry:
    """When what is not filled is withdrawn; what is filled goes on."""

    after: timedelta | None = None  # since the publication
    at_first_target: bool = True  # when the first target is reached before the entry
    beyond_percent: Decimal | None = None  # when the price has left the near edge by this much


@dataclass(frozen=True, slots=True)
class TargetDraft:
    """A price and the share of the position, in percent, that is taken there."""

    price: Decimal
    share: Decimal


@dataclass(frozen=True, slots=True)
class Draft:
    """A signal as written; prices in quote units. The range may be written high-first.

    With a `runner` the last target is not taken at its price: from there on its share trails.
    """

    symbol: str
    direction: Direction
    leverage: Decimal
    entry_low: Decimal
    entry_high: Decimal
    stop: Decimal
    targets: tuple[TargetDraft, ...]
    note: str = ""
    entry: Entry = field(default_factory=Entry)
    stop_rule: StopRule = field(default_factory=StopRule)
    runner: Trail | None = None
    expiry: Expiry = field(default_factory=Expiry)

    def ordered(self) -> Draft:
        """The same signal with its range low-first and its targets nearest-first."""
        low, high = sorted((self.entry_low, self.entry_high))
        targets = sorted(self.targets, key=lambda target: target.price * self.direction.sign)
        return replace(self, entry_low=low, entry_high=high, targets=tuple(targets))

    @property
    def near_edge(self) -> Decimal:
        """The edge of the range that the price meets first: upper for a long, lower for a short."""
        return self.entry_high if self.direction is Direction.LONG else self.entry_low

    @property
    def far_edge(self) -> Decimal:
        return self.entry_low if self.direction is Direction.LONG else self.entry_high

    @property
    def limit_targets(self) -> tuple[TargetDraft, ...]:
        """The targets that are taken at their price: all but a runner."""
        return self.targets[:-1] if self.runner is not None else self.targets

    @property
    def attached_target(self) -> Decimal | None:
        """A single target rides on the entry order; several are orders of their own."""
        single = len(self.targets) == 1 and self.runner is None
        return self.targets[0].price if single else None
