"""A signal goes to text and back, and one value has one spelling."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal as D

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signals.domain.draft import Entry, EntryKind, Expiry, StopKind, StopRule, Trail, Weighting
from signals.domain.terms import (
    asks_to_trail,
    content_of,
    entry_from,
    expiry_from,
    stop_rule_from,
    terms_of,
    text,
    trail_from,
)
from tests.fixtures.people import long_btc

NUMBERS = st.decimals(min_value=0, max_value=10**9, places=6)
SOME = st.none() | NUMBERS
TRAILS = st.builds(Trail, SOME, SOME, SOME)
ENTRIES = st.builds(
    Entry,
    kind=st.sampled_from(EntryKind),
    steps=st.integers(1, 10),
    weighting=st.sampled_from(Weighting),
    weights=st.lists(NUMBERS, max_size=10).map(tuple),
    trigger=SOME,
    trigger_rises=st.none() | st.booleans(),
)
RULES = st.builds(StopRule, st.sampled_from(StopKind), st.integers(1, 10), st.none() | TRAILS)
EXPIRIES = st.builds(
    Expiry,
    st.none() | st.integers(1, 10**5).map(lambda minutes: timedelta(minutes=minutes)),
    st.booleans(),
    SOME,
)
DRAFTS = st.builds(
    long_btc, entry=ENTRIES, stop_rule=RULES, runner=st.none() | TRAILS, expiry=EXPIRIES
)


@given(draft=DRAFTS)
def test_what_is_stored_is_read_back(draft):
    terms = json.loads(json.dumps(terms_of(draft)))
    read = replace(
        draft,
        entry=entry_from(terms),
        stop_rule=stop_rule_from(terms),
        runner=trail_from(terms["runner"]),
        expiry=expiry_from(terms),
    )
    assert read == draft
    assert terms_of(read) == terms


@given(draft=DRAFTS, zeros=st.integers(0, 4))
def test_the_same_signal_has_the_same_content_however_its_numbers_were_written(draft, zeros):
    padded = replace(
        draft,
        stop=draft.stop.quantize(D(1).scaleb(-zeros)),
        leverage=draft.leverage.normalize(),
    )
    assert json.dumps(content_of(padded)) == json.dumps(content_of(draft))


@pytest.mark.parametrize(
    ("value", "shown"),
    [("1E+3", "1000"), ("100", "100"), ("0.10", "0.1"), ("0.00", "0"), ("1E-7", "0.0000001")],
)
def test_a_number_has_one_spelling(value, shown):
    assert text(D(value)) == shown


def test_old_terms_without_a_part_read_as_the_usual_signal():
    assert entry_from({}) == Entry()
    assert stop_rule_from({"stop_rule": {"after": "2"}}) == StopRule()
    assert trail_from("nonsense") is None
    assert expiry_from({"expiry": {"minutes": "5"}}) == Expiry()
    assert entry_from({"entry": {"weights": ["1", 2], "trigger_rises": "yes"}}) == Entry(
        weights=(D(1),)
    )


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, False),
        ({"runner": Trail(percent=D(1))}, True),
        ({"stop_rule": StopRule(StopKind.TRAILING, trail=Trail(distance=D(5)))}, True),
        ({"stop_rule": StopRule(StopKind.BREAK_EVEN)}, False),
    ],
)
def test_whether_a_stop_of_ours_may_trail_is_read_from_a_revision(changes, expected):
    assert asks_to_trail(terms_of(long_btc(**changes))) is expected
