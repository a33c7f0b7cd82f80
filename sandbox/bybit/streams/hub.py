"""All open sockets, and the way of an account's changes from the engine to them."""

from __future__ import annotations

import asyncio
import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from itertools import count
from typing import Any
from uuid import uuid4

from sandbox.bybit.engine import Exchange
from sandbox.bybit.engine.account import Account
from sandbox.bybit.engine.core import Told
from sandbox.bybit.engine.records import Order
from sandbox.bybit.streams.shapes import Row, row, topics_of
from sandbox.bybit.streams.sockets import Socket
from sandbox.bybit.streams.troubles import Troubles

# A change is told this long after it happened: the request's own answer has gone out by then.
PUSH_SECONDS = 0.005
HELD_SECONDS = 0.2  # a push held back to come out of order waits so long for the next one
WITHOUT_ID = "execution.fast"


class Hub:
    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self.sockets: dict[int, Socket] = {}
        self.opened: Counter[str] = Counter()
        self.troubles = Troubles()
        self._by_uid: dict[str, list[Socket]] = defaultdict(list)
        self._told: dict[str, list[tuple[str, Row]]] = {}
        self._held: dict[int, str] = {}
        self._ids = count(1)
        self._name = uuid4().hex  # so that ids differ from those of another run
        exchange.listeners.append(self._hear)

    # --- sockets -----------------------------------------------------------------------------

    def enter(self, socket: Socket) -> None:
        self.sockets[socket.number] = socket
        self.opened[socket.address] += 1
        socket.is_deaf = lambda: self.troubles.lasts(
            "silence", uid=socket.uid, address=socket.address
        )

    def own(self, socket: Socket, uid: str) -> None:
        """From now on a socket belongs to an account."""
        socket.uid = uid
        self._by_uid[uid].append(socket)

    def leave(self, socket: Socket) -> None:
        self.sockets.pop(socket.number, None)
        self._held.pop(socket.number, None)
        mine = self._by_uid.get(socket.uid, [])
        if socket in mine:
            mine.remove(socket)
            if not mine:
                del self._by_uid[socket.uid]

    def chosen(self, *, uid: str = "", address: str = "", number: int = 0) -> list[Socket]:
        """The sockets of an account, of an address, or the one of a number; else all."""
        return [
            socket
            for socket in self.sockets.values()
            if (not uid or socket.uid == uid)
            and (not address or socket.address == address)
            and (not number or socket.number == number)
        ]

    def idle(self, now: float) -> list[Socket]:
        """Those that have been silent on both sides for longer than they may."""
        return [s for s in self.sockets.values() if now - s.active_at > s.alive_seconds]

    # --- pushes ------------------------------------------------------------------------------

    def _hear(self, account: Account, record: Told) -> None:
        """Note a change as it is at this moment; nothing is made up for those who come later."""
        sockets = self._by_uid.get(account.uid)
        if not sockets:
            return
        if not self._told:
            asyncio.get_running_loop().call_later(PUSH_SECONDS, self._tell)
        noted = self._told.setdefault(account.uid, [])
        for topic in topics_of(record):
            if not any(socket.hears(topic) for socket in sockets):
                continue
            noted.append((topic, row(self.exchange, account, record, topic)))
            if isinstance(record, Order) and record.status == "Filled":
                self._fill_twice(account.uid, noted)

    def _fill_twice(self, uid: str, noted: list[tuple[str, Row]]) -> None:
        if self.troubles.strike("filled_twice", uid=uid):
            topic, filled = noted[-1]
            noted.append((topic, filled | TOO_LATE))

    def _tell(self) -> None:
        told, self._told = self._told, {}
        now = self.exchange.clock()
        for uid, noted in told.items():
            messages = [(topic, json.dumps(data)) for topic, data in gather(noted)]
            for socket in self._by_uid.get(uid, []):
                for topic, data in messages:
                    for name in socket.hears(topic):
                        self.push(socket, topic, self._envelope(name, data, now))

    def push(self, socket: Socket, topic: str, text: str) -> None:
        """Send a push, unless the troubles asked for have other plans with it."""
        if not self.troubles.active:
            socket.push(text)
            return
        where = {"uid": socket.uid, "address": socket.address, "topic": topic}
        strike = self.troubles.strike
        if strike("swallow", **where):
            return
        delay = strike("delay", **where)
        wait = delay.ms / 1000 if delay else 0
        if socket.number not in self._held and strike("reorder", **where):
            self._held[socket.number] = text
            asyncio.get_running_loop().call_later(HELD_SECONDS, self._release, socket)
            return
        socket.push(text, wait)
        if strike("duplicate", **where):
            socket.push(text, wait)
        self._release(socket)

    def _release(self, socket: Socket) -> None:
        text = self._held.pop(socket.number, None)
        if text is not None:
            socket.push(text)

    def _envelope(self, topic: str, data: str, now: int) -> str:
        head: dict[str, Any] = {"topic": topic, "creationTime": now}
        if not topic.startswith(WITHOUT_ID):
            head["id"] = f"{self._name}-{next(self._ids)}"
        return f'{json.dumps(head)[:-1]}, "data": {data}}}'


# What comes second when a cancel request loses the race against a fill.
TOO_LATE = {"cancelType": "CancelByUser", "rejectReason": "EC_OrigClOrdIDDoesNotExist"}


def gather(noted: Iterable[tuple[str, Row]]) -> list[tuple[str, list[Row]]]:
    """Put what happened at once into messages: fills together, other rows in their order.

    A message never holds two states of one order.
    """
    messages: list[tuple[str, list[Row]]] = []
    fills: dict[str, list[Row]] = {}
    for topic, told in noted:
        if topic in fills:
            fills[topic].append(told)
        elif messages and messages[-1][0] == topic == "order" and _is_new(told, messages[-1][1]):
            messages[-1][1].append(told)
        else:
            messages.append((topic, [told]))
            if topic.startswith("execution"):
                fills[topic] = messages[-1][1]
    return messages


def _is_new(order: Row, there: list[Row]) -> bool:
    return all(other["orderId"] != order["orderId"] for other in there)
