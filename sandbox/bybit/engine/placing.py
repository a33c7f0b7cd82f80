"""From a create or amend request to an order that the rules allow."""

from __future__ import annotations

from decimal import Decimal

from sandbox.bybit.engine import requests
from sandbox.bybit.engine.account import Account
from sandbox.bybit.engine.core import Core, crosses
from sandbox.bybit.engine.errors import ApiError
from sandbox.bybit.engine.instrument import Instrument, plain
from sandbox.bybit.engine.records import ZERO, Order
from sandbox.bybit.engine.requests import Params, parameter

MOST_ACTIVE = 500
MOST_CONDITIONAL = 10
FORCES = {"GTC", "IOC", "FOK", "PostOnly", "RPI"}


def instrument_of(core: Core, params: Params) -> Instrument:
    requests.category(params)
    symbol = requests.text(params, "symbol", required=True)
    rules = core.instruments.get(symbol)
    if rules is None:
        raise parameter("Not supported symbols")
    return rules


def build(core: Core, account: Account, params: Params) -> Order:
    """Read and check a create request; nothing is changed yet."""
    rules = instrument_of(core, params)
    if rules.status != "Trading":
        raise ApiError(110074, "This contract is not live")
    link = requests.link_id(params)
    if link and link in account.by_link:
        raise ApiError(110072, "OrderLinkedID is duplicate")
    side = requests.choice(params, "side", requests.SIDES)
    kind = requests.choice(params, "orderType", {"Market", "Limit"})
    quote = core.quotes[rules.symbol]
    force = requests.choice(params, "timeInForce", FORCES, "GTC") if kind == "Limit" else "IOC"
    now = core.clock()
    order = Order(
        order_id="",
        link_id=link,
        uid=account.uid,
        symbol=rules.symbol,
        side=side,
        order_type=kind,
        qty=ZERO,
        price=_price(params, rules, core, side) if kind == "Limit" else None,
        time_in_force=force,
        position_idx=_position_idx(account, rules, params, side),
        created=now,
        updated=now,
        reduce_only=requests.flag(params, "reduceOnly"),
        close_on_trigger=requests.flag(params, "closeOnTrigger"),
        exits=requests.exits(params),
        last_on_created=quote.last,
    )
    _condition(core, order, params)
    _quantity(account, order, params, rules)
    _exits(core, order, rules)
    _counts(account, order)
    return order


def _price(params: Params, rules: Instrument, core: Core, side: str) -> Decimal:
    price = requests.number(params, "price", required=True) or ZERO
    requests.check_tick(price, rules)
    return banded(price, side, rules, core)


def banded(price: Decimal, side: str, rules: Instrument, core: Core) -> Decimal:
    """Futures move a price beyond the band to its edge, silently (unlike spot)."""
    mark = core.quotes[rules.symbol].mark
    edge = mark * (1 + (rules.price_limit_y if side == "Buy" else -rules.price_limit_y))
    edge -= edge % rules.tick
    return min(price, edge) if side == "Buy" else max(price, edge)


def _position_idx(account: Account, rules: Instrument, params: Params, side: str) -> int:
    idx = requests.strict_integer(params, "positionIdx", 0)
    hedge = account.is_hedge(rules.symbol)
    if idx not in {0, 1, 2} or (idx == 0) == hedge:
        raise parameter("position idx not match position mode")
    opening = {1: "Buy", 2: "Sell"}.get(idx, side)
    if side != opening and not requests.flag(params, "reduceOnly"):
        position = account.position(rules.symbol, idx)
        if not position.size:
            raise ApiError(110017, "current position is zero, cannot fix reduce-only order qty")
    return idx


def _condition(core: Core, order: Order, params: Params) -> None:
    level = requests.number(params, "triggerPrice")
    if not level:
        return
    direction = requests.strict_integer(params, "triggerDirection", 0)
    if direction not in {1, 2}:
        raise parameter("params error: triggerDirection invalid")
    last = core.quotes[order.symbol].last
    if direction == 1 and level <= last:
        raise ApiError(110092, f"expect Rising, but trigger_price[{plain(level)}] <= current")
    if direction == 2 and level >= last:
        raise ApiError(110093, f"expect Falling, but trigger_price[{plain(level)}] >= current")
    order.trigger_price, order.trigger_direction = level, direction
    order.trigger_by = requests.choice(params, "triggerBy", requests.TRIGGERS, "LastPrice")
    order.status, order.stop_order_type = "Untriggered", "Stop"
    order.create_type = "CreateByStopOrder"


def _quantity(account: Account, order: Order, params: Params, rules: Instrument) -> None:
    qty = requests.number(params, "qty", required=True) or ZERO
    position = account.position(rules.symbol, order.position_idx)
    if order.reduce_only and order.status != "Untriggered":
        if position.sign != -order.sign:
            raise ApiError(110017, "current position is zero, cannot fix reduce-only order qty")
        if qty == 0 and order.close_on_trigger:
            qty = position.size
        qty = min(qty, position.size)
    check_quantity(qty, order, rules)
    order.qty = qty


def check_quantity(qty: Decimal, order: Order, rules: Instrument) -> None:
    if qty <= 0 or qty % rules.step:
        if qty < rules.step:
            raise ApiError(110017, "orderQty will be truncated to zero.")
        raise parameter(f"Qty invalid, step is {plain(rules.step)}")
    most = rules.max_market_qty if order.order_type == "Market" else rules.max_qty
    if qty > most:
        raise parameter("The number of contracts exceeds maximum limit allowed: too large")
    if order.reduce_only:
        return
    if qty < rules.min_qty:
        raise parameter("The number of contracts exceeds minimum limit allowed")


def check_notional(core: Core, order: Order, rules: Instrument) -> None:
    quote = core.quotes[order.symbol]
    price = order.price or (quote.ask if order.side == "Buy" else quote.bid)
    if not order.reduce_only and order.qty * price < rules.min_notional:
        least = plain(rules.min_notional)
        raise ApiError(110094, f"Order does not meet minimum order value {least}USDT")


def _exits(core: Core, order: Order, rules: Instrument) -> None:
    if not order.exits.any:
        return
    if order.reduce_only:
        raise parameter("TP/SL orders cannot be reduce-only")
    base = order.price or order.trigger_price or core.quotes[order.symbol].last
    requests.check_levels(order.side, order.exits, base, rules)


def _counts(account: Account, order: Order) -> None:
    there = account.orders_on(order.symbol)
    conditional = sum(1 for o in there if o.status == "Untriggered" and not o.is_exit)
    if order.status == "Untriggered" and conditional >= MOST_CONDITIONAL:
        raise ApiError(110009, "The number of stop orders exceeds maximum limit allowed")
    if sum(1 for o in there if o.status != "Untriggered") >= MOST_ACTIVE:
        raise ApiError(110020, "You can't have more than 500 active orders")


def check_margin(core: Core, account: Account, order: Order) -> None:
    """Conditional orders hold no margin until they are triggered."""
    rules = core.instruments[order.symbol]
    needed = account.order_margin(order, rules, core.quotes)
    available = account.figures(core.instruments, core.quotes)["available"]
    if needed > available:
        raise ApiError(110007, "ab not enough for new order")


def submit(core: Core, account: Account, order: Order) -> None:
    """Let an accepted order into the book; what happens now shows in the order's own record."""
    core.add(account, order)
    if order.status == "Untriggered":
        return
    quote = core.quotes[order.symbol]
    takes = crosses(order, quote)
    if order.time_in_force == "PostOnly" and takes:
        core.end(account, order, "Cancelled", "UNKNOWN", "EC_PostOnlyWillTakeLiquidity")
        return
    depth = core.depth[order.symbol][order.side]
    if order.time_in_force == "FOK" and (not takes or depth < order.qty):
        core.end(account, order, "Cancelled", "UNKNOWN", "EC_NoImmediateQtyToFill")
        return
    core.match(account, order, is_maker=False)
