"""Moments as the product says them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone
from django.utils.translation import override

from accounts.templatetags.times import ago, when

SEOUL = ZoneInfo("Asia/Seoul")


@pytest.mark.parametrize(
    ("seconds", "korean", "english"),
    [
        (0, "방금 전", "just now"),
        (59, "방금 전", "just now"),
        (60, "1분 전", "1 minute ago"),
        (3_599, "59분 전", "59 minutes ago"),
        (3_600, "1시간 전", "1 hour ago"),
        (86_399, "23시간 전", "23 hours ago"),
        (86_400, "1일 전", "1 day ago"),
        (864_000, "10일 전", "10 days ago"),
    ],
)
def test_how_long_ago_something_was(seconds, korean, english):
    moment = timezone.now() - timedelta(seconds=seconds, milliseconds=1)
    with override("ko"):
        assert ago(moment) == korean
    with override("en"):
        assert ago(moment) == english


def test_a_moment_is_said_in_the_readers_zone_and_language():
    moment = datetime(2022, 8, 15, 10, 56, tzinfo=UTC)
    with timezone.override(SEOUL):
        with override("ko"):
            assert when(moment) == "2022-08-15 오후 7시 56분"
        with override("en"):
            assert when(moment) == "2022-08-15 19:56"
    assert when(None) == "–"
