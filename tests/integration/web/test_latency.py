"""How fast a signal went, for its author; each trader's own times and requests, for them alone."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from exchanges.models import Connection
from signals import timings
from signals.models import Copy, ExchangeCall, Order, Signal
from signals.selectors import real_result
from signals.services import publishing, working
from tests.fixtures.people import link_account, long_btc, make_user
from tests.integration.web.test_api import api

pytestmark = pytest.mark.django_db(transaction=True)
START = timezone.now().replace(microsecond=0)


def text_of(answer) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", answer.content.decode()).split())


def ms(milliseconds: int) -> timedelta:
    return timedelta(milliseconds=milliseconds)


@pytest.fixture
def signal(transactional_db, author) -> Signal:
    return new_signal(author)


def new_signal(author, at=START) -> Signal:
    return Signal.objects.create(
        author=author,
        symbol="BTCUSDT",
        side="long",
        leverage=10,
        entry_low=45900,
        entry_high=46000,
        stop=45500,
        status="open",
        revision=1,
        published_at=at,
        terms={},
    )


def links(count: int) -> list[Connection]:
    owner = make_user("many")
    return Connection.objects.bulk_create(
        Connection(user=owner, environment="sandbox", name=f"a{n}", status="connected")
        for n in range(count)
    )


def copies(signal: Signal, rows, **fields) -> list[Copy]:
    """A copy for each connection; `rows` are (connection, milliseconds to the acknowledgement)."""
    begun = signal.published_at
    return Copy.objects.bulk_create(
        Copy(
            signal=signal,
            connection=link,
            user=link.user,
            symbol=fields.get("symbol", signal.symbol),
            status=fields.get("status", "placed"),
            created_at=begun,
            claimed_at=begun + ms(took // 4),
            sent_at=begun + ms(took // 2),
            acknowledged_at=begun + ms(took),
        )
        for link, took in rows
    )


def test_the_distribution_over_a_signals_copies(signal):
    accounts = links(102)
    copies(signal, zip(accounts[:100], range(10, 1_010, 10), strict=True))
    Copy.objects.update(filled_at=START + ms(1))
    Copy.objects.filter(connection=accounts[0]).update(acknowledged_at=START + timedelta(minutes=2))
    for link, status in zip(accounts[100:], ("expired", "skipped"), strict=True):
        copies(signal, [(link, 5)], status=status)
    unsent = Copy.objects.filter(status__in=["expired", "skipped"])
    unsent.update(sent_at=None, acknowledged_at=None)
    found = timings.latency_of(signal)
    spans = {span.name: span for span in found.spans}
    assert list(spans) == list(timings.NAMES)
    whole = spans["publish_acknowledge"]
    # 20, 30 … 1,000 and 120,000: the median of a hundred lies between the two in the middle.
    assert (whole.count, whole.p50, whole.p90, whole.longest) == (100, 515, 911, 120_000)
    assert 1_000 < whole.p99 < 120_000
    assert spans["publish_fill"].p50 == 1
    assert (found.sent, found.acknowledged, found.expired, found.late) == (100, 100, 1, 1)
    assert sum(bar.count for bar in found.bars) == 100
    assert [(bar.least, bar.most) for bar in found.bars][:2] == [(0, 50), (50, 100)]
    assert (found.bars[-1].least, found.bars[-1].most, found.bars[-1].count) == (60_000, None, 1)
    assert max(bar.share for bar in found.bars) == 100


def test_the_time_without_a_stop_is_measured_where_it_follows_the_fill(signal):
    (link,) = links(1)
    (copy,) = copies(signal, [(link, 100)], status="filled")
    Copy.objects.update(filled_at=START + ms(200))
    fields = {"copy": copy, "connection": link, "symbol": copy.symbol, "quantity": 1}
    fields |= {"created_at": START, "leg": "stop", "side": "sell", "type": "market"}
    fields["status"] = "open"
    Order.objects.create(**fields, acknowledged_at=START + ms(250), exchange_id="theirs")
    assert timings.STOP_GAP not in [span.name for span in timings.latency_of(signal).spans]
    for generation, took in enumerate((330, 900)):
        Order.objects.create(
            **fields,
            generation=generation,
            link_id=f"hx{generation}",
            acknowledged_at=START + ms(took),
        )
    gap = timings.latency_of(signal).spans[-1]
    assert (gap.name, gap.count, gap.longest) == (timings.STOP_GAP, 1, 130)


def test_nothing_sent_is_nothing_measured(signal):
    found = timings.latency_of(signal)
    assert [span.count for span in found.spans] == [0] * 5
    assert (found.bars, found.sent) == ([], 0)


def test_the_fairness_of_the_last_signals(author, transactional_db):
    accounts = links(5)
    for number in range(3):
        signal = new_signal(author, START + timedelta(minutes=number))
        rows = [(link, 100 * place + number) for place, link in enumerate(accounts)]
        copies(signal, rows, symbol=f"S{number}")
    found = timings.fairness()
    assert (found.signals, found.accounts) == (3, 5)
    assert found.correlation == pytest.approx(1)  # the same accounts were always first
    Copy.objects.filter(signal__published_at=START).delete()
    assert timings.fairness_lately() == timings.fairness()


def test_the_authors_page_and_api_show_the_distribution(client, market, author, alice):
    link_account(alice, market, leverage={"BTCUSDT": "10"})
    made = publishing.create_signal(author, long_btc(), now=timezone.now())
    publishing.publish(made, actor=author, now=timezone.now())
    working.work()
    client.force_login(author)
    page = client.get(reverse("signals:detail", args=[made.public_id]))
    assert "Published to acknowledged" in text_of(page)
    assert "style=" not in page.content.decode()
    assert "how alike it was" not in text_of(page)  # one signal has nothing to be like
    part = client.get(reverse("signals:latency", args=[made.public_id]))
    assert part.status_code == 200
    path = f"/api/v1/signals/{made.public_id}/latency/"
    found = api(author).get(path).json()
    assert (found["sent"], found["acknowledged"], found["expired"], found["late"]) == (1, 1, 0, 0)
    whole = next(span for span in found["spans"] if span["name"] == "publish_acknowledge")
    assert whole["count"] == 1
    assert 0 < whole["p50"] == whole["max"] < 60_000
    assert sum(bar["count"] for bar in found["histogram"]) == 1
    assert found["fairness"] == {"correlation": None, "signals": 1, "accounts": 1}
    assert api(alice).get(path).status_code == 403
    client.force_login(alice)
    assert client.get(reverse("signals:latency", args=[made.public_id])).status_code == 404


@pytest.fixture
def copy(market, author, alice) -> Copy:
    link_account(alice, market, leverage={"BTCUSDT": "10"})
    made = publishing.create_signal(author, long_btc(), now=timezone.now())
    publishing.publish(made, actor=author, now=timezone.now())
    working.work()
    return Copy.objects.get()


def test_traders_see_their_own_times_and_requests(client, copy, alice):
    client.force_login(alice)
    mine = client.get(reverse("signals:mine")).content.decode()
    path = reverse("signals:trade", args=[copy.public_id])
    assert path in mine
    page = text_of(client.get(path))
    call = ExchangeCall.objects.get()
    assert "Acknowledged" in page
    assert "/v5/order/create" in page
    assert copy.orders.get().link_id in page
    assert copy.orders.get().exchange_id in page
    assert f"{call.milliseconds} ms" in page
    shown = api(alice).get(f"/api/v1/copies/{copy.public_id}/").json()
    assert shown["acknowledged_at"]
    assert shown["claimed_at"] < shown["sent_at"] < shown["acknowledged_at"]


def test_what_the_exchange_says_is_shown_and_never_run(client, copy, alice):
    call = ExchangeCall.objects.get()
    call.pk, call.answer = None, "<script>alert(1)</script>"
    call.save()
    client.force_login(alice)
    page = client.get(reverse("signals:trade", args=[copy.public_id])).content.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


def test_another_traders_trade_does_not_exist(client, copy, bob, author):
    path = reverse("signals:trade", args=[copy.public_id])
    assert client.get(path)["Location"].startswith(reverse("accounts:login"))
    for stranger in (bob, author):
        client.force_login(stranger)
        assert client.get(path).status_code == 404


def test_ops_read_the_record_and_change_nothing(client, copy, author):
    client.force_login(author)
    call = ExchangeCall.objects.get()
    assert client.get("/ops/signals/exchangecall/").status_code == 200
    path = f"/ops/signals/exchangecall/{call.pk}/change/"
    assert "/v5/order/create" in client.get(path).content.decode()
    assert client.post(path, {"answer": "x"}).status_code == 403
    assert client.post(f"/ops/signals/exchangecall/{call.pk}/delete/").status_code == 403


def test_many_copies_are_shown_page_by_page(client, signal, author):
    copies(signal, [(link, 100) for link in links(230)])
    client.force_login(author)
    path = reverse("signals:detail", args=[signal.public_id])
    first, last = client.get(path), client.get(f"{path}?page=3")
    assert [first.content.decode().count("copy-placed"), text_of(first).count("1 / 3")] == [100, 1]
    assert [last.content.decode().count("copy-placed"), text_of(last).count("3 / 3")] == [30, 1]
    # What htmx asks for again is the same page.
    assert f"{reverse('signals:copies', args=[signal.public_id])}?page=3" in last.content.decode()
    assert "Copies (230)" in text_of(last)


def test_the_page_costs_the_same_queries_for_many_copies(client, signal, author):
    accounts = links(60)
    client.force_login(author)
    path = reverse("signals:detail", args=[signal.public_id])
    copies(signal, [(accounts[0], 100)])
    client.get(path)
    with CaptureQueriesContext(connection) as few:
        client.get(path)
    copies(signal, [(link, 100) for link in accounts[1:]])
    with CaptureQueriesContext(connection) as many:
        client.get(path)
    assert len(many) == len(few)


def test_the_real_result_to_the_last_digit(signal):
    """The database's median is the mean of the two in the middle, as Python's is."""
    made = copies(signal, [(link, 100) for link in links(6)])
    results = [("10", "1", "50"), ("-3", "0", "50"), ("7", "-0.5", "33"), ("0", "0", "20")]
    for copy, (pnl, funding, margin) in zip(made, results, strict=False):
        copy.status, copy.pnl = "closed", Decimal(pnl)
        copy.funding, copy.margin = Decimal(funding), Decimal(margin)
        copy.save()
    made[4].status = "skipped"
    made[4].save()
    real = real_result(signal)
    assert (real.closed, real.winners, real.skipped, real.live) == (4, 2, 1, 1)
    assert real.lowest_percent == -6
    assert round(real.highest_percent, 15) == Decimal("22.727272727272727")
    assert real.median_percent == 9
    assert real.net == Decimal("13.5")
