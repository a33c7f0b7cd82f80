"""Who goes first, who waits, and who never stops another: locks, leases, loops and retries."""

from __future__ import annotations

import pytest
from django.utils import timezone

from signals.domain.draft import StopKind, StopRule
from signals.services import publishing
from tests.fixtures.people import long_btc
from tests.integration.signals.steps import follow, only_copy, settle, size, targets
from tests.integration.signals.test_targets_and_stops import enter

pytestmark = pytest.mark.django_db(transaction=True)


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
