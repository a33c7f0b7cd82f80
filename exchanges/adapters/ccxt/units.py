"""Base units to what an exchange counts in, and back; all of it exact."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from exchanges.domain.errors import InvalidOrder

ZERO = Decimal(0)


def plain(value: Decimal) -> str:
    """Plain digits on the wire, never an exponent, and no zeros that say nothing."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def in_contracts(quantity: Decimal, contract: Decimal) -> str:
    """The number of contracts of `contract` base units each; raises `InvalidOrder` if it is none.

    Whether it is a multiple of the step was the caller's business; that nothing is lost is ours.
    """
    contracts = quantity / contract
    if contracts <= 0 or contracts * contract != quantity:
        raise InvalidOrder("not a quantity that can be told in contracts")
    return plain(contracts)


def in_whole_contracts(quantity: Decimal, contract: Decimal) -> int:
    """The same where an exchange takes whole contracts alone."""
    contracts = Decimal(in_contracts(quantity, contract))
    if contracts != contracts.to_integral_value():
        raise InvalidOrder("a part of a contract")
    return int(contracts)


def whole(value: Decimal) -> str:
    """A figure that an exchange takes as a whole number; raises `InvalidOrder` for another."""
    if value != value.to_integral_value():
        raise InvalidOrder("not a whole number")
    return str(int(value))


def in_base(contracts: Any, contract: Decimal) -> Decimal:
    return number(contracts) * contract


def number(text: Any) -> Decimal:
    """An absent number is None or the empty string, and zero where a number is needed."""
    return Decimal(str(text)) if text not in {"", None} else ZERO


def number_or_none(text: Any) -> Decimal | None:
    """Zero means "not set" for levels, prices and averages."""
    value = number(text)
    return value if value != 0 else None
