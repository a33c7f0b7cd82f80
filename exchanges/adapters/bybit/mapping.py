"""Bybit's dictionaries as domain values; pure.

Field meanings: https://bybit-exchange.github.io/docs/v5/order/open-order and its neighbours.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from exchanges.domain.pushes import BalancePush, PositionPush, Pushed
from exchanges.domain.trading import (
    Balance,
    Cause,
    ClosedPnlFacts,
    FillFacts,
    InstrumentFacts,
    KeyFacts,
    OrderFacts,
    OrderState,
    OrderType,
    PositionFacts,
    Side,
    SymbolMode,
    Ticker,
)

Row = dict[str, Any]
ZERO = Decimal(0)
QUOTE = "USDT"

STATES = {
    "New": OrderState.OPEN,
    "PartiallyFilled": OrderState.OPEN,
    "Untriggered": OrderState.UNTRIGGERED,
    "Triggered": OrderState.OPEN,
    "Filled": OrderState.FILLED,
    "Cancelled": OrderState.CANCELLED,
    "PartiallyFilledCanceled": OrderState.CANCELLED,
    "Deactivated": OrderState.CANCELLED,
    "Rejected": OrderState.REJECTED,
}
CAUSES = {
    "CreateByStopLoss": Cause.STOP,
    "CreateByPartialStopLoss": Cause.STOP,
    "CreateByTakeProfit": Cause.TARGET,
    "CreateByPartialTakeProfit": Cause.TARGET,
    "CreateByTrailingStop": Cause.TRAILING,
    "CreateByTrailingProfit": Cause.TRAILING,
    "CreateByClosing": Cause.CLOSED_BY_HAND,
    "CreateByLiq": Cause.LIQUIDATION,
    "CreateByTakeOver_PassThrough": Cause.LIQUIDATION,
    "CreateByAdl_PassThrough": Cause.ADL,
    "CreateBySettle": Cause.DELISTING,
    "CreateByAdminClosing": Cause.OTHER,
    "CreateByUser": Cause.USER,
    "CreateByStopOrder": Cause.USER,
}
CAUSES_OF_FILL = {
    "Funding": Cause.FUNDING,
    "BustTrade": Cause.LIQUIDATION,
    "AdlTrade": Cause.ADL,
    "Delivery": Cause.DELISTING,
    "Settle": Cause.DELISTING,
}


def number(text: Any) -> Decimal:
    """An absent number is the empty string on the wire, and zero where a number is needed."""
    return Decimal(str(text)) if text not in {"", None} else ZERO


def number_or_none(text: Any) -> Decimal | None:
    """Zero and the empty string both mean "not set" for levels and prices."""
    value = number(text)
    return value if value != 0 else None


def moment(milliseconds: Any) -> datetime:
    return datetime.fromtimestamp(int(milliseconds or 0) / 1000, UTC)


def moment_or_none(milliseconds: Any) -> datetime | None:
    """A perpetual has the delivery time zero until its delisting is announced."""
    return moment(milliseconds) if int(milliseconds or 0) else None


def side(text: str) -> Side:
    return Side.BUY if text == "Buy" else Side.SELL


def key_facts(result: Row) -> KeyFacts:
    permissions: dict[str, list[str]] = result.get("permissions") or {}
    contract = permissions.get("ContractTrade") or []
    wallet = permissions.get("Wallet") or []
    addresses = tuple(address for address in result.get("ips") or [] if address != "*")
    uid, parent = str(result["userID"]), str(result.get("parentUid") or "0")
    return KeyFacts(
        uid=uid,
        master_uid=uid if parent == "0" else parent,
        read_only=int(result.get("readOnly") or 0) == 1,
        can_order="Order" in contract,
        can_position="Position" in contract,
        can_withdraw="Withdraw" in wallet,
        can_transfer=bool({"AccountTransfer", "SubMemberTransfer"} & set(wallet)),
        is_unified=int(result.get("uta") or 0) == 1,
        addresses=addresses,
        expires_at=None if addresses else _iso(result.get("expiredAt")),
        inviter_id=str(result.get("inviterID") or ""),
        affiliate_id=str(result.get("affiliateID") or ""),
    )


def _iso(text: Any) -> datetime | None:
    if not text:
        return None
    found = datetime.fromisoformat(str(text))
    return found if found.year > 1970 else None  # noqa: PLR2004 - Bybit's "never"


def balance(wallet: Row, margin_mode: str) -> Balance:
    """Cross and portfolio accounts share all their margin; an isolated one has it by coin."""
    account = (wallet.get("list") or [{}])[0]
    coins = {coin["coin"]: coin for coin in account.get("coin") or []}
    coin = coins.get(QUOTE, {})
    equity = number(coin.get("equity"))
    if margin_mode == "ISOLATED_MARGIN":
        bound = ("totalPositionIM", "totalOrderIM", "locked", "bonus")
        available = number(coin.get("walletBalance")) - sum(
            (number(coin.get(name)) for name in bound), ZERO
        )
    else:
        available = number(account.get("totalAvailableBalance"))
    # Other coins count as collateral at Bybit; sizing looks at USDT alone, so never above it.
    return Balance(equity=equity, available=min(available, equity), margin_mode=margin_mode)


def instrument(row: Row) -> InstrumentFacts:
    leverage, price, lot = row["leverageFilter"], row["priceFilter"], row["lotSizeFilter"]
    return InstrumentFacts(
        symbol=row["symbol"],
        base=row["baseCoin"],
        quote=row["quoteCoin"],
        status=row["status"],
        tick=number(price["tickSize"]),
        step=number(lot["qtyStep"]),
        min_quantity=number(lot["minOrderQty"]),
        max_quantity=number(lot["maxOrderQty"]),
        max_market_quantity=number(lot.get("maxMktOrderQty") or lot["maxOrderQty"]),
        min_notional=number(lot.get("minNotionalValue")),
        min_leverage=number(leverage["minLeverage"]),
        max_leverage=number(leverage["maxLeverage"]),
        leverage_step=number(leverage["leverageStep"]),
        delivery_at=moment_or_none(row.get("deliveryTime")),
    )


def ticker(row: Row) -> Ticker:
    return Ticker(
        symbol=row["symbol"],
        bid=number(row["bid1Price"]),
        ask=number(row["ask1Price"]),
        last=number(row["lastPrice"]),
        mark=number(row["markPrice"]),
    )


def symbol_modes(rows: list[Row]) -> list[SymbolMode]:
    """One row a symbol in one-way mode, two (index 1 and 2) in hedge mode."""
    modes: dict[str, SymbolMode] = {}
    for row in rows:
        hedge = int(row.get("positionIdx") or 0) != 0
        leverage = number_or_none(row.get("leverage"))
        known = modes.get(row["symbol"])
        if known is not None and known.leverage != leverage:
            leverage = ZERO  # both sides differ: no single figure is right, so it will be set
        modes[row["symbol"]] = SymbolMode(row["symbol"], leverage, hedge)
    return list(modes.values())


def order(row: Row) -> OrderFacts:
    kind = OrderType.MARKET if row["orderType"] == "Market" else OrderType.LIMIT
    return OrderFacts(
        order_id=row["orderId"],
        link_id=row.get("orderLinkId") or "",
        parent_link_id=row.get("parentOrderLinkId") or "",
        symbol=row["symbol"],
        side=side(row["side"]),
        type=kind,
        state=STATES.get(row["orderStatus"], OrderState.OPEN),
        cause=CAUSES.get(row.get("createType") or "", Cause.OTHER),
        position_index=int(row.get("positionIdx") or 0),
        quantity=number(row["qty"]),
        filled=number(row.get("cumExecQty")),
        average=number_or_none(row.get("avgPrice")),
        price=number_or_none(row.get("price")) if kind is OrderType.LIMIT else None,
        trigger_price=number_or_none(row.get("triggerPrice")),
        stop=number_or_none(row.get("stopLoss")),
        target=number_or_none(row.get("takeProfit")),
        reduce_only=bool(row.get("reduceOnly")),
        is_cancelled_by_request=_is_by_request(row),
        created_at=moment(row.get("createdTime")),
        updated_at=moment(row.get("updatedTime")),
    )


def _is_by_request(row: Row) -> bool:
    """Bybit says it in two places, and not always in both."""
    by_user = row.get("cancelType") == "CancelByUser"
    return by_user or row.get("rejectReason") == "EC_PerCancelRequest"


def fill(row: Row) -> FillFacts:
    cause = CAUSES_OF_FILL.get(row.get("execType") or "")
    if cause is None:
        cause = CAUSES.get(row.get("createType") or "", Cause.OTHER)
    return FillFacts(
        fill_id=row["execId"],
        order_id=row.get("orderId") or "",
        link_id=row.get("orderLinkId") or "",
        symbol=row["symbol"],
        side=side(row.get("side") or ""),
        cause=cause,
        quantity=number(row["execQty"]),
        price=number(row["execPrice"]),
        fee=number(row.get("execFee")),
        fee_currency=row.get("feeCurrency") or QUOTE,
        closed_quantity=number(row.get("closedSize")),
        is_maker=bool(row.get("isMaker")),
        at=moment(row["execTime"]),
    )


def order_of_fills(rows: list[Row]) -> OrderFacts:
    """An order that only its executions remember (history keeps zero-fill ends for a day)."""
    fills = [fill(row) for row in rows]
    first, filled = rows[0], sum((item.quantity for item in fills), ZERO)
    value = sum((item.quantity * item.price for item in fills), ZERO)
    quantity = number(first.get("orderQty"))
    kind = OrderType.MARKET if first.get("orderType") == "Market" else OrderType.LIMIT
    times = [item.at for item in fills]
    return OrderFacts(
        order_id=first["orderId"],
        link_id=first.get("orderLinkId") or "",
        parent_link_id="",
        symbol=first["symbol"],
        side=side(first["side"]),
        type=kind,
        state=OrderState.FILLED if filled >= quantity else OrderState.CANCELLED,
        cause=fills[0].cause,
        position_index=0,
        quantity=quantity,
        filled=filled,
        average=value / filled if filled else None,
        price=number_or_none(first.get("orderPrice")) if kind is OrderType.LIMIT else None,
        trigger_price=None,
        stop=None,
        target=None,
        reduce_only=fills[0].closed_quantity > 0,
        is_cancelled_by_request=False,
        created_at=min(times),
        updated_at=max(times),
    )


def closed_pnl(row: Row) -> ClosedPnlFacts:
    return ClosedPnlFacts(
        order_id=row["orderId"],
        symbol=row["symbol"],
        side=side(row["side"]),
        quantity=number(row["closedSize"]),
        average_entry=number(row["avgEntryPrice"]),
        average_exit=number(row["avgExitPrice"]),
        pnl=number(row["closedPnl"]),
        open_fee=number(row.get("openFee")),
        close_fee=number(row.get("closeFee")),
        at=moment(row["updatedTime"]),
    )


def position(row: Row) -> PositionFacts | None:
    """None for the flat rows that Bybit sends for a symbol asked by name."""
    quantity = number(row.get("size"))
    if quantity == 0 or not row.get("side"):
        return None
    return PositionFacts(
        symbol=row["symbol"],
        side=side(row["side"]),
        position_index=int(row.get("positionIdx") or 0),
        quantity=quantity,
        average=number(row.get("avgPrice")),
        leverage=number_or_none(row.get("leverage")),
        stop=number_or_none(row.get("stopLoss")),
        target=number_or_none(row.get("takeProfit")),
        trailing=number_or_none(row.get("trailingStop")),
    )


def pushed(frame: Row, margin_mode: str) -> Pushed | None:
    """A private frame's facts; None for an answer, a pong or a topic that we did not ask for.

    Rows are those of the queries, with a few fields under other names.
    """
    rows = [row for row in frame.get("data") or [] if _is_ours(frame["topic"], row)]
    match frame.get("topic"):
        case "order":
            return Pushed(orders=tuple(order(row) for row in rows))
        case "execution":
            return Pushed(fills=tuple(fill(row) for row in rows))
        case "position":
            return Pushed(positions=tuple(position_push(row) for row in rows))
        case "wallet":
            return Pushed(balance=balance_push(frame, margin_mode))
        case _:
            return None


def _is_ours(topic: str, row: Row) -> bool:
    """The topics of all categories come in one; ours are contracts settled in USDT."""
    return topic == "wallet" or row.get("category", "linear") == "linear"


def position_push(row: Row) -> PositionPush:
    return PositionPush(
        symbol=row["symbol"],
        position_index=int(row.get("positionIdx") or 0),
        position=position(row | {"avgPrice": row.get("entryPrice") or row.get("avgPrice")}),
        updated_at=moment(row.get("updatedTime")),
    )


def balance_push(frame: Row, margin_mode: str) -> BalancePush | None:
    """None where the frame shows another coin's change alone."""
    accounts = [row for row in frame["data"] if row.get("accountType", "UNIFIED") == "UNIFIED"]
    coins = {coin.get("coin") for row in accounts for coin in row.get("coin") or []}
    if QUOTE not in coins:
        return None
    return BalancePush(balance({"list": accounts}, margin_mode), moment(frame.get("creationTime")))
