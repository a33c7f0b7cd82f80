"""What several exchanges say alike."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from exchanges.adapters.ccxt.paging import halved
from exchanges.adapters.ccxt.spans import Span
from exchanges.adapters.ccxt.units import ZERO, in_contracts, number
from exchanges.adapters.ccxt.venue import Endpoint, Held, Listing, Params, Query
from exchanges.domain.trading import Balance, NewOrder, OrderType, Side

COIN = "USDT"
POSITION_SIDES = ("BOTH", "LONG", "SHORT")  # by `NewOrder.position_index`
POSITION_INDEXES = {name: index for index, name in enumerate(POSITION_SIDES)}


def is_stop(order: NewOrder) -> bool:
    """Whether an order that waits for its trigger is a stop of what it reduces, not a target."""
    return order.trigger_rises is (order.side is Side.BUY)


def is_limit(order: NewOrder) -> bool:
    return order.type is OrderType.LIMIT


def spot_order(order: NewOrder, link: str, listing: Listing) -> Params:
    """An order by the words of those who speak as Binance does; its price is each one's own."""
    return {
        "symbol": listing.id,
        "side": order.side.value.upper(),
        "type": "LIMIT" if is_limit(order) else "MARKET",
        "quantity": in_contracts(order.quantity, listing.contract),
        "newClientOrderId": link,
    }


def within(endpoint: Endpoint, listing: Listing, span: Span, most: int) -> Query:
    """A list of one market by time, asked for as they do; `most`: rows of a page."""
    times: Params = {"startTime": span.start, "endTime": span.end}
    scope: Params = {"symbol": listing.id, "limit": most}
    return Query(endpoint, scope | times, halved("startTime", "endTime", most))


def row_of(rows: Iterable[Any], name: str, coin: str = COIN) -> Any:
    """The coin's row; one that is missing holds nothing."""
    return next((row for row in rows if row.get(name) == coin), {})


def spot_balance(free: Any, locked: Any) -> Balance:
    """What rests in orders belongs to the account, and is not free for new ones."""
    available = number(free)
    return Balance(available + number(locked), available, "")


def coins(rows: Iterable[Any], name: str, market: str) -> list[Held]:
    """What a spot account holds, by the id of each coin's market; its price was never told."""
    return [
        Held(
            market.format(row[name]),
            number(row["free"]) + number(row["locked"]),
            ZERO,
            Decimal(1),
            0,
        )
        for row in rows
    ]


def swap_balance(equity: Any, available: Any) -> Balance:
    """Other coins may count as collateral; sizing looks at USDT alone, so never above it."""
    whole = number(equity)
    return Balance(whole, max(min(number(available), whole), ZERO), "")


def first_time(row: Any, *names: str) -> int:
    """The first time that a row tells under these names, in ms; 0 where it tells none."""
    return next((at for at in (int(row.get(name) or 0) for name in names) if at), 0)


def moment(milliseconds: Any) -> datetime | None:
    value = Decimal(str(milliseconds or 0))
    return datetime.fromtimestamp(float(value) / 1000, UTC) if value else None
