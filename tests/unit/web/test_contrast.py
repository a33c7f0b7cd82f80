"""The colours of tokens.css keep to WCAG AA: 4.5 to 1 for text, 3 to 1 for shapes."""

from __future__ import annotations

import re
from itertools import product
from pathlib import Path

import pytest

TOKENS = Path(__file__).resolve().parents[3] / "static" / "css" / "tokens.css"
COLOURS = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", TOKENS.read_text()))
GROUNDS = ["ground", "surface", "raised"]
TEXTS = ["text", "muted", "link", "gain", "loss", "warn", "info", "plan", "calm"]
BUTTONS = [
    ("on-accent", "accent-strong"),
    ("on-accent", "accent-hover"),
    ("text", "hover"),
    ("loss", "loss-ground"),
]
SHAPES = [*product(["edge", "idle", "gain", "warn", "loss", "accent"], ["ground", "surface"])]


def luminance(colour: str) -> float:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(COLOURS[one]), luminance(COLOURS[other])), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize(("text", "ground"), [*product(TEXTS, GROUNDS), *BUTTONS])
def test_text_stands_out_from_its_ground(text, ground):
    assert contrast(text, ground) >= 4.5


@pytest.mark.parametrize(("shape", "ground"), SHAPES)
def test_edges_and_dots_can_be_seen(shape, ground):
    assert contrast(shape, ground) >= 3
