"""What a trade opens its trader's key for is on record: who, what, for which trade."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from exchanges.models import KeyUse
from signals.domain.draft import StopKind, StopRule
from signals.domain.reasons import Reason
from signals.models import Copy, ExchangeCall
from signals.services import copying, publishing, working
from tests.fixtures.people import link_account, long_btc, make_user
from tests.integration.signals.steps import D, by_hand, only_copy, settle, size
from tests.integration.signals.test_changes import amend
from tests.integration.signals.test_copy_life import publish, work_now
from tests.integration.signals.test_targets_and_stops import TWO, enter, go_to

pytestmark = pytest.mark.django_db(transaction=True)


def uses():
    """Of trades: what for, and who caused it."""
    return [
        (use.purpose, use.person.nickname if use.person else None)
        for use in KeyUse.objects.exclude(copy=None).order_by("pk").select_related("person")
    ]


def test_an_entry_is_its_publishers(market, author, alice):
    link = link_account(alice, market, leverage={"BTCUSDT": "10"})
    publish(author)
    working.work()
    assert uses() == [("entry", "author")]
    use, copy = KeyUse.objects.get(purpose="entry"), only_copy()
    assert (use.connection, use.copy, use.symbol) == (link, copy.public_id, "BTCUSDT")
    assert use.at <= copy.sent_at


def test_a_look_that_ends_in_orders_says_so_before_it_sends_them(market, author, alice):
    rule = StopRule(StopKind.BREAK_EVEN, after=1)
    draft = long_btc(targets=TWO, stop_rule=rule)
    link_account(alice, market, amount="100")
    market.price("BTCUSDT", 45950)
    publish(author, draft)
    settle(market)
    assert uses()[0] == ("entry", "author")
    assert {("watch", None), ("target", None)} <= set(uses())
    assert ("stop", None) not in uses()
    go_to(market, 46501)
    assert ("stop", None) in uses()
    moved = ExchangeCall.objects.filter(action="levels").latest("sent_at")
    assert KeyUse.objects.get(purpose="stop").at <= moved.sent_at


def test_an_authors_change_and_close_are_the_authors(market, author, alice):
    second = make_user("second", is_superuser=True)
    link, signal = enter(market, author, alice, amount="100", draft=long_btc(targets=TWO))
    amend(signal, author, stop=D(45600))
    settle(market)
    assert ("change", "author") in uses()
    publishing.close(signal, actor=second, now=timezone.now())
    settle(market)
    assert ("close", "second") in uses()
    assert size(market, link) == 0


def test_a_traders_close_is_the_traders(market, author, alice):
    enter(market, author, alice, amount="100")
    copying.close_copy(only_copy(), reason=Reason.CLOSED_BY_TRADER, now=timezone.now())
    settle(market)
    assert ("close", "alice") in uses()


def test_a_stop_that_was_taken_off_is_put_back_and_an_entry_withdrawn(market, author, alice, bob):
    link, _ = enter(market, author, alice)
    by_hand(market, link, "stop", stopLoss="0")
    settle(market)
    assert ("stop", None) in uses()
    market.price("BTCUSDT", 46300)
    link_account(bob, market)
    signal = publish(author)
    settle(market)
    publishing.cancel_entries(signal, actor=author, now=timezone.now())
    settle(market)
    assert ("withdraw", "author") in uses()


def test_an_order_of_unknown_fate_is_looked_up(market, author, alice, settings):
    settings.HTTP_READ_TIMEOUT, settings.RECV_WINDOW_MS, settings.SETTLE_SECONDS = 1, 1000, 0
    link_account(alice, market)
    market.fault("accept_then_timeout", path="/v5/order/create", ms=1500, times=1)
    publish(author)
    working.work()
    work_now()
    assert uses() == [("entry", "author"), ("lookup", None)]


def test_nothing_of_a_key_stands_in_it(market, author, alice):
    link = link_account(alice, market, api_key="a-key-to-look-for", api_secret="a-secret-of-it")
    publish(author)
    settle(market)
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(use::text, ' ') FROM exchanges_keyuse use")
        (text,) = cursor.fetchone()
    assert "BTCUSDT" in text
    for secret in ("key-to-look-for", "secret-of-it", link.exchange_uid):
        assert secret not in text


def test_a_chunk_takes_one_statement_and_a_copy_that_ends_unsent_opens_nothing(market, author):
    people = [make_user(f"t{n}") for n in range(4)]
    for person in people:
        link_account(person, market, leverage={"BTCUSDT": "10"})
    publish(author)
    with CaptureQueriesContext(connection) as statements:
        assert working.work() == 4
    written = [each["sql"] for each in statements if "exchanges_keyuse" in each["sql"]]
    assert len(written) == 1
    assert uses() == [("entry", "author")] * 4
    Copy.objects.update(status="skipped", due_at=timezone.now(), lane=4)
    before = KeyUse.objects.count()
    working.work()
    assert KeyUse.objects.count() == before
