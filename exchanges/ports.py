"""The port to an exchange: what the platform asks of every adapter."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from exchanges.domain.pushes import Pushed
from exchanges.domain.trading import (
    Acknowledgement,
    Balance,
    ClosedPnlFacts,
    Credentials,
    FillFacts,
    InstrumentFacts,
    KeyFacts,
    NewOrder,
    OrderChange,
    OrderFacts,
    PositionFacts,
    SymbolMode,
    Ticker,
)


class MarketData(Protocol):
    """Public data of an exchange environment. Raises `exchanges.domain.errors` only."""

    def instruments(self) -> Sequence[InstrumentFacts]:
        """Every contract that trades (Bybit: GET /v5/market/instruments-info), all pages of it."""

    def instrument(self, symbol: str) -> InstrumentFacts | None:
        """One contract, whatever its status; None when the exchange does not know it (any more)."""

    def prepare(self) -> None:
        """Let this process know what its accounts' answers are read by.

        Asks for it when it is not known; what is a day old is renewed beside it. Raises
        `Unavailable` where it stays unknown: such an account understands nothing.
        """

    def tickers(self) -> Sequence[Ticker]: ...

    def server_time(self) -> float:
        """The exchange's clock, in seconds since 1970."""


class Exchange(Protocol):
    """One account at an exchange.

    Every method raises `ExchangeError`s only. `place` is idempotent by link id: a second call with
    the same id never makes a second order (`DuplicateLinkId` says that the first one stands).
    Queries that fail raise; an empty answer means that the exchange said so.
    """

    def key_facts(self) -> KeyFacts: ...

    def balance(self) -> Balance: ...

    def symbol_modes(self) -> Sequence[SymbolMode]:
        """Every symbol's mode in as few requests as possible; portfolio margin has no such list."""

    def symbol_mode(self, symbol: str) -> SymbolMode | None:
        """One symbol's mode, in every margin mode; None when the exchange shows none."""

    def set_leverage(self, symbol: str, leverage: Decimal) -> None:
        """Set it for both sides; that it stands already is success."""

    def place(self, order: NewOrder) -> Acknowledgement: ...

    def amend(self, change: OrderChange) -> None:
        """Change a resting order; that nothing changed is success, `NotFound` when it is gone."""

    def cancel(self, symbol: str, link_id: str) -> None:
        """Withdraw a resting order; `NotFound` when it is filled, gone or never came."""

    def set_position_levels(
        self, symbol: str, position_index: int, *, stop: Decimal | None, target: Decimal | None
    ) -> None:
        """Set the whole position's stop and target (None leaves it); unchanged is success."""

    def set_trailing_stop(
        self,
        symbol: str,
        position_index: int,
        *,
        distance: Decimal,
        activation: Decimal | None,
    ) -> None:
        """Let a stop trail the whole position by `distance` in quote units, from `activation` on.

        None: from now on. The fixed stop stays beside it; unchanged is success.
        """

    def find_order(self, symbol: str, link_id: str) -> OrderFacts | None:
        """Look an order up by link id: open and recent, then history, then its executions."""

    def open_orders(self, symbol: str | None = None) -> Sequence[OrderFacts]:
        """All resting and untriggered orders (None: of every USDT symbol)."""

    def orders_since(self, symbol: str, since: datetime) -> Sequence[OrderFacts]:
        """Open orders and those that ended since then, the exchange's own included."""

    def fills_since(self, symbol: str, since: datetime) -> Sequence[FillFacts]: ...

    def closed_pnl_since(self, symbol: str, since: datetime) -> Sequence[ClosedPnlFacts]: ...

    def positions(self, symbol: str | None = None) -> Sequence[PositionFacts]:
        """Open positions only (None: of every USDT symbol)."""


class Affiliate(Protocol):
    """The operator's own account, by which the exchange tells who was referred by the platform."""

    def has_client(self, uid: str) -> bool:
        """Whether the master account `uid` opened by our link.

        Raises `exchanges.domain.errors` only; `CredentialsRejected` means the operator's own key
        (https://bybit-exchange.github.io/docs/v5/affiliate/affiliate-info).
        """


class Meter(Protocol):
    """What stands between an adapter and the network: the exchange's limits, kept beforehand."""

    def admit(self, request: str, *, is_write: bool, weight: int = 1) -> None:
        """Let one request go; raises `RateLimited` or `EgressBlocked` when it must not.

        `weight`: how much of an address's limit it uses up.
        """

    def leave(self) -> None:
        """Look once more: the request has its timestamp and leaves next.

        Raises `Unavailable` when it may not leave any more. Whoever stands still after this look is
        fenced off by the exchange, which refuses what was stamped too long ago.
        """

    def leave_late(self) -> None:
        """The same for a request that has had to open its connection first: it leaves only now."""

    def answered(self) -> None:
        """The request has been answered, or given up: it cannot arrive any later."""

    def learn(self, request: str, headers: Mapping[str, str]) -> None:
        """Take note of what an answer's headers say about the limits."""

    def freeze(self, seconds: float) -> None:
        """Nothing more by this address for so long: the exchange has banned it."""


class NoMeter:
    """Counts nothing, for tools and tests that talk to an exchange of their own."""

    def admit(self, request: str, *, is_write: bool, weight: int = 1) -> None: ...

    def leave(self) -> None: ...

    def leave_late(self) -> None: ...

    def answered(self) -> None: ...

    def learn(self, request: str, headers: Mapping[str, str]) -> None: ...

    def freeze(self, seconds: float) -> None: ...


@dataclass(frozen=True, slots=True)
class Wire:
    """How to reach an exchange: `base_url` None means the environment's own host."""

    environment: str
    base_url: str | None
    connect_timeout: float  # seconds
    read_timeout: float  # seconds
    recv_window_ms: int
    referral_id: str = ""
    # Source address or proxy URL, which may hold a password; empty: the machine's own choice.
    egress: str = field(default="", repr=False)
    meter: Meter = field(default_factory=NoMeter, compare=False)


class ExchangeFactory(Protocol):
    """How an adapter for one account is made; it opens no connection yet."""

    def __call__(self, credentials: Credentials, wire: Wire) -> Exchange: ...


class AffiliateFactory(Protocol):
    def __call__(self, credentials: Credentials, wire: Wire) -> Affiliate: ...


class MarketDataFactory(Protocol):
    def __call__(self, wire: Wire) -> MarketData: ...


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """When a socket is asked whether it lives, and how long it may take to say so, in seconds."""

    interval: float
    patience: float


class AccountListener(Protocol):
    """Who hears an account's socket; called on the event loop, so it must not block."""

    def opened(self) -> None:
        """Everything from now on will be heard; what was before it will not be told again."""

    def pushed(self, pushed: Pushed) -> None: ...

    def missed(self) -> None:
        """Something was said that could not be understood: it has to be asked for."""


class AccountStream(Protocol):
    """What one account's exchange tells by itself, over one socket."""

    async def run(self, listener: AccountListener) -> None:
        """Connect, log in and hear until the socket ends, which is always an `ExchangeError`.

        `CredentialsRejected` means that the log-in was refused; only a request can say why.
        """


class AccountStreamFactory(Protocol):
    def __call__(
        self, credentials: Credentials, wire: Wire, heartbeat: Heartbeat, margin_mode: str
    ) -> AccountStream: ...


class PriceStream(Protocol):
    """Public prices over one socket."""

    async def run(self, priced: Callable[[Ticker], None]) -> None:
        """Hear prices until the socket ends, which is always an `ExchangeError`."""

    async def follow(self, symbols: Collection[str]) -> None:
        """Hear these symbols too, on the socket that is open or on the next one."""


class PriceStreamFactory(Protocol):
    def __call__(self, wire: Wire, heartbeat: Heartbeat) -> PriceStream: ...
