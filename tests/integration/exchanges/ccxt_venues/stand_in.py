"""A server that answers for an exchange, and remembers what it was asked."""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

Sends = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Heard:
    """One request as it came over the wire."""

    verb: str
    path: str
    query: dict[str, str]
    body: Any
    headers: dict[str, str]
    raw_query: str
    raw_body: str

    @property
    def said(self) -> Any:
        """What it asks for, wherever this exchange puts it, without time and signature."""
        if isinstance(self.body, list):
            return self.body
        return {name: value for name, value in (self.query | self.body).items() if name not in AUTH}


def leaves(value: Any) -> list[str]:
    """Every text and number inside."""
    if isinstance(value, dict):
        return [leaf for part in value.values() for leaf in leaves(part)]
    if isinstance(value, list):
        return [leaf for part in value for leaf in leaves(part)]
    return [str(value)]


AUTH = frozenset(
    {
        *("timestamp", "recvWindow", "signature", "AccessKeyId", "SignatureMethod"),
        *("SignatureVersion", "Timestamp", "Signature"),
    }
)


@dataclass
class StandIn:
    """Answers by verb and path, or by a path with a word of its query, which goes before."""

    url: str = ""
    answers: dict[tuple[str, str], Any] = field(default_factory=dict)
    heard: list[Heard] = field(default_factory=list)

    def answer(self, verb: str, path: str, body: Any, status: int = 200) -> None:
        text = body if isinstance(body, str) else json.dumps(body)
        self.send(verb, path, lambda handler: _send(handler, status, text))

    def send(self, verb: str, path: str, sends: Sends) -> None:
        """`path?name=value`: for those alone that ask with this word."""
        self.answers[verb, path] = sends

    def answer_to(self, verb: str, path: str, query: dict[str, str]) -> Sends | None:
        asked = [*(f"{path}?{name}={value}" for name, value in query.items()), path]
        return next((self.answers[verb, one] for one in asked if (verb, one) in self.answers), None)


def _send(handler: BaseHTTPRequestHandler, status: int, text: str) -> None:
    handler.send_response(status)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", str(len(text.encode())))
    handler.end_headers()
    handler.wfile.write(text.encode())


def cut_short(handler: BaseHTTPRequestHandler) -> None:
    """Promise more than is sent, and hang up."""
    handler.send_response(200)
    handler.send_header("Content-Length", "4096")
    handler.end_headers()
    handler.wfile.write(b'{"code":"0","data":[{"ordId":"1')
    handler.close_connection = True


def reset(handler: BaseHTTPRequestHandler) -> None:
    """Hang up after the request has been read, without a word."""
    linger = struct.pack("ii", 1, 0)
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    handler.connection.close()
    handler.close_connection = True


def silent(handler: BaseHTTPRequestHandler) -> None:
    """Say nothing for longer than anybody waits here."""
    threading.Event().wait(1.0)
    handler.close_connection = True


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body leave apart: the body would wait 40 ms
    stand_in: StandIn

    def log_message(self, *said: Any) -> None:
        pass

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        query = dict(parse_qsl(parts.query))
        headers = {name.lower(): value for name, value in self.headers.items()}
        heard = Heard(self.command, parts.path, query, _body(raw), headers, parts.query, raw)
        self.stand_in.heard.append(heard)
        sends = self.stand_in.answer_to(self.command, parts.path, query)
        if sends is None:
            _send(self, 404, '{"nobody": "is here"}')
            return
        sends(self)

    do_GET = do_POST = do_DELETE = do_PUT = _serve  # noqa: N815 - the base class's names


def _body(raw: str) -> Any:
    if not raw:
        return {}
    if raw[0] in "[{":
        return json.loads(raw)
    return dict(parse_qsl(raw))


@contextmanager
def standing_in() -> Iterator[StandIn]:
    stand_in = StandIn()
    handler = type("Handler", (_Handler,), {"stand_in": stand_in})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    stand_in.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield stand_in
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
