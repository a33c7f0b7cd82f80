"""One account's private socket at Bybit v5: log in, subscribe, hear."""

from __future__ import annotations

import logging
import time

from websockets.asyncio.client import ClientConnection

from exchanges.adapters.bybit import mapping
from exchanges.adapters.bybit.signing import signer_of
from exchanges.adapters.bybit.sockets import (
    HOSTS,
    Frame,
    address_of,
    ask,
    heed,
    open_socket,
    require,
)
from exchanges.domain.errors import CredentialsRejected
from exchanges.domain.pushes import Pushed
from exchanges.domain.trading import Credentials
from exchanges.ports import AccountListener, AccountStreamFactory, Heartbeat, Wire

log = logging.getLogger(__name__)

PATH = "/v5/private"
TOPICS = ["order", "execution", "position", "wallet"]
LOG_IN_MS = 10_000  # how long the signature is good for: a clock may lag some seconds


class BybitAccountStream:
    """See `exchanges.ports.AccountStream`. Shows its secret in neither `repr` nor pickle."""

    __slots__ = ("_api_key", "_heartbeat", "_margin_mode", "_sign", "_wire")

    def __init__(
        self, credentials: Credentials, wire: Wire, heartbeat: Heartbeat, margin_mode: str
    ) -> None:
        self._api_key, self._sign = credentials.api_key, signer_of(credentials)
        self._wire = wire
        self._heartbeat = heartbeat
        self._margin_mode = margin_mode

    async def run(self, listener: AccountListener) -> None:
        url = address_of(HOSTS, self._wire, PATH)
        patience = self._wire.read_timeout
        async with open_socket(url, self._wire) as socket:
            await self._log_in(socket, patience)
            require(await ask(socket, {"op": "subscribe", "args": TOPICS}, patience=patience))
            listener.opened()

            def hear(frame: Frame) -> None:
                pushed = self._understand(frame, listener)
                if pushed is not None:
                    listener.pushed(pushed)

            await heed(socket, self._heartbeat, hear)

    async def _log_in(self, socket: ClientConnection, patience: float) -> None:
        expires = int(time.time() * 1000) + LOG_IN_MS
        signature = self._sign(f"GET/realtime{expires}")
        request = {"op": "auth", "args": [self._api_key, expires, signature]}
        require(await ask(socket, request, patience=patience), CredentialsRejected)

    def _understand(self, frame: Frame, listener: AccountListener) -> Pushed | None:
        """Map a frame; one that cannot be read is said to be missing, and the others go on."""
        try:
            return mapping.pushed(frame, self._margin_mode)
        except (LookupError, ValueError, TypeError, ArithmeticError, AttributeError) as error:
            log.error("a push could not be read: %s", type(error).__name__)  # noqa: TRY400 - the row stays out of the log
            listener.missed()
            return None


_FACTORY: AccountStreamFactory = BybitAccountStream
