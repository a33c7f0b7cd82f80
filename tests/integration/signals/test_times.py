"""When a copy was published, claimed, sent, acknowledged and filled: each the first of its kind."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test.client import MULTIPART_CONTENT
from django.urls import reverse
from django.utils import timezone

from signals.models import Copy
from signals.services import publishing, working
from tests.fixtures.people import link_account, long_btc
from tests.integration.signals.steps import settle
from tests.integration.signals.test_copy_life import publish, work_now
from tests.integration.signals.test_entries import ladder

pytestmark = pytest.mark.django_db(transaction=True)
CREATE = "/v5/order/create"
KINDS = {"page": MULTIPART_CONTENT, "api": "application/json"}
STAGES = ["created_at", "claimed_at", "sent_at", "acknowledged_at"]


def times() -> dict[str, object]:
    return Copy.objects.values(*STAGES, "filled_at").get()


@pytest.fixture
def quick(settings):
    settings.HTTP_READ_TIMEOUT, settings.RECV_WINDOW_MS, settings.SETTLE_SECONDS = 1, 1000, 0


def test_the_stages_follow_one_another_and_stay_as_they_were(market, author, alice):
    link_account(alice, market, amount="138", leverage={"BTCUSDT": "10"})
    signal = publish(author, long_btc(entry=ladder()))
    working.work()
    first = times()
    stages = [first[name] for name in STAGES]
    assert stages == sorted(stages)
    assert first["created_at"] == signal.published_at
    assert first["filled_at"] is None
    market.price("BTCUSDT", 45970)  # the ladder's first step
    settle(market)
    entered = times()
    assert entered["filled_at"]
    market.price("BTCUSDT", 45890)  # and the others
    settle(market)
    assert times() == entered == first | {"filled_at": entered["filled_at"]}


@pytest.mark.parametrize("fault", ["accept_then_reset", "drop_before"])
def test_an_entry_whose_answer_was_lost_counts_as_acknowledged_once_it_is_known(
    market, author, alice, quick, fault
):
    link_account(alice, market, leverage={"BTCUSDT": "10"})
    market.fault(fault, path=CREATE, times=1)
    publish(author)
    working.work()
    sent = times()
    assert sent["sent_at"]
    assert sent["acknowledged_at"] is None
    work_now()
    work_now()
    known = times()
    assert known["sent_at"] == sent["sent_at"]
    assert known["acknowledged_at"] > sent["sent_at"]


def test_what_never_left_was_not_sent(market, author, alice, settings):
    link_account(alice, market, leverage={"BTCUSDT": "10"})
    publish(author)
    settings.SEND_BUDGET_SECONDS = 0
    working.work()
    assert times()["claimed_at"]
    assert times()["sent_at"] is None


def test_the_first_fill_is_the_earliest_even_when_it_is_seen_last(market, author, alice):
    link_account(alice, market, leverage={"BTCUSDT": "10"})
    publish(author)
    working.work()
    market.price("BTCUSDT", 45950)
    work_now()
    copy = Copy.objects.get()
    fill = copy.fills.get()
    assert copy.filled_at == fill.at
    earlier = fill.at - timedelta(seconds=1)
    copy.fills.update(at=earlier)
    Copy.objects.update(looked_at=None)
    work_now()
    copy.refresh_from_db()
    assert copy.filled_at == earlier
    assert copy.filled_at <= timezone.now()


@pytest.mark.parametrize("way", ["page", "api"])
def test_a_web_server_whose_clock_is_wrong_expires_nobody(
    client, market, author, alice, monkeypatch, way
):
    link_account(alice, market, leverage={"BTCUSDT": "10"})
    signal = publishing.create_signal(author, long_btc(), now=timezone.now())
    client.force_login(author)
    paths = {
        "page": reverse("signals:publish", args=[signal.public_id]),
        "api": f"/api/v1/signals/{signal.public_id}/publish/",
    }
    right = timezone.now
    with monkeypatch.context() as patch:
        patch.setattr(timezone, "now", lambda: right() - timedelta(seconds=90))
        client.post(
            paths[way], content_type="application/json" if way == "api" else MULTIPART_CONTENT
        )
    working.work()
    copy = Copy.objects.get()
    assert (copy.status, copy.reason) == ("placed", "")
    assert timezone.now() - copy.created_at < timedelta(seconds=60)
