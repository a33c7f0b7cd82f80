"""Resting reduce-only orders together never exceed the position that they close.

A new one is cut to what the others leave, or refused when they leave nothing; when the position
shrinks, the surplus goes, farthest from the market first. Conditions and market orders claim
nothing: they are cut when they meet the market.
https://www.bybit.com/en/help-center/article/Reduce-Only-Order
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from sandbox.bybit.engine.account import Account
from sandbox.bybit.engine.positions import Position
from sandbox.bybit.engine.records import ZERO, Order

if TYPE_CHECKING:
    from sandbox.bybit.engine.core import Core

PASSING = {"IOC", "FOK"}  # these never rest


def resting(account: Account, position: Position) -> list[Order]:
    """The reduce-only orders in the book that are about a position."""
    return [
        order
        for order in account.orders_on(position.symbol)
        if order.reduce_only
        and order.position_idx == position.idx
        and order.status != "Untriggered"
        and order.time_in_force not in PASSING
    ]


def room(account: Account, position: Position, besides: Order | None = None) -> Decimal:
    """How much of a position the resting orders leave to one more."""
    claims = [order.leaves for order in resting(account, position) if order is not besides]
    return max(position.size - sum(claims, ZERO), ZERO)


def fit(account: Account, order: Order, position: Position) -> bool:
    """Cut an order that is about to rest to what the others leave; False when that is nothing."""
    if not order.reduce_only or order.time_in_force in PASSING:
        return True
    most = room(account, position, besides=order)
    order.qty = min(order.qty, most) if most else order.qty
    return most > 0


def trim(core: Core, account: Account, position: Position) -> None:
    """Cut or cancel what exceeds a position that has shrunk or turned around."""
    left = position.size
    for order in sorted(resting(account, position), key=_distance):
        most = left if order.sign == -position.sign else ZERO
        left -= min(order.leaves, most)
        if not most:
            core.end(account, order, "Cancelled", "CancelByReduceOnly")
        elif order.leaves > most:
            order.qty, order.updated = order.filled + most, core.clock()
            core.push(account, order)


def _distance(order: Order) -> tuple[Decimal, int, str]:
    """The nearest to the market first: sells from below, buys from above, then the oldest."""
    return -(order.price or ZERO) * order.sign, order.created, order.order_id
