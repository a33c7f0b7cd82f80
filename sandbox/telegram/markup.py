"""Telegram's HTML: what it takes, what it refuses, and the text that a reader sees.

Rules: https://core.telegram.org/bots/api#html-style. Unlike a browser it refuses every `<` that
does not begin a tag that it knows, so that a value that was not escaped is found out.
"""

from __future__ import annotations

import re

from sandbox.telegram.errors import BotError

TAGS = {
    *("b", "strong", "i", "em", "u", "ins", "s", "strike", "del", "code", "pre", "a"),
    *("tg-spoiler", "blockquote", "span", "tg-emoji"),
}
TAG = re.compile(r"<(?P<close>/?)(?P<name>[^\s>/]*)(?P<attributes>[^>]*)>")
ENTITY = re.compile(r"&(?:#(?P<decimal>\d+)|#x(?P<hex>[0-9a-fA-F]+)|(?P<name>lt|gt|amp|quot));")
NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}  # no other entity has a name


def visible_text(text: str, parse_mode: str) -> str:
    """The text without its markup; raises on what Telegram would refuse."""
    if parse_mode.upper() != "HTML":
        return text
    shown, is_open, place = "", list[str](), 0
    while (start := text.find("<", place)) >= 0:
        shown += _decoded(text[place:start])
        match = TAG.match(text, start)
        if match is None:
            raise _refusal(f"Unclosed start tag at byte offset {_bytes(text[:start])}")
        _nest(match, is_open, _bytes(text[:start]))
        place = match.end()
    if is_open:
        raise _refusal(f'Can\'t find end tag corresponding to start tag "{is_open[-1]}"')
    return shown + _decoded(text[place:])


def length(text: str) -> int:
    """In UTF-16 units, as Telegram counts."""
    return len(text.encode("utf-16-le")) // 2


def _nest(match: re.Match[str], is_open: list[str], offset: int) -> None:
    name = match["name"].lower()
    if not match["close"]:
        if name not in TAGS:
            raise _refusal(f'Unsupported start tag "{name}" at byte offset {offset}')
        if name == "span" and 'class="tg-spoiler"' not in match["attributes"]:
            raise _refusal(f'Tag "span" must have class "tg-spoiler" at byte offset {offset}')
        is_open.append(name)
        return
    if not is_open:
        raise _refusal(f"Unexpected end tag at byte offset {offset}")
    expected = is_open.pop()
    if name not in {"", expected}:
        found = f'expected "</{expected}>", found "</{name}>"'
        raise _refusal(f"Unmatched end tag at byte offset {offset}, {found}")


def _decoded(text: str) -> str:
    return ENTITY.sub(_character, text)


def _character(match: re.Match[str]) -> str:
    if match["name"]:
        return NAMED[match["name"]]
    code = int(match["decimal"]) if match["decimal"] else int(match["hex"], 16)
    return chr(code) if 0 < code < 0x110000 else match[0]


def _bytes(text: str) -> int:
    return len(text.encode())


def _refusal(why: str) -> BotError:
    return BotError(400, f"Bad Request: can't parse entities: {why}")
