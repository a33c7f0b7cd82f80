"""What a person types leads to the contract that is meant, or to nothing but suggestions."""

from __future__ import annotations

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from exchanges.domain.symbols import MOST_NEAR, QUOTE, coin_of, coins_in, find

LISTED = {
    f"{base}USDT": True
    for base in (
        *("BTC", "ETH", "BCH", "BTT", "1INCH", "PERP", "SWAP", "P", "USDC", "XAI", "LUNA2"),
        *("1000PEPE", "SHIB1000", "10000SATS", "1000000MOG", "1000CAT", "10000CAT", "BAKE"),
    )
}
COINS = st.from_regex(r"[A-Z0-9]{0,6}[A-Z][A-Z0-9]{0,6}", fullmatch=True)
BASES = st.one_of(
    st.sampled_from([name.removesuffix(QUOTE) for name in LISTED]),
    COINS,
    COINS.map("1000{}".format),
    COINS.map("{}1000".format),
)
SEPARATORS = ["", "/", "-", "_", " ", " / ", ":", "–"]
MARKS = ["", ".P", "PERP", "-PERP", " PERP", "_PERPETUAL", "-SWAP", "SWAP", ":USDT"]


@st.composite
def spellings(draw, base):
    """The pair as people write it: tags, separators, other exchanges' marks, any case."""
    sign = draw(st.sampled_from(["", "#", "$", " #", "# ", "BYBIT:", "bybit:"]))
    separator, mark = draw(st.sampled_from(SEPARATORS)), draw(st.sampled_from(MARKS))
    text = f"{sign}{base}{separator}{QUOTE}{mark}"
    casing = draw(st.sampled_from([str.upper, str.lower, str.title, str.swapcase]))
    return casing(text) + draw(st.sampled_from(["", " "]))


@settings(deadline=None)
@given(st.data())
def test_any_spelling_of_a_pair_leads_to_its_contract_whatever_else_is_listed(data):
    bases = data.draw(st.lists(BASES, min_size=1, max_size=6, unique=True))
    base = data.draw(st.sampled_from(bases))
    assume(not base.endswith(QUOTE))
    listed = {f"{each}{QUOTE}": data.draw(st.booleans()) for each in bases}
    assert find(data.draw(spellings(base)), LISTED | listed).symbol == f"{base}{QUOTE}"


@settings(deadline=None)
@given(BASES, st.sampled_from(["", "#", "$"]))
def test_the_quote_currency_may_be_left_out(base, sign):
    assume(not base.endswith((QUOTE, f"{QUOTE}PERP", f"{QUOTE}SWAP")))
    listed = LISTED | {f"{base}{QUOTE}": True}
    assert find(f"{sign}{base}".lower(), listed).symbol == f"{base}{QUOTE}"


@settings(deadline=None)
@given(st.text(max_size=40) | BASES.flatmap(spellings), st.dictionaries(BASES, st.booleans()))
@example("\0", {})
@example("ß/USDT", {"SS": True})
def test_nothing_is_ever_found_that_is_not_listed_or_not_meant(typed, bases):
    listed = LISTED | {f"{base}{QUOTE}": traded for base, traded in bases.items()}
    found = find(typed, listed)
    assert len(found.near) <= MOST_NEAR
    assert all(listed[symbol] for symbol in found.near)
    if found.symbol is not None:
        assert found.near == ()
        assert found.symbol in listed
        letters = "".join(each for each in typed.upper() if each.isalnum())
        assert coin_of(found.symbol) in letters


@pytest.mark.parametrize(
    ("typed", "symbol"),
    [
        ("PEPE", "1000PEPEUSDT"),
        ("#pepe/usdt", "1000PEPEUSDT"),
        ("PEPE-USDT-SWAP", "1000PEPEUSDT"),
        ("SHIB", "SHIB1000USDT"),
        ("satsusdt.p", "10000SATSUSDT"),
        ("$MOG", "1000000MOGUSDT"),
        ("perp", "PERPUSDT"),
        ("PERP-USDT-PERP", "PERPUSDT"),
        ("swap/usdt", "SWAPUSDT"),
        ("P/USDT.P", "PUSDT"),
        ("BTC/USDT:USDT", "BTCUSDT"),
        ("\uff22\uff34\uff23", "BTCUSDT"),  # full width, as East Asian keyboards have it
    ],
)
def test_coins_by_the_thousand_and_coins_named_like_a_mark(typed, symbol):
    assert find(typed, LISTED).symbol == symbol


@pytest.mark.parametrize(
    ("typed", "near"),
    [
        ("CAT", ("1000CATUSDT", "10000CATUSDT")),  # which of the two is not for us to say
        ("10000PEPE", ("1000PEPEUSDT",)),
        ("1000BTC", ("BTCUSDT",)),
        ("BTCPERP", ("BTCUSDT",)),  # another contract at Bybit, settled in USDC
        ("BTC-PERP", ("BTCUSDT",)),
        ("BTC.P", ("BTCUSDT",)),
        ("BTC/USD", ("BTCUSDT",)),
        ("BTCUSDC", ("BTCUSDT",)),
        ("BTCC", ("BTCUSDT",)),
        ("BAEK", ("BAKEUSDT",)),
        ("1000 PEPE USDT", ("1000PEPEUSDT",)),
    ],
)
def test_what_is_open_is_suggested_and_never_chosen(typed, near):
    found = find(typed, LISTED)
    assert found.symbol is None
    assert found.near[: len(near)] == near


@pytest.mark.parametrize("typed", ["", " ", "#", "/", "X/AI", "USDT", "비트코인", "BTC;DROP", ".P"])
def test_what_is_no_name_finds_nothing(typed):
    assert find(typed, LISTED).symbol is None


def test_a_listed_name_means_itself_even_when_it_is_not_traded():
    both = {"PEPEUSDT": False, "1000PEPEUSDT": True}
    assert find("PEPE", both).symbol == "PEPEUSDT"
    assert find("PEPE", {"1000PEPEUSDT": False}).symbol is None
    assert find("1000PEPE", {"1000PEPEUSDT": False}).symbol == "1000PEPEUSDT"


@pytest.mark.parametrize(
    ("symbol", "coin", "coins"),
    [
        ("BTCUSDT", "BTC", 1),
        ("1000PEPEUSDT", "PEPE", 1000),
        ("SHIB1000USDT", "SHIB", 1000),
        ("1000000MOGUSDT", "MOG", 1_000_000),
        ("1INCHUSDT", "1INCH", 1),
        ("100XUSDT", "100X", 1),
        ("", "", 1),
    ],
)
def test_how_many_coins_a_price_is_for(symbol, coin, coins):
    assert (coin_of(symbol), coins_in(symbol)) == (coin, coins)
