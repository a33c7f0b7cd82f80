"""Control of what happens beside the API: a trader's hand in the app, the exchange's force."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from aiohttp import web

from sandbox.bybit.app import Sandbox
from sandbox.bybit.control import done, read_body

Call = Callable[[str, dict[str, Any]], dict[str, Any]]


class Acts:
    def __init__(self, box: Sandbox) -> None:
        self.box = box

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/_control/accounts/{uid}/close", self.close),
            web.post("/_control/accounts/{uid}/order", self.order),
            web.post("/_control/accounts/{uid}/amend", self.amend),
            web.post("/_control/accounts/{uid}/cancel", self.cancel),
            web.post("/_control/accounts/{uid}/stop", self.stop),
            web.post("/_control/accounts/{uid}/password", self.password),
            web.post("/_control/accounts/{uid}/adl", self.adl),
            web.post("/_control/instruments/{symbol}/delist", self.delist),
        ]

    # --- what a trader does by hand in the exchange's app ------------------------------------

    async def close(self, request: web.Request) -> web.Response:
        spec = await read_body(request)
        call = self.box.exchange.user_close
        return web.json_response(call(request.match_info["uid"], **_part(spec)))

    async def order(self, request: web.Request) -> web.Response:
        return await self._by_hand(request, self.box.exchange.create_order)

    async def amend(self, request: web.Request) -> web.Response:
        return await self._by_hand(request, self.box.exchange.amend_order)

    async def cancel(self, request: web.Request) -> web.Response:
        return await self._by_hand(request, self.box.exchange.cancel_order)

    async def stop(self, request: web.Request) -> web.Response:
        whole = {"tpslMode": "Full", "positionIdx": 0}
        return await self._by_hand(request, self.box.exchange.trading_stop, whole)

    async def password(self, request: web.Request) -> web.Response:
        """Change the password: the account's keys without a bound address do not last long."""
        for key in self.box.keys.values():
            if key.uid == request.match_info["uid"]:
                key.note_new_password(self.box.clock())
        return done()

    async def _by_hand(
        self, request: web.Request, call: Call, more: dict[str, Any] | None = None
    ) -> web.Response:
        spec = {"category": "linear", **(more or {}), **await read_body(request)}
        return web.json_response(call(request.match_info["uid"], spec))

    # --- what the exchange does by force -----------------------------------------------------

    async def adl(self, request: web.Request) -> web.Response:
        spec = await read_body(request)
        self.box.exchange.deleverage(request.match_info["uid"], **_part(spec))
        return done()

    async def delist(self, request: web.Request) -> web.Response:
        spec = await read_body(request)
        price = Decimal(str(spec["price"])) if "price" in spec else None
        self.box.exchange.delist(request.match_info["symbol"], price)
        return done()


def _part(spec: dict[str, Any]) -> dict[str, Any]:
    """A symbol's position (of one side), in whole or in part, at the market or at a price."""
    part = {"symbol": spec["symbol"], "side": spec.get("side", "")}
    return part | {name: Decimal(str(spec[name])) for name in ("qty", "price") if name in spec}
