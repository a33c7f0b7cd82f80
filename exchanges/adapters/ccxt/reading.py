"""ccxt's orders and positions as domain values; pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from exchanges.adapters.ccxt.units import in_base, number_or_none
from exchanges.adapters.ccxt.venue import Held, Listing
from exchanges.domain.trading import (
    HALTED,
    TRADING,
    Cause,
    InstrumentFacts,
    OrderFacts,
    OrderState,
    OrderType,
    PositionFacts,
    Side,
)

Row = Mapping[str, Any]
STATES = {
    "open": OrderState.OPEN,
    "closed": OrderState.FILLED,
    "canceled": OrderState.CANCELLED,
    "canceling": OrderState.OPEN,
    "expired": OrderState.CANCELLED,
    "rejected": OrderState.REJECTED,
}
# How exchanges call the side of a hedge, and the words for an account without one.
INDEXES = {"long": 1, "short": 2}
SIDE_NAMES = ("positionSide", "posSide")
NEVER = 2100  # the year that Binance gives to what has no end
NO_LIMIT = Decimal(10) ** 12  # where an exchange names no maximum


def order(row: Row, listing: Listing, *, link_id: str, trigger: Decimal | None) -> OrderFacts:
    """An order as ccxt has read it; raises `ValueError` for one that says too little.

    Of our id and of what it waits for ccxt does not always speak; the exchange's own row does.
    """
    if not row.get("id") or row.get("side") not in {"buy", "sell"}:
        raise ValueError("an order without an id or a side")
    quantity = in_base(row.get("amount"), listing.contract)
    filled = in_base(row.get("filled"), listing.contract)
    status = row.get("status")
    state = _state(status, is_waiting=trigger is not None, is_whole=filled >= quantity > 0)
    if state is OrderState.FILLED and filled == 0:
        raise ValueError("an order that is done and shows no fill")
    kind = OrderType.LIMIT if row.get("type") == "limit" else OrderType.MARKET
    created = _moment(row.get("timestamp"))
    return OrderFacts(
        order_id=str(row["id"]),
        link_id=link_id,
        parent_link_id="",
        symbol=listing.symbol,
        side=Side(row["side"]),
        type=kind,
        state=state,
        cause=Cause.USER,
        position_index=_index(row.get("info") or {}),
        quantity=quantity,
        filled=filled,
        average=number_or_none(row.get("average")),
        price=number_or_none(row.get("price")) if kind is OrderType.LIMIT else None,
        trigger_price=trigger,
        stop=number_or_none(row.get("stopLossPrice")) if trigger is None else None,
        target=number_or_none(row.get("takeProfitPrice")) if trigger is None else None,
        reduce_only=row.get("reduceOnly") is True,
        is_cancelled_by_request=status == "canceled",
        created_at=created,
        updated_at=_moment(row.get("lastUpdateTimestamp") or row.get("timestamp")),
    )


def _state(status: Any, *, is_waiting: bool, is_whole: bool) -> OrderState:
    """A stop that has fired says that it is done: what became of its order stands elsewhere."""
    state = STATES.get(status)
    if state is None:
        raise ValueError("an order in a state that is not known")
    if state is OrderState.OPEN and is_waiting:
        return OrderState.UNTRIGGERED
    if state is OrderState.FILLED and not is_whole and not is_waiting:
        return OrderState.CANCELLED
    return state


def position(held: Held, listing: Listing) -> PositionFacts | None:
    """None for a flat one."""
    if held.contracts == 0:
        return None
    return PositionFacts(
        symbol=listing.symbol,
        side=Side.BUY if held.contracts > 0 else Side.SELL,
        position_index=held.index,
        quantity=abs(held.contracts) * listing.contract,
        average=held.average,
        leverage=held.leverage,
        stop=None,
        target=None,
    )


def instrument(listing: Listing, delivery_field: str) -> InstrumentFacts:
    """A market's rules in base units, whatever its exchange counts in."""
    market, contract = listing.market, listing.contract
    amount, leverage = market["limits"]["amount"], market["limits"]["leverage"]
    step = in_base(market["precision"]["amount"], contract)
    most = in_base(amount.get("max"), contract) or NO_LIMIT
    at_market = market["limits"].get("market") or {}
    return InstrumentFacts(
        symbol=listing.symbol,
        base=market["base"],
        quote=market["quote"],
        status=TRADING if market["active"] is not False else HALTED,
        tick=in_base(market["precision"]["price"], Decimal(1)),
        step=step,
        min_quantity=in_base(amount.get("min"), contract) or step,
        max_quantity=most,
        max_market_quantity=in_base(at_market.get("max"), contract) or most,
        min_notional=number_or_none(market["limits"]["cost"].get("min")) or Decimal(0),
        min_leverage=Decimal(1),
        max_leverage=number_or_none(leverage.get("max")) or Decimal(1),
        leverage_step=Decimal(1),
        delivery_at=_delivery_at(market.get("info") or {}, delivery_field),
    )


def _delivery_at(row: Row, field: str) -> datetime | None:
    said = str(row.get(field) or "")
    if not said.isdigit():
        return None
    at = _moment(said)
    return at if at.year < NEVER else None


def _index(info: Row) -> int:
    said = next((info[name] for name in SIDE_NAMES if info.get(name)), "")
    return INDEXES.get(str(said).lower(), 0)


def _moment(milliseconds: Any) -> datetime:
    return datetime.fromtimestamp(int(milliseconds or 0) / 1000, UTC)
