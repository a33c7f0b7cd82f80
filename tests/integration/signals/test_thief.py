"""A thief with the web's settings, the whole database and Redis: twenty ways, and none works.

They want a follower's account to trade what is illiquid or too large, or a secret. What they lack
is the worker's environment: the vault's private key, the key of order names, the gate's bounds.
Each way ends with an exchange that has seen no such order, and with an alarm; or with a secret that
is nowhere.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from django.conf import settings as configured
from django.db import connection
from django.utils import timezone
from kombu.exceptions import ContentDisallowed
from kombu.serialization import loads
from redis import Redis

from exchanges import gateway, vault
from exchanges.domain.errors import GateRefused
from exchanges.domain.lanes import Lane
from exchanges.domain.trading import Credentials, NewOrder, OrderType, Side
from exchanges.metering import meter_of
from exchanges.models import Connection, Instrument
from hexagonal.celery import app
from signals.choices import SignalStatus
from signals.domain.chain import entry_hash
from signals.domain.draft import TargetDraft
from signals.domain.legs import entry_leg, target_leg
from signals.domain.link_ids import link_id
from signals.domain.terms import content_of
from signals.models import Alarm, Copy, Fill, Order, Signal, SignalRevision, Target
from signals.selectors import chain_entry, draft_of
from signals.services import publishing, working
from signals.services.alarms import watch
from signals.services.copying import set_rules
from signals.services.warrants import Warrants
from tests.fixtures.canaries import forms_of
from tests.fixtures.people import PASSWORD, link_account, long_btc
from tests.fixtures.processes import ROOT
from tests.integration.exchanges.test_key_pairs import begin, register
from tests.integration.exchanges.test_key_pairs import enter as enter_pair
from tests.integration.signals.steps import D, end_of, only_copy, settle, size, stop
from tests.integration.signals.test_copy_life import publish, work_now
from tests.integration.signals.test_entries import ladder
from tests.integration.signals.test_targets_and_stops import TWO, enter

pytestmark = pytest.mark.django_db(transaction=True)
SECRET = "CANARY-of-the-api-secret-0123456789"


@pytest.fixture(autouse=True)
def bounds(settings):
    """What the operator has put into the workers' environment."""
    settings.GATE_SYMBOLS = frozenset({"BTCUSDT", "ETHUSDT", "SOLUSDT", "LTCUSDT"})
    settings.GATE_LEVERAGE = 20
    settings.GATE_ORDER_NOTIONAL = 20_000
    settings.GATE_ACCOUNT_NOTIONAL_PER_MINUTE = 30_000
    settings.GATE_ACCOUNT_ORDERS_PER_MINUTE = 20


# --- what the thief can do -----------------------------------------------------------------------


@contextmanager
def unguarded_log():
    """Whoever owns a table can switch its triggers off."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE signals_signalrevision DISABLE TRIGGER USER")
        yield
        cursor.execute("ALTER TABLE signals_signalrevision ENABLE TRIGGER USER")


def rewrite_log(signal):
    """Let the newest entry say what the row says, with hashes that fit."""
    signal = Signal.objects.get(pk=signal.pk)
    wishes = {"wants_entry": signal.wants_entry, "wants_position": signal.wants_position}
    with unguarded_log():
        revision = SignalRevision.objects.filter(signal=signal).latest("number")
        revision.content = content_of(draft_of(signal)) | wishes
        revision.hash = entry_hash(chain_entry(revision))
        revision.save()


def write_log(signal):
    """Publish a draft by writing rows alone, with a log that is sound."""
    now = timezone.now()
    Signal.objects.filter(pk=signal.pk).update(status="open", revision=1, published_at=now)
    signal = Signal.objects.get(pk=signal.pk)
    wishes = {"wants_entry": True, "wants_position": True}
    revision = SignalRevision(
        signal=signal,
        number=1,
        author=signal.author,
        action="publish",
        content=content_of(draft_of(signal)) | wishes,
        at=now,
        previous_hash="0" * 64,
    )
    revision.hash = entry_hash(chain_entry(revision))
    revision.save()
    return signal


def plant_copy(signal, link, **fields):
    now = timezone.now()
    return Copy.objects.create(
        **{
            "signal": signal,
            "connection": link,
            "user": link.user,
            "symbol": signal.symbol,
            "budget": link.budget,
            "created_at": now,
            "due_at": now,
        }
        | fields
    )


def move(signal, **fields):
    """Alter a signal's row so that the checks of the database are content."""
    Signal.objects.filter(pk=signal.pk).update(**fields)


ON_BAKE = {"symbol": "BAKEUSDT", "entry_low": D("0.90"), "entry_high": D("0.92"), "stop": D("0.8")}


def turn_to_bake(signal):
    move(signal, **ON_BAKE)
    Target.objects.filter(signal=signal).update(price=D("1.1"))
    Copy.objects.filter(signal=signal).update(symbol="BAKEUSDT")


# --- what must come of it ------------------------------------------------------------------------


def expect_nothing_ordered(market, *links):
    for link in links:
        assert market.ledger(link.exchange_uid)["orders"] == []


def expect_alarm(code="gate_refused", *, saying=""):
    alarm = Alarm.objects.get(code=code, cleared_at=None)
    assert alarm.level == "critical"
    assert saying in alarm.detail


def expect_stopped(market, link, saying):
    """The copy has ended with its reason, nothing was sent, and somebody was called."""
    working.work()
    assert end_of(only_copy(connection=link)) == ("rejected", "gate_refused")
    expect_nothing_ordered(market, link)
    expect_alarm(saying=saying)


def whole_database() -> str:
    """All rows of all tables, as text."""
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
        found = []
        for table in tables:
            cursor.execute(f'SELECT t::text FROM "{table}" t')  # noqa: S608 - names of our own
            found += [row for (row,) in cursor.fetchall()]
    return "\n".join(found)


def stands_in(text, *secrets):
    forms = {form for secret in secrets for form in forms_of(secret.encode())}
    return [form for form in forms if form in text.encode()]


def test_the_bounds_let_an_honest_signal_by(market, author, alice):
    """Or else nothing below would prove anything."""
    link = link_account(alice, market)
    publish(author)
    working.work()
    assert only_copy().status == "placed"
    assert len(market.ledger(link.exchange_uid)["orders"]) == 1
    assert not Alarm.objects.exists()


# --- 1 to 6: the signal and its log --------------------------------------------------------------


def test_01_a_signal_that_was_never_published(market, author, alice):
    link = link_account(alice, market)
    signal = publishing.create_signal(author, long_btc(), now=timezone.now())
    move(signal, status=SignalStatus.OPEN, revision=1, published_at=timezone.now())
    plant_copy(signal, link)
    expect_stopped(market, link, "the chain is empty")


def test_02_a_log_whose_content_was_changed(market, author, alice):
    link = link_account(alice, market)
    signal = publish(author)
    move(signal, leverage=20)
    with unguarded_log():
        revision = SignalRevision.objects.get()
        revision.content |= {"leverage": "20"}
        revision.save()
    expect_stopped(market, link, "its hash does not match")


@pytest.mark.parametrize(
    "fields",
    [
        {"leverage": D(20)},
        {"entry_high": D(46300)},
        {"stop": D(30000)},
        {"side": "short", "stop": D(47000)},
        {"terms": {"entry": {"kind": "ladder", "steps": 10}}},
        {"terms": {"stop_rule": {"kind": "nonsense"}}},
    ],
    ids=lambda fields: next(iter(fields)),
)
def test_03_a_signal_that_says_something_else_than_its_log(market, author, alice, fields):
    link = link_account(alice, market)
    signal = publish(author)
    move(signal, **fields)
    working.work()
    expect_nothing_ordered(market, link)
    if "nonsense" not in str(fields):  # that one cannot even be planned
        assert end_of(only_copy()) == ("rejected", "gate_refused")
        expect_alarm(saying="is not what its log says")


def test_04_a_log_that_was_written_anew_for_an_illiquid_pair(market, author, alice):
    link = link_account(alice, market)
    signal = publish(author)
    turn_to_bake(signal)
    rewrite_log(signal)
    expect_stopped(market, link, "BAKEUSDT is not on this worker's list")


def test_05_a_log_that_was_written_anew_for_more_leverage(market, author, alice):
    link = link_account(alice, market)
    signal = publish(author)
    move(signal, leverage=100)
    rewrite_log(signal)
    expect_stopped(market, link, "more than 20 times")


def test_06_entries_that_were_withdrawn_and_are_revived(market, author, alice):
    link = link_account(alice, market)
    signal = publish(author)
    publishing.cancel_entries(signal, actor=author, now=timezone.now())
    move(signal, revision=1, wants_entry=True)
    expect_stopped(market, link, "is not where its log is")


# --- 7 to 10: copies and their orders ------------------------------------------------------------


def test_07_a_copy_of_another_symbol(market, author, alice):
    link = link_account(alice, market)
    publish(author)
    market.price("ETHUSDT", 46300)  # or the sizes would not fit
    Copy.objects.update(symbol="ETHUSDT")
    expect_stopped(market, link, "another symbol than its signal")


def test_08_a_copy_on_another_traders_connection(market, author, alice, bob):
    link, other = link_account(alice, market), link_account(bob, market)
    publish(author)
    Copy.objects.filter(connection=other).delete()
    Copy.objects.update(connection=other, budget=other.budget)
    expect_stopped(market, other, "another trader's connection")
    expect_nothing_ordered(market, link)


def test_09_an_order_of_fifty_coins_under_another_name(market, author, alice):
    link = link_account(alice, market, amount="138")
    publish(author, long_btc(entry=ladder()))
    working.work()
    before = market.ledger(link.exchange_uid)["orders"]
    assert len(before) == 3
    Order.objects.filter(leg=entry_leg(2)).update(
        link_id="hx" + "0" * 24, exchange_id="", status="not_sent", quantity=D(50)
    )
    work_now()
    assert len(market.ledger(link.exchange_uid)["orders"]) == 3
    expect_alarm(saying="none of the copy's entries")


def test_10_a_resting_entry_that_is_called_a_target(market, author, alice):
    """Its amendment would buy at the target's price."""
    link = link_account(alice, market, amount="138")
    publish(author, long_btc(entry=ladder(2), targets=TWO))
    working.work()
    market.price("BTCUSDT", 45990)
    settle(market)
    held = size(market, link)
    assert held > 0
    Order.objects.filter(leg=entry_leg(2)).update(leg=target_leg(2), generation=1)
    work_now()
    buys = [row for row in market.ledger(link.exchange_uid)["orders"] if row["side"] == "Buy"]
    assert {D(row["price"]) for row in buys} <= {D(45900), D(46000)}
    assert size(market, link) == held
    expect_alarm(saying="outside the range")


# --- 11 to 14: how much, by which rules, at which price, how often --------------------------------


def test_11_a_follower_who_puts_in_ten_thousand_percent(market, author, alice):
    link = link_account(alice, market, balance="5000000")
    set_rules(link, fields={"sizing": "equity_percent", "amount": D(10_000)})
    rich = {"equity": D(20_000), "available": D(10**9), "balance_at": timezone.now()}
    Connection.objects.update(**rich)
    publish(author)
    expect_stopped(market, link, "more than 20000 USDT in one order")


def test_12_rules_of_the_contract_that_move_the_prices(market, author, alice):
    link = link_account(alice, market, amount="138")
    publish(author, long_btc(entry=ladder(), entry_low=D(45400), stop=D(44000)))
    Instrument.objects.filter(symbol="BTCUSDT").update(tick=D(1000))
    working.work()
    prices = [D(row["price"]) for row in market.ledger(link.exchange_uid)["orders"]]
    assert prices == [D(46000), D(46000)]  # the third would rest below the range
    expect_alarm(saying="outside the range")


def test_13_a_price_in_the_database_that_is_not_the_exchanges(market, author, alice, settings):
    link = link_account(alice, market)
    goals = (TargetDraft(D(52000), D(100)),)
    publish(author, long_btc(targets=goals))
    market.price("BTCUSDT", 49000)
    settings.PRICE_MAX_AGE_SECONDS = 60
    inside = {"bid": D(45950), "ask": D("45950.1"), "last": D(45950), "mark": D(45950)}
    Instrument.objects.filter(symbol="BTCUSDT").update(**inside, priced_at=timezone.now())
    expect_stopped(market, link, "the market is not inside the range")


def other_long(symbol, price, tick):
    """A long that rests below the price."""

    def near(factor):
        return D(price) * D(factor) // D(tick) * D(tick)

    return long_btc(
        symbol=symbol,
        entry_low=near("0.98"),
        entry_high=near("0.99"),
        stop=near("0.96"),
        targets=(TargetDraft(near("1.05"), D(100)),),
    )


def test_14_many_signals_in_a_minute_and_redis_emptied_between(market, author, alice, settings):
    settings.GATE_ACCOUNT_NOTIONAL_PER_MINUTE = 1200  # two of 500 USDT
    link = link_account(alice, market)
    coins = [("ETHUSDT", 3700, "0.01"), ("SOLUSDT", 170, "0.01"), ("LTCUSDT", 146, "0.01")]
    for coin in coins:
        market.price(*coin[:2])
        draft = publishing.create_signal(author, other_long(*coin), now=timezone.now())
        plant_copy(write_log(draft), link)
        working.work()
        with Redis.from_url(settings.REDIS_URL) as memory:
            memory.flushdb()
    assert len(market.ledger(link.exchange_uid)["orders"]) == 2
    assert end_of(only_copy(symbol="LTCUSDT")) == ("rejected", "gate_refused")
    expect_alarm(saying="1200 USDT of the account in a minute")


# --- 15 and 16: exits ----------------------------------------------------------------------------


def test_15_a_target_that_is_not_reduce_only_is_an_entry(market, author, alice):
    link, _ = enter(market, author, alice, amount="100", draft=long_btc(targets=TWO))
    copy = Copy.objects.select_related("signal", "connection").get()
    key = configured.LINK_ID_KEY.encode()
    target = NewOrder(
        link_id=link_id(key, copy.public_id, target_leg(1), 1),
        symbol="BTCUSDT",
        side=Side.SELL,
        type=OrderType.LIMIT,
        quantity=D("0.01"),
        position_index=0,
        price=D(46500),
    )
    account = gateway.exchange_of(link, meter_of(link, Lane.ENTRY), Warrants().of(copy))
    before = market.ledger(link.exchange_uid)["orders"]
    for order in (target, replace(target, side=Side.BUY, price=D(45950), stop=D(45000))):
        with pytest.raises(GateRefused):
            account.place(order)
    assert market.ledger(link.exchange_uid)["orders"] == before


def test_what_protects_leaves_whatever_the_gate_thinks(market, author, alice, settings):
    link, _ = enter(market, author, alice, amount="100", draft=long_btc(targets=TWO))
    settings.GATE_SYMBOLS, settings.GATE_ORDER_NOTIONAL = frozenset(), 1
    account = gateway.exchange_of(link, meter_of(link, Lane.PROTECT))
    account.set_position_levels("BTCUSDT", 0, stop=D(45600), target=None)
    assert stop(market, link) == D(45600)
    for order in only_copy().orders.filter(leg__startswith="target"):
        account.cancel("BTCUSDT", order.link_id)
    out = NewOrder("hxout", "BTCUSDT", Side.SELL, OrderType.MARKET, D("0.021"), 0)
    account.place(replace(out, reduce_only=True))
    assert size(market, link) == 0


def test_a_stop_does_not_wait_for_an_entry_that_the_gate_holds_up(market, author, alice, settings):
    link = link_account(alice, market, amount="138")
    signal = publish(author, long_btc(entry=ladder()))
    settle(market)
    market.price("BTCUSDT", 45990)
    settle(market)
    assert size(market, link) > 0
    settings.GATE_SYMBOLS = frozenset()
    draft = replace(draft_of(signal), entry_low=D(45960), stop=D(45600))
    publishing.amend(signal, draft, actor=author, now=timezone.now())
    working.work()
    assert stop(market, link) == D(45600)
    expect_alarm()


def test_16_a_forged_fill_that_makes_targets_larger_than_the_position(market, author, alice):
    link, _ = enter(market, author, alice, amount="100", draft=long_btc(targets=TWO))
    held, copy = size(market, link), only_copy()
    Fill.objects.create(
        copy=copy,
        connection=link,
        order=copy.orders.get(leg=entry_leg(1)),
        fill_id="forged",
        side="buy",
        cause="user",
        quantity=D(10),
        price=D(45950),
        fee=D(0),
        fee_currency="USDT",
        at=timezone.now() - timedelta(minutes=1),
    )
    work_now()
    market.price("BTCUSDT", 47100)
    work_now()
    assert size(market, link) <= held
    mine = market.ledger(link.exchange_uid)["orders"]
    assert all(row["reduceOnly"] for row in mine if row["side"] == "Sell")
    watch()
    assert Alarm.objects.filter(code="entered_twice", level="emergency").exists()


# --- 17 to 20: keys and where they are used -------------------------------------------------------


def test_17_a_box_that_was_moved_to_another_row(market, author, alice, bob):
    link, other = link_account(alice, market), link_account(bob, market)
    publish(author)
    sealed = Connection.objects.get(pk=other.pk).sealed
    Connection.objects.filter(pk=link.pk).update(sealed=sealed)
    Copy.objects.filter(connection=other).delete()
    working.work()
    assert end_of(only_copy()) == ("rejected", "connection_not_ready")
    expect_nothing_ordered(market, link, other)
    expect_alarm("key_altered")


def test_18_a_box_of_ones_own_in_the_place_of_a_key_pair(market, author, alice):
    link = begin(alice)
    link = enter_pair(link, register(market, link)["api_key"])
    set_rules(link, fields={"sizing": "fixed_margin", "amount": D(50)})
    own = market.account(balance="1000")
    publish(author)
    box = vault.seal(
        Credentials(own["api_key"], own["api_secret"]), context=gateway.seal_context(link)
    )
    Connection.objects.update(sealed=box)
    working.work()
    assert end_of(only_copy()) == ("rejected", "connection_not_ready")
    expect_nothing_ordered(market, link)
    assert market.ledger(own["uid"])["orders"] == []
    expect_alarm("key_altered")


def test_19_a_connection_of_another_exchange_or_environment(market, author, alice, bob):
    link, other = link_account(alice, market), link_account(bob, market)
    publish(author)
    Connection.objects.filter(pk=link.pk).update(exchange="elsewhere")
    working.work()
    assert end_of(only_copy(connection=link)) == ("rejected", "connection_not_ready")
    expect_nothing_ordered(market, link)
    expect_alarm("key_altered")
    assert only_copy(connection=other).status == "placed"  # nobody else is held up by it
    link.refresh_from_db()
    for field, value in (("exchange", "bybit"), ("environment", "mainnet")):
        setattr(link, field, value)
    with pytest.raises(vault.SealBroken):
        gateway.exchange_of(link, meter_of(link, Lane.ENTRY))


def test_20_an_address_that_leads_through_the_thief(market, author, alice):
    link = link_account(alice, market)
    publish(author)
    with socket.create_server(("127.0.0.1", 0)) as thief:
        way = f"http://127.0.0.1:{thief.getsockname()[1]}"
        Connection.objects.update(egress=way)
        working.work()
        thief.settimeout(0.5)
        with pytest.raises(TimeoutError):
            thief.accept()
    assert len(market.ledger(link.exchange_uid)["orders"]) == 1  # by our own address, as ever


# --- 21 to 24: secrets ---------------------------------------------------------------------------


def test_21_what_waits_at_the_broker(market, alice):
    with Redis.from_url(configured.CELERY_BROKER_URL) as broker:
        broker.delete("control", "orders", "default")
        link = link_account(alice, market, api_secret=SECRET)
        waiting = [
            message
            for queue in ("control", "orders", "default")
            for message in broker.lrange(queue, 0, -1)
        ]
    assert waiting
    text = b"".join(waiting).decode()
    assert stands_in(text, SECRET, bytes(link.sealed).hex()) == []
    assert {json.loads(message)["headers"]["task"] for message in waiting} == {
        "exchanges.verify_connection"
    }


def test_21b_a_task_that_is_code(market):
    """What workers take from the broker is data: no message can bring a program along."""
    with pytest.raises(ContentDisallowed):
        loads(b"cos\nsystem\n", "application/x-python-serialize", "binary", accept=accepted())


def accepted():
    return set(app.conf.accept_content)


def test_22_an_answer_that_repeats_the_key(market, author, alice, caplog):
    link = link_account(alice, market, api_secret=SECRET, leverage={"BTCUSDT": "10"})
    key = vault.unseal(bytes(link.sealed), context=gateway.seal_context(link)).api_key
    market.fault("retcode", path="/v5/order/create", code=10004, message=f"origin[{key}]")
    publish(author)
    working.work()
    assert only_copy().status == "rejected"
    rows = whole_database()
    assert "origin[***]" in rows
    assert stands_in(rows + caplog.text, key, SECRET) == []


OPEN_EVERYTHING = """
from exchanges import gateway, vault
from exchanges.models import Connection
from exchanges.ports import NoMeter
for link in Connection.objects.all():
    for attempt in (
        lambda: gateway.exchange_of(link, NoMeter()),
        lambda: gateway.account_stream_of(link),
        lambda: vault.unseal(bytes(link.sealed), context=gateway.seal_context(link)),
    ):
        try:
            print("opened", attempt())
        except Exception as error:
            print(type(error).__name__)
"""


def test_23_unsealing_with_all_that_the_web_is_told(market, alice, processes):
    link_account(alice, market, api_secret=SECRET)
    run = subprocess.run(
        [sys.executable, "manage.py", "shell", "--verbosity", "0", "-c", OPEN_EVERYTHING],
        cwd=ROOT,
        env=processes.environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.stdout.split() == ["Unavailable", "Unavailable", "VaultClosed"], run.stderr
    assert stands_in(run.stdout + run.stderr, SECRET) == []


def test_24_every_page_that_shows_a_connection(client, market, author, alice):
    link = link_account(alice, market, api_secret=SECRET)
    box = bytes(link.sealed)
    key = vault.unseal(box, context=gateway.seal_context(link)).api_key
    seen = ""
    for who, paths in (
        (alice, ("/settings/", "/connections/", "/api/v1/connections/")),
        (author, ("/ops/exchanges/connection/", f"/ops/exchanges/connection/{link.pk}/change/")),
    ):
        client.login(email=who.email, password=PASSWORD)
        answers = [client.get(path) for path in paths]
        seen += "".join(answer.content.decode() for answer in answers)
        assert all(answer.status_code in {200, 404} for answer in answers)
    assert link.exchange_uid in seen
    assert stands_in(seen, SECRET, key, box.hex()) == []
