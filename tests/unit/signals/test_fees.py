"""What a copy's fees add up to."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal as D

from exchanges.models import Connection
from signals.models import Copy, Fill, Signal
from signals.services.ledger import CopyLedger

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def fill(side, fee, currency):
    return Fill(
        side=side,
        cause="user",
        quantity=D("0.01"),
        price=D(50_000),
        fee=D(fee),
        fee_currency=currency,
        at=NOW,
        fill_id=f"{side}{currency}",
    )


def test_a_fee_in_another_coin_is_no_sum_of_usdt():
    """It stays on record in its coin: what that is worth nobody has told."""
    copy = Copy(signal=Signal(side="long"), connection=Connection(exchange="binance_usdm"))
    fills = [fill("buy", "0.25", "USDT"), fill("sell", "0.0004", "BNB")]
    ledger = CopyLedger(copy=copy, orders=[], fills=fills)
    ledger.add_up(NOW)
    assert (copy.fees, copy.pnl) == (D("0.25"), D("-0.25"))
