"""Every example of docs/trading.md is run as it is printed."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal as D
from pathlib import Path

import pytest

from exchanges.domain.trading import Ticker
from signals.domain.actions import Place, Skip
from signals.domain.direction import Direction
from signals.domain.draft import Draft, Entry, EntryKind, TargetDraft, Weighting
from signals.domain.following import Rules, SizingMode, Standing
from signals.domain.planning import plan
from signals.domain.situation import Account, Desired, Observed
from signals.domain.sizing import Money
from signals.domain.terms import text
from tests.unit.signals.test_draft import BTC

PAGE = Path(__file__).parents[3] / "docs" / "trading.md"
EXAMPLES = re.findall(r"```example\n(.+?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
MODES = {
    "fixed margin": SizingMode.FIXED_MARGIN,
    "fixed position": SizingMode.FIXED_NOTIONAL,
    "percentage of equity": SizingMode.EQUITY_PERCENT,
    "risk": SizingMode.RISK_PERCENT,
}
LIMITS = {
    "highest leverage": "max_leverage",
    "largest position": "max_notional",
    "all positions together": "max_exposure",
    "smallest seed": "min_equity",
    "slippage": "max_slippage_percent",
}
NOW = datetime(2026, 11, 21, tzinfo=UTC)


def named(line: str) -> dict[str, D]:
    """`fixed margin 50, slippage 0.5` as names and numbers."""
    parts = (part.rsplit(maxsplit=1) for part in line.split(", ") if part)
    return {name.strip(): D(number) for name, number in parts}


def signal_of(line: str) -> Draft:
    ladder = re.search(r"ladder of (\d+)( linear)?", line)
    entry = Entry()
    if ladder:
        weighting = Weighting.LINEAR if ladder[2] else Weighting.EQUAL
        entry = Entry(EntryKind.LADDER, steps=int(ladder[1]), weighting=weighting)
    low, high = re.search(r"entry (\d+) to (\d+)", line).groups()
    return Draft(
        symbol="BTCUSDT",
        direction=Direction(line.split(maxsplit=1)[0]),
        leverage=D(re.search(r"(\d+)x", line)[1]),
        entry_low=D(low),
        entry_high=D(high),
        stop=D(re.search(r"stop (\d+)", line)[1]),
        targets=(TargetDraft(D(47000), D(100)),),
        entry=entry,
    )


def rules_of(line: str) -> Rules:
    words = named(line)
    mode = next(name for name in words if name in MODES)
    limits = {LIMITS[name]: number for name, number in words.items() if name in LIMITS}
    return Rules(mode=MODES[mode], amount=words[mode], reserve_percent=D(5), **limits)


def outcome_of(example: str) -> str:
    lines = dict(line.split(": ", 1) for line in example.strip().splitlines())
    account = {"equity": D(1000), "price": D(46000)} | named(lines.get("account", ""))
    signal, equity, price = signal_of(lines["signal"]), account["equity"], account["price"]
    cash = Money(equity, equity, exposure=account.get("open positions", D(0)))
    trader = Account(
        rules_of(lines["follower"]), cash, Standing(), 1, signal.leverage, False, False, None
    )
    market = Ticker("BTCUSDT", price - D("0.1"), price, price, price)
    seen = Observed(NOW, market, BTC, {}, D(0), D(0), None)
    wanted = Desired(signal, True, True, NOW + timedelta(seconds=60))
    actions = plan(wanted, trader, seen)
    if isinstance(actions[0], Skip):
        return f"skipped, {actions[0].reason}"
    orders = (action for action in actions if isinstance(action, Place))
    return ", ".join(
        f"{text(order.quantity)} at {text(order.price or signal.near_edge)}" for order in orders
    )


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_of_the_page_is_true(example):
    expected = re.search(r"result: (.+)", example)[1]
    assert outcome_of(example) == expected


def test_the_page_has_its_examples():
    assert len(EXAMPLES) >= 12
