"""A reply that trickles in byte by byte ends at the time limit (row 36 of the fault matrix)."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from itertools import cycle

import pytest
from urllib3 import PoolManager, Timeout
from urllib3.exceptions import ConnectTimeoutError, ProtocolError, ReadTimeoutError

from exchanges.adapters.bybit.deadline import hold_to_deadlines, time_limit, when_connected
from exchanges.domain.errors import Unavailable

BODY = b'{"retCode":0}'
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 13\r\n\r\n"
ENDLESS_HEAD = b"HTTP/1.1 200 OK\r\nX-Padding: "
CHUNKED_HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
LIMIT = time_limit(connect=0.5, read=0.5)

Answer = Callable[[socket.socket], None]


class Server:
    """Answers each connection's requests by one of the functions below."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.hear: Callable[[bytes], object] = len
        self.connections = 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}/"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                peer, _ = self.listener.accept()
                self.connections += 1
                threading.Thread(target=self._talk, args=[peer], daemon=True).start()

    def _talk(self, peer: socket.socket) -> None:
        with closing(peer), suppress(OSError):
            while packet := peer.recv(65536):
                self.hear(packet)
                self.answer(peer)


def at_once(peer: socket.socket) -> None:
    peer.sendall(HEAD + BODY)


def slow_body(peer: socket.socket) -> None:
    peer.sendall(HEAD)
    drip(peer, BODY)


def slow_headers(peer: socket.socket) -> None:
    peer.sendall(ENDLESS_HEAD)
    drip(peer, b"x")


def slow_chunks(peer: socket.socket) -> None:
    peer.sendall(CHUNKED_HEAD)
    drip(peer, b"1\r\nx\r\n")


def silent(_: socket.socket) -> None:
    time.sleep(5)


def drip(peer: socket.socket, text: bytes) -> None:
    for byte in cycle(text):
        peer.sendall(bytes([byte]))
        time.sleep(0.1)


@pytest.fixture
def pool() -> Iterator[PoolManager]:
    with PoolManager() as pool:
        yield hold_to_deadlines(pool)


def get(pool: PoolManager, server: Server, limit: Timeout = LIMIT) -> bytes:
    return pool.request("GET", server.url, timeout=limit, retries=False).data


def seconds_of(pool: PoolManager, server: Server) -> tuple[float, type[Exception]]:
    started = time.monotonic()
    with pytest.raises((ReadTimeoutError, ProtocolError)) as raised:
        get(pool, server)
    return time.monotonic() - started, raised.type


@pytest.mark.parametrize("answer", [slow_body, slow_headers, slow_chunks, silent])
def test_a_reply_ends_at_the_limit_however_it_trickles(pool: PoolManager, answer: Answer) -> None:
    seconds, error = seconds_of(pool, Server(answer))

    assert 0.4 < seconds < 0.8
    assert not issubclass(error, ConnectTimeoutError)  # it was sent: its outcome is unknown


def test_a_prompt_reply_keeps_its_connection(pool: PoolManager) -> None:
    server = Server(at_once)

    bodies = {get(pool, server) for _ in range(20)}

    assert bodies == {BODY}
    assert server.connections == 1


def test_a_connection_starts_its_limit_anew_for_each_request(pool: PoolManager) -> None:
    server = Server(at_once)
    get(pool, server, time_limit(connect=0.5, read=0.2))
    time.sleep(0.3)

    assert get(pool, server) == BODY


def test_nothing_is_sent_over_a_connection_that_took_too_long(
    pool: PoolManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Server(at_once)
    look_up = socket.getaddrinfo

    def slow_look_up(*args: object, **kwargs: object) -> object:
        time.sleep(0.6)
        return look_up(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", slow_look_up)

    with pytest.raises(ConnectTimeoutError):
        get(pool, server)


def test_head_and_body_leave_as_one_packet(pool: PoolManager) -> None:
    heard: list[bytes] = []
    server = Server(at_once)
    server.hear = heard.append
    for _ in range(2):  # the second over the same connection
        pool.request("POST", server.url, body=b"the body", timeout=LIMIT)
    pool.request("GET", server.url, timeout=LIMIT)
    assert server.connections == 1
    assert [packet.split(b" ")[0] for packet in heard] == [b"POST", b"POST", b"GET"]
    assert all(packet.endswith(b"\r\n\r\nthe body") for packet in heard[:2])


def test_a_request_that_opens_its_connection_is_told_of_before_it_leaves(pool: PoolManager) -> None:
    heard: list[bytes] = []
    server, opened = Server(at_once), []
    server.hear = heard.append
    with when_connected(lambda: opened.append(len(heard))):
        for _ in range(3):
            pool.request("POST", server.url, body=b"the body", timeout=LIMIT)
    assert (opened, len(heard)) == ([0], 3)


def test_what_may_not_leave_after_connecting_has_not_left(pool: PoolManager) -> None:
    heard: list[bytes] = []
    server = Server(at_once)
    server.hear = heard.append

    def refuse() -> None:
        raise Unavailable("banned meanwhile")

    with when_connected(refuse), pytest.raises(Unavailable):
        pool.request("POST", server.url, body=b"the body", timeout=LIMIT, retries=False)
    time.sleep(0.05)
    assert heard == []
