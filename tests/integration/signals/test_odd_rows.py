"""A row that the database refuses keeps its own copy waiting, and no other of its chunk."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from signals.models import Copy, ExchangeCall, Signal
from signals.services import working
from tests.fixtures.people import link_account, long_btc
from tests.integration.signals.test_copy_life import compare_with_ledger, publish, work_now
from tests.integration.signals.test_parting import LTC

pytestmark = pytest.mark.django_db(transaction=True)
TOO_LONG = "x" * 500


@pytest.fixture
def links(market, author, alice, bob):
    links = {user.pk: link_account(user, market) for user in (alice, bob)}
    publish(author)
    return links


def spoiled(step, user):
    """A step of the chunk that leaves something of one user that no column takes."""

    def do(*args, **kwargs):
        step(*args, **kwargs)
        ledger = getattr(args[0], "ledger", args[0])
        if ledger.copy.user_id == user.pk:
            ledger.copy.reason = TOO_LONG

    return do


def copy_of(user):
    return Copy.objects.get(user=user)


def let_the_lease_run_out(user):
    Copy.objects.filter(user=user).update(lease_until=timezone.now() - timedelta(seconds=1))


@pytest.mark.parametrize(("step", "sent"), [("decide", 0), ("apply_outcomes", 1)])
def test_one_odd_row_in_a_chunk(links, market, alice, bob, monkeypatch, caplog, step, sent):
    with monkeypatch.context() as odd:
        odd.setattr(working, step, spoiled(getattr(working, step), alice))
        assert working.work() == 2

    assert copy_of(bob).status == "placed"
    assert copy_of(bob).lease_token is None
    compare_with_ledger(links[bob.pk], market)
    assert ExchangeCall.objects.filter(copy=copy_of(bob)).count() == 1

    waiting = copy_of(alice)
    assert waiting.lease_token is not None
    assert len(market.ledger(links[alice.pk].exchange_uid)["orders"]) == sent
    assert ExchangeCall.objects.filter(copy=waiting).count() == sent
    assert str(waiting.public_id) in caplog.text
    assert TOO_LONG[:50] not in caplog.text

    let_the_lease_run_out(alice)
    work_now()
    assert (copy_of(alice).status, copy_of(alice).reason) == ("placed", "")
    compare_with_ledger(links[alice.pk], market)
    assert len(market.ledger(links[alice.pk].exchange_uid)["orders"]) == 1


def test_a_signal_that_cannot_be_read_keeps_no_other_from_being_worked_on(
    market, author, alice, caplog
):
    link = link_account(alice, market)
    publish(author)
    odd = publish(author, long_btc(symbol="LTCUSDT", **LTC))
    Signal.objects.filter(pk=odd.pk).update(terms={"entry": {"kind": "unheard of"}})
    assert working.work() == 2
    assert list(Copy.objects.order_by("pk").values_list("symbol", "status")) == [
        *(("BTCUSDT", "placed"), ("LTCUSDT", "pending"))
    ]
    compare_with_ledger(link, market)
    assert str(Copy.objects.get(signal=odd).public_id) in caplog.text


def test_what_cannot_be_ended_is_looked_at_with_pauses(market, author, alice):
    link_account(alice, market)
    odd = publish(author)
    Signal.objects.filter(pk=odd.pk).update(terms={"entry": {"kind": "unheard of"}})
    late = timezone.now() - timedelta(minutes=2)
    Copy.objects.update(created_at=late, due_at=late)
    assert working.work() == 1
    assert copy_of(alice).status == "pending"
    assert copy_of(alice).due_at > timezone.now()
