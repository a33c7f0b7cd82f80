"""Marks by folder, and the fixtures that the folders share."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.db import connection

pytest_plugins = [
    "tests.fixtures.sandboxes",
    "tests.fixtures.pairs",
    "tests.fixtures.telegram",
    "tests.fixtures.people",
    "tests.fixtures.processes",
    "tests.fixtures.vaults",
]

# The browser's tests come last: they leave an event loop running in their process.
FOLDERS = ["unit", "fuzz", "integration", "e2e"]


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        item.add_marker(_folder(item))
    items.sort(key=lambda item: FOLDERS.index(_folder(item)))


def _folder(item: pytest.Item) -> str:
    return item.path.relative_to(Path(__file__).parent).parts[0]


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    """Let tests empty what must not be truncated; end sessions that outlive the last test.

    Django empties all tables after a test, and those sessions hold the database.
    """
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE exchanges_keyuse DISABLE TRIGGER exchanges_key_uses_stay_whole")
    yield
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
