"""One account at an exchange that ccxt knows; what its profile does not name is refused here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import ccxt

from exchanges.adapters.ccxt import reading
from exchanges.adapters.ccxt.answers import proof_in
from exchanges.adapters.ccxt.line import Line
from exchanges.adapters.ccxt.link_ids import from_wire, to_wire
from exchanges.adapters.ccxt.paging import rows_of
from exchanges.adapters.ccxt.shelf import Shelf, shelf_of
from exchanges.adapters.ccxt.spans import Span
from exchanges.adapters.ccxt.venue import (
    Account,
    Feature,
    Held,
    Json,
    Listing,
    Product,
    Query,
    Terms,
    Venue,
)
from exchanges.domain.errors import NotFound, Unavailable, Unsupported
from exchanges.domain.trading import (
    Acknowledgement,
    Balance,
    ClosedPnlFacts,
    Credentials,
    FillFacts,
    KeyFacts,
    NewOrder,
    OrderChange,
    OrderFacts,
    OrderState,
    OrderType,
    PositionFacts,
    Side,
    SymbolMode,
)
from exchanges.ports import Exchange, Wire

P = ParamSpec("P")
R = TypeVar("R")
NEVER = datetime.fromtimestamp(0, UTC)
UNREADABLE = (
    *(LookupError, ValueError, TypeError, ArithmeticError, AttributeError),
    ccxt.BaseError,
)


def readable(query: Callable[P, R]) -> Callable[P, R]:
    """Let a query whose answer cannot be understood raise `Unavailable`, as one without any."""

    @wraps(query)
    def asked(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return query(*args, **kwargs)
        except UNREADABLE as error:
            raise Unavailable(f"unreadable answer: {type(error).__name__}") from None

    return asked


class CcxtExchange:
    """See `exchanges.ports.Exchange` for what each method promises.

    What a profile does not offer raises `Unsupported`, as does an order with a feature that this
    exchange's profile does not name: nothing is sent.
    """

    def __init__(self, venue: Venue, credentials: Credentials, wire: Wire) -> None:
        if venue.has_passphrase and not credentials.passphrase:
            raise Unsupported(f"{venue.kind} wants a passphrase beside the key")
        self._venue, self._wire = venue, wire
        self._line = Line(venue, wire, credentials)
        self._api_key = credentials.api_key
        self._number = ""
        self._known: dict[str, OrderFacts] = {}  # by exchange id, what a stop has become included
        self._listed: set[str] = set()  # symbols whose orders were

    def __repr__(self) -> str:
        return f"<CcxtExchange {self._venue.kind}>"

    # --- account -----------------------------------------------------------------------------

    @readable
    def key_facts(self) -> KeyFacts:
        return self._venue.key_facts(self._line.ask, Account(self._api_key))

    @readable
    def balance(self) -> Balance:
        return self._venue.balance(self._line.ask, self._account())

    @readable
    def positions(self, symbol: str | None = None) -> Sequence[PositionFacts]:
        """Raises `Unavailable` where one in a market that nobody here knows may be meant."""
        shelf = self._shelf()
        held = self._venue.positions(self._line.ask)
        if self._venue.product is Product.SWAP and symbol not in shelf.by_symbol:
            refuse_unheard_of(shelf, held)
        found = [
            reading.position(one, shelf.by_id[one.id]) for one in held if one.id in shelf.by_id
        ]
        return [
            position
            for position in found
            if position is not None and symbol in {None, position.symbol}
        ]

    # --- orders ------------------------------------------------------------------------------

    def place(self, order: NewOrder) -> Acknowledgement:
        refuse_unnamed(self._venue, order)
        link = to_wire(self._venue, order.link_id)
        listing = self._shelf().listing(order.symbol)
        request = self._venue.place(order, link, listing, self._account())
        answer = self._line.ask(request, name="place_order")
        return Acknowledgement(str(proof_in(answer, request.endpoint.proof)))

    def amend(self, change: OrderChange) -> None:
        """Look first, for exchanges want to be told what stays as well; the order keeps its id.

        A change whose fate is unknown may so be asked for again: what stands is not sent. Of a
        total that is filled by now the caller knows nothing yet; exchanges would take it for a
        withdrawal.
        """
        if not self._venue.facts().capabilities.amends or _changes_levels(change):
            raise self._unsupported("amending")
        found = self.find_order(change.symbol, change.link_id)
        if found is None or found.state.is_final:
            raise NotFound("no such order rests here")
        if found.state is not OrderState.OPEN or found.price is None:
            raise self._unsupported("amending anything but a limit order")
        terms = Terms(found.side, change.quantity or found.quantity, change.price or found.price)
        if terms == Terms(found.side, found.quantity, found.price):
            return
        if terms.quantity <= found.filled:
            raise Unavailable("as much is filled by now")
        link = to_wire(self._venue, change.link_id)
        request = self._venue.amendment(terms, link, self._shelf().listing(change.symbol))
        self._venue.change(self._line.ask, request)

    def cancel(self, symbol: str, link_id: str) -> None:
        link = to_wire(self._venue, link_id)
        self._venue.cancel(self._line.ask, link, self._shelf().listing(symbol))

    @readable
    def find_order(self, symbol: str, link_id: str) -> OrderFacts | None:
        link = to_wire(self._venue, link_id)
        listing = self._shelf().listing(symbol)
        row = self._venue.find(self._line.ask, link, listing)
        if row is None:
            return None
        found = self._read_order(row, listing)
        if found is None:
            raise Unavailable("an order of another market")
        return self._followed(replace(found, link_id=link_id), row, listing)

    @readable
    def open_orders(self, symbol: str | None = None) -> Sequence[OrderFacts]:
        shelf = self._shelf()
        listing = shelf.listing(symbol) if symbol is not None else None
        asked = self._venue.scopes(self._line.ask, shelf.by_id) if listing is None else [listing]
        queries = [
            query for scope in asked for query in self._venue.resting(scope, self._account())
        ]
        found = self._orders(queries, listing)
        return [order for order in found if not order.state.is_final]

    @readable
    def orders_since(self, symbol: str, since: datetime) -> Sequence[OrderFacts]:
        """What rests is read first: what ends meanwhile shows in both lists, and never in none."""
        listing, span = self._shelf().listing(symbol), _until_now(since)
        resting = self._venue.resting(listing, self._account())
        queries = [*resting, *self._venue.ended(listing, span)]
        found = self._orders(queries, listing)
        self._listed.add(symbol)
        return [order for order in found if order.updated_at >= since or not order.state.is_final]

    @readable
    def fills_since(self, symbol: str, since: datetime) -> Sequence[FillFacts]:
        """Fills by their orders as `orders_since` has shown them, which goes before."""
        if symbol not in self._listed:
            self.orders_since(symbol, since)
        listing, found = self._shelf().listing(symbol), dict[str, FillFacts]()
        for query in self._venue.fills(listing, _until_now(since)):
            for row in rows_of(self._line.ask, query):
                parsed = self._venue.read_fill(self._line.client, row, listing.market)
                own = self._listing_of(parsed)
                if own is None or own.id != listing.id:
                    continue
                order = self._known.get(str(parsed.get("order")))
                closes = self._venue.closes(row, sells=parsed.get("side") == "sell")
                closes = closes or (order is not None and order.reduce_only)
                facts = reading.fill(parsed, listing, of=order, closes=closes)
                found[facts.fill_id] = facts
        return [facts for facts in found.values() if facts.at >= since]

    # --- settings of a symbol ------------------------------------------------------------------

    @readable
    def symbol_modes(self) -> Sequence[SymbolMode]:
        """Empty where there is no list of all: then each symbol's is read when it is traded."""
        listings = self._shelf().by_id
        return reading.modes(self._venue.modes(self._line.ask, None), listings)

    @readable
    def symbol_mode(self, symbol: str) -> SymbolMode | None:
        listing = self._shelf().listing(symbol)
        found = self._venue.modes(self._line.ask, listing)
        return next(iter(reading.modes(found, {listing.id: listing})), None)

    def set_leverage(self, symbol: str, leverage: Decimal) -> None:
        self._venue.set_leverage(self._line.ask, leverage, self._shelf().listing(symbol))

    # --- what no profile offers ----------------------------------------------------------------

    def set_position_levels(
        self, symbol: str, position_index: int, *, stop: Decimal | None, target: Decimal | None
    ) -> None:
        raise self._unsupported("levels of a position")

    def set_trailing_stop(
        self,
        symbol: str,
        position_index: int,
        *,
        distance: Decimal,
        activation: Decimal | None,
    ) -> None:
        raise self._unsupported("a trailing stop")

    def closed_pnl_since(self, symbol: str, since: datetime) -> Sequence[ClosedPnlFacts]:
        """No profile has such a list (`Capabilities.tells_results`): nobody may ask."""
        raise self._unsupported("closed results")

    # --- behind it -----------------------------------------------------------------------------

    def _unsupported(self, what: str) -> Unsupported:
        return Unsupported(f"{self._venue.kind}: {what}")

    def _shelf(self) -> Shelf:
        """The markets of all; this account's client is shown them, so that it reads by them."""
        shelf = shelf_of(self._venue, self._wire)
        if self._line.client.markets is not shelf.client.markets:
            self._line.client.set_markets_from_exchange(shelf.client)
        return shelf

    # --- rows as domain values ------------------------------------------------------------------

    def _orders(self, queries: Sequence[Query], listing: Listing | None) -> list[OrderFacts]:
        """The orders of several lists, each once: a stop with what it has become."""
        found: dict[tuple[str, str], OrderFacts] = {}
        heirs: dict[str, tuple[str, str]] = {}  # by the id of what a stop has become
        for query in queries:
            for row in rows_of(self._line.ask, query):
                facts = self._read_order(row, listing)
                if facts is None:
                    continue
                if facts.updated_at == NEVER:
                    raise ValueError("an order without a time")
                key = facts.order_id, facts.link_id
                if key not in found or reading.is_newer(facts, found[key]):
                    found[key] = facts
                if became := self._venue.became(row):
                    heirs[became] = key
        self._join(found, heirs, listing)
        self._known |= {order.order_id: order for order in found.values()}
        return list(found.values())

    def _join(
        self,
        found: dict[tuple[str, str], OrderFacts],
        heirs: dict[str, tuple[str, str]],
        listing: Listing | None,
    ) -> None:
        """Make one order of each stop and what it has become."""
        for key in [key for key in found if key[0] in heirs and key != heirs[key[0]]]:
            stop = heirs.pop(key[0])
            self._known[key[0]] = found[stop] = reading.heir(found[stop], found.pop(key))
        if listing is None:
            return
        for became, stop in heirs.items():
            if found[stop].state is OrderState.REJECTED:  # unless the lists lag behind
                found[stop] = self._with_heir(found[stop], became, listing)

    def _read_order(self, row: Json, listing: Listing | None) -> OrderFacts | None:
        """None for an order of a market that is not ours, or not the one that was asked for."""
        market = listing.market if listing is not None else None
        client, fired_at = self._line.client, self._venue.fired_at(row)
        read = self._venue.read_order(client, row, market)
        parsed = reading.once_fired(read, fired_at, client.milliseconds())
        own = self._listing_of(parsed)
        if own is None or own.id != (listing or own).id:
            return None
        return reading.order(
            parsed,
            own,
            link_id=from_wire(self._venue, self._venue.link_of(row, parsed)),
            trigger=self._venue.trigger_of(row),
            cause=self._venue.cause_of(row),
            became=self._venue.became(row),
        )

    def _followed(self, stop: OrderFacts, row: Json, listing: Listing) -> OrderFacts:
        """A stop that has become another order, with what that one says."""
        became = self._venue.became(row)
        return self._with_heir(stop, became, listing) if became else stop

    def _with_heir(self, stop: OrderFacts, became: str, listing: Listing) -> OrderFacts:
        """The stop with what became of it, asked for by that one's id; alone if it is unknown."""
        try:
            made = self._venue.born(self._line.ask, became, listing)
        except NotFound:
            return stop
        facts = self._read_order(made, listing)
        if facts is None:
            return stop
        whole = self._known[facts.order_id] = reading.heir(stop, facts)
        return whole

    def _listing_of(self, parsed: Mapping[str, Any]) -> Listing | None:
        """Our own of the market that ccxt has read a row to be of."""
        shelf = self._shelf()
        name = parsed.get("symbol")
        if not name:
            raise ValueError("a row of no market")
        market = shelf.client.markets.get(name)
        return shelf.by_id.get(market["id"]) if market is not None else None

    def _account(self) -> Account:
        if not self._number:
            self._number = self._venue.number(self._line.ask)
        return Account(self._api_key, self._number)


def _until_now(since: datetime) -> Span:
    """A little beyond, for the exchange's clock may be ahead of ours."""
    return Span.between(since, datetime.now(UTC) + timedelta(seconds=5))


def refuse_unheard_of(shelf: Shelf, held: Sequence[Held]) -> None:
    """Raise `Unavailable` for a position that would be overlooked, and the account look flat."""
    if any(one.contracts != 0 and shelf.misses(one.id) for one in held):
        raise Unavailable("a position in a market that this process has not seen listed")


def refuse_unnamed(venue: Venue, order: NewOrder) -> None:
    """Raise `Unsupported` for an order that asks for more than the profile names."""
    asked = set(_asked(order))
    if (
        Feature.MARKET in asked
        and order.side is Side.SELL
        and Feature.MARKET_SELL in venue.features
    ):
        asked.discard(Feature.MARKET)
    missing = asked - venue.features
    if missing:
        raise Unsupported(f"{venue.kind}: {', '.join(sorted(missing))}")
    if order.trigger is not None and not (order.reduce_only and order.type is OrderType.MARKET):
        raise Unsupported(f"{venue.kind}: an entry, or a limit, that waits for a price")
    if venue.product is Product.SPOT and (order.side is Side.SELL) is not order.reduce_only:
        raise Unsupported(f"{venue.kind}: a short on a spot account")


def _changes_levels(change: OrderChange) -> bool:
    return change.stop is not None or change.target is not None


def _asked(order: NewOrder) -> list[Feature]:
    wants = {
        Feature.MARKET: order.type is OrderType.MARKET and order.trigger is None,
        Feature.REDUCE: order.reduce_only,
        Feature.TRIGGER: order.trigger is not None,
        Feature.ATTACHED: order.stop is not None or order.target is not None,
        Feature.HEDGE: order.position_index != 0,
    }
    return [feature for feature, is_wanted in wants.items() if is_wanted]


_MADE: Callable[[Venue, Credentials, Wire], Exchange] = CcxtExchange  # lets mypy compare them
