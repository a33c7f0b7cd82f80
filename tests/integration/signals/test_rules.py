"""What a follower allows on a connection: sizes, caps, filters, brakes, joining and leaving."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import ActivityEvent
from exchanges import services as exchanges
from exchanges import watching
from exchanges.models import Connection
from signals.choices import Sizing
from signals.domain.direction import Direction
from signals.domain.draft import Entry, EntryKind
from signals.domain.legs import entry_leg
from signals.domain.reasons import Reason
from signals.models import Copy, CopySettings
from signals.services import braking, enrolling, publishing, working
from signals.services.copying import close_copy, opt_out, panic, pause, resume, set_rules
from signals.services.preview import preview
from tests.fixtures.people import link_account, long_btc, make_user
from tests.integration.signals.steps import (
    D,
    buying,
    by_hand,
    end_of,
    follow,
    only_copy,
    position,
    resting,
    settle,
    size,
    targets,
)
from tests.integration.signals.test_changes import amend
from tests.integration.signals.test_copy_life import codes, compare_with_ledger, publish, work_now
from tests.integration.signals.test_entries import ladder, short_btc, trigger
from tests.integration.signals.test_targets_and_stops import TWO, enter, go_to

pytestmark = pytest.mark.django_db(transaction=True)


def rules(link, **fields):
    set_rules(link, fields=fields)


def eth(**changes):
    fields = {
        "symbol": "ETHUSDT",
        "entry_low": D(3690),
        "entry_high": D(3695),
        "stop": D(3600),
        "targets": targets((3900, 100)),
    }
    return long_btc(**(fields | changes))


def now():
    return timezone.now()


def lose(market, author, link):
    """One trade that ends at its stop."""
    market.price("BTCUSDT", 45950)
    publish(author)
    settle(market)
    market.price("BTCUSDT", 45500)
    settle(market)
    copy = Copy.objects.filter(connection=link).latest("pk")
    assert (end_of(copy), copy.net < 0) == (("closed", Reason.STOP), True)
    follow()  # the signal is over for everybody
    return copy


# --- sizes and caps ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sizing", "amount", "quantity"),
    [
        (Sizing.FIXED_MARGIN, "50", "0.010"),
        (Sizing.FIXED_NOTIONAL, "470", "0.010"),
        (Sizing.EQUITY_PERCENT, "5", "0.010"),
        (Sizing.RISK_PERCENT, "1", "0.018"),
    ],
)
def test_every_way_of_sizing(market, author, alice, sizing, amount, quantity):
    link = link_account(alice, market, sizing=sizing, amount=amount)
    publish(author)
    settle(market)
    assert buying(market, link) == [(D(46000), D(quantity))]
    compare_with_ledger(link, market)


def test_a_risk_percentage_is_never_lost_twice_over(market, author, alice):
    link = link_account(alice, market, sizing=Sizing.RISK_PERCENT, amount="1")
    publish(author)
    settle(market)
    go_to(market, 45990)
    go_to(market, 45500)
    assert -10 <= only_copy().net < -9  # 1 % of 1,000, fees included
    compare_with_ledger(link, market)


def test_a_multiplier_multiplies(market, author, alice):
    link = link_account(alice, market)
    rules(link, multiplier=D("2.5"))
    publish(author)
    settle(market)
    assert buying(market, link) == [(D(46000), D("0.027"))]
    compare_with_ledger(link, market)


def test_a_leverage_cap_is_set_at_the_exchange(market, author, alice):
    link = link_account(alice, market, leverage={"BTCUSDT": "10"})
    rules(link, max_leverage=D(4))
    market.price("BTCUSDT", 45950)
    publish(author)
    settle(market)
    copy = only_copy()
    assert (copy.leverage, copy.quantity) == (4, D("0.004"))
    assert D(position(market, link)["leverage"]) == 4
    compare_with_ledger(link, market)


def test_a_cap_above_the_signals_leverage_changes_nothing(market, author, alice):
    link = link_account(alice, market)
    rules(link, max_leverage=D(50))
    publish(author)
    settle(market)
    assert (only_copy().leverage, only_copy().quantity) == (10, D("0.010"))
    compare_with_ledger(link, market)


def test_a_notional_cap_makes_the_trade_smaller(market, author, alice):
    link = link_account(alice, market, amount="100")
    rules(link, max_notional=D(300))
    publish(author, long_btc(entry=ladder()))
    settle(market)
    assert 250 < sum(price * left for price, left in buying(market, link)) <= 300
    compare_with_ledger(link, market)


def test_no_more_copies_than_allowed(market, author, alice):
    link = link_account(alice, market)
    rules(link, max_copies=1)
    publish(author)
    publish(author, eth())
    working.work()
    found = {copy.symbol: end_of(copy) for copy in Copy.objects.all()}
    assert sorted(found.values()) == [("placed", ""), ("skipped", Reason.TOO_MANY_COPIES)]
    compare_with_ledger(link, market)


def test_what_would_exceed_the_exposure_is_skipped(market, author, alice):
    link = link_account(alice, market)
    rules(link, max_exposure=D(900))
    publish(author)
    settle(market)
    publish(author, eth())
    settle(market)
    assert end_of(only_copy(symbol="ETHUSDT")) == ("skipped", Reason.EXPOSURE_FULL)
    rules(link, max_exposure=D(1000))
    publish(
        author,
        eth(
            symbol="SOLUSDT",
            entry_low=D(160),
            entry_high=D(165),
            stop=D(155),
            targets=targets((180, 100)),
        ),
    )
    settle(market)
    assert only_copy(symbol="SOLUSDT").status == "placed"
    compare_with_ledger(link, market)


def test_a_second_copy_in_the_same_minute_sees_the_margin_of_the_first(market, author, alice):
    link = link_account(alice, market, amount="600")
    publish(author)
    working.work()
    assert only_copy().status == "placed"
    publish(author, eth())
    working.work()
    assert end_of(only_copy(symbol="ETHUSDT")) == ("skipped", Reason.BALANCE_TOO_SMALL)
    compare_with_ledger(link, market)


# --- filters -------------------------------------------------------------------------------------


@pytest.mark.parametrize("limit", [{"min_equity": D(2000)}, {"max_equity": D(500)}])
def test_an_account_outside_its_seed_is_not_traded_and_told_once_a_day(
    market, author, alice, limit
):
    link = link_account(alice, market)
    rules(link, **limit)
    publish(author)
    publish(author, eth())
    settle(market)
    assert {end_of(copy) for copy in Copy.objects.all()} == {("skipped", Reason.SEED_LIMIT)}
    told = ActivityEvent.objects.filter(user=alice, code="seed_limit")
    assert [event.kind for event in told] == ["seed_limit"]
    assert market.ledger(link.exchange_uid)["orders"] == []


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        ({"allowed_symbols": ["ETHUSDT"]}, Reason.SYMBOL_NOT_WANTED),
        ({"denied_symbols": ["BTCUSDT"]}, Reason.SYMBOL_NOT_WANTED),
        ({"only_side": "short"}, Reason.SIDE_NOT_WANTED),
        ({"max_slippage_percent": D("0.5")}, Reason.PRICE_AWAY),  # 46,300 is 0.65 % away
    ],
)
def test_what_a_follower_does_not_want_is_skipped(market, author, alice, bob, limits, reason):
    link, other = link_account(alice, market), link_account(bob, market)
    rules(link, **limits)
    publish(author)
    settle(market)
    assert end_of(only_copy(connection=link)) == ("skipped", reason)
    assert only_copy(connection=other).status == "placed"
    assert market.ledger(link.exchange_uid)["orders"] == []


@pytest.mark.parametrize(
    "limits",
    [
        {"allowed_symbols": ["BTCUSDT"]},
        {"denied_symbols": ["ETHUSDT"]},
        {"only_side": "long"},
        {"max_slippage_percent": D("0.7")},
    ],
)
def test_what_a_follower_wants_is_entered(market, author, alice, limits):
    link = link_account(alice, market)
    rules(link, **limits)
    publish(author)
    settle(market)
    assert only_copy().status == "placed"
    compare_with_ledger(link, market)


def test_only_the_authors_that_are_followed(market, author, alice):
    link = link_account(alice, market)
    other = make_user("other", is_superuser=True)
    set_rules(link, fields={}, authors=[other])
    publish(author)
    publish(other, eth())
    settle(market)
    assert end_of(only_copy(symbol="BTCUSDT")) == ("skipped", Reason.AUTHOR_NOT_FOLLOWED)
    assert only_copy(symbol="ETHUSDT").status == "placed"
    compare_with_ledger(link, market)


# --- brakes --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        ({"daily_loss": D(4)}, Reason.DAILY_LOSS),
        ({"weekly_loss": D(4)}, Reason.WEEKLY_LOSS),
        ({"loss_streak": 1}, Reason.LOSS_STREAK),
        ({"drawdown_percent": D("0.4")}, Reason.DRAWDOWN),
    ],
)
def test_a_brake_stops_new_entries_until_it_is_released(market, author, alice, limits, reason):
    link = link_account(alice, market)
    rules(link, **limits)
    lose(market, author, link)
    assert CopySettings.objects.get().halted_reason == reason
    publish(author, eth())
    publish(author)
    settle(market)
    found = Copy.objects.filter(status="skipped").values_list("reason", flat=True)
    assert list(found) == [reason, reason]
    assert codes(alice).count("halted") == 1
    assert braking.release(link, now=now())
    assert not braking.release(link, now=now())
    publish(author, eth())
    settle(market)
    assert Copy.objects.latest("pk").status == "placed"
    assert (codes(alice).count("halted"), codes(alice).count("released")) == (1, 1)
    compare_with_ledger(link, market)


@pytest.fixture
def meanwhile(monkeypatch):
    """Let something happen after a worker has read whether a brake is on."""

    def meanwhile(do):
        def results(*args):
            monkeypatch.setattr(braking, "_results", former)
            do()
            return former(*args)

        former = braking._results
        monkeypatch.setattr(braking, "_results", results)

    return meanwhile


def test_a_brake_that_two_workers_put_on_is_told_once(market, author, alice, meanwhile):
    link = link_account(alice, market)
    lose(market, author, link)
    rules(link, daily_loss=D(4))
    meanwhile(lambda: braking.apply_brakes({link.pk}, now=now()))
    assert braking.apply_brakes({link.pk}, now=now()) == {link.pk: Reason.DAILY_LOSS}
    assert codes(alice).count("halted") == 1


def test_a_brake_that_was_just_taken_off_is_not_put_on_by_what_was_before(
    market, author, alice, meanwhile
):
    link = link_account(alice, market)
    lose(market, author, link)
    rules(link, daily_loss=D(4))

    def on_and_off():
        braking.apply_brakes({link.pk}, now=now())
        assert braking.release(link, now=now())

    meanwhile(on_and_off)
    braking.apply_brakes({link.pk}, now=now())
    assert CopySettings.objects.get().halted_reason == ""


def test_a_brake_leaves_the_exits_of_what_is_open(market, author, alice):
    link = link_account(alice, market)
    rules(link, daily_loss=D(4))
    market.price("ETHUSDT", 3692)
    publish(author, eth(targets=targets((3800, 50), (3900, 50))))
    settle(market)
    lose(market, author, link)
    assert CopySettings.objects.get().halted_reason
    market.price("ETHUSDT", 3801)
    settle(market)
    signal = only_copy(symbol="ETHUSDT").signal
    amend(signal, author, stop=D(3650))
    settle(market)
    assert D(position(market, link)["stopLoss"]) == 3650
    market.price("ETHUSDT", 3901)
    settle(market)
    assert end_of(only_copy(symbol="ETHUSDT")) == ("closed", Reason.TARGET)
    compare_with_ledger(link, market)


def test_a_brake_stops_a_copy_of_the_same_chunk_that_is_not_sent_yet(market, author, alice):
    """The loss is known, but nobody has looked since: the entry's own plan finds it."""
    link = link_account(alice, market)
    lose(market, author, link)
    rules(link, daily_loss=D(4))
    publish(author, eth())
    settle(market)
    assert end_of(only_copy(symbol="ETHUSDT")) == ("skipped", Reason.DAILY_LOSS)
    compare_with_ledger(link, market)


def test_two_losses_in_a_row_are_a_streak_and_one_is_not(market, author, alice):
    link = link_account(alice, market)
    rules(link, loss_streak=2)
    lose(market, author, link)
    assert CopySettings.objects.get().halted_reason == ""
    lose(market, author, link)
    assert CopySettings.objects.get().halted_reason == Reason.LOSS_STREAK
    compare_with_ledger(link, market)


# --- pausing and leaving -------------------------------------------------------------------------


def test_a_pause_keeps_new_signals_out_and_open_trades_going(market, author, alice):
    link, signal = enter(market, author, alice, amount="100", draft=long_btc(targets=TWO))
    pause(link)
    publish(author, eth())
    amend(signal, author, stop=D(45600))
    settle(market)
    assert end_of(only_copy(symbol="ETHUSDT")) == ("skipped", Reason.SIZING_MISSING)
    assert position(market, link)["stopLoss"] == "45600"
    resume(link)
    publish(author, eth(note="again"))
    settle(market)
    assert Copy.objects.filter(symbol="ETHUSDT", status="placed").count() == 1
    go_to(market, 47001)
    assert end_of(only_copy(symbol="BTCUSDT")) == ("closed", Reason.TARGET)
    compare_with_ledger(link, market)


@pytest.mark.parametrize("price", [46300, 45950])
def test_opting_out_of_one_signal_leaves_the_others(market, author, alice, bob, price):
    link, other = link_account(alice, market), link_account(bob, market)
    market.price("BTCUSDT", price)
    publish(author)
    publish(author, eth())
    settle(market)
    assert opt_out(only_copy(connection=link, symbol="BTCUSDT"), now=now())
    settle(market)
    copy = only_copy(connection=link, symbol="BTCUSDT")
    assert copy.reason == Reason.OPTED_OUT
    assert copy.status == ("expired" if price == 46300 else "closed")
    assert size(market, link) == 0
    assert not opt_out(copy, now=now())
    assert Copy.objects.filter(status__in=["placed", "filled"]).count() == 3
    compare_with_ledger(link, market)
    compare_with_ledger(other, market)


def test_one_trade_can_be_closed_by_its_trader(market, author, alice, bob):
    other = link_account(bob, market)
    link, _ = enter(market, author, alice, amount="100", draft=long_btc(targets=TWO))
    assert close_copy(only_copy(connection=link), reason=Reason.CLOSED_BY_TRADER, now=now())
    settle(market)
    assert end_of(only_copy(connection=link)) == ("closed", Reason.CLOSED_BY_TRADER)
    assert (resting(market, link), position(market, link)) == ([], None)
    assert only_copy(connection=other).status == "filled"
    compare_with_ledger(link, market)


def test_who_pauses_before_the_entry_has_left_enters_nothing(market, author, alice):
    """A pause, or a panic, that commits while copies are being made does not see them."""
    link = link_account(alice, market)
    publish(author)
    pause(link)
    settle(market)
    copy = only_copy()
    assert (copy.status, copy.reason) == ("skipped", "sizing_missing")
    assert (resting(market, link), position(market, link)) == ([], None)


def test_panic_closes_everything_and_pauses(market, author, alice, bob):
    link, other = link_account(alice, market), link_account(bob, market)
    second = link_account(alice, market, name="second")
    market.price("BTCUSDT", 45950)
    publish(author, long_btc(entry=ladder(), targets=TWO))
    publish(author, eth())
    settle(market)
    assert panic(alice, now=now()) == 4
    settle(market)
    for each in (link, second):
        assert (resting(market, each), position(market, each)) == ([], None)
        compare_with_ledger(each, market)
    assert set(Copy.objects.filter(user=alice).values_list("reason", flat=True)) == {
        Reason.CLOSED_BY_TRADER
    }
    assert Copy.objects.filter(connection=other, status__in=["placed", "filled"]).count() == 2
    publish(author, eth(note="again"))
    settle(market)
    latest = Copy.objects.filter(user=alice).order_by("-pk")[:2]
    assert {end_of(copy) for copy in latest} == {("skipped", Reason.SIZING_MISSING)}
    assert codes(alice).count("panic") == 1


# --- joining -------------------------------------------------------------------------------------


def test_a_newcomer_does_not_join_open_signals_by_default(market, author, alice, bob):
    link_account(alice, market)
    publish(author)
    settle(market)
    link_account(bob, market)
    assert enrolling.enrol_late(now=now()) == 0
    assert not Copy.objects.filter(user=bob).exists()


def test_a_newcomer_who_wants_to_joins_what_nobody_has_entered(market, author, alice, bob):
    link_account(alice, market)
    publish(author)
    settle(market)
    link = link_account(bob, market)
    rules(link, joins_open=True)
    assert enrolling.enrol_late(now=now()) == 1
    assert enrolling.enrol_late(now=now()) == 0
    settle(market)
    assert only_copy(connection=link).status == "placed"
    compare_with_ledger(link, market)


def test_nobody_joins_what_has_been_entered_or_withdrawn(market, author, alice, bob):
    link_account(alice, market)
    signal = publish(author)
    settle(market)
    market.price("BTCUSDT", 45990)
    follow()
    settle(market)
    rules(link_account(bob, market), joins_open=True)
    assert enrolling.enrol_late(now=now()) == 0
    second = publish(author, eth())
    publishing.cancel_entries(second, actor=author, now=now())
    assert enrolling.enrol_late(now=now()) == 0
    assert not Copy.objects.filter(user=bob, signal=signal).exists()


def test_who_joins_late_never_pays_more_than_the_near_edge(market, author, alice, bob):
    link_account(alice, market)
    publish(author)
    settle(market)
    link = link_account(bob, market)
    rules(link, joins_open=True)
    market.price("BTCUSDT", 46900)
    enrolling.enrol_late(now=now())
    settle(market)
    assert buying(market, link) == [(D(46000), D("0.010"))]
    compare_with_ledger(link, market)


def test_who_joins_late_waits_for_the_same_crossing(market, author, alice, bob):
    first = link_account(alice, market)
    publish(author, long_btc(entry=trigger(46400)))
    settle(market)
    link = link_account(bob, market)
    rules(link, joins_open=True)
    enrolling.enrol_late(now=now())
    settle(market)
    for each in (first, link):
        (order,) = market.ledger(each.exchange_uid)["orders"]
        assert (order["orderStatus"], order["triggerDirection"]) == ("Untriggered", 1)
        compare_with_ledger(each, market)


def test_a_mended_connection_joins_where_it_was_passed_by(market, author, alice, bob):
    link_account(bob, market)
    link = link_account(alice, market)
    rules(link, joins_open=True)
    Connection.objects.filter(pk=link.pk).update(status="attention")
    publish(author)
    settle(market)
    assert end_of(only_copy(connection=link)) == ("skipped", Reason.CONNECTION_NOT_READY)
    assert enrolling.enrol_late(now=now()) == 0
    Connection.objects.filter(pk=link.pk).update(status="connected")
    assert enrolling.enrol_late(now=now()) == 1
    settle(market)
    assert only_copy(connection=link).status == "placed"
    compare_with_ledger(link, market)


def test_who_opted_out_or_was_refused_does_not_join_again(market, author, alice, bob):
    link, other = link_account(alice, market), link_account(bob, market)
    rules(link, joins_open=True)
    rules(other, joins_open=True, denied_symbols=["BTCUSDT"])
    publish(author)
    settle(market)
    opt_out(only_copy(connection=link), now=now())
    settle(market)
    rules(other, denied_symbols=[])
    assert enrolling.enrol_late(now=now()) == 0
    assert only_copy(connection=link).reason == Reason.OPTED_OUT
    assert only_copy(connection=other).reason == Reason.SYMBOL_NOT_WANTED


# --- the dry run equals the real one -------------------------------------------------------------


def twelve_accounts(market):
    """Accounts of all kinds: sizes, modes, leverages, caps, and every reason to be left out."""
    links = []

    def add(nickname, fields=None, *, sizing=Sizing.FIXED_MARGIN, amount="50", **account):
        link = link_account(make_user(nickname), market, sizing=sizing, amount=amount, **account)
        rules(link, **(fields or {}))
        links.append(link)
        return link

    add("plain")
    add("fits", leverage={"BTCUSDT": "10"})
    add("hedge", hedge=True, amount="75")
    add("notional", sizing=Sizing.FIXED_NOTIONAL, amount="1234")
    add("percent", {"multiplier": D("1.5")}, sizing=Sizing.EQUITY_PERCENT, amount="7")
    add("risk", {"max_notional": D(900)}, sizing=Sizing.RISK_PERCENT, amount="2")
    add("isolated", {"max_leverage": D(3)}, margin_mode="ISOLATED_MARGIN")
    add("tiny", amount="1")
    add("poor", amount="980")
    add("seed", {"min_equity": D(5000)})
    add("picky", {"only_side": "short"})
    busy = add("busy")
    by_hand(market, busy, "order", side="Buy", qty="0.001", orderType="Market")
    watching.watch(busy, now=now())
    return links


@pytest.mark.parametrize(
    ("draft", "price"),
    [
        (long_btc(targets=TWO), 46300),
        (long_btc(entry=ladder(5)), 46300),
        (long_btc(entry=trigger(46400)), 46300),
        (long_btc(entry=Entry(kind=EntryKind.MARKET)), 45950),
        (short_btc(entry=ladder(3), stop=D(46800)), 46300),
    ],
    ids=["plain", "ladder", "trigger", "market", "short"],
)
def test_in_a_frozen_market_the_dry_run_equals_the_real_run(market, author, draft, price):
    twelve_accounts(market)
    market.price("BTCUSDT", price)
    exchanges.refresh_prices("bybit", "sandbox", now=now())
    seen = preview(draft, author=author, now=now())
    publish(author, draft)
    before = market.paths()
    while working.work():
        pass
    writes = ("/v5/order/create", "/v5/position/set-leverage")
    sent = sum(market.paths().get(path, 0) - before.get(path, 0) for path in writes)
    assert len(seen.rows) == 12
    assert sent == seen.requests
    for row in seen.rows:
        copy = only_copy(connection=row.link.pk)
        orders = copy.orders.filter(leg__startswith="entry").order_by("pk")
        if row.size is None:
            assert end_of(copy) == ("skipped", row.reason), row.link.trader
            assert not orders.exists()
            continue
        assert copy.status in {"placed", "filled"}, (row.link.trader, copy.reason)
        is_market = draft.entry.kind is EntryKind.MARKET
        assert [(order.leg, order.price, order.quantity) for order in orders] == [
            (entry_leg(part.step), None if is_market else part.price, part.quantity)
            for part in row.parts
        ]
        assert (copy.margin, copy.leverage) == (row.size.margin, row.size.leverage)
        if not is_market:
            compare_with_ledger(copy.connection, market)


def test_the_dry_run_knows_whom_and_what_each_account_follows(market, author, alice, bob):
    """Equal settings are read once; what is in their lists still counts for each account."""
    equal = [link_account(alice, market, name=f"more {n}") for n in range(3)]
    denying = link_account(bob, market)
    rules(denying, denied_symbols=["BTCUSDT"])
    faithful = link_account(bob, market, name="faithful")
    set_rules(faithful, fields={}, authors=[bob])
    unready = link_account(bob, market, name="unready")
    unready.copy_settings.delete()
    seen = {row.link.pk: row.reason for row in preview(long_btc(), author=author, now=now()).rows}
    assert seen == dict.fromkeys((link.pk for link in equal), Reason.NONE) | {
        denying.pk: Reason.SYMBOL_NOT_WANTED,
        faithful.pk: Reason.AUTHOR_NOT_FOLLOWED,
        unready.pk: Reason.SIZING_MISSING,
    }


def test_a_late_hour_does_not_shift_the_brakes_day(market, author, alice):
    """What was lost yesterday is not lost today."""
    link = link_account(alice, market)
    copy = lose(market, author, link)
    midnight = now().replace(hour=0, minute=0, second=0, microsecond=0)
    Copy.objects.filter(pk=copy.pk).update(ended_at=midnight - timedelta(seconds=1))
    rules(link, daily_loss=D(4))
    publish(author, eth())
    work_now()
    assert only_copy(symbol="ETHUSDT").status == "placed"
    assert Direction(copy.signal.side) is Direction.LONG
    compare_with_ledger(link, market)
