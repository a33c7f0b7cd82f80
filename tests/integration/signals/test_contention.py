"""Who goes first, who waits, and who never stops another: locks, leases, loops and retries."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from exchanges.adapters.bybit.gateway import BybitExchange
from exchanges.domain import errors
from signals.domain.draft import StopKind, StopRule
from signals.domain.reasons import Reason
from signals.services import copying, publishing
from tests.fixtures.people import long_btc
from tests.integration.signals.steps import follow, only_copy, settle, size, targets
from tests.integration.signals.test_copy_life import work_now
from tests.integration.signals.test_targets_and_stops import enter

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("kind", ["RateLimited", "InvalidKey", "InvalidOrder"])
def test_a_refused_close_is_not_hammered(market, author, alice, monkeypatch, kind):
    enter(market, author, alice, amount="100")
    copying.close_copy(only_copy(), reason=Reason.CLOSED_BY_TRADER, now=timezone.now())

    def refuse(self, order):
        raise getattr(errors, kind)("no")

    monkeypatch.setattr(BybitExchange, "place", refuse)
    for _ in range(4):
        work_now()
    wait = only_copy().due_at - timezone.now()
    assert wait > timedelta(seconds=0.9)


def test_fewer_targets_after_many_were_taken(market, author, alice):
    """An author who lists only what is left does not stop the copy for ever."""
    six = targets(*[(46200 + 100 * n, share) for n, share in enumerate([20, 20, 20, 20, 10, 10])])
    rule = StopRule(StopKind.FOLLOW, 1)
    link, signal = enter(
        market, author, alice, amount="200", draft=long_btc(targets=six, stop_rule=rule)
    )
    market.price("BTCUSDT", 46501)
    settle(market)
    follow()
    left = long_btc(targets=targets((46600, 50), (46700, 50)), stop_rule=rule)
    publishing.amend(signal, left, actor=author, now=timezone.now())
    settle(market)
    follow()
    publishing.close(signal, actor=author, now=timezone.now())
    settle(market)
    assert only_copy().status == "closed"
    assert size(market, link) == 0
