"""Log records on one line and without secrets; the second line of defence, not the first."""

from __future__ import annotations

import logging
import re

SECRET = re.compile(
    r"(?P<name>[\"']?(?:api[_-]?secret|api[_-]?key|x-bapi-api-key|x-bapi-sign|password|token|secret"
    r"|authorization)[\"']?\s*[:=]\s*)(?P<value>[\"']?[^\s,\"'}]+[\"']?)",
    re.IGNORECASE,
)
# Of brokers, databases, proxies.
URL_PASSWORD = re.compile(r"(?P<start>://[^\s/:@]*:)[^\s/@]+(?=@)")
BOT_TOKEN = re.compile(r"\d{5,}:[A-Za-z0-9_-]{20,}")
# To its end, or to the end of what is left of it.
PRIVATE_KEY = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL
)
PAIRING_KEY = re.compile(r"인증:[^\s:]+:[0-9a-fA-F-]{36}")


def redact(text: str) -> str:
    text = PRIVATE_KEY.sub("[redacted]", text)
    text = SECRET.sub(r"\g<name>[redacted]", text)
    text = URL_PASSWORD.sub(r"\g<start>[redacted]", text)
    text = BOT_TOKEN.sub("[redacted]", text)
    return PAIRING_KEY.sub("[redacted]", text)


class RedactSecrets(logging.Filter):
    """Replace what looks like a secret in the finished message."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg = redact(record.getMessage())
        record.args = None
        return True


class OneLine(logging.Formatter):
    """Keep a record on one line, so that input cannot forge a second one."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        record.message = record.message.replace("\r", "\\r").replace("\n", "\\n")
        return super().formatMessage(record)

    def formatException(self, ei: object) -> str:  # noqa: N802 - logging's name
        return redact(super().formatException(ei))  # type: ignore[arg-type]
