"""The stream process over real sockets: what it hears, what it misses, and who takes over."""

from __future__ import annotations

import signal
import time
from datetime import timedelta

import pytest
from django.utils import timezone

from exchanges.governor import governor
from exchanges.models import Connection, Instrument, SocketOpening, StreamProcess
from signals.models import Copy, Fill, Order
from signals.services import working
from tests.fixtures.people import link_account, long_btc, make_user
from tests.fixtures.processes import eventually
from tests.integration.signals.steps import D, by_hand, only_copy, targets
from tests.integration.signals.test_copy_life import compare_with_ledger, publish, work_now

pytestmark = pytest.mark.django_db(transaction=True)
QUERIES = ("/v5/order/realtime", "/v5/execution/list", "/v5/position/list", "/v5/order/history")


@pytest.fixture(autouse=True)
def no_probes(settings):
    """Linking opens no socket here: those that are counted are the stream processes' own."""
    settings.STREAM_OPENINGS = 0


def are_heard(count=1):
    return Connection.objects.filter(streamed_at__isnull=False).count() == count


def queries(market):
    paths = market.paths()
    return sum(paths.get(path, 0) for path in QUERIES)


def enter(market, author, user, **draft):
    """An account whose entry rests at 46,000."""
    link = link_account(user, market)
    publish(author, long_btc(**draft))
    working.work()
    assert only_copy(connection=link).status == "placed"
    Copy.objects.update(looked_at=timezone.now())  # a socket that opens takes it away
    return link


def listen(processes, count=1, **env):
    child = processes.stream(**env)
    eventually(lambda: are_heard(count), 30)
    return child


def trouble(market, kind, **spec):
    return market.post("streams/troubles", kind=kind, **spec)


def test_a_fill_is_on_record_without_a_question(market, author, alice, processes):
    link = enter(market, author, alice)
    listen(processes)
    eventually(lambda: only_copy().looked_at is None)  # and everything is to be read once
    asked = queries(market)
    market.price("BTCUSDT", 45950)
    eventually(lambda: only_copy().status == "filled")
    eventually(lambda: only_copy().has_stop)  # told by the position, perhaps a batch later
    copy = only_copy()
    assert queries(market) == asked
    assert (copy.entry_average, copy.entered_quantity) == (D(46000), D("0.010"))
    assert copy.due_at <= timezone.now()  # the planner answers
    assert (copy.lease_token, copy.lease_until) == (None, None)
    fill = Fill.objects.get()
    assert fill.order == Order.objects.get(leg="entry")
    work_now()
    compare_with_ledger(link, market)


def test_the_whole_life_of_a_copy_with_its_targets(market, author, alice, processes):
    link = enter(market, author, alice, targets=targets((46500, 50), (47000, 50)))
    listen(processes)
    market.price("BTCUSDT", 45950)
    eventually(lambda: only_copy().status == "filled")
    eventually(lambda: work_now() and Order.objects.filter(leg__startswith="target").count() == 2)
    market.price("BTCUSDT", 46510)
    eventually(lambda: only_copy().exited_quantity == D("0.005"))
    market.price("BTCUSDT", 47010)
    eventually(lambda: only_copy().exited_quantity == D("0.010"))
    assert only_copy().status == "filled"  # a push alone ends nothing
    eventually(lambda: work_now() and only_copy().status == "closed")
    assert only_copy().reason == "target"
    compare_with_ledger(link, market)


def test_what_a_lost_socket_missed_is_read_after_the_next_one(market, author, alice, processes):
    link = enter(market, author, alice)
    listen(processes)
    eventually(lambda: only_copy().looked_at is None)
    Copy.objects.update(looked_at=timezone.now(), due_at=timezone.now() + timedelta(minutes=1))
    trouble(market, "swallow", uid=link.exchange_uid)
    market.price("BTCUSDT", 45950)
    market.post("streams/drop", uid=link.exchange_uid)
    copy = eventually(lambda: Copy.objects.filter(looked_at=None).first())
    assert copy.due_at <= timezone.now()
    assert not Fill.objects.exists()
    working.work()
    assert only_copy().status == "filled"
    compare_with_ledger(link, market)


@pytest.mark.parametrize("kind", ["duplicate", "reorder", "filled_twice", "delay"])
def test_however_pushes_come_the_rows_are_the_same(market, author, alice, processes, kind):
    link = enter(market, author, alice)
    listen(processes)
    trouble(market, kind, uid=link.exchange_uid, ms=150)
    for price in (45950, 45800, 46200):
        market.price("BTCUSDT", price)
    eventually(lambda: only_copy().status == "filled")
    trouble(market, kind, uid=link.exchange_uid, ms=150)
    market.price("BTCUSDT", 47010)
    eventually(lambda: only_copy().exited_quantity == D("0.010"))
    eventually(lambda: work_now() and only_copy().status == "closed")
    assert Fill.objects.count() == 2
    assert Order.objects.filter(status="filled").count() == 2
    compare_with_ledger(link, market)


def test_a_socket_that_falls_silent_is_polled_at_once(market, author, alice, processes):
    link = enter(market, author, alice)
    listen(processes, STREAM_PING_SECONDS="1", STREAM_PONG_SECONDS="1")
    eventually(lambda: only_copy().looked_at is None)
    Copy.objects.update(due_at=timezone.now() + timedelta(minutes=1))
    trouble(market, "silence", uid=link.exchange_uid)
    trouble(market, "refuse", status=503)
    market.price("BTCUSDT", 45950)
    eventually(lambda: not are_heard())
    eventually(lambda: only_copy().due_at <= timezone.now())
    working.work()
    assert only_copy().status == "filled"
    rest = only_copy().due_at - timezone.now()
    assert rest < timedelta(seconds=5)  # and from now on as often as without a socket
    compare_with_ledger(link, market)


def test_a_streamed_copy_is_polled_rarely(market, author, alice, processes):
    enter(market, author, alice)
    listen(processes)
    eventually(lambda: only_copy().looked_at is None)
    work_now()
    assert only_copy().due_at - timezone.now() > timedelta(seconds=50)
    StreamProcess.objects.update(until=timezone.now())  # as if it had died
    work_now()
    assert only_copy().due_at - timezone.now() < timedelta(seconds=5)


def test_what_a_trader_does_by_hand_asks_for_a_step(market, author, alice, processes):
    link = enter(market, author, alice)
    listen(processes)
    market.price("BTCUSDT", 45950)
    eventually(lambda: only_copy().status == "filled")
    work_now()
    work_now()
    Copy.objects.update(due_at=timezone.now() + timedelta(minutes=1))
    by_hand(market, link, "close")
    copy = eventually(lambda: Copy.objects.filter(due_at__lte=timezone.now()).first())
    assert copy.looked_at is None or copy.exited_quantity > 0
    eventually(lambda: work_now() and only_copy().status == "closed")
    assert only_copy().reason == "closed_by_hand"


def test_two_processes_share_and_one_takes_over(market, author, processes):
    links = [link_account(make_user(f"t{number}"), market) for number in range(6)]
    publish(author)
    working.work()
    first = listen(processes, 6)
    processes.stream("second")

    def shares():
        held = {}
        for process, host in Connection.objects.values_list("stream", "streamed_at"):
            if host is not None:
                held[process] = held.get(process, 0) + 1
        return sorted(held.values())

    eventually(lambda: shares() == [3, 3], 30)
    first.send_signal(signal.SIGKILL)
    first.wait()
    market.price("BTCUSDT", 45950)
    eventually(lambda: shares() == [6], 30)
    assert Copy.objects.filter(due_at__lte=timezone.now()).count() == 6
    while working.work():  # one lane after the other
        pass
    assert Copy.objects.filter(status="filled").count() == 6
    for link in links:
        compare_with_ledger(link, market)


def test_a_process_that_is_stopped_gives_its_connections_back(market, author, alice, processes):
    enter(market, author, alice)
    child = listen(processes)
    Copy.objects.update(due_at=timezone.now() + timedelta(minutes=1))
    child.terminate()
    assert child.wait(15) == 0
    assert not StreamProcess.objects.exists()
    assert Connection.objects.filter(stream=None, streamed_at=None).count() == 1
    assert only_copy().due_at <= timezone.now()
    log = processes.log("stream")
    assert "Traceback" not in log


def test_sockets_are_opened_no_faster_than_allowed(market, author, processes):
    market.post("limits", connections_most=3, connections_window_ms=4000)
    for number in range(5):
        link_account(make_user(f"t{number}"), market)
    publish(author)
    working.work()
    processes.stream("one", STREAM_OPENINGS="3", STREAM_OPENINGS_SECONDS="5")
    processes.stream("two", STREAM_OPENINGS="3", STREAM_OPENINGS_SECONDS="5")
    eventually(lambda: are_heard(5), 40)
    assert market.get("requests")["connections_refused"] == 0
    assert SocketOpening.objects.count() <= 3


def test_no_socket_is_opened_by_an_address_that_is_banned(market, author, alice, processes):
    link = enter(market, author, alice)
    governor().freeze(link.budget, 20)
    banned_until = time.monotonic() + 20
    processes.stream()
    eventually(StreamProcess.objects.filter(sockets=1).exists, 18)
    while time.monotonic() < banned_until - 1:
        assert market.get("streams")["opened"] == {}  # neither for the account nor for prices
        time.sleep(0.5)
    eventually(are_heard, 30)


def test_each_socket_leaves_by_its_connections_address(market, author, processes, settings):
    settings.EGRESS = {"127.0.0.2": "127.0.0.2", "127.0.0.3": "127.0.0.3"}
    market.post("limits", connections_most=3)
    for number in range(4):
        link_account(make_user(f"t{number}"), market)
    publish(author)
    while working.work():
        pass
    assert Copy.objects.filter(status="placed").count() == 4
    env = {"EGRESS": ",".join(settings.EGRESS), "STREAM_OPENINGS": "3"}
    listen(processes, 4, **env)
    sockets = market.get("streams")["sockets"]
    addresses = sorted(row["address"] for row in sockets if row["uid"])
    assert addresses == ["127.0.0.2", "127.0.0.2", "127.0.0.3", "127.0.0.3"]


def test_a_wick_between_two_looks_ends_the_nominal_position(market, author, processes):
    entered = publish(author)
    processes.stream()
    eventually(lambda: market.get("streams")["sockets"])
    for price in (45950, 45940, 45400, 45900):  # all within one batch
        market.price("BTCUSDT", price)
        time.sleep(0.15)  # the exchange tells prices ten times a second

    def after():
        entered.refresh_from_db()
        return entered.outcome

    assert eventually(after) == "stop"
    assert eventually(lambda: Instrument.objects.get(symbol="BTCUSDT").last == D(45900))
