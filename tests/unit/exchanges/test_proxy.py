"""Requests that leave by a proxy: it is told who we are, and its no is no order of unknown fate."""

from __future__ import annotations

import asyncio
import base64
import socket
import threading
from collections.abc import Iterator
from contextlib import closing

import pytest
from urllib3.exceptions import ProxyError
from websockets.proxy import parse_proxy

from exchanges.adapters.bybit.channel import Channel, Request
from exchanges.adapters.bybit.deadline import time_limit
from exchanges.adapters.bybit.sockets import open_socket
from exchanges.adapters.losses import lost
from exchanges.domain.errors import Unavailable
from exchanges.domain.proxies import decoded
from exchanges.egress_check import check_egress
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
    assert isinstance(lost(refused.value, is_write=True), Unavailable)  # it never left


def test_a_proxy_without_a_user_is_told_nothing(proxy):
    with pytest.raises(ProxyError):
        Channel(f"http://127.0.0.1:{proxy.port}").send(ORDER, timeout=time_limit(2, 2))
    (heard,) = proxy.heard
    assert b"authorization" not in heard.lower()


def test_a_socket_tells_a_proxy_the_same(proxy):
    """`websockets` takes user and password as they stand in the URL."""
    way = f"http://hexagonal:pass%40w%3Ard@127.0.0.1:{proxy.port}"
    wire = Wire("mainnet", None, 1, 1, 5000, egress=way)

    async def dial() -> None:
        async with open_socket("wss://exchange.invalid/v5/private", wire):
            pass

    with pytest.raises(Unavailable):
        asyncio.run(dial())
    (heard,) = proxy.heard
    assert b"Proxy-Authorization: Basic " + base64.b64encode(b"hexagonal:pass@w:rd") in heard


@pytest.mark.parametrize(
    "way",
    [
        "",
        "10.0.0.5",
        "2001:db8::5",
        "http://proxy:3128",
        "https://me:hush@proxy:3128/",
        "http://me:hu%40sh%25%3A@[2001:db8::1]:3128",
        "http://me@proxy:3128",
    ],
)
def test_ways_that_requests_find(settings, way):
    settings.EGRESS = {"203.0.113.1": way}
    assert check_egress() == []
    if "://" in way:
        assert parse_proxy(decoded(way)).port == 3128


@pytest.mark.parametrize(
    "way",
    [
        "socks5://me:hush@proxy:1080",
        "socks5h://proxy:1080",
        "ftp://proxy:21",
        "http://me:hush@proxy",
        "http://me:hush@proxy:port",
        "http://me:hush@:3128",
        "http://me:hush@proxy:3128/path",
        "http://me:hush%2Fhush@proxy:3128",
        "http://me:hush%23@proxy:3128",
        "http://m%3Ae:hush@proxy:3128",
        "http://me:hush%C3%A9@proxy:3128",
        "proxy:3128",
        "10.0.0",
    ],
)
def test_a_way_that_nothing_can_leave_by_is_refused_at_start(settings, way):
    settings.EGRESS = {"203.0.113.1": "10.0.0.5", "203.0.113.2": way}
    (error,) = check_egress()
    assert error.id == "exchanges.E001"
    assert "203.0.113.2" in error.msg
    assert "hush" not in str(error)


def test_a_proxys_password_is_not_shown():
    assert "hush" not in repr(Wire("mainnet", None, 1, 1, 5000, egress="http://me:hush@proxy:1"))
