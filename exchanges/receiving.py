"""Whether an exchange tells what happens on an account: its private socket opened once, and closed.

A stream process hears an account once it has trades; that it can is better known beforehand.
"""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor

from django.conf import settings

from exchanges import ramp
from exchanges.domain.errors import ExchangeError
from exchanges.domain.pushes import Pushed
from exchanges.gateway import account_stream_of
from exchanges.models import Connection
from exchanges.ports import AccountStream
from exchanges.registry import ACCOUNT_STREAMS

log = logging.getLogger(__name__)

PROBE_SECONDS = 4.0
# Closing included. The look-up of a name cannot be cancelled, and its event loop would wait for it.
END_SECONDS = PROBE_SECONDS + 2.0
# Sockets of open trades come first: probes take this part of the openings of an address at most.
SHARE = 5


def hears(link: Connection) -> bool:
    """Connect, log in and subscribe by a link's key; False where that fails or has to wait.

    Takes `END_SECONDS` at most. Raises what `exchanges.gateway.account_stream_of` does.
    """
    if link.exchange not in ACCOUNT_STREAMS:
        return False
    if not ramp.admit(link.budget, 1, most=settings.STREAM_OPENINGS // SHARE):
        return False
    stream = account_stream_of(link)
    thread = ThreadPoolExecutor(1)  # the caller's own may have an event loop already
    try:
        return thread.submit(asyncio.run, _opens(stream)).result(END_SECONDS)
    except TimeoutError:
        log.warning("a socket could not be opened in %d s", END_SECONDS)
        return False
    finally:
        thread.shutdown(wait=False)


async def _opens(stream: AccountStream) -> bool:
    ear = _Ear()
    hearing = asyncio.create_task(stream.run(ear))
    opened = asyncio.create_task(ear.is_open.wait())
    await asyncio.wait(
        (hearing, opened), timeout=PROBE_SECONDS, return_when=asyncio.FIRST_COMPLETED
    )
    for task in (hearing, opened):
        task.cancel()
    (end, _) = await asyncio.gather(hearing, opened, return_exceptions=True)
    if isinstance(end, ExchangeError):
        log.info("a socket could not be opened: %s", end)
    elif isinstance(end, Exception):
        log.error("a socket could not be opened: %s", type(end).__name__)
    return ear.is_open.is_set()


class _Ear:
    """Wants to know only whether it would hear; see `exchanges.ports.AccountListener`."""

    def __init__(self) -> None:
        self.is_open = asyncio.Event()

    def opened(self) -> None:
        self.is_open.set()

    def pushed(self, pushed: Pushed) -> None:
        """What is told meanwhile is read by the same verification."""

    def missed(self) -> None:
        """The same."""
