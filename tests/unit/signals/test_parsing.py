"""What a pasted signal text fills into the form, and what it leaves to a person."""

from __future__ import annotations

import json
import time
from decimal import Decimal as D
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signals.domain.direction import Direction
from signals.domain.parsing import ALL_FIELDS, MOST_CHARACTERS, ParsedSignal, parse

LONG, SHORT = Direction.LONG, Direction.SHORT
FILE = Path(__file__).parents[2] / "data" / "signal-texts.jsonl"
SAMPLES = {
    sample["id"]: sample
    for sample in (
        json.loads(line, parse_float=D, parse_int=D)
        for line in FILE.read_text(encoding="utf-8").splitlines()
    )
}

# Where the reading that came with a sample goes further than its text, with the reason.
OURS = {
    # "Buy Zone" and a sell price below it contradict each other: the side is the person's to say.
    "S023": {"side": None, "unresolved": {"side", "stop"}},
    # A pair of currencies is no contract of Bybit's, and USDT may not be put behind it.
    "S069": {"symbol": "", "unresolved": {"symbol", "leverage"}},
    # No entry is written; that it is meant at market is a guess.
    "S078": {"unresolved": {"entry", "leverage"}},
    # The stop lies within the range: whether it or the range is mistyped cannot be known.
    "S083": {"sl": None, "unresolved": {"stop"}},
}
# What stays open in samples that are to be confirmed or refused.
OPEN = {
    "S020": {"stop"},
    "S022": {"stop"},
    "S051": {"stop", "leverage"},
    "S053": {"entry", "leverage"},
    "S074": {"side", "leverage"},
}


def expected(sample):
    """The fields of a sample as this form has them: a range of leverages is left to a person."""
    told = sample["expect"]
    leverage = told.get("leverage")
    fields = {
        "symbol": told.get("symbol"),
        "side": told["side"].lower() if "side" in told else None,
        "leverage": None if isinstance(leverage, list) else leverage,
        "entries": told.get("entries"),
        "sl": told.get("sl"),
        "tps": told.get("tps"),
        "unresolved": OPEN.get(sample["id"], set() if isinstance(leverage, D) else {"leverage"}),
    }
    return fields | OURS.get(sample["id"], {})


def of_kind(*decisions):
    return [key for key, sample in SAMPLES.items() if sample["expect"]["decision"] in decisions]


@pytest.mark.parametrize("key", of_kind("accept", "confirm"))
def test_a_real_text_fills_the_form(key):
    want = expected(SAMPLES[key])
    found = parse(SAMPLES[key]["text"])
    entries = want["entries"] or [None]
    assert found.is_signal
    assert found.symbol == want["symbol"]
    assert found.direction == want["side"]
    assert found.leverage == want["leverage"]
    assert (found.entry_low, found.entry_high) == (min(entries), max(entries))
    assert found.stop == want["sl"]
    assert list(found.targets) == want["tps"]
    assert set(found.unresolved) == want["unresolved"]
    assert not found.is_market


@pytest.mark.parametrize("key", of_kind("reject"))
def test_a_text_that_contradicts_itself_is_left_open(key):
    found = parse(SAMPLES[key]["text"])
    assert found.is_signal
    assert set(found.unresolved) == expected(SAMPLES[key])["unresolved"]


@pytest.mark.parametrize("key", of_kind("ignore", "update"))
def test_results_updates_and_chatter_fill_nothing(key):
    assert parse(SAMPLES[key]["text"]) == ParsedSignal()


def test_every_sample_is_read():
    decisions = {sample["expect"]["decision"] for sample in SAMPLES.values()}
    assert decisions == {"accept", "confirm", "reject", "ignore", "update"}
    assert len(SAMPLES) == 43


HEAD = "BTCUSDT LONG 10x\n"
BTC = HEAD + "Entry: 60000\nTP: 65000\nSL: 58000\n"


def btc(**changes):
    fields = {
        "symbol": "BTCUSDT",
        "direction": LONG,
        "leverage": D(10),
        "entry_low": D(60000),
        "entry_high": D(60000),
        "stop": D(58000),
        "targets": (D(65000),),
    }
    return ParsedSignal(**(fields | changes))


@pytest.mark.parametrize(
    "text",
    [
        BTC,
        BTC.lower(),
        "EP60000TP65000SL58000 BTCUSDT LONG 10x",
        "BTC LONG 60000 SL 58000 TP 65000 x10",
        "BTC/USDT 롱 10배\n진입 60,000\n목표 65,000\n손절 58,000",
        "비트코인 롱 10배 진입가: 60000 1차 목표가: 65000 손절가: 58000",
        "종목: 비트코인\n포지션: 롱 10배\n진입(EP) - 60000\n익절(TP) - 65000\n손절(SL) - 58000",
        "종목: 비트코인\n방향: 매수\n레버리지: 10\n진입 60000\n타겟 65000\n스탑 58000",
        "BTCUSDT лонг 10х вход 60 000 тейк 65 000 стоп 58 000",
        "BTC USDT LONG\nLeverage: Cross 10\nEntry: 60.000,00\nTP: 65.000,00\nSL: 58.000,00",
        "BTCUSDT.P LONG 10x EP 60k TP 65k SL 58k",
        "**BTC-USDT** `LONG` ×10 • Entry – 60'000 • TP → 65'000 • SL – 58'000",
        "𝗕𝗧𝗖/𝗨𝗦𝗗𝗧 𝗟𝗢𝗡𝗚 𝟭𝟬𝘅\n𝗘𝗻𝘁𝗿𝘆: ６００００\n𝗧𝗣: 65000\n𝗦𝗟: 58000",
        "$BTC LONG (10x) EP 60000USDT TP 65000 usdt SL 58000달러",
        "Direction: LONG 10x\nBTCUSDT\nshort squeeze, short term\nEP 60000\nTP 65000\nSL 58000",
        "BTCUSDT 10x\nLong or short?\nEntry 60000\nTP 65000\nSL 58000",
        BTC + "Move SL to entry after TP1 hit",
        BTC + "목표1 도달시 절반 익절, 손절 본절 이동",
        BTC + "2022-08-15 12:30 https://t.me/x/265 @vip_99 spot on",
        BTC.replace("Entry: 60000", "Entry: 60000 and this may well go to 70000"),
        BTC.replace("Entry: 60000", "Entry: 60000 Confidence: 90"),
        BTC + "don't buy market",
        BTC + "This made 20x profit",
        BTC.replace("TP: 65000", "TP165000"),
        BTC.replace("TP: 65000", "TP65000"),
        BTC.replace("TP: 65000", "Target 1 - 65000"),
        BTC.replace("TP: 65000", "🎯 Targets: ✅ 65000 (50%)"),
        "📈 BTC LONG 10x 💰 60000 🛑 58000 🎯 65000",
    ],
)
def test_one_signal_in_many_formats(text):
    assert parse(text) == btc()


@pytest.mark.parametrize(
    ("old", "new", "changes"),
    [
        # the symbol
        ("BTCUSDT", "BTC/USDC", {"symbol": "", "unresolved": ("symbol",)}),
        ("BTCUSDT", "ETH/BTC", {"symbol": "", "unresolved": ("symbol",)}),
        ("BTCUSDT", "EURUSD", {"symbol": "", "unresolved": ("symbol",)}),
        ("BTCUSDT", "#BTCUSDT #ETHUSDT", {"symbol": "", "unresolved": ("symbol",)}),
        ("BTCUSDT", "#BTC #ETH", {"symbol": "", "unresolved": ("symbol",)}),
        ("BTCUSDT", "#VIP", {"symbol": "", "unresolved": ("symbol",)}),
        ("BTCUSDT", "1000PEPE/USDT", {"symbol": "1000PEPEUSDT"}),
        ("BTCUSDT LONG", "BINANCE\nBTC\nLONG", {}),
        # the leverage
        ("10x", "", {"leverage": None, "unresolved": ("leverage",)}),
        ("10x", "5-10x", {"leverage": None, "unresolved": ("leverage",)}),
        ("10x", "5x 10x", {"leverage": None, "unresolved": ("leverage",)}),
        ("10x", "500x", {"leverage": None, "unresolved": ("leverage",)}),
        ("10x", "Leverage: 10.0X", {}),
        # the entry
        ("60000\n", "61000 - 60000\n", {"entry_high": D(61000)}),
        ("60000\n", "60000\n59500\n59000\n", {"entry_low": D(59000), "steps": 3}),
        ("60000\n", "60000\nDCA: 59000\n", {"entry_low": D(59000)}),
        ("Entry: 60000", "Entry 1: 60000\nEntry 2: 59000", {"entry_low": D(59000)}),
        ("Entry: 60000", "Entry 1 60000 Entry 2 59000", {"entry_low": D(59000)}),
        ("Entry: 60000", "Buy Zone\n60000\n59000", {"entry_low": D(59000)}),
        ("60000\n", "market 60000 - 61000\n", {"entry_high": D(61000), "is_market": True}),
        ("60000\n", "Market\n", {"entry_low": None, "entry_high": None, "is_market": True}),
        ("Entry: 60000", "시장가 진입", {"entry_low": None, "entry_high": None, "is_market": True}),
        # the stop
        ("58000", "-5%", {"stop": None, "unresolved": ("stop",)}),
        ("58000", "2-5%", {"stop": None, "unresolved": ("stop",)}),
        ("58000", "0", {"stop": None, "unresolved": ("stop",)}),
        ("58000", "-58000", {"stop": None, "unresolved": ("stop",)}),
        ("58000", "58000 / 57000", {"stop": None, "unresolved": ("stop",)}),
        ("58000", "daily close below 58000", {"stop": None, "unresolved": ("stop",)}),
        ("58000", "580", {"stop": None, "unresolved": ("stop",)}),
        ("58000", "61000", {"stop": None, "unresolved": ("stop",)}),
        ("58000", "58,00,0", {"stop": None, "unresolved": ("stop",)}),
        ("58000", "58000mm", {"stop": None, "unresolved": ("stop",)}),
        ("58000", "5만8천", {"stop": None, "unresolved": ("stop",)}),
        ("58000", "58 500", {"stop": None, "unresolved": ("stop",)}),
        ("58000", "5" * 30, {"stop": None, "unresolved": ("stop",)}),
        ("SL: 58000", "SL:\n- 58000\n57000", {}),
        # the targets
        ("TP: 65000", "TP: 65000\n\n66000", {"targets": (D(65000), D(66000))}),
        ("65000", "1️⃣ 65000 2️⃣ 66000", {"targets": (D(65000), D(66000))}),
        ("65000", "1차 65000 2차 66000", {"targets": (D(65000), D(66000))}),
        ("65000", "1) 65000 - 50% 2) 66000 - 50%", {"targets": (D(65000), D(66000))}),
        ("TP: 65000", "TP1 65000\nTP2 - 66000", {"targets": (D(65000), D(66000))}),
        ("TP: 65000", "TP 65000\nTP 66000", {"targets": (D(65000), D(66000))}),
        ("65000", "65000+", {"unresolved": ("targets",)}),
        ("65000", "65000\nTP2: open", {"unresolved": ("targets",)}),
        ("65000", "65000, 6600, 50", {"unresolved": ("targets",)}),
        ("TP: 65000", "TP1: 65000 - 66000", {"targets": (), "unresolved": ("targets",)}),
        ("TP: 65000", "TP 1 - 2", {"targets": (), "unresolved": ("targets",)}),
        ("TP: 65000", "TP 1 2 3", {"targets": (), "unresolved": ("targets",)}),
        ("TP: 65000", "TP1.5", {"targets": (), "unresolved": ("targets",)}),
        ("TP: 65000", "TP1 hi", {"targets": (), "unresolved": ("targets",)}),
    ],
)
def test_a_field_is_read_or_left_open(old, new, changes):
    assert parse(BTC.replace(old, new)) == btc(**changes)


@pytest.mark.parametrize(
    ("prices", "stop"),
    [
        ("вход 0,150 тп 0,170 стоп 0,140", D("0.140")),
        ("вход 1,15 тп 1,75 стоп 1,050", D("1.050")),  # the others prove the comma
        ("вход 1,150 тп 1,300 стоп 1,050", None),  # a thousand, or one and a bit
        ("вход 1.15 тп 1.75 стоп 1,05", None),
        ("entry 1,150 tp 1,300 sl 1,050", D(1050)),
        ("entry 1,150.5 tp 1,300 sl 1,050.25", D("1050.25")),
    ],
)
def test_a_comma_is_read_by_the_company_it_keeps(prices, stop):
    found = parse(f"SOLUSDT long {prices}")
    assert found.stop == stop
    assert found.is_signal
    assert ("stop" in found.unresolved) is (stop is None)


@pytest.mark.parametrize(
    ("text", "side"),
    [
        ("BTCUSDT EP 60000 TP 65000 SL 58000", LONG),
        ("BTCUSDT EP 60000 TP 55000 SL 62000", SHORT),
        ("BTCUSDT market buy TP 65000 SL 58000", LONG),
        ("BTCUSDT CMP TP 55000 SL 62000", SHORT),
        ("BTCUSDT EP 60000 TP 65000", None),  # without a stop it could be a mistyped short
        ("BTCUSDT EP 60000 SL 58000", None),
        ("BTCUSDT EP 60000 TP 65000 55000 SL 58000", None),
        ("BTCUSDT SHORT EP 60000 TP 65000 SL 58000", None),
        ("BTCUSDT SHORT market entry TP 65000 SL 58000", None),
        ("SOLUSDT Sell zone: 65-66 Buy: 60 SL 68", SHORT),
        ("SOLUSDT LONG\nSell: 65\nBuy: 60\nSL 55", LONG),
        ("BTCUSDT Buy above 60500 TP 61000 SL 60000\nSell below 59500 TP 59000", None),
    ],
)
def test_a_side_is_taken_from_words_and_held_against_the_prices(text, side):
    found = parse(text)
    assert found.direction is side
    assert found.is_signal
    assert ("side" in found.unresolved) is (side is None)


def test_an_entry_on_both_sides_is_no_entry():
    found = parse("BTCUSDT Buy above 60500 TP 61000 SL 60000\nSell below 59500 TP 59000")
    assert found.entry_low is None
    assert "entry" in found.unresolved


@pytest.mark.parametrize("entry", ["60000\nEntry: 61000", "60000 - 6000", "6만", "-60000"])
def test_entries_that_do_not_go_together_are_left_open(entry):
    found = parse(BTC.replace("60000", entry))
    assert (found.entry_low, found.entry_high, found.steps) == (None, None, 0)
    assert found.unresolved == ("entry",)


def test_at_market_the_targets_are_held_against_the_stop():
    found = parse("BTCUSDT LONG 10x now TP 65000 57000 SL 58000")
    assert found.is_market
    assert found.targets == (D(65000),)
    assert found.unresolved == ("targets",)


def test_targets_without_a_stop_or_an_entry_are_kept():
    found = parse("BTC LONG 10x now TP 65000")
    assert (found.direction, found.targets, found.unresolved) == (LONG, (D(65000),), ("stop",))


@pytest.mark.parametrize(
    ("target", "price"), [("TP1.2350", "1.2350"), ("TP11.2350", "1.2350"), ("TP1.1.25", None)]
)
def test_a_run_on_target_is_read_by_the_other_prices(target, price):
    found = parse(f"XRPUSDT LONG 10x EP 1.2 SL 1.1 {target}")
    assert found.targets == ((D(price),) if price else ())
    assert found.unresolved == (() if price else ("targets",))


def test_a_run_on_target_without_another_price_is_left_open():
    found = parse("BTC LONG 10x now TP165000")
    assert (found.targets, found.unresolved) == ((), ("stop", "targets"))


@pytest.mark.parametrize(
    ("text", "symbol"),
    [
        ("avax long\nep 21 sl 20 tp 23", "AVAXUSDT"),
        ("we really like avax long\nep 21 sl 20 tp 23", ""),
        ("LONG avax\nep 21 sl 20 tp 23", ""),
        ("Long SOL\nep 21 sl 20 tp 23", "SOLUSDT"),
        ("Coin: sol\nlong ep 21 sl 20 tp 23", "SOLUSDT"),
        ("SOL AVAX\nlong ep 21 sl 20 tp 23", ""),
        ("솔라나 롱 ep 21 sl 20 tp 23", "SOLUSDT"),
        ("바이비트 롱 ep 21 sl 20 tp 23", ""),
    ],
)
def test_a_coin_without_a_pair(text, symbol):
    found = parse(text)
    assert found.is_signal
    assert found.symbol == symbol


@pytest.mark.parametrize(
    "text",
    [
        "",
        "gm everyone, btc looks bullish, I think we long to 65000",
        "BTCUSDT long",
        "BTCUSDT TP1 hit ✅ +25%",
        "BTC/USDT LONG Entry: 60000 TP1: 61000 ✅\nTP2: 62000\nSL: 59000",
        "BTCUSDT 1차 목표 62000 도달! 진입 60000 손절 59000",
        "BTCUSDT long closed, entry 60000, tp 65000",
        "#SPOT BTC/USDT Buy 60000 SL 50000 TP 70000",
        "현물 비트코인 매수 60000 손절 50000 목표 70000",
    ],
)
def test_what_is_no_signal_fills_nothing(text):
    assert parse(text) == ParsedSignal()
    assert not parse(text).is_signal


@pytest.mark.parametrize("extra", ["Spot", "Spot & futures"])
def test_a_signal_with_leverage_is_not_for_spot_alone(extra):
    assert parse(BTC + extra) == btc()


def test_two_signals_in_one_text_are_left_to_a_person():
    found = parse(BTC + BTC.replace("BTC", "ETH"))
    assert found == ParsedSignal(unresolved=ALL_FIELDS)
    assert found.is_signal


def test_what_stands_beyond_the_limit_is_not_read():
    assert parse(" " * MOST_CHARACTERS + BTC) == ParsedSignal()


NASTY = [
    *("1", "1,", "1 ", "1-", "1.1-", "1,1 ", "1x", "x1 ", "1-1x", "\n1", "a", "A1", "A/", "BTC-"),
    *("(", "( ", "\n", "- ", "!", "#a", "@a", "ﷺ", "TP", "TP1", "TP1 ", "TP1.1", "stop\n"),
    *("long ", "long A!", "Buy 1 ", "Buy 1 Sell 1 ", "Entry ", "Entry1: ", "short term: 1"),
    *("no ", "not a ", "targets hit", "after tp "),
]


@pytest.mark.parametrize("piece", NASTY)
def test_long_and_nasty_text_is_read_fast(piece):
    started = time.perf_counter()
    parse(piece * 100_000)
    parse("BTC long entry " + piece * 100_000)
    assert time.perf_counter() - started < 2


words = st.sampled_from(
    [
        *("BTCUSDT", " LONG ", " SHORT ", "TP", "SL", "Entry ", "10x", "market", "Buy ", "Sell "),
        *("목표", "손절", "진입", "стоп ", "🎯", "k", "0,5", " 60000", " 58000", " 65000"),
        *"0123456789.,-:()%#\n ",
    ]
)


@given(st.one_of(st.text(), st.lists(words, max_size=40).map("".join)))
def test_any_text_is_read_without_error_and_gives_prices_above_zero(text):
    found = parse(text)
    prices = [found.entry_low, found.entry_high, found.stop, found.leverage, *found.targets]
    assert all(price > 0 for price in prices if price is not None)
    assert found.entry_low is None or found.entry_low <= found.entry_high
    assert set(found.unresolved) <= set(ALL_FIELDS)
    assert found.is_signal is (found != ParsedSignal())
