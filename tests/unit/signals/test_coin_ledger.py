"""What a copy on a spot account still holds, on rows that are never saved."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal as D

import pytest

from exchanges.domain.trading import Cause, PositionFacts, Side
from exchanges.models import Connection
from signals.domain.leaving import QUIET
from signals.domain.lifecycle import CopyStatus
from signals.domain.reasons import Reason
from signals.models import Copy, Fill, Order, Signal
from signals.services.ledger import CopyLedger

NOW = datetime(2026, 11, 21, tzinfo=UTC)
DUST = D("0.00011")


def ledger(bought, sold="0", *, entry="filled", exchange="binance", rests=""):
    """Bought in one fill, whose fee is a thousandth of it, and sold by the stop."""
    link = Connection(pk=1, exchange=exchange, name="main")
    signal = Signal(pk=1, symbol="BTCUSDT", side="long")
    copy = Copy(pk=1, signal=signal, connection=link, symbol="BTCUSDT", status="filled")
    buy = Order(copy=copy, leg="entry", link_id="hxa", side="buy", quantity=D(1), status=entry)
    sale = Order(copy=copy, leg="stop", link_id="hxb", side="sell", quantity=D(1), generation=0)
    sale.status, buy.exchange_id, sale.exchange_id = rests or "filled", "1", "2"
    sale.filled = D(sold)
    found = CopyLedger(copy, [buy, sale] if D(sold) or rests else [buy], dust=DUST)
    for order, quantity in ((buy, D(bought)), (sale, D(sold))):
        fee = (quantity / 1000, "BTC") if order is buy else (D(0), "USDT")
        if quantity:
            found.fills.append(
                Fill(
                    copy=copy,
                    order=order,
                    fill_id=order.exchange_id,
                    side=order.side,
                    cause=Cause.USER.value,
                    quantity=quantity,
                    price=D(46000),
                    fee=fee[0],
                    fee_currency=fee[1],
                    at=NOW,
                )
            )
    found.add_up(NOW)
    return found


def test_a_fee_in_coins_is_not_held_and_counts_in_usdt():
    found = ledger("0.01")
    assert (found.copy.entered_quantity, found.held) == (D("0.00999"), D("0.00999"))
    assert (found.copy.entry_average, found.copy.fees) == (46000, D("0.46"))


def test_a_contracts_fee_takes_nothing_off_a_position():
    assert ledger("0.01", exchange="binance_usdm").held == D("0.01")


@pytest.mark.parametrize(
    ("row", "held", "status"),
    [
        (ledger("0.01", "0.0099"), D(0), CopyStatus.CLOSED),  # what is left cannot be sold
        (ledger("0.01", "0.009"), D("0.00099"), CopyStatus.FILLED),
        (ledger("0.0001"), D(0), CopyStatus.CLOSED),
        (ledger("0.0001", entry="open"), D("0.0000999"), CopyStatus.FILLED),  # more may come
        (ledger("0.01", "0.0099", entry="open"), D(0), CopyStatus.FILLED),  # it is to be withdrawn
        (ledger("0.0001", rests="open"), D("0.0000999"), CopyStatus.FILLED),  # so is its stop
    ],
)
def test_dust_is_nothing_once_nobody_adds_to_it(row, held, status):
    assert row.held == held
    assert row.verdict(NOW)[0] is status


def test_what_could_never_be_sold_ends_by_why_its_entry_did():
    assert ledger("0.0001").verdict(NOW)[1] is Reason.NOT_FILLED


@pytest.mark.parametrize(("bought", "is_bare"), [("0.01", True), ("0.0001", False)])
def test_dust_needs_no_stop(bought, is_bare):
    found = ledger(bought, entry="open")
    assert (found.copy.unprotected_since is not None) is is_bare


@pytest.mark.parametrize(
    ("there", "after", "is_bare"),
    [
        ("0.005", QUIET, False),  # the stop of all that is still there
        ("0.005", timedelta(seconds=1), True),  # the account may have been read before
        ("0.008", QUIET, True),
        (None, QUIET, False),
    ],
)
def test_a_stop_is_to_cover_what_is_there(there, after, is_bare):
    found = ledger("0.01", rests="open")
    found.orders[1].quantity, found.position_known = D("0.005"), True
    if there is not None:
        found.position = PositionFacts(
            "BTCUSDT", Side.BUY, 0, D(there), D(46000), leverage=None, stop=None, target=None
        )
    found.add_up(NOW + after)
    assert (found.copy.unprotected_since is not None, not found.copy.has_stop) == (is_bare,) * 2


def test_a_stop_that_makes_way_leaves_its_coins_without_one():
    found = ledger("0.01", rests="open")
    found.copy.has_stop, found.copy.unprotected_since = True, None
    assert found.has_stop_order(NOW)
    found.note_withdrawn("hxb", NOW)
    assert (found.copy.has_stop, found.copy.unprotected_since) == (False, NOW)
    found.note_standing("hxb", NOW)
    assert (found.copy.has_stop, found.copy.unprotected_since) == (True, None)
