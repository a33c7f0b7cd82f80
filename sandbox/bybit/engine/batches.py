"""Batches: up to 20 orders of one account in one request, each answered for itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sandbox.bybit.engine import orders, queries, requests
from sandbox.bybit.engine.account import Account
from sandbox.bybit.engine.core import Core
from sandbox.bybit.engine.errors import ApiError
from sandbox.bybit.engine.records import Order
from sandbox.bybit.engine.requests import Params, parameter

Answer = dict[str, Any]
Call = Callable[[Core, Account, Params], Order]
MOST_IN_BATCH = 20


def run(core: Core, account: Account, params: Params, call: Call) -> tuple[Answer, Answer]:
    """The results and, in the same order, each item's code; the envelope says 0 even when all fail.

    A failed item has an empty `orderId`.
    """
    requests.category(params)
    items = params.get("request")
    if not isinstance(items, list) or not 1 <= len(items) <= MOST_IN_BATCH:
        raise parameter("params error: request must hold 1 to 20 orders")
    if not all(isinstance(item, dict) for item in items):
        raise parameter("params error: request must hold objects")
    rows, errors = [], []
    for item in items:
        order, error = _one(core, account, item, call)
        row = {
            "category": "linear",
            "symbol": str(item.get("symbol") or ""),
            "orderId": order.order_id if order else "",
            "orderLinkId": order.link_id if order else str(item.get("orderLinkId") or ""),
        }
        if call is orders.create:
            row["createAt"] = str(order.created) if order else ""
        rows.append(row)
        errors.append(error)
    return {"list": rows}, {"list": errors}


def _one(core: Core, account: Account, item: Params, call: Call) -> tuple[Order | None, Answer]:
    try:
        order = call(core, account, {**item, "category": "linear"})
    except ApiError as error:
        return None, {"code": error.code, "msg": error.message}
    return order, {"code": 0, "msg": "OK"}


def amend_plain(core: Core, account: Account, params: Params) -> Order:
    """Conditional orders cannot be amended in a batch."""
    found = queries.named(account, params)
    if found and found[0].is_open and found[0].is_conditional:
        raise parameter("conditional orders cannot be amended in a batch")
    return orders.amend(core, account, params)
