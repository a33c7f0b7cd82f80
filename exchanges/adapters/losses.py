"""What became of a request that got no answer, by how its connection ended."""

from __future__ import annotations

from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError, ProxyError

from exchanges.domain.errors import ExchangeError, OutcomeUnknown, Unavailable

TUNNEL_REFUSED = "Tunnel connection failed"  # http.client: a proxy has said no to CONNECT


def lost(error: HTTPError, *, is_write: bool) -> ExchangeError:
    """A connection that never stood carried nothing; after that, a write may have arrived."""
    name = type(error).__name__
    if not is_write or _never_connected(error):
        return Unavailable(name)
    return OutcomeUnknown(name)


def _never_connected(error: BaseException) -> bool:
    if isinstance(error, ProxyError):
        refused = str(error.original_error).startswith(TUNNEL_REFUSED)
        return refused or _never_connected(error.original_error)
    return isinstance(error, NewConnectionError | ConnectTimeoutError)
