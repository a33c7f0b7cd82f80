"""The signal log's chain: each revision holds the hash of the one before it.

Whoever keeps an export can show later that nothing was changed, taken out or slipped in: every
hash covers the whole entry and, through `previous`, all entries before it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence

START = "0" * 64  # what the first entry has before it
COVERED = ("signal", "number", "action", "author", "at", "content", "previous")


def entry_hash(entry: Mapping[str, object]) -> str:
    """SHA-256 over the entry's canonical JSON (RFC 8785's spirit: sorted keys, no spaces)."""
    covered = {name: entry.get(name) for name in COVERED}
    text = json.dumps(covered, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def faults(entries: Sequence[object]) -> list[str]:
    """What is wrong with an exported chain, entry by entry; an empty list means it is sound."""
    found: list[str] = []
    before: Mapping[str, object] = {}
    for number, entry in enumerate(entries, start=1):
        if not isinstance(entry, Mapping):
            return [*found, f"entry {number}: not an entry"]
        found += [f"entry {number}: {fault}" for fault in _faults(entry, before, number)]
        before = entry
    return found or ([] if entries else ["the chain is empty"])


def _faults(entry: Mapping[str, object], before: Mapping[str, object], number: int) -> list[str]:
    found = []
    if entry.get("hash") != entry_hash(entry):
        found.append("its hash does not match its content")
    if entry.get("previous") != before.get("hash", START):
        found.append("it does not continue the entry before it")
    if entry.get("number") != number:
        found.append(f"its number is {entry.get('number')}")
    if before and entry.get("signal") != before.get("signal"):
        found.append("it belongs to another signal")
    if before and str(entry.get("at")) < str(before.get("at")):
        found.append("it is older than the entry before it")
    return found
