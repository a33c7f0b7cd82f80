"""Secrets do not reach the log, and a record stays on its line."""

from __future__ import annotations

import json
import logging
import time

import pytest
from django.conf import settings

from hexagonal.logs import Redacted, redact

HUSH = "hush-hush-hush"
NESTED = {
    "request": {
        "headers": {"X-BAPI-API-KEY": HUSH, "X-BAPI-SIGN": HUSH, "Accept": "text/html"},
        "body": json.dumps({"api_secret": HUSH, "pair": [{"passphrase": f"{HUSH}, {HUSH}"}]}),
    }
}


def logged(message, *args, exc_info=None):
    record = logging.LogRecord("x", logging.INFO, "f", 1, message, args, exc_info)
    return Redacted("%(message)s").format(record)


@pytest.mark.parametrize(
    "message",
    [
        f"api_secret={HUSH}",
        f"{{'api_secret': '{HUSH}'}}",
        f'{{"X-BAPI-SIGN": "{HUSH}"}}',
        f"[('X-BAPI-API-KEY', '{HUSH}'), (b'X-BAPI-SIGN', b'{HUSH}')]",
        f"GET /api/v3/order?symbol=BTCUSDT&signature={HUSH}&recvWindow=5000",
        f"apiKey%3D{HUSH}",
        f"OK-ACCESS-PASSPHRASE: {HUSH}",
        f"KC-API-SIGN={HUSH}",
        f"{{'ACCESS-SIGN': '{HUSH}'}}",
        f"X-MBX-APIKEY: {HUSH}",
        f"Authorization: {HUSH}",
        f"Authorization: Bearer {HUSH}",
        f"{{'Authorization': 'Token {HUSH}'}}",
        f"Cookie: sessionid={HUSH}",
        f"password: {HUSH}",
        rf'"{{\"api_secret\": \"{HUSH}, {HUSH}\"}}"',
        rf"api_secret='hush\'{HUSH}'",
        f'{{"op": "auth", "args": ["{HUSH}", 1662350400000, "{HUSH}"]}}',
        f"cannot reach http://someone:{HUSH}@proxy:3128/ at all",
        f"redis://:{HUSH}@redis:6379/0",
        f"POST /bot123456789:{HUSH}-{HUSH}/getMe",
        f"POST /bot123456789%3A{HUSH}-{HUSH}/getMe",
        f"eyJhbGciOiJFUzI1NiJ9.{HUSH}.{HUSH}",
        f"-----BEGIN PRIVATE KEY-----\n{HUSH}\n{HUSH}\n-----END PRIVATE KEY-----",
        f"-----BEGIN RSA PRIVATE KEY-----\n{HUSH} and then it is cut",
        f"hexagonal-vault-private 01020304 {HUSH}",
        str(NESTED),
        json.dumps(NESTED),
        "인증:alice:00000000-1111-4222-8333-444444444444",
    ],
)
def test_secrets_are_replaced(message):
    shown = logged(message)
    assert "hush" not in shown
    assert "444444444444" not in shown
    assert "[redacted]" in shown


@pytest.mark.parametrize(
    "message",
    [
        "signal: BTCUSDT long 10x, signed by alice, design=new",
        "connection 7 is streamed by key 01020304",
        "GET /v5/order/realtime?symbol=BTCUSDT 200 in 12 ms",
        "https://example.com:8000/path",
        "2026-01-01 12:00:00 copy 12345:entry-1",
    ],
)
def test_what_is_no_secret_stays(message):
    assert logged(message) == message


def test_a_traceback_and_its_cause_are_redacted():
    try:
        try:
            raise ValueError(f"api_secret={HUSH}")
        except ValueError as error:
            raise RuntimeError(f"X-BAPI-SIGN: {HUSH}") from error
    except RuntimeError as error:
        shown = logged("it failed", exc_info=(type(error), error, error.__traceback__))
    assert "Traceback" in shown
    assert shown.count("[redacted]") >= 2
    assert f"={HUSH}" not in shown


def test_a_long_text_takes_no_long_time():
    started = time.monotonic()
    for part in ("a", "sign", "token", "x-", '"', "\\", "://", "1", "-----BEGIN A-----"):
        redact(part * (50_000 // len(part)))
    assert time.monotonic() - started < 2


def test_input_cannot_forge_a_second_line():
    assert "\n" not in logged("name=%s", "a\r\n2026-01-01 INFO forged")


def test_nothing_is_logged_past_the_redaction():
    """Not by our settings, and not by what Django, Celery or a library sets up by itself."""
    assert {each["formatter"] for each in settings.LOGGING["handlers"].values()} == {"line"}
    loggers = [logging.getLogger(), *map(logging.getLogger, logging.root.manager.loggerDict)]
    ours = [handler for logger in loggers for handler in logger.handlers if is_of_no_test(handler)]
    assert ours
    assert {type(handler.formatter) for handler in ours} == {Redacted}


def is_of_no_test(handler):
    modules = {kind.__module__ for kind in type(handler).__mro__[:-1]}
    return not isinstance(handler, logging.NullHandler) and not any(
        module.startswith("_pytest") for module in modules
    )
