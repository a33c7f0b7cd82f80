"""Public prices: tickers as a snapshot and what changes in it, and every trade.

Shapes: https://bybit-exchange.github.io/docs/v5/websocket/public/ticker, …/public/trade
"""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from decimal import Decimal
from itertools import count
from typing import Any
from uuid import uuid4

from sandbox.bybit.engine import Exchange
from sandbox.bybit.engine.instrument import plain
from sandbox.bybit.market import ticker
from sandbox.bybit.streams.hub import PUSH_SECONDS, Hub
from sandbox.bybit.streams.sockets import Socket

Row = dict[str, Any]
TICKER_SECONDS = 0.1  # the pace of a contract's ticker; between two, only the last price is told
MOST_TRADES = 1024  # in a message
KINDS = ("tickers", "publicTrade")


class Prices:
    """Follows the symbols that somebody listens to, and no others."""

    def __init__(self, exchange: Exchange, hub: Hub) -> None:
        self.exchange, self.hub = exchange, hub
        self._listeners: dict[str, list[Socket]] = defaultdict(list)
        self._tickers: dict[str, Row] = {}  # as they were told last
        self._moved: set[str] = set()
        self._trades: dict[str, list[Row]] = {}
        self._before: dict[str, Decimal] = {}
        self._sequence = count(1)
        exchange.watchers.append(self._watch)

    def knows(self, topic: str) -> bool:
        kind, _, symbol = topic.partition(".")
        return kind in KINDS and symbol in self.exchange.instruments

    def follow(self, socket: Socket, topic: str) -> None:
        socket.topics[topic] = None
        kind, _, symbol = topic.partition(".")
        if kind == "tickers":
            self._tell_ticker(symbol)  # so that the deltas to come fit this snapshot
            self._tickers[symbol] = self._ticker(symbol)
            self._send([socket], topic, self._message(topic, "snapshot", self._tickers[symbol]))
        self._listeners[topic].append(socket)

    def forget(self, socket: Socket, topic: str) -> None:
        if topic in socket.topics:
            del socket.topics[topic]
            self._listeners[topic].remove(socket)
            if not self._listeners[topic]:
                del self._listeners[topic]

    def leave(self, socket: Socket) -> None:
        for topic in list(socket.topics):
            self.forget(socket, topic)

    # --- a quote moved -----------------------------------------------------------------------

    def _watch(self, symbol: str) -> None:
        if f"tickers.{symbol}" in self._listeners:
            if not self._moved:
                asyncio.get_running_loop().call_later(TICKER_SECONDS, self._tell_tickers)
            self._moved.add(symbol)
        if f"publicTrade.{symbol}" in self._listeners:
            if not self._trades:
                asyncio.get_running_loop().call_later(PUSH_SECONDS, self._tell_trades)
            self._trades.setdefault(symbol, []).append(self._trade(symbol))

    def _tell_tickers(self) -> None:
        moved, self._moved = self._moved, set()
        for symbol in moved:
            self._tell_ticker(symbol)

    def _tell_ticker(self, symbol: str) -> None:
        topic, before = f"tickers.{symbol}", self._tickers.get(symbol, {})
        if topic not in self._listeners:
            return
        now = self._ticker(symbol)
        changed = {name: value for name, value in now.items() if before.get(name) != value}
        if changed:
            self._tickers[symbol] = now
            data = {"symbol": symbol, **changed}
            self._send(self._listeners[topic], topic, self._message(topic, "delta", data))

    def _ticker(self, symbol: str) -> Row:
        row = ticker(self.exchange.instruments[symbol], self.exchange.quotes[symbol])
        before = self._tickers.get(symbol)
        old = Decimal(before["lastPrice"]) if before else self.exchange.quotes[symbol].last
        return row | {"tickDirection": direction(old, self.exchange.quotes[symbol].last)}

    def _tell_trades(self) -> None:
        told, self._trades = self._trades, {}
        for symbol, rows in told.items():
            topic = f"publicTrade.{symbol}"
            for start in range(0, len(rows), MOST_TRADES):
                data = rows[start : start + MOST_TRADES]
                text = self._message(topic, "snapshot", data)
                self._send(self._listeners.get(topic, []), topic, text)

    def _trade(self, symbol: str) -> Row:
        """A new price is a trade there; how large it was, this market does not know."""
        last = self.exchange.quotes[symbol].last
        before = self._before.get(symbol, last)
        self._before[symbol] = last
        return {
            "T": self.exchange.clock(),
            "s": symbol,
            "S": "Buy" if last >= before else "Sell",
            "v": "1",
            "p": plain(last),
            "L": direction(before, last),
            "i": str(uuid4()),
            "BT": False,
            "RPI": False,
            "seq": next(self._sequence),
        }

    # --- telling -----------------------------------------------------------------------------

    def _message(self, topic: str, kind: str, data: Row | list[Row]) -> str:
        body = {"topic": topic, "type": kind, "data": data, "ts": self.exchange.clock()}
        if topic.startswith("tickers"):
            body["cs"] = next(self._sequence)
        return json.dumps(body)

    def _send(self, sockets: list[Socket], topic: str, text: str) -> None:
        for socket in sockets:
            self.hub.push(socket, topic, text)


def direction(before: Decimal, now: Decimal) -> str:
    if now == before:
        return "ZeroPlusTick"
    return "PlusTick" if now > before else "MinusTick"
