"""An exchange with one contract and one account, for the engine's tests."""

from __future__ import annotations

from decimal import Decimal as D

import pytest

from sandbox.bybit.engine import ApiError, Exchange, Instrument, Quote
from sandbox.bybit.streams.shapes import rows

OPEN = {"New", "PartiallyFilled", "Untriggered"}
BTC = {"category": "linear", "symbol": "BTCUSDT"}


class Market:
    """An exchange with one contract and one account."""

    def __init__(self, balance="10000", **account):
        self.now = 1_700_000_000_000
        rules = Instrument(
            "BTCUSDT", "BTC", D("0.1"), D("0.001"), D("0.001"), D(1190), D(500), D(100)
        )
        self.exchange = Exchange([rules], clock=lambda: self.now)
        self.price("46000")
        self.exchange.create_account("1", balance=D(balance), **account)

    def price(self, last, size="1000000"):
        last = D(last)
        quote = Quote(last - D("0.1"), last, last, last, last, D(size), D(size))
        self.exchange.set_quote("BTCUSDT", quote)

    def listen(self):
        """What is told from now on: a growing list of topics and rows."""
        told = []
        self.exchange.listeners.append(
            lambda account, record: told.extend(rows(self.exchange, account, record))
        )
        return told

    def order(self, side="Buy", qty="0.1", price=None, **more):
        kind = {"orderType": "Limit", "price": price} if price else {"orderType": "Market"}
        return self.exchange.create_order("1", {**BTC, "side": side, "qty": qty, **kind, **more})

    def account(self):
        return self.exchange.dump("1")["accounts"]["1"]

    def find(self, **wanted):
        (found,) = [
            row
            for row in self.account()["orders"]
            if all(row[name] == value for name, value in wanted.items())
        ]
        return found

    def position(self):
        return self.exchange.positions("1", BTC)["list"][0]

    def refusal(self, **order):
        before = self.account()
        with pytest.raises(ApiError) as refused:
            self.order(**order)
        assert self.account() == before
        return refused.value.code

    def call(self, name, **params):
        return getattr(self.exchange, name)("1", {**BTC, **params})

    def refused(self, name, **params):
        """The code of a refusal, which must leave everything as it was."""
        before = self.account()
        with pytest.raises(ApiError) as refused:
            self.call(name, **params)
        assert self.account() == before
        return refused.value.code

    def stop(self, **params):
        return self.call("trading_stop", **{"tpslMode": "Full", "positionIdx": 0, **params})

    def open_orders(self):
        return [row for row in self.account()["orders"] if row["orderStatus"] in OPEN]

    def quote(self, last, **more):
        """A quote whose other prices stand where `last` is unless given."""
        last = D(last)
        prices = {"bid": last - D("0.1"), "ask": last, "mark": last, "index": last}
        prices |= {name: D(value) for name, value in more.items()}
        self.exchange.set_quote("BTCUSDT", Quote(last=last, **prices))
