"""The platform itself trades on Binance USDⓈ-M: a copy from entry to exit, against the stand-in."""

from __future__ import annotations

import random
import threading
import time
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from exchanges import services as exchanges
from exchanges.adapters.ccxt import shelf
from exchanges.adapters.ccxt.account import CcxtExchange
from exchanges.adapters.ccxt.venue import Endpoint, Feature, Request
from exchanges.adapters.ccxt.venues.binance import USDM
from exchanges.domain.errors import MarginModeMismatch, OutcomeUnknown, RateLimited, Unavailable
from exchanges.domain.lanes import Lane
from exchanges.domain.trading import Credentials
from exchanges.domain.venues import Limits
from exchanges.governor import Ask, governor
from exchanges.instruments import refresh_instruments
from exchanges.models import SymbolState
from exchanges.ports import Wire
from exchanges.registry import exchange_factory, venue_of
from signals.choices import Sizing
from signals.domain.legs import target_leg
from signals.domain.reasons import Reason
from signals.models import Copy, ExchangeCall, Fill, Order
from signals.services import observing, working
from signals.services.claiming import _in_turn, claim
from signals.services.copying import close_copy, set_rules
from tests.fixtures.pairs import PLENTY
from tests.fixtures.people import long_btc, make_user
from tests.integration.signals.steps import D, end_of, only_copy, targets
from tests.integration.signals.test_changes import amend
from tests.integration.signals.test_copy_life import publish, work_now
from tests.integration.signals.test_entries import ladder, short_btc

pytestmark = pytest.mark.django_db(transaction=True)
EXCHANGE, PLACE = "binance_usdm", ("binance_usdm", "sandbox")
BUDGET = "binance_usdm/sandbox/"


@pytest.fixture
def usdm(market, pairs, settings, monkeypatch):
    """The stand-in, offered beside Bybit, whose contracts signals are written for."""
    sites = {**USDM.sites, "sandbox": USDM.sites["mainnet"]}
    monkeypatch.setattr(type(USDM), "sites", sites)
    settings.EXCHANGES_OFFERED = ["bybit", EXCHANGE]
    control = pairs(EXCHANGE)
    settings.BYBIT_SANDBOX_URL = control.url
    venue_of.cache_clear()
    control.price(46300)
    control.limit(PLENTY)
    refresh_instruments(*PLACE, now=timezone.now())
    yield control
    venue_of.cache_clear()


@pytest.fixture
def link(usdm, alice):
    return link_to(usdm, alice)


def link_to(usdm, person):
    key, secret = usdm.account()
    made = exchanges.connect(
        person,
        environment="sandbox",
        name="main",
        credentials=Credentials(key, secret),
        exchange=EXCHANGE,
    )
    exchanges.verify(made.pk, now=timezone.now())
    made.refresh_from_db()
    set_rules(made, fields={"sizing": Sizing.FIXED_MARGIN, "amount": D(50)})
    wire = Wire("sandbox", usdm.url, 1, 5, 5000)
    made.account = exchange_factory(EXCHANGE)(Credentials(key, secret), wire)  # the trader's look
    return made


def look(rounds=3):
    for _ in range(rounds):
        Copy.objects.update(looked_at=None)
        work_now()


def enter(usdm, author):
    publish(author)
    work_now()
    assert only_copy().status == "placed", end_of(only_copy())
    usdm.price(45950)
    look(2)
    assert only_copy().status == "filled"


def stops(link):
    return [
        (order.trigger_price, order.quantity)
        for order in link.account.open_orders("BTCUSDT")
        if order.trigger_price is not None
    ]


def test_an_account_is_linked(link):
    assert link.status == "connected", link.reason
    assert link.equity == 1000


def test_an_entry_is_followed_by_its_stop_and_its_target(usdm, author, link):
    enter(usdm, author)
    (position,) = link.account.positions("BTCUSDT")
    assert position.quantity == D("0.010")
    assert stops(link) == [(D(45500), D("0.010"))]
    targets = [o.price for o in link.account.open_orders("BTCUSDT") if o.trigger_price is None]
    assert targets == [D(47000)]
    copy = only_copy()
    assert (copy.has_stop, copy.unprotected_since) == (True, None)
    (entry,) = Fill.objects.filter(connection=link)
    assert (entry.quantity, entry.price) == (D("0.010"), D(46000))
    assert (entry.fee, entry.fee_currency) == (D("0.23"), "USDT")


def test_a_stop_that_fires_ends_the_copy(usdm, author, link):
    enter(usdm, author)
    usdm.price(45400)
    look()
    copy = only_copy()
    assert end_of(copy) == ("closed", Reason.STOP)
    assert link.account.positions() == []
    assert link.account.open_orders() == []
    fees = D("0.010") * (46000 + 45400) * D("0.0005")
    assert copy.pnl == D("0.010") * (45400 - 46000) - fees
    assert link.account.balance().equity == 1000 + copy.pnl
    assert Order.objects.get(leg="stop", filled__gt=0).average == 45400


def test_a_short_sets_its_leverage_and_waits_for_a_rise(usdm, author, link):
    draft = short_btc(leverage=D(5))
    publish(author, draft)
    work_now()
    assert link.account.symbol_mode("BTCUSDT").leverage == 5
    usdm.price(46550)
    look(2)
    (position,) = link.account.positions("BTCUSDT")
    assert position.side == "sell"
    assert stops(link) == [(draft.stop, position.quantity)]
    usdm.price(draft.stop + 10)
    look()
    assert end_of(only_copy()) == ("closed", Reason.STOP)
    assert link.account.positions() == []


def test_a_process_that_was_started_anew_protects_what_is_held(usdm, author, link):
    """Nobody has read the contracts there yet, nor will before the hour is over."""
    enter(usdm, author)
    link.account.cancel("BTCUSDT", Order.objects.get(leg="stop", status="open").link_id)
    shelf._shelves.clear()
    look()
    assert stops(link) == [(D(45500), D("0.010"))]


def test_what_no_list_shows_any_more_is_asked_for_by_name(usdm, author, link, monkeypatch):
    """The exchange lists by when an order was placed: one that rested for long ends unlisted."""
    enter(usdm, author)
    monkeypatch.setattr(observing, "LOOK_BACK", timedelta(0))
    monkeypatch.setattr(observing, "CLOCK_SLACK", timedelta(0))
    target = Order.objects.get(leg=target_leg(1))
    link.account.cancel("BTCUSDT", target.link_id)
    Copy.objects.update(looked_at=timezone.now())
    work_now()
    target.refresh_from_db()
    assert target.status == "cancelled"


def test_a_stop_that_rested_for_long_and_fires_is_told_as_the_stop(usdm, author, link, monkeypatch):
    """The order that it becomes is listed, and it itself is not."""
    enter(usdm, author)
    monkeypatch.setattr(observing, "LOOK_BACK", timedelta(0))
    monkeypatch.setattr(observing, "CLOCK_SLACK", timedelta(0))
    Copy.objects.update(looked_at=timezone.now())
    usdm.price(45400)
    for _ in range(3):
        work_now()
    assert end_of(only_copy()) == ("closed", Reason.STOP)
    legs = Order.objects.filter(leg="stop", link_id__gt="").values_list("status", "filled")
    assert list(legs) == [("filled", D("0.010"))]
    assert not Order.objects.filter(leg="hand").exists()
    assert Fill.objects.get(order__leg="stop").price == 45400


def test_a_stop_that_its_exchange_has_forgotten_is_placed_anew(usdm, author, link, monkeypatch):
    """Binance knows what ended without a fill for three days; then no name and no list has it."""
    enter(usdm, author)
    link.account.cancel("BTCUSDT", Order.objects.get(leg="stop", status="open").link_id)
    usdm.forget()
    look(2)
    assert stops(link) == []  # a list may be late
    look(2)
    assert stops(link) == [(D(45500), D("0.010"))]


def test_an_entry_that_its_exchange_has_forgotten_ends_its_copy(usdm, author, link):
    publish(author)
    work_now()
    link.account.cancel("BTCUSDT", Order.objects.get().link_id)
    usdm.forget()
    look(4)
    assert only_copy().status not in {"placed", "pending"}, end_of(only_copy())


def test_a_look_up_that_fails_takes_nothing_from_the_look(usdm, author, link, monkeypatch):
    enter(usdm, author)
    target = Order.objects.get(leg=target_leg(1))
    link.account.cancel("BTCUSDT", target.link_id)
    link.account.cancel("BTCUSDT", Order.objects.get(leg="stop", status="open").link_id)
    usdm.forget()

    def fails(self, symbol, link_id):
        raise Unavailable("away")

    with monkeypatch.context() as broken:
        broken.setattr(CcxtExchange, "find_order", fails)
        seen = observing.Observation()
        observing._look_at_all(only_copy(), list(Order.objects.all()), link.account, seen)
    assert (seen.is_full, len(seen.positions), seen.unshown) == (True, 1, set())


def test_a_stop_that_may_not_be_asked_for_yet_leaves_nothing_to_another(
    usdm, author, link, monkeypatch
):
    """What it may have become would look like the trader's own."""
    enter(usdm, author)
    link.account.cancel("BTCUSDT", Order.objects.get(leg="stop", status="open").link_id)
    usdm.forget()

    def finds_no_room(self, symbol, link_id):
        raise RateLimited("full")

    monkeypatch.setattr(CcxtExchange, "find_order", finds_no_room)
    with pytest.raises(RateLimited):
        observing._look_at_all(
            only_copy(), list(Order.objects.all()), link.account, observing.Observation()
        )


def test_a_contract_that_stands_on_another_margin_mode_is_told(author, link, monkeypatch):
    """As KuCoin refuses it; nothing was entered, and nothing is tried again."""

    def refuses(self, order):
        raise MarginModeMismatch("kucoin_futures 330005")

    monkeypatch.setattr(CcxtExchange, "place", refuses)
    publish(author)
    work_now()
    assert end_of(only_copy()) == ("rejected", Reason.MARGIN_MODE)


def amendments():
    """The requests that have amended something; a look says no quantity."""
    return list(ExchangeCall.objects.filter(action="amend", request__contains="quantity="))


def test_a_target_that_the_author_moves_is_amended_once(usdm, author, link):
    enter(usdm, author)
    before = Order.objects.get(leg=target_leg(1))
    amend(only_copy().signal, author, targets=targets((47200, 100)))
    look(4)
    (order,) = [o for o in link.account.open_orders("BTCUSDT") if o.trigger_price is None]
    assert (order.order_id, order.link_id) == (before.exchange_id, before.link_id)
    assert (order.price, order.quantity) == (47200, D("0.010"))
    assert len(amendments()) == 1
    before.refresh_from_db()
    assert (before.price, before.status, before.generation) == (47200, "open", 0)
    assert Order.objects.filter(leg=target_leg(1)).count() == 1
    assert stops(link) == [(D(45500), D("0.010"))]
    usdm.price(47201)
    look()
    assert end_of(only_copy()) == ("closed", Reason.TARGET)
    assert link.account.open_orders() == []


def test_an_entry_follows_the_range_that_the_author_moves(usdm, author, link):
    publish(author)
    work_now()
    before = Order.objects.get(leg="entry")
    amend(only_copy().signal, author, entry_low=D(45800), entry_high=D(45900))
    look(3)
    (order,) = link.account.open_orders("BTCUSDT")
    assert (order.order_id, order.price) == (before.exchange_id, 45900)
    assert len(amendments()) == 1
    assert only_copy().status == "placed"


def test_a_stop_that_the_author_moves_is_never_missing_and_not_amended(usdm, author, link):
    enter(usdm, author)
    amend(only_copy().signal, author, stop=D(45400))
    look(4)
    assert stops(link) == [(D(45400), D("0.010"))]
    assert amendments() == []
    assert only_copy().unprotected_since is None


def test_an_amendment_whose_fate_is_unknown_is_looked_at_first(usdm, author, link, monkeypatch):
    """The request has arrived, and its answer has not."""
    enter(usdm, author)
    amended = CcxtExchange.amend

    def loses_its_answer(self, change):
        amended(self, change)
        raise OutcomeUnknown("lost")

    amend(only_copy().signal, author, targets=targets((47200, 100)))
    with monkeypatch.context() as broken:
        broken.setattr(CcxtExchange, "amend", loses_its_answer)
        look(1)
    look(3)
    assert len(amendments()) == 1
    assert Order.objects.get(leg=target_leg(1)).price == 47200
    assert (only_copy().status, stops(link)) == ("filled", [(D(45500), D("0.010"))])


def test_a_target_ends_the_copy_and_leaves_no_stop(usdm, author, link):
    enter(usdm, author)
    usdm.price(47001)
    look()
    assert end_of(only_copy()) == ("closed", Reason.TARGET)
    assert link.account.open_orders() == []


def test_a_trader_closes_the_copy(usdm, author, link):
    enter(usdm, author)
    assert close_copy(only_copy(), reason=Reason.CLOSED_BY_TRADER, now=timezone.now())
    look(4)
    assert end_of(only_copy()) == ("closed", Reason.CLOSED_BY_TRADER)
    assert link.account.positions() == []
    assert link.account.open_orders() == []


# --- limits --------------------------------------------------------------------------------------


def used():
    return governor().room([BUDGET])[BUDGET].used


def test_never_less_weight_is_counted_than_the_exchange_counts(usdm, author, link):
    """Publishing, entering, the stop, quiet looks and the exit: by both sides' own count."""
    usdm.limit(PLENTY)
    before = used()
    enter(usdm, author)
    for _ in range(3):
        work_now()
    usdm.price(45400)
    look()
    assert end_of(only_copy()) == ("closed", Reason.STOP)
    counted = usdm.limit()
    assert 0 < counted <= used() - before


def weight_of_a_look(usdm):
    usdm.limit(PLENTY)
    assert work_now() == 1
    return usdm.limit()


def test_an_entry_that_rests_is_looked_at_soon_and_by_its_name(usdm, author, link, settings):
    publish(author)
    work_now()
    settings.POLL_SECONDS, settings.RESTING_POLL_SECONDS = 30, 2
    assert weight_of_a_look(usdm) == 1
    copy = only_copy()
    assert (copy.status, copy.lane) == ("placed", Lane.WATCH)
    assert timedelta(0) < copy.due_at - timezone.now() < timedelta(seconds=2)
    usdm.price(45950)
    work_now()
    assert (only_copy().status, len(stops(link))) == ("filled", 1)


def test_a_trade_that_has_its_stop_is_looked_at_by_three_small_requests(usdm, author, link):
    enter(usdm, author)
    look(1)
    assert weight_of_a_look(usdm) == 5 + 1 + 1
    copy = only_copy()
    assert (copy.status, copy.lane, copy.has_stop) == ("filled", Lane.POLL, True)
    link.account.cancel("BTCUSDT", Order.objects.get(leg="stop", status="open").link_id)
    work_now()
    assert stops(link) == [(D(45500), D("0.010"))]  # seen by the small look


def leave(room):
    """Let others spend what mere looks may, but for so much."""
    others = governor().room([BUDGET])[BUDGET].left(Lane.WATCH) - room
    (permit,) = governor().take([Ask(BUDGET, Lane.PROTECT, weight=others)])
    assert permit.is_granted


@pytest.mark.parametrize("room", [1, 15])
def test_a_fill_that_is_seen_has_its_stop_though_others_have_spent_the_limits(
    usdm, author, link, room
):
    """The small look finds room, the full one would not, and what protects has its own."""
    publish(author)
    work_now()
    usdm.price(45950)
    leave(room)
    work_now()
    assert (only_copy().status, stops(link)) == ("filled", [(D(45500), D("0.010"))])


@pytest.mark.parametrize(("price", "lane"), [(45900, Lane.PROTECT), (47001, Lane.POLL)])
def test_a_stop_that_is_gone_is_in_a_hurry_and_a_target_that_has_sold_is_not(
    usdm, author, link, monkeypatch, price, lane
):
    def finds_no_room(self, symbol, since):
        raise RateLimited("full", retry_after=0.5)

    enter(usdm, author)
    look(1)
    if lane is Lane.PROTECT:
        link.account.cancel("BTCUSDT", Order.objects.get(leg="stop", status="open").link_id)
    usdm.price(price)
    monkeypatch.setattr(CcxtExchange, "orders_since", finds_no_room)
    work_now()
    assert (only_copy().status, only_copy().lane) == ("filled", lane)


def test_a_fill_whose_full_look_fails_is_looked_at_as_what_protects(
    usdm, author, link, monkeypatch
):
    def finds_no_room(self, symbol=None):
        raise RateLimited("full", retry_after=0.5)

    publish(author)
    work_now()
    usdm.price(45950)
    with monkeypatch.context() as full:
        full.setattr(CcxtExchange, "positions", finds_no_room)
        work_now()
    copy = only_copy()
    assert (copy.status, copy.lane) == ("placed", Lane.PROTECT)
    assert copy.due_at - timezone.now() < timedelta(seconds=1)
    work_now()
    assert (only_copy().status, len(stops(link))) == ("filled", 1)


def test_what_still_rests_of_a_ladder_is_looked_at_as_soon_as_its_first_step(
    usdm, author, link, settings
):
    settings.POLL_SECONDS, settings.RESTING_POLL_SECONDS = 30, 2
    publish(author, long_btc(entry=ladder(2)))
    work_now()
    usdm.price(45990)
    look(3)
    assert (only_copy().status, len(stops(link))) == ("filled", 1)
    ((_, first),) = stops(link)
    assert weight_of_a_look(usdm) == 5 + 1 + 1
    copy = only_copy()
    assert copy.lane == Lane.WATCH
    assert copy.due_at - timezone.now() < timedelta(seconds=2)
    usdm.price(45890)
    leave(15)
    work_now()
    assert only_copy().entered_quantity > first
    assert (D(45500), only_copy().entered_quantity) in stops(link)


def test_a_trade_whose_orders_all_rest_is_looked_at_fully_after_minutes(usdm, author, link):
    enter(usdm, author)
    look(1)
    seen = timezone.now() - timedelta(minutes=4)
    Copy.objects.update(looked_at=seen)
    assert weight_of_a_look(usdm) == 5 + 1 + 1
    Copy.objects.update(looked_at=seen - timedelta(minutes=1))
    assert weight_of_a_look(usdm) == 22
    assert only_copy().looked_at > seen


def test_what_a_small_look_finds_changed_is_read_once(usdm, author, link):
    """The position that it has read already is not read again: five of weight less."""
    enter(usdm, author)
    look(1)
    link.account.cancel("BTCUSDT", Order.objects.get(leg=target_leg(1)).link_id)
    usdm.limit(PLENTY)
    small = 5 + 1 + 1
    lookup, placed = 1, 1
    work_now()
    assert usdm.limit() <= small + (22 - 5) + lookup + placed


def test_of_more_trades_than_a_window_has_room_for_each_is_looked_at(
    usdm, author, link, bob, monkeypatch
):
    """By several workers, where two looks fill what looks may spend."""
    for person in (bob, make_user("carol"), make_user("dave")):
        link_to(usdm, person)
    publish(author)
    work_now()
    usdm.price(45950)
    look(4)
    assert {copy.has_stop for copy in Copy.objects.all()} == {True}
    monkeypatch.setattr(type(USDM), "limits", Limits(90, 2_000, account_writes=20, look=22))
    venue_of.cache_clear()
    governor.cache_clear()
    since = timezone.now()
    Copy.objects.update(looked_at=None, due_at=since, lane=Lane.POLL)

    def works():
        try:
            while unseen().exists() and timezone.now() - since < timedelta(seconds=25):
                working.work()
                time.sleep(0.02)
        finally:
            connection.close()

    def unseen():
        return Copy.objects.exclude(looked_at__gt=since)

    workers = [threading.Thread(target=works) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert list(unseen()) == []
    assert timezone.now() - since < timedelta(seconds=12)


def test_what_a_fill_would_bare_is_looked_at_first_and_the_others_have_their_turn(
    usdm, author, link, monkeypatch
):
    publish(author)
    work_now()
    resting = only_copy()
    for drawn, lane in ((0.9, Lane.WATCH), (0.1, Lane.POLL)):
        monkeypatch.setattr(random, "random", lambda drawn=drawn: drawn)
        assert next(each for each in _in_turn() if each in {Lane.WATCH, Lane.POLL}) is lane
    Copy.objects.update(due_at=timezone.now(), lane=Lane.WATCH)
    assert claim(5).copies == (resting.pk,)


def test_a_429_silences_the_address_and_refuses_nobody(usdm, author, link):
    publish(author)
    usdm.limit(0)
    work_now()
    copy = only_copy()
    assert copy.ended_at is None
    assert 0 < governor().bans()[BUDGET] <= 61
    assert governor().room([BUDGET])[BUDGET].left(Lane.PROTECT) == 0


# --- position mode -------------------------------------------------------------------------------


def set_hedge(link, said):
    endpoint = Endpoint(
        "fapiPrivatePostPositionSideDual", "POST", "/fapi/v1/positionSide/dual", "msg"
    )
    link.account._line.ask(Request(endpoint, {"dualSidePosition": said}))


def test_an_account_in_hedge_mode_is_asked_to_change_it_and_then_enters(
    usdm, author, link, monkeypatch
):
    """Here by a profile without sides, as Bitget's is."""
    monkeypatch.setattr(type(USDM), "features", USDM.features - {Feature.HEDGE})
    venue_of.cache_clear()
    set_hedge(link, "true")
    SymbolState.objects.filter(connection=link).delete()  # its modes are read by the entry
    publish(author)
    work_now()
    assert end_of(only_copy()) == ("skipped", Reason.HEDGE_UNSUPPORTED)
    assert link.account.open_orders() == []
    set_hedge(link, "false")
    signal = publish(author)
    work_now()
    assert only_copy(signal=signal).status == "placed"
