"""Every text that the code asks gettext for stands in the Korean catalogue."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import polib

ROOT = Path(__file__).resolve().parents[3]
APPS = ["accounts", "exchanges", "hexagonal", "notifications", "signals"]
CATALOGUE = ROOT / "locale" / "ko" / "LC_MESSAGES" / "django.po"
ASKING = {"_", "gettext", "gettext_lazy", "gettext_noop", "ngettext", "N_"}
TAG = re.compile(r"""\{%\s*translate\s+(["'])(.+?)\1""")
BLOCK = re.compile(r"\{%\s*blocktranslate\b.*?%\}(.*?)\{%\s*endblocktranslate", re.DOTALL)
PLACE = re.compile(r"\{\{\s*(\w+)\s*\}\}")


def texts_of_code() -> Iterator[str]:
    for file in (file for app in APPS for file in (ROOT / app).rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                first = node.args[0] if node.args else None
                if node.func.id in ASKING and isinstance(first, ast.Constant):
                    yield str(first.value)


def texts_of_templates() -> Iterator[str]:
    for file in (ROOT / "templates").rglob("*.html"):
        text = file.read_text()
        yield from (found for _quote, found in TAG.findall(text))
        for body in BLOCK.findall(text):
            singular = re.split(r"\{%\s*plural\s*%\}", body)[0]
            yield PLACE.sub(r"%(\1)s", singular)


def test_no_text_is_missing_from_the_catalogue():
    known = {entry.msgid for entry in polib.pofile(str(CATALOGUE)) if not entry.obsolete}
    asked = {*texts_of_code(), *texts_of_templates()}
    assert len(asked) > 250
    assert asked - known == set()
