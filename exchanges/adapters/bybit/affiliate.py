"""The operator's own affiliate account at Bybit, over pybit."""

from __future__ import annotations

from exchanges.adapters.bybit.transport import Transport, readable
from exchanges.domain.trading import Credentials
from exchanges.ports import AffiliateFactory, Wire


class BybitAffiliate:
    """See `exchanges.ports.Affiliate`."""

    def __init__(self, credentials: Credentials, wire: Wire) -> None:
        self._transport = Transport(wire, credentials)

    @readable
    def has_client(self, uid: str) -> bool:
        """A client's figures name it; what is told of others is not documented, and is no proof."""
        answer = self._transport.read("get_affiliate_user_info", uid=uid)
        return str(answer.get("uid") or "") == uid


_FACTORY: AffiliateFactory = BybitAffiliate
