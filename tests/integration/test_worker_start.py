"""A worker with settings that could double an order does not start."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.fixtures.processes import eventually

WORKER = ("-m", "celery", "-A", "hexagonal", "worker", "--queues", "none", "--pool", "solo")


def test_a_worker_refuses_a_lease_that_a_request_could_outlive():
    run = subprocess.run(
        [sys.executable, *WORKER],
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "tests.settings", "LEASE_SECONDS": "5"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 1
    assert "signals.E001" in run.stderr


def test_a_silent_worker_is_told_from_an_absent_broker():
    """69: asked and not answered. Anything else: there was nobody to ask by."""
    command = [
        sys.executable,
        "manage.py",
        "check_worker",
        "--within",
        "1",
        "--name",
        "celery@none",
    ]
    tests = {"DJANGO_SETTINGS_MODULE": "tests.settings"}
    away = tests | {"BROKER_URL": "redis://127.0.0.1:1/0"}
    codes = [
        subprocess.run(
            command, env=os.environ | given, capture_output=True, timeout=60, check=False
        ).returncode
        for given in (tests, away)
    ]
    assert codes == [os.EX_UNAVAILABLE, 1]


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_answers_is_well(processes):
    processes.worker()
    command = [sys.executable, "manage.py", "check_worker"]

    def answers():
        run = subprocess.run(command, env=processes.environment, timeout=60, check=False)
        return run.returncode == 0

    eventually(answers, 45)
