"""The HTTP server: envelope, authentication, limits and faults around the engine."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

from sandbox.bybit import market
from sandbox.bybit.affiliates import CUSTOMER_INFO, customer_info
from sandbox.bybit.engine import ApiError, Exchange
from sandbox.bybit.faults import Fault, Faults
from sandbox.bybit.feeds import Feed
from sandbox.bybit.instruments import first_prices, instruments
from sandbox.bybit.keys import Key, Signed, check, facts
from sandbox.bybit.limits import Limits
from sandbox.bybit.private import ENDPOINTS, QUERY_API, Endpoint, check_permission
from sandbox.bybit.replies import TOO_MANY, Reply, spoil, strike
from sandbox.bybit.streams.hub import Hub
from sandbox.bybit.streams.prices import Prices

BATCH_TOO_MANY = {"code": TOO_MANY, "msg": "Too many visits. Exceeded the API Rate Limit."}
NEEDED = ("X-BAPI-API-KEY", "X-BAPI-TIMESTAMP", "X-BAPI-SIGN")
FIRST_UID = 100_000
DECODER = json.JSONDecoder(parse_float=Decimal)  # made once: it costs more than its use


@dataclass(slots=True)
class Sandbox:
    """Everything that one running server holds."""

    exchange: Exchange
    feed: Feed
    hub: Hub
    prices: Prices
    keys: dict[str, Key] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    faults: Faults = field(default_factory=Faults)
    offset_ms: int = 0
    next_uid: int = FIRST_UID
    requests: Counter[str] = field(default_factory=Counter)
    refusals: Counter[int] = field(default_factory=Counter)
    brokers: Counter[str] = field(default_factory=Counter)  # of private requests, by their Referer
    order_times: list[tuple[float, str, str]] = field(default_factory=list)
    stop_times: list[float] = field(default_factory=list)

    def clock(self) -> int:
        """The API's time in ms; candles may run faster, signatures never do."""
        return int(time.time() * 1000) + self.offset_ms


def make_sandbox(*, seed: int = 1) -> Sandbox:
    exchange = Exchange(instruments(), clock=lambda: box.clock())  # noqa: PLW0108 - made below
    hub = Hub(exchange)
    box = Sandbox(exchange, Feed(exchange, seed=seed), hub, Prices(exchange, hub))
    for symbol, price in first_prices().items():
        box.feed.set_price(symbol, price)
    return box


class Server:
    def __init__(self, box: Sandbox) -> None:
        self.box = box

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer any request under /v5 (one handler: routing is a dictionary look-up)."""
        box = self.box
        address = request.remote or ""
        box.requests[request.path] += 1
        if box.limits.is_banned(address, box.clock()):
            return web.Response(status=403, text="access too frequent")
        body = await request.read()
        if request.method == "GET" and body:
            return web.Response(status=403, text="Forbidden")
        if box.faults.latency_ms:
            await asyncio.sleep(box.faults.latency_ms / 1000)
        if request.path in market.ROUTES:
            return await self._public(request)
        endpoint = ENDPOINTS.get(request.path)
        if endpoint is None:
            return self._not_found()
        if request.method != endpoint.verb:
            return web.json_response(_plain_error(10001, "Request method wrong"), status=405)
        return await self._private(request, endpoint, body, address)

    def _not_found(self) -> web.Response:
        return web.json_response(_plain_error(10017, "Route not found."), status=404)

    async def _public(self, request: web.Request) -> web.StreamResponse:
        if request.method != "GET":
            return web.json_response(_plain_error(10001, "Request method wrong"), status=405)
        params: dict[str, Any] = dict(request.query)
        fault = self.box.faults.find(request.path, "", params)
        if fault is not None and fault.is_before:
            strange = await strike(request, fault, self.box.clock())
            if strange is not None:
                return strange
        try:
            reply = Reply(result=market.ROUTES[request.path](self.box, params))
        except ApiError as error:
            reply = Reply(error.code, error.message)
        except ValueError:
            reply = Reply(10001, "params error")
        response = reply.send(self.box.clock())
        if fault is None or fault.is_before:
            return response
        return await spoil(request, fault, response, self.box.clock())

    async def _private(
        self, request: web.Request, endpoint: Endpoint, body: bytes, address: str
    ) -> web.StreamResponse:
        missing = [name for name in NEEDED if name not in request.headers]
        if missing:
            return web.Response(status=401, text="")
        self.box.brokers[request.headers.get("Referer", "")] += 1
        is_get = endpoint.verb == "GET"
        payload = request.rel_url.raw_query_string.encode() if is_get else body
        signed = Signed(
            api_key=request.headers["X-BAPI-API-KEY"],
            timestamp=request.headers["X-BAPI-TIMESTAMP"],
            window=request.headers.get("X-BAPI-RECV-WINDOW", "5000"),
            signature=request.headers["X-BAPI-SIGN"],
            payload=payload,
            address=address,
        )
        try:
            key = check(self.box.keys, signed, self.box.clock())
            params = _params(payload, is_get=is_get)
        except ApiError as error:
            self.box.refusals[error.code] += 1
            return Reply(error.code, error.message).send(self.box.clock())
        fault = self.box.faults.find(request.path, key.uid, params)
        if fault is not None and fault.is_before:
            strange = await strike(request, fault, self.box.clock())
            if strange is not None:
                return strange
        reply = self._answer(request.path, endpoint, key, params)
        if reply.code:
            self.box.refusals[reply.code] += 1
        if fault is None or fault.is_before:
            return reply.send(self.box.clock())
        self._deceive(fault, key.uid, reply)
        return await spoil(request, fault, reply.send(self.box.clock()), self.box.clock())

    def _deceive(self, fault: Fault, uid: str, reply: Reply) -> None:
        """Leave the answer without its order id, or the order out of the lists for a while."""
        if fault.kind == "no_order_id":
            reply.result.pop("orderId", None)
        elif fault.kind == "show_after" and reply.result.get("orderId"):
            self.box.exchange.hide(uid, reply.result["orderId"], fault.ms)

    def _answer(self, path: str, endpoint: Endpoint, key: Key, params: dict[str, Any]) -> Reply:
        box = self.box
        window = box.limits.window(key.uid, path, endpoint.most)
        count = 1
        if endpoint.is_batch and isinstance(params.get("request"), list):
            count = max(len(params["request"]), 1)
        taken = window.take(box.clock(), count) if box.limits.by_uid else count
        if taken == 0:
            box.limits.refused += 1
            return Reply(TOO_MANY, "Too many visits!", window=window)
        try:
            check_permission(key, endpoint)
            if path == QUERY_API:
                return Reply(result=facts(key, box.clock()), window=window)
            if path == CUSTOMER_INFO:
                return Reply(result=customer_info(box.keys, key, params), window=window)
            result, ext = self._call(endpoint, key, params, taken, count)
        except ApiError as error:
            return Reply(error.code, error.message, error.result, window=window)
        if path == "/v5/order/create":
            box.order_times.append((time.time(), key.uid, str(params.get("orderLinkId") or "")))
        elif path == "/v5/position/trading-stop":
            box.stop_times.append(time.time())
        return Reply(result=result, ext=ext, window=window)

    def _call(
        self, endpoint: Endpoint, key: Key, params: dict[str, Any], taken: int, count: int
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        if not endpoint.is_batch:
            return endpoint.call(self.box.exchange, key.uid, params), {}
        if taken == count:
            result, ext = endpoint.call(self.box.exchange, key.uid, params)
            return result, ext
        # A batch beyond what is left passes in part: the rest is refused item by item.
        items = params["request"]
        result, ext = endpoint.call(
            self.box.exchange, key.uid, {**params, "request": items[:taken]}
        )
        for item in items[taken:]:
            link = str(item.get("orderLinkId") or "")
            result["list"].append({"orderId": "", "orderLinkId": link, "createAt": ""})
            ext["list"].append(dict(BATCH_TOO_MANY))
        return result, ext


def _params(payload: bytes, *, is_get: bool) -> dict[str, Any]:
    if is_get:
        return dict(parse_qsl(payload.decode(), keep_blank_values=True))
    try:
        params = DECODER.decode(payload.decode() or "{}")
    except ValueError:
        raise ApiError(10001, "params error: the body is not JSON") from None
    if not isinstance(params, dict):
        raise ApiError(10001, "params error: the body must be an object")
    return params


def _plain_error(code: int, message: str) -> dict[str, Any]:
    return {"retCode": code, "retMsg": message, "result": {}, "retExtInfo": {}}
