"""How a Decimal is written: plain digits, no exponent, no trailing zeros."""

from __future__ import annotations

from decimal import Decimal


def plain(value: Decimal) -> str:
    """Write 0.10 as `0.1`, 1E+3 as `1000` and 1E-7 as `0.0000001`."""
    if value == 0:
        return "0"
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
