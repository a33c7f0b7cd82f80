"""Marks by folder, and the fixtures that the folders share."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.db import connection

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


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    """End sessions that outlive the last test: they hold the database."""
    yield
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
