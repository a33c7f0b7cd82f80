"""What a test asks to go wrong with the sockets, beside cutting them."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count
from typing import Any

KINDS = {
    "refuse": "a handshake is answered with `status`",
    "silence": "half-open: a socket is accepted and heard, and never told anything, not a pong",
    "swallow": "a push is lost",
    "duplicate": "a push comes twice",
    "reorder": "a push comes after the one that follows it",
    "delay": "a push comes `ms` later",
    "filled_twice": "a fill that a cancel raced with: a second Filled follows the first",
}


@dataclass(slots=True)
class Trouble:
    """`kind` says what happens; the rest, to whom and how often."""

    id: int
    kind: str
    uid: str = ""
    address: str = ""
    topic: str = ""
    times: int = -1  # -1: for ever
    ms: int = 0
    status: int = 503

    def fits(self, kind: str, *, uid: str = "", address: str = "", topic: str = "") -> bool:
        return (
            self.kind == kind
            and self.times != 0
            and (not self.uid or self.uid == uid)
            and (not self.address or self.address == address)
            and (not self.topic or self.topic == topic)
        )


@dataclass(slots=True)
class Troubles:
    active: list[Trouble] = field(default_factory=list)
    _ids: Any = field(default_factory=lambda: count(1))

    def add(self, spec: dict[str, Any]) -> int:
        if spec.get("kind") not in KINDS:
            raise ValueError(f"unknown kind of trouble: {spec.get('kind')}")
        trouble = Trouble(id=next(self._ids), **spec)
        self.active.append(trouble)
        return trouble.id

    def remove(self, trouble_id: int | None) -> None:
        self.active = [
            one for one in self.active if trouble_id is not None and one.id != trouble_id
        ]

    def lasts(self, kind: str, **where: str) -> bool:
        """Whether such a trouble is there, without counting it down."""
        return any(trouble.fits(kind, **where) for trouble in self.active)

    def strike(self, kind: str, **where: str) -> Trouble | None:
        """The trouble of a kind that strikes here; counts it down."""
        for trouble in self.active:
            if trouble.fits(kind, **where):
                trouble.times -= 1 if trouble.times > 0 else 0
                return trouble
        return None
