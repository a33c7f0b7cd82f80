"""The signal log: append-only in the database, and a chain that anybody can check."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone

from signals.domain.chain import faults
from signals.domain.reasons import Reason
from signals.models import Signal, SignalRevision
from signals.selectors import chain_of
from signals.services import publishing
from tests.fixtures.people import link_account, long_btc
from tests.integration.signals.steps import D, follow, only_copy, settle
from tests.integration.signals.test_changes import amend
from tests.integration.signals.test_copy_life import compare_with_ledger, publish
from tests.integration.signals.test_entries import ladder
from tests.integration.signals.test_targets_and_stops import THREE, TWO, go_to

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def log(market, author, alice):
    """A signal with every kind of revision."""
    link = link_account(alice, market, amount="138")
    signal = publish(author, long_btc(entry=ladder(), targets=TWO))
    settle(market)
    go_to(market, 45990)
    amend(signal, author, targets=THREE, stop=D(45600))
    publishing.tell(signal, text="눌림목입니다.", actor=author, now=timezone.now())
    settle(market)
    market.price("BTCUSDT", 46501)
    follow()  # the first target ends what is left of the ladder
    settle(market)
    publishing.reduce(signal, percent=D(50), actor=author, now=timezone.now())
    publishing.cancel_entries(signal, actor=author, now=timezone.now())
    publishing.close(signal, actor=author, now=timezone.now())
    settle(market)
    compare_with_ledger(link, market)
    return Signal.objects.get()


def test_the_chain_is_sound_after_every_kind_of_revision(log):
    chain = chain_of(log)
    assert [entry["action"] for entry in chain] == [
        *("publish", "amend", "note", "lapse", "reduce", "cancel_entries", "close")
    ]
    assert faults(chain) == []
    assert (log.revision, only_copy().applied_revision) == (7, 7)
    assert only_copy().reason == Reason.CLOSED_BY_AUTHOR
    assert chain[3]["content"]["reason"] == Reason.TARGET_FIRST


def test_a_chain_that_somebody_touched_is_not_sound(log):
    chain = chain_of(log)
    touched = [dict(entry) for entry in chain]
    touched[1]["content"] = touched[1]["content"] | {"stop": "45000"}
    assert faults(touched)
    assert faults(chain[:2] + chain[3:])
    assert faults(chain[1:])


@pytest.mark.parametrize("number", [1, 4, 7])
def test_the_database_refuses_to_change_or_delete_a_revision(log, number):
    before = chain_of(log)
    revision = SignalRevision.objects.filter(signal=log, number=number)
    with pytest.raises(DatabaseError), transaction.atomic():
        revision.update(action="publish", content={})
    with pytest.raises(DatabaseError), transaction.atomic():
        revision.delete()
    assert chain_of(log) == before


def test_a_closed_signal_takes_no_more_revisions(log, author):
    follow()
    log.refresh_from_db()
    assert log.status == "closed"
    for change in (publishing.close, publishing.cancel_entries):
        with pytest.raises(publishing.NotPossible):
            change(log, actor=author, now=timezone.now())
    assert len(chain_of(log)) == 7
