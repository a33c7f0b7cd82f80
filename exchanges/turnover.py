"""What each account was let order a moment ago, in this process's own memory."""

from __future__ import annotations

import threading
from collections import deque
from decimal import Decimal

from exchanges.domain.caps import Caps

MINUTE = 60.0  # seconds
ZERO = Decimal(0)


class Turnover:
    """What each account was let order within the last minute; for several threads.

    An order that is sent again is the same order: it counts once, by the most that it was.
    """

    def __init__(self) -> None:
        self._recent: deque[tuple[float, str, str]] = deque()  # when, account and order
        self._notionals: dict[tuple[str, str], Decimal] = {}  # of the recent ones
        self._orders: dict[str, int] = {}  # of each account
        self._totals: dict[str, Decimal] = {}
        self._lock = threading.Lock()

    def admit(self, account: str, order: str, notional: Decimal, caps: Caps, now: float) -> str:
        """Count an order in; or say why it is too much, and do not. `now`: monotonic seconds."""
        with self._lock:
            self._forget(now - MINUTE)
            before = self._notionals.get((account, order))
            orders = self._orders.get(account, 0) + (before is None)
            more = max(notional - (before or ZERO), ZERO)
            total = self._totals.get(account, ZERO) + more
            if orders > caps.minute_orders:
                return f"more than {caps.minute_orders} orders of the account in a minute"
            if total > caps.minute_notional:
                return f"more than {caps.minute_notional} USDT of the account in a minute"
            if before is None:
                self._recent.append((now, account, order))
            self._notionals[account, order] = (before or ZERO) + more
            self._orders[account], self._totals[account] = orders, total
            return ""

    def _forget(self, before: float) -> None:
        while self._recent and self._recent[0][0] <= before:
            _, account, order = self._recent.popleft()
            self._orders[account] -= 1
            self._totals[account] -= self._notionals.pop((account, order))
            if not self._orders[account]:
                del self._orders[account], self._totals[account]
