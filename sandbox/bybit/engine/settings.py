"""An account's own settings: leverage per symbol and the position mode."""

from __future__ import annotations

from decimal import Decimal

from sandbox.bybit.engine import placing, requests
from sandbox.bybit.engine.account import Account
from sandbox.bybit.engine.core import Core
from sandbox.bybit.engine.errors import ApiError
from sandbox.bybit.engine.instrument import Instrument
from sandbox.bybit.engine.records import ZERO
from sandbox.bybit.engine.requests import Params, parameter


def set_leverage(core: Core, account: Account, params: Params) -> None:
    rules = placing.instrument_of(core, params)
    symbol = rules.symbol
    buy = requests.number(params, "buyLeverage", required=True) or ZERO
    sell = requests.number(params, "sellLeverage", required=True) or ZERO
    if account.margin_mode == "PORTFOLIO_MARGIN":
        raise ApiError(110038, "Not allowed to change leverage in portfolio margin")
    if buy != sell and not (account.is_isolated and account.is_hedge(symbol)):
        raise parameter("buyLeverage and sellLeverage must be equal")
    for leverage in (buy, sell):
        _check_leverage(leverage, rules)
    before = account.leverage_of(symbol, 1), account.leverage_of(symbol, 2)
    if before == (buy, sell):
        raise ApiError(110043, "leverage not modified")
    _write(account, symbol, buy, sell)
    figures = account.figures(core.instruments, core.quotes)
    free = account.balance if account.is_isolated else figures["equity"]
    if figures["position_im"] + figures["order_im"] > free:
        _write(account, symbol, *before)
        raise ApiError(110044, "available margin is insufficient")


def _check_leverage(leverage: Decimal, rules: Instrument) -> None:
    if leverage < rules.min_leverage or leverage % rules.leverage_step:
        raise parameter("leverage invalid")
    if leverage > rules.max_leverage:
        raise ApiError(110013, "cannot set leverage due to risk limit level")


def _write(account: Account, symbol: str, buy: Decimal, sell: Decimal) -> None:
    account.leverage[symbol] = buy
    if sell == buy:
        account.sell_leverage.pop(symbol, None)
    else:
        account.sell_leverage[symbol] = sell


def switch_mode(core: Core, account: Account, params: Params) -> None:
    """One symbol, or by coin every symbol that has neither a position nor an order."""
    requests.category(params)
    mode = requests.strict_integer(params, "mode", -1)
    if mode not in {0, 3}:
        raise parameter("params error: mode invalid")
    symbol, coin = requests.text(params, "symbol"), requests.text(params, "coin")
    if not symbol and not coin:
        raise parameter("params error: symbol or coin is required")
    if symbol and symbol not in core.instruments:
        raise parameter("Not supported symbols")
    if symbol:
        _switch_one(account, symbol, hedge=mode == 3)
    else:
        _switch_all(core, account, coin, hedge=mode == 3)


def _switch_one(account: Account, symbol: str, *, hedge: bool) -> None:
    if account.is_hedge(symbol) == hedge:
        raise ApiError(110025, "Position mode is not modified")
    if any(position.symbol == symbol for position in account.open_positions()):
        raise ApiError(110024, "You have an existing position, so cannot switch mode")
    if account.orders_on(symbol):
        raise ApiError(110028, "You have an open order, so cannot switch mode")
    account.hedge_by_symbol[symbol] = hedge


def _switch_all(core: Core, account: Account, coin: str, *, hedge: bool) -> None:
    busy = {position.symbol for position in account.open_positions()}
    busy |= {order.symbol for order in account.active.values()}
    for rules in core.instruments.values():
        if rules.settle == coin and rules.symbol not in busy:
            account.hedge_by_symbol[rules.symbol] = hedge
