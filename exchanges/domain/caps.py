"""How much may be ordered: bounds of one order, and of what an account orders in a minute."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Caps:
    """Notionals in USDT; what an account orders in a minute is counted in each process."""

    symbols: frozenset[str]
    leverage: Decimal
    order_notional: Decimal
    minute_notional: Decimal
    minute_orders: int
