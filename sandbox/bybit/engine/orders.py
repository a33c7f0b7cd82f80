"""Requests about orders: create, amend, cancel, and margin checks ahead of an order."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from sandbox.bybit.engine import exits, matching, placing, queries, reducing, requests
from sandbox.bybit.engine.account import Account
from sandbox.bybit.engine.core import Core
from sandbox.bybit.engine.errors import ApiError
from sandbox.bybit.engine.records import ZERO, Exits, Order
from sandbox.bybit.engine.requests import Params, parameter

Answer = dict[str, Any]
ORDER_GONE = "order not exists or too late to "


@dataclass(frozen=True, slots=True)
class Amendment:
    """What an amend request changes; None leaves as it is."""

    qty: Decimal | None
    price: Decimal | None
    level: Decimal | None
    trigger_by: str | None
    exits: Exits | None

    @property
    def is_empty(self) -> bool:
        given = (self.qty, self.price, self.level, self.trigger_by, self.exits)
        return all(new is None for new in given)


def create(core: Core, account: Account, params: Params, *, create_type: str = "") -> Order:
    """Place an order; `create_type` tells of one that did not come over the API."""
    order = placing.build(core, account, params)
    order.create_type = create_type or order.create_type
    placing.check_notional(core, order, core.instruments[order.symbol])
    if order.status != "Untriggered":
        placing.check_margin(core, account, order)
    order.order_id = core.new_id()
    core.submit(account, order)
    return order


def amend(core: Core, account: Account, params: Params) -> Order:
    order = _live(core, account, params, "replace")
    change = _read_amendment(core, account, order, params)
    _check_amended(core, account, order, change)
    order.qty, order.price = change.qty or order.qty, change.price or order.price
    order.trigger_price = change.level or order.trigger_price
    order.trigger_by = change.trigger_by or order.trigger_by
    order.exits = change.exits or order.exits
    order.updated = core.clock()
    core.push_order(account, order)
    if order.status != "Untriggered":
        matching.enter(core, account, order)
    core.settle(account, order.symbol)
    return order


def _read_amendment(core: Core, account: Account, order: Order, params: Params) -> Amendment:
    rules = core.instruments[order.symbol]
    qty, price = requests.number(params, "qty"), requests.number(params, "price")
    if qty is not None:
        qty = _amended_qty(account, order, qty)
        placing.check_quantity(qty, order, rules)
    if price is not None:
        if order.order_type != "Limit":
            raise parameter("params error: a market order has no price")
        requests.check_tick(price, rules)
        price = placing.price_now(order, price, core)
    level, by = _amended_condition(core, order, params)
    change = Amendment(qty, price, level, by, _amended_exits(account, order, params))
    if change.is_empty:
        raise parameter("params error: nothing to amend")
    _check_exits(core, order, change)
    return change


def _amended_condition(
    core: Core, order: Order, params: Params
) -> tuple[Decimal | None, str | None]:
    """A new trigger price and the price that it watches, which must not have passed it yet."""
    level, by = requests.number(params, "triggerPrice"), requests.text(params, "triggerBy")
    if level is None and not by:
        return None, None
    if order.status != "Untriggered":
        raise parameter("params error: triggerPrice is for untriggered orders")
    by = requests.choice(params, "triggerBy", requests.TRIGGERS, order.trigger_by)
    after = replace(order, trigger_by=by)
    wanted = order.trigger_price if level is None else level
    rules, quote = core.instruments[order.symbol], core.quotes[order.symbol]
    placing.check_trigger(after, wanted or ZERO, quote, rules)
    return level, by


def _check_exits(core: Core, order: Order, change: Amendment) -> None:
    """What the amended order carries must lie on the right sides of its new price."""
    if order.is_exit or not (change.exits or change.price or change.level):
        return
    base = change.price or order.price or change.level or order.trigger_price
    rules, quote = core.instruments[order.symbol], core.quotes[order.symbol]
    requests.check_levels(order.side, change.exits or order.exits, quote, rules, base)


def _amended_qty(account: Account, order: Order, qty: Decimal) -> Decimal:
    if qty <= order.filled:
        raise ApiError(110064, "The modified order quantity must exceed what is filled")
    if order.reduce_only and order.status != "Untriggered":
        position = account.position(order.symbol, order.position_idx)
        qty = min(qty, order.filled + reducing.room(account, position, besides=order))
        if qty <= order.filled:
            raise ApiError(110017, "orderQty will be truncated to zero.")
    return qty


def _amended_exits(account: Account, order: Order, params: Params) -> Exits | None:
    """A zero takes a level away, absence leaves it."""
    take, stop = requests.number(params, "takeProfit"), requests.number(params, "stopLoss")
    if take is None and stop is None:
        return None
    if order.reduce_only:
        raise parameter("TP/SL orders cannot be reduce-only")
    old = order.exits
    _check_watched(params, "tpTriggerBy", take, old.take_profit)
    _check_watched(params, "slTriggerBy", stop, old.stop_loss)
    mode = requests.choice(params, "tpslMode", {"Full", "Partial"}, old.mode)
    triggers = requests.TRIGGERS
    wanted = Exits(
        take_profit=old.take_profit if take is None else (take or None),
        stop_loss=old.stop_loss if stop is None else (stop or None),
        mode=mode,
        tp_trigger_by=requests.choice(params, "tpTriggerBy", triggers, old.tp_trigger_by),
        sl_trigger_by=requests.choice(params, "slTriggerBy", triggers, old.sl_trigger_by),
        tp_limit=requests.number(params, "tpLimitPrice") or old.tp_limit,
        sl_limit=requests.number(params, "slLimitPrice") or old.sl_limit,
    )
    if mode == "Full" and (wanted.tp_limit or wanted.sl_limit):
        raise parameter("params error: Full mode exits are market orders")
    if mode == "Partial":
        more = wanted.count - (old.count if old.mode == "Partial" else 0)
        exits.check_room(account, order.symbol, order.position_idx, more)
    return wanted


def _check_watched(params: Params, by: str, new: Decimal | None, old: Decimal | None) -> None:
    """A level that an order is given for the first time needs the price that it watches."""
    if new and old is None and not requests.text(params, by):
        raise parameter(f"params error: {by} is required")


def _check_amended(core: Core, account: Account, order: Order, change: Amendment) -> None:
    """The amended order must be worth enough, and its margin covered beside what it holds."""
    after = replace(order, qty=change.qty or order.qty, price=change.price or order.price)
    rules, quotes = core.instruments[order.symbol], core.quotes
    placing.check_notional(core, after, rules)
    more = account.order_margin(after, rules, quotes) - account.order_margin(order, rules, quotes)
    if more > 0 and more > account.figures(core.instruments, quotes)["available"]:
        raise ApiError(110007, "ab not enough for new order")


def cancel(core: Core, account: Account, params: Params) -> Order:
    order = _live(core, account, params, "cancel")
    _end(core, account, order)
    return order


def _end(core: Core, account: Account, order: Order) -> None:
    status = "Deactivated" if order.status == "Untriggered" else "Cancelled"
    core.end(account, order, status, "CancelByUser")


def _live(core: Core, account: Account, params: Params, verb: str) -> Order:
    """The open order that a request names; an order id wins over a link id."""
    rules = placing.instrument_of(core, params)
    found = queries.named(account, params)
    if found is None:
        raise parameter("params error: orderId or orderLinkId is required")
    if not found or not found[0].is_open or found[0].symbol != rules.symbol:
        raise ApiError(110001, ORDER_GONE + verb)
    return found[0]


def cancel_all(core: Core, account: Account, params: Params) -> list[Order]:
    """At most 500 at once; without a filter it takes the exits of positions away too."""
    wanted = queries.scope(params, needed=True)
    filters = {"Order", "StopOrder", "OpenOrder", ""}
    kind = requests.choice(params, "orderFilter", filters)
    spares_exits = requests.text(params, "stopOrderType") == "Stop"
    chosen = [
        order
        for order in account.active.values()
        if wanted(order)
        and (kind not in {"Order", "StopOrder"} or order.is_conditional == (kind == "StopOrder"))
        and not (spares_exits and order.is_exit)
    ]
    for order in chosen[: placing.MOST_ACTIVE]:
        _end(core, account, order)
    return chosen[: placing.MOST_ACTIVE]


def pre_check(core: Core, account: Account, params: Params) -> Answer:
    """Margin rates before and after an order, in ten-thousandths; nothing is placed."""
    if account.is_isolated:
        raise parameter("pre-check is not for isolated margin")
    order = placing.build(core, account, params)
    if order.status == "Untriggered":
        raise parameter("pre-check is not for conditional orders")
    placing.check_notional(core, order, core.instruments[order.symbol])
    placing.check_margin(core, account, order)
    rules, quote = core.instruments[order.symbol], core.quotes[order.symbol]
    figures = account.figures(core.instruments, core.quotes)
    equity = figures["equity"] or Decimal(1)
    initial = figures["position_im"] + figures["order_im"]
    more = account.order_margin(order, rules, core.quotes)
    price = order.price or quote.mark
    opened = 0 if order.reduce_only else order.qty * price * rules.maintenance_rate
    return {
        "orderId": "",
        "orderLinkId": order.link_id,
        "preImrE4": int(initial / equity * 10_000),
        "preMmrE4": int(figures["maintenance"] / equity * 10_000),
        "postImrE4": int((initial + more) / equity * 10_000),
        "postMmrE4": int((figures["maintenance"] + opened) / equity * 10_000),
    }
