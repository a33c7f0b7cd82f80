"""One account's way through the governor; adapters know it as their meter."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

from django.conf import settings

from exchanges.domain.errors import EgressBlocked, RateLimited, Unavailable
from exchanges.domain.lanes import Lane
from exchanges.governor import PERMIT_MS, Ask, Permit, governor
from exchanges.models import Connection

LONG = 60.0  # seconds; no window is as long: this is a ban
LIMIT = "X-Bapi-Limit"
LEFT = "X-Bapi-Limit-Status"
RESET = "X-Bapi-Limit-Reset-Timestamp"


class AccountMeter:
    """Asks for each request, unless it was paid for with a whole chunk.

    `patience`: seconds that a request may wait here for its turn; `until`: monotonic, when waiting
    ends for all of several requests that are worth nothing without the last. `may_leave`: whether
    whoever sends is still entitled to, asked when a request has its timestamp.
    """

    __slots__ = ("_account", "_budget", "_paid", "lane", "may_leave", "patience", "until")

    def __init__(self, budget: str, account: str, lane: Lane, *, patience: float = 0.0) -> None:
        self._budget = budget
        self._account = account
        self._paid: list[Permit] = []
        self.lane = lane
        self.patience = patience
        self.until = 0.0
        self.may_leave: Callable[[], bool] | None = None

    def ask(self, kind: str, *, is_write: bool = True) -> Ask:
        """An account's reads (50 a second) are never many enough to be counted."""
        return Ask(self._budget, self.lane, self._account if is_write else "", kind)

    def pay(self, permit: Permit) -> None:
        """Take a permit for the next request."""
        self._paid.append(permit)

    def admit(self, request: str, *, is_write: bool) -> None:
        if self._has_paid():
            return
        give_up = max(time.monotonic() + self.patience, self.until)
        while True:
            (permit,) = governor().take([self.ask(request, is_write=is_write)])
            if permit.is_granted:
                return
            if time.monotonic() + permit.wait > give_up:
                kind = EgressBlocked if permit.wait >= LONG else RateLimited
                raise kind("no room under the exchange's limits", retry_after=permit.wait)
            time.sleep(permit.wait)

    def leave(self) -> None:
        if self.may_leave is not None and not self.may_leave():
            raise Unavailable("too late: somebody else may have taken over")

    def _has_paid(self) -> bool:
        """A permit that has waited too long counts from now: it was never used."""
        if not self._paid:
            return False
        permit = self._paid.pop()
        if _is_stale(permit):
            return False
        if permit.granted_at < time.monotonic() - PERMIT_MS / 1000:
            governor().restamp(self._budget, [permit])
        return True

    def learn(self, request: str, headers: Mapping[str, str]) -> None:
        if not self._account:
            return
        most, left, reset = headers.get(LIMIT), headers.get(LEFT), headers.get(RESET)
        governor().learn(
            self._account,
            request,
            most=int(most) if most and most.isdigit() else None,
            until_ms=int(reset) if left == "0" and reset and reset.isdigit() else None,
        )

    def freeze(self, seconds: float) -> None:
        governor().freeze(self._budget, seconds)


def _is_stale(permit: Permit) -> bool:
    """Whether its place in the window may have been given to somebody else by now."""
    return time.monotonic() - permit.granted_at >= settings.EGRESS_WINDOW_MS / 2000


def renew(meters: Sequence[AccountMeter]) -> None:
    """Count what was paid for from now on: between taking a permit and using it, time passes."""
    paid: dict[str, list[tuple[AccountMeter, Permit]]] = {}
    for meter in meters:
        fresh = [permit for permit in meter._paid if not _is_stale(permit)]  # noqa: SLF001 - one module
        paid.setdefault(meter._budget, []).extend((meter, permit) for permit in fresh)  # noqa: SLF001
        meter._paid = []  # noqa: SLF001
    for budget, held in paid.items():
        permits = governor().restamp(budget, [permit for _, permit in held])
        for (meter, _), permit in zip(held, permits, strict=True):
            meter.pay(permit)


def meter_of(link: Connection, lane: Lane, *, patience: float = 0.0) -> AccountMeter:
    return AccountMeter(link.budget, link.exchange_uid, lane, patience=patience)


def pay_for(meters: Sequence[AccountMeter], kind: str) -> list[Permit]:
    """Let one request of each go, in one round trip; those that may not get no permit."""
    permits = governor().take([meter.ask(kind) for meter in meters])
    for meter, permit in zip(meters, permits, strict=True):
        if permit.is_granted:
            meter.pay(permit)
    return permits
