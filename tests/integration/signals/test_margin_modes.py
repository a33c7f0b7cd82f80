"""The account's margin mode is its owner's: it is adapted to, and never changed."""

from __future__ import annotations

import pytest
from django.utils import timezone

from signals.models import Copy
from signals.services import working
from signals.services.preview import preview
from tests.fixtures.people import link_account, long_btc
from tests.integration.signals.test_copy_life import compare_with_ledger, publish, work_now

pytestmark = pytest.mark.django_db(transaction=True)
LEVERAGE = "/v5/position/set-leverage"


@pytest.mark.parametrize(
    ("mode", "sets_leverage"),
    [("REGULAR_MARGIN", True), ("ISOLATED_MARGIN", True), ("PORTFOLIO_MARGIN", False)],
)
@pytest.mark.parametrize("hedge", [False, True])
def test_every_margin_mode_trades_as_it_is(market, author, alice, mode, sets_leverage, hedge):
    link = link_account(alice, market, margin_mode=mode, hedge=hedge, default_leverage="5")
    assert link.status == "connected"
    planned = preview(long_btc(), author=author, now=timezone.now())
    publish(author)
    working.work()
    copy = Copy.objects.get()
    assert copy.status == "placed"
    assert copy.quantity == planned.rows[0].quantity
    assert (market.paths().get(LEVERAGE, 0) == 1) is sets_leverage
    assert planned.requests == 1 + int(sets_leverage)
    market.price("BTCUSDT", 45950)
    work_now()
    market.price("BTCUSDT", 47100)
    work_now()
    work_now()
    copy.refresh_from_db()
    assert (copy.status, copy.reason) == ("closed", "target")
    compare_with_ledger(link, market)
    link.refresh_from_db()
    assert link.margin_mode == mode
