"""A fill's way into the books: execution, position, wallet and closed PnL."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from sandbox.bybit.engine.account import Account
from sandbox.bybit.engine.instrument import Instrument, money
from sandbox.bybit.engine.positions import ClosedPnl, Position
from sandbox.bybit.engine.records import ZERO, Execution, Order


@dataclass(frozen=True, slots=True)
class Print:
    """A match: how much, at which price, and in which role."""

    qty: Decimal
    price: Decimal
    is_maker: bool
    mark: Decimal
    time: int
    seq: int
    exec_id: str
    exec_type: str = "Trade"
    rate: Decimal | None = None  # of the fee; the role decides unless it is given


def book(account: Account, order: Order, match: Print, rules: Instrument) -> Execution:
    """Book one match of an order; conserves: wallet = start + closed PnL - open fees + funding."""
    position = account.position(order.symbol, order.position_idx)
    rate = match.rate
    if rate is None:
        rate = rules.maker_fee if match.is_maker else rules.taker_fee
    fee = money(match.qty * match.price * rate)
    closing = min(match.qty, position.size) if position.sign == -order.sign else ZERO
    order.filled += match.qty
    order.filled_value += match.qty * match.price
    order.fee += fee
    order.updated = match.time
    order.status = "Filled" if order.leaves == 0 else "PartiallyFilled"
    account.balance -= fee
    close_fee = money(fee * closing / match.qty)
    gross = ZERO
    if closing:
        gross = _close(account, position, order, match, closing, close_fee)
    if match.qty > closing:
        _open(position, order, match, match.qty - closing, fee - close_fee)
    position.updated, position.seq = match.time, match.seq
    execution = Execution(
        exec_id=match.exec_id,
        uid=account.uid,
        order_id=order.order_id,
        link_id=order.link_id,
        symbol=order.symbol,
        side=order.side,
        order_type=order.order_type,
        stop_order_type=order.stop_order_type,
        create_type=order.create_type,
        order_price=order.price or match.price,
        order_qty=order.qty,
        leaves=order.leaves,
        price=match.price,
        qty=match.qty,
        fee=fee,
        fee_rate=rate,
        is_maker=match.is_maker,
        exec_type=match.exec_type,
        closed=closing,
        mark=match.mark,
        time=match.time,
        seq=match.seq,
        pnl=gross,
    )
    account.executions.append(execution)
    account.updated = match.time
    return execution


def _close(
    account: Account,
    position: Position,
    order: Order,
    match: Print,
    qty: Decimal,
    close_fee: Decimal,
) -> Decimal:
    """Take a part out of a position and return what it gained before fees."""
    whole = qty == position.size
    entry_value = position.value if whole else position.value * qty / position.size
    open_fee = position.open_fee if whole else money(position.open_fee * qty / position.size)
    exit_value = qty * match.price
    gross = money((exit_value - entry_value) * position.sign)
    account.balance += gross
    net = gross - open_fee - close_fee
    position.realised += gross - close_fee
    position.current_realised += gross - close_fee
    position.size -= qty
    position.value -= entry_value
    position.open_fee -= open_fee
    if whole:
        position.side, position.value, position.open_fee = "", ZERO, ZERO
        position.current_realised, position.opened = ZERO, 0
    _closed_pnl(account, order, match).add(
        qty, (entry_value, exit_value), (open_fee, close_fee), net, match.time
    )
    return gross


def _closed_pnl(account: Account, order: Order, match: Print) -> ClosedPnl:
    if order.order_id not in account.closed:
        account.closed[order.order_id] = ClosedPnl(
            order,
            account.leverage_of(order.symbol, order.position_idx),
            match.exec_type,
            created=match.time,
        )
    return account.closed[order.order_id]


def _open(position: Position, order: Order, match: Print, qty: Decimal, fee: Decimal) -> None:
    if not position.size:
        position.side, position.opened = order.side, match.time
        position.created = position.created or match.time
    position.size += qty
    position.value += qty * match.price
    position.open_fee += fee
    position.realised -= fee
    position.current_realised -= fee
