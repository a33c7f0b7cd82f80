"""One socket to Bybit: where it is, its heartbeat, and when it counts as dead.

`websockets` on one event loop, not pybit's WebSocket: that takes two threads for each connection,
and ends for good, unseen, on the first exception in a callback (reference 6.2).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidHandshake, InvalidStatus, WebSocketException

from exchanges.domain.errors import ExchangeError, RateLimited, Unavailable
from exchanges.domain.proxies import decoded
from exchanges.ports import Heartbeat, Wire

Frame = dict[str, Any]

HOSTS = {
    "mainnet": "wss://stream.bybit.com",
    "testnet": "wss://stream-testnet.bybit.com",
    "demo": "wss://stream-demo.bybit.com",
}
PUBLIC_HOSTS = HOSTS | {"demo": HOSTS["mainnet"]}  # the demo has no public data of its own
FORBIDDEN = 403
REFUSED_SECONDS = 60.0  # after a refused handshake: too many new connections, most likely
CLOSE_SECONDS = 1.0
LARGEST_FRAME = 4 * 1024 * 1024
PING = json.dumps({"op": "ping"})


def address_of(hosts: dict[str, str], wire: Wire, path: str) -> str:
    """The URL of a socket; a sandbox serves them where it serves requests."""
    if wire.base_url is None:
        return hosts[wire.environment] + path
    return wire.base_url.replace("http", "ws", 1) + path


@asynccontextmanager
async def open_socket(url: str, wire: Wire) -> AsyncIterator[ClientConnection]:
    """Connect by the wire's own address or proxy. Raises `ExchangeError`s only."""
    is_proxy = "://" in wire.egress
    try:
        async with connect(
            url,
            proxy=decoded(wire.egress) if is_proxy else None,  # never one of the environment's
            local_addr=(wire.egress, 0) if wire.egress and not is_proxy else None,
            open_timeout=wire.connect_timeout + wire.read_timeout,
            close_timeout=CLOSE_SECONDS,
            ping_interval=None,  # Bybit's own heartbeat is a message
            compression=None,  # a window of 64 kB for each socket
            max_size=LARGEST_FRAME,
            user_agent_header=None,
        ) as socket:
            yield socket
    except InvalidStatus as error:
        status = error.response.status_code
        if status == FORBIDDEN:
            raise RateLimited(
                "handshake refused", code=status, retry_after=REFUSED_SECONDS
            ) from None
        raise Unavailable("handshake refused", code=status) from None
    except (OSError, EOFError, WebSocketException, InvalidHandshake) as error:
        raise Unavailable(type(error).__name__) from None


async def heed(
    socket: ClientConnection, heartbeat: Heartbeat, hear: Callable[[Frame], None]
) -> None:
    """Hand every frame to `hear` until the socket ends; raises `Unavailable` when it falls silent.

    A ping leaves at every interval. Whatever comes is an answer to it: a busy socket lives.
    """
    clock = asyncio.get_running_loop().time
    ping_at, dead_at = clock() + heartbeat.interval, None
    while True:
        try:
            async with asyncio.timeout_at(ping_at if dead_at is None else min(ping_at, dead_at)):
                hear(read(await socket.recv(decode=True)))
                dead_at = None
                while clock() < ping_at:  # one timer for all that come until then
                    hear(read(await socket.recv(decode=True)))
        except TimeoutError:
            if dead_at is not None and clock() >= dead_at:
                # Nobody would answer a closing handshake either.
                socket.transport.abort()
                raise Unavailable("the socket fell silent") from None
        if clock() >= ping_at:
            await socket.send(PING)
            ping_at = clock() + heartbeat.interval
            dead_at = dead_at or clock() + heartbeat.patience


def read(text: str) -> Frame:
    """Read a frame; one that is no object ends the socket, for nobody knows what it said."""
    try:
        frame = json.loads(text)
    except ValueError:
        frame = None
    if not isinstance(frame, dict):
        raise Unavailable("a frame that is no object")
    return frame


async def ask(socket: ClientConnection, request: Frame, *, patience: float) -> Frame:
    """Send a request and wait for the answer to it; raises `Unavailable` when none comes."""
    await socket.send(json.dumps(request))
    try:
        async with asyncio.timeout(patience):
            while True:
                frame = read(await socket.recv(decode=True))
                if frame.get("op") == request["op"]:
                    return frame
    except TimeoutError:
        raise Unavailable(f"no answer to {request['op']}") from None


def require(frame: Frame, error: type[ExchangeError] = Unavailable) -> None:
    """Raise unless an answer says success; its text may quote the key, so it stays out."""
    if frame.get("success") is not True and frame.get("retCode") != 0:
        code = frame.get("retCode")
        raise error(f"{frame.get('op')} refused", code=int(code) if code is not None else None)
