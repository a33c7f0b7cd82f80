"""The guides: one for every exchange, in both languages, and none that asks for too much."""

from __future__ import annotations

import re

import pytest
from django.utils.translation import override

from exchanges.choices import CAUSES, PAIRED, ConnectionReason
from exchanges.guides import GUIDES, TRANSFERS, WITHDRAWALS, Need
from exchanges.venues import VENUES, coming, offered

HANGUL = re.compile(r"[가-힣]")
MOVES_MONEY = re.compile(r"withdraw|transfer|wallet", re.IGNORECASE)


def texts_of(guide):
    yield from (*guide.steps, *guide.paired_steps, *guide.notes)
    yield from (permission.why for permission in guide.permissions)


def test_every_exchange_has_a_guide_and_every_guide_an_exchange():
    assert {venue.guide for venue in VENUES.values()} == set(GUIDES)
    assert len(GUIDES) == 11


@pytest.mark.parametrize("name", GUIDES)
def test_a_guide_is_complete_in_both_languages(name):
    guide = GUIDES[name]
    assert guide.steps
    for text in texts_of(guide):
        with override("en"):
            assert not HANGUL.search(str(text))
        with override("ko"):
            assert HANGUL.search(str(text)), text


@pytest.mark.parametrize("name", GUIDES)
def test_what_moves_money_is_left_off_and_something_is_ticked(name):
    needs = {str(one.name): one for one in GUIDES[name].permissions}
    assert Need.YES in {one.need for one in needs.values()}
    for label, permission in needs.items():
        moves = MOVES_MONEY.search(label) or permission.why in (TRANSFERS, WITHDRAWALS)
        assert (permission.need is Need.NO) or not moves, label


def test_where_a_public_key_can_be_registered_the_guide_says_how():
    assert {name for name, guide in GUIDES.items() if guide.paired_steps} == PAIRED


def test_what_is_offered_and_what_is_coming_make_all(settings):
    settings.EXCHANGES_OFFERED = ["okx", "bybit"]
    assert list(offered()) == ["okx", "bybit"]
    assert {*offered(), *(venue.kind for venue in coming())} == set(VENUES)


def test_environments_are_those_that_are_served_in_their_order(settings):
    settings.EXCHANGE_ENVIRONMENTS = ["sandbox", "demo", "mainnet"]
    assert VENUES["bybit"].open_environments == ["sandbox", "demo", "mainnet"]
    assert VENUES["okx"].open_environments == ["demo", "mainnet"]
    assert VENUES["mexc"].open_environments == ["mainnet"]


def test_every_reason_has_its_cause():
    assert set(CAUSES) == set(ConnectionReason) - {ConnectionReason.NONE}
