"""What a follower allows on one connection, and whether a signal may be entered under it."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from exchanges.domain.trading import Ticker
from signals.domain.direction import Direction
from signals.domain.draft import Draft
from signals.domain.reasons import NoEntry, Reason


class SizingMode(StrEnum):
    FIXED_MARGIN = "fixed_margin"  # USDT of margin
    FIXED_NOTIONAL = "fixed_notional"  # USDT of position
    EQUITY_PERCENT = "equity_percent"  # percent of the equity, as margin
    RISK_PERCENT = "risk_percent"  # percent of the equity that is lost at the stop


@dataclass(frozen=True, slots=True)
class Rules:
    """A connection's settings; None or empty means: no such limit. USDT unless said otherwise."""

    mode: SizingMode
    amount: Decimal
    multiplier: Decimal = Decimal(1)
    max_leverage: Decimal | None = None
    max_notional: Decimal | None = None  # per trade: a greater one is made smaller
    max_exposure: Decimal | None = None  # of all copies together: what would exceed it is skipped
    max_copies: int | None = None
    min_equity: Decimal | None = None
    max_equity: Decimal | None = None
    allowed_symbols: frozenset[str] = field(default_factory=frozenset)
    denied_symbols: frozenset[str] = field(default_factory=frozenset)
    only_side: Direction | None = None
    authors: frozenset[int] = field(default_factory=frozenset)
    max_slippage_percent: Decimal | None = None
    reserve_percent: Decimal = Decimal(0)  # of the free balance, never used

    def leverage_for(self, signal: Draft) -> Decimal:
        """The signal's leverage, or the follower's cap where that is lower."""
        return min(signal.leverage, self.max_leverage or signal.leverage)


@dataclass(frozen=True, slots=True)
class Standing:
    """How many other copies the connection has; `halted` names the brake that is on."""

    copies: int = 0
    halted: Reason = Reason.NONE


def refusal(
    rules: Rules,
    signal: Draft,
    author: int,
    *,
    standing: Standing,
    equity: Decimal,
    ticker: Ticker,
) -> NoEntry | None:
    """Why this follower does not take part, or None; sizes are judged later."""
    if standing.halted:
        return NoEntry(standing.halted)
    if is_out_of_seed(rules, equity):
        return NoEntry(Reason.SEED_LIMIT, {"equity": equity})
    if not _wants_symbol(rules, signal.symbol):
        return NoEntry(Reason.SYMBOL_NOT_WANTED)
    if rules.only_side not in {None, signal.direction}:
        return NoEntry(Reason.SIDE_NOT_WANTED)
    if rules.authors and author not in rules.authors:
        return NoEntry(Reason.AUTHOR_NOT_FOLLOWED)
    if rules.max_copies is not None and standing.copies >= rules.max_copies:
        return NoEntry(Reason.TOO_MANY_COPIES, {"maximum": Decimal(rules.max_copies)})
    away = percent_away(signal, ticker)
    if rules.max_slippage_percent is not None and away > rules.max_slippage_percent:
        return NoEntry(Reason.PRICE_AWAY, {"percent": away.quantize(Decimal("0.01"))})
    return None


def is_out_of_seed(rules: Rules, equity: Decimal) -> bool:
    """Whether the account is below its smallest or above its greatest seed."""
    below = rules.min_equity is not None and equity < rules.min_equity
    above = rules.max_equity is not None and equity > rules.max_equity
    return below or above


def percent_away(signal: Draft, ticker: Ticker) -> Decimal:
    """How far the price has run past the near edge, in percent of it; 0 inside the range."""
    touch = ticker.ask if signal.direction is Direction.LONG else ticker.bid
    run = (touch - signal.near_edge) * signal.direction.sign
    return max(run, Decimal(0)) / signal.near_edge * 100


def _wants_symbol(rules: Rules, symbol: str) -> bool:
    if symbol in rules.denied_symbols:
        return False
    return not rules.allowed_symbols or symbol in rules.allowed_symbols
