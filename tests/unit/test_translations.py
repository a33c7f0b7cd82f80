"""Korean is complete, and what is compiled is what is written."""

from __future__ import annotations

import re
from pathlib import Path

import polib
import pytest
from django.utils.translation import override

from accounts.choices import AccountStatus
from exchanges.choices import ConnectionReason
from signals.domain.linting import Problem
from signals.domain.reasons import Reason
from signals.reasons import PROBLEMS, REASONS

CATALOGUE = Path(__file__).resolve().parents[2] / "locale" / "ko" / "LC_MESSAGES" / "django.po"
HANGUL = re.compile(r"[가-힣]")
PLACE = re.compile(r"%\(\w+\)s")


def test_every_text_has_its_korean_with_the_same_figures():
    for entry in polib.pofile(str(CATALOGUE)):
        texts = [entry.msgstr, *entry.msgstr_plural.values()]
        shown = next((text for text in texts if text), "")
        assert shown, entry.msgid
        assert "fuzzy" not in entry.flags, entry.msgid
        assert set(PLACE.findall(shown)) == set(PLACE.findall(entry.msgid)), entry.msgid


def test_the_compiled_catalogue_is_the_written_one():
    written = {e.msgid: e.msgstr for e in polib.pofile(str(CATALOGUE)) if e.msgstr}
    compiled = {e.msgid: e.msgstr for e in polib.mofile(str(CATALOGUE.with_suffix(".mo")))}
    assert {msgid: compiled.get(msgid) for msgid in written} == written


@pytest.mark.parametrize("texts", [REASONS, PROBLEMS], ids=["reasons", "problems"])
def test_every_code_has_two_languages(texts):
    codes = set(Reason) - {Reason.NONE} if texts is REASONS else set(Problem)
    assert set(texts) == codes
    for text in texts.values():
        with override("en"):
            assert not HANGUL.search(str(text))
        with override("ko"):
            assert HANGUL.search(str(text))


def test_labels_are_translated():
    with override("ko"):
        assert AccountStatus.ACTIVE.label == "활성화됨"
        assert HANGUL.search(str(ConnectionReason.CAN_WITHDRAW.label))
