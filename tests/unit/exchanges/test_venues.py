"""What is declared of each exchange, where pages and planners can read it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from exchanges.choices import LACKS, Environment, ExchangeKind
from exchanges.domain.venues import Capabilities, StopKeeping, VenueFacts
from exchanges.egress import budgets
from exchanges.places import places
from exchanges.registry import CCXT_VENUES, EXCHANGES, venue_of

ROOT = Path(__file__).resolve().parents[3]


def test_every_kind_of_account_is_declared():
    assert {*EXCHANGES, *CCXT_VENUES} == set(ExchangeKind.values)


@pytest.mark.parametrize("exchange", [*EXCHANGES, *CCXT_VENUES])
def test_a_declaration_is_whole(exchange):
    facts = venue_of(exchange)
    assert set(facts.environments) <= set(Environment.values)
    assert "mainnet" in facts.environments
    assert facts.needs_passphrase is (exchange in {"bitget", "kucoin", "kucoin_futures", "okx"})
    assert facts.fence_seconds(5) >= 5
    assert facts.reads_by_markets is (exchange != "bybit")
    assert (facts.limits is None) is (exchange == "bybit")


@pytest.mark.parametrize("exchange", CCXT_VENUES)
def test_what_no_profile_offers_is_declared_as_such(exchange):
    can = venue_of(exchange).capabilities
    assert not any((can.trails, can.waits_for_trigger, can.tells_results))
    assert can.amends is (exchange in {"binance_usdm", "gate", "okx"})
    assert can.stop is not StopKeeping.POSITION
    assert can.has_shorts is can.has_leverage is can.rests_targets


def test_what_is_missing_has_words():
    none = Capabilities(
        *(False, False, StopKeeping.NONE),
        **dict.fromkeys(("buys_at_market", "waits_for_trigger", "rests_targets"), False),
        **dict.fromkeys(("amends", "trails", "hedges", "tells_results"), False),
    )
    assert {*none.lacks(), *Capabilities(stop=StopKeeping.ORDER).lacks()} == set(LACKS)
    assert Capabilities().lacks() == []


def test_what_is_declared_loads_no_sdk():
    """The web reads it, and a page needs no 57 MiB of exchanges."""
    code = (
        "import sys\n"
        "from exchanges.registry import CCXT_VENUES, EXCHANGES, venue_of\n"
        "assert [venue_of(name) for name in [*EXCHANGES, *CCXT_VENUES]]\n"
        "assert not {'ccxt', 'pybit', 'requests', 'urllib3'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def test_a_request_that_says_how_long_it_is_good_for_is_believed():
    by_itself = VenueFacts(("mainnet",), matches_seconds=10)
    assert by_itself.fence_seconds(5) == 15
    by_the_server = VenueFacts(("mainnet",), accepts_seconds=30)
    assert by_the_server.fence_seconds(5) == 30
    assert VenueFacts(("mainnet",)).capabilities == Capabilities()


def test_a_place_is_an_environment_that_its_exchange_has(settings):
    settings.EGRESS = {"one": "", "two": ""}
    settings.EXCHANGES_OFFERED = ["bybit", "binance_usdm"]
    settings.EXCHANGE_ENVIRONMENTS = ["mainnet", "testnet", "demo", "sandbox"]
    assert places() == [
        *(("bybit", name) for name in ("mainnet", "testnet", "demo", "sandbox")),
        *(("binance_usdm", name) for name in ("mainnet", "demo")),
    ]
    assert budgets()[-2:] == ["binance_usdm/demo/one", "binance_usdm/demo/two"]
