"""Disconnecting though trades are open: they are closed, or left to their owner as they stand."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from exchanges import services as exchanges
from exchanges.models import Connection
from hexagonal.lib.clock import database_now
from notifications.texts import render
from signals.domain.draft import TargetDraft
from signals.domain.reasons import Reason
from signals.models import Copy
from signals.services import copying
from signals.services.copying import leave_copy, part
from signals.services.outcomes import LEAVE_REFUSALS
from tests.fixtures.people import link_account, long_btc
from tests.integration.signals.steps import by_hand, settle
from tests.integration.signals.test_copy_life import codes, compare_with_ledger, publish, work_now

pytestmark = pytest.mark.django_db(transaction=True)
D = Decimal
KEY = "parting-key"
TWO = (TargetDraft(D(47000), D(50)), TargetDraft(D(48000), D(50)))


@pytest.fixture
def link(market, alice):
    return link_account(alice, market, api_key=KEY, amount="100")


@pytest.fixture
def held(market, author, link):
    """A filled entry with two targets that rest beside it."""
    publish(author, long_btc(targets=TWO))
    work_now()
    market.price("BTCUSDT", 45950)
    settle(market)
    assert Copy.objects.get().status == "filled"
    return link


def end():
    copy = Copy.objects.get()
    return copy.status, copy.reason


def standing(market, link):
    """What is held at the exchange, its stop, and how many orders rest."""
    ledger = market.ledger(link.exchange_uid)
    live = {"New", "PartiallyFilled", "Untriggered"}
    resting = [row for row in ledger["orders"] if row["orderStatus"] in live]
    ours = [row for row in resting if row["orderLinkId"]]
    held = [(D(row["size"]), row["stopLoss"]) for row in ledger["positions"] if D(row["size"])]
    return held, len(ours)


def finish():
    exchanges.disconnect_leaving(now=timezone.now())
    return Connection.objects.get().status


def test_a_trade_that_is_left_keeps_its_position_and_stop_and_loses_its_orders(market, alice, held):
    before, resting = standing(market, held)
    assert resting == 2
    assert part(held, closes=False, now=database_now()) == 1
    assert finish() == "connected"  # its key is still needed
    settle(market)
    assert end() == ("closed", Reason.LEFT_TO_TRADER)
    assert standing(market, held) == (before, 0)
    assert finish() == "revoked"
    link = Connection.objects.get()
    assert (link.sealed, link.key_hint, link.is_leaving) == (None, "", False)
    assert codes(alice)[-2:] == ["left", "api_disconnected"]


def test_a_trade_that_is_closed_is_gone_before_the_key_is(market, held):
    part(held, closes=True, now=database_now())
    settle(market)
    assert end() == ("closed", Reason.CLOSED_BY_TRADER)
    assert standing(market, held) == ([], 0)
    compare_with_ledger(held, market)
    assert finish() == "revoked"


def test_an_entry_that_was_left_unfilled_is_withdrawn(market, author, link):
    publish(author, long_btc())
    work_now()
    part(link, closes=False, now=database_now())
    settle(market)
    assert end() == ("expired", Reason.LEFT_TO_TRADER)
    assert standing(market, link) == ([], 0)


def test_an_entry_that_was_not_sent_never_is(market, author, link):
    publish(author, long_btc())
    part(link, closes=False, now=database_now())
    work_now()
    assert end() == ("expired", Reason.LEFT_TO_TRADER)
    assert market.ledger(link.exchange_uid)["orders"] == []


def test_nothing_new_is_entered_meanwhile(market, author, held):
    part(held, closes=False, now=database_now())
    publish(author, long_btc(symbol="LTCUSDT", **LTC))
    assert Copy.objects.get(symbol="LTCUSDT").status == "skipped"


LTC = {
    "entry_low": D(140),
    "entry_high": D(141),
    "stop": D(130),
    "targets": (TargetDraft(D(160), D(100)),),
}


def test_a_dead_key_can_be_left_as_well(market, held):
    before = standing(market, held)
    market.post(f"keys/{KEY}", revoked=True)
    work_now()
    assert Connection.objects.get().status == "attention"
    part(held, closes=True, now=database_now())
    work_now()
    assert Copy.objects.get().status == "filled"  # it cannot be closed without a key …
    part(held, closes=False, now=database_now())
    work_now()
    assert end() == ("closed", Reason.LEFT_UNWITHDRAWN)  # … and is its owner's from now on
    assert standing(market, held) == before  # its targets rest as they did: its owner is told so
    assert finish() == "revoked"


def test_an_entry_that_rests_behind_a_dead_key_is_not_called_withdrawn(market, author, link):
    publish(author, long_btc())
    work_now()
    market.post(f"keys/{KEY}", revoked=True)
    part(link, closes=False, now=database_now())
    work_now()
    assert end() == ("expired", Reason.LEFT_UNWITHDRAWN)
    assert standing(market, link) == ([], 1)


def test_what_was_never_sent_is_not_said_to_rest(market, author, link):
    publish(author, long_btc())
    market.post(f"keys/{KEY}", revoked=True)
    Connection.objects.update(balance_at=None)  # so that the key is tried
    part(link, closes=False, now=database_now())
    work_now()
    assert end() == ("expired", Reason.LEFT_TO_TRADER)


def test_a_key_that_reads_and_withdraws_nothing_holds_nobody_for_ever(market, held):
    before = standing(market, held)
    market.fault("retcode", path="/v5/order/cancel", code=10005, message="no permission")
    part(held, closes=False, now=database_now())
    for _ in range(LEAVE_REFUSALS):
        work_now()
        assert Copy.objects.get().status == "filled"  # the permission may come back
    work_now()
    assert end() == ("closed", Reason.LEFT_UNWITHDRAWN)
    assert standing(market, held) == before
    assert finish() == "revoked"


def test_a_permission_that_comes_back_in_time_withdraws_all(market, held):
    before, _ = standing(market, held)
    market.fault("retcode", path="/v5/order/cancel", code=10005, message="no permission", times=3)
    part(held, closes=False, now=database_now())
    settle(market)
    assert end() == ("closed", Reason.LEFT_TO_TRADER)
    assert standing(market, held) == (before, 0)


def test_a_busy_exchange_uses_up_no_patience(market, held):
    market.fault("retcode", path="/v5/order/cancel", code=10002, message="busy", times=8)
    part(held, closes=False, now=database_now())
    for _ in range(8):
        work_now()
        assert Copy.objects.get().status == "filled"
    settle(market)
    assert end() == ("closed", Reason.LEFT_TO_TRADER)


STOPS = "/v5/position/trading-stop"


def without_a_stop(market, link):
    """A trade that is to be closed because the exchange refuses the stop that it has lost."""
    code, message = 10001, "sl:45500 set for Buy position should lower than base_price"
    market.fault("retcode", path=STOPS, code=code, message=message)
    by_hand(market, link, "stop", stopLoss="0")
    Copy.objects.update(looked_at=None)
    work_now()
    copy = Copy.objects.get()
    assert (copy.status, copy.close_reason) == ("filled", Reason.STOP_MISSING)
    return copy


def test_who_takes_over_a_position_that_can_have_no_stop_is_not_left_with_it(market, held):
    """Left means: with the stop that stands. Where none can, it is closed like any other."""
    leave_copy(without_a_stop(market, held), now=database_now())
    settle(market)
    assert end() == ("closed", Reason.STOP_MISSING)
    assert standing(market, held) == ([], 0)
    compare_with_ledger(held, market)


def test_a_position_whose_stop_is_taken_after_all_is_left_with_it(market, held):
    before, _ = standing(market, held)
    copy = without_a_stop(market, held)
    market.clear_faults()
    leave_copy(copy, now=database_now())
    settle(market)
    assert end() == ("closed", Reason.LEFT_TO_TRADER)
    assert standing(market, held) == (before, 0)


def test_who_goes_on_copying_stays(market, held):
    part(held, closes=True, now=database_now())
    copying.resume(held)
    settle(market)
    assert finish() == "connected"


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (Reason.LEFT_TO_TRADER, "what was not filled was withdrawn"),
        (Reason.LEFT_UNWITHDRAWN, "may still rest at the exchange"),
    ],
)
def test_the_notice_says_what_is_the_traders_own_now(reason, words):
    params = {
        "symbol": "BTCUSDT",
        "side": "long",
        "connection": "main",
        "quantity": "0.01",
        "reason": reason.value,
    }
    text = render("left", params, "en")
    assert "The position is yours from now on" in text
    assert "0.01" in text
    assert words in text
    assert text != render("left", params, "ko")


# --- on the pages --------------------------------------------------------------------------------


def test_who_disconnects_with_open_trades_is_asked_what_becomes_of_them(
    client, market, alice, held
):
    client.force_login(alice)
    answer = client.post(reverse("exchanges:disconnect", args=[held.public_id]))
    page = reverse("signals:part", args=[held.public_id])
    assert answer.url == page
    assert "BTC/USDT" in client.get(page).content.decode()
    answer = client.post(page, {"trades": "keep"})
    assert answer.url == reverse("settings")
    assert Copy.objects.get().close_reason == Reason.LEFT_TO_TRADER
    settle(market)
    assert finish() == "revoked"


def test_whose_key_may_not_work_is_told_so_before_they_choose(client, market, alice, held):
    client.force_login(alice)
    page = reverse("signals:part", args=[held.public_id])
    assert "may go on resting" not in client.get(page).content.decode()
    Connection.objects.update(status="attention", reason="invalid_key")
    assert "may go on resting" in client.get(page).content.decode()


def test_an_unheard_of_wish_changes_nothing(client, alice, held):
    client.force_login(alice)
    page = reverse("signals:part", args=[held.public_id])
    assert client.post(page, {"trades": "x"}).status_code == 200
    assert Copy.objects.get().wants_position
    assert not Connection.objects.get().is_leaving


def test_nobody_parts_with_anothers_connection(client, bob, held):
    client.force_login(bob)
    page = reverse("signals:part", args=[held.public_id])
    assert client.post(page, {"trades": "close"}).status_code == 404
    assert client.post(reverse("exchanges:check_again", args=[held.public_id])).status_code == 404


def test_who_has_mended_a_key_asks_for_another_look(client, market, alice, link):
    client.force_login(alice)
    Connection.objects.update(status="attention", reason="can_withdraw")
    row = client.get(reverse("exchanges:row", args=[link.public_id])).content.decode()
    check = reverse("exchanges:check_again", args=[link.public_id])
    assert check in row
    assert "api-management" in row
    client.post(check)
    assert Connection.objects.get().reason == "rechecking"
    Connection.objects.update(status="connected", reason="")
    row = client.get(reverse("exchanges:row", args=[link.public_id])).content.decode()
    assert check not in row
