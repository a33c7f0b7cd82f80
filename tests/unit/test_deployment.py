"""What docker-compose.yml promises: who may know what, and who falls silent is started anew."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
ALIVE = ROOT / "deploy" / "alive.sh"
SENDING = ["worker", "sweeper", "stream"]


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    return found


def files_of(service: dict[str, Any]) -> list[str]:
    given = service.get("env_file", [])
    return [given] if isinstance(given, str) else given


def test_the_bot_alone_knows_its_token(services):
    assert "\nTELEGRAM_BOT_TOKEN" not in (ROOT / ".env.example").read_text()
    assert [name for name, each in services.items() if ".env.bot" in files_of(each)] == ["bot"]


def test_the_affiliate_key_is_no_business_of_the_web(services):
    assert "\nAFFILIATE_KEY_FILE" not in (ROOT / ".env.example").read_text()
    knowing = {name for name, each in services.items() if ".env.worker" in files_of(each)}
    assert knowing == {"worker", "sweeper"}


def test_the_key_of_the_vault_is_where_orders_are_sent(services):
    mounted = {
        name for name, each in services.items() if "/run/vault" in str(each.get("volumes", ""))
    }
    named = {
        name
        for name, each in services.items()
        if "VAULT_PRIVATE_KEY_FILE" in each.get("environment", {})
    }
    assert mounted == named == set(SENDING)
    assert "\nVAULT_PRIVATE_KEY_FILE" not in (ROOT / ".env.example").read_text()


def test_the_bounds_of_the_gate_are_the_workers_alone():
    assert "\nGATE_" not in (ROOT / ".env.example").read_text()


def test_who_seals_has_the_public_key(services):
    sealing = {
        name for name, each in services.items() if "vault_public_key" in each.get("secrets", [])
    }
    assert sealing == {"web", "worker"}


@pytest.mark.parametrize("name", SENDING)
def test_who_sends_is_looked_at_and_restarted(services, name):
    assert services[name]["restart"] == "unless-stopped"
    assert "deploy/alive.sh" in " ".join(services[name]["healthcheck"]["test"])


@pytest.mark.parametrize(("code", "ended"), [(0, False), (1, False), (69, True)])
def test_only_what_is_silent_is_asked_to_end(code, ended):
    with subprocess.Popen(["/bin/sleep", "60"]) as part:
        check = subprocess.run(
            [str(ALIVE), sys.executable, "-c", f"raise SystemExit({code})"],
            env=os.environ | {"PART": str(part.pid)},
            check=False,
        )
        time.sleep(0.1)
        assert check.returncode == code
        assert part.poll() == (-signal.SIGTERM if ended else None)
        part.kill()
