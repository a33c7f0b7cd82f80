"""How figures, symbols and reasons are shown."""

from __future__ import annotations

from decimal import Decimal

from django import template

from accounts.wording import text_of
from hexagonal.lib.numbers import plain

register = template.Library()


@register.filter
def figure(value: Decimal | None) -> str:
    """A number as it is: no rounding, no trailing zeros."""
    return "–" if value is None else plain(value)


@register.filter
def usdt(value: Decimal | None) -> str:
    """USDT to the cent, for reading; the exact figure stands in the title."""
    return "–" if value in {None, ""} else f"{value:,.2f}"


@register.filter
def percent(value: Decimal | None) -> str:
    return "–" if value is None else f"{value:+.2f} %"


@register.filter
def pair(symbol: str) -> str:
    """BTCUSDT as #BTC/USDT."""
    return f"#{symbol.removesuffix('USDT')}/USDT" if symbol.endswith("USDT") else f"#{symbol}"


@register.filter
def reason(code: str) -> str:
    return text_of(code) if code else ""
