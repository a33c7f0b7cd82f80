"""An account: wallet, settings, positions and margin."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from sandbox.bybit.engine.instrument import Instrument, Quote, money, plain
from sandbox.bybit.engine.records import ZERO, ClosedPnl, Execution, Order, Position

Quotes = Mapping[str, Quote]


@dataclass(slots=True, eq=False)
class Account:
    uid: str
    balance: Decimal  # wallet balance in USDT
    hedge: bool
    margin_mode: str
    unified_status: int
    default_leverage: Decimal
    parent_uid: str = "0"
    started_with: Decimal = ZERO
    leverage: dict[str, Decimal] = field(default_factory=dict)
    hedge_by_symbol: dict[str, bool] = field(default_factory=dict)
    positions: dict[tuple[str, int], Position] = field(default_factory=dict)
    orders: dict[str, Order] = field(default_factory=dict)  # all that ever were
    by_link: dict[str, Order] = field(default_factory=dict)  # for ever: an id is never used again
    active: dict[str, Order] = field(default_factory=dict)
    recent: list[Order] = field(default_factory=list)  # the live cache of ended orders
    executions: list[Execution] = field(default_factory=list)
    closed: dict[str, ClosedPnl] = field(default_factory=dict)
    funding: Decimal = ZERO
    updated: int = 0

    def is_hedge(self, symbol: str) -> bool:
        return self.hedge_by_symbol.get(symbol, self.hedge)

    def leverage_of(self, symbol: str) -> Decimal:
        return self.leverage.get(symbol, self.default_leverage)

    def position(self, symbol: str, idx: int) -> Position:
        key = (symbol, idx)
        if key not in self.positions:
            self.positions[key] = Position(symbol, idx)
        return self.positions[key]

    def open_positions(self) -> list[Position]:
        return [position for position in self.positions.values() if position.size]

    def orders_on(self, symbol: str) -> list[Order]:
        return [order for order in self.active.values() if order.symbol == symbol]

    # --- margin ------------------------------------------------------------------------------

    def unrealised(self, quotes: Quotes) -> Decimal:
        return sum((unrealised(p, quotes) for p in self.open_positions()), ZERO)

    def position_margin(self, position: Position, rules: Instrument, quotes: Quotes) -> Decimal:
        leverage = self.leverage_of(position.symbol)
        notional = position.size * quotes[position.symbol].mark
        return notional / leverage + notional * rules.taker_fee

    def order_margin(self, order: Order, rules: Instrument, quotes: Quotes) -> Decimal:
        """What a resting order binds: nothing for exits and for what has not been triggered."""
        if order.reduce_only or order.status == "Untriggered":
            return ZERO
        quote = quotes[order.symbol]
        price = order.price or (quote.ask if order.side == "Buy" else quote.bid)
        notional = self._opening(order) * price
        return notional / self.leverage_of(order.symbol) + notional * rules.taker_fee * 2

    def _opening(self, order: Order) -> Decimal:
        """How much of an order would add to a position rather than close one."""
        position = self.positions.get((order.symbol, order.position_idx))
        if order.position_idx or position is None or position.sign != -order.sign:
            return order.leaves
        return max(order.leaves - position.size, ZERO)

    def figures(self, rules: Mapping[str, Instrument], quotes: Quotes) -> dict[str, Decimal]:
        """The account's sums in USDT; `available` is what new margin may be taken from."""
        upl = self.unrealised(quotes)
        positions = self.open_positions()
        position_im = sum(
            (self.position_margin(p, rules[p.symbol], quotes) for p in positions), ZERO
        )
        maintenance = sum(
            (p.size * quotes[p.symbol].mark * rules[p.symbol].maintenance_rate for p in positions),
            ZERO,
        )
        order_im = sum(
            (self.order_margin(o, rules[o.symbol], quotes) for o in self.active.values()), ZERO
        )
        equity = self.balance + upl
        return {
            "upl": upl,
            "equity": equity,
            "position_im": position_im,
            "order_im": order_im,
            "maintenance": maintenance,
            "available": max(equity - position_im - order_im, ZERO),
        }

    def wallet_wire(self, rules: Mapping[str, Instrument], quotes: Quotes) -> dict[str, Any]:
        sums = {name: plain(money(value)) for name, value in self.figures(rules, quotes).items()}
        equity = self.figures(rules, quotes)["equity"]
        isolated = self.margin_mode == "ISOLATED_MARGIN"
        rate: Callable[[str], str] = lambda name: (  # noqa: E731
            "" if isolated or not equity else plain(money(Decimal(sums[name]) / equity))
        )
        realised = sum((p.realised for p in self.positions.values()), ZERO)
        coin = {
            "coin": "USDT",
            "equity": sums["equity"],
            "usdValue": sums["equity"],
            "walletBalance": plain(self.balance),
            "free": "",
            "locked": "0",
            "spotHedgingQty": "0",
            "borrowAmount": "0",
            "availableToBorrow": "",
            "availableToWithdraw": "",
            "accruedInterest": "0",
            "totalOrderIM": sums["order_im"],
            "totalPositionIM": sums["position_im"],
            "totalPositionMM": sums["maintenance"],
            "unrealisedPnl": sums["upl"],
            "cumRealisedPnl": plain(realised),
            "bonus": "0",
            "spotBorrow": "0",
            "colRes": "0",
            "marginCollateral": True,
            "collateralSwitch": True,
        }
        return {
            "accountType": "UNIFIED",
            "accountLTV": "",
            "accountIMRate": rate("position_im"),
            "accountMMRate": rate("maintenance"),
            "totalEquity": sums["equity"],
            "totalWalletBalance": plain(self.balance),
            "totalMarginBalance": "" if isolated else sums["equity"],
            "totalAvailableBalance": "" if isolated else sums["available"],
            "totalPerpUPL": sums["upl"],
            "totalInitialMargin": "" if isolated else sums["position_im"],
            "totalMaintenanceMargin": "" if isolated else sums["maintenance"],
            "coin": [coin],
        }

    def position_wire(self, position: Position, rules: Instrument, quote: Quote) -> dict[str, Any]:
        flat = not position.size
        portfolio = self.margin_mode == "PORTFOLIO_MARGIN"
        leverage = self.leverage_of(position.symbol)
        margin = plain(money(position.value / leverage)) if not flat else ""
        maintenance = position.size * quote.mark * rules.maintenance_rate
        stop, target = position.stop_loss, position.take_profit
        return {
            "positionIdx": position.idx,
            "riskId": 1,
            "riskLimitValue": "2000000",
            "symbol": position.symbol,
            "side": position.side,
            "size": plain(position.size),
            "avgPrice": plain(money(position.average)) if not flat else "0",
            "positionValue": plain(money(position.value)) if not flat else "",
            "tradeMode": 0,
            "autoAddMargin": 0,
            "positionStatus": "Normal",
            "leverage": "" if portfolio else plain(leverage),
            "markPrice": plain(quote.mark),
            "liqPrice": "",
            "bustPrice": "",
            "breakEvenPrice": plain(money(position.average)) if not flat else "",
            "positionIM": margin,
            "positionIMByMp": margin,
            "positionMM": plain(money(maintenance)) if not flat else "",
            "positionMMByMp": plain(money(maintenance)) if not flat else "",
            "positionBalance": margin or "0",
            "takeProfit": plain(target.trigger_price) if target else "",
            "stopLoss": plain(stop.trigger_price) if stop else "",
            "trailingStop": plain(position.trailing_distance or ZERO),
            "tpslMode": "Full",
            "unrealisedPnl": plain(money(_upl(position, quote))) if not flat else "",
            "curRealisedPnl": plain(position.current_realised),
            "cumRealisedPnl": plain(position.realised),
            "sessionAvgPrice": "",
            "adlRankIndicator": 0 if flat else 2,
            "isReduceOnly": False,
            "mmrSysUpdatedTime": "",
            "leverageSysUpdatedTime": "",
            "openTime": position.opened,
            "createdTime": str(position.created),
            "updatedTime": str(position.updated),
            "seq": position.seq or -1,
        }


def _upl(position: Position, quote: Quote) -> Decimal:
    return (quote.mark * position.size - position.value) * position.sign


def unrealised(position: Position, quotes: Quotes) -> Decimal:
    return _upl(position, quotes[position.symbol])
