"""Lists that an exchange tells page by page: read to their end, or not at all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from exchanges.adapters.ccxt.answers import at
from exchanges.adapters.ccxt.venue import Ask, Json, Next, Params, Query, Request
from exchanges.domain.errors import Unavailable

MOST_PAGES = 100
Row = dict[str, Any]


def rows_of(ask: Ask, query: Query) -> list[Row]:
    """Every row of a list; raises `Unavailable` for one whose end is not reached.

    A row that stands in two pages comes twice.
    """
    found: list[Row] = []
    asked: list[Params] = []
    pending = [dict(query.params)]
    while pending:
        words = pending.pop(0)
        if words in asked or len(asked) == MOST_PAGES:
            raise Unavailable("a list without an end")
        asked.append(words)
        answer = ask(Request(query.endpoint, dict(words)))
        page = at(answer, query.endpoint.proof)
        found += page
        pending += [_changed(words, change) for change in query.next(answer, page, words)]
    return found


def _changed(words: Params, change: Params) -> Params:
    return {name: value for name, value in (words | change).items() if value is not None}


def halved(start: str, end: str, most: int, *, includes_start: bool = True) -> Next:
    """A full page is asked for again in two halves of its time, in ms; its end is included.

    So it does not matter which of the rows an exchange shows when there are too many.
    """
    step = 1 if includes_start else 0

    def following(_answer: Json, rows: list[Row], words: Params) -> Sequence[Params]:
        if len(rows) < most:
            return ()
        first, last = words[start], words[end]
        if last - first < 2 - step:
            raise Unavailable("more in a moment than the exchange shows")
        middle = (first + last) // 2
        return {end: middle}, {start: middle + step}

    return following


def after(name: str, most: int, last: Callable[[Row], Any], **dropped: None) -> Next:
    """A full page is followed by what comes behind its last row, whose place goes under `name`.

    `dropped`: words that must not stand beside it.
    """

    def following(_answer: Json, rows: list[Row], _words: Params) -> Sequence[Params]:
        return ({name: last(rows[-1])} | dropped,) if len(rows) >= most else ()

    return following


def offset(name: str, most: int) -> Next:
    """A full page is followed by what comes after as many rows as were shown."""

    def following(_answer: Json, rows: list[Row], words: Params) -> Sequence[Params]:
        return ({name: int(words.get(name, 0)) + len(rows)},) if len(rows) >= most else ()

    return following


def cursor(name: str, path: str, most: int = 1) -> Next:
    """The answer says at `path` by what its next page is asked for; nothing there: it was all.

    `most`: rows of a page, where a last one says so too.
    """

    def following(answer: Json, rows: list[Row], _words: Params) -> Sequence[Params]:
        said = at(answer, path)
        return ({name: said},) if len(rows) >= most and said not in {None, "", "0", 0} else ()

    return following


def numbered(name: str, most: int) -> Next:
    """Pages have numbers, the first is 1; a full one may have another behind it."""

    def following(_answer: Json, rows: list[Row], words: Params) -> Sequence[Params]:
        return ({name: int(words.get(name, 1)) + 1},) if len(rows) >= most else ()

    return following


def cut_at(most: int) -> Next:
    """The exchange shows so many rows at most, and no way to those behind them."""

    def following(_answer: Json, rows: list[Row], _words: Params) -> Sequence[Params]:
        if len(rows) >= most:
            raise Unavailable("a list that may have been cut")
        return ()

    return following
