"""Bybit's parameters, read strictly: wrong types and figures are refused with Bybit's codes."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from sandbox.bybit.engine.errors import ApiError
from sandbox.bybit.engine.instrument import Instrument, Quote, plain
from sandbox.bybit.engine.records import Exits

Params = dict[str, Any]
LINK_ID = re.compile(r"[A-Za-z0-9_-]{1,36}")
DIGITS = re.compile(r"-?[0-9]{1,18}")
FIGURE = re.compile(r"[0-9]{1,40}(\.[0-9]{1,40})?")  # plain digits: 1E-7 is no price
SIDES = {"Buy", "Sell"}
TRIGGERS = {"LastPrice", "MarkPrice", "IndexPrice"}


def parameter(message: str) -> ApiError:
    return ApiError(10001, message)


def text(params: Params, name: str, *, required: bool = False) -> str:
    value = params.get(name)
    if value is None or value == "":
        if required:
            raise parameter(f"params error: {name} is required")
        return ""
    if not isinstance(value, str):
        raise parameter(f"params error: {name} must be a string")
    return value


def number(params: Params, name: str, *, required: bool = False) -> Decimal | None:
    """A figure travels as a string of plain digits; "" and absence are the same."""
    value = text(params, name, required=required)
    if not value:
        return None
    if not FIGURE.fullmatch(value):
        raise parameter(f"params error: {name} invalid")
    return Decimal(value)


def integer(params: Params, name: str, default: int) -> int:
    """Bybit's integers are JSON numbers in a body and digits in a query."""
    value = params.get(name, default)
    if isinstance(value, str) and DIGITS.fullmatch(value):
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise parameter(f"params error: {name} must be an integer")
    return value


def strict_integer(params: Params, name: str, default: int) -> int:
    value = params.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int):
        raise parameter(f"params error: {name} must be an integer")
    return value


def flag(params: Params, name: str) -> bool:
    value = params.get(name, False)
    if value is None:
        return False
    if not isinstance(value, bool):
        raise parameter(f"params error: {name} must be a boolean")
    return value


def choice(params: Params, name: str, allowed: set[str], default: str = "") -> str:
    value = text(params, name) or default
    if value not in allowed:
        raise parameter(f"params error: {name} invalid")
    return value


def category(params: Params) -> None:
    value = params.get("category")
    if value not in {"linear", "inverse", "spot", "option"}:
        raise parameter("params error: category invalid")
    if value != "linear":
        raise parameter("the sandbox knows the linear category only")


def link_id(params: Params) -> str:
    value = text(params, "orderLinkId")
    if value and not LINK_ID.fullmatch(value):
        raise parameter("params error: orderLinkId is longer than 36 or has invalid characters")
    return value


def exits(params: Params) -> Exits:
    mode = choice(params, "tpslMode", {"Full", "Partial"}, "Full")
    take, stop = _level(params, "takeProfit"), _level(params, "stopLoss")
    tp_limit = _limit(params, "tpOrderType", "tpLimitPrice", mode)
    sl_limit = _limit(params, "slOrderType", "slLimitPrice", mode)
    return Exits(
        take_profit=take,
        stop_loss=stop,
        mode=mode,
        tp_trigger_by=choice(params, "tpTriggerBy", TRIGGERS, "LastPrice"),
        sl_trigger_by=choice(params, "slTriggerBy", TRIGGERS, "LastPrice"),
        tp_limit=tp_limit,
        sl_limit=sl_limit,
    )


def _level(params: Params, name: str) -> Decimal | None:
    return number(params, name) or None


def _limit(params: Params, kind: str, price: str, mode: str) -> Decimal | None:
    if choice(params, kind, {"Market", "Limit"}, "Market") == "Market":
        return None
    if mode == "Full":
        raise parameter("params error: Full mode exits are market orders")
    return number(params, price, required=True)


def check_tick(price: Decimal, rules: Instrument, name: str = "price") -> None:
    if price <= 0 or price % rules.tick:
        raise parameter(f"params error: {name} invalid, tick size is {plain(rules.tick)}")


def check_levels(
    side: str, exits: Exits, quote: Quote, rules: Instrument, price: Decimal | None = None
) -> None:
    """A long's stop lies below and its target above the base price; a short's the other way.

    The base is the order's own price if it has one, else the price that the trigger watches.
    """
    rising = side == "Buy"
    levels = [
        ("sl", exits.stop_loss, exits.sl_trigger_by, not rising),
        ("tp", exits.take_profit, exits.tp_trigger_by, rising),
    ]
    for name, level, by, above in levels:
        if level is None:
            continue
        check_tick(level, rules, name)
        base = price or quote.by(by)
        if (level <= base) if above else (level >= base):
            word = "greater" if above else "less"
            raise parameter(
                f"{name}:{plain(level)} set for {side} position should {word} "
                f"base_price:{plain(base)}??{by}"
            )
