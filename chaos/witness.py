"""What must hold after every fault, judged by the sandbox's ledger and by what is on record."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Collection, Mapping
from typing import Any

import requests

from accounts.models import ActivityEvent
from chaos.trade import Shape, Trade
from chaos.world import Control
from exchanges.models import Connection
from hexagonal.reconcile import differences
from notifications.models import OutboxMessage, TelegramLink
from signals.choices import AlarmCode, OrderStatus
from signals.domain.legs import is_entry_leg
from signals.domain.lifecycle import FINAL, CopyStatus
from signals.domain.link_ids import is_ours
from signals.models import Copy, Enrolment, Order
from signals.services.invariants import violations

SWEEP_SECONDS = 10.0  # longest that a position may be without a stop
SAMPLE = 0.25  # seconds between two looks at it
UNRESOLVED = [OrderStatus.SUBMITTING, OrderStatus.UNKNOWN]
# They last past their cause.
OF_PROCESSES = {AlarmCode.WORKERS_SILENT, AlarmCode.CLOCK_OFF, AlarmCode.ADDRESS_BANNED}
OPEN_ENDED = [CopyStatus.PENDING.value, CopyStatus.UNKNOWN.value]
FINAL_STATUSES = [status.value for status in FINAL]


class StopWatch:
    """Looks at every position all the time: since when has it had no stop?"""

    def __init__(self, exchange: Control) -> None:
        self._control = Control(exchange.url)  # a session of this thread's own
        self._since: dict[tuple[str, str], float] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self.longest: dict[tuple[str, str], float] = {}

    def __enter__(self) -> StopWatch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join(10)

    def _watch(self) -> None:
        while not self._over.wait(SAMPLE):
            try:
                rows = self._control.get("positions")["positions"]
            except (requests.RequestException, RuntimeError):
                continue
            self._note({(row["uid"], row["symbol"]) for row in rows if not row["has_stop"]})

    def _note(self, bare: set[tuple[str, str]]) -> None:
        now = time.monotonic()
        self._since = {place: self._since.get(place, now) for place in bare}
        for place, since in self._since.items():
            self.longest[place] = max(self.longest.get(place, 0.0), now - since)

    def complaints(self) -> list[str]:
        return [
            f"{symbol} of {uid} had no stop for {seconds:.1f} s"
            for (uid, symbol), seconds in sorted(self.longest.items())
            if seconds > SWEEP_SECONDS
        ]


def is_settled(trade: Trade) -> bool:
    """Whether every copy stands where it can stay: nothing is pending or of unknown fate."""
    copies = Copy.objects.filter(signal=trade.stored)
    waiting = _is_enrolling(trade) or copies.filter(status__in=OPEN_ENDED).exists()
    unfilled = trade.shape is Shape.MARKET and copies.filter(status="placed").exists()
    unresolved = Order.objects.filter(copy__signal=trade.stored, status__in=UNRESOLVED).exists()
    return not (waiting or unfilled or unresolved)


def is_over(trade: Trade) -> bool:
    live = Copy.objects.filter(signal=trade.stored).exclude(status__in=FINAL_STATUSES)
    return not (_is_enrolling(trade) or live.exists())


def _is_enrolling(trade: Trade) -> bool:
    """Whether copies are still to be made; asked first, because their rows go as copies come."""
    return Enrolment.objects.filter(signal=trade.stored).exists()


def judge(
    trade: Trade, exchange: Control, *, accounts: int, may_end: Collection[str], is_end: bool
) -> list[str]:
    """Everything that is not as it must be; a line each."""
    ledger = exchange.get("ledger")["accounts"]
    found = _forgotten(trade, accounts, may_end, is_end=is_end)
    found += _doubled(trade, ledger)
    for link in Connection.objects.select_related("user").order_by("pk"):
        found += differences(link, ledger[link.exchange_uid])
    return found + _told(trade) + _violated()


def _forgotten(trade: Trade, accounts: int, may_end: Collection[str], *, is_end: bool) -> list[str]:
    copies = Copy.objects.filter(signal=trade.stored).select_related("user")
    found = [] if len(copies) == accounts else [f"{len(copies)} copies of {accounts} accounts"]
    for copy in copies:
        is_final = copy.status in FINAL_STATUSES
        if is_final and not copy.reason:
            found.append(f"{copy.user.nickname}: {copy.status} without a reason")
        if is_final and not copy.entered_quantity and copy.reason not in may_end and not is_end:
            found.append(f"{copy.user.nickname}: {copy.status} {copy.reason}")
        if is_end and copy.due_at is not None:
            found.append(f"{copy.user.nickname}: {copy.status} and still looked at")
    return found


def _doubled(trade: Trade, ledger: Mapping[str, Any]) -> list[str]:
    """Entries at the exchange against the one that each copy may have."""
    legs = Order.objects.filter(copy__signal=trade.stored).exclude(link_id="")
    entries = {link for link, leg in legs.values_list("link_id", "leg") if is_entry_leg(leg)}
    known = set(Order.objects.exclude(link_id="").values_list("link_id", flat=True))
    found = []
    for uid, account in ledger.items():
        links = [row["orderLinkId"] for row in account["orders"] if is_ours(row["orderLinkId"])]
        found += [f"{uid}: {link} is on nobody's record" for link in links if link not in known]
        mine = [link for link in links if link in entries]
        if len(mine) > 1:
            found.append(f"{uid}: {len(mine)} entries")
    return found


def _violated() -> list[str]:
    """What the platform itself would raise an alarm for, of orders and positions."""
    return [
        f"{violation.code}: {violation.subject} {violation.detail}"
        for violation in violations()
        if violation.code not in OF_PROCESSES
    ]


def _told(trade: Trade) -> list[str]:
    """Each copy's entry and end are told once, and each fact that is told has one notice."""
    copies = Copy.objects.filter(signal=trade.stored)
    expected = {f"entered:{copy.pk}" for copy in copies if copy.entered_quantity > 0}
    expected |= {f"ended:{copy.pk}" for copy in copies if copy.status in FINAL_STATUSES}
    events = {event.key: event for event in ActivityEvent.objects.filter(key__in=expected)}
    found = [f"{key} was not told" for key in sorted(expected - set(events))]
    notices = Counter(
        OutboxMessage.objects.filter(
            key__in=[str(event.public_id) for event in events.values()]
        ).values_list("key", flat=True)
    )
    paired = set(TelegramLink.objects.values_list("user_id", flat=True))
    for key, event in events.items():
        count = notices[str(event.public_id)]
        if event.user_id in paired and count != 1:
            found.append(f"{key} has {count} notices")
    return found
