"""What an author does to a published signal, as every live copy carries it out."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from signals.domain.draft import Expiry, StopKind, StopRule, Trail
from signals.domain.reasons import Reason
from signals.models import Copy, Signal
from signals.selectors import draft_of
from signals.services import publishing, working
from tests.fixtures.people import link_account, long_btc
from tests.integration.signals.steps import (
    D,
    buying,
    end_of,
    only_copy,
    position,
    resting,
    selling,
    settle,
    size,
    stop,
    targets,
)
from tests.integration.signals.test_copy_life import codes, compare_with_ledger, publish, work_now
from tests.integration.signals.test_entries import ladder
from tests.integration.signals.test_targets_and_stops import THREE, TWO, enter, go_to, is_covered

pytestmark = pytest.mark.django_db(transaction=True)
AMEND, STOPS = "/v5/order/amend", "/v5/position/trading-stop"


def amend(signal, author, **changes):
    signal.refresh_from_db()
    draft = replace(draft_of(signal), **changes)
    return publishing.amend(signal, draft, actor=author, now=timezone.now())


# --- amendments ----------------------------------------------------------------------------------


def test_a_new_range_moves_what_rests_and_never_costs_more(market, author, alice):
    link = link_account(alice, market, amount="138")
    signal = publish(author, long_btc(entry=ladder()))
    settle(market)
    amend(signal, author, entry_low=D(46000), entry_high=D(46200))
    settle(market)
    rests = buying(market, link)
    assert [price for price, _ in rests] == [46200, 46100, 46000]
    assert sum(price * quantity for price, quantity in rests) <= 1380
    amend(signal, author, entry_low=D(45700), entry_high=D(45800))
    settle(market)
    assert [price for price, _ in buying(market, link)] == [45800, 45750, 45700]
    assert only_copy().applied_revision == 3
    compare_with_ledger(link, market)


def test_new_targets_and_shares_reach_a_live_position(market, author, alice):
    link, signal = enter(market, author, alice, amount="100", draft=long_btc(targets=TWO))
    amend(signal, author, targets=THREE)
    settle(market)
    assert [price for price, _ in selling(market, link)] == [46500, 47000, 47500]
    assert is_covered(market, link)
    amend(signal, author, targets=targets((46800, 80), (47600, 20)))
    settle(market)
    rests = selling(market, link)
    assert [price for price, _ in rests] == [46800, 47600]
    assert rests[0][1] > 3 * rests[1][1]
    assert is_covered(market, link)
    compare_with_ledger(link, market)


def test_one_target_becomes_several_and_one_again(market, author, alice):
    link, signal = enter(market, author, alice, amount="100")
    assert (position(market, link)["takeProfit"], selling(market, link)) == ("47000", [])
    amend(signal, author, targets=TWO)
    settle(market)
    assert D(position(market, link)["takeProfit"] or 0) == 0
    assert is_covered(market, link)
    amend(signal, author, targets=targets((47200, 100)))
    settle(market)
    assert (position(market, link)["takeProfit"], selling(market, link)) == ("47200", [])
    go_to(market, 47200)
    assert end_of(only_copy()) == ("closed", Reason.TARGET)
    compare_with_ledger(link, market)


def test_targets_that_were_taken_stay_taken_when_the_rest_is_amended(market, author, alice):
    link, signal = enter(market, author, alice, amount="100", draft=long_btc(targets=THREE))
    go_to(market, 46501)
    held = size(market, link)
    amend(signal, author, targets=targets((46500, 30), (46900, 50), (47900, 20)))
    settle(market)
    assert size(market, link) == held
    assert [price for price, _ in selling(market, link)] == [46900, 47900]
    assert is_covered(market, link)
    compare_with_ledger(link, market)


def test_a_target_behind_the_price_is_taken_at_once_and_is_no_alarm(market, author, alice):
    link, signal = enter(market, author, alice)
    go_to(market, 46600)
    amend(signal, author, targets=targets((46500, 100)))
    settle(market)
    copy = only_copy()
    assert (end_of(copy), position(market, link)) == (("closed", Reason.TARGET), None)
    assert "alarm" not in codes(alice)
    compare_with_ledger(link, market)


def test_a_new_expiry_counts_for_what_is_waiting(market, author, alice):
    link = link_account(alice, market)
    signal = publish(author, long_btc(expiry=Expiry(after=timedelta(minutes=10))))
    settle(market)
    amend(signal, author, expiry=Expiry(after=timedelta(minutes=60)))
    Signal.objects.update(published_at=timezone.now() - timedelta(minutes=20))
    settle(market)
    assert only_copy().status == "placed"
    amend(signal, author, expiry=Expiry(after=timedelta(minutes=15)))
    settle(market)
    assert end_of(only_copy()) == ("expired", Reason.ENTRY_EXPIRED)
    compare_with_ledger(link, market)


def test_a_stop_rule_that_is_taken_back_takes_its_trailing_stop_along(market, author, alice):
    rule = StopRule(StopKind.TRAILING, trail=Trail(distance=D(400)))
    link, signal = enter(market, author, alice, draft=long_btc(stop_rule=rule))
    assert D(position(market, link)["trailingStop"]) == 400
    trail = Trail(distance=D(250))
    amend(signal, author, stop_rule=StopRule(StopKind.TRAILING, trail=trail))
    settle(market)
    assert D(position(market, link)["trailingStop"]) == 250
    amend(signal, author, stop_rule=StopRule())
    settle(market)
    held = position(market, link)
    assert (D(held["trailingStop"] or 0), held["stopLoss"]) == (0, "45500")
    compare_with_ledger(link, market)


def test_a_copy_that_was_down_catches_up_on_the_newest_of_several_revisions(
    market, author, alice, bob
):
    link, signal = enter(market, author, alice, amount="100", draft=long_btc(targets=TWO))
    before = market.paths()
    for level in (45510, 45520, 45530):
        amend(signal, author, stop=D(level), targets=THREE)
    publishing.tell(signal, text="hold", actor=author, now=timezone.now())
    settle(market)
    assert (stop(market, link), len(selling(market, link))) == (45530, 3)
    assert market.paths()[STOPS] - before.get(STOPS, 0) == 1
    copy = only_copy()
    assert (copy.applied_revision, copy.signal.revision) == (5, 5)
    assert codes(alice).count("amended") == 1
    compare_with_ledger(link, market)


def test_a_revision_that_comes_while_the_worker_is_busy_is_not_lost(
    market, author, alice, monkeypatch
):
    link, signal = enter(market, author, alice)
    amend(signal, author, stop=D(45510))
    act = working._act

    def meanwhile(task, lease):
        amend(signal, author, stop=D(45520))
        act(task, lease)

    with monkeypatch.context() as patch:
        patch.setattr(working, "_act", meanwhile)
        work_now()
    copy = only_copy()
    assert (copy.applied_revision, copy.signal.revision) == (2, 3)
    settle(market)
    assert (only_copy().applied_revision, stop(market, link)) == (3, 45520)
    compare_with_ledger(link, market)


def test_every_account_shows_whether_a_change_has_arrived(market, author, alice, bob):
    link, signal = enter(market, author, alice)
    other = link_account(bob, market)
    assert Copy.objects.count() == 1  # bob came later
    market.fault("http", path=STOPS, status=503, uid=link.exchange_uid, times=1)
    amend(signal, author, stop=D(45510))
    work_now()
    assert only_copy().applied_revision == 1
    settle(market)
    assert only_copy().applied_revision == 2
    assert not Copy.objects.filter(connection=other).exists()
    compare_with_ledger(link, market)


# --- cancel, reduce, close, note -----------------------------------------------------------------


def test_cancelled_entries_leave_what_has_filled(market, author, alice):
    link = link_account(alice, market, amount="138")
    signal = publish(author, long_btc(entry=ladder(), targets=TWO))
    settle(market)
    go_to(market, 45990)
    publishing.cancel_entries(signal, actor=author, now=timezone.now())
    settle(market)
    assert buying(market, link) == []
    assert (only_copy().status, size(market, link)) == ("filled", D("0.010"))
    assert is_covered(market, link)
    publishing.close(signal, actor=author, now=timezone.now())
    settle(market)
    assert end_of(only_copy()) == ("closed", Reason.CLOSED_BY_AUTHOR)
    compare_with_ledger(link, market)


def reduce(signal, author, percent):
    publishing.reduce(signal, percent=Decimal(percent), actor=author, now=timezone.now())


def test_half_is_taken_off_twice_and_then_the_rest(market, author, alice):
    link, signal = enter(market, author, alice, amount="100", draft=long_btc(targets=TWO))
    reduce(signal, author, 50)
    settle(market)
    assert size(market, link) == D("0.011")
    assert is_covered(market, link)
    reduce(signal, author, 50)
    settle(market)
    assert size(market, link) == D("0.006")
    assert is_covered(market, link)
    publishing.close(signal, actor=author, now=timezone.now())
    settle(market)
    copy = only_copy()
    assert (end_of(copy), copy.exited_quantity) == (
        ("closed", Reason.CLOSED_BY_AUTHOR),
        D("0.021"),
    )
    assert resting(market, link) == []
    compare_with_ledger(link, market)


def test_two_reductions_at_once_are_both_carried_out(market, author, alice):
    link, signal = enter(market, author, alice, amount="100")
    reduce(signal, author, 50)
    reduce(signal, author, 50)
    settle(market)
    assert size(market, link) == D("0.006")
    assert position(market, link)["takeProfit"] == "47000"
    compare_with_ledger(link, market)


def test_a_reduction_never_counts_for_who_was_not_in(market, author, alice):
    link = link_account(alice, market, amount="100")
    signal = publish(author)
    settle(market)
    reduce(signal, author, 50)
    settle(market)
    go_to(market, 45990)
    assert size(market, link) == D("0.021")
    compare_with_ledger(link, market)


@pytest.mark.parametrize("fault", ["accept_then_reset", "drop_before"])
def test_a_reduction_whose_answer_was_lost_is_not_doubled(market, author, alice, settings, fault):
    settings.HTTP_READ_TIMEOUT, settings.RECV_WINDOW_MS, settings.SETTLE_SECONDS = 1, 1000, 0
    link, signal = enter(market, author, alice, amount="100", draft=long_btc(targets=TWO))
    market.fault(fault, path="/v5/order/create", times=1)
    reduce(signal, author, 50)
    settle(market)
    assert size(market, link) == D("0.011")
    assert is_covered(market, link)
    compare_with_ledger(link, market)


def test_a_position_of_one_step_is_not_reduced_but_can_be_closed(market, author, alice):
    link, signal = enter(market, author, alice, amount="5")
    reduce(signal, author, 50)
    settle(market)
    assert size(market, link) == D("0.001")
    reduce(signal, author, 100)
    settle(market)
    assert end_of(only_copy()) == ("closed", Reason.CLOSED_BY_AUTHOR)
    compare_with_ledger(link, market)


def test_a_note_is_told_once_and_changes_no_trade(market, author, alice, bob):
    link, signal = enter(market, author, alice)
    before = market.paths().get("/v5/order/create")
    publishing.tell(signal, text="Patience.", actor=author, now=timezone.now())
    settle(market)
    assert codes(alice).count("noted") == 1
    assert "noted" not in codes(bob)
    assert market.paths()["/v5/order/create"] == before
    assert only_copy().applied_revision == 2
    with pytest.raises(publishing.NotPossible):
        publishing.tell(signal, text="  ", actor=author, now=timezone.now())
    compare_with_ledger(link, market)


# --- changes that the exchange refuses -----------------------------------------------------------


def test_an_entry_that_cannot_follow_a_change_is_withdrawn_and_what_it_bought_protected(
    market, author, alice
):
    link = link_account(alice, market, amount="138")
    signal = publish(author, long_btc(entry=ladder(), targets=TWO))
    settle(market)
    go_to(market, 45990)
    market.fault("retcode", path=AMEND, code=110007, message="not enough balance", times=1)
    amend(signal, author, stop=D(45600))
    settle(market)
    copy = only_copy()
    assert (copy.status, copy.close_reason) == ("filled", Reason.AMENDMENT_REFUSED)
    assert buying(market, link) == []
    assert (size(market, link), stop(market, link)) == (D("0.010"), 45600)
    assert is_covered(market, link)
    publishing.close(signal, actor=author, now=timezone.now())
    settle(market)
    assert end_of(only_copy()) == ("closed", Reason.CLOSED_BY_AUTHOR)
    compare_with_ledger(link, market)


def test_an_unfilled_entry_that_cannot_follow_a_change_ends_with_that_reason(market, author, alice):
    link = link_account(alice, market)
    signal = publish(author)
    settle(market)
    market.fault("retcode", path=AMEND, code=110007, message="not enough balance", times=1)
    amend(signal, author, entry_high=D(46100))
    settle(market)
    assert end_of(only_copy()) == ("expired", Reason.AMENDMENT_REFUSED)
    assert resting(market, link) == []
    assert codes(alice).count("expired") == 1
    compare_with_ledger(link, market)


def test_an_amendment_whose_answer_was_lost_is_looked_up(market, author, alice, settings):
    settings.HTTP_READ_TIMEOUT, settings.RECV_WINDOW_MS, settings.SETTLE_SECONDS = 1, 1000, 0
    link = link_account(alice, market)
    signal = publish(author)
    settle(market)
    market.fault("accept_then_reset", path=AMEND, times=1)
    amend(signal, author, entry_high=D(46100))
    settle(market)
    ((price, _),) = buying(market, link)
    assert (price, only_copy().applied_revision) == (46100, 2)
    compare_with_ledger(link, market)
