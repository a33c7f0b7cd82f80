"""Funding: longs pay shorts at a positive rate, on the position's value at the mark."""

from __future__ import annotations

from decimal import Decimal

from sandbox.bybit.engine.account import Account
from sandbox.bybit.engine.core import Core
from sandbox.bybit.engine.instrument import money
from sandbox.bybit.engine.positions import Position
from sandbox.bybit.engine.records import ZERO, Execution


def charge(core: Core, symbol: str, rate: Decimal) -> None:
    for account in core.accounts.values():
        for position in account.open_positions():
            if position.symbol == symbol:
                _charge(core, account, position, rate)


def _charge(core: Core, account: Account, position: Position, rate: Decimal) -> None:
    mark, now = core.quotes[position.symbol].mark, core.clock()
    fee = money(position.size * mark * rate * position.sign)
    account.balance -= fee
    account.funding -= fee
    position.realised -= fee
    position.current_realised -= fee
    account.updated = position.updated = now
    execution = Execution(
        exec_id=core.new_id(),
        uid=account.uid,
        order_id=core.new_id(),
        link_id="",
        symbol=position.symbol,
        side=position.side,
        order_type="UNKNOWN",
        stop_order_type="UNKNOWN",
        create_type="",
        order_price=ZERO,
        order_qty=ZERO,
        leaves=ZERO,
        price=mark,
        qty=position.size,
        fee=fee,
        fee_rate=rate,
        is_maker=False,
        exec_type="Funding",
        closed=ZERO,
        mark=mark,
        time=now,
        seq=next(core.sequence),
    )
    account.executions.append(execution)
    core.push(account, execution)
    core.push_position(account, position)
