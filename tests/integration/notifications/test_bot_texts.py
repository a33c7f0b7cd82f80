"""What the bot says of a trader's copying, and what /pause and /resume change."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.utils import timezone
from django.utils.translation import override

from exchanges.models import Connection
from hexagonal.bot_texts import pause_text, resume_text, status_text
from signals.models import CopySettings
from tests.fixtures.people import link_account

pytestmark = pytest.mark.django_db(transaction=True)
SWITCHED_OFF = {"en": "Copying is switched off", "ko": "복사가 꺼져 있습니다"}


@pytest.mark.parametrize("language", ["en", "ko"])
def test_pausing_and_resuming_reach_every_connection_of_this_trader_alone(
    market, alice, bob, language
):
    link_account(alice, market)
    link_account(bob, market)
    with override(language):
        assert "⏸" in pause_text(alice)
        assert SWITCHED_OFF[language] in status_text(alice)
        assert not CopySettings.objects.get(connection__user=alice).is_enabled
        assert CopySettings.objects.get(connection__user=bob).is_enabled
        assert "⚠️" not in resume_text(alice)
        assert SWITCHED_OFF[language] not in status_text(alice)
    assert CopySettings.objects.get(connection__user=alice).is_enabled


def test_a_brake_outlasts_resume_and_both_answers_say_so(market, alice):
    link_account(alice, market)
    CopySettings.objects.update(halted_reason="daily_loss", halted_at=timezone.now())
    with override("en"):
        for text in (resume_text(alice), status_text(alice)):
            assert "Your daily loss limit is reached" in text
    assert CopySettings.objects.get().halted_reason == "daily_loss"


def test_seed_limit_is_said(market, alice):
    link_account(alice, market)
    Connection.objects.update(equity=Decimal(90))
    CopySettings.objects.update(min_equity=Decimal(100))
    with override("en"):
        assert "SEED LIMIT" in status_text(alice)


def test_a_connection_without_a_size_is_not_resumed(market, alice):
    link_account(alice, market)
    CopySettings.objects.all().delete()
    with override("en"):
        assert "Copying is switched off" in resume_text(alice)
    assert not CopySettings.objects.exists()
