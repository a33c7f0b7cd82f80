"""The talk on /v5/public/linear: subscriptions and pings, without any authentication.

https://bybit-exchange.github.io/docs/v5/ws/connect
"""

from __future__ import annotations

from sandbox.bybit.streams.frames import Frame, read, topics
from sandbox.bybit.streams.prices import Prices
from sandbox.bybit.streams.sockets import Socket

PATH = "/v5/public/linear"
MOST_CHARACTERS = 21_000  # of all topics of a socket


class Talk:
    """Answers the frames of one socket, in their order; one bad topic fails its whole request."""

    def __init__(self, prices: Prices, socket: Socket) -> None:
        self.prices, self.socket = prices, socket

    def hear(self, text: str) -> None:
        frame = read(text)
        match frame.get("op"):
            case "subscribe":
                wanted = topics(frame) or []
                error = self._refusal(wanted)
                self._answer(frame, error or "subscribe", is_good=not error)
                for topic in [] if error else wanted:
                    self.prices.follow(self.socket, topic)
            case "unsubscribe":
                for topic in topics(frame) or []:
                    self.prices.forget(self.socket, topic)
                self._answer(frame, "")
            case "ping":
                self._answer(frame, "pong")
            case _:
                self._answer(frame, "error:invalid op", is_good=False)

    def _answer(self, frame: Frame, message: str, *, is_good: bool = True) -> None:
        self.socket.answer(
            {
                "success": is_good,
                "ret_msg": message,
                "conn_id": self.socket.conn_id,
                "req_id": str(frame.get("req_id") or ""),
                "op": str(frame.get("op") or ""),
            }
        )

    def _refusal(self, wanted: list[str]) -> str:
        if not wanted:
            return "error:request args must not be empty"
        if sum(map(len, [*self.socket.topics, *wanted])) > MOST_CHARACTERS:
            return f"error:args exceed {MOST_CHARACTERS} characters"
        seen = set(self.socket.topics)
        for topic in wanted:
            if not self.prices.knows(topic):
                return f"error:handler not found,topic:{topic}"
            if topic in seen:
                return f"error:already subscribed,topic:{topic}"
            seen.add(topic)
        return ""
