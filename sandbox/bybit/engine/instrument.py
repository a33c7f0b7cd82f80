"""A contract's rules, a quote, and how numbers are written on the wire."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal

MONEY = Decimal("0.00000001")  # Bybit keeps eight decimals of USDT
DEEP = Decimal(1_000_000_000)


@dataclass(frozen=True, slots=True)
class Instrument:
    symbol: str
    base: str
    tick: Decimal
    step: Decimal
    min_qty: Decimal
    max_qty: Decimal
    max_market_qty: Decimal
    max_leverage: Decimal
    quote: str = "USDT"
    settle: str = "USDT"
    min_notional: Decimal = Decimal(5)
    min_leverage: Decimal = Decimal(1)
    leverage_step: Decimal = Decimal("0.01")
    maintenance_rate: Decimal = Decimal("0.005")
    taker_fee: Decimal = Decimal("0.00055")
    maker_fee: Decimal = Decimal("0.0002")
    status: str = "Trading"
    launch_time: int = 1_584_230_400_000
    delivery_time: int = 0
    funding_interval: int = 480  # minutes
    price_limit_x: Decimal = Decimal("0.01")
    price_limit_y: Decimal = Decimal("0.02")
    symbol_id: int = 1

    @property
    def max_price(self) -> Decimal:
        return self.tick * 19_999_998

    @property
    def price_scale(self) -> int:
        exponent = self.tick.normalize().as_tuple().exponent
        return max(0, -exponent) if isinstance(exponent, int) else 0


@dataclass(frozen=True, slots=True)
class Quote:
    """The top of the book; each new quote brings fresh size."""

    bid: Decimal
    ask: Decimal
    last: Decimal
    mark: Decimal
    index: Decimal
    bid_size: Decimal = DEEP
    ask_size: Decimal = DEEP

    def by(self, source: str) -> Decimal:
        """The price that a trigger watches: `LastPrice`, `MarkPrice` or `IndexPrice`."""
        return {"MarkPrice": self.mark, "IndexPrice": self.index}.get(source, self.last)


def money(value: Decimal) -> Decimal:
    return value.quantize(MONEY, ROUND_HALF_EVEN)


def plain(value: Decimal | None) -> str:
    """Plain digits, no exponent, no trailing zeros; nothing for None."""
    if value is None:
        return ""
    if value == 0:
        return "0"
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
