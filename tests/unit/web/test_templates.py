"""What a strict Content-Security-Policy forbids stands in no template."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TEMPLATES = Path(__file__).resolve().parents[3] / "templates"
FILES = sorted(TEMPLATES.rglob("*.html"))
FORBIDDEN = {
    "an inline style": re.compile(r"\sstyle\s*=|<style"),
    "an inline handler": re.compile(r"\son[a-z]+\s*="),
    "an inline script": re.compile(r"<script(?![^>]*\ssrc=)"),
    "an htmx expression": re.compile(r"hx-on|hx-vals='js:|hx-trigger=\"[^\"]*\["),
    "unescaped text": re.compile(r"\|\s*safe\b|autoescape off"),
}


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(TEMPLATES)))
def test_a_template_keeps_to_the_policy(file):
    text = file.read_text()
    found = [name for name, pattern in FORBIDDEN.items() if pattern.search(text)]
    assert found == []


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(TEMPLATES)))
def test_every_form_that_posts_carries_its_token(file):
    for form in re.findall(r"<form\b[^>]*>.*?</form>", file.read_text(), flags=re.DOTALL):
        head = form[: form.index(">")]
        if 'method="post"' in head:
            assert "{% csrf_token %}" in form
