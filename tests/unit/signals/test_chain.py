"""The log's chain: whatever is changed, taken out or slipped in shows."""

from __future__ import annotations

import pytest

from signals.domain.chain import START, entry_hash, faults


def chain(length=3, signal="s1"):
    entries, previous = [], START
    for number in range(1, length + 1):
        entry = {
            "signal": signal,
            "number": number,
            "action": "publish",
            "author": "a",
            "at": f"2026-11-21T00:00:0{number}Z",
            "content": {"stop": "1", "note": "한글"},
            "previous": previous,
        }
        entry["hash"] = previous = entry_hash(entry)
        entries.append(entry)
    return entries


def rehashed(entry, **changes):
    entry = entry | changes
    return entry | {"hash": entry_hash(entry)}


def test_a_sound_chain_has_no_faults():
    assert faults(chain()) == []


def test_the_hash_covers_names_and_not_their_order():
    entry = chain(1)[0]
    assert entry_hash(dict(reversed(entry.items()))) == entry["hash"]
    assert entry_hash(entry | {"shown": "beside"}) == entry["hash"]
    assert entry_hash(entry | {"author": "b"}) != entry["hash"]


def test_an_empty_chain_and_a_stranger_are_faults():
    assert faults([]) == ["the chain is empty"]
    assert faults([*chain(1), "nonsense"]) == ["entry 2: not an entry"]


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda c: [c[0], c[1] | {"content": {}}, c[2]], "entry 2: its hash does not match"),
        (lambda c: [c[0], c[2]], "entry 2: it does not continue"),
        (lambda c: [c[0], rehashed(c[1], number=7)], "entry 2: its number is 7"),
        (lambda c: [c[0], rehashed(c[1], signal="s2")], "entry 2: it belongs to another"),
        (lambda c: [c[0], rehashed(c[1], at="2020")], "entry 2: it is older"),
        (lambda c: c[1:], "entry 1: it does not continue"),
    ],
)
def test_every_tampering_is_found(change, fault):
    assert any(found.startswith(fault) for found in faults(change(chain())))
