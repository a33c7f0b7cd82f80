"""What the server enforces on each of our sessions."""

from __future__ import annotations

import pytest
from django.db import OperationalError, connection

from hexagonal import env

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("statement_timeout", "30s"),
        ("lock_timeout", "10s"),
        ("idle_in_transaction_session_timeout", "30s"),
        ("synchronous_commit", "on"),
    ],
)
def test_a_session_has_limits(name, value):
    with connection.cursor() as cursor:
        cursor.execute(f"SHOW {name}")
        assert cursor.fetchone() == (value,)


def test_a_statement_that_hangs_is_ended():
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = '50ms'")
        with pytest.raises(OperationalError):
            cursor.execute("SELECT pg_sleep(5)")
    connection.close()


def test_a_migration_may_take_longer(monkeypatch):
    monkeypatch.setenv("DATABASE_STATEMENT_SECONDS", "600")
    options = env.database("DATABASE_URL")["OPTIONS"]
    assert "statement_timeout=600s" in options["options"]
    assert options["connect_timeout"] == "5"


def test_what_the_url_says_counts(monkeypatch):
    url = "postgres://u@h/d?connect_timeout=9&options=-c%20lock_timeout%3D1s"
    monkeypatch.setenv("DATABASE_URL", url)
    options = env.database("DATABASE_URL")["OPTIONS"]
    assert options["connect_timeout"] == "9"
    assert options["options"].count("lock_timeout") == 1
