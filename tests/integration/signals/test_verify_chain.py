"""Anybody can check an exported log with one command."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from signals.selectors import chain_of
from signals.services import publishing
from tests.fixtures.people import long_btc
from tests.integration.signals.test_copy_life import publish

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def log(market, author, tmp_path):
    signal = publish(author, long_btc())
    publishing.tell(signal, text="Keep calm.", actor=author, now=timezone.now())
    publishing.close(signal, actor=author, now=timezone.now())
    path = tmp_path / "log.json"
    path.write_text(json.dumps(chain_of(signal)))
    return path


def verify(path):
    out = StringIO()
    call_command("verify_chain", str(path), stdout=out)
    return out.getvalue()


def test_a_sound_log_is_said_to_be_sound(log):
    assert verify(log).startswith("3 entries, sound. Last hash: ")


@pytest.mark.parametrize(
    "forge",
    [
        lambda entries: entries[0]["content"].update(stop="45000"),
        lambda entries: entries[1].update(at="2026-01-01T00:00:00.000000+00:00"),
        lambda entries: entries.pop(1),
        lambda entries: entries.reverse(),
        lambda entries: entries[2].update(hash="0" * 64),
    ],
)
def test_a_forged_log_is_found_out(log, forge):
    entries = json.loads(log.read_text())
    forge(entries)
    log.write_text(json.dumps(entries))
    with pytest.raises(CommandError, match="broken"):
        verify(log)


@pytest.mark.parametrize("text", ["", "{}", "[]", "[1]", '"x"'])
def test_what_is_no_log_is_refused(tmp_path, text):
    path = tmp_path / "log.json"
    path.write_text(text)
    with pytest.raises(CommandError):
        verify(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(CommandError, match=r"none\.json"):
        verify(tmp_path / "none.json")
