"""The band around the mark price that limits and market orders trade within.

https://bybit-exchange.github.io/docs/v5/order/create-order (price limits of futures)
"""

from __future__ import annotations

from decimal import Decimal

from sandbox.bybit.engine.instrument import Instrument, Quote


def banded(price: Decimal, side: str, rules: Instrument, quote: Quote) -> Decimal:
    """Futures move a price beyond the band to its edge, silently (unlike spot)."""
    edge = quote.mark * (1 + (rules.price_limit_y if side == "Buy" else -rules.price_limit_y))
    edge -= edge % rules.tick
    return min(price, edge) if side == "Buy" else max(price, edge)


def holds(touch: Decimal, sign: int, rules: Instrument, quote: Quote) -> bool:
    """A market order is an IOC limit inside the band; whether the touch still lies in it."""
    return (touch - quote.mark) * sign <= quote.mark * rules.price_limit_y
