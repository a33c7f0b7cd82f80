"""From a stored connection to a live exchange; the one place that opens sealed keys."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any, cast

from django.conf import settings
from django.core.cache import cache
from redis.exceptions import RedisError

from exchanges import vault
from exchanges.choices import Environment
from exchanges.domain.errors import EgressBlocked, Unavailable
from exchanges.models import Connection
from exchanges.ports import Exchange, MarketData, Wire
from exchanges.registry import exchange_factory, market_factory

log = logging.getLogger(__name__)

BLOCK_KEY = "exchanges:egress-blocked-until"
_blocked_until = 0.0  # this process's own memory, for when the cache is away


def exchange_of(link: Connection) -> Exchange:
    """Open a connection's key and return its account.

    Raises `SealBroken` when the stored key is at fault, which its owner mends, and `Unavailable`
    when this process has no key to open it with: that is ours to mend, and no trader's business.
    """
    if link.sealed is None:
        raise vault.SealBroken("nothing is sealed here")
    try:
        credentials = vault.unseal(bytes(link.sealed), context=seal_context(link))
    except vault.VaultClosed as error:
        log.error("no key can be opened here: %s", error)  # noqa: TRY400 - the trace says no more
        raise Unavailable("the vault is closed in this process") from None
    account = exchange_factory(link.exchange)(credentials, wire_of(link.environment))
    return cast(Exchange, _Guarded(account))


def market_of(exchange: str, environment: str) -> MarketData:
    """The public data of an exchange environment; needs no key."""
    return cast(MarketData, _Guarded(market_factory(exchange)(wire_of(environment))))


def seal_context(link: Connection) -> str:
    return f"{link.exchange}/{link.environment}/{link.public_id}"


def wire_of(environment: str) -> Wire:
    sandbox = environment == Environment.SANDBOX
    return Wire(
        environment=environment,
        base_url=settings.BYBIT_SANDBOX_URL if sandbox else None,
        connect_timeout=settings.HTTP_CONNECT_TIMEOUT,
        read_timeout=settings.HTTP_READ_TIMEOUT,
        recv_window_ms=settings.RECV_WINDOW_MS,
        referral_id=settings.EXCHANGE_REFERRAL_ID,
    )


class _Guarded:
    """Stop every request of this address while the exchange has banned it.

    Going on during a ban prolongs it, for every trader at once.
    """

    def __init__(self, inner: object) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method: Callable[..., Any] = getattr(self._inner, name)

        def guarded(*args: Any, **kwargs: Any) -> Any:
            wait = _blocked_for()
            if wait > 0:
                raise EgressBlocked("this address waits out a ban", retry_after=wait)
            try:
                return method(*args, **kwargs)
            except EgressBlocked as error:
                _block(error.retry_after)
                raise

        return guarded


def _blocked_for() -> float:
    try:
        shared = float(cache.get(BLOCK_KEY) or 0)
    except (RedisError, OSError):
        shared = 0.0
    return max(shared, _blocked_until) - time.time()


def _block(seconds: float) -> None:
    global _blocked_until  # noqa: PLW0603 - a process-wide fact
    _blocked_until = time.time() + seconds
    try:
        cache.set(BLOCK_KEY, str(_blocked_until), timeout=seconds)
    except (RedisError, OSError):
        return  # the local memory still holds
