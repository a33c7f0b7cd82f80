"""The exchanges' limits, spent by all processes together: one budget an address and an account.

Some exchanges count a request as more than one: what is said of requests here is meant of their
weight, which each ask and each permit names. Bybit lets an address send 600 requests in any five
seconds, and bans it for ten minutes beyond that; an account may send ten of a kind in any second
(https://bybit-exchange.github.io/docs/v5/rate-limit). A permit is counted from before its request
leaves until the window after it has passed at the exchange for certain, however late its answer
came, so the exchange never counts more than we do.

The limiter libraries that were looked at (limits, pyrate-limiter, aiolimiter) count one key a call
and know no lanes; here a whole chunk is let go in one round trip, by address, account and lane at
once, and a loss of the memory is noticed. When Redis is away each process spends a small share of
its own.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cache
from pathlib import Path

import redis
from django.conf import settings

from exchanges.domain.lanes import Lane
from exchanges.domain.venues import Limits
from exchanges.registry import venue_of

log = logging.getLogger(__name__)

SCRIPT = (Path(__file__).parent / "governor.lua").read_text()
PREFIX = "governor:"
BUCKET_MS = 20
ACCOUNT_SPAN_MS = 1_000
ACCOUNT_MOST = 10  # requests of a kind a second, until the exchange says otherwise
# How long a permit may wait in this process, and how uneven the way to the exchange may be: windows
# are longer by both, or late requests would meet early ones in one window of the exchange's.
PERMIT_MS = 60
JITTER_MS = 50
# How early a chunk may have room that comes back; it sets out for what comes a little sooner, since
# others may count on the same, and are asked for it once they have read and planned.
AHEAD_MS = 2_600
SOON_MS = 2_000
# Each lane stops where the more urgent ones still find room.
SHARE = {
    Lane.PROTECT: 0.99,
    Lane.ENTRY: 0.97,
    Lane.AMEND: 0.80,
    Lane.WATCH: 0.50,  # with what is polled, which gets its turns
    Lane.POLL: 0.50,
}
AWAY_SECONDS = 1.0  # how long Redis is left alone after it did not answer
LOCAL_SHARE = 0.5  # of the limit, for all processes together, while Redis is away


@dataclass(frozen=True, slots=True)
class Ask:
    """A request that wants to leave; `account` may be empty for public ones."""

    budget: str
    lane: Lane
    account: str = ""
    kind: str = ""  # the adapter's name for the request: accounts may have a limit for each
    is_write: bool = True
    weight: int = 1  # of the budget; for its account a request is one, whatever it weighs


@dataclass(frozen=True, slots=True)
class Permit:
    """Whether a request may leave; if not, when to ask again."""

    is_granted: bool
    wait: float = 0.0  # seconds
    stamp: int = 0  # which bucket counts it
    granted_at: float = 0.0  # monotonic seconds: it counts from then
    ready_at: float = 0.0  # monotonic seconds: it may leave from then, never sooner
    weight: int = 1

    @property
    def age(self) -> float:
        """Seconds since it counts."""
        return time.monotonic() - self.granted_at


@dataclass(frozen=True, slots=True)
class Room:
    """What is left of a budget, in weight."""

    used: int  # at most, from now on
    used_soon: int  # when what comes back in a moment has come
    most: int
    window_ms: int  # of the exchange: `most` may leave in any span of this length
    wait: float  # seconds until some of it comes back
    frozen: float  # seconds that the exchange's ban goes on
    is_doubtful: bool = False  # nobody knows what others have spent
    entry: int = 1  # what an order weighs that enters
    look: int = 1  # what a full look at one market weighs

    def left(self, lane: Lane) -> int:
        return self._beyond(self.used, lane)

    def left_soon(self, lane: Lane) -> int:
        """What a chunk that asks ahead may take."""
        return self._beyond(self.used_soon, lane)

    def most_of(self, lane: Lane) -> int:
        return most_of(lane, self.most, is_doubtful=self.is_doubtful)

    def _beyond(self, used: int, lane: Lane) -> int:
        return 0 if self.frozen > 0 else max(self.most_of(lane) - used, 0)


def most_of(lane: Lane, most: int, *, is_doubtful: bool = False) -> int:
    """How far a lane may fill a window; in doubt a little is kept for what protects."""
    if is_doubtful:
        return 1 if lane is Lane.PROTECT else 0
    return max(math.floor(most * SHARE[lane]), 1)


@dataclass
class Local:
    """This process's own share, for when Redis is away; it starts as if it were spent."""

    most: int
    window_ms: int
    span: float
    free_from: float = 0.0
    times: dict[str, deque[tuple[float, int]]] = field(default_factory=dict)  # with their weight
    spent: dict[str, int] = field(default_factory=dict)  # to be told to Redis when it is back

    def start(self, now: float) -> None:
        """Redis has just gone: what it let go, or promised, before still counts at the exchange."""
        self.times.clear()
        self.free_from = now + self.span + AHEAD_MS / 1000

    def take(self, ask: Ask, now: float) -> Permit:
        """A small share may be less than one request weighs: the first of a window may leave."""
        times = self.times.setdefault(ask.budget, deque())
        while times and times[0][0] <= now - self.span:
            times.popleft()
        most = most_of(ask.lane, self.most, is_doubtful=now < self.free_from)
        used = sum(weight for _, weight in times)
        if used + min(ask.weight, most) > most or most == 0:
            first = times[0][0] + self.span if times else self.free_from
            return Permit(is_granted=False, wait=max(first - now, BUCKET_MS / 1000))
        times.append((now, ask.weight))
        self.spent[ask.budget] = self.spent.get(ask.budget, 0) + ask.weight
        return Permit(is_granted=True, granted_at=now, ready_at=now, weight=ask.weight)

    def used(self, budget: str, now: float) -> int:
        return sum(weight for at, weight in self.times.get(budget, ()) if at > now - self.span)


class Governor:
    """Hands out one exchange's permits; safe to use from many threads.

    `limits` is for an exchange that counts all of an account's writes together. Without it each
    kind of write has a limit of its own (Bybit's), and reads have none.
    """

    def __init__(
        self,
        url: str,
        *,
        most: int,
        span_ms: int,
        processes: int,
        assumed: int,
        limits: Limits | None = None,
    ) -> None:
        self._redis = redis.Redis.from_url(url, socket_timeout=0.3, socket_connect_timeout=0.3)
        self._script = self._redis.register_script(SCRIPT)
        self._most, self._limits = most, limits
        self.window_ms = span_ms
        self.entry, self._look = (limits.entry, limits.look) if limits else (1, 1)
        own = span_ms + PERMIT_MS + JITTER_MS
        self._head = (PREFIX, own, BUCKET_MS, assumed, self._account_ms, AHEAD_MS)
        span = own / 1000
        alone = max(math.floor(most * LOCAL_SHARE / processes), 1)
        self._local = Local(alone, span_ms, span)
        self._lock = threading.Lock()
        self._away_until = 0.0
        self._is_away = False
        self._frozen: dict[str, float] = {}  # monotonic; so that a ban is kept without Redis too
        self._told: dict[tuple[str, str], int] = {}
        self._late: dict[str, Counter[tuple[int, int]]] = {}  # by budget: stamps before and after

    @property
    def _account_ms(self) -> int:
        return ACCOUNT_SPAN_MS + PERMIT_MS + JITTER_MS

    def take(self, asks: Sequence[Ask], *, ahead_ms: int = 0) -> list[Permit]:
        """Let requests go, as many as the limits allow, in one round trip.

        With `ahead_ms` some may leave only in a moment, each from its `ready_at`.
        """
        now = time.monotonic()
        bans = self.bans()
        free = [ask for ask in asks if ask.budget not in bans]
        permits = iter(self._take(free, now, ahead_ms))
        return [
            Permit(is_granted=False, wait=bans[ask.budget]) if ask.budget in bans else next(permits)
            for ask in asks
        ]

    def _take(self, asks: Sequence[Ask], now: float, ahead_ms: int) -> list[Permit]:
        if not asks:
            return []
        arguments: list[str | int] = [ahead_ms]
        for ask in asks:
            account, own = self._account_limit(ask)
            arguments += [ask.budget, most_of(ask.lane, self._most), account, own, ask.weight]
        answer = self._call("take", arguments)
        if answer is None:
            with self._lock:
                return [self._local.take(ask, now) for ask in asks]
        heard = time.monotonic()  # what has to wait waits from here: too long rather than too short
        permits = []
        for i, ask in zip(range(0, len(answer), 3), asks, strict=True):
            granted, wait, stamp = bool(answer[i]), answer[i + 1] / 1000, answer[i + 2]
            later = wait if granted else 0.0
            permits.append(Permit(granted, wait, stamp, now + later, heard + later, ask.weight))
        return permits

    def _account_limit(self, ask: Ask) -> tuple[str, int]:
        """The account's window that a request counts in ("" for none), and how many fit into it."""
        if not ask.account:
            return "", 0
        if self._limits is None:
            return (f"{ask.account}:{ask.kind}" if ask.is_write else ""), ACCOUNT_MOST
        most = self._limits.account_writes if ask.is_write else self._limits.account_reads
        name = "writes" if ask.is_write else "reads"
        return ("", 0) if most is None else (f"{ask.account}:{name}", most)

    def room(self, budgets: Iterable[str]) -> dict[str, Room]:
        """What is left of budgets, taking nothing."""
        names, now = list(budgets), time.monotonic()
        bans = self.bans()
        answer = self._call("room", [SOON_MS, *names])
        if answer is None:
            return {name: self._room_alone(name, now, bans.get(name, 0.0)) for name in names}
        rooms = {}
        for number, name in enumerate(names):
            used, soon, wait, frozen = answer[4 * number : 4 * number + 4]
            ban = max(frozen / 1000, bans.get(name, 0.0))
            self._remember(name, ban)
            rooms[name] = self._room(used, soon, self._most, wait / 1000, ban)
        return rooms

    def _room_alone(self, budget: str, now: float, ban: float) -> Room:
        """What is left of this process's own share."""
        with self._lock:
            used, is_doubtful = self._local.used(budget, now), now < self._local.free_from
        room = self._room(used, used, self._local.most, self._local.span, ban)
        return replace(room, is_doubtful=is_doubtful)

    def _room(self, used: int, soon: int, most: int, wait: float, ban: float) -> Room:
        entry, look = self.entry, self._look
        return Room(used, soon, most, self.window_ms, wait, ban, entry=entry, look=look)

    def restamp(self, budget: str, permits: Sequence[Permit]) -> list[Permit]:
        """Count permits from now on: they were taken a moment ago and leave only now.

        None of them is left when the address has been banned meanwhile.
        """
        groups = _by_stamp(permits)
        if not groups:
            return [*permits]  # of this process alone, or none
        now = time.monotonic()
        answer = self._call("restamp", [budget, *groups])
        if answer is None:  # not counted anew: they grow old
            return [*permits]
        if not answer[0]:
            return []
        # By the new stamp, or another turn would count them once more.
        return [Permit(True, 0.0, answer[0], now, now, permit.weight) for permit in permits]  # noqa: FBT003

    def give_back(self, budget: str, permits: Sequence[Permit]) -> None:
        """Count permits no more: their requests have not left and never will."""
        groups = _by_stamp(permits)
        if groups:
            self._call("return", [budget, *groups])

    def answered(self, budget: str, permit: Permit) -> None:
        """Count a request from its answer, less what windows are longer by.

        The exchange counts it when it arrives, which a hold-up on the way delays: certain is only
        that the answer was later. Redis hears of it with this process's next question.
        """
        late = permit.age * 1000 - PERMIT_MS - JITTER_MS
        if permit.stamp and late > 0:
            stamp = permit.stamp + math.ceil(late / BUCKET_MS) * BUCKET_MS
            with self._lock:
                self._late.setdefault(budget, Counter())[permit.stamp, stamp] += permit.weight

    def freeze(self, budget: str, seconds: float) -> None:
        """Stop an address: the exchange has banned it, and every request prolongs that."""
        log.error("%s waits out a ban of %d s", budget, seconds)
        self._freeze(budget, seconds)

    def remind(self, budget: str, seconds: float) -> None:
        """Put back a ban that Redis may have forgotten."""
        self._freeze(budget, seconds)

    def _freeze(self, budget: str, seconds: float) -> None:
        """The longer one stands: a pause that was asked for on the way ends no ban."""
        self._remember(budget, seconds)
        key, left = f"{PREFIX}frozen:{budget}", max(int(seconds * 1000), 1)
        try:
            if not self._redis.set(key, 1, px=left, nx=True):
                self._redis.pexpire(key, left, gt=True)
        except redis.RedisError:
            return  # this process's own memory still holds

    def _remember(self, budget: str, seconds: float) -> None:
        """Keep the latest end of a ban that was heard of: Redis may be emptied before it."""
        until = time.monotonic() + seconds
        if seconds > 0 and until > self._frozen.get(budget, 0.0) + 1:  # a reading is never exact
            self._frozen[budget] = until

    def learn(self, account: str, kind: str, *, most: int | None, until_ms: int | None) -> None:
        """Take over what the exchange says about an account's own limit."""
        key = f"{PREFIX}account:{account}:{kind}"
        try:
            if most is not None and self._told.get((account, kind), ACCOUNT_MOST) != most:
                self._redis.set(f"{key}:most", most, ex=3600)
                self._told[(account, kind)] = most
            wait = until_ms - int(time.time() * 1000) if until_ms is not None else 0
            if wait > 0:
                self._redis.set(f"{key}:until", 1, px=min(wait, 10_000))
        except redis.RedisError:
            return  # the exchange will say it again

    # --- without Redis -----------------------------------------------------------------------

    def _call(self, command: str, arguments: Sequence[str | int]) -> list[int] | None:
        """Run the script; None while Redis is away."""
        if time.monotonic() < self._away_until:
            return None
        try:
            if self._is_away:  # what others have spent alone meanwhile, nobody knows yet
                self._redis.delete(f"{PREFIX}born")
            self._report_back()
            self._tell_late()
            answer: list[int] = self._script(args=[command, *self._head, *arguments])
        except (redis.RedisError, OSError) as error:
            self._note_away(error)
            return None
        self._is_away = False
        return answer

    def _note_away(self, error: Exception) -> None:
        with self._lock:
            now = time.monotonic()
            self._away_until = now + AWAY_SECONDS
            if not self._is_away:
                self._is_away = True
                self._local.start(now)
                log.error("limits are kept by this process alone: %s", type(error).__name__)

    def _report_back(self) -> None:
        """Tell Redis what was spent while it was away."""
        if not self._local.spent:
            return
        with self._lock:
            spent, self._local.spent = self._local.spent, {}
        try:
            for budget in list(spent):
                self._script(args=["restamp", *self._head, budget, 0, spent[budget]])
                del spent[budget]
        finally:  # what could not be told is told next time
            with self._lock:
                for budget, count in spent.items():
                    self._local.spent[budget] = self._local.spent.get(budget, 0) + count

    def _tell_late(self) -> None:
        """Tell Redis what was answered late; what gets lost here is covered by the doubt."""
        if not self._late:
            return
        with self._lock:
            late, self._late = self._late, {}
        for budget, moves in late.items():
            groups = [figure for stamps, count in moves.items() for figure in (*stamps, count)]
            self._script(args=["move", *self._head, budget, *groups])

    def bans(self) -> dict[str, float]:
        """Seconds of the bans that this process knows of, even if Redis has forgotten them."""
        now = time.monotonic()
        return {budget: until - now for budget, until in [*self._frozen.items()] if until > now}


def _by_stamp(permits: Iterable[Permit]) -> list[int]:
    """Stamp, weight, stamp, weight …, of those that Redis knows of."""
    weights: Counter[int] = Counter()
    for permit in permits:
        if permit.stamp:
            weights[permit.stamp] += permit.weight
    return [figure for pair in weights.items() for figure in pair]


def exchange_name(budget: str) -> str:
    """A budget's name begins with its exchange's."""
    return budget.partition("/")[0]


class Governors:
    """One governor for each exchange's limits."""

    def __init__(self, make: Callable[[str], Governor]) -> None:
        self._make = make
        self._made: dict[str, Governor] = {}

    def of(self, budget: str) -> Governor:
        exchange = exchange_name(budget)
        if exchange not in self._made:
            self._made.setdefault(exchange, self._make(exchange))
        return self._made[exchange]

    def take(self, asks: Sequence[Ask], *, ahead_ms: int = 0) -> list[Permit]:
        """See `Governor.take`; one round trip for each exchange that is asked for."""
        permits: dict[int, Permit] = {}
        for keeper, places in self._by_keeper([ask.budget for ask in asks]):
            found = keeper.take([asks[place] for place in places], ahead_ms=ahead_ms)
            permits.update(zip(places, found, strict=True))
        return [permits[place] for place in range(len(asks))]

    def room(self, budgets: Iterable[str]) -> dict[str, Room]:
        names, rooms = list(budgets), dict[str, Room]()
        for keeper, places in self._by_keeper(names):
            rooms |= keeper.room([names[place] for place in places])
        return rooms

    def restamp(self, budget: str, permits: Sequence[Permit]) -> list[Permit]:
        return self.of(budget).restamp(budget, permits)

    def give_back(self, budget: str, permits: Sequence[Permit]) -> None:
        self.of(budget).give_back(budget, permits)

    def answered(self, budget: str, permit: Permit) -> None:
        self.of(budget).answered(budget, permit)

    def freeze(self, budget: str, seconds: float) -> None:
        self.of(budget).freeze(budget, seconds)

    def remind(self, budget: str, seconds: float) -> None:
        self.of(budget).remind(budget, seconds)

    def bans(self) -> dict[str, float]:
        found = [keeper.bans() for keeper in list(self._made.values())]
        return {budget: left for bans in found for budget, left in bans.items()}

    def _by_keeper(self, budgets: Sequence[str]) -> list[tuple[Governor, list[int]]]:
        """Each governor with the places of its budgets."""
        places: dict[Governor, list[int]] = {}
        for place, budget in enumerate(budgets):
            places.setdefault(self.of(budget), []).append(place)
        return list(places.items())


@cache
def governor() -> Governors:
    """The process's governors."""
    return Governors(_governor_for)


def _governor_for(exchange: str) -> Governor:
    """By the exchange's own limits, or by those of the settings, which are Bybit's."""
    limits = venue_of(exchange).limits
    most, span_ms = _window(limits)
    return Governor(
        settings.REDIS_URL,
        most=most,
        span_ms=span_ms,
        processes=settings.GOVERNOR_PROCESSES,
        assumed=math.floor(most * settings.GOVERNOR_DOUBT_PERCENT / 100),
        limits=limits,
    )


def _window(limits: Limits | None) -> tuple[int, int]:
    """What an address may send in any span, and the span in ms."""
    if limits is None:
        return settings.EGRESS_REQUESTS, settings.EGRESS_WINDOW_MS
    return limits.weight, limits.window_ms


def entry_room(budget: str) -> tuple[int, Decimal]:
    """How many entries may leave in every window of a budget's exchange, and its seconds."""
    limits = venue_of(exchange_name(budget)).limits
    most, span_ms = _window(limits)
    weight = limits.entry if limits else 1
    return max(most_of(Lane.ENTRY, most) // weight, 1), Decimal(span_ms) / 1000
