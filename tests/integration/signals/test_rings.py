"""A ring that comes while somebody works on the copy is heard, however long it was on its way."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.utils import timezone

from hexagonal.lib.clock import database_now
from signals.domain.reasons import Reason
from signals.models import Copy, Signal
from signals.services import publishing, streaming, working
from signals.services.copying import close_copy, leave_copy
from tests.fixtures.people import link_account, long_btc
from tests.integration.signals.steps import only_copy
from tests.integration.signals.test_copy_life import publish

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def link(market, author, alice, settings):
    """An account whose entry rests; nobody looks at it for a minute unless somebody rings."""
    link = link_account(alice, market)
    publish(author)
    working.work()
    settings.POLL_SECONDS = 60
    Copy.objects.update(due_at=timezone.now(), looked_at=timezone.now())
    return link


@pytest.fixture
def meanwhile(monkeypatch):
    """Let something happen while a chunk is being worked on, after its rows were read."""

    def meanwhile(do, copies=1):
        def read(tasks):
            do()
            return former(tasks)

        former = working.read_tickers
        monkeypatch.setattr(working, "read_tickers", read)
        assert working.work() == copies

    return meanwhile


def test_a_lost_socket_is_not_forgotten(link, meanwhile):
    meanwhile(lambda: streaming.poll_again({link.pk}))
    assert only_copy().due_at <= timezone.now()


def test_a_look_that_may_be_older_than_the_socket_is_repeated(link, meanwhile):
    meanwhile(lambda: streaming.read_again({link.pk}))
    copy = only_copy()
    assert copy.due_at <= timezone.now()
    assert copy.looked_at is None


def test_a_close_that_was_asked_for_before_the_claim(link, meanwhile):
    asked = database_now()
    meanwhile(lambda: close_copy(only_copy(), reason=Reason.CLOSED_BY_TRADER, now=asked))
    copy = only_copy()
    assert not copy.wants_position
    assert copy.due_at <= timezone.now()


def test_a_change_that_was_asked_for_before_the_claim(link, author, meanwhile):
    asked = database_now()
    signal = Signal.objects.get()
    meanwhile(lambda: publishing.close(signal, actor=author, now=asked))
    assert only_copy().due_at <= timezone.now()


def test_who_leaves_a_trade_while_it_is_being_closed_is_heard(
    market, author, alice, bob, meanwhile
):
    """A chunk writes a column of all its copies as soon as it has changed in one of them."""
    links = {user.nickname: link_account(user, market) for user in (alice, bob)}
    signal = publish(author)
    working.work()
    close_copy(only_copy(user=bob), reason=Reason.CLOSED_BY_TRADER, now=database_now())
    uid = links["alice"].exchange_uid
    message = "sl:45600 set for Buy position should lower than base_price"
    market.fault("retcode", path="/v5/order/amend", code=10001, message=message, uid=uid)
    publishing.amend(signal, long_btc(stop=Decimal(45600)), actor=author, now=database_now())
    meanwhile(lambda: leave_copy(only_copy(user=bob), now=database_now()), copies=2)
    assert only_copy(user=alice).close_reason == Reason.STOP_REFUSED
    assert only_copy(user=bob).close_reason == Reason.LEFT_TO_TRADER
