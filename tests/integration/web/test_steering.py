"""A signal's own page: its steps, its results, its log, and the export that anybody can check."""

from __future__ import annotations

import re
from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import ActivityEvent, User
from signals.domain.chain import faults
from signals.models import Copy, Signal
from signals.services import publishing, working
from tests.fixtures.people import link_account, long_btc

pytestmark = pytest.mark.django_db(transaction=True)
STEPS = ["publish", "unschedule", "cancel_entries", "reduce", "close", "tell"]


def text_of(answer) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", answer.content.decode()).split())


@pytest.fixture
def signal(market, author, alice) -> Signal:
    link_account(alice, market)
    made = publishing.create_signal(author, long_btc(), now=timezone.now())
    return publishing.publish(made, actor=author, now=timezone.now())


@pytest.fixture
def writer(client, author):
    client.force_login(author)
    return client


def page_of(client, signal, part="detail"):
    return client.get(reverse(f"signals:{part}", args=[signal.public_id]))


def do(client, signal, step, **data):
    return client.post(reverse(f"signals:{step}", args=[signal.public_id]), data)


@pytest.mark.parametrize("step", [*STEPS, "amend", "detail", "copies"])
def test_the_steps_do_not_exist_for_followers_and_strangers(client, signal, alice, step):
    path = reverse(f"signals:{step}", args=[signal.public_id])
    assert client.post(path)["Location"].startswith(reverse("accounts:login"))
    client.force_login(alice)
    assert client.post(path).status_code == 404
    signal.refresh_from_db()
    assert (signal.revision, signal.wants_position) == (1, True)


@pytest.mark.parametrize("step", STEPS)
def test_a_step_is_posted_with_a_token_to_a_signal_that_exists(author, signal, step):
    client = Client(enforce_csrf_checks=True)
    client.force_login(author)
    assert do(client, signal, step).status_code == 403
    assert client.get(reverse(f"signals:{step}", args=[signal.public_id])).status_code == 405
    careless = Client()
    careless.force_login(author)
    missing = {"percent": "5", "text": "x", "revision": "1"}
    assert careless.post(reverse(f"signals:{step}", args=[uuid4()]), missing).status_code == 404


# --- closing a part ------------------------------------------------------------------------------


def test_a_part_is_closed_once_however_often_it_is_clicked(writer, signal):
    first = do(writer, signal, "reduce", percent="25", revision="1")
    assert first.status_code == 302
    again = writer.post(
        reverse("signals:reduce", args=[signal.public_id]),
        {"percent": "25", "revision": "1"},
        follow=True,
    )
    assert "has changed since this page was opened" in text_of(again)
    signal.refresh_from_db()
    assert signal.revision == 2
    assert "A part closed (25 %)" in text_of(page_of(writer, signal))


@pytest.mark.parametrize("percent", ["", "0", "-5", "101", "abc", "NaN"])
@pytest.mark.parametrize(("language", "hangul"), [("ko", True), ("en", False)])
def test_a_bad_percentage_is_said_beside_its_field(
    writer, author, signal, percent, language, hangul
):
    User.objects.filter(pk=author.pk).update(language=language)
    answer = do(writer, signal, "reduce", percent=percent, revision="1")
    assert answer.status_code == 422
    error = re.search(r'class="error"[^>]*>([^<]+)', answer.content.decode()).group(1)
    assert bool(re.search(r"[가-힣]", error)) is hangul
    signal.refresh_from_db()
    assert signal.revision == 1


def test_a_hundred_percent_closes_all(writer, signal):
    do(writer, signal, "reduce", percent="100", revision="1")
    signal.refresh_from_db()
    assert not signal.wants_position


def test_closing_twice_and_closing_what_is_over_is_harmless(writer, signal):
    for _ in range(2):
        assert do(writer, signal, "close").status_code == 302
    Signal.objects.filter(pk=signal.pk).update(status="closed")
    path = reverse("signals:close", args=[signal.public_id])
    assert "not in progress" in text_of(writer.post(path, follow=True))


# --- notes ---------------------------------------------------------------------------------------


def test_a_note_reaches_its_followers_once(writer, signal):
    for _ in range(2):
        do(writer, signal, "tell", text="Hold on", revision="1")
    assert ActivityEvent.objects.filter(code="noted").count() == 1
    signal.refresh_from_db()
    assert signal.revision == 2
    assert "Note Hold on" in text_of(page_of(writer, signal))


@pytest.mark.parametrize("text", ["", "   ", "x" * 501])
def test_a_bad_note_is_sent_to_nobody(writer, signal, text):
    assert do(writer, signal, "tell", text=text, revision="1").status_code == 422
    assert not ActivityEvent.objects.filter(code="noted").exists()


def test_a_note_is_shown_as_text(writer, signal):
    do(writer, signal, "tell", text="<b>x</b>", revision="1")
    assert "&lt;b&gt;x&lt;/b&gt;" in page_of(writer, signal).content.decode()


# --- where a change has arrived, and what came of it ---------------------------------------------


@pytest.mark.parametrize(
    ("language", "way", "there"), [("en", "On its way", "✓ Arrived"), ("ko", "반영 중", "✓ 반영됨")]
)
def test_the_author_sees_when_a_change_has_arrived(writer, author, signal, language, way, there):
    User.objects.filter(pk=author.pk).update(language=language)
    assert way in text_of(page_of(writer, signal, "copies"))
    working.work()
    assert there in text_of(page_of(writer, signal, "copies"))
    publishing.amend(signal, long_btc(stop=Decimal(45400)), actor=author, now=timezone.now())
    assert way in text_of(page_of(writer, signal, "copies"))
    working.work()
    assert there in text_of(page_of(writer, signal, "copies"))
    Copy.objects.update(status="skipped", ended_at=timezone.now())
    ended = text_of(page_of(writer, signal, "copies"))
    assert way not in ended
    assert there not in ended


def test_the_real_result_stands_beside_the_nominal_one(writer, market, author, signal, bob):
    link_account(bob, market)
    alices = Copy.objects.get()
    fields = {"status": "closed", "ended_at": timezone.now(), "margin": Decimal(50)}
    Copy.objects.update(**fields, pnl=Decimal("10.5"), funding=Decimal("0.5"))
    bobs = Copy.objects.get(pk=alices.pk)
    bobs.pk, bobs.public_id, bobs.user = None, uuid4(), bob
    bobs.connection, bobs.pnl = bob.connections.get(), Decimal("-4.5")
    bobs.save()
    Signal.objects.filter(pk=signal.pk).update(result_percent=Decimal("21.73"))
    page = text_of(page_of(writer, signal))
    assert "+21.73 %" in page
    # (20 % + -10 %) / 2, from net results of 10 and -5 on 50 USDT
    assert "+5.00 % Lowest – highest -10.00 % – +20.00 % Net (USDT) 5.00" in page
    assert "Closed 2 Skipped 0 Rejected 0 Expired 0" in page


def test_a_skipped_copy_says_why_with_its_figures(writer, market, author, bob):
    link_account(bob, market, amount="2000")
    made = publishing.create_signal(author, long_btc(), now=timezone.now())
    publishing.publish(made, actor=author, now=timezone.now())
    working.work()
    assert "Needed 2022 · Free 950" in text_of(page_of(writer, made, "copies"))


def test_the_page_costs_the_same_with_many_copies(writer, market, alice, signal):
    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            page_of(writer, signal)
        return len(queries)

    page_of(writer, signal)  # the first one of a day writes a visit
    before = cost()
    for number in range(5):
        link, copy = alice.connections.latest("pk"), Copy.objects.filter(signal=signal).first()
        link.pk, link.public_id, link.exchange_uid = None, uuid4(), f"uid-{number}"
        link.save()
        copy.pk, copy.public_id, copy.connection = None, uuid4(), link
        copy.save()
    assert cost() == before


# --- the log and its export ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ["Published", "Changed", "Entries cancelled"]),
        ("ko", ["게시", "변경", "진입 취소"]),
    ],
)
def test_the_log_says_what_was_done_when_and_by_whom(writer, author, signal, language, words):
    User.objects.filter(pk=author.pk).update(language=language)
    publishing.amend(signal, long_btc(stop=Decimal(45400)), actor=author, now=timezone.now())
    publishing.cancel_entries(signal, actor=author, now=timezone.now())
    page = page_of(writer, signal).content.decode()
    rows = re.findall(r'data-label="(?:What|내용)">\s*<div>\s*([^<\n]+)', page)
    assert [row.strip() for row in rows] == words[::-1]
    newest = signal.revisions.get(number=3).hash
    assert f'title="{newest}">{newest[:12]}…' in page


def test_the_export_is_a_sound_chain(writer, author, signal):
    publishing.amend(signal, long_btc(stop=Decimal(45400)), actor=author, now=timezone.now())
    answer = page_of(writer, signal, "chain")
    assert "attachment" in answer["Content-Disposition"]
    entries = answer.json()
    assert [entry["action"] for entry in entries] == ["publish", "amend"]
    assert faults(entries) == []


def test_who_may_read_the_log(market, author, alice, signal):
    anonymous, member = Client(), Client()
    member.force_login(alice)
    assert page_of(anonymous, signal, "chain").status_code == 404
    assert page_of(member, signal, "chain").status_code == 200
    Signal.objects.filter(pk=signal.pk).update(status="closed")
    assert page_of(anonymous, signal, "chain").status_code == 200
    for status in ("draft", "scheduled"):
        Signal.objects.filter(pk=signal.pk).update(status=status)
        assert page_of(member, signal, "chain").status_code == 404
    assert anonymous.get(reverse("signals:chain", args=[uuid4()])).status_code == 404


def test_a_form_opened_before_another_change_overwrites_nothing(signal, author, writer):
    page = reverse("signals:amend", args=[signal.public_id])
    form = {
        "revision": "1",
        "entry_low": "45900",
        "entry_high": "46000",
        "stop": "45400",
        "target_price": "47000",
        "target_share": "100",
        "at_first_target": "on",
    }
    publishing.cancel_entries(signal, actor=author, now=timezone.now())
    assert writer.post(page, form).status_code == 422
    signal.refresh_from_db()
    assert (signal.revision, signal.stop) == (2, 45500)
    assert writer.post(page, form | {"revision": "2"}).status_code == 302
    signal.refresh_from_db()
    assert (signal.revision, signal.stop) == (3, 45400)
