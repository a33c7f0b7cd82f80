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
from exchanges.adapters.ccxt.units import number_or_none
from exchanges.domain.errors import ExchangeError, NotFound, Unavailable, Unsupported
from exchanges.domain.trading import Balance, KeyFacts, NewOrder
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
    with dots; `[]` at its end is a list, which may be empty.
    """

    method: str
    verb: str
    path: str
    proof: str

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
class Held:
    """A position in its exchange's words: contracts below zero are sold short."""

    id: str
    contracts: Decimal
    average: Decimal
    leverage: Decimal | None
    index: int  # as `NewOrder.position_index`


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
    time_paths: ClassVar[Sequence[str]]
    # Where a market's own row tells when it will be delisted, in ms; a day of 2100 means never.
    delivery_field: ClassVar[str] = ""

    link_prefix: ClassVar[str] = ""
    link_length: ClassVar[int]  # the most that the exchange takes, prefix left out

    codes: ClassVar[Mapping[str, type[ExchangeError]]]
    # Where an answer says that it is a refusal; the first that says anything counts.
    code_paths: ClassVar[Sequence[str]] = ("code",)
    texts: ClassVar[Sequence[tuple[str, type[ExchangeError]]]] = ()  # for codes that say too little
    rate_pause: ClassVar[float] = 1.0  # seconds, where the exchange does not say
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
        )

    def _capabilities(self) -> Capabilities:
        """What follows from the orders that the profile names; of amending none knows yet.

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
            amends=False,
            trails=False,
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

    def number(self, ask: Ask) -> str:
        """The account's number, where orders must name it; asked for once."""
        return ""

    # --- account -------------------------------------------------------------------------------

    @abstractmethod
    def balance(self, ask: Ask, account: Account) -> Balance: ...

    def key_facts(self, ask: Ask, account: Account) -> KeyFacts:
        raise Unsupported(f"{self.kind} does not show what a key may do")

    def positions(self, ask: Ask) -> list[Held]:
        """Every position, flat ones included."""
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
