"""What requests weigh at Binance, and how much of its address's minute they have used up.

https://developers.binance.com/docs/binance-spot-api-docs/rest-api/limits; what each weighs is told
with its endpoint. Minutes are the clock's, and whoever sends beyond their limit is told how long
the rest of one is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

MINUTE_MS = 60_000


@dataclass(slots=True)
class Weights:
    """One address's; what is not named weighs one."""

    most: int
    named: Mapping[tuple[str, str], int]
    everywhere: Mapping[tuple[str, str], int]  # where no symbol is named
    minute: int = 0
    used: int = 0

    def count(self, verb: str, path: str, *, names_symbol: bool, now: int) -> None:
        if now // MINUTE_MS != self.minute:
            self.minute, self.used = now // MINUTE_MS, 0
        known = self.named if names_symbol else {**self.named, **self.everywhere}
        self.used += known.get((verb, path), 1)

    @property
    def is_over(self) -> bool:
        return self.used > self.most

    def rest(self, now: int) -> int:
        """Seconds until the next minute."""
        return (MINUTE_MS - now % MINUTE_MS) // 1000 + 1

    def restart(self, most: int) -> None:
        self.most, self.used = most, 0


def spot() -> Weights:
    return Weights(
        6_000,
        {
            ("GET", "/api/v3/exchangeInfo"): 20,
            ("GET", "/api/v3/ticker/price"): 2,
            ("GET", "/api/v3/ticker/bookTicker"): 2,
            ("GET", "/api/v3/order"): 4,
            ("GET", "/api/v3/openOrders"): 6,
            ("GET", "/api/v3/allOrders"): 20,
            ("GET", "/api/v3/myTrades"): 20,
            ("GET", "/api/v3/account"): 20,
        },
        {
            ("GET", "/api/v3/ticker/price"): 4,
            ("GET", "/api/v3/ticker/bookTicker"): 4,
            ("GET", "/api/v3/openOrders"): 80,
        },
    )


def usdm() -> Weights:
    return Weights(
        2_400,
        {
            ("POST", "/fapi/v1/order"): 0,  # orders have a limit of their account's
            ("POST", "/fapi/v1/algoOrder"): 0,
            ("GET", "/fapi/v1/allOrders"): 5,
            ("GET", "/fapi/v1/allAlgoOrders"): 5,
            ("GET", "/fapi/v1/userTrades"): 5,
            ("GET", "/fapi/v1/accountConfig"): 5,
            ("GET", "/fapi/v1/symbolConfig"): 5,
            ("GET", "/fapi/v3/account"): 5,
            ("GET", "/fapi/v3/positionRisk"): 5,
            ("GET", "/api/v3/account"): 20,
        },
        {
            ("GET", "/fapi/v1/openOrders"): 40,
            ("GET", "/fapi/v1/openAlgoOrders"): 40,
            ("GET", "/fapi/v2/ticker/price"): 2,
            ("GET", "/fapi/v1/premiumIndex"): 10,
        },
    )
