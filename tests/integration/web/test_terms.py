"""A signal's card says in words what differs from the usual."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone
from django.utils.translation import override

from signals.domain.draft import (
    Entry,
    EntryKind,
    Expiry,
    StopKind,
    StopRule,
    TargetDraft,
    Trail,
    Weighting,
)
from signals.services import publishing
from signals.templatetags.terms import terms
from tests.fixtures.people import long_btc

pytestmark = pytest.mark.django_db(transaction=True)
TWO = (TargetDraft(Decimal(46500), Decimal(40)), TargetDraft(Decimal(47000), Decimal(60)))


@pytest.mark.parametrize(
    ("changes", "english", "korean"),
    [
        ({}, [], []),
        (
            {"entry": Entry(EntryKind.LADDER, 3)},
            ["Ladder of 3 equal steps"],
            ["3회 균등 분할 진입"],
        ),
        (
            {"entry": Entry(EntryKind.LADDER, 3, Weighting.LINEAR)},
            ["Ladder of 3 steps, more at the better prices"],
            ["3회 분할 진입, 유리한 가격에 더 많이"],
        ),
        (
            {"entry": Entry(EntryKind.LADDER, 2, Weighting.CUSTOM, (Decimal(1), Decimal("2.50")))},
            ["Ladder of 2 steps, weighted 1 : 2.5"],
            ["2회 분할 진입, 비중 1 : 2.5"],
        ),
        (
            {"entry": Entry(EntryKind.TRIGGER, trigger=Decimal(46500))},
            ["Waits until the price reaches 46500"],
            ["46500 도달 시 진입"],
        ),
        (
            {"entry": Entry(EntryKind.MARKET)},
            ["Market entry, only inside the range"],
            ["구간 안에서만 시장가 진입"],
        ),
        (
            {"entry": Entry(EntryKind.LIMIT)},
            ["Limit entry at the near edge"],
            ["가까운 쪽 진입가에 지정가 진입"],
        ),
        (
            {"stop_rule": StopRule(StopKind.BREAK_EVEN, 1)},
            ["Stop to break-even after target 1"],
            ["1차 익절 후 손절을 본전으로 이동"],
        ),
        (
            {"stop_rule": StopRule(StopKind.FOLLOW, 1)},
            ["Stop follows the targets from target 1 on"],
            ["1차 익절부터 손절이 익절가를 따라 이동"],
        ),
        (
            {"stop_rule": StopRule(StopKind.TRAILING, trail=Trail(distance=Decimal(300)))},
            ["Stop trails by 300"],
            ["트레일링 손절 간격 300"],
        ),
        (
            {
                "stop_rule": StopRule(
                    StopKind.TRAILING, trail=Trail(percent=Decimal(1), activation=Decimal(46500))
                )
            },
            ["Stop trails by 1 % from 46500 on"],
            ["46500부터 트레일링 손절, 간격 1 %"],
        ),
        (
            {"runner": Trail(percent=Decimal("0.5"))},
            ["The last target trails by 0.5 %"],
            ["마지막 익절 트레일링 간격 0.5 %"],
        ),
        (
            {"runner": Trail(distance=Decimal(200), activation=Decimal(47500))},
            ["The last target trails by 200 from 47500 on"],
            ["마지막 익절 트레일링 간격 200, 시작 가격 47500"],
        ),
        (
            {"expiry": Expiry(timedelta(hours=4), False, Decimal(3))},
            [
                "Entry expires after 4 hours",
                "Entry expires when the price is 3 % away",
                "Entry stays even when the first target comes first",
            ],
            [
                "4시간 후 진입 만료",
                "가격이 3 % 벗어나면 진입 만료",
                "첫 익절가에 먼저 도달해도 진입 유지",
            ],
        ),
        ({"expiry": Expiry(timedelta(minutes=90))}, ["Entry expires after 90 minutes"], None),
        ({"expiry": Expiry(timedelta(days=1))}, ["Entry expires after 1 day"], None),
    ],
)
def test_what_differs_is_said(market, author, changes, english, korean):
    draft = long_btc(**({"targets": TWO} | changes))
    signal = publishing.create_signal(author, draft, now=timezone.now())
    with override("en"):
        assert terms(signal) == english
    with override("ko"):
        assert korean is None or terms(signal) == korean


def test_the_card_shows_terms_shares_and_the_log(client, market, author, alice):
    draft = long_btc(targets=TWO, entry=Entry(EntryKind.LADDER, 3))
    signal = publishing.create_signal(author, draft, now=timezone.now())
    publishing.publish(signal, actor=author, now=timezone.now())
    client.force_login(alice)
    page = " ".join(client.get("/").content.decode().split())
    assert "Ladder of 3 equal steps" in page
    assert "46500 <small>40 %</small>" in page
    assert f"/signals/{signal.public_id}/chain/" in page
