"""Orders and executions, and their shapes on the wire.

Shapes: https://bybit-exchange.github.io/docs/v5/order/open-order, /v5/order/execution.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from sandbox.bybit.engine.instrument import money, plain

OPEN_STATUSES = frozenset({"New", "PartiallyFilled", "Untriggered"})
ZERO = Decimal(0)


@dataclass(slots=True)
class Exits:
    """Take profit and stop loss as sent with an order or set on a position."""

    take_profit: Decimal | None = None
    stop_loss: Decimal | None = None
    mode: str = "Full"
    tp_trigger_by: str = "LastPrice"
    sl_trigger_by: str = "LastPrice"
    tp_limit: Decimal | None = None
    sl_limit: Decimal | None = None

    @property
    def any(self) -> bool:
        return self.count > 0

    @property
    def count(self) -> int:
        return sum(level is not None for level in (self.take_profit, self.stop_loss))


@dataclass(slots=True, eq=False)
class Order:
    order_id: str
    link_id: str
    uid: str
    symbol: str
    side: str
    order_type: str
    qty: Decimal
    price: Decimal | None
    time_in_force: str
    position_idx: int
    created: int
    updated: int
    status: str = "New"
    reduce_only: bool = False
    close_on_trigger: bool = False
    create_type: str = "CreateByUser"
    stop_order_type: str = ""
    parent_id: str = ""  # of an exit: the entry that carried it
    parent_link_id: str = ""
    trigger_price: Decimal | None = None
    trigger_direction: int = 0
    trigger_by: str = ""
    exits: Exits = field(default_factory=Exits)
    filled: Decimal = ZERO
    filled_value: Decimal = ZERO
    fee: Decimal = ZERO
    cancel_type: str = "UNKNOWN"
    reject_reason: str = "EC_NoError"
    last_on_created: Decimal = ZERO
    pair: Order | None = None  # of partial exits: one cancels the other
    is_exit: bool = False  # a take profit, stop loss or trailing order of a position
    was_triggered: bool = False
    slippage_type: str = "UNKNOWN"
    slippage: str = ""

    @property
    def leaves(self) -> Decimal:
        return self.qty - self.filled

    @property
    def is_open(self) -> bool:
        return self.status in OPEN_STATUSES

    @property
    def is_conditional(self) -> bool:
        """A stop order until its condition is met; an order like any other afterwards."""
        return bool(self.stop_order_type) and not self.was_triggered

    @property
    def sign(self) -> int:
        return 1 if self.side == "Buy" else -1

    def wire(self) -> dict[str, Any]:
        leaves = self.leaves if self.is_open else ZERO
        exits = self.exits
        average = plain(money(self.filled_value / self.filled)) if self.filled else ""
        return {
            "orderId": self.order_id,
            "orderLinkId": self.link_id,
            "parentOrderLinkId": self.parent_link_id,
            "blockTradeId": "",
            "symbol": self.symbol,
            "side": self.side,
            "orderType": self.order_type,
            "price": plain(self.price) or "0",
            "qty": plain(self.qty),
            "positionIdx": self.position_idx,
            "orderStatus": self.status,
            "createType": self.create_type,
            "cancelType": self.cancel_type,
            "rejectReason": self.reject_reason,
            "avgPrice": average,
            "leavesQty": plain(leaves),
            "leavesValue": plain(leaves * (self.price or ZERO)),
            "cumExecQty": plain(self.filled),
            "cumExecValue": plain(self.filled_value),
            "cumExecFee": plain(self.fee),
            "cumFeeDetail": {"USDT": plain(self.fee)} if self.filled else {},
            "timeInForce": self.time_in_force,
            "isLeverage": "",
            "stopOrderType": self.stop_order_type,
            "triggerPrice": plain(self.trigger_price),
            "triggerDirection": self.trigger_direction,
            "triggerBy": self.trigger_by,
            "takeProfit": plain(exits.take_profit),
            "stopLoss": plain(exits.stop_loss),
            "tpslMode": exits.mode if exits.any or self.is_exit else "",
            "tpLimitPrice": plain(exits.tp_limit),
            "slLimitPrice": plain(exits.sl_limit),
            "tpTriggerBy": exits.tp_trigger_by if exits.take_profit is not None else "",
            "slTriggerBy": exits.sl_trigger_by if exits.stop_loss is not None else "",
            "reduceOnly": self.reduce_only,
            "closeOnTrigger": self.close_on_trigger,
            "ocoTriggerBy": "",
            "placeType": "",
            "slippageToleranceType": self.slippage_type,
            "slippageTolerance": self.slippage,
            "lastPriceOnCreated": plain(self.last_on_created),
            "smpType": "None",
            "smpGroup": 0,
            "smpOrderId": "",
            "createdTime": str(self.created),
            "updatedTime": str(self.updated),
        }


@dataclass(frozen=True, slots=True)
class Execution:
    exec_id: str
    uid: str
    order_id: str
    link_id: str
    symbol: str
    side: str
    order_type: str
    stop_order_type: str
    create_type: str
    order_price: Decimal
    order_qty: Decimal
    leaves: Decimal
    price: Decimal
    qty: Decimal
    fee: Decimal
    fee_rate: Decimal
    is_maker: bool
    exec_type: str
    closed: Decimal
    mark: Decimal
    time: int
    seq: int
    pnl: Decimal = ZERO  # of what it closed, fees apart

    def wire(self) -> dict[str, Any]:
        return {
            "symbol": self.symbol,
            "orderId": self.order_id,
            "orderLinkId": self.link_id,
            "side": self.side,
            "orderPrice": plain(self.order_price),
            "orderQty": plain(self.order_qty),
            "leavesQty": plain(self.leaves),
            "createType": self.create_type,
            "orderType": self.order_type,
            "stopOrderType": self.stop_order_type or "UNKNOWN",
            "execFee": plain(self.fee),
            "execFeeV2": "",
            "feeRate": plain(self.fee_rate),
            "feeCurrency": "",
            "execId": self.exec_id,
            "execPrice": plain(self.price),
            "execQty": plain(self.qty),
            "execValue": plain(self.price * self.qty),
            "execType": self.exec_type,
            "execTime": str(self.time),
            "isMaker": self.is_maker,
            "tradeIv": "",
            "markIv": "",
            "markPrice": plain(self.mark),
            "indexPrice": "",
            "underlyingPrice": "",
            "blockTradeId": "",
            "closedSize": plain(self.closed),
            "seq": self.seq,
            "extraFees": "",
        }
