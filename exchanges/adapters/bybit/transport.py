"""pybit under our rules: one HTTP pool for all accounts, one attempt, errors by consequence."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from functools import wraps
from http.cookiejar import DefaultCookiePolicy
from typing import Any, ParamSpec, TypeVar

import requests
from pybit.exceptions import FailedRequestError, InvalidRequestError
from pybit.unified_trading import HTTP
from requests.adapters import HTTPAdapter
from requests.exceptions import ConnectionError as HttpConnectionError
from requests.exceptions import ConnectTimeout, RequestException
from urllib3.exceptions import MaxRetryError, NewConnectionError

from exchanges.adapters.bybit.errors import (
    NOT_MODIFIED,
    error_of,
    error_of_status,
)
from exchanges.domain.errors import (
    ExchangeError,
    OutcomeUnknown,
    Unavailable,
    UnexpectedReply,
)
from exchanges.domain.trading import Credentials
from exchanges.ports import Wire

log = logging.getLogger(__name__)

POOL_SIZE = 64
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


def _make_pool() -> requests.Session:
    """The session that all accounts share: authentication is in each request's own headers."""
    session = requests.Session()
    adapter = HTTPAdapter(pool_connections=8, pool_maxsize=POOL_SIZE, max_retries=0)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    # A redirect would carry an order's signed headers to another host and its answer back as ours.
    session.max_redirects = 0
    # A cookie set for one account must never travel with another's request.
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.headers.update({"Content-Type": "application/json", "Accept": "application/json"})
    return session


_pool = _make_pool()


class Transport:
    """Calls of one account.

    Holds a pybit session, which shows its secret in `repr` and pickle; this object does neither.
    """

    __slots__ = ("_http",)

    def __init__(self, wire: Wire, credentials: Credentials | None = None) -> None:
        http = HTTP(
            testnet=wire.environment == "testnet",
            demo=wire.environment == "demo",
            api_key=credentials.api_key if credentials else None,
            api_secret=credentials.api_secret if credentials else None,
            timeout=(wire.connect_timeout, wire.read_timeout),
            recv_window=wire.recv_window_ms,
            max_retries=1,  # attempts in all
            retry_codes={REQUEST_EXPIRED},  # an empty set would bring pybit's own retries back
            force_retry=False,
            log_requests=False,
            return_response_headers=True,
        )
        http.client.close()
        http.client = _pool
        if wire.referral_id:
            _pool.headers["Referer"] = wire.referral_id
        if wire.base_url is not None:
            http.endpoint = wire.base_url
        self._http = http

    def __repr__(self) -> str:
        return "<Transport>"

    def __reduce__(self) -> str:
        raise TypeError("A transport holds a secret and is not pickled.")

    def read(self, method: str, **params: Any) -> Json:
        """Call a query by pybit's name for it and return `result`."""
        return self._call(getattr(self._http, method), params, is_write=False)

    def write(self, method: str, **params: Any) -> Json:
        """Call a command by pybit's name for it and return `result`."""
        return self._call(getattr(self._http, method), params, is_write=True)

    def read_path(self, path: str, **params: Any) -> Json:
        """Query an endpoint that pybit 5.17 does not name."""

        def submit(**query: Any) -> Any:
            url = f"{self._http.endpoint}{path}"
            return self._http._submit_request(  # noqa: SLF001
                method="GET", path=url, query=query, auth=True
            )

        return self._call(submit, params, is_write=False)

    def _call(self, call: Callable[..., Any], params: Json, *, is_write: bool) -> Json:
        # `from None` throughout: pybit's and requests' errors carry the request they are about.
        try:
            answer = call(**params)
        except InvalidRequestError as error:
            raise_or_pass = _refusal(error, is_write=is_write)
            if raise_or_pass is None:
                return {}
            raise raise_or_pass from None
        except FailedRequestError as error:
            raise _failure(error, is_write=is_write) from None
        except RequestException as error:
            raise _network(error, is_write=is_write) from None
        except (ValueError, KeyError, TypeError) as error:
            name = type(error).__name__
            kind = UnexpectedReply if is_write else Unavailable
            raise kind(f"unreadable answer: {name}") from None
        return _result(answer, is_write=is_write)


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


def _network(error: RequestException, *, is_write: bool) -> ExchangeError:
    """A connection that never stood carried nothing; after that, a write may have arrived."""
    name = type(error).__name__
    if not is_write or _never_connected(error):
        return Unavailable(name)
    return OutcomeUnknown(name)


def _never_connected(error: RequestException) -> bool:
    if isinstance(error, ConnectTimeout):
        return True
    cause = error.args[0] if isinstance(error, HttpConnectionError) and error.args else None
    return isinstance(cause, MaxRetryError) and isinstance(cause.reason, NewConnectionError)
