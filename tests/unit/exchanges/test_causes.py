"""What is said of an account names the exchange where it is, in both languages."""

from __future__ import annotations

import re

import pytest
from django.utils.translation import override

from exchanges.choices import ADVICE, CAUSES, NOTICES, ONLY_AT_BYBIT, ConnectionReason
from exchanges.models import Connection
from exchanges.venues import VENUES
from notifications.texts import render

HANGUL = re.compile(r"[가-힣]")
BYBIT = re.compile("Bybit|바이비트")


@pytest.mark.parametrize("language", ["ko", "en"])
@pytest.mark.parametrize("kind", sorted(VENUES))
def test_no_text_names_another_exchange(kind, language):
    with override(language):
        venue = VENUES[kind]
        for code in (set(CAUSES) | set(ADVICE) | set(NOTICES)) - ONLY_AT_BYBIT:
            said = venue.says(code)
            assert "%(" not in said
            assert bool(HANGUL.search(said)) is (language == "ko")
            assert kind == "bybit" or not BYBIT.search(said), code
        assert str(venue.name) in venue.says(ConnectionReason.INVALID_KEY)
        assert str(venue.name) in venue.says("transfer_right")


def test_what_only_bybit_has_is_said_of_nobody_else():
    assert {code for code in CAUSES if BYBIT.search(str(CAUSES[code]))} <= ONLY_AT_BYBIT


@pytest.mark.parametrize(("language", "name"), [("en", "Gate"), ("ko", "게이트")])
def test_a_connections_reason_names_its_own_exchange(language, name):
    link = Connection(exchange="gate", status="attention", reason="ip_not_allowed")
    with override(language):
        assert name in link.reason_text
    assert link.remedy_url == ""  # Bybit's page would help nobody there


def test_a_notice_names_the_connections_own_exchange():
    params = {"name": "alice", "connection": "main", "reason": "key_expired"}
    said = render("api_attention", params | {"exchange": "okx"}, "en")
    assert "Make a new one at OKX" in said
    assert "Bybit" not in said
    # A trade's reason of the same code says what became of the trade.
    assert "The API key has expired." in render("api_attention", params, "en")
