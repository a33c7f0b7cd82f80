"""What the proxy does to bytes; a fault that is not real proves nothing."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from chaos.proxy import HOST, Proxy


class Echo:
    """Answers every message with itself, and knows where it came from."""

    def __init__(self) -> None:
        self.listener = socket.create_server((HOST, 0))
        self.heard: list[bytes] = []
        self.peers: list[str] = []
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def address(self) -> tuple[str, int]:
        return self.listener.getsockname()

    def _accept(self) -> None:
        while True:
            try:
                link, peer = self.listener.accept()
            except OSError:
                return
            self.peers.append(peer[0])
            threading.Thread(target=self._answer, args=(link,), daemon=True).start()

    def _answer(self, link: socket.socket) -> None:
        with link:
            try:
                while data := link.recv(4096):
                    self.heard.append(data)
                    link.sendall(data)
            except OSError:
                return


@pytest.fixture
def echo() -> Iterator[Echo]:
    server = Echo()
    yield server
    server.listener.close()


@pytest.fixture
def proxy(echo: Echo) -> Iterator[Proxy]:
    between = Proxy(echo.address)
    between.start()
    yield between
    between.stop()


def dial(proxy: Proxy, source: str = HOST) -> socket.socket:
    return socket.create_connection((HOST, proxy.port), timeout=2, source_address=(source, 0))


def ask(link: socket.socket, words: bytes = b"hello") -> bytes:
    link.sendall(words)
    return link.recv(4096)


def read_all(link: socket.socket) -> tuple[bytes, str]:
    """What came until the connection ended, and how it did."""
    got = b""
    try:
        while data := link.recv(4096):
            got += data
    except ConnectionResetError:
        return got, "reset"
    return got, "closed"


def is_broken(link: socket.socket) -> bool:
    try:
        return ask(link) != b"hello" or ask(link) != b"hello"
    except OSError:
        return True


def test_it_forwards_and_keeps_the_address(proxy, echo):
    with dial(proxy, "127.0.0.3") as link:
        assert ask(link) == b"hello"
        assert ask(link, b"again") == b"again"
    assert echo.peers == ["127.0.0.3"]


def test_latency_counts_each_way(proxy):
    with dial(proxy) as link:
        proxy.set(latency=0.1)
        started = time.monotonic()
        assert ask(link) == b"hello"
        assert 0.2 <= time.monotonic() - started < 1


def test_a_reset_answer_reached_the_server(proxy, echo):
    with dial(proxy) as link:
        proxy.set(resets=True)
        with pytest.raises(ConnectionResetError):
            ask(link)
    assert echo.heard == [b"hello"]


def test_an_answer_is_cut_in_the_middle(proxy):
    with dial(proxy) as link:
        proxy.set(keeps=2)
        link.sendall(b"hello")
        got, end = read_all(link)
        assert end == "reset"
        assert got in {b"", b"he"}  # a reset may overtake what was read by nobody yet


def test_an_answer_trickles(proxy):
    with dial(proxy) as link:
        proxy.set(rate=20)
        link.sendall(b"hello")
        started, got = time.monotonic(), b""
        while len(got) < 5:
            got += link.recv(4096)
        assert got == b"hello"
        assert time.monotonic() - started > 0.15


def test_half_open_says_nothing_until_it_heals(proxy, echo):
    proxy.set(stalls=True)
    with dial(proxy) as link:
        link.settimeout(0.3)
        with pytest.raises(TimeoutError):
            ask(link)
        assert echo.heard == []
        proxy.clear()
        link.settimeout(2)
        assert link.recv(4096) == b"hello"


def test_down_refuses_and_up_takes_the_same_port(proxy):
    port = proxy.port
    with dial(proxy) as link:
        ask(link)
        proxy.down()
        assert is_broken(link)
    with pytest.raises(ConnectionRefusedError):
        dial(proxy)
    proxy.up()
    assert proxy.port == port
    with dial(proxy) as link:
        assert ask(link) == b"hello"


def test_only_a_share_of_the_answers_is_spoilt(proxy):
    proxy.set(resets=True, share=0.5)
    came = 0
    for _ in range(40):
        with dial(proxy) as link:
            try:
                came += ask(link) == b"hello"
            except ConnectionResetError:
                continue
    assert 8 < came < 32


def test_standing_connections_are_cut_and_new_ones_served(proxy):
    with dial(proxy) as link:
        ask(link)
        proxy.cut()
        assert is_broken(link)
    with dial(proxy) as link:
        assert ask(link) == b"hello"
