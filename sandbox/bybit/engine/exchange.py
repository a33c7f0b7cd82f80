"""The endpoints: Bybit's parameters in, Bybit's results out, `ApiError` for a refusal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from sandbox.bybit.engine import exits, placing, queries, requests
from sandbox.bybit.engine.account import Account
from sandbox.bybit.engine.booking import Print
from sandbox.bybit.engine.core import Core
from sandbox.bybit.engine.errors import ApiError
from sandbox.bybit.engine.instrument import Instrument, Quote, money, plain
from sandbox.bybit.engine.records import ZERO, Execution, Exits, Order, Position
from sandbox.bybit.engine.requests import Params, parameter

Answer = dict[str, Any]
MOST_IN_BATCH = 20
ORDER_GONE = "order not exists or too late to "
Batch = tuple[Answer, Answer]


class Exchange(Core):
    """See `Core` for how the market moves; here is what accounts can ask for."""

    # --- accounts ----------------------------------------------------------------------------

    def create_account(
        self,
        uid: str,
        *,
        balance: Decimal,
        hedge: bool = False,
        margin_mode: str = "REGULAR_MARGIN",
        unified_margin_status: int = 5,
        leverage: Mapping[str, Decimal] | None = None,
        default_leverage: Decimal = Decimal(10),
    ) -> Account:
        account = Account(
            uid=uid,
            balance=balance,
            hedge=hedge,
            margin_mode=margin_mode,
            unified_status=unified_margin_status,
            default_leverage=default_leverage,
            started_with=balance,
            leverage=dict(leverage or {}),
        )
        self.accounts[uid] = account
        return account

    def quote(self, symbol: str) -> Quote:
        return self.quotes[symbol]

    def set_balance(self, uid: str, balance: Decimal) -> None:
        account = self.accounts[uid]
        account.started_with += balance - account.balance
        account.balance = balance

    # --- orders ------------------------------------------------------------------------------

    def create_order(self, uid: str, params: Params) -> Answer:
        account = self.accounts[uid]
        order = placing.build(self, account, params)
        rules = self.instruments[order.symbol]
        placing.check_notional(self, order, rules)
        if order.status != "Untriggered":
            placing.check_margin(self, account, order)
        order.order_id = self.new_id()
        placing.submit(self, account, order)
        return {"orderId": order.order_id, "orderLinkId": order.link_id}

    def amend_order(self, uid: str, params: Params) -> Answer:
        account, order = self._open(uid, params, "replace")
        rules = self.instruments[order.symbol]
        qty, price = requests.number(params, "qty"), requests.number(params, "price")
        level = requests.number(params, "triggerPrice")
        if qty is not None:
            placing.check_quantity(qty, order, rules)
            if qty <= order.filled:
                raise ApiError(110064, "The modified order quantity must exceed what is filled")
        if price is not None:
            requests.check_tick(price, rules)
            price = placing.banded(price, order.side, rules, self)
        wanted = self._amended_exits(order, params, price)
        if qty is None and price is None and level is None and wanted is None:
            raise ApiError(10001, "params error: nothing to amend")
        before = order.qty, order.price
        order.qty, order.price = qty or order.qty, price or order.price
        try:
            if order.status != "Untriggered" and not order.reduce_only:
                self._check_amended_margin(account, order, before)
        except ApiError:
            order.qty, order.price = before
            raise
        if wanted is not None:
            order.exits = wanted
        if level:
            order.trigger_price = level
        order.updated = self.clock()
        self.push(account, "order", order.wire())
        if order.status != "Untriggered":
            self.match(account, order, is_maker=False)
        return {"orderId": order.order_id, "orderLinkId": order.link_id}

    def _check_amended_margin(
        self, account: Account, order: Order, before: tuple[Decimal, Decimal | None]
    ) -> None:
        rules = self.instruments[order.symbol]
        after = account.order_margin(order, rules, self.quotes)
        new = order.qty, order.price
        order.qty, order.price = before
        held = account.order_margin(order, rules, self.quotes)
        available = account.figures(self.instruments, self.quotes)["available"]
        order.qty, order.price = new
        if after - held > available:
            raise ApiError(110007, "ab not enough for new order")

    def _amended_exits(self, order: Order, params: Params, price: Decimal | None) -> Exits | None:
        """A zero takes a level away, absence leaves it."""
        take, stop = requests.number(params, "takeProfit"), requests.number(params, "stopLoss")
        if take is None and stop is None:
            return None
        if order.reduce_only:
            raise parameter("TP/SL orders cannot be reduce-only")
        old = order.exits
        wanted = Exits(
            take_profit=old.take_profit if take is None else (take or None),
            stop_loss=old.stop_loss if stop is None else (stop or None),
            mode=requests.text(params, "tpslMode") or old.mode,
            tp_trigger_by=requests.text(params, "tpTriggerBy") or old.tp_trigger_by,
            sl_trigger_by=requests.text(params, "slTriggerBy") or old.sl_trigger_by,
            tp_limit=requests.number(params, "tpLimitPrice") or old.tp_limit,
            sl_limit=requests.number(params, "slLimitPrice") or old.sl_limit,
        )
        base = price or order.price or self.quotes[order.symbol].last
        requests.check_levels(order.side, wanted, base, self.instruments[order.symbol])
        return wanted

    def cancel_order(self, uid: str, params: Params) -> Answer:
        account, order = self._open(uid, params, "cancel")
        status = "Deactivated" if order.status == "Untriggered" else "Cancelled"
        self.end(account, order, status, "CancelByUser")
        return {"orderId": order.order_id, "orderLinkId": order.link_id}

    def _open(self, uid: str, params: Params, verb: str) -> tuple[Account, Order]:
        rules, account = placing.instrument_of(self, params), self.accounts[uid]
        found = queries.named(account, params)
        if found is None:
            raise parameter("params error: orderId or orderLinkId is required")
        gone = not found or not found[0].is_open or found[0].symbol != rules.symbol
        if gone:
            raise ApiError(110001, ORDER_GONE + verb)
        return account, found[0]

    def cancel_all(self, uid: str, params: Params) -> Answer:
        account = self.accounts[uid]
        wanted = queries.scope(params, needed=True)
        kind, stop_kind = requests.text(params, "orderFilter"), params.get("stopOrderType")
        rows = []
        for order in list(account.active.values()):
            conditional = bool(order.stop_order_type)
            skip = kind in {"Order", "StopOrder"} and conditional != (kind == "StopOrder")
            if skip or not wanted(order) or (stop_kind == "Stop" and order.is_exit):
                continue
            status = "Deactivated" if order.status == "Untriggered" else "Cancelled"
            self.end(account, order, status, "CancelByUser")
            rows.append({"orderId": order.order_id, "orderLinkId": order.link_id})
            if len(rows) == placing.MOST_ACTIVE:
                break
        return {"list": rows, "success": "1"}

    def create_batch(self, uid: str, params: Params) -> Batch:
        return self._batch(uid, params, self.create_order)

    def amend_batch(self, uid: str, params: Params) -> Batch:
        return self._batch(uid, params, self.amend_order)

    def cancel_batch(self, uid: str, params: Params) -> Batch:
        return self._batch(uid, params, self.cancel_order)

    def _batch(self, uid: str, params: Params, call: Callable[[str, Params], Answer]) -> Batch:
        """Each item stands for itself: the envelope says 0 even when all of them failed."""
        requests.category(params)
        items = params.get("request")
        if not isinstance(items, list) or not 1 <= len(items) <= MOST_IN_BATCH:
            raise parameter("params error: request must hold 1 to 20 orders")
        rows: list[Answer] = []
        errors: list[Answer] = []
        for item in items:
            row = {
                "category": "linear",
                "symbol": str(item.get("symbol", "")),
                "orderId": "",
                "orderLinkId": str(item.get("orderLinkId") or ""),
                "createAt": "",
            }
            try:
                row |= call(uid, {**item, "category": "linear"}) | {"createAt": str(self.clock())}
                errors.append({"code": 0, "msg": "OK"})
            except ApiError as error:
                errors.append({"code": error.code, "msg": error.message})
            rows.append(row)
        return {"list": rows}, {"list": errors}

    def pre_check(self, uid: str, params: Params) -> Answer:
        account = self.accounts[uid]
        if account.margin_mode == "ISOLATED_MARGIN":
            raise parameter("pre-check is not for isolated margin")
        order = placing.build(self, account, params)
        placing.check_margin(self, account, order)
        figures = account.figures(self.instruments, self.quotes)
        equity = figures["equity"] or Decimal(1)
        before = (figures["position_im"] + figures["order_im"]) / equity
        more = account.order_margin(order, self.instruments[order.symbol], self.quotes) / equity
        maintenance = int(figures["maintenance"] / equity * 10_000)
        return {
            "orderId": "",
            "orderLinkId": order.link_id,
            "preImrE4": int(before * 10_000),
            "preMmrE4": maintenance,
            "postImrE4": int((before + more) * 10_000),
            "postMmrE4": maintenance,
        }

    # --- positions ---------------------------------------------------------------------------

    def set_leverage(self, uid: str, params: Params) -> Answer:
        rules, account = placing.instrument_of(self, params), self.accounts[uid]
        buy = requests.number(params, "buyLeverage", required=True) or ZERO
        sell = requests.number(params, "sellLeverage", required=True) or ZERO
        if account.margin_mode == "PORTFOLIO_MARGIN":
            raise ApiError(110038, "Not allowed to change leverage in portfolio margin")
        if buy != sell:
            raise parameter("buyLeverage and sellLeverage must be equal")
        if buy < rules.min_leverage or buy % rules.leverage_step:
            raise parameter("leverage invalid")
        if buy > rules.max_leverage:
            raise ApiError(110013, "cannot set leverage due to risk limit level")
        before = account.leverage_of(rules.symbol)
        if before == buy:
            raise ApiError(110043, "leverage not modified")
        account.leverage[rules.symbol] = buy
        figures = account.figures(self.instruments, self.quotes)
        if figures["position_im"] + figures["order_im"] > figures["equity"]:
            account.leverage[rules.symbol] = before
            raise ApiError(110044, "available margin is insufficient")
        return {}

    def switch_mode(self, uid: str, params: Params) -> Answer:
        requests.category(params)
        account = self.accounts[uid]
        mode = requests.strict_integer(params, "mode", -1)
        if mode not in {0, 3}:
            raise parameter("params error: mode invalid")
        symbol, coin = requests.text(params, "symbol"), requests.text(params, "coin")
        if not symbol and not coin:
            raise parameter("params error: symbol or coin is required")
        if symbol and symbol not in self.instruments:
            raise parameter("Not supported symbols")
        symbols = [symbol] if symbol else list(self.instruments)
        busy = {p.symbol for p in account.open_positions()}
        ordered = {order.symbol for order in account.active.values()}
        hedge = mode == 3
        if symbol:
            self._check_switch(account, symbol, busy, ordered, hedge=hedge)
        for name in symbols:
            if name not in busy and name not in ordered:
                account.hedge_by_symbol[name] = hedge
        return {}

    def _check_switch(
        self, account: Account, symbol: str, busy: set[str], ordered: set[str], *, hedge: bool
    ) -> None:
        if account.is_hedge(symbol) == hedge:
            raise ApiError(110025, "Position mode is not modified")
        if symbol in busy:
            raise ApiError(110024, "You have an existing position, so cannot switch mode")
        if symbol in ordered:
            raise ApiError(110028, "You have an open order, so cannot switch mode")

    def trading_stop(self, uid: str, params: Params) -> Answer:
        rules, account = placing.instrument_of(self, params), self.accounts[uid]
        if "positionIdx" not in params:
            raise parameter("params error: positionIdx is required")
        idx = requests.strict_integer(params, "positionIdx", 0)
        if (idx == 0) == account.is_hedge(rules.symbol):
            raise parameter("position idx not match position mode")
        mode = requests.choice(params, "tpslMode", {"Full", "Partial"})
        position = account.position(rules.symbol, idx)
        if not position.size:
            raise parameter("can not set tp/sl/ts for zero position")
        wanted = requests.exits(params)
        last = self.quotes[rules.symbol].last
        requests.check_levels(position.side, wanted, last, rules)
        if mode == "Partial":
            self._partial_stop(account, position, params, wanted)
        else:
            self._full_stop(account, position, params, wanted)
        self.push_position(account, position)
        return {}

    def _partial_stop(
        self, account: Account, position: Position, params: Params, wanted: Exits
    ) -> None:
        sizes = {
            size
            for name in ("tpSize", "slSize")
            if (size := requests.number(params, name)) is not None
        }
        if len(sizes) != 1 or not wanted.any:
            raise parameter("tpSize and slSize must be equal")
        size = sizes.pop()
        rules = self.instruments[position.symbol]
        if not 0 < size <= position.size or size % rules.step:
            raise parameter("tpSize or slSize invalid")
        exits.add_partial(self, account, position, wanted, size)

    def _full_stop(
        self, account: Account, position: Position, params: Params, wanted: Exits
    ) -> None:
        changed = False
        for name, kind in (("takeProfit", "take_profit"), ("stopLoss", "stop_loss")):
            given = requests.number(params, name)
            there: Order | None = getattr(position, kind)
            now = there.trigger_price if there is not None else None
            if given is None or (given or None) == now:
                continue
            changed = True
            if given == 0:
                exits.clear_one(self, account, there)
                setattr(position, kind, None)
        if changed:
            exits.set_full(self, account, position, wanted)
        changed |= self._trailing(account, position, params)
        if not changed:
            raise ApiError(34040, "not modified")

    def _trailing(self, account: Account, position: Position, params: Params) -> bool:
        distance = requests.number(params, "trailingStop")
        if distance is None:
            return False
        if distance == 0:
            if position.trailing is None:
                return False
            exits.clear_one(self, account, position.trailing)
            position.trailing = position.trailing_distance = None
            return True
        active = requests.number(params, "activePrice") or None
        if (distance, active) == (position.trailing_distance, position.trailing_active):
            return False
        exits.set_trailing(self, account, position, distance, active)
        return True

    # --- queries -----------------------------------------------------------------------------

    def open_orders(self, uid: str, params: Params) -> Answer:
        return queries.open_orders(self.accounts[uid], params)

    def order_history(self, uid: str, params: Params) -> Answer:
        return queries.order_history(self, self.accounts[uid], params)

    def executions(self, uid: str, params: Params) -> Answer:
        return queries.executions(self, self.accounts[uid], params)

    def closed_pnl(self, uid: str, params: Params) -> Answer:
        return queries.closed_pnl(self, self.accounts[uid], params)

    def positions(self, uid: str, params: Params) -> Answer:
        return queries.positions(self, self.accounts[uid], params)

    def symbol_info(self, uid: str, params: Params) -> Answer:
        return queries.symbol_info(self, self.accounts[uid], params)

    def wallet_balance(self, uid: str, params: Params) -> Answer:
        if params.get("accountType") != "UNIFIED":
            raise parameter("accountType only support UNIFIED.")
        account = self.accounts[uid]
        wallet = account.wallet_wire(self.instruments, self.quotes)
        coins = requests.text(params, "coin")
        if coins:
            wallet["coin"] = [c for c in wallet["coin"] if c["coin"] in coins.split(",")]
        return {"list": [wallet]}

    def account_info(self, uid: str, params: Params) -> Answer:
        account = self.accounts[uid]
        return {
            "unifiedMarginStatus": account.unified_status,
            "marginMode": account.margin_mode,
            "isMasterTrader": False,
            "spotHedgingStatus": "OFF",
            "updatedTime": str(account.updated or self.clock()),
            "dcpStatus": "OFF",
            "timeWindow": 0,
            "smpGroup": 0,
        }

    def fee_rate(self, uid: str, params: Params) -> Answer:
        requests.category(params)
        symbol = requests.text(params, "symbol")
        rows = [
            {
                "symbol": rules.symbol,
                "baseCoin": "",
                "takerFeeRate": plain(rules.taker_fee),
                "makerFeeRate": plain(rules.maker_fee),
            }
            for rules in self.instruments.values()
            if not symbol or rules.symbol == symbol
        ]
        return {"category": "linear", "list": rows}

    # --- what happens to an account from outside the API -------------------------------------

    def wipe_closed_cache(self) -> None:
        """A restart of the exchange's service forgets the live cache of ended orders."""
        for account in self.accounts.values():
            account.recent.clear()

    def user_close(self, uid: str, symbol: str) -> None:
        """The user closes a position in the exchange's app."""
        account = self.accounts[uid]
        for position in account.open_positions():
            if position.symbol == symbol:
                order = self.exit_order(account, position, "CreateByClosing")
                placing.submit(self, account, order)

    def charge_funding(self, symbol: str, rate: Decimal) -> None:
        """Longs pay shorts at a positive rate, on the value at the mark price."""
        quote = self.quotes[symbol]
        for account in self.accounts.values():
            for position in account.open_positions():
                if position.symbol == symbol:
                    self._fund(account, position, quote, rate)

    def _fund(self, account: Account, position: Position, quote: Quote, rate: Decimal) -> None:
        fee = money(position.size * quote.mark * rate * position.sign)
        account.balance -= fee
        account.funding -= fee
        match = Print(
            qty=position.size,
            price=quote.mark,
            is_maker=False,
            mark=quote.mark,
            time=self.clock(),
            seq=next(self._seq),
            exec_id=self.new_id(),
            exec_type="Funding",
        )
        account.executions.append(
            Execution(
                exec_id=match.exec_id,
                uid=account.uid,
                order_id=self.new_id(),
                link_id="",
                symbol=position.symbol,
                side=position.side,
                order_type="UNKNOWN",
                stop_order_type="UNKNOWN",
                create_type="",
                order_price=ZERO,
                order_qty=ZERO,
                leaves=ZERO,
                price=match.price,
                qty=match.qty,
                fee=fee,
                fee_rate=rate,
                is_maker=False,
                exec_type="Funding",
                closed=ZERO,
                mark=match.mark,
                time=match.time,
                seq=match.seq,
            )
        )

    def set_instrument(self, rules: Instrument) -> None:
        self.instruments[rules.symbol] = rules

    def dump(self, uid: str | None = None) -> Answer:
        """The whole ledger, the independent witness of what really happened."""
        chosen = [self.accounts[uid]] if uid else list(self.accounts.values())
        return {"accounts": {account.uid: self._ledger(account) for account in chosen}}

    def _ledger(self, account: Account) -> Answer:
        return {
            "started_with": plain(account.started_with),
            "balance": plain(account.balance),
            "funding": plain(account.funding),
            "wallet": account.wallet_wire(self.instruments, self.quotes),
            "orders": [order.wire() for order in account.orders.values()],
            "executions": [execution.wire() for execution in account.executions],
            "positions": [
                account.position_wire(p, self.instruments[p.symbol], self.quotes[p.symbol])
                for p in account.positions.values()
                if p.size
            ],
            "closed_pnl": [row.wire() for row in account.closed.values()],
        }
