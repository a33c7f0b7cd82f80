"""What the machine found in the loop around the planner, as plain stories."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal as D

from signals.domain.direction import Direction
from signals.domain.draft import TargetDraft
from tests.fixtures.people import long_btc
from tests.fuzz.drafts import BTC
from tests.fuzz.loop import Follower, connection, symbol_state
from tests.fuzz.model_exchange import ModelExchange

TWO = (TargetDraft(D(47000), D(50)), TargetDraft(D(48000), D(50)))


def holding(**changes):
    """A copy whose entry has filled and whose targets rest."""
    exchange = ModelExchange(Direction.LONG, BTC, D(46300), datetime(2026, 11, 21, tzinfo=UTC))
    link = connection(sizing="fixed_margin", amount=D(50))
    follower = Follower(long_btc(**changes), link, symbol_state(), exchange, BTC)
    follower.round()
    exchange.move(D(46000))
    for _ in range(4):
        follower.round()
    assert follower.quiet
    exchange.writes.clear()
    return follower


def test_a_change_is_asked_for_once():
    """The look after it must show it: at the position alone nothing has changed."""
    follower = holding(targets=TWO)
    moved = (TargetDraft(D(47100), D(50)), TargetDraft(D(48100), D(50)))
    follower.amend(replace(follower.draft, targets=moved))
    for _ in range(5):
        follower.round()
    assert follower.exchange.writes == ["amend", "amend"]


def test_a_withdrawal_is_asked_for_once():
    follower = holding(targets=TWO)
    follower.amend(replace(follower.draft, targets=(TargetDraft(D(47000), D(100)),)))
    for _ in range(5):
        follower.round()
    assert follower.exchange.writes == ["levels", "cancel", "cancel"]


def test_a_close_whose_fills_show_late_is_not_sent_again(monkeypatch):
    """What the order has sold already must not be taken from what the trader added."""
    follower = holding(targets=TWO)
    exchange, bought = follower.exchange, follower.copy.entered_quantity
    exchange.user_add(D("0.005"))
    follower.signal.wants_entry = follower.signal.wants_position = False
    follower.revise("close")
    exchange.shown, exchange.is_lagging = len(exchange.fills), True
    monkeypatch.setattr(exchange, "wait", lambda seconds: None)  # fills show by time
    for _ in range(4):
        follower.round()
    sold = sum(o.filled for o in exchange.orders.values() if o.is_ours and o.reduce_only)
    assert sold == bought
    assert exchange.quantity == D("0.005")
