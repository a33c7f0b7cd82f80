"""What the tests of a signal's life have in common: rounds of the engine, and looks at accounts."""

from __future__ import annotations

import time
from decimal import Decimal

from django.utils import timezone

from exchanges import services as exchanges
from signals.domain.draft import TargetDraft
from signals.domain.link_ids import is_ours
from signals.models import ClosedPnl, Copy, Fill, Order
from signals.services import nominal
from tests.integration.signals.test_copy_life import work_now

WRITES = {
    *("/v5/order/create", "/v5/order/amend", "/v5/order/cancel"),
    *("/v5/position/trading-stop", "/v5/position/set-leverage"),
}
D = Decimal
FAST_ROUNDS, MOST_ROUNDS = 4, 12


def targets(*pairs):
    return tuple(TargetDraft(D(price), D(share)) for price, share in pairs)


def writes(market):
    return {path: count for path, count in market.paths().items() if path in WRITES}


def settle(market):
    """Let the engine look until it has nothing to do, twice in a row with its eyes wide open."""
    quiet = 0
    for number in range(MOST_ROUNDS):
        if number > FAST_ROUNDS:
            time.sleep(0.3)  # the exchange takes ten orders a second from an account
        Copy.objects.update(looked_at=None)
        before = writes(market)
        work_now()
        quiet = quiet + 1 if writes(market) == before else 0
        if quiet == 2:
            return
    refusals = market.get("requests")["refusals"]
    raise AssertionError(f"the engine does not come to rest: {refusals}")


def follow():
    """Read the public prices and take them into account, as the beat does."""
    now = timezone.now()
    exchanges.refresh_prices("bybit", "sandbox", now=now)
    nominal.follow_prices(now=now)


def only_copy(**which):
    return Copy.objects.select_related("signal", "connection").get(**which)


def end_of(copy):
    return copy.status, copy.reason


def by_hand(market, link, act, **spec):
    """The trader does something in the exchange's app."""
    return market.post(f"accounts/{link.exchange_uid}/{act}", symbol="BTCUSDT", **spec)


def position(market, link):
    """The account's one position, or None."""
    held = market.ledger(link.exchange_uid)["positions"]
    assert len(held) <= 1
    return held[0] if held else None


def size(market, link):
    held = position(market, link)
    return D(held["size"]) if held else D(0)


def stop(market, link):
    return D(position(market, link)["stopLoss"] or 0)


def resting(market, link):
    """Our resting orders as (side, price, what is left), without stops of the position."""
    return [
        (row["side"], D(row["price"]), D(row["leavesQty"]))
        for row in market.ledger(link.exchange_uid)["orders"]
        if is_ours(row["orderLinkId"]) and row["orderStatus"] in OPEN
    ]


OPEN = {"New", "PartiallyFilled", "Untriggered"}


def selling(market, link):
    """Price and size of the targets that rest."""
    return [(price, left) for side, price, left in resting(market, link) if side == "Sell"]


def buying(market, link):
    return [(price, left) for side, price, left in resting(market, link) if side == "Buy"]


def compare_ours(link, bybit):
    """As `compare_with_ledger`, where the trader has done something of their own as well."""
    ledger = bybit.ledger(link.exchange_uid)
    theirs = {row["orderId"]: (D(row["qty"]), D(row["cumExecQty"])) for row in ledger["orders"]}
    sent = {row["orderId"] for row in ledger["orders"] if is_ours(row["orderLinkId"])}
    mine = {
        order.exchange_id: (order.quantity, order.filled)
        for order in Order.objects.filter(connection=link).exclude(exchange_id="")
    }
    assert sent <= set(mine)
    assert mine.items() <= theirs.items()
    fills = {row["execId"]: (D(row["execQty"]), D(row["execFee"])) for row in ledger["executions"]}
    kept = {
        fill.fill_id: (fill.quantity, fill.fee) for fill in Fill.objects.filter(connection=link)
    }
    assert kept.items() <= fills.items()
    assert {r["execId"] for r in ledger["executions"] if r["orderId"] in mine} <= set(kept)
    results = {row["orderId"]: D(row["closedPnl"]) for row in ledger["closed_pnl"]}
    booked = {row.order_exchange_id: row.pnl for row in ClosedPnl.objects.filter(connection=link)}
    assert booked == {key: pnl for key, pnl in results.items() if key in mine}
