"""What an exchange's profile has to say; whatever it does not name never leaves.

ccxt passes on what it does not understand, and builds orders that were not asked for (a stop that
a market does not know becomes a market order at once). So a profile names its requests itself, word
for word, and ccxt is left to sign them and to read markets, orders and positions.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any, ClassVar

from exchanges.adapters.ccxt.answers import LIST, at, leaves
from exchanges.adapters.ccxt.spans import Span
from exchanges.adapters.ccxt.units import number_or_none
from exchanges.domain.errors import (
    ExchangeError,
    NotFound,
    RateLimited,
    Unavailable,
    Unsupported,
)
from exchanges.domain.trading import Balance, Cause, KeyFacts, NewOrder, Side
from exchanges.domain.venues import Capabilities, Limits, StopKeeping, VenueFacts

Json = Any
Params = dict[str, Any]
READ_VERB = "GET"


class Product(StrEnum):
    SPOT = "spot"
    SWAP = "swap"  # perpetuals settled in USDT


class Feature(StrEnum):
    """What an order may ask for beyond a limit price."""

    MARKET = "market"
    MARKET_SELL = "market_sell"  # where a market purchase is given in quote units
    REDUCE = "reduce"
    TRIGGER = "trigger"  # a reducing order that waits for a price
    ATTACHED = "attached"  # a stop and a target that come with the entry
    HEDGE = "hedge"


class Mode(StrEnum):
    """How ccxt is told of an environment."""

    LIVE = "live"
    SANDBOX = "sandbox"
    DEMO = "demo"


@dataclass(frozen=True, slots=True)
class Site:
    """Where an environment's requests may go."""

    hosts: frozenset[str]
    mode: Mode = Mode.LIVE


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One kind of request: ccxt's name for it, what the wire shows, what a true answer holds.

    `*` in `path` stands for one segment. `proof` leads to a value that only a true answer has,
    with dots; `[]` at its end is a list, which may be empty, and `?` a switch, which may be off.
    `|` stands between such paths where an exchange answers in more shapes than one.
    `weight`: what it uses up of its address's limit, where the exchange does not count all alike.
    """

    method: str
    verb: str
    path: str
    proof: str
    weight: int = 1

    @property
    def is_write(self) -> bool:
        return self.verb != READ_VERB


@dataclass(frozen=True, slots=True)
class Request:
    """A request that is to leave; `params` is a list where the exchange wants one.

    `echo`: the order's id, where the answer repeats it. An acknowledgement that does not repeat it
    is of another order, or of ours under a name that it would not be found by.
    """

    endpoint: Endpoint
    params: Params | list[Params]
    echo: str = ""


Ask = Callable[[Request], Json]  # sends it, and returns an answer that holds its proof


# From an answer, its rows and the words it was asked by: the words that change for what is to be
# asked further (None: it is left out); nothing where that was all.
Next = Callable[[Json, list[Json], Params], Sequence[Params]]


def whole(_answer: Json, _rows: list[Json], _words: Params) -> Sequence[Params]:
    """The exchange tells all at once."""
    return ()


@dataclass(frozen=True, slots=True)
class Query:
    """A request whose proof is a list, and how its next page is asked for (see `paging`)."""

    endpoint: Endpoint
    params: Params
    next: Next = whole

    @property
    def request(self) -> Request:
        return Request(self.endpoint, self.params)


@dataclass(frozen=True, slots=True)
class Listing:
    """A market as its exchange lists it; quantities leave as multiples of `contract` base units."""

    symbol: str  # ours: base and quote, as BTCUSDT
    id: str  # the exchange's own
    contract: Decimal
    market: Mapping[str, Any]  # ccxt's


@dataclass(frozen=True, slots=True)
class Account:
    """What requests must carry of an account beside its signature."""

    api_key: str
    number: str = ""  # the exchange's id of the account that trades, where orders name it

    def __repr__(self) -> str:
        return "<Account>"


@dataclass(frozen=True, slots=True)
class Terms:
    """What a resting limit order is to ask for; `quantity` counts what is filled of it."""

    side: Side
    quantity: Decimal
    price: Decimal


@dataclass(frozen=True, slots=True)
class Held:
    """A position in its exchange's words: contracts below zero are sold short."""

    id: str
    contracts: Decimal
    average: Decimal
    leverage: Decimal | None
    index: int  # as `NewOrder.position_index`


@dataclass(frozen=True, slots=True)
class Setting:
    """A market's leverage and hedge mode; a market whose sides differ has two of them.

    `leverage`: None where the exchange tells none (yet).
    """

    id: str
    leverage: Decimal | None
    is_hedge: bool


@dataclass(frozen=True, slots=True)
class Price:
    """A market's prices; what its exchange does not tell in the same list is the last one."""

    id: str
    last: Decimal
    mark: Decimal | None = None
    bid: Decimal | None = None
    ask: Decimal | None = None


class Venue(ABC):
    """One exchange's product: names, rules and requests."""

    kind: ClassVar[str]
    ccxt_id: ClassVar[str]
    product: ClassVar[Product]
    sites: ClassVar[Mapping[str, Site]]
    features: ClassVar[frozenset[Feature]]
    has_passphrase: ClassVar[bool] = False
    options: ClassVar[Mapping[str, Any]] = {}  # ccxt's, so that it asks for nothing by itself
    market_call: ClassVar[str] = "fetch_markets"  # ccxt's narrowest for this product
    market_paths: ClassVar[Sequence[str]]  # the public requests that it takes
    market_weight: ClassVar[int] = 1  # of all of them
    time_paths: ClassVar[Sequence[str]]
    time_weight: ClassVar[int] = 1
    # Where a market's own row tells when it will be delisted, in ms; a day of 2100 means never.
    delivery_field: ClassVar[str] = ""
    # Where markets do not tell theirs; a market that takes less refuses to have more set.
    most_leverage: ClassVar[Decimal] = Decimal(1)

    link_prefix: ClassVar[str] = ""
    link_length: ClassVar[int]  # the most that the exchange takes, prefix left out

    codes: ClassVar[Mapping[str, type[ExchangeError]]]
    # Where an answer says that it is a refusal; the first that says anything counts.
    code_paths: ClassVar[Sequence[str]] = ("code",)
    texts: ClassVar[Sequence[tuple[str, type[ExchangeError]]]] = ()  # for codes that say too little
    unchanged: ClassVar[frozenset[int]] = frozenset()  # codes of what stands already
    rate_pause: ClassVar[float] = 1.0  # seconds, where the exchange does not say
    # Whom an HTTP 429 without a code is about: the account, or the whole address.
    throttled: ClassVar[type[RateLimited]] = RateLimited
    limits: ClassVar[Limits]
    # See `VenueFacts`: here, unless a profile knows better, requests say themselves how long they
    # are good for, and what was taken may be on its way to be matched for ten seconds (Binance's).
    accepts_seconds: ClassVar[float | None] = None
    matches_seconds: ClassVar[float] = 10.0

    def facts(self) -> VenueFacts:
        """What is declared of this product, without an SDK."""
        return VenueFacts(
            environments=tuple(self.sites),
            needs_passphrase=self.has_passphrase,
            capabilities=self._capabilities(),
            limits=self.limits,
            accepts_seconds=self.accepts_seconds,
            matches_seconds=self.matches_seconds,
            reads_by_markets=True,
            tells_rights=type(self).key_facts is not Venue.key_facts,
        )

    def _capabilities(self) -> Capabilities:
        """What follows from the orders that the profile names.

        A stop that comes with an entry could not be moved or withdrawn by a name of ours, so that
        it is not counted on: the stop is an order of its own.
        """
        is_swap = self.product is Product.SWAP
        has_stop = Feature.TRIGGER in self.features
        return Capabilities(
            has_shorts=is_swap,
            has_leverage=is_swap,
            stop=StopKeeping.ORDER if has_stop else StopKeeping.NONE,
            buys_at_market=Feature.MARKET in self.features,
            waits_for_trigger=False,
            rests_targets=is_swap,
            amends=type(self).amendment is not Venue.amendment,
            trails=False,
            hedges=not is_swap or Feature.HEDGE in self.features,
            tells_results=False,
        )

    # --- orders --------------------------------------------------------------------------------

    @abstractmethod
    def place(self, order: NewOrder, link: str, listing: Listing, account: Account) -> Request:
        """The request for an order whose features were looked at already."""

    @abstractmethod
    def finds(self, link: str, listing: Listing) -> Sequence[Request]:
        """One request for each list that the order may stand in; the first that knows it counts.

        A request whose proof is a list is searched for the link id.
        """

    def cancels(self, link: str, listing: Listing) -> Sequence[Request]:
        """As `finds`, where an order can be withdrawn by its link id."""
        return ()

    def cancel(self, ask: Ask, link: str, listing: Listing) -> None:
        """Withdraw the order; raises `NotFound` when none rests anywhere."""
        for request in self.cancels(link, listing):
            try:
                ask(request)
            except NotFound:
                continue
            return
        raise NotFound("no such order rests here")

    def amendment(self, terms: Terms, link: str, listing: Listing) -> Request:
        """The request that changes a resting limit order, where it is named by our id and keeps it.

        It is asked for alone by who has seen the order rest: no profile changes a trigger so.
        """
        raise Unsupported(f"{self.kind}: amending")

    def find(self, ask: Ask, link: str, listing: Listing) -> Json | None:
        """The order's row as ccxt reads it; None when the exchange says that it knows none."""
        for request in self.finds(link, listing):
            try:
                row = _row_in(ask(request), request.endpoint.proof, link)
            except NotFound:
                continue
            if row is not None:
                return row
        return None

    def trigger_of(self, row: Json) -> Decimal | None:
        """The price that an order's row says it waits for, if any."""
        return number_or_none(row.get("triggerPrice")) or number_or_none(row.get("stopPrice"))

    def finds_born(self, order_id: str, listing: Listing) -> Request:
        """The request for an order by the exchange's own id, where `became` names one."""
        raise Unsupported(f"{self.kind}: an order by its id")

    def born(self, ask: Ask, order_id: str, listing: Listing) -> Json:
        """The row of what a stop has become; raises `NotFound` where it does not show (yet)."""
        request = self.finds_born(order_id, listing)
        row = _row_in(ask(request), request.endpoint.proof, order_id)
        if row is None:
            raise NotFound("no such order")
        return row

    def number(self, ask: Ask) -> str:
        """The account's number, where orders must name it; asked for once."""
        return ""

    # --- lists ---------------------------------------------------------------------------------

    def read_order(
        self, client: Any, row: Json, market: Mapping[str, Any] | None
    ) -> dict[str, Any]:
        """An order's row as ccxt reads it, but for what its exchange means otherwise."""
        return dict(client.parse_order(row, market))

    def scopes(self, ask: Ask, listings: Mapping[str, Listing]) -> Sequence[Listing | None]:
        """What `resting` is asked for to hear of every market: all at once, where that is told."""
        return [None]

    def read_fill(self, client: Any, row: Json, market: Mapping[str, Any]) -> dict[str, Any]:
        """A fill's row as ccxt reads it, and what it overlooks."""
        return dict(client.parse_trade(row, market))

    def resting(self, listing: Listing | None, account: Account) -> Sequence[Query]:
        """Every list of orders that rest or wait (None: of all markets), the triggers' included."""
        raise Unsupported(f"{self.kind}: a list of orders")

    def ended(self, listing: Listing, span: Span) -> Sequence[Query]:
        """Every list of orders that ended within the span; others may stand there as well."""
        raise Unsupported(f"{self.kind}: a list of orders")

    def fills(self, listing: Listing, span: Span) -> Sequence[Query]:
        raise Unsupported(f"{self.kind}: a list of fills")

    def link_of(self, row: Json, parsed: Mapping[str, Any]) -> str:
        """The order's client id as it went over the wire; `parsed` is ccxt's reading."""
        return str(parsed.get("clientOrderId") or "")

    def takes_stops(self, market: Json) -> bool:
        """Whether a market takes the stops that its exchange knows, by its own row."""
        return True

    def became(self, row: Json) -> str:
        """The id of the order that a stop has become, where the exchange gives it another."""
        return ""

    def fired_at(self, row: Json) -> int:
        """When that happened, in ms; 0 for a stop that waits or was withdrawn, and for others."""
        return 0

    def cause_of(self, row: Json) -> Cause:
        """What made an order, as its row tells it."""
        return Cause.USER

    def closes(self, row: Json, *, sells: bool) -> bool:
        """Whether a fill took something off; on a spot market every sale does."""
        return sells and self.product is Product.SPOT

    # --- account -------------------------------------------------------------------------------

    def modes(self, ask: Ask, listing: Listing | None) -> list[Setting]:
        """A market's leverage and hedge mode; None: of all, or of none where there is no list."""
        if self.product is Product.SPOT:
            return [Setting(listing.id, Decimal(1), is_hedge=False)] if listing is not None else []
        raise Unsupported(f"{self.kind}: modes of symbols")

    def leverages(self, leverage: Decimal, listing: Listing) -> Sequence[Request]:
        """What sets it, for both sides of a hedge."""
        raise Unsupported(f"{self.kind}: a change of leverage")

    def set_leverage(self, ask: Ask, leverage: Decimal, listing: Listing) -> None:
        """Set it for both sides; that it stands already is success."""
        for request in self.leverages(leverage, listing):
            self.change(ask, request)

    def change(self, ask: Ask, request: Request) -> None:
        """Ask for a change; that it stands already is success."""
        try:
            ask(request)
        except ExchangeError as error:
            if error.code not in self.unchanged:
                raise

    def prices(self, ask: Ask) -> list[Price]:
        """Of every market, in one request or two; public."""
        raise Unsupported(f"{self.kind}: prices")

    @abstractmethod
    def balance(self, ask: Ask, account: Account) -> Balance: ...

    def key_facts(self, ask: Ask, account: Account) -> KeyFacts:
        raise Unsupported(f"{self.kind} does not show what a key may do")

    def positions(self, ask: Ask) -> list[Held]:
        """Every position, flat ones included; on a spot market the coins that are held."""
        raise Unsupported(f"{self.kind} has no positions")


def _row_in(answer: Json, proof: str, link: str) -> Json | None:
    """The row around the proof, which must be about this order and no other."""
    path, _, last = proof.rpartition(".")
    if last == LIST:
        return next((row for row in at(answer, proof) if link in leaves(row)), None)
    row = at(answer, path) if path else answer
    if link not in leaves(row):
        raise Unavailable("an answer about another order")
    return row
