"""Secrets do not reach the log, and a record stays on its line."""

from __future__ import annotations

import logging

import pytest

from hexagonal.logs import OneLine, RedactSecrets


def logged(message, *args):
    record = logging.LogRecord("x", logging.INFO, "f", 1, message, args, None)
    RedactSecrets().filter(record)
    return OneLine("%(message)s").format(record)


@pytest.mark.parametrize(
    "message",
    [
        "api_secret=hush-hush-hush",
        "{'api_secret': 'hush-hush-hush'}",
        '{"X-BAPI-SIGN": "hush-hush-hush"}',
        "Authorization: hush-hush-hush",
        "password: hush-hush-hush",
        "cannot reach http://someone:hush-hush-hush@proxy:3128/ at all",
        "redis://:hush-hush-hush@redis:6379/0",
        "POST /bot123456789:hush-hush-hush-hush-hush/getMe",
        "인증:alice:00000000-1111-4222-8333-444444444444",
    ],
)
def test_secrets_are_replaced(message):
    shown = logged(message)
    assert "hush-hush" not in shown
    assert "444444444444" not in shown
    assert "[redacted]" in shown


@pytest.mark.parametrize("name", ["PRIVATE KEY", "RSA PRIVATE KEY"])
@pytest.mark.parametrize("end", ["\n-----END {name}-----\n and more", ""], ids=["whole", "cut"])
@pytest.mark.parametrize("shown_as", [str, repr])
def test_a_private_key_is_replaced(name, end, shown_as):
    text = f"-----BEGIN {name}-----\nhush-hush\nhush-hush" + end.format(name=name)
    shown = logged("loading %s", shown_as(text))
    assert "hush-hush" not in shown
    assert shown.startswith("loading ")
    assert ("and more" in shown) == bool(end)


def test_input_cannot_forge_a_second_line():
    assert "\n" not in logged("name=%s", "a\r\n2026-01-01 INFO forged")
