"""What the exchange does to positions by force: deleveraging one, or settling a whole contract.

https://www.bybit.com/en/help-center/article/Auto-Deleveraging-ADL
https://bybit-exchange.github.io/docs/v5/enum (createType, execType, cancelType)
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from sandbox.bybit.engine.account import Account
from sandbox.bybit.engine.core import Core
from sandbox.bybit.engine.positions import Position
from sandbox.bybit.engine.records import ZERO


def deleverage(
    core: Core,
    account: Account,
    position: Position,
    *,
    qty: Decimal | None = None,
    price: Decimal | None = None,
) -> None:
    """Close (a part of) a position against a bankrupt one: maker fee, active orders cancelled."""
    rules = core.instruments[position.symbol]
    qty = position.size if qty is None else qty
    if not 0 < qty <= position.size or qty % rules.step:
        raise ValueError("qty is not a part of the position")
    for order in account.orders_on(position.symbol):
        if order.status != "Untriggered":
            core.end(account, order, "Cancelled", "CancelAllBeforeAdl")
    order = core.exit_order(account, position, "CreateByAdl_PassThrough")
    order.qty = qty
    core.add(account, order)
    price = core.quotes[position.symbol].mark if price is None else price
    core.fill(
        account, order, qty, price, is_maker=False, exec_type="AdlTrade", rate=rules.maker_fee
    )


def delist(core: Core, symbol: str, *, price: Decimal | None = None) -> None:
    """End a contract: orders cancelled, positions settled at the index price, nothing charged."""
    rules = core.instruments[symbol]
    price = core.quotes[symbol].index if price is None else price
    for account in core.accounts.values():
        for order in account.orders_on(symbol):
            status = "Deactivated" if order.status == "Untriggered" else "Cancelled"
            core.end(account, order, status, "CancelBySettle")
        for position in account.open_positions():
            if position.symbol == symbol:
                _settle(core, account, position, price)
    ended = rules.delivery_time or core.clock()
    core.instruments[symbol] = replace(rules, status="Closed", delivery_time=ended)


def _settle(core: Core, account: Account, position: Position, price: Decimal) -> None:
    """A settlement is a trade without an order in any list."""
    order = core.exit_order(account, position, "CreateBySettle")
    core.fill(account, order, order.qty, price, is_maker=False, exec_type="Settle", rate=ZERO)
