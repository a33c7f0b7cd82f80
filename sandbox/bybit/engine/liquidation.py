"""Liquidation: a position is taken over when its margin is used up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.bybit.engine.account import Account, unrealised
from sandbox.bybit.engine.positions import Position

if TYPE_CHECKING:
    from sandbox.bybit.engine.core import Core


def check(core: Core, account: Account, symbol: str) -> bool:
    """Take over what the price has ruined; returns whether the account held the symbol."""
    held = [position for position in account.open_positions() if position.symbol == symbol]
    rules, quotes = core.instruments, core.quotes
    doomed = [position for position in held if account.reserve(position, rules, quotes) < 0]
    if doomed and not account.is_isolated:
        doomed = account.open_positions()  # they all stand on the same equity
    # Gains first, so that they bear the losses.
    doomed.sort(key=lambda position: -unrealised(position, quotes[position.symbol]))
    for position in doomed:
        _take_over(core, account, position)
    return bool(held)


def _take_over(core: Core, account: Account, position: Position) -> None:
    """Close at the touch, though never beyond bankruptcy: the insurance fund bears the rest."""
    for order in account.orders_on(position.symbol):
        if order.position_idx == position.idx or not account.is_isolated:
            core.end(account, order, "Cancelled", "CancelAllBeforeLiq")
    order = core.exit_order(account, position, "CreateByLiq")
    core.add(account, order)
    quote, rules = core.quotes[position.symbol], core.instruments[position.symbol]
    bankrupt = account.bankruptcy_price(position, rules)
    price = max(quote.bid, bankrupt) if position.side == "Buy" else min(quote.ask, bankrupt)
    core.fill(account, order, order.qty, price, is_maker=False, exec_type="BustTrade")
