"""Facts from sockets and the database: who may write, when, and in how many statements."""

from __future__ import annotations

import time
import uuid
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from exchanges import ramp, stream_shares
from exchanges.domain.pushes import BalancePush, PositionPush, Pushed
from exchanges.domain.trading import (
    Balance,
    Cause,
    FillFacts,
    OrderFacts,
    OrderState,
    OrderType,
    PositionFacts,
    Side,
)
from exchanges.models import Connection, StreamProcess
from hexagonal import stream
from hexagonal.lib.threads import DatabaseThread
from signals.models import Copy, Fill, Order
from signals.services import streaming, working
from signals.services.intake import Heard, Intake
from tests.fixtures.people import link_account, long_btc, make_user
from tests.integration.signals.steps import only_copy, targets
from tests.integration.signals.test_copy_life import publish

pytestmark = pytest.mark.django_db(transaction=True)
D = Decimal
LATER = timedelta(minutes=1)


@pytest.fixture
def link(market, author, alice):
    """An account whose entry rests, and which nobody will look at for a minute."""
    link = link_account(alice, market)
    publish(author)
    working.work()
    Copy.objects.update(due_at=timezone.now() + LATER, looked_at=timezone.now())
    return link


ETH = {
    "entry_low": D(3600),
    "entry_high": D(3650),
    "stop": D(3500),
    "targets": targets((3900, 100)),
}


def pushes(order, *, state=OrderState.FILLED, filled="0.010", at=None, stop=45500):
    """What the exchange tells of an entry that fills."""
    at = at or timezone.now()
    facts = OrderFacts(
        order_id=order.exchange_id,
        link_id=order.link_id,
        parent_link_id="",
        symbol=order.symbol,
        side=Side.BUY,
        type=OrderType.LIMIT,
        state=state,
        cause=Cause.USER,
        position_index=0,
        quantity=order.quantity,
        filled=D(filled),
        average=D(46000),
        price=D(46000),
        trigger_price=None,
        stop=D(45500),
        target=D(47000),
        reduce_only=False,
        is_cancelled_by_request=False,
        created_at=at,
        updated_at=at,
    )
    fill = FillFacts(
        fill_id=f"e-{order.pk}",
        order_id=order.exchange_id,
        link_id=order.link_id,
        symbol=order.symbol,
        side=Side.BUY,
        cause=Cause.USER,
        quantity=D(filled),
        price=D(46000),
        fee=D("0.1"),
        fee_currency="USDT",
        closed_quantity=D(0),
        is_maker=True,
        at=at,
    )
    level = D(stop) if stop else None
    held = PositionFacts(
        order.symbol, Side.BUY, 0, D(filled), D(46000), D(10), stop=level, target=D(47000)
    )
    position = PositionPush(order.symbol, 0, held, at)
    return Pushed(orders=(facts,), fills=(fill,), positions=(position,))


def hear(pushed, link=None):
    """Take one push in; returns what could not be written."""
    intake = Intake()
    intake.add((link or Connection.objects.get()).pk, pushed)
    return streaming.take_in(intake.take(1000))


def test_it_is_written_once_however_often_it_is_told(link):
    pushed = pushes(Order.objects.get())
    for _ in range(3):
        assert hear(pushed) == {}
    copy = only_copy()
    assert (copy.status, copy.entered_quantity, copy.has_stop) == ("filled", D("0.010"), True)
    assert Fill.objects.count() == 1
    assert copy.due_at <= timezone.now()


def test_an_older_state_changes_nothing(link):
    pushed = pushes(Order.objects.get())
    hear(pushed)
    before = Order.objects.values().get(), Copy.objects.values().get()
    early = timezone.now() - LATER
    old = replace(pushed.orders[0], state=OrderState.OPEN, filled=D(0), updated_at=early)
    hear(Pushed(orders=(old,)))
    same_time = replace(pushed.orders[0], state=OrderState.OPEN, filled=D(0))
    hear(Pushed(orders=(same_time,)))
    assert (Order.objects.values().get(), Copy.objects.values().get()) == before


def test_what_a_worker_holds_is_left_to_it_and_kept(link):
    token = uuid.uuid4()
    until = timezone.now() + LATER
    Copy.objects.update(lease_token=token, lease_until=until)
    pushed = pushes(Order.objects.get())
    busy = hear(pushed)
    assert list(busy) == [(link.pk, "BTCUSDT")]
    assert only_copy().status == "placed"
    assert not Fill.objects.exists()
    Copy.objects.update(lease_token=None, lease_until=None)
    assert streaming.take_in(busy) == {}
    assert only_copy().status == "filled"


def test_a_fill_before_its_order_is_known_is_asked_for(link):
    """The acknowledgement is not on record yet: the worker died before it wrote it."""
    pushed = pushes(Order.objects.get())
    Order.objects.update(exchange_id="", status="unknown")
    Copy.objects.update(status="unknown")
    fence = only_copy().due_at
    hear(Pushed(fills=pushed.fills))
    assert not Fill.objects.exists()
    assert only_copy().looked_at is None
    assert only_copy().due_at == fence  # before it, absent would not mean never sent
    hear(Pushed(orders=pushed.orders, fills=pushed.fills))
    assert only_copy().status == "filled"
    assert only_copy().due_at <= timezone.now()


def test_nothing_pulls_an_unknown_order_before_its_fence(link):
    Copy.objects.update(status="filled")
    Order.objects.update(status="unknown")
    fence = only_copy().due_at
    streaming.read_again({link.pk})
    streaming.poll_again({link.pk})
    assert only_copy().due_at == fence
    assert only_copy().looked_at is None


def test_a_bare_position_is_protected_first(link):
    hear(pushes(Order.objects.get(), stop=None))
    copy = only_copy()
    assert (copy.has_stop, copy.lane) == (False, 1)
    assert copy.due_at <= timezone.now()


def test_an_end_is_never_told_by_a_push_alone(link):
    hear(pushes(Order.objects.get(), state=OrderState.CANCELLED, filled="0"))
    pushed = pushes(Order.objects.get(), state=OrderState.CANCELLED, filled="0")
    hear(Pushed(orders=pushed.orders))
    copy = only_copy()
    assert copy.status == "placed"
    assert copy.looked_at is None
    assert copy.due_at <= timezone.now()


@pytest.mark.parametrize("broken", [{"order_id": None}, {"filled": None}])
def test_one_copys_odd_facts_keep_nobody_elses(link, market, author, bob, broken):
    """The first is refused by the database, the second cannot even be compared."""
    link_account(bob, market)
    publish(author, long_btc(symbol="ETHUSDT", **ETH))
    working.work()
    Copy.objects.update(due_at=timezone.now() + LATER, looked_at=timezone.now())
    theirs = Order.objects.get(connection__user=bob)
    mine = Order.objects.get(connection=link, symbol="BTCUSDT")
    intake = Intake()
    intake.add(theirs.connection_id, pushes(theirs))
    heard = intake.take(10)
    odd = replace(pushes(mine).orders[0], **broken)
    heard[link.pk, "BTCUSDT"] = Heard(orders={"odd": odd})
    assert streaming.take_in(heard) == {}
    assert only_copy(user=bob).status == "filled"
    copy = only_copy(connection=link, symbol="BTCUSDT")
    assert (copy.status, copy.looked_at) == ("placed", None)
    assert copy.due_at <= timezone.now()


def test_an_echo_of_our_own_order_writes_nothing(link):
    order = Order.objects.get()
    pushed = pushes(order, state=OrderState.OPEN, filled="0")
    echo = replace(pushed.orders[0], average=None)
    hear(Pushed(orders=(echo,)))
    before = Copy.objects.values().get(), Order.objects.values().get()
    hear(Pushed(orders=(replace(echo, updated_at=timezone.now()),)))
    assert (Copy.objects.values().get(), Order.objects.values().get()) == before


def count_statements(market, author, users):
    for number in users:
        link_account(make_user(f"t{number}"), market)
    publish(author)
    while working.work():
        pass
    intake = Intake()
    for order in Order.objects.all():
        intake.add(order.connection_id, pushes(order))
    heard = intake.take(1000)
    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert streaming.take_in(heard) == {}
    assert Copy.objects.filter(status="filled").count() == len(users)
    return len(captured)


@pytest.mark.parametrize("count", [2, 12])
def test_a_batch_takes_a_fixed_number_of_statements(market, author, count):
    assert count_statements(market, author, range(count)) <= 30


def test_a_burst_is_written_batch_by_batch(market, author, monkeypatch):
    monkeypatch.setattr(stream, "BATCH_PLACES", 2)
    links = [link_account(make_user(f"t{number}"), market) for number in range(5)]
    publish(author)
    while working.work():
        pass
    held = Copy.objects.filter(connection=links[0])
    held.update(lease_token=uuid.uuid4(), lease_until=timezone.now() + LATER)
    Connection.objects.update(balance_at=timezone.now() - LATER, margin_mode="REGULAR_MARGIN")
    writer = stream.Writer(DatabaseThread("writer"))
    balance = BalancePush(Balance(D(900), D(800), "REGULAR_MARGIN"), timezone.now())
    for order in Order.objects.all():
        writer.heard(order.connection_id, replace(pushes(order), balance=balance))
    assert writer.write_heard()  # a worker holds what is left
    assert Copy.objects.filter(status="filled").count() == 4
    assert Connection.objects.filter(equity=900).count() == 5
    held.update(lease_token=None, lease_until=None)
    assert not writer.write_heard()
    assert Copy.objects.filter(status="filled").count() == 5


def test_whom_nobody_hears_waits_for_no_burst(market, author, monkeypatch):
    monkeypatch.setattr(stream, "BATCH_PLACES", 1)
    links = [link_account(make_user(f"t{number}"), market) for number in range(3)]
    publish(author)
    while working.work():
        pass
    writer = stream.Writer(DatabaseThread("writer"))
    for order in Order.objects.all():
        writer.heard(order.connection_id, pushes(order))
    writer.poll_again({links[0].pk})
    assert not writer.write_heard()
    assert Copy.objects.filter(status="filled").count() == 1


def test_balances_are_kept_with_their_age(link):
    Connection.objects.update(balance_at=timezone.now() - LATER, margin_mode="REGULAR_MARGIN")
    balance = Balance(D(900), D(800), "REGULAR_MARGIN")
    now = timezone.now()
    streaming.store_balances({link.pk: BalancePush(balance, now + LATER)})  # a clock that is ahead
    kept = Connection.objects.get()
    assert (kept.equity, kept.available) == (900, 800)
    assert timedelta(seconds=4) < timezone.now() - kept.balance_at < timedelta(seconds=9)
    older = Balance(D(1), D(1), "REGULAR_MARGIN")
    streaming.store_balances({link.pk: BalancePush(older, now - LATER)})
    other_mode = Balance(D(2), D(2), "ISOLATED_MARGIN")
    streaming.store_balances({link.pk: BalancePush(other_mode, now + LATER)})
    assert Connection.objects.get().equity == 900


# --- leases and the ramp -------------------------------------------------------------------------


@pytest.fixture
def many(market, author):
    links = [link_account(make_user(f"t{number}"), market) for number in range(7)]
    publish(author)
    return {link.pk for link in links}


def test_shares_follow_the_number_of_processes(many):
    one, two = uuid.uuid4(), uuid.uuid4()
    assert stream_shares.beat(one).held.keys() == many
    roster = stream_shares.beat(two)
    assert (len(roster.held), roster.is_first) == (0, False)
    roster = stream_shares.beat(one)
    assert (len(roster.held), len(roster.freed), roster.is_first) == (4, 3, True)
    assert len(stream_shares.beat(two).held) == 3
    StreamProcess.objects.filter(pk=one).update(until=timezone.now())
    roster = stream_shares.beat(two)
    assert roster.held.keys() == many
    assert roster.is_first
    assert len(stream_shares.beat(one).held) == 0  # it wakes up and finds its place taken
    assert stream_shares.leave(two) <= many


def test_what_has_ended_lingers_and_is_given_up(many):
    process = uuid.uuid4()
    stream_shares.beat(process)
    Copy.objects.update(status="closed", due_at=None)
    assert stream_shares.beat(process, lingering=many).held.keys() == many
    assert not stream_shares.beat(process, lingering=many).live
    assert stream_shares.beat(process).held == {}
    assert Connection.objects.filter(stream=None).count() == len(many)


def test_a_key_that_was_refused_gets_no_socket(many):
    Connection.objects.update(status="attention")
    assert stream_shares.beat(uuid.uuid4()).held == {}


def test_orphans_are_polled_when_nobody_takes_over(many):
    process = uuid.uuid4()
    stream_shares.beat(process)
    stream_shares.note_heard(process, many)
    Copy.objects.update(status="placed", due_at=timezone.now() + LATER)
    streaming.poll_orphans()
    assert not Copy.objects.filter(due_at__lte=timezone.now()).exists()
    StreamProcess.objects.update(until=timezone.now())
    streaming.poll_orphans()
    assert Copy.objects.filter(due_at__lte=timezone.now()).count() == len(many)
    assert not Connection.objects.filter(streamed_at__isnull=False).exists()


def test_the_ramp_counts_all_processes_and_each_address(db, settings):
    settings.STREAM_OPENINGS, settings.STREAM_OPENINGS_SECONDS = 5, 1
    assert [ramp.admit("a", 3), ramp.admit("a", 3), ramp.admit("a", 3)] == [3, 2, 0]
    assert ramp.admit("b", 9) == 5
    time.sleep(1.1)
    assert ramp.admit("a", 9) == 5
