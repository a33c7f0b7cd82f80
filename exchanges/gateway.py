"""From a stored connection to a live exchange; the one place that opens sealed keys."""

from __future__ import annotations

import hashlib
import logging
import stat
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from itertools import count
from pathlib import Path

from django.conf import settings

from exchanges import key_log, vault
from exchanges.choices import Environment
from exchanges.domain.errors import Unavailable, Unsupported
from exchanges.domain.lanes import Lane
from exchanges.domain.trading import Credentials, KeyKind, Ticker
from exchanges.domain.warrants import NoWarrant, Warrant
from exchanges.gate import GatedExchange
from exchanges.governor import governor
from exchanges.metering import AccountMeter
from exchanges.models import Connection, budget_of
from exchanges.ports import (
    AccountStream,
    Affiliate,
    Exchange,
    Heartbeat,
    MarketData,
    Meter,
    NoMeter,
    PriceStream,
    Wire,
)
from exchanges.prices import PriceBook
from exchanges.registry import (
    account_stream_factory,
    affiliate_factory,
    exchange_factory,
    market_factory,
    price_stream_factory,
    venue_of,
)

log = logging.getLogger(__name__)

GATE_PRICE_SECONDS = 5.0  # how old the gate's own prices may be
PRICE_PATIENCE = 1.0  # seconds that their request waits for room under the limits
_turns = count()
UNASKED = NoWarrant("nobody has asked to open anything")


def exchange_of(
    link: Connection, meter: AccountMeter, warrant: Warrant | NoWarrant = UNASKED
) -> Exchange:
    """Open a connection's key and return its account, behind the gate.

    `meter` lets its requests go, `warrant` says what may be opened. Raises what `_credentials_of`
    does, `Unsupported` where the exchange is not offered, and `Unavailable` where its markets are
    not known.
    """
    wire, credentials = wire_of(link.environment, link.egress, meter), _credentials_of(link)
    _refuse_unoffered(link.exchange)  # after the box: one that was altered is more than that
    if venue_of(link.exchange).reads_by_markets:
        # In the most urgent lane: somebody's stop may be the first to need it.
        where = link.exchange, link.environment, Lane.PROTECT
        market_of(*where, patience=PRICE_PATIENCE, egress=link.egress).prepare()
    account = exchange_factory(link.exchange)(credentials, wire)

    def price_of(symbol: str) -> Ticker | None:
        return gate_prices(link.exchange, link.environment).get(symbol)

    # The box opens in the row of this id alone: nobody can give one account two names.
    return GatedExchange(account, str(link.public_id), warrant, price_of)


def account_stream_of(link: Connection) -> AccountStream:
    """Open a connection's key and return its socket, not yet connected.

    Raises what `_credentials_of` does.
    """
    wire = wire_of(link.environment, link.egress, NoMeter())  # sockets have the ramp instead
    factory = account_stream_factory(link.exchange)
    return factory(_credentials_of(link), wire, _heartbeat(), link.margin_mode)


def price_stream_of(exchange: str, environment: str) -> PriceStream:
    """The public prices of an exchange environment, over a socket of the first address."""
    egress = next(iter(settings.EGRESS))
    return price_stream_factory(exchange)(wire_of(environment, egress, NoMeter()), _heartbeat())


def price_budget(exchange: str, environment: str) -> str:
    """Whose limit the socket of public prices counts against."""
    return budget_of(exchange, environment, next(iter(settings.EGRESS)))


def _refuse_unoffered(exchange: str) -> None:
    """What an adapter can do is not yet what this platform offers (`EXCHANGES_OFFERED`)."""
    if exchange not in settings.EXCHANGES_OFFERED:
        raise Unsupported(f"{exchange} is not offered here")


def _heartbeat() -> Heartbeat:
    return Heartbeat(settings.STREAM_PING_SECONDS, settings.STREAM_PONG_SECONDS)


def _credentials_of(link: Connection) -> Credentials:
    """Open a connection's key.

    Raises `SealBroken` when the stored key is at fault, which its owner mends, and `Unavailable`
    when this process has no key to open it with: that is ours to mend, and no trader's business.
    """
    if link.sealed is None:
        raise vault.SealBroken("nothing is sealed here")
    key_log.begin(link)
    try:
        opened = vault.unseal(bytes(link.sealed), context=seal_context(link))
    except vault.VaultClosed as error:
        log.error("no key can be opened here: %s", error)  # noqa: TRY400 - the trace says no more
        raise Unavailable("the vault is closed in this process") from None
    if (opened.kind is KeyKind.RSA) != bool(link.public_key):
        # Anybody can seal a secret: beside a public key it is a thief's, and bears no mark.
        raise vault.SealBroken("another kind of key than its row says")
    if opened.kind is KeyKind.RSA:
        # Whoever entered the id could not open the box. It fits no private key but this one.
        return replace(opened, api_key=link.api_key_id)
    return opened


def market_of(
    exchange: str, environment: str, lane: Lane, *, patience: float = 0.0, egress: str = ""
) -> MarketData:
    """The public data of an exchange environment, read by the first address; needs no key."""
    _refuse_unoffered(exchange)
    egress = egress or next(iter(settings.EGRESS))
    budget = budget_of(exchange, environment, egress)
    meter = AccountMeter(budget, "", lane, patience=patience)
    return market_factory(exchange)(wire_of(environment, egress, meter))


def _ask_prices(exchange: str, environment: str) -> Sequence[Ticker]:
    """Ahead of the entries in the limits: a whole chunk of them waits for it.

    All addresses' entries do, so they take turns: one that is banned or away holds up no others.
    One question is all that there is time for while a chunk is leased.
    """
    bans, names = governor().bans(), list(settings.EGRESS)
    free = [name for name in names if budget_of(exchange, environment, name) not in bans] or names
    egress = free[next(_turns) % len(free)]
    market = market_of(exchange, environment, Lane.PROTECT, patience=PRICE_PATIENCE, egress=egress)
    return market.tickers()


@cache
def price_book() -> PriceBook:
    """What this process has asked for."""
    return PriceBook(_ask_prices)


def tickers_of(exchange: str, environment: str, *, max_age: float) -> Mapping[str, Ticker]:
    """All symbols' prices as this process asked for them itself within `max_age` seconds.

    None when the exchange does not tell.
    """
    return price_book().read(exchange, environment, max_age=max_age)


def gate_prices(exchange: str, environment: str) -> Mapping[str, Ticker]:
    """What the gate values orders by: neither the database's prices nor Redis's."""
    return tickers_of(exchange, environment, max_age=GATE_PRICE_SECONDS)


def affiliate_of(exchange: str, environment: str, *, patience: float = 0.0) -> Affiliate:
    """The operator's own affiliate account; `Unavailable` where its key cannot be read."""
    egress = next(iter(settings.EGRESS))
    budget = budget_of(exchange, environment, egress)
    meter = AccountMeter(budget, "", Lane.POLL, patience=patience)
    factory = affiliate_factory(exchange)
    return factory(_operator_credentials(), wire_of(environment, egress, meter))


def _operator_credentials() -> Credentials:
    """Read the operator's key and secret: two lines of a file that its owner alone may read."""
    path: Path | None = settings.AFFILIATE_KEY_FILE
    try:
        if path is None or path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise ValueError
        api_key, api_secret = path.read_text().split()
    except (OSError, ValueError):
        log.error("AFFILIATE_KEY_FILE must hold key and secret, and be its owner's alone (0600)")  # noqa: TRY400 - the file stays out of the log
        raise Unavailable("no affiliate key in this process") from None
    return Credentials(api_key, api_secret)


def seal_context(link: Connection) -> str:
    """What a connection's box is bound to: its row and, for an RSA key, the public half there."""
    return pair_context(link, link.public_key)


def pair_context(link: Connection, public_key: str) -> str:
    """The context of a private key's box, which opens beside its own public half alone.

    Whoever can write to the database could otherwise show traders a public key of their own.
    """
    row = f"{link.exchange}/{link.environment}/{link.public_id}"
    return f"{row}/{hashlib.sha256(public_key.encode()).hexdigest()}" if public_key else row


def wire_of(environment: str, egress: str, meter: Meter) -> Wire:
    """How to reach an environment by a public address of ours."""
    sandbox = environment == Environment.SANDBOX
    return Wire(
        environment=environment,
        base_url=settings.BYBIT_SANDBOX_URL if sandbox else None,
        connect_timeout=settings.HTTP_CONNECT_TIMEOUT,
        read_timeout=settings.HTTP_READ_TIMEOUT,
        recv_window_ms=settings.RECV_WINDOW_MS,
        referral_id=settings.EXCHANGE_REFERRAL_ID,
        egress=settings.EGRESS.get(egress, ""),
        meter=meter,
    )
