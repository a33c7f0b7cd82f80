"""The talk on /v5/private: authentication, subscriptions and pings of one account.

https://bybit-exchange.github.io/docs/v5/ws/connect
"""

from __future__ import annotations

from collections.abc import Callable

from sandbox.bybit.engine import ApiError
from sandbox.bybit.keys import Key, check_socket
from sandbox.bybit.streams.frames import Frame, read, topics
from sandbox.bybit.streams.hub import Hub
from sandbox.bybit.streams.sockets import Socket

PATH = "/v5/private"
BASES = {"order", "execution", "execution.fast", "position", "wallet", "greeks"}
CATEGORIES = ("linear", "inverse", "spot", "option")
# The docs give no `.category` twin for the wallet and the greeks; `dcp` has products of its own.
SPLIT = {
    f"{base}.{category}"
    for base in ("order", "execution", "execution.fast", "position")
    for category in CATEGORIES
}
DCP = {"dcp.future", "dcp.spot", "dcp.option"}
TOPICS = {*BASES, *SPLIT, *DCP}


class Talk:
    """Answers the frames of one socket, in their order."""

    def __init__(
        self, hub: Hub, socket: Socket, keys: dict[str, Key], clock: Callable[[], int]
    ) -> None:
        self.hub, self.socket, self.keys, self.clock = hub, socket, keys, clock

    def hear(self, text: str) -> None:
        frame = read(text)
        match frame.get("op"):
            case "auth":
                self._answer(frame, self._authenticate(frame))
            case "subscribe":
                self._answer(frame, self._subscribe(topics(frame)))
            case "unsubscribe":
                self._answer(frame, self._unsubscribe(topics(frame)))
            case "ping":
                pong = {"op": "pong", "args": [str(self.clock())], "conn_id": self.socket.conn_id}
                self.socket.answer(_asked(frame) | pong)
            case _:
                self._answer(frame, "error:invalid op")

    def _answer(self, frame: Frame, error: str) -> None:
        self.socket.answer(
            _asked(frame)
            | {
                "success": not error,
                "ret_msg": error,
                "op": str(frame.get("op") or ""),
                "conn_id": self.socket.conn_id,
            }
        )

    def _authenticate(self, frame: Frame) -> str:
        """What is wrong with an auth frame; nothing when the socket is the account's now."""
        if self.socket.uid:
            return "Repeat auth"
        args = frame.get("args")
        if not isinstance(args, list) or len(args) != 3:
            return "Params Error"
        try:
            key = check_socket(self.keys, args, self.socket.address, self.clock())
        except ApiError as error:
            return error.message
        self.hub.own(self.socket, key.uid)
        return ""

    def _subscribe(self, wanted: list[str] | None) -> str:
        if not self.socket.uid:
            return "Request not authorized"
        if not wanted:
            return "Params Error"
        for topic in wanted:
            if topic not in TOPICS:
                return f"error:handler not found,topic:{topic}"
        if any(topic in SPLIT for topic in wanted) and any(topic in BASES for topic in wanted):
            return "error:all-in-one and categorised topics cannot be in one request"
        self.socket.topics |= dict.fromkeys(wanted)
        return ""

    def _unsubscribe(self, wanted: list[str] | None) -> str:
        if not wanted:
            return "Params Error"
        for topic in wanted:
            self.socket.topics.pop(topic, None)
        return ""


def _asked(frame: Frame) -> Frame:
    """The request's own id comes back, when it had one."""
    return {"req_id": frame["req_id"]} if frame.get("req_id") else {}
