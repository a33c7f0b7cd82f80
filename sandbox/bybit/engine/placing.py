"""From a create or amend request to an order that the rules allow."""

from __future__ import annotations

from decimal import Decimal

from sandbox.bybit.engine import exits, reducing, requests
from sandbox.bybit.engine.account import Account
from sandbox.bybit.engine.band import banded
from sandbox.bybit.engine.core import Core
from sandbox.bybit.engine.errors import ApiError
from sandbox.bybit.engine.instrument import Instrument, Quote, plain
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
    if rules.status == "Delivering":
        raise ApiError(110042, "Write operation is not allowed in pre-delivery status")
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
        price=_price(params, rules) if kind == "Limit" else None,
        time_in_force=force,
        position_idx=_position_idx(account, rules, params),
        created=now,
        updated=now,
        reduce_only=requests.flag(params, "reduceOnly"),
        close_on_trigger=requests.flag(params, "closeOnTrigger"),
        exits=requests.exits(params),
        last_on_created=quote.last,
    )
    if is_closing_leg(order):
        order.reduce_only = True  # a leg in hedge mode can be closed, never turned around
    _condition(core, order, params)
    if order.price is not None:
        order.price = price_now(order, order.price, core)
    _slippage(order, params)
    _quantity(account, order, params, rules)
    _exits(core, order, rules)
    _counts(account, order)
    return order


def _price(params: Params, rules: Instrument) -> Decimal:
    price = requests.number(params, "price", required=True) or ZERO
    requests.check_tick(price, rules)
    return price


def price_now(order: Order, price: Decimal, core: Core) -> Decimal:
    """A condition's limit meets the band with its trigger, any other's at once."""
    if order.status == "Untriggered":
        return price
    return banded(price, order.side, core.instruments[order.symbol], core.quotes[order.symbol])


def _position_idx(account: Account, rules: Instrument, params: Params) -> int:
    idx = requests.strict_integer(params, "positionIdx", 0)
    if idx not in {0, 1, 2} or (idx == 0) == account.is_hedge(rules.symbol):
        raise parameter("position idx not match position mode")
    return idx


def is_closing_leg(order: Order) -> bool:
    return (order.position_idx, order.side) in {(1, "Sell"), (2, "Buy")}


def _slippage(order: Order, params: Params) -> None:
    """A tolerance is checked and kept; the touch, where this book ends, is always within it."""
    kind = requests.text(params, "slippageToleranceType")
    if not kind or kind == "UNKNOWN":
        return
    if order.order_type != "Market" or order.status == "Untriggered":
        raise parameter("params error: slippageTolerance is for plain market orders")
    tolerance = requests.number(params, "slippageTolerance", required=True) or ZERO
    if kind == "TickSize":
        if tolerance % 1 or not 1 <= tolerance <= 10_000:
            raise ApiError(110108, "slippageTolerance out of range [1, 10000]")
    elif kind == "Percent":
        if tolerance % Decimal("0.01") or not Decimal("0.01") <= tolerance <= 10:
            raise ApiError(110109, "slippageTolerance out of range [0.01, 10]")
    else:
        raise parameter("params error: slippageToleranceType invalid")
    order.slippage_type, order.slippage = kind, plain(tolerance)


def check_trigger(order: Order, level: Decimal, quote: Quote, rules: Instrument) -> None:
    """A level that the price has already passed can never be reached in its direction."""
    requests.check_tick(level, rules, "triggerPrice")
    price = quote.by(order.trigger_by)
    if order.trigger_direction == 1 and level <= price:
        raise ApiError(110092, f"expect Rising, but trigger_price[{plain(level)}] <= current")
    if order.trigger_direction == 2 and level >= price:
        raise ApiError(110093, f"expect Falling, but trigger_price[{plain(level)}] >= current")


def _condition(core: Core, order: Order, params: Params) -> None:
    level = requests.number(params, "triggerPrice")
    if not level:
        return
    direction = requests.strict_integer(params, "triggerDirection", 0)
    if direction not in {1, 2}:
        raise parameter("params error: triggerDirection invalid")
    order.trigger_price, order.trigger_direction = level, direction
    order.trigger_by = requests.choice(params, "triggerBy", requests.TRIGGERS, "LastPrice")
    check_trigger(order, level, core.quotes[order.symbol], core.instruments[order.symbol])
    order.status, order.stop_order_type = "Untriggered", "Stop"
    order.create_type = "CreateByStopOrder"


def _quantity(account: Account, order: Order, params: Params, rules: Instrument) -> None:
    qty = requests.number(params, "qty", required=True) or ZERO
    closes_all = qty == 0 and order.reduce_only and order.close_on_trigger
    is_rest = False
    if order.reduce_only and order.status != "Untriggered":
        position = account.position(rules.symbol, order.position_idx)
        if position.sign != -order.sign:
            raise ApiError(110017, "current position is zero, cannot fix reduce-only order qty")
        is_market = order.order_type == "Market"
        most = position.size if is_market else reducing.room(account, position)
        if closes_all:
            most = qty = min(most, most_allowed(order, rules))
        # Not documented: what is left of a position may lie below a step that has become coarser.
        # An order for whole steps is taken here, and cut to it.
        is_rest = is_market and most < rules.step <= qty and not qty % rules.step
        qty = min(qty, most)
    order.qty = qty
    if not is_rest and not (closes_all and order.status == "Untriggered"):
        # The size of the latter comes with the trigger.
        check_quantity(qty, order, rules)


def most_allowed(order: Order, rules: Instrument) -> Decimal:
    return rules.max_market_qty if order.order_type == "Market" else rules.max_qty


def check_quantity(qty: Decimal, order: Order, rules: Instrument) -> None:
    if qty <= 0 or qty % rules.step:
        if qty < rules.step:
            raise ApiError(110017, "orderQty will be truncated to zero.")
        raise parameter(f"Qty invalid, step is {plain(rules.step)}")
    if qty > most_allowed(order, rules):
        raise parameter("The number of contracts exceeds maximum limit allowed: too large")
    if order.reduce_only:
        return
    if qty < rules.min_qty:
        raise parameter("The number of contracts exceeds minimum limit allowed")


def check_notional(core: Core, order: Order, rules: Instrument) -> None:
    quote = core.quotes[order.symbol]
    price = order.price or order.trigger_price
    price = price or (quote.ask if order.side == "Buy" else quote.bid)
    if not order.reduce_only and order.qty * price < rules.min_notional:
        least = plain(rules.min_notional)
        raise ApiError(110094, f"Order does not meet minimum order value {least}USDT")


def _exits(core: Core, order: Order, rules: Instrument) -> None:
    if not order.exits.any:
        return
    if order.reduce_only:
        raise parameter("TP/SL orders cannot be reduce-only")
    base = order.price or order.trigger_price
    requests.check_levels(order.side, order.exits, core.quotes[order.symbol], rules, base)


def _counts(account: Account, order: Order) -> None:
    if order.exits.any and order.exits.mode == "Partial":
        exits.check_room(account, order.symbol, order.position_idx, order.exits.count)
    there = account.orders_on(order.symbol)
    conditional = sum(1 for o in there if o.status == "Untriggered" and not o.is_exit)
    if order.status == "Untriggered" and conditional >= MOST_CONDITIONAL:
        raise ApiError(110009, "already had 10 working normal stop orders")
    if sum(1 for o in there if o.status != "Untriggered") >= MOST_ACTIVE:
        raise ApiError(110020, "You can't have more than 500 active orders")


def check_margin(core: Core, account: Account, order: Order) -> None:
    """Conditional orders hold no margin until they are triggered."""
    rules = core.instruments[order.symbol]
    needed = account.order_margin(order, rules, core.quotes)
    available = account.figures(core.instruments, core.quotes)["available"]
    if needed > available:
        raise ApiError(110007, "ab not enough for new order")
