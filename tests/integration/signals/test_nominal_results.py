"""A signal's nominal result follows public prices, whatever the followers' accounts did."""

from __future__ import annotations

import pytest
from django.utils import timezone

from signals.domain.draft import StopKind, StopRule
from signals.domain.reasons import Reason
from signals.models import Signal
from signals.selectors import real_result, signal_figures
from signals.services import publishing
from signals.services.copying import set_rules
from tests.fixtures.people import link_account, long_btc
from tests.integration.signals.steps import D, end_of, follow, only_copy, settle
from tests.integration.signals.test_copy_life import compare_with_ledger, publish
from tests.integration.signals.test_entries import ladder, short_btc
from tests.integration.signals.test_targets_and_stops import THREE, TWO

pytestmark = pytest.mark.django_db(transaction=True)


def walk(market, *prices):
    """Public prices, each of them read by the beat and met by the engine."""
    for price in prices:
        market.price("BTCUSDT", price)
        follow()
        settle(market)
    follow()
    return Signal.objects.latest("pk")


def test_a_signal_without_followers_has_a_result(market, author):
    publish(author)
    signal = walk(market, 46000, 46500, 47000)
    assert (signal.status, signal.outcome, signal.entered_price) == ("closed", "target", 46000)
    assert signal.result_percent == D("21.7391")  # 1,000 of 46,000, ten times


def test_nominal_and_real_result_stand_side_by_side(market, author, alice, bob):
    link, other = link_account(alice, market), link_account(bob, market)
    set_rules(other, fields={"only_side": "short"})
    publish(author)
    signal = walk(market, 45999, 46500, 47000)
    assert (signal.outcome, signal.targets_hit) == ("target", 1)
    assert signal.status == "closed"
    real = real_result(signal)
    assert (real.closed, real.winners, real.skipped, real.live) == (1, 1, 1, 0)
    assert real.net == only_copy(connection=link).net
    assert 0 < real.median_percent < signal.result_percent  # the fees
    compare_with_ledger(link, market)


def test_targets_shares_and_a_moved_stop_are_all_counted(market, author, alice):
    link = link_account(alice, market, amount="100")
    draft = long_btc(targets=THREE, stop_rule=StopRule(StopKind.FOLLOW, after=1))
    publish(author, draft)
    signal = walk(market, 45999, 46501, 47001, 46490)
    assert (signal.outcome, signal.targets_hit, signal.outcome_price) == ("stop", 2, 46500)
    gained = (D(500) * 30 + D(1000) * 30 + D(500) * 40) / signal.entered_price * 10
    assert abs(signal.result_percent - gained) < D("0.05")
    assert end_of(only_copy()) == ("closed", Reason.STOP)
    compare_with_ledger(link, market)


def test_a_ladder_enters_nominally_step_by_step(market, author, alice):
    link = link_account(alice, market, amount="138")
    publish(author, long_btc(entry=ladder()))
    signal = walk(market, 46000)
    assert (signal.steps_reached, signal.entered_price) == (1, 46000)
    signal = walk(market, 45900)
    assert signal.steps_reached == 3
    assert 45949 < signal.entered_price < 45951
    signal = walk(market, 45500)
    assert (signal.outcome, signal.status) == ("stop", "closed")
    assert signal.result_percent < 0
    compare_with_ledger(link, market)


def test_a_reduction_and_a_close_by_the_author_are_counted_at_their_prices(market, author, alice):
    link = link_account(alice, market, amount="100")
    signal = publish(author)
    walk(market, 45999, 46460)
    publishing.reduce(signal, percent=D(50), actor=author, now=timezone.now())
    walk(market, 46690)
    publishing.close(signal, actor=author, now=timezone.now())
    signal = walk(market, 46690)
    assert (signal.status, signal.outcome) == ("closed", "closed")
    entered = signal.entered_price
    gained = ((D(46460) - entered) * 50 + (D(46690) - entered) * 50) / entered * 10
    assert abs(signal.result_percent - gained) < D("0.001")
    compare_with_ledger(link, market)


def test_a_short_gains_when_the_price_falls(market, author):
    publish(author, short_btc())
    signal = walk(market, 46500, 45500)
    assert (signal.outcome, signal.result_percent) == ("target", D("21.5054"))


def test_what_was_never_entered_has_no_result(market, author, alice):
    link = link_account(alice, market)
    signal = publish(author)
    settle(market)
    publishing.cancel_entries(signal, actor=author, now=timezone.now())
    signal = walk(market, 46200)
    assert (signal.status, signal.outcome, signal.result_percent) == ("closed", "cancelled", None)
    assert signal_figures().trades == 0
    compare_with_ledger(link, market)


def test_a_follower_that_closes_early_changes_nothing_nominal(market, author, alice):
    link = link_account(alice, market)
    publish(author)
    walk(market, 45999)
    market.post(f"accounts/{link.exchange_uid}/close", symbol="BTCUSDT")
    signal = walk(market, 46100)
    assert (only_copy().reason, signal.status) == (Reason.CLOSED_BY_HAND, "open")
    signal = walk(market, 47000)
    assert (signal.status, signal.outcome) == ("closed", "target")
    compare_with_ledger(link, market)


def test_the_dashboards_figures_come_from_nominal_results(market, author):
    publish(author, long_btc(targets=TWO))
    walk(market, 46000, 47000)
    publish(author)
    walk(market, 46000, 45500)
    figures = signal_figures()
    assert (figures.trades, figures.wins, figures.win_rate) == (2, 1, 50)
    won, lost = Signal.objects.order_by("pk").values_list("result_percent", flat=True)
    assert (figures.average_gain, figures.average_loss) == (won, lost)
    assert figures.total_percent == won + lost
