"""What is declared of an exchange's product: what it can do, and what its requests are held to."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class StopKeeping(StrEnum):
    """How an exchange keeps the stop of what is held."""

    POSITION = "position"  # a level of the position's own, which comes with the entry
    ORDER = "order"  # a reducing order, which there can be once something is held
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a copy may ask of a venue. The defaults can do everything that a signal says.

    `has_shorts` and `has_leverage`: a spot account has neither. `rests_targets`: whether targets
    can rest beside the stop; on a spot market both would lock the same coins, so that each is
    watched for and sold when the price is there.
    """

    has_shorts: bool = True
    has_leverage: bool = True
    stop: StopKeeping = StopKeeping.POSITION
    buys_at_market: bool = True
    waits_for_trigger: bool = True  # an entry that rests until the price has crossed a level
    rests_targets: bool = True
    amends: bool = True  # a resting order; else it is withdrawn and placed anew
    trails: bool = True
    hedges: bool = True  # takes orders of accounts in hedge mode, where there are any
    tells_results: bool = True  # a list of what each exit has brought in; else it is reckoned

    @property
    def holds_coins(self) -> bool:
        """Whether what is held are coins, which lie among the trader's own: a spot account."""
        return not self.rests_targets

    def lacks(self) -> list[str]:
        """What signals may ask for and is not there, by names that `exchanges.choices` words."""
        missing = {
            "shorts": not self.has_shorts,
            "leverage": not self.has_leverage,
            "stop": self.stop is StopKeeping.NONE,
            "stop_level": self.stop is StopKeeping.ORDER,
            "market_entries": not self.buys_at_market,
            "trigger_entries": not self.waits_for_trigger,
            "targets": not self.rests_targets,
            "amending": not self.amends,
            "trailing": not self.trails,
            "hedges": not self.hedges,
        }
        return [name for name, is_missing in missing.items() if is_missing]


@dataclass(frozen=True, slots=True)
class Limits:
    """What may be sent: by one address in any span, and by one account in any second.

    `weight` is the address's: a request weighs one where its exchange does not say otherwise.
    `entry`: what the order weighs that enters; `look`: all requests of a full look at one market
    that has been traded for days. An account's writes count together, one each, and so do its
    reads; None: they are not counted.
    """

    weight: int
    window_ms: int
    account_writes: int
    account_reads: int | None = None
    entry: int = 1
    look: int = 1


@dataclass(frozen=True, slots=True)
class VenueFacts:
    """`environments`: those that it offers, and `sandbox` where we have one.

    `limits`: None where the settings say them. `accepts_seconds`: how long after its timestamp a
    signed request is taken; None where each request says so itself (`RECV_WINDOW_MS`).
    `matches_seconds`: how long what was taken may be on its way to the matching engine.
    `reads_by_markets`: whether a process must know its markets to understand its accounts.
    `tells_rights`: whether it says what a key may do, without which none may be linked.
    """

    environments: tuple[str, ...]
    needs_passphrase: bool = False
    capabilities: Capabilities = field(default_factory=Capabilities)
    limits: Limits | None = None
    accepts_seconds: float | None = None
    matches_seconds: float = 0.0
    reads_by_markets: bool = False
    tells_rights: bool = True

    @property
    def carries_signals(self) -> bool:
        """Whether keys can be judged here, and a trade can have a stop."""
        return self.tells_rights and self.capabilities.stop is not StopKeeping.NONE

    def fence_seconds(self, recv_window: float) -> float:
        """Seconds after a request's timestamp until it is refused, or shows, for certain."""
        accepted = recv_window if self.accepts_seconds is None else self.accepts_seconds
        return accepted + self.matches_seconds
