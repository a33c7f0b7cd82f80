"""One account at an exchange that ccxt knows; what its profile does not name is refused here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from functools import wraps
from typing import ParamSpec, TypeVar

import ccxt

from exchanges.adapters.ccxt import reading
from exchanges.adapters.ccxt.answers import proof_in
from exchanges.adapters.ccxt.line import Line
from exchanges.adapters.ccxt.link_ids import to_wire
from exchanges.adapters.ccxt.shelf import Shelf, shelf_of
from exchanges.adapters.ccxt.venue import Account, Feature, Product, Venue
from exchanges.domain.errors import Unavailable, Unsupported
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
    OrderType,
    PositionFacts,
    Side,
    SymbolMode,
)
from exchanges.ports import Exchange, Wire

P = ParamSpec("P")
R = TypeVar("R")
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

    What no profile offers yet raises `Unsupported`, as does an order with a feature that this
    exchange's profile does not name: nothing is sent.
    """

    def __init__(self, venue: Venue, credentials: Credentials, wire: Wire) -> None:
        if venue.has_passphrase and not credentials.passphrase:
            raise Unsupported(f"{venue.kind} wants a passphrase beside the key")
        self._venue, self._wire = venue, wire
        self._line = Line(venue, wire, credentials)
        self._api_key = credentials.api_key
        self._number = ""

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
        shelf = self._shelf()
        held = self._venue.positions(self._line.ask)
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
        parsed = self._line.client.parse_order(row, listing.market)
        trigger = self._venue.trigger_of(row)
        return reading.order(parsed, listing, link_id=link_id, trigger=trigger)

    # --- what no profile offers yet ------------------------------------------------------------

    def symbol_modes(self) -> Sequence[SymbolMode]:
        raise self._unsupported("modes of symbols")

    def symbol_mode(self, symbol: str) -> SymbolMode | None:
        raise self._unsupported("modes of symbols")

    def set_leverage(self, symbol: str, leverage: Decimal) -> None:
        raise self._unsupported("a change of leverage")

    def amend(self, change: OrderChange) -> None:
        raise self._unsupported("amending")

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

    def open_orders(self, symbol: str | None = None) -> Sequence[OrderFacts]:
        raise self._unsupported("a list of orders")

    def orders_since(self, symbol: str, since: datetime) -> Sequence[OrderFacts]:
        raise self._unsupported("a list of orders")

    def fills_since(self, symbol: str, since: datetime) -> Sequence[FillFacts]:
        raise self._unsupported("a list of fills")

    def closed_pnl_since(self, symbol: str, since: datetime) -> Sequence[ClosedPnlFacts]:
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

    def _account(self) -> Account:
        if not self._number:
            self._number = self._venue.number(self._line.ask)
        return Account(self._api_key, self._number)


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
