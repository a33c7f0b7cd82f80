"""Where prices come from: set by hand, a seeded walk, or candles replayed at any speed."""

from __future__ import annotations

import csv
import gzip
import io
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path

from sandbox.bybit.engine import Exchange, Quote
from sandbox.bybit.engine.instrument import DEEP

MINUTE = timedelta(minutes=1)
MONTH = 31 * 24 * 60  # candles
VOLATILITY = 0.0006  # of a minute's return


@dataclass(frozen=True, slots=True)
class Candle:
    start: datetime
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal

    def path(self) -> list[Decimal]:
        """The prices that a candle visits: the extreme nearer to its opening comes first."""
        low_first = self.open - self.low <= self.high - self.open
        middle = [self.low, self.high] if low_first else [self.high, self.low]
        return [self.open, *middle, self.close]


def read_candles(path: Path) -> list[Candle]:
    """Read a CSV (or CSV.gz) with the columns timestamp, open, high, low, close."""
    raw = path.read_bytes()
    text = (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode()
    return [
        Candle(
            datetime.fromisoformat(row["timestamp"]).replace(tzinfo=UTC),
            *(Decimal(row[name]) for name in ("open", "high", "low", "close")),
        )
        for row in csv.DictReader(io.StringIO(text))
    ]


def generate_candles(seed: int, *, first: Decimal, tick: Decimal, count: int) -> list[Candle]:
    """A seeded month (or so) of one-minute candles, for a clone without the real ones."""
    dice = random.Random(seed)  # noqa: S311 - reproducible, not secret
    start, price = datetime(2022, 1, 1, tzinfo=UTC), first
    candles = []
    for number in range(count):
        path = [price]
        for _ in range(4):
            path.append(_walk(dice, path[-1], tick))
        candles.append(Candle(start + number * MINUTE, path[0], max(path), min(path), path[-1]))
        price = path[-1]
    return candles


def _walk(dice: random.Random, price: Decimal, tick: Decimal) -> Decimal:
    moved = price * (1 + Decimal(repr(dice.gauss(0, VOLATILITY / 2))))
    return max(on_tick(moved, tick), tick)


def on_tick(price: Decimal, tick: Decimal) -> Decimal:
    return (price / tick).to_integral_value(ROUND_HALF_EVEN) * tick


@dataclass(slots=True)
class Feed:
    """Moves the market; `mode` is manual, generator or candles."""

    exchange: Exchange
    mode: str = "generator"
    speed: float = 60.0  # minutes of candles in a real minute
    paused: bool = False
    seed: int = 1
    symbol: str = "BTCUSDT"
    candles: list[Candle] = field(default_factory=list)
    position: int = 0
    history: dict[str, dict[int, list[Decimal]]] = field(default_factory=dict)
    _dice: random.Random = field(default_factory=lambda: random.Random(1))  # noqa: S311
    _path: Iterator[Decimal] | None = None

    def set_price(
        self,
        symbol: str,
        price: Decimal,
        *,
        spread_ticks: int = 1,
        bid: Decimal | None = None,
        ask: Decimal | None = None,
        mark: Decimal | None = None,
        bid_size: Decimal = DEEP,
        ask_size: Decimal = DEEP,
    ) -> None:
        """Put the last price here; the book stands around it, the ask at the price."""
        tick = self.exchange.instruments[symbol].tick
        price = on_tick(price, tick)
        ask = ask if ask is not None else price
        bid = bid if bid is not None else ask - spread_ticks * tick
        mark = mark if mark is not None else price
        self._remember(symbol, price)
        self.exchange.set_quote(symbol, Quote(bid, ask, price, mark, mark, bid_size, ask_size))

    def _remember(self, symbol: str, price: Decimal) -> None:
        """Keep open, high, low and close of each minute of the API's clock, for the klines."""
        minute = self.exchange.clock() // 60_000 * 60_000
        minutes = self.history.setdefault(symbol, {})
        bar = minutes.get(minute)
        if bar is None:
            minutes[minute] = [price, price, price, price]
        else:
            bar[1], bar[2], bar[3] = max(bar[1], price), min(bar[2], price), price

    def tick(self) -> None:
        """One step of time: each walking symbol moves, the candle's path goes on."""
        if self.paused or self.mode == "manual":
            return
        for symbol, rules in self.exchange.instruments.items():
            if self.mode == "candles" and symbol == self.symbol:
                continue
            last = self.exchange.quotes[symbol].last
            self.set_price(symbol, _walk(self._dice, last, rules.tick))
        if self.mode == "candles":
            self._next_of_path()

    def _next_of_path(self) -> None:
        if self._path is None:
            if self.position >= len(self.candles):
                return
            self._path = iter(self.candles[self.position].path())
            self.position += 1
        price = next(self._path, None)
        if price is None:
            self._path = None
            self._next_of_path()
        else:
            self.set_price(self.symbol, price)

    @property
    def interval(self) -> float:
        """Seconds between ticks: a candle takes four of them."""
        return 60.0 / max(self.speed, 0.001) / 4 if self.mode == "candles" else 1.0

    def jump(self) -> None:
        """Stand at the opening of the candle at `position`."""
        self._path = None
        self.set_price(self.symbol, self.candles[self.position].open)

    def advance(self, minutes: int) -> None:
        """Play candles at once."""
        self._path = None
        for candle in self.candles[self.position : self.position + minutes]:
            for price in candle.path():
                self.set_price(self.symbol, price)
        self.position = min(self.position + minutes, len(self.candles))

    def state(self) -> dict[str, object]:
        at = self.candles[min(self.position, len(self.candles) - 1)] if self.candles else None
        return {
            "mode": self.mode,
            "speed": self.speed,
            "paused": self.paused,
            "symbol": self.symbol,
            "position": self.position,
            "candles": len(self.candles),
            "at": at.start.isoformat() if at else None,
            "last": {symbol: str(quote.last) for symbol, quote in self.exchange.quotes.items()},
        }
