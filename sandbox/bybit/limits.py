"""Bybit's limits: requests per UID and endpoint in a rolling second, per address in five.

New sockets are counted per address in five minutes; what is told over them counts nowhere.

Figures: https://bybit-exchange.github.io/docs/v5/rate-limit, /v5/ws/connect
"""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass, field

SECOND = 1000  # ms


@dataclass(slots=True)
class Window:
    """Counts what happened within the last `span` ms."""

    span: int
    most: int
    times: deque[int] = field(default_factory=deque)
    tells_reset: bool = True

    def left(self, now: int) -> int:
        while self.times and self.times[0] <= now - self.span:
            self.times.popleft()
        return self.most - len(self.times)

    def take(self, now: int, count: int = 1) -> int:
        """Count up to `count` events in and return how many there was room for."""
        taken = max(min(count, self.left(now)), 0)
        self.times.extend([now] * taken)
        return taken

    def reset_at(self, now: int) -> int:
        return self.times[0] + self.span if self.times and self.left(now) <= 0 else now

    def headers(self, now: int) -> dict[str, str]:
        headers = {
            "X-Bapi-Limit": str(self.most),
            "X-Bapi-Limit-Status": str(max(self.left(now), 0)),
        }
        if self.tells_reset:
            headers["X-Bapi-Limit-Reset-Timestamp"] = str(self.reset_at(now))
        return headers


@dataclass(slots=True)
class Limits:
    by_uid: bool = True
    by_address: bool = True
    address_most: int = 600
    address_span: int = 5 * SECOND
    ban_ms: int = 600 * SECOND
    banned: dict[str, int] = field(default_factory=dict)
    reset_header: bool = True  # Bybit sometimes leaves it out
    by_connection: bool = True
    connection_most: int = 500
    connection_span: int = 300 * SECOND
    market_most: int = 1000  # public sockets that an address may hold
    connections_refused: int = 0
    refused: int = 0
    bans: int = 0
    peak: dict[str, int] = field(default_factory=dict)
    _uids: dict[tuple[str, str], Window] = field(default_factory=dict)
    _addresses: dict[str, Window] = field(default_factory=dict)
    _connections: dict[str, Window] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def is_banned(self, address: str, now: int) -> bool:
        """Count a request of an address; over its limit it is banned for a while."""
        if now < self.banned.get(address, 0):
            return True
        if not self.by_address:
            return False
        window = self._addresses.get(address)
        if window is None:
            window = Window(self.address_span, self.address_most)
            self._addresses[address] = window
        if window.take(now) == 0:
            self.banned[address] = now + self.ban_ms
            self.bans += 1
            return True
        self.peak[address] = max(self.peak.get(address, 0), len(window.times))
        return False

    def ban(self, address: str, until: int) -> None:
        """Ban an address on demand, whatever it asked for."""
        self.banned[address] = until
        self.bans += 1

    def admits(self, address: str, now: int, *, held: int = 0) -> bool:
        """Count a new socket of an address that already holds so many public ones."""
        if not self.by_connection:
            return True
        window = self._connections.get(address)
        if window is None:
            window = Window(self.connection_span, self.connection_most)
            self._connections[address] = window
        admitted = held < self.market_most and window.take(now) == 1
        self.connections_refused += not admitted
        return admitted

    def window(self, uid: str, endpoint: str, most: int) -> Window:
        key = (uid, endpoint)
        if key not in self._uids:
            self._uids[key] = Window(SECOND, most, tells_reset=self.reset_header)
        return self._uids[key]

    def configure(self, **changes: int | bool) -> None:
        for name, value in changes.items():
            setattr(self, name, value)
        self._addresses.clear()
        self._connections.clear()
        self._uids.clear()
        self.banned.clear()
