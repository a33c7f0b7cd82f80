"""Notices: complete in both languages, every value escaped; keys found where people paste them."""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.domain import pairing
from notifications.domain.routing import ALWAYS, RELINKED, TRADE, is_told, wait_after
from notifications.texts import TEXTS, render
from sandbox.telegram.markup import visible_text

HANGUL = re.compile(r"[가-힣]")
PARAMS = {
    "name": "<i>alice</i>",
    "symbol": "BTCUSDT",
    "side": "long",
    "leverage": "10",
    "entry_low": "1",
    "entry_high": "2",
    "stop": "0.5",
    "targets": "3",
    "note": "<script>alert(1)</script>",
    "quantity": "1",
    "price": "2",
    "margin": "5",
    "pnl": "1",
    "fees": "0.1",
    "reason": "balance_too_small",
    "connection": "a & b <i>",
    "text": "1 < 2 & 3",
    "subject": "copy <i>",
    "detail": "for 1 s",
}


def test_every_told_code_has_a_text():
    assert set(TEXTS) == TRADE | ALWAYS | {RELINKED}


@pytest.mark.parametrize("code", sorted(TEXTS))
def test_a_notice_is_in_one_language_and_escapes_what_it_is_given(code):
    korean, english = (render(code, PARAMS, language) for language in ("ko", "en"))
    assert HANGUL.search(korean)
    assert not HANGUL.search(english)
    for text in (korean, english):
        assert "<script>" not in text
        assert "<i>" not in text


@pytest.mark.parametrize(
    ("figures", "said"),
    [
        ({"needed": "51.2", "usable": "20"}, "Free / needed: 20 / 51.2 USDT"),
        ({"margin": "3", "minimum": "4.6"}, "Margin: 3 USDT\nSmallest margin: 4.6 USDT"),
        ({"equity": "90"}, "Equity: 90 USDT"),
        ({"percent": "0.65"}, "Distance: 0.65 %"),
        ({"price": "46300"}, "Price: 46300"),
        ({"quantity": "200", "maximum": "119"}, "Quantity: 200\nAt most: 119"),
    ],
)
def test_what_is_skipped_says_why_with_its_figures(figures, said):
    reason = {"reason": "price_away", "symbol": "BTCUSDT", "side": "long", "connection": "main"}
    assert said in render("skipped", reason | figures, "en")
    assert render("skipped", reason, "en").count("\n") == 3


@given(st.text(), st.sampled_from(sorted(TEXTS)), st.sampled_from(["ko", "en"]))
def test_whatever_a_value_is_telegram_takes_the_notice(value, code, language):
    params = {name: value for name in PARAMS if name != "side"} | {"side": "short"}
    shown = visible_text(render(code, params, language), "HTML")
    if code == "published":
        assert value in shown


def test_a_late_notice_says_since_when_it_is_true():
    since = datetime(2026, 11, 21, 16, 5, tzinfo=timezone(timedelta(hours=9)))
    assert "2026-11-21 07:05 UTC" in render("closed", PARAMS, "en", since)
    assert "UTC" not in render("closed", PARAMS, "en")


def test_trade_notices_can_be_switched_off_and_alarms_cannot():
    assert not is_told("entered", trade_notices=False)
    assert is_told("entered", trade_notices=True)
    assert is_told("alarm", trade_notices=False)
    assert not is_told("visited", trade_notices=True)


def test_waits_grow_and_end():
    waits = [wait_after(tries).total_seconds() for tries in range(1, 20)]
    assert waits == sorted(waits)
    assert waits[-1] == 60


def test_a_key_is_found_wherever_it_is_pasted():
    token = pairing.new_token()
    key = pairing.written("test0001", token)
    assert re.fullmatch(r"인증:test0001:[0-9a-f-]{36}", key)
    for text in (
        key,
        f"  {key}\r\n",
        f"여기 키입니다: {key} 감사합니다",
        unicodedata.normalize("NFD", key),
        key.upper(),
        f"/start {token.hex}",
    ):
        assert pairing.found_in(text) == token


@pytest.mark.parametrize("text", ["", "hello", "인증:x:123", "/start", "/start abc"])
def test_other_texts_hold_no_key(text):
    assert pairing.found_in(text) is None


@pytest.mark.parametrize("text", ["인증:x:123", unicodedata.normalize("NFD", "인증:x:123")])
def test_a_key_that_was_cut_off_is_still_meant_as_one(text):
    assert pairing.looks_like_key(text)
    assert not pairing.looks_like_key("안녕하세요")


def test_tokens_are_not_guessed_and_not_stored():
    tokens = {pairing.new_token() for _ in range(100)}
    assert len(tokens) == 100
    token = tokens.pop()
    assert token.hex not in pairing.digest(token)
