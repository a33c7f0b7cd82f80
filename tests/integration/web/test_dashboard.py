"""The dashboard: figures with their formulas, cards of signals, the log of members."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.utils import timezone
from django.utils.html import strip_tags

from accounts.activity import Fact, record
from accounts.choices import ActivityKind
from accounts.models import User
from exchanges.models import Connection
from signals.models import Copy, Signal
from signals.services import publishing
from tests.fixtures.people import long_btc, make_user

pytestmark = pytest.mark.django_db(transaction=True)
MOMENT = datetime(2022, 8, 15, 10, 56, tzinfo=UTC)


def page_of(client, user, language="ko", part="") -> str:
    User.objects.filter(pk=user.pk).update(language=language)
    client.force_login(User.objects.get(pk=user.pk))
    headers = {"hx-request": "true"} if part else {}
    text = client.get("/", {"part": part} if part else {}, headers=headers).content.decode()
    return " ".join(text.split())


@pytest.fixture
def signal(market, author) -> Signal:
    made = publishing.create_signal(author, long_btc(), now=timezone.now())
    publishing.publish(made, actor=author, now=timezone.now())
    Signal.objects.filter(pk=made.pk).update(published_at=MOMENT)
    return made


def close(signal: Signal, outcome: str, percent: str, price: str, targets_hit: int = 0) -> None:
    Signal.objects.filter(pk=signal.pk).update(
        status="closed",
        outcome=outcome,
        result_percent=Decimal(percent),
        outcome_price=Decimal(price),
        targets_hit=targets_hit,
        closed_at=timezone.now(),
    )


def test_an_open_signal_is_shown_as_in_the_guide(client, signal, alice):
    page = page_of(client, alice)
    assert "진행 중인 거래 (1)" in page
    assert '#BTC/USDT - <span class="side">Long</span> 10x' in page
    assert "2022-08-15 오후 7시 56분 등록" in page
    for text in ("진입(EP)", "45900 ~ 46000", "익절(TP)", "47000", "손절(SL)", "45500"):
        assert text in page


def test_a_completed_signal_says_how_it_ended(client, signal, alice):
    close(signal, "target", "21.73", "47000", targets_hit=1)
    page = page_of(client, alice)
    assert "진행 중인 거래 (0)" in page
    assert "완료된 거래 (1)" in page
    assert "익절 도달" in page
    assert "+21.73 %" in page


def copy_of(signal: Signal, nickname: str, status: str, pnl: str = "0") -> None:
    user = make_user(nickname)
    link = Connection.objects.create(user=user, name=nickname, exchange_uid=nickname)
    Copy.objects.create(
        signal=signal,
        connection=link,
        user=user,
        symbol=signal.symbol,
        status=status,
        margin=Decimal(50),
        pnl=Decimal(pnl),
        created_at=MOMENT,
        ended_at=MOMENT,
    )


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "Real result: +5.00 % (-10.00 % – +20.00 %) · Closed 2 · Skipped 1 · Rejected 0"),
        ("ko", "실제 결과: +5.00 % (-10.00 % – +20.00 %) · 종료 2 · 건너뜀 1 · 거절 0"),
    ],
)
def test_the_real_result_stands_beside_the_nominal_one(client, signal, alice, language, said):
    copy_of(signal, "one", "closed", "10")
    copy_of(signal, "two", "closed", "-5")
    copy_of(signal, "three", "skipped")
    copy_of(signal, "four", "expired")
    assert said not in strip_tags(page_of(client, alice, language))
    close(signal, "target", "21.73", "47000", targets_hit=1)
    page = " ".join(strip_tags(page_of(client, alice, language)).split())
    assert "+21.73 %" in page
    assert said in page


def test_followers_read_the_authors_notes(client, market, author, alice):
    made = publishing.create_signal(author, long_btc(note="a < b"), now=timezone.now())
    publishing.publish(made, actor=author, now=timezone.now())
    publishing.tell(made, text="<i>Hold on", actor=author, now=timezone.now())
    page = page_of(client, alice)
    assert "a &lt; b" in page
    assert "&lt;i&gt;Hold on" in page


def test_figures_follow_their_formulas(client, market, author, alice):
    results = [("target", "20", 1), ("target", "10", 2), ("stop", "-12.5", 0)]
    for number, (outcome, percent, hit) in enumerate(results):
        made = publishing.create_signal(author, long_btc(note=str(number)), now=timezone.now())
        publishing.publish(made, actor=author, now=timezone.now())
        close(made, outcome, percent, "47000", targets_hit=hit)
    page = page_of(client, alice)
    for text in (
        "총 3번의 거래",
        "거래 승률: 66.7 %",
        "총 3번의 익절을 진행 완료",
        "총 1번의 손절을 진행 완료",
        "+17.50 %",
        "평균 익절률: +15.00 %",
        "평균 손절률: -12.50 %",
    ):
        assert text in page


@pytest.mark.parametrize(
    ("kind", "code", "korean", "english"),
    [
        ("register", "registered", "로케트님이 회원가입 하셨습니다.", "로케트 joined."),
        ("trade", "entered", "로케트님이 거래진입 하셨습니다.", "로케트 entered a trade."),
        ("api", "api_connected", "로케트님이 API 등록을 하셨습니다.", "로케트 linked an API key."),
        (
            "telegram",
            "telegram_linked",
            "로케트님이 텔레그램 계정을 등록 하셨습니다.",
            "로케트 linked a Telegram account.",
        ),
        ("add", "signal_added", "로케트님이 거래 타점을 추가했습니다.", "로케트 added a signal."),
    ],
)
def test_the_log_says_what_members_did(client, alice, kind, code, korean, english):
    fact = Fact(ActivityKind(kind), code, None, {"name": "로케트"}, is_public=True)
    record(fact, now=timezone.now())
    log = page_of(client, alice, part="log")
    assert korean in log
    assert "방금 전" in log
    assert f'kind-{kind}">{kind.upper()}' in log
    assert english in page_of(client, alice, "en", part="log")


def test_what_is_not_public_is_in_nobodys_log(client, alice, bob):
    record(Fact(ActivityKind.TRADE, "skipped", bob.pk, {"name": "bob"}), now=timezone.now())
    assert "bob" not in page_of(client, alice)


def test_a_name_is_shown_as_text_and_never_as_markup(client, alice):
    fact = Fact(ActivityKind.REGISTER, "registered", None, {"name": "<b>x</b>"}, is_public=True)
    record(fact, now=timezone.now())
    log = page_of(client, alice, part="log")
    assert "&lt;b&gt;x&lt;/b&gt;" in log
    assert "<b>" not in log


def test_htmx_gets_the_part_it_asked_for(client, alice):
    log, board = page_of(client, alice, part="log"), page_of(client, alice, part="board")
    assert log.startswith('<section id="log"')
    assert board.startswith('<div id="board"')
    assert "<html" not in log + board
