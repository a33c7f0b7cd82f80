"""Marks by folder, and the fixtures that the folders share."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest_plugins = [
    "tests.fixtures.sandboxes",
    "tests.fixtures.telegram",
    "tests.fixtures.people",
    "tests.fixtures.processes",
]

FOLDERS = {"unit", "integration", "e2e", "fuzz"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    root = Path(__file__).parent
    for item in items:
        folder = item.path.relative_to(root).parts[0]
        if folder in FOLDERS:
            item.add_marker(folder)
