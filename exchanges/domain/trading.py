"""The values that cross the exchange port: orders, fills, positions, accounts."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum


class Side(StrEnum):
    BUY = "buy"
    SELL = "sell"

    @property
    def opposite(self) -> Side:
        return Side.SELL if self is Side.BUY else Side.BUY


class OrderType(StrEnum):
    MARKET = "market"
    LIMIT = "limit"


class OrderState(StrEnum):
    """Where an order stands at the exchange; the last three are final."""

    OPEN = "open"
    UNTRIGGERED = "untriggered"
    FILLED = "filled"
    CANCELLED = "cancelled"  # may hold fills
    REJECTED = "rejected"

    @property
    def is_final(self) -> bool:
        return self in {OrderState.FILLED, OrderState.CANCELLED, OrderState.REJECTED}


class Cause(StrEnum):
    """What made an order or a fill, as the exchange tells it."""

    USER = "user"  # an API order or one typed in the app
    STOP = "stop"
    TARGET = "target"
    TRAILING = "trailing"
    CLOSED_BY_HAND = "closed_by_hand"
    LIQUIDATION = "liquidation"
    ADL = "adl"
    DELISTING = "delisting"
    FUNDING = "funding"
    OTHER = "other"


class KeyKind(StrEnum):
    """What signs a request: a secret that the exchange knows too, or a private key of ours."""

    HMAC = "hmac"
    RSA = "rsa"


# What Bybit's own generator makes by default, and what NIST takes until 2030 (SP 800-131A). A
# longer key protects no order any better within the life of an API key, and 4096 bits sign six
# times as long.
RSA_BITS = 2048


@dataclass(frozen=True, slots=True)
class Credentials:
    """An API key and its secret (RSA: a private key in PEM), which no `repr` or traceback shows.

    `passphrase`: what some exchanges (KuCoin, OKX, Bitget) ask for beside them.
    """

    api_key: str = field(repr=False)
    api_secret: str = field(repr=False)
    kind: KeyKind = KeyKind.HMAC
    passphrase: str = field(default="", repr=False)

    def __reduce__(self) -> str:
        raise TypeError("Credentials are not pickled.")


@dataclass(frozen=True, slots=True)
class KeyFacts:
    """What a key may do (Bybit: GET /v5/user/query-api); `master_uid` is a sub-account's owner."""

    uid: str
    master_uid: str
    read_only: bool
    can_order: bool
    can_position: bool
    can_withdraw: bool
    can_transfer: bool
    is_unified: bool
    addresses: tuple[str, ...]  # empty: any address
    expires_at: datetime | None
    inviter_id: str
    affiliate_id: str
    unknown_scopes: tuple[str, ...] = ()  # that we cannot judge: never to be taken for harmless


PORTFOLIO_MARGIN = "PORTFOLIO_MARGIN"  # the margin mode without a leverage per symbol


@dataclass(frozen=True, slots=True)
class Balance:
    """USDT of an account: `equity` in all, `available` for new margin."""

    equity: Decimal
    available: Decimal
    margin_mode: str


# An instrument's status, in Bybit's words; the others, as PreLaunch, are none that lasts.
TRADING = "Trading"
HALTED = "Halted"  # by exchanges that say no more than that it does not trade now
CLOSED = "Closed"
GONE = frozenset({"Delivering", CLOSED})


@dataclass(frozen=True, slots=True)
class InstrumentFacts:
    """A contract's rules; prices in quote units, quantities in base units."""

    symbol: str
    base: str
    quote: str
    status: str
    tick: Decimal
    step: Decimal
    min_quantity: Decimal
    max_quantity: Decimal
    max_market_quantity: Decimal
    min_notional: Decimal
    min_leverage: Decimal
    max_leverage: Decimal
    leverage_step: Decimal
    delivery_at: datetime | None = None  # an announced delisting

    @property
    def is_tradable(self) -> bool:
        return self.status == TRADING

    @property
    def is_gone(self) -> bool:
        """Whether it has been taken off, or is being settled."""
        return self.status in GONE


@dataclass(frozen=True, slots=True)
class Ticker:
    symbol: str
    bid: Decimal
    ask: Decimal
    last: Decimal
    mark: Decimal


@dataclass(frozen=True, slots=True)
class SymbolMode:
    """Leverage and position mode of an account on one symbol.

    `leverage` is None where the margin mode knows none (portfolio margin), and zero where its two
    sides differ.
    """

    symbol: str
    leverage: Decimal | None
    is_hedge: bool


@dataclass(frozen=True, slots=True)
class NewOrder:
    """An order to place.

    `price` is None for a market order; `stop` and `target` are attached trigger prices (never on a
    reduce-only order); `position_index` is 0 one-way, 1 long, 2 short. With a `trigger` the order
    waits until the last price has risen (or fallen) to it.
    """

    link_id: str
    symbol: str
    side: Side
    type: OrderType
    quantity: Decimal
    position_index: int
    price: Decimal | None = None
    stop: Decimal | None = None
    target: Decimal | None = None
    reduce_only: bool = False
    trigger: Decimal | None = None
    trigger_rises: bool = False


@dataclass(frozen=True, slots=True)
class OrderChange:
    """A change of a resting order; None leaves a field as it is.

    `reduce_only` says that the order was placed as such: no change of it opens anything.
    """

    link_id: str
    symbol: str
    quantity: Decimal | None = None
    price: Decimal | None = None
    stop: Decimal | None = None
    target: Decimal | None = None
    reduce_only: bool = False

    @property
    def may_open(self) -> bool:
        """Whether it can make a position greater, or bring one about at another price."""
        return not self.reduce_only and (self.quantity is not None or self.price is not None)


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """The exchange took the request; not a fill."""

    order_id: str


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """An order as the exchange shows it; `link_id` is empty on what it made itself."""

    order_id: str
    link_id: str
    parent_link_id: str
    symbol: str
    side: Side
    type: OrderType
    state: OrderState
    cause: Cause
    position_index: int
    quantity: Decimal
    filled: Decimal
    average: Decimal | None
    price: Decimal | None
    trigger_price: Decimal | None
    stop: Decimal | None
    target: Decimal | None
    reduce_only: bool
    is_cancelled_by_request: bool  # of ours, or of the trader in the app; else it was by force
    created_at: datetime
    updated_at: datetime
    became: str = ""  # the exchange's id of the order that a stop has become, where it is another


@dataclass(frozen=True, slots=True)
class FillFacts:
    """One execution; `fee` in `fee_currency`, positive is paid. Funding rows have cause FUNDING."""

    fill_id: str
    order_id: str
    link_id: str
    symbol: str
    side: Side
    cause: Cause
    quantity: Decimal
    price: Decimal
    fee: Decimal
    fee_currency: str
    closed_quantity: Decimal
    is_maker: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class ClosedPnlFacts:
    """The result of one closing order, in USDT, fees included."""

    order_id: str
    symbol: str
    side: Side
    quantity: Decimal
    average_entry: Decimal
    average_exit: Decimal
    pnl: Decimal
    open_fee: Decimal
    close_fee: Decimal
    at: datetime


@dataclass(frozen=True, slots=True)
class PositionFacts:
    """An open position; `quantity` is positive, `side` says the direction."""

    symbol: str
    side: Side
    position_index: int
    quantity: Decimal
    average: Decimal
    leverage: Decimal | None
    stop: Decimal | None
    target: Decimal | None
    trailing: Decimal | None = None  # the distance that a trailing stop keeps
