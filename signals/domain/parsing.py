"""Reading a pasted signal text into the fields of the author's form.

A text never opens a trade: a person checks what it filled. So what the text does not say beyond
doubt stays empty and is named in `unresolved`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import Enum

from signals.domain.direction import Direction
from signals.domain.parsing_words import (
    COIN_NAMES,
    CONDITION,
    CONDITIONAL_STOP,
    CURRENCIES,
    DERIVATIVE,
    EMOJI_LABELS,
    FURTHER_ENTRY,
    GLUED,
    LABEL,
    LATER,
    LEVERAGE,
    LEVERAGE_RANGE,
    MARKET_PHRASE,
    MARKET_WORD,
    NOT_COINS,
    OPEN_END,
    REPORT,
    SIDE_TITLE,
    SPOT,
    SYMBOL_TITLE,
    UPDATE,
    ZONE,
)

MOST_CHARACTERS = 4000
MOST_DIGITS = 24
MOST_LEVERAGE = 200
WIDEST_RANGE = 2  # an entry range whose ends differ by more is a misreading
FARTHEST = 10  # so is a stop or a target this many times away from the entry
NEAR = Decimal("1.5")
LADDER = 3
ENOUGH = 3  # of symbol, side, entry, stop and targets
ALL_FIELDS = ("symbol", "side", "leverage", "entry", "stop", "targets")


@dataclass(frozen=True, slots=True)
class ParsedSignal:
    """What a text says for certain; `unresolved` names the form's fields that need a person."""

    symbol: str = ""  # as Bybit writes it
    direction: Direction | None = None
    leverage: Decimal | None = None
    entry_low: Decimal | None = None
    entry_high: Decimal | None = None
    is_market: bool = False  # the text says to enter now
    steps: int = 0  # how many entry prices stand in the text, when there are more than two
    stop: Decimal | None = None
    targets: tuple[Decimal, ...] = ()
    unresolved: tuple[str, ...] = ()

    @property
    def is_signal(self) -> bool:
        """False for chatter, a result, an update of an older signal, or a spot signal."""
        return self != ParsedSignal()


class Comma(Enum):
    """What a comma between digits means in one text."""

    THOUSANDS = 1
    DECIMAL = 2
    UNCLEAR = 3


@dataclass(frozen=True, slots=True)
class Section:
    """A label and the text up to the next one."""

    kind: str
    label: str
    start: int
    value: str


@dataclass(frozen=True, slots=True)
class Reading:
    """The prices of a section; doubtful when a number could not be read for certain."""

    prices: tuple[Decimal, ...] = ()
    is_doubtful: bool = False
    is_numbered: bool = False


def parse(text: str) -> ParsedSignal:
    """Read a signal text; whatever it is, this never raises."""
    whole = _readable(text)
    present = LATER.sub(" ", whole)
    sections = _sections(present)
    if _holds_several(present, sections):
        return ParsedSignal(unresolved=ALL_FIELDS)
    found = _judged(_fields(present, sections), _written_sides(present, sections))
    return found if _is_signal(whole, sections, found) else ParsedSignal()


# --- the text ---------------------------------------------------------------------------------

INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff*`]")
NUMBER_SIGN = re.compile("[0-9]\ufe0f?\u20e3|[\u2460-\u2473]")  # keycaps and circled numbers
LINK = re.compile(r"https?://\S+|www\.\S+|t\.me/\S+|@[A-Za-z_]\w*", re.IGNORECASE)
UNIFIED = str.maketrans(
    dict.fromkeys("‐‑‒–—―−", "-") | dict.fromkeys("∼〜→➡➔", "~") | {"٫": ".", "٬": ",", "’": "'"}
)


def _readable(text: str) -> str:
    """One way of writing digits, dashes and line ends; no links, no invisible signs."""
    text = NUMBER_SIGN.sub(" ", text[:MOST_CHARACTERS])
    text = unicodedata.normalize("NFKC", text)[:MOST_CHARACTERS]
    text = INVISIBLE.sub("", text).translate(UNIFIED)
    text = "".join(str(unicodedata.decimal(sign)) if sign.isdecimal() else sign for sign in text)
    text = re.sub(r"[^\S\n]+", " ", "\n".join(LINK.sub(" ", text).splitlines()))
    return GLUED.sub("\n", text)


def _sections(text: str) -> list[Section]:
    labels = list(LABEL.finditer(text))
    ends = [label.start() for label in labels[1:]] + [len(text)]
    return [
        Section(label.lastgroup or "", label.group(), label.start(), text[label.end() : end])
        for label, end in zip(labels, ends, strict=False)
    ]


# --- numbers ----------------------------------------------------------------------------------

PLAIN = re.compile(r"\d+(?:\.\d+)?|\.\d+")
THOUSANDS = re.compile(r"[1-9]\d{0,2}(?:(?:,\d{3}){2,}|,\d{3}(?=\.)|(?:['_ ]\d{3})+)(?:\.\d+)?")
CONTINENTAL = re.compile(r"[1-9]\d{0,2}(?:\.\d{3})+,\d+")
ONE_COMMA = re.compile(r"\d+,\d+")
THREE_AFTER_COMMA = re.compile(r"[1-9]\d{0,2},\d{3}")
COMMA_NUMBER = re.compile(r"(?<![\d.,])\d{1,24},\d{1,24}(?![\d.,]*\d)")
DOT_NUMBER = re.compile(r"\d\.\d")
CYRILLIC = re.compile("[\u0400-\u04ff]")


def _comma(text: str) -> Comma:
    """Tell a decimal comma from a thousands separator by the other numbers of the text."""
    numbers: list[str] = COMMA_NUMBER.findall(text)
    decimals = [number for number in numbers if not THREE_AFTER_COMMA.fullmatch(number)]
    if not decimals:
        # Russian texts write 1,234 for what English ones write as 1.234.
        return Comma.UNCLEAR if CYRILLIC.search(text) else Comma.THOUSANDS
    is_proven = len(decimals) > 1 or decimals[0].startswith("0,")
    return Comma.DECIMAL if is_proven and not DOT_NUMBER.search(text) else Comma.UNCLEAR


def _price(written: str, comma: Comma) -> Decimal | None:
    """The positive number that is written, or None when it could be another."""
    plain = ""
    if len(written) > MOST_DIGITS:
        return None
    if PLAIN.fullmatch(written):
        plain = written
    elif THOUSANDS.fullmatch(written):
        plain = re.sub("[,'_ ]", "", written)
    elif CONTINENTAL.fullmatch(written):
        plain = written.replace(".", "").replace(",", ".")
    elif ONE_COMMA.fullmatch(written):
        plain = _with_comma(written, comma)
    return Decimal(plain) if plain.strip("0.") else None


def _with_comma(written: str, comma: Comma) -> str:
    if written.startswith("0,") or comma is Comma.DECIMAL:
        return written.replace(",", ".")
    if comma is Comma.THOUSANDS and THREE_AFTER_COMMA.fullmatch(written):
        return written.replace(",", "")
    return ""


# --- the prices of a section --------------------------------------------------------------------

NUMBER = r"\d[\d.,'_]{0,24}"
TOKEN = re.compile(
    rf"""
    (?P<skip>
        (?:19|20)\d\d[-./]\d{{1,2}}[-./]\d{{1,2}}(?!\d)     # a date
      | \d{{1,2}}[./]\d{{1,2}}[./]20\d\d(?!\d)
      | \d{{1,2}}:\d\d(?::\d\d)?(?![\d.,]*\d)               # a time or a ratio
      | \#\d+
      | {NUMBER}\s?(?:%|pct\b|percent|퍼센트|퍼|процент|пункт)
      | \d+(?:[.,]\d+)?\s?(?:h|hrs?|hours?|mins?|minutes?|d|days?|w|weeks?|pips?|r)\b
      | \d+(?:st|nd|rd|th)\b | \d+\s?(?:차|시간|분봉|일봉|단계|개)
      | (?<![\w.]){LEVERAGE_RANGE.pattern}
      | (?<![\w.]){LEVERAGE.pattern}
    )
  | (?P<doubt>{NUMBER}-{NUMBER}\s?%)
  | (?P<index>(?:1?\d|20)\s?(?:\.?[)\]]|[.:](?=\s))(?=\s*[-$]?\s*\.?\d))
  | (?P<spaced>\d{{1,3}}(?:\ \d{{3}})+(?![\d.,]))
  | (?P<number>\.?\d[\d.,'_]*)(?P<suffix>[^\W\d_]*)
  | (?P<word>[^\W\d_]+)(?P<title>\s?[:=])?
    """,
    re.IGNORECASE | re.VERBOSE,
)
NUMBER_LINE = re.compile(r"[^\w\n]*\d")
BRACKETS = re.compile(r"\([^()\n]{0,80}\)")
LETTER = re.compile(r"[^\W\d_]")
DIGIT = re.compile(r"\d")
LEGIBLE = re.compile(r"\w")
HANGUL = re.compile("[\uac00-\ud7a3]")
MYRIADS = ("만", "천", "억")
GAP_BEFORE = 3  # words between a label and its first number; more is prose
GAP_BETWEEN = 2
# An open target has no price, and a stop on a candle's close cannot rest at an exchange.
REMARKS = {"targets": OPEN_END, "stop": CONDITIONAL_STOP}


def _reading(section: Section, comma: Comma, near: Decimal | None, ordinal: int) -> Reading:
    """The prices that follow a label; `ordinal` is the number that its next label would bear."""
    value, number, is_doubtful = _without_ordinal(section, comma, near, ordinal)
    lines = _lines(section, value)
    prices: list[Decimal] = []
    markers = 0
    for place, line in enumerate(lines):
        found, marked, doubt = _line(line, comma, is_first=place == 0)
        prices += found
        markers += marked
        is_doubtful |= doubt
    if section.kind == "targets" and number and not markers and len(prices) > 1:
        return Reading(is_doubtful=True, is_numbered=True)  # TP1 cannot be two prices
    if remark := REMARKS.get(section.kind):
        is_doubtful |= remark.search("\n".join(lines)) is not None
    return Reading(tuple(prices), is_doubtful, is_numbered=bool(number))


def _lines(section: Section, value: str) -> list[str]:
    """The label's own line, and the lines of bare numbers that go on with it."""
    value = BRACKETS.sub(lambda part: " " if LETTER.search(part.group()) else part.group(), value)
    first, *others = value.split("\n")
    lines = [first]
    is_list = section.kind in {"entry", "targets"} or ZONE.search(section.label) is not None
    if section.kind in {"long", "short"} and not is_list:
        return lines
    has_number = DIGIT.search(first) is not None
    for line in filter(LEGIBLE.search, others):
        if not NUMBER_LINE.match(line) or (has_number and not is_list):
            break
        has_number = True
        lines.append(line)
    return lines


def _line(line: str, comma: Comma, *, is_first: bool) -> tuple[list[Decimal], int, bool]:
    """The prices of a line, how many list numbers stood before them, and whether one is unclear."""
    prices: list[Decimal] = []
    words = markers = 0
    is_doubtful = False
    for token in TOKEN.finditer(line):
        kind = token.lastgroup
        if kind in {"word", "title"}:
            words += token.group("word").casefold() not in CURRENCIES
            if words > (GAP_BETWEEN if prices else GAP_BEFORE) or (prices and kind == "title"):
                break
        elif kind == "index":
            markers += 1
        elif kind != "skip":
            words = 0
            price = (
                None
                if is_first and not prices and _is_negative(line, token)
                else _number(token, comma)
            )
            is_doubtful |= price is None
            prices += [price] if price else []
    return prices, markers, is_doubtful


def _is_negative(line: str, token: re.Match[str]) -> bool:
    before = line[: token.start()]
    return before.endswith("-") and before[:-1] != before[:-1].rstrip(" :=")


def _number(token: re.Match[str], comma: Comma) -> Decimal | None:
    if token.lastgroup == "doubt":  # "25-30%" is a range, "0.42-30%" a price with its share
        return None
    if token.lastgroup == "spaced":  # "60 000" is one number, "100 110" may be two
        return _price(token.group(), comma) if " 0" in token.group() else None
    price = _price(token.group("number").rstrip(".,'_"), comma)
    suffix = token.group("suffix").casefold()
    if price and suffix in {"k", "к"}:
        return price * 1000
    is_plain = not suffix or suffix in CURRENCIES or HANGUL.match(suffix)
    return price if is_plain and not suffix.startswith(MYRIADS) else None


SURE_ORDINAL = re.compile(r"\s*[#№(]?\s?(\d{1,2})\)?\s?[:=)@]")
LETTER_ORDINAL = re.compile(r"\s*([A-DА-Г])(?=\s?[(:])", re.IGNORECASE)
GLUED_ORDINAL = re.compile(r"(\d|10)(?:\s|-(?=\s))(?=[^\w\n]*\d)")
SPACED_ORDINAL = re.compile(r"\s+#?(\d{1,2})(?:\s|\s?-\s)\s?(?=[^\w\n]*\d)")
RUN_ON = re.compile(r"\d[\d.,]*")


def _without_ordinal(
    section: Section, comma: Comma, near: Decimal | None, ordinal: int
) -> tuple[str, bool, bool]:
    """Take a label's number ("TP2") off its price: what is left, if it had one, if in doubt."""
    value = section.value
    for pattern in (SURE_ORDINAL, LETTER_ORDINAL, GLUED_ORDINAL):
        if match := pattern.match(value):
            return value[match.end() :], True, False
    spaced = SPACED_ORDINAL.match(value)
    if spaced and spaced.group(1) == str(ordinal):
        rest = value[spaced.end() :]
        prices, _, _ = _line(rest.split("\n")[0], comma, is_first=False)
        if len(prices) == 1:
            is_clear = prices[0] > ordinal * FARTHEST  # else "TP 1 - 2" may be two prices
            return (rest, True, False) if is_clear else ("", False, True)
    run_on = RUN_ON.match(value)
    if section.kind == "targets" and run_on and run_on.group().startswith(str(ordinal)):
        return _split_run_on(value, run_on.group(), comma, near, ordinal)
    return value, False, False


def _split_run_on(
    value: str, written: str, comma: Comma, near: Decimal | None, ordinal: int
) -> tuple[str, bool, bool]:
    """Read "TP41.3100" as TP4 at 1.3100 when 41.31 is far from the other prices."""
    short = written.removeprefix(str(ordinal)).lstrip(".,")
    whole, rest = (_price(part.rstrip(".,"), comma) for part in (written, short))
    if rest is None:
        return value, False, False
    if near is None or whole is None or _is_near(whole, near) == _is_near(rest, near):
        return value[len(written) :], False, True
    if _is_near(whole, near):
        return value, False, False
    return value[len(written) - len(short) :], True, False


def _is_near(price: Decimal, other: Decimal) -> bool:
    return other <= price * NEAR and price <= other * NEAR


# --- the fields -------------------------------------------------------------------------------


def _fields(text: str, sections: list[Section]) -> ParsedSignal:
    """Everything that the text says, before the fields are held against each other."""
    comma = _comma(text)
    is_market = _is_market(text, sections)
    entry, stop = _entry(sections, comma), _stop(sections, comma)
    near = (entry.prices or stop.prices or (None,))[0]
    targets = _targets(sections, comma, near)
    symbol, leverage = _symbol(text, sections), _leverage(text, sections)
    doubts = {
        "symbol": not symbol,
        "leverage": leverage is None,
        "entry": entry.is_doubtful or not (entry.prices or is_market),
        "stop": not stop.prices,
        "targets": targets.is_doubtful or not targets.prices,
    }
    return ParsedSignal(
        symbol=symbol,
        leverage=leverage,
        entry_low=min(entry.prices, default=None),
        entry_high=max(entry.prices, default=None),
        is_market=is_market,
        steps=len(entry.prices) if len(entry.prices) >= LADDER else 0,
        stop=stop.prices[0] if stop.prices else None,
        targets=targets.prices,
        unresolved=tuple(name for name, is_open in doubts.items() if is_open),
    )


def _of_kind(sections: Iterable[Section], kind: str) -> list[Section]:
    """The sections of a kind; signs such as a target count only where no word is used."""
    chosen = [section for section in sections if section.kind == kind]
    if chosen:
        return chosen
    signs = [section for section in sections if section.kind == "emoji"]
    return [replace(s, kind=kind) for s in signs if EMOJI_LABELS[s.label] == kind]


def _read_all(sections: Iterable[Section], comma: Comma) -> list[tuple[Section, Reading]]:
    """The sections that hold a price, or what may be one."""
    read: list[tuple[Section, Reading]] = []
    ordinal = 1
    for section in sections:
        reading = _reading(section, comma, None, ordinal)
        ordinal += reading.is_numbered
        if reading.prices or reading.is_doubtful:
            read.append((section, reading))
    return read


def _entry(sections: list[Section], comma: Comma) -> Reading:
    """The entry prices; without a label for them, those of "Buy zone: 60-61" or "LONG 60"."""
    read = _read_all(_of_kind(sections, "entry"), comma)
    is_two_way = False
    if not read:
        sides = _priced_sides(sections, comma)
        is_two_way = _is_two_way(sections, sides)
        read = sides[:1]
    prices = tuple(dict.fromkeys(price for _, reading in read for price in reading.prices))
    whole = {r.prices for s, r in read if not (r.is_numbered or FURTHER_ENTRY.search(s.label))}
    is_wide = bool(prices) and max(prices) > min(prices) * WIDEST_RANGE
    if is_two_way or is_wide or len(whole) > 1 or any(r.is_doubtful for _, r in read):
        return Reading(is_doubtful=True)
    return Reading(prices)


def _priced_sides(sections: list[Section], comma: Comma) -> list[tuple[Section, Reading]]:
    """Side words with prices, that of the entry first: "Buy zone: 60-61 ... Sell: 65"."""
    sides = [section for section in sections if section.kind in {"long", "short"}]
    read = _read_all(sides, comma)
    priced = {section for section, _ in read}
    bare = {side.kind for side in sides if side not in priced}
    return sorted(read, key=lambda pair: len(bare) == 1 and pair[0].kind not in bare)


def _is_two_way(sections: list[Section], sides: list[tuple[Section, Reading]]) -> bool:
    """Whether both sides have an entry: with targets apart, "Sell 65" cannot be one."""
    kinds = {section.kind for section, _ in sides}
    return len(kinds) > 1 and bool(_of_kind(sections, "targets"))


def _stop(sections: list[Section], comma: Comma) -> Reading:
    """The one stop price."""
    read = _read_all(_of_kind(sections, "stop"), comma)
    prices = {price for _, reading in read for price in reading.prices}
    is_doubtful = len(prices) > 1 or any(reading.is_doubtful for _, reading in read)
    return Reading() if is_doubtful else Reading(tuple(prices))


def _targets(sections: list[Section], comma: Comma, near: Decimal | None) -> Reading:
    prices: list[Decimal] = []
    is_doubtful = False
    ordinal = 1
    labelled = _of_kind(sections, "targets")
    for section in labelled:
        reading = _reading(section, comma, prices[-1] if prices else near, ordinal)
        prices += reading.prices
        ordinal += reading.is_numbered
        is_doubtful |= reading.is_doubtful
    sides = [] if labelled else _priced_sides(sections, comma)
    for section, reading in sides:
        if section.kind != sides[0][0].kind:
            prices += reading.prices
            is_doubtful |= reading.is_doubtful
    return Reading(tuple(prices), is_doubtful)


def _leverage(text: str, sections: list[Section]) -> Decimal | None:
    """The one leverage of the text; a range such as 5-10x is the person's choice."""
    labelled = " ".join(s.value.split("\n")[0] for s in sections if s.kind == "leverage")
    if LEVERAGE_RANGE.search(labelled or text):
        return None
    found = {Decimal(m.group(1) or m.group(2)) for m in LEVERAGE.finditer(labelled or text)}
    if labelled and not found:
        found = {Decimal(number) for number in PLAIN.findall(labelled)}
    return found.pop() if len(found) == 1 and 1 <= max(found) <= MOST_LEVERAGE else None


def _is_market(text: str, sections: list[Section]) -> bool:
    """Whether the text says to enter now."""
    if any(not phrase.group("not") for phrase in MARKET_PHRASE.finditer(text)):
        return True
    return any(MARKET_WORD.match(section.value) for section in _of_kind(sections, "entry"))


# --- the symbol -------------------------------------------------------------------------------

PAIR = re.compile(
    r"(?<![A-Za-z0-9])(\d{0,8}[A-Z][A-Z0-9]{0,14}?)(?:\s?[/_-]\s?)?(USDT|USD)"
    r"(?:\.P|[-_ ]?PERP)?(?![A-Za-z0-9])",
    re.IGNORECASE,
)
SPACED_PAIR = re.compile(r"(?<![A-Za-z0-9])(\d{0,8}[A-Z][A-Z0-9]{1,14}) (USDT)(?![A-Za-z0-9])")
MONEY = "USD|EUR|GBP|JPY|CHF|CAD|AUD|NZD|XAU|XAG|TRY|KRW"
OTHER_PAIR = re.compile(
    rf"(?<![A-Za-z0-9])(?:(?:{MONEY})/?(?:{MONEY})"
    r"|[A-Z0-9]{2,15}(?:[/_-](?:BTC|ETH|BNB|EUR|TRY|KRW)|[/_-]?(?:USDC|BUSD|FDUSD)|[-_ ]?PERP)"
    r")(?![A-Za-z0-9])"
)
TAG = re.compile(r"(?<![\w#$&])[#$](1000+[A-Za-z]{2,10}|[A-Za-z][A-Za-z0-9]{1,14})(?![A-Za-z0-9])")
ASSET = re.compile(r"\d{0,8}[A-Z][A-Z0-9]{1,9}")
LAST_WORD = re.compile(r"([A-Za-z0-9]+)[^\w\n]*\Z")
FIRST_WORD = re.compile(r"[^\w\n]*([A-Za-z0-9]+)")
LONE_WORD = re.compile(r"^[^\w\n]*([A-Za-z0-9]{2,10})[^\w\n]*$", re.MULTILINE)


def _symbol(text: str, sections: list[Section]) -> str:
    """The one contract of the text; a coin without its quote currency is taken against USDT."""
    pairs = _pairs(text)
    if pairs or OTHER_PAIR.search(text):
        return pairs.pop() if len(pairs) == 1 else ""
    tags: list[str] = TAG.findall(text)
    titled: list[str] = SYMBOL_TITLE.findall(text)
    for words in (tags + titled, _beside_side(text, sections), LONE_WORD.findall(text)):
        assets = {word.upper() for word in words if _is_asset(word)}
        if assets:
            return f"{assets.pop()}USDT" if len(assets) == 1 else ""
    named = {asset for asset, name in COIN_NAMES.items() if name.search(text)}
    return f"{named.pop()}USDT" if len(named) == 1 else ""


def _pairs(text: str) -> set[str]:
    found = PAIR.findall(text) + SPACED_PAIR.findall(text)
    return {
        f"{base}{quote}".upper()
        for base, quote in found
        if base.casefold() not in NOT_COINS and not re.fullmatch(MONEY, base.upper())
    }


def _is_asset(word: str) -> bool:
    return word.casefold() not in NOT_COINS and ASSET.fullmatch(word.upper()) is not None


def _beside_side(text: str, sections: list[Section]) -> list[str]:
    """Words next to the side: "AVAX SHORT", "LONG BTC"; in small letters only "avax long"."""
    words: list[str] = []
    for section in sections:
        if section.kind in {"long", "short"}:
            line = text[max(0, section.start - 40) : section.start].rpartition("\n")[2]
            before, after = LAST_WORD.search(line), FIRST_WORD.match(section.value)
            is_only = before is not None and not LETTER.search(line[: before.start()])
            is_only = is_only and not LETTER.search(section.value.split("\n")[0])
            found = [match.group(1) for match in (before, after) if match]
            words += [word for word in found if word.isupper() or (is_only and word == found[0])]
    return words


# --- the side, and what it says about the prices --------------------------------------------------


def _written_sides(text: str, sections: list[Section]) -> set[Direction]:
    """The sides that the words name; a title such as "Direction:" outweighs the rest."""
    sides = [section for section in sections if section.kind in {"long", "short"}]
    titled = {s.kind for s in sides if SIDE_TITLE.search(text[max(0, s.start - 30) : s.start])}
    priced = [] if _of_kind(sections, "targets") else _priced_sides(sections, _comma(text))
    if not titled and priced:
        titled = {priced[0][0].kind}  # "Sell: 65" after "Buy zone: 60" is a target
    return {Direction(kind) for kind in titled or {section.kind for section in sides}}


def _judged(found: ParsedSignal, written: set[Direction]) -> ParsedSignal:
    """Hold the fields against each other, and empty those that cannot be right."""
    found = _without_far_prices(found)
    stop, targets = _stop_side(found), _targets_side(found)
    if len(written) != 1:
        direction = stop if stop is targets else None
        return _on_side(found, direction)
    direction = next(iter(written))
    against = [side for side in (stop, targets) if side and side is not direction]
    if against and direction not in {stop, targets}:
        return _on_side(found, None)
    return _on_side(found, direction)


def _without_far_prices(found: ParsedSignal) -> ParsedSignal:
    centre = found.entry_low or found.stop
    if centre is None:
        return found

    def is_sane(price: Decimal) -> bool:
        return centre < price * FARTHEST and price < centre * FARTHEST

    targets = tuple(filter(is_sane, found.targets))
    stop = found.stop if found.stop and is_sane(found.stop) else None
    names = [("targets", targets != found.targets), ("stop", stop != found.stop)]
    changed = replace(found, targets=targets, stop=stop)
    return _named(changed, *(name for name, is_open in names if is_open))


def _named(found: ParsedSignal, *names: str) -> ParsedSignal:
    unresolved = {*found.unresolved, *names}
    return replace(found, unresolved=tuple(name for name in ALL_FIELDS if name in unresolved))


def _stop_side(found: ParsedSignal) -> Direction | None:
    """The side on which the stop makes sense; None when it lies within the entry range."""
    if found.stop is None:
        return None
    if found.entry_low is None or found.entry_high is None:
        return _targets_side(found)
    if found.stop < found.entry_low:
        return Direction.LONG
    return Direction.SHORT if found.stop > found.entry_high else None


def _targets_side(found: ParsedSignal) -> Direction | None:
    """The side on which every target is a gain, measured from the entry or else from the stop."""
    low, high = found.entry_low or found.stop, found.entry_high or found.stop
    if not found.targets or low is None or high is None:
        return None
    if min(found.targets) > high:
        return Direction.LONG
    return Direction.SHORT if max(found.targets) < low else None


def _on_side(found: ParsedSignal, direction: Direction | None) -> ParsedSignal:
    """Set the side, and drop what would lose by design on it."""
    if direction is None:
        return _named(found, "side")
    changed = replace(found, direction=direction)
    low, high = found.entry_low or found.stop, found.entry_high or found.stop
    if low is None or high is None:
        return changed
    near, far = (high, low) if direction is Direction.LONG else (low, high)
    targets = tuple(price for price in found.targets if (price - near) * direction.sign > 0)
    if targets != found.targets:
        changed = _named(replace(changed, targets=targets), "targets")
    if found.stop and found.entry_low and direction.is_beyond(found.stop, far):
        changed = _named(replace(changed, stop=None), "stop")
    return changed


# --- whether it is a signal at all ----------------------------------------------------------------


def _holds_several(text: str, sections: list[Section]) -> bool:
    stops = [section for section in sections if section.kind == "stop"]
    return len(_pairs(text)) > 1 and len(stops) > 1


def _is_signal(text: str, sections: list[Section], found: ParsedSignal) -> bool:
    """Enough of a trade is named, and nothing says that it is an old one or a spot trade."""
    comma = _comma(text)
    stop, targets = (bool(_read_all(_of_kind(sections, k), comma)) for k in ("stop", "targets"))
    targets = targets or bool(found.targets)
    entry = found.entry_low is not None or found.is_market
    entry = entry or bool(_read_all(_of_kind(sections, "entry"), comma))
    named = [bool(found.symbol), found.direction is not None, entry, stop, targets]
    is_trade = entry or (stop and targets)
    if not is_trade or sum(named) < ENOUGH:
        return False
    if _is_report(text, is_full=entry and stop and targets):
        return False
    is_spot = SPOT.search(text) and not DERIVATIVE.search(text)
    return not is_spot or found.leverage is not None or found.direction is Direction.SHORT


def _is_report(text: str, *, is_full: bool) -> bool:
    """A result or an update; "when TP1 is hit" is an instruction, and so is a whole signal's."""
    lines = [line for line in text.split("\n") if not CONDITION.search(line)]
    if any(REPORT.search(line) for line in lines):
        return True
    return not is_full and UPDATE.search(text) is not None
