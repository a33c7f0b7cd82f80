"""Log records on one line and without secrets; the second line of defence, not the first.

What looks like a secret is replaced in the finished text of a record, its traceback included: a
value by the name that it goes with, or by its own shape.
"""

from __future__ import annotations

import logging
import re

HIDDEN = "[redacted]"
# As exchanges, Telegram and our own settings call them: `X-BAPI-SIGN`, `api_secret`, `apiKey`,
# `OK-ACCESS-PASSPHRASE`, `VAULT_PRIVATE_KEY`, `DATABASE_PASSWORD`, a cookie …
NAME = (
    r"(?:secret|api[_-]?key|access[_-]?key|private[_-]?key|pass(?:phrase|word|wd)|token|signature"
    r"|authorization|cookie|session[_-]?id)[\w-]{0,20}|(?<![a-z0-9])sign"
)
QUOTE = r"\\?[\"']"
TO_VALUE = rf"(?:{QUOTE})?(?:\s*[:=]\s*|%3[AaDd])|{QUOTE}\s*,\s*(?=b?{QUOTE})"
VALUE = (
    r"b?(?P<quote>[\"'])(?:\\.|(?!(?P=quote))[^\\])*(?P=quote)?"
    r"|\\[\"'].*?\\[\"']"
    r"|(?:(?:bearer|token|basic)\s+)?[^\s,;&\"'\\})\]]+"
)
NAMED = re.compile(rf"(?P<start>(?:{NAME})(?:{TO_VALUE}))(?:{VALUE})", re.IGNORECASE)
# The log-in of a socket: key and signature stand in a list.
SOCKET_LOG_IN = re.compile(r"(?P<start>auth[\"'].{0,80}?args[\"']\s*:\s*)\[[^\]]*\]")
# Of brokers, databases, proxies.
URL_PASSWORD = re.compile(r"(?P<start>://[^\s/:@]*:)[^\s/@]+(?=@)")
VAULT_KEY = re.compile(r"(?P<start>hexagonal-vault-private\s+)\w+\s+\S+")
SHAPES = (
    re.compile(r"-----BEGIN [A-Z ]+-----.*?(?:-----END [A-Z ]+-----|\Z)", re.DOTALL),
    re.compile(r"(?<!\d)\d{5,}(?::|%3[Aa])[A-Za-z0-9_-]{20,}"),  # a Telegram bot's token
    re.compile(r"\beyJ[\w-]{8,}\.[\w-]+\.?[\w-]*"),  # a JSON web token
    re.compile(r"인증:[^\s:]+:[0-9a-fA-F-]{36}"),  # a pairing key
)


def redact(text: str) -> str:
    """Replace what looks like a secret."""
    for shape in SHAPES:
        text = shape.sub(HIDDEN, text)
    for named in (VAULT_KEY, SOCKET_LOG_IN, NAMED, URL_PASSWORD):
        text = named.sub(rf"\g<start>{HIDDEN}", text)
    return text


class Redacted(logging.Formatter):
    """Redact what is written, and keep a message on one line, so that input cannot forge one."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        record.message = record.message.replace("\r", "\\r").replace("\n", "\\n")
        return super().formatMessage(record)

    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))
