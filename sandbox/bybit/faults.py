"""Faults on demand: what a test asks to go wrong, and when."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from itertools import count
from typing import Any

BEFORE = {"latency", "drop_before", "http", "retcode"}
AFTER = {
    "accept_then_timeout",
    "accept_then_reset",
    "half_response",  # all headers, half the body, and the end of the connection
    "not_json",
    "no_order_id",
    "show_after",  # an order is accepted and shows in the lists after so many ms only
    "slow_response",  # a byte every so many ms
}


@dataclass(slots=True)
class Fault:
    """`kind` says what happens; the rest, to which requests and how often."""

    id: int
    kind: str
    path: str = ""
    uid: str = ""
    symbol: str = ""
    link_id_prefix: str = ""
    times: int = -1  # -1: for ever
    after: int = 0  # let so many matching requests through first
    probability: float = 1.0
    ms: int = 0
    status: int = 500
    body: str = ""
    code: int = 10016
    message: str = "Server error."
    reset_ms: int | None = None  # of retcode 10006: when the limit ends; None leaves that out
    executed: bool = False  # of retcode: answered so although it was carried out

    @property
    def is_before(self) -> bool:
        return self.kind in BEFORE and not (self.kind == "retcode" and self.executed)


@dataclass(slots=True)
class Faults:
    seed: int = 1
    latency_ms: int = 0
    active: list[Fault] = field(default_factory=list)
    _ids: Any = field(default_factory=lambda: count(1))
    _dice: random.Random = field(default_factory=lambda: random.Random(1))  # noqa: S311

    def add(self, spec: dict[str, Any]) -> int:
        if spec.get("kind") not in BEFORE | AFTER:
            raise ValueError(f"unknown kind of fault: {spec.get('kind')}")
        seed = spec.pop("seed", None)
        if seed is not None:
            self._dice = random.Random(seed)  # noqa: S311 - reproducible, not secret
        fault = Fault(id=next(self._ids), **spec)
        self.active.append(fault)
        return fault.id

    def remove(self, fault_id: int | None) -> None:
        self.active = [f for f in self.active if fault_id is not None and f.id != fault_id]

    def find(self, path: str, uid: str, params: dict[str, Any]) -> Fault | None:
        """The fault that strikes this request; counts it down."""
        for fault in self.active:
            if not _matches(fault, path, uid, params):
                continue
            if fault.after > 0:
                fault.after -= 1
                continue
            if fault.times == 0 or self._dice.random() >= fault.probability:
                continue
            fault.times -= 1 if fault.times > 0 else 0
            return fault
        return None


def _matches(fault: Fault, path: str, uid: str, params: dict[str, Any]) -> bool:
    link = str(params.get("orderLinkId") or "")
    return (
        (not fault.path or fault.path == path)
        and (not fault.uid or fault.uid == uid)
        and (not fault.symbol or fault.symbol == params.get("symbol"))
        and (not fault.link_id_prefix or link.startswith(fault.link_id_prefix))
    )
