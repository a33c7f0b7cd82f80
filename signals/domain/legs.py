"""The names of a copy's orders: each leg has one order at a time."""

from __future__ import annotations

ENTRY = "entry"
CLOSE = "close"
STOP = "stop"  # where the exchange keeps none for the position
TARGET = "target-"
REDUCTION = "reduce-"


def entry_leg(step: int) -> str:
    """The ladder's steps are `entry`, `entry-2`, …: a single entry is its first."""
    return ENTRY if step == 1 else f"{ENTRY}-{step}"


def step_of(leg: str) -> int:
    return 1 if leg == ENTRY else int(leg.removeprefix(f"{ENTRY}-"))


def is_entry_leg(leg: str) -> bool:
    return leg.startswith(ENTRY)


def target_leg(position: int) -> str:
    return f"{TARGET}{position}"
