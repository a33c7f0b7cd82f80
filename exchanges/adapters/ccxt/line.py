"""An account's requests over our own HTTP: one attempt, deadlines, and nothing that was not named.

ccxt signs; it neither opens connections nor retries, waits, or asks for anything by itself.
"""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any
from urllib.parse import unquote_plus, urlsplit

import ccxt
from urllib3.exceptions import HTTPError

from exchanges.adapters.bybit.channel import Answer, Channel
from exchanges.adapters.bybit.channel import Request as HttpRequest
from exchanges.adapters.bybit.deadline import time_limit, when_connected
from exchanges.adapters.ccxt.answers import leaves, proof_in
from exchanges.adapters.ccxt.errors import parsed, refusal, silence_asked
from exchanges.adapters.ccxt.record import told
from exchanges.adapters.ccxt.venue import Json, Mode, Request, Site, Venue
from exchanges.adapters.losses import lost
from exchanges.domain.errors import (
    ExchangeError,
    InvalidKey,
    Unavailable,
    UnexpectedReply,
    Unsupported,
)
from exchanges.domain.trading import Credentials
from exchanges.ports import Wire

LIVE_RULES = "mainnet"  # by which a server of our own is asked
# ccxt's referral codes: its own income, and a word that the account's owner never said.
BRANDS = frozenset(
    {
        *("x-gate-channel-id", "x-channel-api-code", "x-source-key", "source", "input-source"),
        *("broker_sign", "kc-api-partner", "kc-api-partner-sign", "kc-api-partner-verify"),
        *("kc-broker-name", "referer"),
    }
)
HEADERS = {"Accept": "application/json", "Accept-Encoding": "gzip"}


@cache
def _tls() -> ssl.SSLContext:
    """One for all: ccxt and urllib3 would read the authorities anew, 30 ms each time."""
    return ssl.create_default_context()


@cache
def _channel(egress: str) -> Channel:
    return Channel(egress, ssl_context=_tls())


class _Signing:
    """Mixed into ccxt's classes: what they would send is handed to us."""

    deliver: Callable[[str, str, Mapping[str, str], str | None], Json]
    headers: Mapping[str, str]  # that go with every request: they make a demo account one

    def fetch(
        self,
        url: str,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        body: str | None = None,
    ) -> Json:
        return self.deliver(url, method, {**self.headers, **(headers or {})}, body)

    def set_last_request(self, request: object) -> None:
        """Keep nothing: it holds a signature."""


@cache
def _class_of(ccxt_id: str) -> type[Any]:
    return type(f"Signing_{ccxt_id}", (_Signing, getattr(ccxt, ccxt_id)), {})


def _client(venue: Venue, site: Site, wire: Wire, credentials: Credentials | None) -> Any:
    client = _class_of(venue.ccxt_id)(
        {
            "apiKey": credentials.api_key if credentials else None,
            "secret": credentials.api_secret if credentials else None,
            "password": credentials.passphrase if credentials else None,
            "enableRateLimit": False,
            "maxRetriesOnFailure": 0,
            "session": object(),  # ccxt would make one of its own
            "number": str,
            "options": {"recvWindow": wire.recv_window_ms, "maxRetriesOnFailure": 0}
            | dict(venue.options),
        }
    )
    client.has["fetchCurrencies"] = False  # nothing here moves coins
    if site.mode is Mode.SANDBOX:
        client.set_sandbox_mode(True)
    elif site.mode is Mode.DEMO:
        client.enable_demo_trading(True)  # noqa: FBT003 - ccxt's
    return client


class Line:
    """One account's way to its exchange, or nobody's to its public data.

    Holds a client that knows the secret; this object shows neither.
    """

    def __init__(self, venue: Venue, wire: Wire, credentials: Credentials | None = None) -> None:
        site = venue.sites.get(wire.environment)
        if site is None and wire.base_url is not None:
            site = venue.sites[LIVE_RULES]
        if site is None:
            raise Unsupported(f"{venue.kind} has no {wire.environment} here")
        self._venue, self._wire, self._site = venue, wire, site
        self._channel = _channel(wire.egress)
        self._limit = time_limit(wire.connect_timeout, wire.read_timeout)
        self._turn = threading.Lock()
        self._allowed: Sequence[tuple[str, str]] = ()
        self._said: list[str] = []
        self._is_sent = False
        self.client = _client(venue, site, wire, credentials)
        self.client.deliver = self._deliver
        self._secrets = _secrets(credentials)

    def __repr__(self) -> str:
        return f"<Line {self._venue.kind}>"

    def __reduce__(self) -> str:
        raise TypeError("A line holds a secret and is not pickled.")

    def ask(self, request: Request, *, name: str = "") -> Json:
        """Send one request and return an answer that holds its proof.

        `name`: what it is paid for as, where others pay for it beforehand.
        """
        endpoint = request.endpoint
        answer = self._call(
            name or endpoint.method,
            lambda: getattr(self.client, endpoint.method)(request.params),
            [(endpoint.verb, endpoint.path)],
            weight=endpoint.weight,
            said=leaves(request.params),
        )
        if proof_in(answer, endpoint.proof) is None:
            kind = UnexpectedReply if endpoint.is_write else Unavailable
            raise kind("an answer without what was asked for")
        if request.echo and request.echo not in leaves(answer):
            raise UnexpectedReply("an acknowledgement of another order")
        return answer

    def load(
        self, name: str, call: Callable[[Any], Any], paths: Sequence[str], *, weight: int
    ) -> Any:
        """Let ccxt read public data by its own requests, to these paths alone."""
        allowed = [("GET", path) for path in paths]
        return self._call(name, lambda: call(self.client), allowed, weight=weight)

    def _call(
        self,
        name: str,
        call: Callable[[], Any],
        allowed: Sequence[tuple[str, str]],
        *,
        weight: int,
        said: list[str] | None = None,
    ) -> Any:
        """`from None` throughout: errors of ccxt's and urllib3's may carry their request."""
        with self._turn:
            self._allowed, self._said, self._is_sent = allowed, said or [], False
            is_write = any(verb != "GET" for verb, _ in allowed)
            self._wire.meter.admit(name, is_write=is_write, weight=weight)
            try:
                return call()
            except ExchangeError:
                raise
            except ccxt.AuthenticationError:
                raise InvalidKey("the key is not one of this exchange") from None
            except Exception as error:  # noqa: BLE001 - whatever an SDK's code may raise
                kind = UnexpectedReply if is_write and self._is_sent else Unavailable
                raise kind(type(error).__name__) from None
            finally:
                self._allowed = ()

    def _deliver(self, url: str, verb: str, headers: Mapping[str, str], body: str | None) -> Json:
        """What ccxt has signed, if it is what was asked for; its answer, if it is one."""
        self._look_at(url, verb, body)
        meter, is_write = self._wire.meter, verb != "GET"
        meter.leave()
        self._is_sent = True
        try:
            with when_connected(meter.leave_late):
                answer = self._send(url, verb, headers, body)
        except HTTPError as error:
            raise lost(error, is_write=is_write) from None
        meter.learn(urlsplit(url).path, answer.headers)
        content = parsed(answer.text)
        problem = refusal(
            self._venue,
            answer.status_code,
            answer.headers,
            content,
            self._as_ccxt_sees_it(answer, url, verb, content),
            is_write=is_write,
        )
        if silence := silence_asked(self._venue, answer.status_code, answer.headers, content):
            meter.freeze(silence)
            self._channel.close()
        if problem is not None:
            raise problem
        if content is None or content == {}:
            kind = UnexpectedReply if is_write else Unavailable
            raise kind("an answer that is no JSON, or empty")
        return content

    def _send(self, url: str, verb: str, headers: Mapping[str, str], body: str | None) -> Answer:
        kept = {name: value for name, value in headers.items() if name.lower() not in BRANDS}
        request = HttpRequest(
            verb, self._rebased(url), HEADERS | kept, body.encode() if body else None
        )
        with told(request, self._secrets) as tell:
            return tell(self._channel.send(request, timeout=self._limit))

    def _rebased(self, url: str) -> str:
        """A server of our own stands for all of the exchange's hosts."""
        base = self._wire.base_url
        if base is None:
            return url
        parts = urlsplit(url)
        return f"{base}{parts.path}" + (f"?{parts.query}" if parts.query else "")

    def _look_at(self, url: str, verb: str, body: str | None) -> None:
        """Refuse what was not asked for, and what has lost a word of what was said."""
        parts = urlsplit(url)
        if parts.scheme != "https" or parts.netloc not in self._site.hosts:
            raise Unsupported(f"{self._venue.kind} has no such host")
        if not any(verb == known and _is_at(parts.path, path) for known, path in self._allowed):
            raise Unsupported(f"a request that nobody asked for: {verb} {parts.path}")
        sent = unquote_plus(f"{parts.path}?{parts.query}\n{body or ''}")
        if not all(word in sent for word in self._said):
            raise Unsupported("a request that has lost what it should say")

    def _as_ccxt_sees_it(
        self, answer: Answer, url: str, verb: str, content: Json | None
    ) -> Exception | None:
        try:
            self.client.handle_errors(
                *(answer.status_code, "", url, verb, dict(answer.headers), answer.text, content),
                *({}, None),
            )
        except Exception as error:  # noqa: BLE001 - its tables may trip over any odd body
            return error
        return None


def _is_at(path: str, pattern: str) -> bool:
    have, want = path.split("/"), pattern.split("/")
    return len(have) == len(want) and all(
        part == known or (known == "*" and part) for part, known in zip(have, want, strict=True)
    )


def _secrets(credentials: Credentials | None) -> tuple[str, ...]:
    if credentials is None:
        return ()
    found = (credentials.api_key, credentials.api_secret, credentials.passphrase)
    return tuple(text for text in found if text)
