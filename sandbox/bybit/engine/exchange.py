"""The endpoints: Bybit's parameters in, Bybit's results out, `ApiError` for a refusal."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from sandbox.bybit.engine import (
    batches,
    forced,
    funding,
    orders,
    queries,
    requests,
    settings,
    stops,
    trader,
)
from sandbox.bybit.engine.account import Account
from sandbox.bybit.engine.balances import position_wire, wallet_wire
from sandbox.bybit.engine.core import Core
from sandbox.bybit.engine.instrument import Instrument, Quote, plain
from sandbox.bybit.engine.records import Order
from sandbox.bybit.engine.requests import Params, parameter

Answer = dict[str, Any]
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
        self.push(account, account)

    def set_instrument(self, rules: Instrument) -> None:
        """Change a contract's rules, or list a new one; it trades once it has a price."""
        self.instruments[rules.symbol] = rules
        self._active.setdefault(rules.symbol, {})
        self._holders.setdefault(rules.symbol, set())

    def _asking(self, uid: str) -> Account:
        """The account that a request is for, with all that is due by now carried out."""
        self.advance(self.clock())
        return self.accounts[uid]

    # --- orders ------------------------------------------------------------------------------

    def create_order(self, uid: str, params: Params) -> Answer:
        return _ids(orders.create(self, self._asking(uid), params))

    def amend_order(self, uid: str, params: Params) -> Answer:
        return _ids(orders.amend(self, self._asking(uid), params))

    def cancel_order(self, uid: str, params: Params) -> Answer:
        return _ids(orders.cancel(self, self._asking(uid), params))

    def cancel_all(self, uid: str, params: Params) -> Answer:
        ended = orders.cancel_all(self, self._asking(uid), params)
        return {"list": [_ids(order) for order in ended], "success": "1"}

    def create_batch(self, uid: str, params: Params) -> Batch:
        return batches.run(self, self._asking(uid), params, orders.create)

    def amend_batch(self, uid: str, params: Params) -> Batch:
        return batches.run(self, self._asking(uid), params, batches.amend_plain)

    def cancel_batch(self, uid: str, params: Params) -> Batch:
        return batches.run(self, self._asking(uid), params, orders.cancel)

    def pre_check(self, uid: str, params: Params) -> Answer:
        return orders.pre_check(self, self._asking(uid), params)

    # --- positions ---------------------------------------------------------------------------

    def set_leverage(self, uid: str, params: Params) -> Answer:
        settings.set_leverage(self, self._asking(uid), params)
        return {}

    def switch_mode(self, uid: str, params: Params) -> Answer:
        settings.switch_mode(self, self._asking(uid), params)
        return {}

    def trading_stop(self, uid: str, params: Params) -> Answer:
        stops.set_stops(self, self._asking(uid), params)
        return {}

    # --- queries -----------------------------------------------------------------------------

    def open_orders(self, uid: str, params: Params) -> Answer:
        return queries.open_orders(self, self._asking(uid), params)

    def order_history(self, uid: str, params: Params) -> Answer:
        return queries.order_history(self, self._asking(uid), params)

    def executions(self, uid: str, params: Params) -> Answer:
        return queries.executions(self, self._asking(uid), params)

    def closed_pnl(self, uid: str, params: Params) -> Answer:
        return queries.closed_pnl(self, self._asking(uid), params)

    def positions(self, uid: str, params: Params) -> Answer:
        return queries.positions(self, self._asking(uid), params)

    def symbol_info(self, uid: str, params: Params) -> Answer:
        return queries.symbol_info(self, self._asking(uid), params)

    def wallet_balance(self, uid: str, params: Params) -> Answer:
        if params.get("accountType") != "UNIFIED":
            raise parameter("accountType only support UNIFIED.")
        wallet = wallet_wire(self._asking(uid), self.instruments, self.quotes)
        coins = requests.text(params, "coin")
        if coins:
            wallet["coin"] = [c for c in wallet["coin"] if c["coin"] in coins.split(",")]
        return {"list": [wallet]}

    def account_info(self, uid: str, params: Params) -> Answer:
        account = self._asking(uid)
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
        if symbol and symbol not in self.instruments:
            raise parameter("Not supported symbols")
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

    def hide(self, uid: str, order_id: str, ms: int) -> None:
        """Leave an order out of the lists for a while, as if they lagged behind the matching."""
        self.accounts[uid].unseen[order_id] = self.clock() + ms

    def wipe_closed_cache(self) -> None:
        """A restart of the exchange's service forgets the live cache of ended orders."""
        for account in self.accounts.values():
            account.recent.clear()

    def user_close(
        self,
        uid: str,
        symbol: str,
        side: str = "",
        *,
        qty: Decimal | None = None,
        price: Decimal | None = None,
    ) -> Answer:
        """The user closes a symbol's positions (or those of one side) in the exchange's app."""
        closing = trader.close(self, self._asking(uid), symbol, side, qty=qty, price=price)
        return {"list": [_ids(order) for order in closing]}

    def deleverage(
        self,
        uid: str,
        symbol: str,
        side: str = "",
        *,
        qty: Decimal | None = None,
        price: Decimal | None = None,
    ) -> None:
        """The exchange takes profitable positions away to cover a bankrupt one's loss."""
        account = self._asking(uid)
        found = trader.held(account, symbol, side)
        if not found:
            raise ValueError("there is no such position")
        for position in found:
            forced.deleverage(self, account, position, qty=qty, price=price)

    def delist(self, symbol: str, price: Decimal | None = None) -> None:
        """The contract's end; announced before by its `delivery_time`."""
        self.advance(self.clock())
        forced.delist(self, symbol, price=price)

    def charge_funding(self, symbol: str, rate: Decimal) -> None:
        funding.charge(self, symbol, rate)

    def dump(self, uid: str | None = None) -> Answer:
        """The whole ledger, the independent witness of what really happened."""
        self.advance(self.clock())
        chosen = [self.accounts[uid]] if uid else list(self.accounts.values())
        return {"accounts": {account.uid: self._ledger(account) for account in chosen}}

    def _ledger(self, account: Account) -> Answer:
        rules, quotes = self.instruments, self.quotes
        return {
            "started_with": plain(account.started_with),
            "balance": plain(account.balance),
            "funding": plain(account.funding),
            "wallet": wallet_wire(account, rules, quotes),
            "orders": [order.wire() for order in account.orders.values()],
            "executions": [execution.wire() for execution in account.executions],
            "positions": [
                position_wire(account, position, rules, quotes)
                for position in account.open_positions()
            ],
            "closed_pnl": [row.wire() for row in account.closed.values()],
        }


def _ids(order: Order) -> Answer:
    return {"orderId": order.order_id, "orderLinkId": order.link_id}
