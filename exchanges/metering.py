"""One account's way through the governor; adapters know it as their meter."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence

from exchanges.domain.errors import EgressBlocked, ExchangeError, RateLimited, Unavailable
from exchanges.domain.lanes import Lane
from exchanges.governor import AHEAD_MS, PERMIT_MS, Ask, Permit, governor
from exchanges.models import Connection

LONG = 120.0  # seconds; no window is as long: this is a ban
LATE = PERMIT_MS / 1000
MOMENT = 0.05  # seconds that somebody who waits does not look up
LIMIT = "X-Bapi-Limit"
LEFT = "X-Bapi-Limit-Status"
RESET = "X-Bapi-Limit-Reset-Timestamp"


class TooLate(Unavailable):
    """Whoever sends a whole chunk is not entitled to any more: none of it leaves."""


class Purse:
    """Permits of one address that were taken for a whole chunk; each meter may spend one."""

    def __init__(self, budget: str, permits: Iterable[Permit]) -> None:
        self._budget = budget
        self._permits = _by_time(permits)
        self._lock = threading.Lock()

    def spend(self, leave: Callable[[], None]) -> Permit | None:
        """Spend a permit, and wait until it may leave; None when there is none any more.

        `leave` raises what keeps the request from leaving. With one account's refusal its own
        permit is given back; after `TooLate` all that is left of the purse, for it is somebody's
        stop that goes first.
        """
        with self._lock:
            self._count_late_ones_anew()
            permit = self._permits.popleft() if self._permits else None
        if permit is None:
            return None
        try:
            while (wait := permit.ready_at - time.monotonic()) > 0:
                leave()
                time.sleep(min(wait, MOMENT))
        except TooLate:
            self.give_back(permit)
            raise
        except ExchangeError:
            governor().give_back(self._budget, [permit])
            raise
        return None if self._is_banned() else in_time(self._budget, permit)

    def give_back(self, *spent_in_vain: Permit) -> None:
        """What was never sent need not count: others may have it."""
        with self._lock:
            permits, self._permits = [*spent_in_vain, *self._permits], deque()
        if permits:
            governor().give_back(self._budget, permits)

    def _count_late_ones_anew(self) -> None:
        """Let permits that have waited too long count from now on, all of them in one round trip.

        Those that waited so long that their place in the window is lost are dropped.
        """
        if self._is_banned():
            self._permits.clear()
        if not self._permits or self._permits[0].age <= LATE:  # the oldest of them
            return
        ages = [(permit.age, permit) for permit in self._permits]
        lost = governor().of(self._budget).window_ms / 2000
        late = [permit for age, permit in ages if LATE < age < lost]
        others = [permit for age, permit in ages if age <= LATE]
        self._permits = _by_time([*governor().restamp(self._budget, late), *others])

    def _is_banned(self) -> bool:
        return self._budget in governor().bans()


def in_time(budget: str, permit: Permit) -> Permit | None:
    """The permit, counted from now on if its request leaves late; None during a ban."""
    if permit.age <= LATE:
        return permit
    return next(iter(governor().restamp(budget, [permit])), None)


def _by_time(permits: Iterable[Permit]) -> deque[Permit]:
    return deque(sorted(permits, key=lambda permit: permit.granted_at))


class AccountMeter:
    """Asks for each request, unless it was paid for with a whole chunk.

    `patience`: seconds that a request may wait here for its turn; `until`: monotonic, when waiting
    ends for all of several requests that are worth nothing without the last. Asked when a request
    has its timestamp: `may_send`, whether whoever sends the whole chunk is still entitled to, and
    `may_leave`, whether this account's may go.
    """

    __slots__ = (
        *("_account", "_paid_kind", "_permit", "_purse"),
        *("budget", "lane", "may_leave", "may_send", "patience", "until"),
    )

    def __init__(self, budget: str, account: str, lane: Lane, *, patience: float = 0.0) -> None:
        self.budget = budget
        self._account = account
        self._purse: Purse | None = None
        self._paid_kind = ""
        self._permit: Permit | None = None  # of the request that is on its way
        self.lane = lane
        self.patience = patience
        self.until = 0.0
        self.may_send: Callable[[], bool] | None = None
        self.may_leave: Callable[[], bool] | None = None

    def ask(self, kind: str, *, is_write: bool = True, weight: int = 1) -> Ask:
        return Ask(self.budget, self.lane, self._account, kind, is_write, weight)

    def pay(self, purse: Purse, kind: str) -> None:
        """Let the next request of this kind be paid for from here."""
        self._purse, self._paid_kind = purse, kind

    def admit(self, request: str, *, is_write: bool, weight: int = 1) -> None:
        self._permit = None  # the last one's has left
        self._permit = self._paid(request)
        if self._permit is not None:
            return
        give_up = max(time.monotonic() + self.patience, self.until)
        while True:
            (permit,) = governor().take([self.ask(request, is_write=is_write, weight=weight)])
            if permit.is_granted:
                self._permit = permit
                return
            if time.monotonic() + permit.wait > give_up:
                kind = EgressBlocked if permit.wait >= LONG else RateLimited
                raise kind("no room under the exchange's limits", retry_after=permit.wait)
            time.sleep(permit.wait)

    def leave(self) -> None:
        refusal = self._refusal()
        if refusal is not None:
            if self._permit is not None:
                governor().give_back(self.budget, [self._permit])
                self._permit = None
            raise refusal

    def _refusal(self) -> Unavailable | None:
        if self.may_send is not None and not self.may_send():
            return TooLate("too late: somebody else may have taken over")
        if self.may_leave is not None and not self.may_leave():
            return Unavailable("held back")
        return None

    def leave_late(self) -> None:
        """The way to the exchange had to be opened first: the request counts from now on."""
        self.leave()
        if self._permit is not None:
            self._permit = in_time(self.budget, self._permit)
            if self._permit is None:
                raise Unavailable("the address has been banned meanwhile")

    def answered(self) -> None:
        if self._permit is not None:
            governor().answered(self.budget, self._permit)

    def settle(self) -> None:
        """Give back what was paid for and has not left, if anything."""
        if self._purse is not None:
            self._purse.give_back()

    def _paid(self, kind: str) -> Permit | None:
        if self._purse is None or kind != self._paid_kind:
            return None
        purse, self._purse = self._purse, None
        return purse.spend(self.leave)

    def learn(self, request: str, headers: Mapping[str, str]) -> None:
        if not self._account:
            return
        most, left, reset = headers.get(LIMIT), headers.get(LEFT), headers.get(RESET)
        governor().of(self.budget).learn(
            self._account,
            request,
            most=int(most) if most and most.isdigit() else None,
            until_ms=int(reset) if left == "0" and reset and reset.isdigit() else None,
        )

    def freeze(self, seconds: float) -> None:
        governor().freeze(self.budget, seconds)


def meter_of(link: Connection, lane: Lane, *, patience: float = 0.0) -> AccountMeter:
    account = f"{link.exchange}/{link.exchange_uid}" if link.exchange_uid else ""
    return AccountMeter(link.budget, account, lane, patience=patience)


def pay_for(meters: Sequence[AccountMeter], kind: str) -> list[Permit]:
    """Let one request of each go that enters, now or in a moment, in one round trip.

    Those that may not get no permit.
    """
    weights = {budget: governor().of(budget).entry for budget in {m.budget for m in meters}}
    asks = [meter.ask(kind, weight=weights[meter.budget]) for meter in meters]
    permits = governor().take(asks, ahead_ms=AHEAD_MS)
    granted: dict[str, list[tuple[AccountMeter, Permit]]] = {}
    for meter, permit in zip(meters, permits, strict=True):
        if permit.is_granted:
            granted.setdefault(meter.budget, []).append((meter, permit))
    for budget, pairs in granted.items():
        purse = Purse(budget, [permit for _, permit in pairs])
        for meter, _ in pairs:
            meter.pay(purse, kind)
    return permits
