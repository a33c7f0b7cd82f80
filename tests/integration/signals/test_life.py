"""A part of the platform that has fallen silent is told from one that works."""

from __future__ import annotations

import os
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from signals.models import Heartbeat
from signals.services.sweeping import beat

pytestmark = pytest.mark.django_db(transaction=True)


def test_life_is_a_beat_of_late():
    with pytest.raises(CommandError) as never:
        call_command("check_life", "sweeper")
    beat("sweeper")
    call_command("check_life", "sweeper")
    Heartbeat.objects.update(at=timezone.now() - timedelta(seconds=61))
    with pytest.raises(CommandError) as silent:
        call_command("check_life", "sweeper")
    assert never.value.returncode == silent.value.returncode == os.EX_UNAVAILABLE
    call_command("check_life", "sweeper", "--within", "120")


def test_a_stream_process_without_a_lease_is_silent():
    with pytest.raises(CommandError) as silent:
        call_command("run_stream", "--health")
    assert silent.value.returncode == os.EX_UNAVAILABLE
