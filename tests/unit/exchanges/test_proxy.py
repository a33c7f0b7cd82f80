"""Requests that leave by a proxy: it is told who we are, and its no is no order of unknown fate."""

from __future__ import annotations

import base64
import socket
import threading
from collections.abc import Iterator
from contextlib import closing

import pytest
from urllib3.exceptions import ProxyError

from exchanges.adapters.bybit.channel import Channel, Request
from exchanges.adapters.bybit.deadline import time_limit
from exchanges.adapters.bybit.transport import _network
from exchanges.domain.errors import Unavailable
from exchanges.ports import Wire

NO = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
ORDER = Request("POST", "https://exchange.invalid/v5/order/create", {}, b"{}")


class Proxy:
    """Says no to everything and remembers what it was told."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            with closing(peer):
                self.heard.append(peer.recv(65536))
                peer.sendall(NO)


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    made = Proxy()
    with closing(made.listener):
        yield made


def test_a_proxy_is_told_the_user_of_its_url(proxy):
    channel = Channel(f"http://hexagonal:pass%40word@127.0.0.1:{proxy.port}")
    with pytest.raises(ProxyError) as refused:
        channel.send(ORDER, timeout=time_limit(2, 2))
    told = base64.b64encode(b"hexagonal:pass@word")
    (heard,) = proxy.heard
    assert b"proxy-authorization: Basic " + told in heard
    assert isinstance(_network(refused.value, is_write=True), Unavailable)  # it never left


def test_a_proxy_without_a_user_is_told_nothing(proxy):
    with pytest.raises(ProxyError):
        Channel(f"http://127.0.0.1:{proxy.port}").send(ORDER, timeout=time_limit(2, 2))
    (heard,) = proxy.heard
    assert b"authorization" not in heard.lower()


def test_a_proxys_password_is_not_shown():
    assert "hush" not in repr(Wire("mainnet", None, 1, 1, 5000, egress="http://me:hush@proxy:1"))
