"""The platform itself trades on Binance spot, where stop and targets take turns: the stand-in."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone

from exchanges import quarantine
from exchanges import services as exchanges
from exchanges.adapters.ccxt.account import CcxtExchange
from exchanges.adapters.ccxt.venues.binance import SPOT
from exchanges.domain.errors import NotFound, OutcomeUnknown, Unavailable
from exchanges.domain.lanes import Lane
from exchanges.domain.trading import Credentials, NewOrder, OrderType, Side
from exchanges.gateway import price_book
from exchanges.instruments import refresh_instruments
from exchanges.ports import Wire
from exchanges.registry import exchange_factory, venue_of
from signals.choices import Sizing
from signals.domain.draft import StopKind, StopRule
from signals.domain.leaving import QUIET
from signals.domain.link_ids import is_ours
from signals.domain.reasons import Reason
from signals.models import Copy, Fill, Order
from signals.services import crossing, observing, publishing
from signals.services.claiming import claim
from signals.services.copying import close_copy, leave_copy, panic, set_rules
from signals.services.outcomes import COIN_REFUSALS
from signals.services.preview import preview
from tests.fixtures.pairs import PLENTY
from tests.fixtures.people import long_btc
from tests.integration.signals.steps import D, end_of, only_copy, targets
from tests.integration.signals.test_copy_life import codes, publish, work_now
from tests.integration.signals.test_entries import ladder, short_btc

pytestmark = pytest.mark.django_db(transaction=True)
EXCHANGE, PLACE = "binance", ("binance", "sandbox")
TWO = targets((46500, 50), (47000, 50))


@pytest.fixture
def spot(market, pairs, settings, monkeypatch):
    """The stand-in, offered beside Bybit, whose contracts signals are written for."""
    sites = {**SPOT.sites, "sandbox": SPOT.sites["mainnet"]}
    monkeypatch.setattr(type(SPOT), "sites", sites)
    settings.EXCHANGES_OFFERED = ["bybit", EXCHANGE]
    settings.PRICE_MAX_AGE_SECONDS = 0  # each round asks
    control = pairs(EXCHANGE)
    settings.BYBIT_SANDBOX_URL = control.url
    venue_of.cache_clear()
    price_book.cache_clear()
    control.price(46300)
    refresh_instruments(*PLACE, now=timezone.now())
    yield control
    venue_of.cache_clear()


@pytest.fixture
def link(spot, alice):
    key, secret = spot.account()
    made = exchanges.connect(
        alice,
        environment="sandbox",
        name="main",
        credentials=Credentials(key, secret),
        exchange=EXCHANGE,
    )
    exchanges.verify(made.pk, now=timezone.now())
    made.refresh_from_db()
    set_rules(made, fields={"sizing": Sizing.FIXED_MARGIN, "amount": D(500)})
    wire = Wire("sandbox", spot.url, 1, 5, 5000)
    made.account = exchange_factory(EXCHANGE)(Credentials(key, secret), wire)  # the trader's look
    made.key = key
    return made


def look(rounds=3):
    for _ in range(rounds):
        Copy.objects.update(looked_at=None)
        work_now()


def enter(spot, author, draft=None):
    publish(author, draft)
    work_now()
    assert only_copy().status == "placed", end_of(only_copy())
    spot.price(45950)
    look(2)
    assert only_copy().status == "filled"
    return only_copy()


def resting(link):
    """What rests to be sold: stops by their trigger, offers by their price."""
    return [
        (
            "stop" if order.trigger_price else "offer",
            order.trigger_price or order.price,
            order.quantity,
        )
        for order in link.account.open_orders("BTCUSDT")
        if order.side is Side.SELL
    ]


def coins(link):
    return sum((held.quantity for held in link.account.positions("BTCUSDT")), D(0))


def sold(link, leg):
    return [(o.price, o.filled) for o in Order.objects.filter(leg=leg, filled__gt=0)]


def by_hand(link, **changes):
    """The trader sells in the exchange's app, at the market."""
    fields = {"type": OrderType.MARKET, "reduce_only": True, "position_index": 0}
    order = NewOrder(f"hand{timezone.now():%H%M%S%f}", "BTCUSDT", Side.SELL, **(fields | changes))
    link.account.place(order)


def test_an_account_is_linked_whatever_coins_lie_in_it(spot, link):
    assert link.status == "connected", link.reason
    spot.coins(link.key, "0.5")
    exchanges.store_account(link, exchanges.read_account(link.account, EXCHANGE), timezone.now())
    assert link.own_symbols == []


def test_a_stop_stands_for_all_that_can_be_sold(spot, author, link):
    copy = enter(spot, author)
    assert (copy.margin, copy.leverage) == (500, 1)
    fee = copy.quantity * D("0.001")
    assert copy.entered_quantity == copy.quantity - fee == coins(link)
    (only,) = resting(link)
    assert only[:2] == ("stop", D(45500))
    assert 0 <= copy.entered_quantity - only[2] < D("0.00001")
    assert (copy.has_stop, copy.unprotected_since) == (True, None)
    (fill,) = Fill.objects.filter(connection=link)
    assert (fill.fee, fill.fee_currency) == (fee, "BTC")
    assert copy.fees == fee * 46000
    look()
    assert resting(link) == [only]


def test_the_end_by_its_stop_leaves_dust_alone(spot, author, link):
    bought = enter(spot, author).entered_quantity
    spot.price(45400)
    look()
    copy = only_copy()
    assert end_of(copy) == ("closed", Reason.STOP)
    assert resting(link) == []
    left = copy.entered_quantity - copy.exited_quantity
    assert 0 < left < D("0.00001")
    assert copy.entered_quantity == bought
    spent = 1000 - link.account.balance().equity
    assert abs(copy.pnl + spent) < left * 46000 + D("0.0001")


def test_a_target_is_sold_and_the_stop_comes_back_for_the_rest(spot, author, link):
    held = enter(spot, author, long_btc(targets=TWO)).entered_quantity
    ((_, _, whole),) = resting(link)
    spot.price(46501)
    look(1)
    ((kind, level, rest),) = resting(link)
    assert (kind, level) == ("stop", D(45500))
    look(2)
    assert resting(link) == [("stop", D(45500), rest)]
    ((price, part),) = sold(link, "target-1")
    assert price == 46500
    assert part + rest == whole
    assert abs(part - held / 2) <= D("0.00002")  # a step down, of whole steps
    copy = only_copy()
    assert (copy.status, copy.has_stop, copy.unprotected_since) == ("filled", True, None)
    spot.price(47001)
    look()
    assert end_of(only_copy()) == ("closed", Reason.TARGET)
    assert resting(link) == []
    assert coins(link) == 0


def test_all_targets_may_be_reached_at_once(spot, author, link):
    enter(spot, author, long_btc(targets=TWO))
    spot.price(47500)
    look()
    assert end_of(only_copy()) == ("closed", Reason.TARGET)
    assert [price for price, _ in sold(link, "target-1") + sold(link, "target-2")] == [46500, 47000]


def test_the_stop_moves_once_its_target_was_sold(spot, author, link):
    rule = StopRule(StopKind.BREAK_EVEN, after=1)
    enter(spot, author, long_btc(targets=TWO, stop_rule=rule))
    spot.price(46501)
    look()
    ((kind, level, _),) = resting(link)
    assert (kind, level > 46000) == ("stop", True)
    spot.price(45990)
    look()
    assert end_of(only_copy()) == ("closed", Reason.STOP)


def test_a_price_that_comes_back_leaves_everything_under_the_stop(spot, author, link, monkeypatch):
    """The offer arrives when the price has gone again."""
    enter(spot, author, long_btc(targets=TWO))
    (whole,) = resting(link)
    place = CcxtExchange.place

    def too_late(self, order):
        if order.price is not None:
            spot.price(46400)
        return place(self, order)

    spot.price(46501)
    with monkeypatch.context() as gone:
        gone.setattr(CcxtExchange, "place", too_late)
        look(1)
    found = {kind: (level, quantity) for kind, level, quantity in resting(link)}
    assert found["offer"][0] == 46500
    assert found["offer"][1] + found["stop"][1] == whole[2]
    assert only_copy().unprotected_since is not None
    look(1)  # the offer is withdrawn
    look(1)  # and the stop covers everything again
    assert resting(link) == [whole]
    look(1)
    assert (only_copy().has_stop, only_copy().unprotected_since) == (True, None)
    spot.price(46501)
    look()
    assert len(sold(link, "target-1")) == 1


class Crash(BaseException):
    """The process dies here."""


def test_a_crash_between_the_stop_and_the_sale_is_mended(spot, author, link, monkeypatch):
    """Whoever takes it over does so in the lane that protects."""
    enter(spot, author, long_btc(targets=TWO))
    spot.price(46501)

    def dies(self, order):
        raise Crash

    with monkeypatch.context() as broken:
        broken.setattr(CcxtExchange, "place", dies)
        with pytest.raises(Crash):
            look(1)
    assert resting(link) == []
    assert (only_copy().has_stop, only_copy().unprotected_since is None) == (False, False)
    Copy.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    lease = claim(1)
    assert lease is not None
    assert lease.lane is Lane.PROTECT
    Copy.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    look()
    ((kind, _, rest),) = resting(link)
    assert kind == "stop"
    assert len(sold(link, "target-1")) == 1
    copy = only_copy()
    assert copy.entered_quantity - copy.exited_quantity - rest < D("0.00001")
    assert copy.unprotected_since is None


def test_a_stop_that_surely_was_not_withdrawn_goes_on_counting(spot, author, link, monkeypatch):
    enter(spot, author, long_btc(targets=TWO))
    spot.price(46501)

    def unreachable(self, symbol, link_id):
        raise Unavailable("nothing has left")

    with monkeypatch.context() as broken:
        broken.setattr(CcxtExchange, "cancel", unreachable)
        look(1)
    copy = only_copy()
    assert (copy.has_stop, copy.unprotected_since, copy.lane) == (True, None, Lane.AMEND)


def test_a_stop_whose_answer_was_lost_is_looked_for_within_a_second(
    spot, author, link, monkeypatch
):
    enter(spot, author, long_btc(targets=TWO))
    spot.price(46501)
    place = CcxtExchange.place

    def lost(self, order):
        place(self, order)
        raise OutcomeUnknown("no answer")

    with monkeypatch.context() as broken:
        broken.setattr(CcxtExchange, "place", lost)
        look(1)
    copy = only_copy()
    assert copy.unprotected_since is not None
    assert copy.due_at - timezone.now() < timedelta(seconds=2)
    look()
    assert [kind for kind, _, _ in resting(link)] == ["stop"]
    assert len(sold(link, "target-1")) == 1


def test_a_withdrawal_whose_answer_was_lost_leaves_no_gap_for_long(spot, author, link, monkeypatch):
    enter(spot, author, long_btc(targets=TWO))
    (whole,) = resting(link)
    spot.price(46501)
    cancel = CcxtExchange.cancel

    def lost(self, symbol, link_id):
        cancel(self, symbol, link_id)
        raise OutcomeUnknown("no answer")

    with monkeypatch.context() as broken:
        broken.setattr(CcxtExchange, "cancel", lost)
        look(1)
    copy = only_copy()
    assert (resting(link), copy.has_stop, copy.lane) == ([], False, Lane.PROTECT)
    assert copy.due_at - timezone.now() < timedelta(seconds=2)
    spot.price(46300)
    look(1)
    assert resting(link) == [whole]


def test_a_stop_that_is_refused_sells_what_it_was_for(spot, author, link, monkeypatch):
    """The price falls through it while it makes way."""
    enter(spot, author, long_btc(targets=TWO))
    cancel = CcxtExchange.cancel

    def falls(self, symbol, link_id):
        cancel(self, symbol, link_id)
        spot.price(45400)

    spot.price(46501)
    with monkeypatch.context() as crash:
        crash.setattr(CcxtExchange, "cancel", falls)
        look(1)
    look(3)
    assert end_of(only_copy()) == ("closed", Reason.STOP)
    assert (coins(link), resting(link)) == (0, [])


def test_a_stop_that_fired_before_it_could_make_way_sells_nothing_twice(
    spot, author, link, monkeypatch
):
    spot.coins(link.key, "0.5")
    enter(spot, author, long_btc(targets=TWO))
    before = coins(link)
    cancel = CcxtExchange.cancel

    def fires(self, symbol, link_id):
        spot.price(45400)
        with pytest.raises(NotFound):
            cancel(self, symbol, link_id)
        spot.price(46501)
        raise NotFound("gone")

    spot.price(46501)
    with monkeypatch.context() as crossed:
        crossed.setattr(CcxtExchange, "cancel", fires)
        look(1)
    look()
    assert end_of(only_copy()) == ("closed", Reason.STOP)
    assert resting(link) == []
    assert coins(link) >= D("0.5")
    assert before - coins(link) < only_copy().entered_quantity


def test_coins_of_the_traders_own_stay(spot, author, link):
    spot.coins(link.key, "0.5")
    copy = enter(spot, author, long_btc(targets=TWO))
    ((_, _, covered),) = resting(link)
    assert covered <= copy.entered_quantity
    spot.price(46501)
    look()
    by_hand(link, quantity=D("0.3"))  # of their own: ours are locked
    look()
    assert only_copy().status == "filled"
    spot.price(47001)
    look()
    assert end_of(only_copy()) == ("closed", Reason.TARGET)
    assert D("0.2") <= coins(link) < D("0.20001")


def weight_of_a_look(spot):
    spot.limit(PLENTY)
    assert work_now() == 1
    return spot.limit()


@pytest.mark.parametrize("own", ["0", "0.5"])
def test_coins_under_their_stop_are_looked_at_by_two_requests(spot, author, link, own):
    """Of the trader's own there may be any number."""
    spot.coins(link.key, own)
    enter(spot, author)
    look(1)
    prices = 4 + 4  # each round asks for them here
    assert weight_of_a_look(spot) == 20 + 6 + prices
    copy = only_copy()
    assert (copy.status, copy.lane, copy.has_stop) == ("filled", Lane.POLL, True)


def test_a_small_look_sees_a_stop_that_has_fired(spot, author, link):
    spot.coins(link.key, "0.5")
    enter(spot, author)
    look(1)
    spot.price(45400)
    for _ in range(3):
        work_now()
    assert end_of(only_copy()) == ("closed", Reason.STOP)


def test_a_small_look_sees_what_was_sold_at_a_target(spot, author, link):
    spot.coins(link.key, "0.5")
    enter(spot, author, long_btc(targets=TWO))
    look(1)
    spot.price(46501)
    for _ in range(4):
        work_now()
    ((_, filled),) = sold(link, "target-1")
    assert only_copy().exited_quantity == filled
    ((kind, level, _),) = resting(link)
    assert (kind, level) == ("stop", D(45500))
    spot.price(47001)
    for _ in range(4):
        work_now()
    assert end_of(only_copy()) == ("closed", Reason.TARGET)


def test_a_small_look_sees_that_coins_were_moved_by_hand(spot, author, link):
    enter(spot, author)
    look(1)
    link.account.cancel("BTCUSDT", Order.objects.get(leg="stop", status="open").link_id)
    by_hand(link, quantity=D("0.004"))
    Fill.objects.update(at=timezone.now() - 2 * QUIET)
    for _ in range(3):
        work_now()
    copy = only_copy()
    assert (copy.status, copy.exited_quantity) == ("filled", D("0.004"))


def test_a_purchase_that_the_fills_do_not_show_is_not_taken_for_the_traders_own(spot, author, link):
    spot.coins(link.key, "0.5")
    copy = enter(spot, author)
    look(1)
    orders = list(Order.objects.all())
    seen = observing.Observation(positions=list(link.account.positions("BTCUSDT")))
    assert observing._holds_as_before(copy, orders, seen)
    copy.entered_quantity /= 2
    assert not observing._holds_as_before(copy, orders, seen)


def test_what_the_trader_sells_of_ours_ends_the_copy(spot, author, link):
    enter(spot, author)
    link.account.cancel("BTCUSDT", Order.objects.get(leg="stop", status="open").link_id)
    by_hand(link, quantity=D("0.0108"))
    Fill.objects.update(at=timezone.now() - 2 * QUIET)
    look(4)
    assert end_of(only_copy()) == ("closed", Reason.CLOSED_BY_HAND)
    assert resting(link) == []


def test_a_part_that_the_trader_sells_of_ours_leaves_a_smaller_stop(spot, author, link):
    held = enter(spot, author).entered_quantity
    link.account.cancel("BTCUSDT", Order.objects.get(leg="stop", status="open").link_id)
    by_hand(link, quantity=D("0.004"))
    Fill.objects.update(at=timezone.now() - 2 * QUIET)
    look(4)
    copy = only_copy()
    assert (copy.status, copy.exited_quantity) == ("filled", D("0.004"))
    ((kind, _, rest),) = resting(link)
    assert (kind, held - D("0.004") - rest < D("0.00001")) == ("stop", True)


def test_a_part_that_was_taken_away_leaves_a_stop_for_all_that_is_there(spot, author, link):
    enter(spot, author)
    link.account.cancel("BTCUSDT", Order.objects.get(leg="stop", status="open").link_id)
    spot.coins(link.key, "-0.002")
    Fill.objects.update(at=timezone.now() - 2 * QUIET)
    look(3)
    ((kind, _, rest),) = resting(link)
    assert (kind, coins(link) - rest < D("0.00001")) == ("stop", True)
    copy = only_copy()
    assert (copy.has_stop, copy.unprotected_since, copy.lane) == (True, None, Lane.POLL)


def test_coins_of_the_traders_own_need_no_closer_look(spot, author, link, monkeypatch):
    spot.coins(link.key, "0.5")
    enter(spot, author)
    look(2)
    asked = []
    monkeypatch.setattr(CcxtExchange, "fills_since", lambda *args: asked.append(args) or [])
    work_now()
    assert asked == []
    spot.coins(link.key, "-0.501")
    work_now()
    assert len(asked) == 1


def test_coins_that_were_taken_away_are_their_traders_business(spot, author, link):
    enter(spot, author)
    link.account.cancel("BTCUSDT", Order.objects.get(leg="stop", status="open").link_id)
    spot.coins(link.key, -coins(link))
    look(2)
    assert only_copy().status == "filled"  # it may have been sold where we do not see it yet
    Fill.objects.update(at=timezone.now() - 2 * QUIET)
    look(2)
    assert end_of(only_copy()) == ("closed", Reason.HANDED_OVER)


def lock(link, quantity):
    """An order of the trader's own, far away, in place of the stop."""
    link.account.cancel("BTCUSDT", Order.objects.get(leg="stop", status="open").link_id)
    by_hand(link, type=OrderType.LIMIT, price=D(60_000), quantity=D(quantity))


def ours(link):
    """Everything of ours that rests, bought or sold."""
    return [o for o in link.account.open_orders("BTCUSDT") if is_ours(o.link_id)]


def test_coins_that_somebody_else_locks_are_handed_over(spot, author, link):
    enter(spot, author)
    lock(link, "0.0108")
    look(COIN_REFUSALS)
    assert only_copy().status == "filled"
    look(2)
    assert end_of(only_copy()) == ("closed", Reason.COINS_LOCKED)


def test_nothing_rests_once_coins_are_handed_over(spot, author, link, alice):
    """A step of the ladder that filled later would have neither a stop nor anybody who looks."""
    publish(author, long_btc(entry=ladder(3)))
    work_now()
    spot.price(45990)
    look(2)
    ((_, _, bought),) = resting(link)
    lock(link, bought)
    look(COIN_REFUSALS + 1)
    assert len(ours(link)) == 2
    look(3)
    assert end_of(only_copy()) == ("closed", Reason.COINS_LOCKED)
    assert ours(link) == []
    assert codes(alice)[-1] == "closed"


@pytest.mark.parametrize("ends", ["panic", "quarantine", "close"])
def test_entries_are_withdrawn_though_an_exit_has_no_answer(
    spot, author, link, alice, monkeypatch, ends
):
    publish(author, long_btc(entry=ladder(3), targets=TWO))
    work_now()
    spot.price(45990)
    look(2)
    place = CcxtExchange.place

    def lost(self, order):
        place(self, order)
        raise OutcomeUnknown("no answer")

    spot.price(46501)  # a sale is due as well
    now = timezone.now()
    if ends == "panic":
        panic(alice, now=now)
    elif ends == "close":
        close_copy(only_copy(), reason=Reason.CLOSED_BY_TRADER, now=now)
    else:
        quarantine.impose(quarantine.Scope(user=alice), reason="test", by="ops", now=now)
    with monkeypatch.context() as broken:
        broken.setattr(CcxtExchange, "place", lost)
        look(1)
    assert [o for o in ours(link) if o.side is Side.BUY] == []


@pytest.mark.parametrize("error", [OutcomeUnknown, NotFound])
def test_coins_are_sold_though_an_entry_cannot_be_withdrawn(
    spot, author, link, alice, monkeypatch, error
):
    """It frees none of them."""
    publish(author, long_btc(entry=ladder(3), targets=TWO))
    work_now()
    spot.price(45990)
    look(2)
    cancel, names = CcxtExchange.cancel, [o.link_id for o in ours(link) if o.side is Side.BUY]

    def refused(self, symbol, link_id):
        if link_id in names:
            raise error("no answer")
        cancel(self, symbol, link_id)

    close_copy(only_copy(), reason=Reason.CLOSED_BY_TRADER, now=timezone.now())
    with monkeypatch.context() as broken:
        broken.setattr(CcxtExchange, "cancel", refused)
        look(1)
    assert [o.side for o in ours(link)] == [Side.BUY] * len(names)  # no stop, no offer
    assert Order.objects.get(leg="close").acknowledged_at is not None


@pytest.mark.parametrize("ends", [close_copy, None], ids=["trader", "panic"])
def test_a_trader_closes_the_copy(spot, author, link, alice, ends):
    enter(spot, author, long_btc(targets=TWO))
    now = timezone.now()
    if ends is not None:
        assert ends(only_copy(), reason=Reason.CLOSED_BY_TRADER, now=now)
    else:
        assert panic(alice, now=now) == 1
    look(3)
    assert end_of(only_copy()) == ("closed", Reason.CLOSED_BY_TRADER)
    assert (coins(link), resting(link)) == (0, [])


def test_leaving_leaves_the_stop(spot, author, link):
    enter(spot, author, long_btc(targets=TWO))
    (whole,) = resting(link)
    leave_copy(only_copy(), now=timezone.now())
    look(3)
    assert end_of(only_copy()) == ("closed", Reason.LEFT_TO_TRADER)
    assert resting(link) == [whole]


def test_the_author_takes_a_part_off_moves_the_stop_and_closes(spot, author, link):
    signal = enter(spot, author, long_btc(targets=TWO)).signal
    ((_, _, whole),) = resting(link)
    publishing.reduce(signal, percent=D(40), actor=author, now=timezone.now())
    look(3)
    ((_, level, rest),) = resting(link)
    assert level == 45500
    ((_, part),) = sold(link, "reduce-2")
    assert part + rest == whole
    assert abs(part - whole * D("0.4")) <= D("0.00001")
    publishing.amend(
        signal,
        long_btc(targets=targets((46800, 50), (47200, 50)), stop=D(45700)),
        actor=author,
        now=timezone.now(),
    )
    look(3)
    assert resting(link) == [("stop", D(45700), rest)]
    spot.price(46600)
    look(2)
    assert resting(link) == [("stop", D(45700), rest)]
    publishing.close(signal, actor=author, now=timezone.now())
    look(3)
    assert end_of(only_copy()) == ("closed", Reason.CLOSED_BY_AUTHOR)
    assert (coins(link), resting(link)) == (0, [])


def test_a_ladders_stop_grows_with_what_is_filled(spot, author, link):
    publish(author, long_btc(entry=ladder(3)))
    work_now()
    spot.price(45990)
    look(2)
    ((_, _, first),) = resting(link)
    spot.price(45890)
    look(3)
    ((kind, level, second),) = resting(link)
    assert (kind, level) == ("stop", D(45500))
    assert second > first
    assert coins(link) - second < D("0.00001")


def test_a_copy_is_looked_at_when_its_target_or_its_stop_is_crossed(spot, author, link):
    enter(spot, author, long_btc(targets=TWO))
    exchanges.refresh_prices(*PLACE, now=timezone.now())
    later = timezone.now() + timedelta(minutes=5)

    def moves(price):
        Copy.objects.update(due_at=later, lane=Lane.POLL, lease_until=None)
        before = crossing.watched_bids()
        spot.price(price)
        exchanges.refresh_prices(*PLACE, now=timezone.now())
        crossing.ring_crossed(before)
        copy = only_copy()
        return copy.due_at <= timezone.now(), copy.lane

    assert moves(46499) == (False, Lane.POLL)
    assert moves(46500) == (True, Lane.AMEND)
    assert moves(46600) == (False, Lane.POLL)
    assert moves(46400) == (True, Lane.AMEND)
    assert moves(45501) == (False, Lane.POLL)
    assert moves(45499) == (True, Lane.AMEND)


def test_nothing_is_watched_where_nothing_is_held(spot, link):
    assert crossing.watched_bids() == {}
    crossing.ring_crossed({})


def test_a_fee_in_a_coin_of_a_long_name_is_on_record(spot, author, link, monkeypatch):
    fills = CcxtExchange.fills_since

    def long_named(self, symbol, since):
        return [replace(fill, fee_currency="1000000MOGCOIN") for fill in fills(self, symbol, since)]

    monkeypatch.setattr(CcxtExchange, "fills_since", long_named)
    enter(spot, author)
    assert Fill.objects.get(connection=link).fee_currency == "1000000MOGCOIN"


def test_a_short_is_skipped_and_the_preview_says_how_targets_are_kept(spot, author, link):
    exchanges.refresh_prices(*PLACE, now=timezone.now())
    found = preview(long_btc(), author=author, now=timezone.now())
    (row,) = found.taking_part
    assert (row.size.leverage, row.size.margin, found.watching) == (1, 500, 1)
    (row,) = preview(short_btc(), author=author, now=timezone.now()).rows
    assert row.reason is Reason.SHORT_UNSUPPORTED


def test_what_could_not_be_sold_at_its_stop_is_not_bought(spot, author, link):
    set_rules(link, fields={"sizing": Sizing.FIXED_MARGIN, "amount": D("5.02")})
    publish(author)
    work_now()
    assert end_of(only_copy()) == ("skipped", Reason.SIZE_TOO_SMALL)
