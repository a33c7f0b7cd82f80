"""How often the exchange is asked, by whether it tells by itself."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings

from exchanges.models import Connection


def poll_seconds(link: Connection, now: datetime) -> int:
    """How long a copy that nothing happens to is left alone; `link` was read within the step."""
    seconds: int = (
        settings.STREAMED_POLL_SECONDS if link.is_streamed(now) else settings.POLL_SECONDS
    )
    return seconds
