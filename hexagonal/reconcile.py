"""Compare what is on record of a connection with an exchange's own ledger, to the last decimal."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from exchanges.models import Connection
from signals.models import LIVE_STATUSES, ClosedPnl, Copy, Fill, Order

Ledger = Mapping[str, Any]


def differences(link: Connection, ledger: Ledger) -> list[str]:
    """One line for each thing that differs; `ledger` is the sandbox's dump of the account."""
    found = _compare(link, "order", _orders(link), _ledger_orders(ledger))
    found += _compare(link, "fill", _fills(link), _ledger_fills(ledger))
    found += _compare(link, "closed PnL", _results(link), _ledger_results(ledger))
    found += _compare(link, "position", _positions(link), _ledger_positions(ledger))
    fees = sum((Decimal(row["execFee"]) for row in ledger["executions"]), Decimal(0))
    ours = sum((copy.fees for copy in Copy.objects.filter(connection=link)), Decimal(0))
    if ours != fees:
        found.append(f"{link.user.nickname}: fees {ours} here, {fees} there")
    return found


def _compare(
    link: Connection, what: str, ours: Mapping[str, Any], theirs: Mapping[str, Any]
) -> list[str]:
    return [
        f"{link.user.nickname}: {what} {key}: {ours.get(key)} here, {theirs.get(key)} there"
        for key in sorted(set(ours) | set(theirs))
        if ours.get(key) != theirs.get(key)
    ]


def _orders(link: Connection) -> dict[str, Any]:
    rows = Order.objects.filter(connection=link).exclude(exchange_id="")
    return {row.exchange_id: (row.link_id, row.quantity, row.filled, row.side) for row in rows}


def _ledger_orders(ledger: Ledger) -> dict[str, Any]:
    return {
        row["orderId"]: (
            row["orderLinkId"],
            Decimal(row["qty"]),
            Decimal(row["cumExecQty"]),
            row["side"].lower(),
        )
        for row in ledger["orders"]
    }


def _fills(link: Connection) -> dict[str, Any]:
    rows = Fill.objects.filter(connection=link)
    return {row.fill_id: (row.quantity, row.price, row.fee) for row in rows}


def _ledger_fills(ledger: Ledger) -> dict[str, Any]:
    names = ("execQty", "execPrice", "execFee")
    return {
        row["execId"]: tuple(Decimal(row[name]) for name in names) for row in ledger["executions"]
    }


def _results(link: Connection) -> dict[str, Any]:
    rows = ClosedPnl.objects.filter(connection=link)
    return {row.order_exchange_id: (row.quantity, row.pnl) for row in rows}


def _ledger_results(ledger: Ledger) -> dict[str, Any]:
    return {
        row["orderId"]: (Decimal(row["closedSize"]), Decimal(row["closedPnl"]))
        for row in ledger["closed_pnl"]
    }


def _positions(link: Connection) -> dict[str, Any]:
    live = Copy.objects.filter(connection=link, status__in=LIVE_STATUSES)
    held = {f"{c.symbol}/{c.position_index}": c.entered_quantity - c.exited_quantity for c in live}
    return {key: quantity for key, quantity in held.items() if quantity}


def _ledger_positions(ledger: Ledger) -> dict[str, Any]:
    return {
        f"{row['symbol']}/{row['positionIdx']}": Decimal(row["size"]) for row in ledger["positions"]
    }
