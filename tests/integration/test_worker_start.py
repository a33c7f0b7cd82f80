"""A worker with settings that could double an order does not start."""

from __future__ import annotations

import os
import subprocess
import sys

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
