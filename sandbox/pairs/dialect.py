"""What the three markets have in common: accounts, questions and the words of their orders."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from sandbox.pairs.book import Book, Order, Problem, Rules
from sandbox.pairs.signing import Codes, Key, Refusal
from sandbox.pairs.weights import Weights

Params = dict[str, str]
FOREVER = 1 << 62
Answer = Callable[["Market", Key, Book, Params], Any]


@dataclass(frozen=True, slots=True)
class Route:
    """A private endpoint: what it may be told, and what it needs to be."""

    answer: Answer
    needs: frozenset[str] = frozenset()
    knows: frozenset[str] = frozenset()


@dataclass(slots=True)
class Market:
    """One running stand-in; every key has an account of its own."""

    name: str
    header: str
    codes: Codes
    problems: Mapping[str, tuple[str, str]]  # of ours: the exchange's code and words
    private: Mapping[tuple[str, str], Route]
    public: Mapping[str, Callable[[Market], Any]]
    unread: str  # the code for a parameter that nobody knows
    rights: Mapping[str, bool] = field(default_factory=dict)  # of a key that may trade
    leverage: Decimal | None = None
    fee: Decimal = Decimal(0)  # a share of what is traded
    weights: Weights | None = None
    fee_in_coins: bool = False  # a purchase's
    rules: Rules = field(default_factory=Rules)
    keys: dict[str, Key] = field(default_factory=dict)
    books: dict[str, Book] = field(default_factory=dict)
    offset_ms: int = 0
    last: Decimal = Decimal(60_000)
    ids: itertools.count[int] = field(default_factory=lambda: itertools.count(5001))

    def clock(self) -> int:
        return int(time.time() * 1000) + self.offset_ms

    def open_account(self, rights: Mapping[str, bool] | None) -> Key:
        number = len(self.keys) + 1
        key = Key(
            f"{self.name}-key-{number}",
            f"{self.name}-secret-{number}",
            dict(self.rights if rights is None else rights),
        )
        self.keys[key.api_key] = key
        self.books[key.api_key] = Book(
            self.leverage,
            last=self.last,
            fee=self.fee,
            fee_in_coins=self.fee_in_coins,
            rules=self.rules,
            ids=self.ids,
            clock=self.clock,
        )
        return key

    def move(self, price: Decimal) -> None:
        self.last = price
        for book in self.books.values():
            book.move(price)

    def ask(self, verb: str, path: str, key: Key, params: Params) -> Any:
        """Answer a signed question; raises `Refusal`."""
        route = self.private[verb, path]
        for name in sorted(route.needs):
            if not params.get(name):
                raise Refusal(
                    self.codes.missing, f"Mandatory parameter '{name}' was not sent, was empty."
                )
        if strangers := params.keys() - route.needs - route.knows:
            raise Refusal(self.unread, f"Not all sent parameters were read: {sorted(strangers)}.")
        try:
            return route.answer(self, key, self.books[key.api_key], params)
        except Problem as problem:
            raise Refusal(*self.problems[problem.kind]) from None

    def new_order(self, params: Params, client_id: str, **more: Any) -> Order:
        return Order(
            id=next(self.ids),
            client_id=client_id,
            side=params["side"],
            quantity=self.number(params["quantity"]),
            at=self.clock(),
            price=self.number(params["price"]) if "price" in params else None,
            **more,
        )

    def number(self, text: str) -> Decimal:
        try:
            return Decimal(text)
        except InvalidOperation:
            raise Refusal(self.codes.missing, "Illegal characters found in a parameter.") from None


def shown(rows: Iterable[tuple[int, Any]], params: Params, most: int) -> list[Any]:
    """The newest of the rows of a time: so many as are asked for, or as the exchange shows."""
    start, end = int(params.get("startTime", 0)), int(params.get("endTime", FOREVER))
    found = [row for at, row in rows if start <= at <= end]
    return found[-min(int(params.get("limit", most)), most) :]


def plain(value: Decimal) -> str:
    return format(value, "f")
