"""Setting a position's take profit, stop loss and trailing stop.

https://bybit-exchange.github.io/docs/v5/position/trading-stop
"""

from __future__ import annotations

from decimal import Decimal

from sandbox.bybit.engine import exits, placing, requests
from sandbox.bybit.engine.account import Account
from sandbox.bybit.engine.core import Core
from sandbox.bybit.engine.errors import ApiError
from sandbox.bybit.engine.positions import Position
from sandbox.bybit.engine.records import Exits, Order
from sandbox.bybit.engine.requests import Params, parameter

LEVELS = (
    ("takeProfit", "take_profit", "tpTriggerBy"),
    ("stopLoss", "stop_loss", "slTriggerBy"),
)


def set_stops(core: Core, account: Account, params: Params) -> None:
    rules = placing.instrument_of(core, params)
    if "positionIdx" not in params:
        raise parameter("params error: positionIdx is required")
    idx = requests.strict_integer(params, "positionIdx", 0)
    if idx not in {0, 1, 2} or (idx == 0) == account.is_hedge(rules.symbol):
        raise parameter("position idx not match position mode")
    mode = requests.choice(params, "tpslMode", {"Full", "Partial"})
    position = account.position(rules.symbol, idx)
    if not position.size:
        raise parameter("can not set tp/sl/ts for zero position")
    wanted = requests.exits(params)
    requests.check_levels(position.side, wanted, core.quotes[rules.symbol], rules)
    if mode == "Partial":
        _add_partial(core, account, position, params, wanted)
    else:
        _change_full(core, account, position, params, wanted)
    core.push_position(account, position)
    core.settle(account, rules.symbol)


def _add_partial(
    core: Core, account: Account, position: Position, params: Params, wanted: Exits
) -> None:
    given = [requests.number(params, name) for name in ("tpSize", "slSize")]
    sizes = {size for size in given if size is not None}
    if requests.number(params, "trailingStop") is not None:
        raise parameter("params error: trailingStop is for the whole position")
    if len(sizes) != 1 or not wanted.any:
        raise parameter("tpSize and slSize must be equal")
    size = sizes.pop()
    if not 0 < size <= position.size or size % core.instruments[position.symbol].step:
        raise parameter("tpSize or slSize invalid")
    exits.check_room(account, position.symbol, position.idx, wanted.count)
    exits.add_partial(core, account, position, wanted, size)


def _change_full(
    core: Core, account: Account, position: Position, params: Params, wanted: Exits
) -> None:
    """Set what differs, take away what is zero; nothing new at all is refused."""
    trailing = _wanted_trailing(core, position, params)
    changes = [_is_change(position, params, *names) for names in LEVELS]
    if not any(changes) and trailing is None:
        raise ApiError(34040, "not modified")
    for name, kind, _ in LEVELS:
        if requests.number(params, name) == 0:
            exits.clear_one(core, account, getattr(position, kind))
    exits.set_full(core, account, position, wanted)
    if trailing is not None:
        _set_trailing(core, account, position, *trailing)


def _is_change(position: Position, params: Params, name: str, kind: str, by: str) -> bool:
    level = requests.number(params, name)
    there: Order | None = getattr(position, kind)
    if level is None:
        return False
    if there is None or level != there.trigger_price:
        return there is not None or level > 0
    return (requests.text(params, by) or there.trigger_by) != there.trigger_by


def _wanted_trailing(
    core: Core, position: Position, params: Params
) -> tuple[Decimal, Decimal | None] | None:
    """The distance and activation price asked for; None when they change nothing.

    What is not given stays: a new distance keeps the activation price that is still waited for.
    """
    distance, active = requests.number(params, "trailingStop"), _activation(position, params)
    if distance is None:
        distance = position.trailing_distance
        if distance is None and requests.number(params, "activePrice") is not None:
            raise parameter("params error: activePrice is for a trailing stop")
    there = (position.trailing_distance, position.trailing_active)
    if distance is None or (distance, active) == there or (not distance and there[0] is None):
        return None
    rules, last = core.instruments[position.symbol], core.quotes[position.symbol].last
    if distance and (distance % rules.tick or distance >= last):
        raise parameter("params error: trailingStop invalid")
    if distance and active is not None and active != there[1]:
        requests.check_tick(active, rules, "activePrice")
        if (active - last) * position.sign <= 0:
            raise parameter("params error: activePrice is on the wrong side of the price")
    return distance, active


def _activation(position: Position, params: Params) -> Decimal | None:
    given = requests.number(params, "activePrice")
    return position.trailing_active if given is None else given or None


def _set_trailing(
    core: Core, account: Account, position: Position, distance: Decimal, active: Decimal | None
) -> None:
    if distance:
        exits.set_trailing(core, account, position, distance, active)
    else:
        exits.clear_one(core, account, position.trailing)
