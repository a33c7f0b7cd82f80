"""A plain client of the sandbox's sockets, for its tests."""

from __future__ import annotations

import hashlib
import hmac
import json
import time

from websockets.sync.client import connect

WAIT = 5  # seconds


class Stream:
    """One socket; `next` skips what is about something else."""

    def __init__(self, url, path="/v5/private", **options):
        self.socket = connect(url.replace("http", "ws", 1) + path, ping_interval=None, **options)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, **frame):
        self.socket.send(json.dumps(frame))

    def ask(self, **frame):
        self.send(**frame)
        return self.next(op=None)

    def authenticate(self, key, *, expires=None, secret=None):
        expires = expires or int(time.time() * 1000) + 5000
        signed = f"GET/realtime{expires}".encode()
        secret = (secret or key["api_secret"]).encode()
        sign = hmac.new(secret, signed, hashlib.sha256).hexdigest()
        return self.ask(op="auth", args=[key["api_key"], expires, sign])

    def subscribe(self, *topics, req_id="r"):
        return self.ask(op="subscribe", req_id=req_id, args=list(topics))

    def read(self, timeout=WAIT):
        return json.loads(self.socket.recv(timeout=timeout))

    def next(self, topic=None, op="", timeout=WAIT):
        """The next message of a topic, or the next answer (`op=None`: of any)."""
        deadline = time.monotonic() + timeout
        while True:
            message = self.read(max(deadline - time.monotonic(), 0))
            if topic is not None and message.get("topic") == topic:
                return message
            if topic is None and "op" in message and op in {None, message["op"]}:
                return message

    def rest(self, seconds=0.3):
        """Everything that still comes within so many seconds of silence."""
        messages = []
        while True:
            try:
                messages.append(self.read(seconds))
            except TimeoutError:
                return messages
