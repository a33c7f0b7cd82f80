"""The limits are kept by all processes together, whatever happens to their common memory."""

from __future__ import annotations

import random
import socket
import threading
import time
from collections import Counter, deque
from dataclasses import replace

import pytest
import redis
from django.conf import settings

from exchanges.domain.errors import EgressBlocked, RateLimited, Unavailable
from exchanges.domain.lanes import Lane
from exchanges.governor import (
    AHEAD_MS,
    JITTER_MS,
    PERMIT_MS,
    Ask,
    Governor,
    Permit,
    entry_room,
    most_of,
)
from exchanges.governor import governor as governor_of_this_process
from exchanges.metering import AccountMeter, Purse, TooLate, pay_for

SPAN_MS = 500
MOST = 40
WINDOW = (SPAN_MS + PERMIT_MS + JITTER_MS) / 1000


@pytest.fixture
def make(request):
    def make(**changes):
        figures = {"most": MOST, "span_ms": SPAN_MS, "processes": 2, "assumed": 0}
        return Governor(settings.REDIS_URL, **(figures | changes))

    return make


def ask(lane=Lane.ENTRY, budget="a", account="", kind="place_order"):
    return Ask(budget, lane, account, kind)


def granted(governor, asks):
    return sum(permit.is_granted for permit in governor.take(asks))


def test_a_chunk_is_let_go_up_to_its_lanes_share(make):
    governor = make()
    entries, protects = most_of(Lane.ENTRY, MOST), most_of(Lane.PROTECT, MOST)
    assert granted(governor, [ask()] * 60) == entries
    assert granted(governor, [ask(Lane.POLL)] * 5) == 0
    assert granted(governor, [ask(Lane.PROTECT)] * 9) == protects - entries
    assert governor.room(["a"])["a"].left(Lane.PROTECT) == 0


def test_addresses_have_budgets_of_their_own(make):
    governor = make()
    assert granted(governor, [ask(), ask(budget="b")] * 60) == 2 * most_of(Lane.ENTRY, MOST)


def test_who_is_denied_learns_when_to_come_again(make):
    governor = make()
    granted(governor, [ask()] * 60)
    (denied,) = governor.take([ask()])
    assert 0 < denied.wait <= WINDOW + 0.05
    time.sleep(denied.wait)
    assert granted(governor, [ask()]) == 1


@pytest.mark.parametrize("ahead_ms", [0, 200])
def test_no_window_ever_holds_more_than_the_limit(make, ahead_ms):
    """Four senders as processes are, as fast as they can, with delays behind each permit."""
    arrivals, lock = [], threading.Lock()
    end = time.monotonic() + 3

    def send(seed):
        governor, chance = make(), random.Random(seed)
        while time.monotonic() < end:
            lane = chance.choice([Lane.ENTRY, Lane.PROTECT])
            ahead = ahead_ms if lane is Lane.ENTRY else 0
            permits = governor.take([ask(lane)] * 7, ahead_ms=ahead)
            late = chance.uniform(0, PERMIT_MS / 1000)
            if not ahead:
                time.sleep(late)
            leaving = time.monotonic()
            with lock:
                arrivals.extend(
                    max(permit.ready_at + late, leaving) for permit in permits if permit.is_granted
                )
            time.sleep(chance.uniform(0, 0.02))

    threads = [threading.Thread(target=send, args=[seed]) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    recent: deque[float] = deque()
    most = 0
    for at in sorted(arrivals):
        recent.append(at)
        while recent[0] <= at - SPAN_MS / 1000:
            recent.popleft()
        most = max(most, len(recent))
    assert most <= MOST
    arrivals = [at for at in arrivals if at < end]
    assert len(arrivals) >= 0.7 * 3 / WINDOW * most_of(Lane.ENTRY, MOST)  # and the room is used


def test_room_that_comes_back_in_a_moment_can_be_had_ahead(make):
    governor = make()
    entries = granted(governor, [ask()] * 60)
    assert granted(governor, [ask()]) == 0
    assert governor.take([ask()], ahead_ms=100)[0].wait > 0
    time.sleep(WINDOW - 0.15)
    asked_at = time.monotonic()
    permits = governor.take([ask()] * 60, ahead_ms=300)
    ready = [permit.ready_at for permit in permits if permit.is_granted]
    assert len(ready) == entries
    assert all(0.05 < at - asked_at < 0.3 for at in ready)
    time.sleep(max(ready) - time.monotonic() + WINDOW / 2)
    assert granted(governor, [ask()]) == 0  # for they count from then, and a whole window


def test_what_is_reserved_ahead_takes_nothing_from_what_protects(make):
    governor = make()
    entries, protects = granted(governor, [ask()] * 60), most_of(Lane.PROTECT, MOST)
    time.sleep(WINDOW - 0.15)
    permits = governor.take([ask()] * 60, ahead_ms=300)
    assert sum(permit.is_granted for permit in permits) == entries
    assert governor.room(["a"])["a"].left(Lane.PROTECT) == protects - entries
    assert granted(governor, [ask(Lane.PROTECT)] * 60) == protects - entries


def test_an_account_has_a_limit_for_each_kind_of_request(make):
    governor = make()
    assert granted(governor, [ask(account="1")] * 15) == 10
    assert granted(governor, [ask(account="1", kind="amend_order")] * 15) == 10
    assert granted(governor, [ask(account="2", kind="set_leverage")] * 3) == 3


def test_an_accounts_own_limit_is_learned(make):
    governor = make()
    governor.learn("1", "place_order", most=3, until_ms=None)
    assert granted(governor, [ask(account="1")] * 5) == 3
    governor.learn("2", "place_order", most=None, until_ms=int(time.time() * 1000) + 300)
    assert granted(governor, [ask(account="2")]) == 0
    time.sleep(0.35)
    assert granted(governor, [ask(account="2")]) == 1


def test_an_accounts_own_limit_is_told_again_when_redis_did_not_hear_it(make, monkeypatch):
    governor = make()
    with monkeypatch.context() as away:
        away.setattr(governor, "_redis", redis.Redis.from_url(nobody()))
        governor.learn("1", "place_order", most=3, until_ms=None)
    governor.learn("1", "place_order", most=3, until_ms=None)
    assert granted(governor, [ask(account="1")] * 5) == 3


def test_a_ban_stops_one_address_in_every_process(make):
    first, second = make(), make()
    first.freeze("a", 600)
    for governor in (first, second):
        permits = governor.take([ask(Lane.PROTECT), ask(budget="b")])
        assert [permit.is_granted for permit in permits] == [False, True]
        assert permits[0].wait > 590
        assert governor.room(["a"])["a"].left(Lane.PROTECT) == 0


def test_a_pause_that_was_asked_for_on_the_way_ends_no_ban(make):
    first, second, third = make(), make(), make()
    first.freeze("a", 600)
    second.freeze("a", 1)
    assert third.room(["a"])["a"].frozen > 590
    second.remind("a", 900)
    assert third.room(["a"])["a"].frozen > 890


def test_a_ban_outlives_the_memory_of_redis(make):
    governor = make()
    governor.freeze("a", 600)
    redis.Redis.from_url(settings.REDIS_URL).flushdb()
    assert granted(governor, [ask(), ask(budget="b")]) == 1


def test_an_emptied_memory_is_no_proof_of_silence(make):
    governor = make(assumed=30)
    assert granted(governor, [ask()] * 60) == most_of(Lane.ENTRY, MOST) - 30
    time.sleep(WINDOW + 0.1)  # what had been promised before leaves a moment later
    assert governor.room(["a"])["a"].used == 30
    time.sleep(AHEAD_MS / 1000)
    assert granted(governor, [ask()] * 60) == most_of(Lane.ENTRY, MOST)
    redis.Redis.from_url(settings.REDIS_URL).flushdb()
    assert granted(governor, [ask()] * 60) == most_of(Lane.ENTRY, MOST) - 30


def test_permits_that_are_used_later_count_later(make):
    governor = make()
    permits = [permit for permit in governor.take([ask()] * 60) if permit.is_granted]
    time.sleep(WINDOW / 2)
    governor.restamp("a", permits)
    time.sleep(WINDOW / 2 + 0.1)
    assert granted(governor, [ask()]) == 0
    time.sleep(WINDOW / 2)
    assert granted(governor, [ask()]) == 1


def test_a_request_that_was_answered_late_counts_a_window_from_its_answer(make):
    governor, others = make(), make()
    slow, quick = governor.take([ask(), ask()])
    governor.answered("a", quick)
    time.sleep(0.3)
    governor.answered("a", slow)
    answered_at = time.monotonic()
    assert governor.room(["a"])["a"].used == others.room(["a"])["a"].used == 2
    time.sleep(max(slow.granted_at + WINDOW + 0.05 - time.monotonic(), 0))
    assert others.room(["a"])["a"].used == 1
    time.sleep(max(answered_at + SPAN_MS / 1000 + 0.1 - time.monotonic(), 0))
    assert others.room(["a"])["a"].used == 0


def nobody():
    """A port that refuses: Redis is away."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"redis://127.0.0.1:{probe.getsockname()[1]}/0"


def test_without_redis_a_process_spends_a_small_share_of_its_own():
    governor = Governor(nobody(), most=MOST, span_ms=SPAN_MS, processes=2, assumed=0)
    # What Redis let go before may still count: at first only what protects goes.
    room = governor.room(["a"])["a"]
    assert [room.left(Lane.PROTECT), room.left(Lane.ENTRY), room.left(Lane.POLL)] == [1, 0, 0]
    assert granted(governor, [ask()] * 20) == 0
    assert granted(governor, [ask(Lane.PROTECT)] * 20) == 1
    assert governor.room(["a"])["a"].left(Lane.PROTECT) == 0
    time.sleep(WINDOW + AHEAD_MS / 1000 + 0.05)
    share = MOST // 2 // 2
    assert granted(governor, [ask(Lane.PROTECT)] * 20) == most_of(Lane.PROTECT, share)
    assert granted(governor, [ask()] * 20) == 0
    assert governor.room(["a"])["a"].left(Lane.ENTRY) == 0


def test_a_silent_redis_costs_a_fraction_of_a_second_once():
    with socket.create_server(("127.0.0.1", 0)) as listener:  # accepts, and never answers
        url = f"redis://127.0.0.1:{listener.getsockname()[1]}/0"
        governor = Governor(url, most=MOST, span_ms=SPAN_MS, processes=2, assumed=0)
        started = time.monotonic()
        for _ in range(50):
            governor.take([ask()])
        assert time.monotonic() - started < 1


def test_what_was_spent_alone_counts_when_redis_is_back(make):
    governor = make()
    governor._away_until = time.monotonic() + 60
    governor._local.take(ask(), time.monotonic())
    governor._local.take(ask(), time.monotonic())
    governor._away_until = 0
    assert governor.room(["a"])["a"].used == 2


def meter(account, **changes):
    return AccountMeter("meter", account, **({"lane": Lane.ENTRY} | changes))


def test_what_is_paid_for_needs_no_further_asking(monkeypatch):
    meters = [meter(str(number)) for number in range(3)]
    assert [permit.is_granted for permit in pay_for(meters, "place_order")] == [True] * 3
    calls = Counter()
    monkeypatch.setattr(Governor, "take", lambda *_: calls.update(["take"]))
    for each in meters:
        each.admit("place_order", is_write=True)
    assert not calls


def test_a_permit_that_waited_counts_from_when_it_is_used():
    one = meter("1")
    (permit,) = pay_for([one], "place_order")
    time.sleep(PERMIT_MS / 1000 + 0.06)
    one.admit("place_order", is_write=True)
    counted = redis.Redis.from_url(settings.REDIS_URL).hgetall("governor:budget:meter")
    assert int(counted.pop(str(permit.stamp).encode())) == 0
    assert [int(count) for count in counted.values()] == [1]


def test_permits_count_once_however_often_they_are_put_off():
    """Orders of a chunk's last wave leave long after their permits were taken with the others."""
    meters = [meter(str(number)) for number in range(5)]
    pay_for(meters, "place_order")
    for each in meters:
        time.sleep(PERMIT_MS / 1000 + 0.06)
        each.admit("place_order", is_write=True)
    assert governor_of_this_process().room(["meter"])["meter"].used == 5


def permit(granted_at):
    return Permit(is_granted=True, granted_at=granted_at, ready_at=granted_at)


def test_what_waits_for_its_moment_is_not_what_has_waited_too_long(monkeypatch):
    """Permits of one purse are renewed, dropped or waited for, each by its own age."""
    governor, renewed = governor_of_this_process(), []
    monkeypatch.setattr(
        governor, "restamp", lambda _, late: renewed.extend(late) or [permit(time.monotonic())]
    )
    now = time.monotonic()
    purse = Purse("a", [permit(now - 60), permit(now + 0.2), permit(now - 1), permit(now)])
    assert purse.spend(lambda: None)
    assert [round(now - each.granted_at) for each in renewed] == [1]
    assert purse.spend(lambda: None)
    assert time.monotonic() - now < 0.15
    assert purse.spend(lambda: None)
    assert time.monotonic() - now >= 0.2
    assert not purse.spend(lambda: None)


def too_late():
    raise TooLate


def test_who_is_not_entitled_any_more_does_not_wait_for_its_moment():
    purse = Purse("a", [permit(time.monotonic() + 5)])
    with pytest.raises(Unavailable):
        purse.spend(too_late)


def test_a_stop_has_the_room_of_entries_that_make_way_for_it():
    """Entries that waited for their moment give back what was promised to them, all of it."""
    governor = governor_of_this_process()
    permits = governor.take([ask(budget="meter")] * 9)
    late = [replace(each, ready_at=each.ready_at + 5) for each in permits]
    with pytest.raises(Unavailable):
        Purse("meter", late).spend(too_late)
    assert governor.room(["meter"])["meter"].used == 0
    meters = [meter(str(number)) for number in range(3)]
    pay_for(meters, "place_order")
    meters[0].admit("place_order", is_write=True)
    meters[0].may_send = lambda: False
    with pytest.raises(TooLate):
        meters[0].leave()
    meters[1].settle()
    assert governor.room(["meter"])["meter"].used == 0


def test_an_account_that_is_held_back_gives_back_its_own_permit_alone():
    """A quarantine in the middle of a chunk: the others keep the room that they paid for."""
    governor = governor_of_this_process()
    permits = governor.take([ask(budget="meter")] * 3)
    purse = Purse("meter", [replace(each, ready_at=each.ready_at + 0.1) for each in permits])
    meters = [meter(str(number)) for number in range(3)]
    for each in meters:
        each.pay(purse, "place_order")
    meters[0].may_leave = lambda: False
    with pytest.raises(Unavailable, match="held back"):
        meters[0].admit("place_order", is_write=True)
    assert governor.room(["meter"])["meter"].used == 2
    for each in meters[1:]:
        assert each._paid("place_order")
    assert governor.room(["meter"])["meter"].used == 2


def test_a_promise_that_was_heard_of_late_counts_from_when_it_is_used():
    """Between the promise and its answer Redis may stand still."""
    governor = governor_of_this_process()
    (taken,) = governor.take([ask(budget="meter")])
    heard_late = replace(taken, ready_at=taken.ready_at + 0.2)
    spent = Purse("meter", [heard_late]).spend(lambda: None)
    assert spent is not None
    assert spent.stamp >= taken.stamp + 180
    assert governor.room(["meter"])["meter"].used == 1


def test_a_request_that_has_to_open_its_connection_counts_from_then():
    one = meter("1")
    (permit,) = pay_for([one], "place_order")
    one.admit("place_order", is_write=True)
    time.sleep(PERMIT_MS / 1000 + 0.06)
    one.leave_late()
    counted = redis.Redis.from_url(settings.REDIS_URL).hgetall("governor:budget:meter")
    assert int(counted.pop(str(permit.stamp).encode())) == 0
    assert [int(count) for count in counted.values()] == [1]
    one.freeze(600)
    time.sleep(PERMIT_MS / 1000 + 0.06)
    with pytest.raises(Unavailable):
        one.leave_late()


def test_a_look_does_not_spend_what_an_entry_has_paid_for():
    one = meter("1")
    pay_for([one], "place_order")
    one.admit("get_wallet_balance", is_write=False)
    one.admit("place_order", is_write=True)
    assert governor_of_this_process().room(["meter"])["meter"].used == 2


@pytest.mark.parametrize("other_process", [True, False])
def test_a_ban_ends_what_was_paid_for(other_process):
    """Each further request would prolong it, and no stop can be set meanwhile."""
    meters = [meter(str(number)) for number in range(3)]
    pay_for(meters, "place_order")
    meters[0].admit("place_order", is_write=True)
    if other_process:
        redis.Redis.from_url(settings.REDIS_URL).set("governor:frozen:meter", 1, px=600_000)
        time.sleep(PERMIT_MS / 1000 + 0.06)
    else:
        meters[0].freeze(600)
    for each in meters[1:]:
        with pytest.raises(EgressBlocked):
            each.admit("place_order", is_write=True)


def test_permits_grow_old_while_redis_does_not_count_them_anew(monkeypatch, settings):
    settings.EGRESS_WINDOW_MS = 600
    one, two = meter("1"), meter("2")
    pay_for([one, two], "place_order")
    governor = governor_of_this_process().of("meter")
    monkeypatch.setattr(governor, "_call", lambda *_: None)
    time.sleep(0.2)
    assert one._paid("place_order")
    time.sleep(0.2)
    assert not two._paid("place_order")


def test_a_patient_request_waits_and_an_impatient_one_is_told_when():
    for _ in range(10):
        meter("7").admit("place_order", is_write=True)
    with pytest.raises(RateLimited) as refused:
        meter("7").admit("place_order", is_write=True)
    assert 0 < refused.value.retry_after < 1.3
    meter("7", patience=1.5).admit("place_order", is_write=True)


def test_a_ban_is_named_as_one():
    one = meter("1")
    one.freeze(600)
    with pytest.raises(EgressBlocked):
        one.admit("place_order", is_write=True)


def test_a_permit_that_waited_too_long_is_asked_for_again(settings):
    """Its place in the window is somebody else's by then."""
    settings.EGRESS_WINDOW_MS = 200
    one = meter("1")
    pay_for([one], "place_order")
    time.sleep(0.15)
    assert not one._paid("place_order")


def test_what_could_not_be_told_to_redis_is_told_later(make, monkeypatch):
    governor = make()
    governor._local.take(ask(), time.monotonic())
    script = governor._script
    monkeypatch.setattr(governor, "_script", lambda **_: (_ for _ in ()).throw(redis.TimeoutError))
    assert governor.take([ask(budget="b")])[0].is_granted is False
    monkeypatch.setattr(governor, "_script", script)
    governor._away_until = 0
    assert governor.room(["a"])["a"].used == 1


def test_several_requests_wait_until_one_moment():
    one, started = meter("8"), time.monotonic()
    one.until = started + 1.5
    for _ in range(20):
        one.admit("place_order", is_write=True)
    with pytest.raises(RateLimited):
        one.admit("place_order", is_write=True)
    assert time.monotonic() - started < 2


# --- several exchanges ---------------------------------------------------------------------------


def test_each_exchange_is_held_to_its_own_limits():
    governors = governor_of_this_process()
    # HashKey: two questions and ten orders a second by one account; Bybit counts no questions.
    asks = {
        exchange: [
            replace(ask(Lane.PROTECT, f"{exchange}/mainnet/", f"{exchange}/7"), is_write=is_write)
            for is_write in [False] * 5 + [True] * 15
        ]
        for exchange in ("hashkey", "bybit")
    }
    mixed = [each for pair in zip(*asks.values(), strict=True) for each in pair]
    permits = governors.take(mixed)
    taken = Counter(
        (each.budget.partition("/")[0], each.is_write)
        for each, permit in zip(mixed, permits, strict=True)
        if permit.is_granted
    )
    assert taken["hashkey", False] == 2
    assert taken["hashkey", True] == 10
    assert taken["bybit", False] == 5
    assert taken["bybit", True] == 10
    rooms = governors.room(["hashkey/mainnet/", "bybit/mainnet/"])
    assert (rooms["hashkey/mainnet/"].most, rooms["hashkey/mainnet/"].used) == (50, 12)
    assert rooms["bybit/mainnet/"].most == settings.EGRESS_REQUESTS


def test_kinds_of_orders_share_an_accounts_limit_where_the_exchange_counts_them_together():
    governors = governor_of_this_process()
    kinds = ["place", "cancel"] * 8
    shared = [ask(budget="hashkey/mainnet/", account="a", kind=kind) for kind in kinds]
    assert sum(permit.is_granted for permit in governors.take(shared)) == 10
    apart = [ask(budget="bybit/mainnet/", account="a", kind=kind) for kind in kinds]
    assert sum(permit.is_granted for permit in governors.take(apart)) == 16


@pytest.mark.parametrize("is_redis_away", [False, True])
def test_a_budgets_room_tells_its_own_exchanges_window(monkeypatch, is_redis_away):
    if is_redis_away:
        monkeypatch.setattr(Governor, "_call", lambda *_: None)
    rooms = governor_of_this_process().room(["binance/mainnet/", "bybit/mainnet/"])
    windows = {name.partition("/")[0]: room.window_ms for name, room in rooms.items()}
    assert windows == {"binance": 60_000, "bybit": settings.EGRESS_WINDOW_MS}


@pytest.mark.parametrize(("budget", "renewed"), [("binance/mainnet/", 2), ("bybit/mainnet/", 1)])
def test_a_permit_is_lost_after_half_of_its_own_exchanges_window(monkeypatch, budget, renewed):
    governor, asked = governor_of_this_process(), []
    monkeypatch.setattr(governor, "restamp", lambda _, late: asked.extend(late) or [])
    now = time.monotonic()
    Purse(budget, [permit(now - 20), permit(now - 1)]).spend(lambda: None)
    assert len(asked) == renewed


def test_a_ban_of_one_exchange_stops_no_other():
    governors = governor_of_this_process()
    governors.freeze("okx/mainnet/", 600)
    okx, bybit = governors.take([ask(budget="okx/mainnet/"), ask(budget="bybit/mainnet/")])
    assert (okx.is_granted, bybit.is_granted) == (False, True)
    assert list(governors.bans()) == ["okx/mainnet/"]


# --- weights -------------------------------------------------------------------------------------

HEAVIEST = 9


def heavy(weight, lane=Lane.PROTECT, **changes):
    return replace(ask(lane), weight=weight, **changes)


@pytest.mark.parametrize("seed", range(3))
def test_no_window_ever_holds_more_weight_than_the_limit(make, seed):
    """Senders of light and heavy requests: at once or ahead, late, put off, or given up."""
    arrivals, lock = [], threading.Lock()
    end = time.monotonic() + 3

    def send(number):
        governor, chance = make(), random.Random(10 * seed + number)
        while time.monotonic() < end:
            lane = chance.choice([Lane.ENTRY, Lane.PROTECT, Lane.POLL])
            asks = [heavy(chance.randint(1, HEAVIEST), lane) for _ in range(4)]
            ahead = 200 if lane is Lane.ENTRY else 0
            permits = [one for one in governor.take(asks, ahead_ms=ahead) if one.is_granted]
            for permit in sorted(permits, key=lambda permit: permit.ready_at):
                leave(governor, permit, chance.random())

    def leave(governor, permit, fate):
        time.sleep(max(permit.ready_at - time.monotonic(), 0))
        if fate < 0.15:
            governor.give_back("a", [permit])
            return
        time.sleep(PERMIT_MS / 1000 if fate < 0.3 else 0)
        if permit.age > PERMIT_MS / 2000:
            (permit,) = governor.restamp("a", [permit])
        on_the_way = 0.2 if fate > 0.9 else 0.0
        with lock:
            arrivals.append((time.monotonic() + on_the_way, permit.weight))
        if on_the_way:
            time.sleep(on_the_way)
            governor.answered("a", permit)
            governor.room(["a"])  # Redis hears of it

    threads = [threading.Thread(target=send, args=[number]) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    arrivals.sort()
    spans = [
        sum(weight for at, weight in arrivals if start <= at < start + SPAN_MS / 1000)
        for start, _ in arrivals
    ]
    assert max(spans) <= MOST
    assert sum(weight for _, weight in arrivals) >= 0.4 * 3 / WINDOW * MOST  # and room is used


def test_what_is_given_back_put_off_or_late_keeps_its_weight(make):
    governor, others = make(), make()
    light, middle, huge = governor.take([heavy(1), heavy(5), heavy(20)])
    assert others.room(["a"])["a"].used == 26
    governor.give_back("a", [huge])
    assert others.room(["a"])["a"].used == 6
    renewed = governor.restamp("a", [light, middle])
    assert [permit.weight for permit in renewed] == [1, 5]
    time.sleep(0.3)
    governor.answered("a", renewed[1])
    answered_at = time.monotonic()
    assert governor.room(["a"])["a"].used == 6
    time.sleep(max(renewed[0].granted_at + WINDOW + 0.05 - time.monotonic(), 0))
    assert others.room(["a"])["a"].used == 5
    time.sleep(max(answered_at + SPAN_MS / 1000 + 0.1 - time.monotonic(), 0))
    assert others.room(["a"])["a"].used == 0


def test_all_of_a_weight_fits_or_none_of_it(make):
    governor = make()
    permits = governor.take([heavy(30), heavy(30), heavy(9), heavy(1)])
    assert [permit.is_granted for permit in permits] == [True, False, True, False]
    assert permits[1].wait > 0


def test_an_account_is_asked_for_one_whatever_a_request_weighs(make):
    governor = make(most=1000)
    asks = [heavy(20, account="1", kind="place_order")] * 12
    assert granted(governor, asks) == 10


def test_alone_a_process_counts_weights_and_lets_one_go_that_is_above_its_share():
    governor = Governor(nobody(), most=MOST, span_ms=SPAN_MS, processes=4, assumed=0)
    assert granted(governor, [heavy(7), heavy(1)]) == 1  # in doubt as well
    time.sleep(WINDOW + AHEAD_MS / 1000 + 0.05)
    share = MOST // 2 // 4
    assert granted(governor, [heavy(share + 10), heavy(1)]) == 1
    assert governor.room(["a"])["a"].left(Lane.PROTECT) == 0
    time.sleep(WINDOW + 0.05)
    assert granted(governor, [heavy(2), heavy(1), heavy(2), heavy(1)]) == 3


def test_entries_are_paid_for_by_what_they_weigh():
    budget = "kucoin_futures/mainnet/"
    meters = [AccountMeter(budget, str(number), Lane.ENTRY) for number in range(3)]
    permits = pay_for(meters, "place_order")
    assert [permit.weight for permit in permits] == [2, 2, 2]
    assert governor_of_this_process().room([budget])[budget].used == 6
    meters[0].settle()
    assert governor_of_this_process().room([budget])[budget].used == 0


def test_a_request_is_asked_for_by_what_it_weighs():
    budget = "binance_usdm/mainnet/"
    meter = AccountMeter(budget, "1", Lane.POLL)
    meter.admit("openOrders", is_write=False, weight=40)
    assert governor_of_this_process().room([budget])[budget].used == 40


def test_an_address_has_entries_by_its_own_exchanges_limits(settings):
    settings.EGRESS_REQUESTS = 600
    assert entry_room("bybit/mainnet/") == (582, 5)
    assert entry_room("binance_usdm/mainnet/") == (2328, 60)
    assert entry_room("kucoin_futures/mainnet/") == (320, 10)
