"""A wallet's and a position's shapes on the wire.

Shapes: https://bybit-exchange.github.io/docs/v5/account/wallet-balance, /v5/position.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sandbox.bybit.engine.account import Account, Quotes, Rules, maintenance_margin, unrealised
from sandbox.bybit.engine.instrument import money, plain
from sandbox.bybit.engine.positions import Position
from sandbox.bybit.engine.records import ZERO


def wallet_wire(account: Account, rules: Rules, quotes: Quotes) -> dict[str, Any]:
    """Account-wide margin figures are empty in isolated margin, where they mean nothing."""
    figures = account.figures(rules, quotes)
    sums = {name: plain(money(value)) for name, value in figures.items()}
    initial = figures["position_im"] + figures["order_im"]
    shared = not account.is_isolated
    return {
        "accountType": "UNIFIED",
        "accountLTV": "",
        "accountIMRate": _rate(initial, figures["equity"]) if shared else "",
        "accountMMRate": _rate(figures["maintenance"], figures["equity"]) if shared else "",
        "totalEquity": sums["equity"],
        "totalWalletBalance": plain(account.balance),
        "totalMarginBalance": sums["equity"] if shared else "",
        "totalAvailableBalance": sums["available"] if shared else "",
        "totalPerpUPL": sums["upl"],
        "totalInitialMargin": plain(money(initial)) if shared else "",
        "totalMaintenanceMargin": sums["maintenance"] if shared else "",
        "coin": [_coin(account, sums)],
    }


def _rate(margin: Decimal, equity: Decimal) -> str:
    return plain(money(margin / equity)) if equity else ""


def _coin(account: Account, sums: dict[str, str]) -> dict[str, Any]:
    realised = sum((position.realised for position in account.positions.values()), ZERO)
    return {
        "coin": "USDT",
        "equity": sums["equity"],
        "usdValue": sums["equity"],
        "walletBalance": plain(account.balance),
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


def position_wire(
    account: Account, position: Position, rules: Rules, quotes: Quotes
) -> dict[str, Any]:
    """A flat row keeps its place, with empty figures."""
    quote = quotes[position.symbol]
    is_portfolio = account.margin_mode == "PORTFOLIO_MARGIN"
    leverage = account.leverage_of(position.symbol, position.idx)
    stop, target = position.stop_loss, position.take_profit
    return {
        "positionIdx": position.idx,
        "riskId": 1,
        "riskLimitValue": "2000000",
        "symbol": position.symbol,
        "side": position.side,
        "size": plain(position.size),
        "tradeMode": 0,
        "autoAddMargin": 0,
        "positionStatus": "Normal",
        "leverage": "" if is_portfolio else plain(leverage),
        "markPrice": plain(quote.mark),
        "bustPrice": "",
        "takeProfit": plain(target.trigger_price) if target else "",
        "stopLoss": plain(stop.trigger_price) if stop else "",
        "trailingStop": plain(position.trailing_distance or ZERO),
        "tpslMode": "Full",
        "curRealisedPnl": plain(position.current_realised),
        "cumRealisedPnl": plain(position.realised),
        "sessionAvgPrice": "",
        "isReduceOnly": False,
        "mmrSysUpdatedTime": "",
        "leverageSysUpdatedTime": "",
        "openTime": position.opened,
        "createdTime": str(position.created),
        "updatedTime": str(position.updated),
        "seq": position.seq or -1,
    } | (_held(account, position, rules, quotes) if position.size else _FLAT)


_FLAT: dict[str, Any] = {
    "avgPrice": "0",
    "positionValue": "",
    "liqPrice": "",
    "breakEvenPrice": "",
    "positionIM": "",
    "positionIMByMp": "",
    "positionMM": "",
    "positionMMByMp": "",
    "positionBalance": "0",
    "unrealisedPnl": "",
    "adlRankIndicator": 0,
}


def _held(account: Account, position: Position, rules: Rules, quotes: Quotes) -> dict[str, Any]:
    terms, quote = rules[position.symbol], quotes[position.symbol]
    margin = plain(money(account.position_margin(position, terms, quote)))
    maintenance = plain(money(maintenance_margin(position, terms, quote)))
    # Break-even pays for both fees, the way in as booked and the way out as a taker.
    paid = position.value * position.sign + position.open_fee
    break_even = paid / (position.size * (position.sign - terms.taker_fee))
    return {
        "avgPrice": plain(money(position.average)),
        "positionValue": plain(money(position.value)),
        "liqPrice": plain(account.liquidation_price(position, rules, quotes)),
        "breakEvenPrice": plain(money(break_even)),
        "positionIM": margin,
        "positionIMByMp": margin,
        "positionMM": maintenance,
        "positionMMByMp": maintenance,
        "positionBalance": margin,
        "unrealisedPnl": plain(money(unrealised(position, quote))),
        "adlRankIndicator": 2,
    }
