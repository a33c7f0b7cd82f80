"""pybit under our rules: one HTTP pool an address, one attempt, errors by consequence."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from copy import copy
from functools import cache, wraps
from typing import Any, ParamSpec, TypeVar

from pybit.exceptions import FailedRequestError, InvalidRequestError
from pybit.unified_trading import HTTP
from urllib3.exceptions import HTTPError

from exchanges.adapters.bybit.channel import channel_of
from exchanges.adapters.bybit.deadline import time_limit, when_connected
from exchanges.adapters.bybit.endpoints import Endpoint, endpoints_of
from exchanges.adapters.bybit.errors import (
    NOT_MODIFIED,
    error_of,
    error_of_status,
)
from exchanges.adapters.bybit.record import Client, RecordingClient
from exchanges.adapters.bybit.signing import Sign, signer_of
from exchanges.adapters.losses import lost
from exchanges.domain.errors import (
    EgressBlocked,
    ExchangeError,
    GateRefused,
    Unavailable,
    UnexpectedReply,
)
from exchanges.domain.trading import Credentials
from exchanges.ports import Meter, Wire

log = logging.getLogger(__name__)

NO_JSON = 409  # pybit's own status for a body that is not JSON
REQUEST_EXPIRED = -1  # the one code that pybit is left to retry, which with one attempt is none
RETRIES_EXCEEDED = "Retries exceeded maximum"

Json = dict[str, Any]
P = ParamSpec("P")
R = TypeVar("R")


def readable(query: Callable[P, R]) -> Callable[P, R]:
    """Let a query whose answer cannot be understood raise `Unavailable`, as one without an answer.

    Callers take `ExchangeError`s only: one account's odd row must not end the work of others.
    """

    @wraps(query)
    def asked(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return query(*args, **kwargs)
        except (LookupError, ValueError, TypeError, ArithmeticError, AttributeError) as error:
            name = type(error).__name__
            log.error("the answer to %s could not be read: %s", query.__name__, name)  # noqa: TRY400 - the row stays out of the log
            raise Unavailable(f"unreadable answer: {name}") from None

    return asked


class _LastLook:
    """pybit's HTTP client, with a look at the meter between signature and sending."""

    __slots__ = ("_inner", "_meter")

    def __init__(self, inner: Client, meter: Meter) -> None:
        self._inner = inner
        self._meter = meter

    def prepare_request(self, request: Any) -> Any:
        return self._inner.prepare_request(request)

    def send(self, request: Any, *, timeout: Any) -> Any:
        self._meter.leave()
        with when_connected(self._meter.leave_late):
            try:
                return self._inner.send(request, timeout=timeout)
            finally:
                self._meter.answered()


class _Session(HTTP):  # type: ignore[misc]  # pybit has no types
    """pybit, but for the signature; it is told no secret, and signs what is needed alone.

    Without a secret its own way of sending files cannot sign at all.
    """

    sign: Sign
    endpoints: frozenset[Endpoint]

    def _submit_request(
        self,
        method: str | None = None,
        path: str | None = None,
        query: Json | None = None,
        auth: bool = False,  # noqa: FBT001, FBT002 - as pybit has it
    ) -> Any:
        if (method, path) not in self.endpoints:
            log.critical("a request that nobody needs was stopped: %s %s", method, path)
            raise GateRefused("this endpoint is not needed")
        return super()._submit_request(method, path, query, auth)

    def _auth(self, payload: str, recv_window: int, timestamp: int) -> str:
        return self.sign(f"{timestamp}{self.api_key}{recv_window}{payload}")


@cache
def _session(environment: str, connect_timeout: float, read_timeout: float) -> _Session:
    """A pybit session of nobody's, to be copied: making one takes ten times as long."""
    return _Session(
        testnet=environment == "testnet",
        demo=environment == "demo",
        timeout=time_limit(connect_timeout, read_timeout),
        max_retries=1,  # attempts in all
        retry_codes={REQUEST_EXPIRED},  # an empty set would bring pybit's own retries back
        force_retry=False,
        log_requests=False,
        return_response_headers=True,
    )


class Transport:
    """Calls of one account.

    Holds a pybit session, which shows its key in `repr` and pickle; this object does neither.
    """

    __slots__ = ("_channel", "_http", "_meter")

    def __init__(self, wire: Wire, credentials: Credentials | None = None) -> None:
        http = copy(_session(wire.environment, wire.connect_timeout, wire.read_timeout))
        http.recv_window = wire.recv_window_ms
        http.endpoints = endpoints_of(wire.environment, wire.base_url)
        if credentials is not None:
            http.api_key, http.sign = credentials.api_key, signer_of(credentials)
        self._channel = channel_of(wire.egress, wire.referral_id)
        self._meter = wire.meter
        http.client = _LastLook(RecordingClient(self._channel), wire.meter)
        if wire.base_url is not None:
            http.endpoint = wire.base_url
        self._http = http

    def __repr__(self) -> str:
        return "<Transport>"

    def __reduce__(self) -> str:
        raise TypeError("A transport holds a secret and is not pickled.")

    def read(self, method: str, **params: Any) -> Json:
        """Call a query by pybit's name for it and return `result`."""
        return self._call(method, getattr(self._http, method), params, is_write=False)

    def write(self, method: str, **params: Any) -> Json:
        """Call a command by pybit's name for it and return `result`."""
        return self._call(method, getattr(self._http, method), params, is_write=True)

    def read_path(self, path: str, **params: Any) -> Json:
        """Query an endpoint that pybit 5.17 does not name."""

        def submit(**query: Any) -> Any:
            url = f"{self._http.endpoint}{path}"
            return self._http._submit_request(  # noqa: SLF001
                method="GET", path=url, query=query, auth=True
            )

        return self._call(path, submit, params, is_write=False)

    def _call(self, name: str, call: Callable[..., Any], params: Json, *, is_write: bool) -> Json:
        """Send one request, once the meter lets it go, and tell the meter what the answer says.

        `from None` throughout: pybit's and urllib3's errors carry the request they are about.
        """
        self._meter.admit(name, is_write=is_write)
        try:
            answer = call(**params)
        except InvalidRequestError as error:
            self._meter.learn(name, error.resp_headers or {})
            refusal = _refusal(error, is_write=is_write)
            if refusal is None:
                return {}
            self._note_ban(refusal)
            raise refusal from None
        except FailedRequestError as error:
            failure = _failure(error, is_write=is_write)
            self._note_ban(failure)
            raise failure from None
        except HTTPError as error:
            raise lost(error, is_write=is_write) from None
        except (ValueError, KeyError, TypeError) as error:
            kind = UnexpectedReply if is_write else Unavailable
            raise kind(f"unreadable answer: {type(error).__name__}") from None
        self._meter.learn(name, answer[2])
        return _result(answer, is_write=is_write)

    def _note_ban(self, error: ExchangeError) -> None:
        if isinstance(error, EgressBlocked):
            self._meter.freeze(error.retry_after)
            self._channel.close()


def _result(answer: Any, *, is_write: bool) -> Json:
    body = answer[0] if isinstance(answer, tuple) else answer
    result = body.get("result") if isinstance(body, dict) else None
    if not isinstance(result, dict):
        raise (UnexpectedReply if is_write else Unavailable)("an answer without a result")
    return result


def _refusal(error: Any, *, is_write: bool) -> ExchangeError | None:
    code = int(error.status_code)
    if code in NOT_MODIFIED:
        return None
    headers = error.resp_headers or {}
    reset = headers.get("X-Bapi-Limit-Reset-Timestamp", "")
    wait = int(reset) / 1000 - time.time() if str(reset).isdigit() else 1.0
    return error_of(
        code, str(error.message), is_write=is_write, retry_after=min(max(wait, 0.05), 5.0)
    )


def _failure(error: Any, *, is_write: bool) -> ExchangeError:
    status = int(error.status_code)
    if status == NO_JSON:
        return (UnexpectedReply if is_write else Unavailable)("an answer that is not JSON")
    if RETRIES_EXCEEDED in str(error.message):  # pybit hides the code behind an HTTP 400 of its own
        return error_of(REQUEST_EXPIRED, "", is_write=is_write, retry_after=0)
    return error_of_status(status, is_write=is_write)
