"""ccxt's orders and positions as domain values; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from exchanges.adapters.ccxt.units import ZERO, in_base, number, number_or_none
from exchanges.adapters.ccxt.venue import Held, Listing, Price, Setting
from exchanges.domain.trading import (
    HALTED,
    TRADING,
    Cause,
    FillFacts,
    InstrumentFacts,
    OrderFacts,
    OrderState,
    OrderType,
    PositionFacts,
    Side,
    SymbolMode,
    Ticker,
)

Row = Mapping[str, Any]
STATES = {
    **dict.fromkeys(("open", "pending", "queued", "edit_queued"), OrderState.OPEN),
    "closed": OrderState.FILLED,
    "canceled": OrderState.CANCELLED,
    **dict.fromkeys(("canceling", "cancel_queued"), OrderState.OPEN),
    "expired": OrderState.CANCELLED,
    "rejected": OrderState.REJECTED,
}
# How exchanges call the side of a hedge, and the words for an account without one.
INDEXES = {"long": 1, "short": 2}
SIDE_NAMES = ("positionSide", "posSide")
FIRING_MS = 10_000  # that what a stop has become may take to show
NEVER = 2100  # the year that Binance gives to what has no end
ONE = Decimal(1)
NO_LIMIT = Decimal(10) ** 12  # where an exchange names no maximum


def order(
    row: Row,
    listing: Listing,
    *,
    link_id: str,
    trigger: Decimal | None,
    cause: Cause = Cause.USER,
    became: str = "",
) -> OrderFacts:
    """An order as ccxt has read it; raises `ValueError` for one that says too little.

    Of our id and of what it waits for ccxt does not always speak; the exchange's own row does.
    `became`: the id of the order that a stop has become. What that has filled the stop's own row
    does not say, so that it is not over before the other was seen.
    """
    if not row.get("id") or row.get("side") not in {"buy", "sell"}:
        raise ValueError("an order without an id or a side")
    quantity = in_base(row.get("amount"), listing.contract)
    filled = in_base(row.get("filled"), listing.contract)
    status = row.get("status")
    state = _state(status, is_waiting=trigger is not None, is_whole=filled >= quantity > 0)
    if became and state in {OrderState.FILLED, OrderState.UNTRIGGERED}:
        state = OrderState.OPEN
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
        cause=cause,
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


def once_fired(row: Row, fired_at: int, now: int) -> Row:
    """A stop's row, by when it fired (ms; 0: it has not), as long as what it became is not seen.

    For a moment it counts as standing. What does not show for longer has failed, as for want of
    coins, or of a position to reduce: nothing stands any more.
    """
    if not fired_at:
        return row
    return {**row, "status": "open" if now - fired_at < FIRING_MS else "rejected"}


def _state(status: Any, *, is_waiting: bool, is_whole: bool) -> OrderState:
    """A stop that has fired says that it is done: what became of its order stands elsewhere.

    A word that ccxt does not know it hands on as the exchange has written it.
    """
    state = STATES.get(str(status).lower())
    if state is None:
        raise ValueError("an order in a state that is not known")
    if state is OrderState.OPEN and is_waiting:
        return OrderState.UNTRIGGERED
    if state is OrderState.FILLED and not is_whole and not is_waiting:
        return OrderState.CANCELLED
    return state


def heir(stop: OrderFacts, made: OrderFacts) -> OrderFacts:
    """A stop and the order that it has become, as the one order that was placed."""
    return replace(
        made,
        order_id=stop.order_id,
        link_id=stop.link_id,
        cause=stop.cause,
        trigger_price=stop.trigger_price,
        reduce_only=stop.reduce_only,
        created_at=stop.created_at,
        became=made.order_id,
    )


def is_newer(facts: OrderFacts, known: OrderFacts) -> bool:
    """Whether an order has come further than another look at it has shown."""
    here, there = facts.state.is_final, known.state.is_final
    return (here, facts.filled, facts.updated_at) >= (there, known.filled, known.updated_at)


def fill(row: Row, listing: Listing, *, of: OrderFacts | None, closes: bool) -> FillFacts:
    """A trade as ccxt has read it; `of`: its order, of which most exchanges' trades say little.

    A fee stays in the coin that it was taken in: of one in the coin that was traded, the account
    holds so much less.
    """
    if not row.get("id") or not row.get("order") or row.get("side") not in {"buy", "sell"}:
        raise ValueError("a fill without an id, an order or a side")
    if not row.get("timestamp"):
        raise ValueError("a fill without a time")
    quantity, price = in_base(row.get("amount"), listing.contract), number(row.get("price"))
    if quantity <= 0 or price <= 0:
        raise ValueError("a fill of nothing")
    fee, currency = _fee(row)
    return FillFacts(
        fill_id=f"{listing.symbol} {row['id']}",  # some count by market, and we by account
        order_id=of.order_id if of is not None else str(row["order"]),
        link_id=of.link_id if of is not None else "",
        symbol=listing.symbol,
        side=Side(row["side"]),
        cause=of.cause if of is not None else Cause.USER,
        quantity=quantity,
        price=price,
        fee=fee,
        fee_currency=currency,
        closed_quantity=quantity if closes else ZERO,
        is_maker=row.get("takerOrMaker") == "maker",
        at=_moment(row["timestamp"]),
    )


def _fee(row: Row) -> tuple[Decimal, str]:
    said = row.get("fee") or {}
    if said.get("cost") is None:
        said = _paid(row.get("fees") or [])
    currency = said.get("currency")
    if said.get("cost") is None or not currency:
        raise ValueError("a fill without its fee")
    return number(said["cost"]), str(currency)


def _paid(fees: Sequence[Row]) -> Row:
    """Of the coins that a fee may be taken in, the one that it was."""
    return next((fee for fee in fees if number_or_none(fee.get("cost")) is not None), {})


def modes(found: Iterable[Setting], listings: Mapping[str, Listing]) -> list[SymbolMode]:
    """Of the markets that are ours; zero where sides differ or none is told, so that it is set."""
    merged: dict[str, SymbolMode] = {}
    for one in found:
        listing = listings.get(one.id)
        if listing is None:
            continue
        if one.leverage is not None and one.leverage <= 0:
            raise ValueError("a leverage of nothing")
        known = merged.get(listing.symbol)
        is_split = known is not None and known.leverage != one.leverage
        leverage = ZERO if is_split or one.leverage is None else one.leverage
        merged[listing.symbol] = SymbolMode(listing.symbol, leverage, one.is_hedge)
    return list(merged.values())


def ticker(price: Price, listing: Listing) -> Ticker:
    """A market's prices; one that has never traded has none, and is no business of ours."""
    last = price.last
    return Ticker(
        symbol=listing.symbol,
        bid=price.bid or last,
        ask=price.ask or last,
        last=last,
        mark=price.mark or last,
    )


def position(held: Held, listing: Listing) -> PositionFacts | None:
    """None for a flat one, and for coins that are too few to be sold."""
    if held.contracts == 0:
        return None
    market = listing.market
    if market["spot"] is True and held.contracts < number(market["limits"]["amount"].get("min")):
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


def instrument(
    listing: Listing, delivery_field: str, *, most_leverage: Decimal = ONE
) -> InstrumentFacts:
    """A market's rules in base units, whatever its exchange counts in.

    `most_leverage`: of the whole exchange, where a market does not tell its own.
    """
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
        max_leverage=number_or_none(leverage.get("max")) or most_leverage,
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
