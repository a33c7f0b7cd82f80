"""The short set of faults on forty accounts; `make chaos` runs all of them on two hundred."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
ACCOUNTS = "40"


@pytest.mark.timeout(400)
@pytest.mark.xdist_group("e2e")
def test_the_short_set_is_survived(tmp_path):
    out = tmp_path / "chaos.json"
    run = subprocess.run(
        [
            *(sys.executable, "-m", "chaos", "--short", "--accounts", ACCOUNTS),
            *("--out", str(out)),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=390,
        check=False,
    )
    results = json.loads(out.read_text()) if out.exists() else []
    assert run.returncode == 0, run.stdout + run.stderr
    assert len(results) >= 6
    assert all(result["recovered"] for result in results)
    assert sum(result["differences"] for result in results) == 0
