"""How an order meets the market: triggered, let in, filled at the touch or at its own price."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.bybit.engine import band, reducing
from sandbox.bybit.engine.account import Account
from sandbox.bybit.engine.instrument import Quote
from sandbox.bybit.engine.records import Order

if TYPE_CHECKING:
    from sandbox.bybit.engine.core import Core

MAKER_ONLY = {"PostOnly", "RPI"}


def trigger(core: Core, account: Account, order: Order) -> None:
    """A condition is met: the order goes to the market, or rests at its limit."""
    order.status, order.updated, order.was_triggered = "Triggered", core.clock(), True
    core.push(account, order)
    order.status = "New"
    if order.pair is not None and order.pair.is_open:
        by = "TpCanceledBySl" if order.stop_order_type.endswith("StopLoss") else ("SlCanceledByTp")
        core.end(account, order.pair, "Deactivated", f"CancelByOCO{by}Triggered")
    rules, quote = core.instruments[order.symbol], core.quotes[order.symbol]
    if order.price is not None:
        order.price = band.banded(order.price, order.side, rules, quote)
    position = account.position(order.symbol, order.position_idx)
    is_full = order.is_exit and not order.stop_order_type.startswith("Partial")
    if order.reduce_only and (is_full or not order.qty):
        # It closes all that is there now, whatever there was when it was set.
        order.qty = position.size if is_full else min(position.size, rules.max_market_qty)
    if not reducing.fit(account, order, position):
        core.end(account, order, "Cancelled", "CancelByReduceOnly")
        return
    if _lacks_margin(core, account, order):
        core.end(account, order, "Cancelled", "UNKNOWN", "EC_Others")
        return
    core.push(account, order)
    enter(core, account, order)


def _lacks_margin(core: Core, account: Account, order: Order) -> bool:
    """A triggered order binds margin from now on; the others' stays as it was."""
    if order.reduce_only:
        return False
    figures = account.figures(core.instruments, core.quotes)
    bound = figures["position_im"] + figures["order_im"]
    return bound > (account.balance if account.is_isolated else figures["equity"])


def enter(core: Core, account: Account, order: Order) -> None:
    """Meet the market for the first time, or again at an amended price."""
    takes = crosses(order, core.quotes[order.symbol])
    if order.time_in_force in MAKER_ONLY and takes:
        core.end(account, order, "Cancelled", "UNKNOWN", "EC_PostOnlyWillTakeLiquidity")
        return
    depth = core.depth[order.symbol][order.side]
    if order.time_in_force == "FOK" and (not takes or depth < order.leaves):
        core.end(account, order, "Cancelled", "UNKNOWN", "EC_NoImmediateQtyToFill")
        return
    match(core, account, order, is_maker=False)


def match(core: Core, account: Account, order: Order, *, is_maker: bool) -> bool:
    """Fill what the quote gives; returns whether anything happened."""
    happened = False
    quote = core.quotes[order.symbol]
    if order.reduce_only and not _shrink(core, account, order):
        return True
    depth = core.depth[order.symbol]
    touch = quote.ask if order.side == "Buy" else quote.bid
    is_market, rules = order.order_type == "Market", core.instruments[order.symbol]
    if band.holds(touch, order.sign, rules, quote) if is_market else crosses(order, quote):
        price = order.price if is_maker and order.price is not None else touch
        qty = min(order.leaves, depth[order.side])
        if qty > 0:
            depth[order.side] -= qty
            core.fill(account, order, qty, price, is_maker=is_maker)
            happened = True
    if order.is_open and (is_market or order.time_in_force == "IOC"):
        core.end(account, order, "Cancelled", "UNKNOWN", "EC_NoImmediateQtyToFill")
        happened = True
    return happened


def _shrink(core: Core, account: Account, order: Order) -> bool:
    """Cut a reduce-only order to what is left to reduce; False when it ended for lack of it."""
    position = account.position(order.symbol, order.position_idx)
    if position.sign != -order.sign:
        core.end(account, order, "Cancelled", "CancelByReduceOnly")
        return False
    if order.leaves > position.size:
        order.qty = order.filled + position.size
    return True


def crosses(order: Order, quote: Quote) -> bool:
    """Whether a limit can trade at this quote; a market order always can."""
    if order.price is None:
        return order.order_type == "Market"
    return quote.ask <= order.price if order.side == "Buy" else quote.bid >= order.price
