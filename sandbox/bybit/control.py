"""What tests and the demo may do to the sandbox; never reachable from outside this machine."""

from __future__ import annotations

import dataclasses
import json
import secrets
from decimal import Decimal, InvalidOperation
from typing import Any

from aiohttp import web

from sandbox.bybit.app import Sandbox, make_sandbox
from sandbox.bybit.engine import ApiError
from sandbox.bybit.instruments import new_contract
from sandbox.bybit.keys import DAY_MS, LIFE_MS, Key, read_public_key

KEY_FIELDS = {field.name for field in dataclasses.fields(Key)} - {"api_key", "uid", "secret"}
ALPHABET = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


class Control:
    def __init__(self, box: Sandbox) -> None:
        self.box = box

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/_control/health", self.health),
            web.post("/_control/reset", self.reset),
            web.post("/_control/accounts", self.create_account),
            web.post("/_control/accounts/{uid}", self.change_account),
            web.post("/_control/accounts/{uid}/keys", self.register_key),
            web.post("/_control/keys/{api_key}", self.change_key),
            web.post("/_control/price", self.price),
            web.post("/_control/path", self.path),
            web.get("/_control/feed", self.feed),
            web.post("/_control/feed", self.change_feed),
            web.post("/_control/feed/advance", self.advance),
            web.get("/_control/candles", self.candles),
            web.post("/_control/faults", self.add_fault),
            web.delete("/_control/faults", self.remove_faults),
            web.delete("/_control/faults/{id}", self.remove_faults),
            web.post("/_control/latency", self.latency),
            web.post("/_control/limits", self.limits),
            web.post("/_control/bans", self.ban),
            web.delete("/_control/bans", self.forgive),
            web.post("/_control/clock", self.clock),
            web.post("/_control/restart_cache", self.restart_cache),
            web.post("/_control/funding", self.funding),
            web.post("/_control/instruments", self.list_instruments),
            web.post("/_control/instruments/{symbol}", self.instrument),
            web.get("/_control/ledger", self.ledger),
            web.get("/_control/positions", self.positions),
            web.get("/_control/requests", self.requests),
        ]

    async def health(self, request: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def reset(self, request: web.Request) -> web.Response:
        """Back to an empty exchange; the feed keeps its candles, set to manual."""
        fresh, candles = make_sandbox(), self.box.feed.candles
        for socket in self.box.hub.chosen():
            socket.cut()
        for field in dataclasses.fields(Sandbox):
            setattr(self.box, field.name, getattr(fresh, field.name))
        self.box.exchange.clock = self.box.clock
        self.box.feed.mode, self.box.feed.candles = "manual", candles
        return done()

    async def create_account(self, request: web.Request) -> web.Response:
        box, spec = self.box, await read_body(request)
        uid = str(spec.pop("uid", "") or box.next_uid)
        box.next_uid = max(box.next_uid, int(uid)) + 1
        api_key = spec.pop("api_key", None) or _random(18)
        secret = spec.pop("api_secret", None) or _random(36)
        if uid not in box.exchange.accounts:
            box.exchange.create_account(
                uid,
                balance=Decimal(str(spec.pop("balance", "1000"))),
                hedge=bool(spec.pop("hedge", False)),
                margin_mode=str(spec.pop("margin_mode", "REGULAR_MARGIN")),
                unified_margin_status=int(spec.pop("unified_margin_status", 5)),
                leverage=_decimals(spec.pop("leverage", {})),
                default_leverage=Decimal(str(spec.pop("default_leverage", "10"))),
            )
        key = Key(api_key, uid, secret, expires_ms=box.clock() + LIFE_MS)
        _change(key, spec, box.clock())
        box.keys[api_key] = key
        return web.json_response({"uid": uid, "api_key": api_key, "api_secret": secret})

    async def change_account(self, request: web.Request) -> web.Response:
        account, spec = (
            self.box.exchange.accounts[request.match_info["uid"]],
            await read_body(request),
        )
        if "balance" in spec:
            self.box.exchange.set_balance(account.uid, Decimal(str(spec["balance"])))
        if "hedge" in spec:
            account.hedge = bool(spec["hedge"])
            account.hedge_by_symbol.clear()
        if "margin_mode" in spec:
            account.margin_mode = str(spec["margin_mode"])
        account.leverage |= _decimals(spec.get("leverage", {}))
        return done()

    async def register_key(self, request: web.Request) -> web.Response:
        """A trader's public key for the id of an API key, as on Bybit's page of them."""
        box, spec = self.box, await read_body(request)
        account = box.exchange.accounts[request.match_info["uid"]]
        public_key = str(spec.pop("public_key"))
        read_public_key(public_key)
        key = Key(_random(18), account.uid, rsa_public_key=public_key)
        key.expires_ms = box.clock() + LIFE_MS
        _change(key, spec, box.clock())
        box.keys[key.api_key] = key
        return web.json_response({"uid": key.uid, "api_key": key.api_key})

    async def change_key(self, request: web.Request) -> web.Response:
        key, spec = self.box.keys[request.match_info["api_key"]], await read_body(request)
        _change(key, spec, self.box.clock())
        return done()

    async def price(self, request: web.Request) -> web.Response:
        spec = await read_body(request)
        numbers = {
            name: Decimal(str(spec[name]))
            for name in ("bid", "ask", "mark", "bid_size", "ask_size")
            if name in spec
        }
        self.box.feed.set_price(
            spec["symbol"],
            Decimal(str(spec["price"])),
            spread_ticks=int(spec.get("spread_ticks", 1)),
            **numbers,
        )
        return done()

    async def path(self, request: web.Request) -> web.Response:
        spec = await read_body(request)
        for price in spec["prices"]:
            self.box.feed.set_price(spec["symbol"], Decimal(str(price)))
        return done()

    async def feed(self, request: web.Request) -> web.Response:
        return web.json_response(self.box.feed.state())

    async def change_feed(self, request: web.Request) -> web.Response:
        spec, feed = await read_body(request), self.box.feed
        if spec.get("mode", "manual") not in {"manual", "generator", "candles"}:
            raise ValueError("mode")
        for name in ("mode", "speed", "paused", "position"):
            if name in spec:
                setattr(feed, name, spec[name])
        if "position" in spec:
            feed.jump()
        return web.json_response(feed.state())

    async def candles(self, request: web.Request) -> web.Response:
        """The candles ahead, for a test that chooses a signal which fits them."""
        feed = self.box.feed
        start = int(request.query.get("from", feed.position))
        rows = feed.candles[start : start + int(request.query.get("count", 1000))]
        return web.json_response(
            {"from": start, "paths": [[str(p) for p in candle.path()] for candle in rows]}
        )

    async def advance(self, request: web.Request) -> web.Response:
        self.box.feed.advance(int((await read_body(request)).get("minutes", 1)))
        return web.json_response(self.box.feed.state())

    async def add_fault(self, request: web.Request) -> web.Response:
        return web.json_response({"id": self.box.faults.add(await read_body(request))})

    async def remove_faults(self, request: web.Request) -> web.Response:
        one = request.match_info.get("id")
        self.box.faults.remove(int(one) if one else None)
        return done()

    async def latency(self, request: web.Request) -> web.Response:
        self.box.faults.latency_ms = int((await read_body(request))["ms"])
        return done()

    async def limits(self, request: web.Request) -> web.Response:
        spec = await read_body(request)
        names = {
            "uid": "by_uid",
            "ip": "by_address",
            "ip_requests": "address_most",
            "ip_window_ms": "address_span",
            "ban_ms": "ban_ms",
            "reset_header": "reset_header",
            "connections": "by_connection",
            "connections_most": "connection_most",
            "connections_window_ms": "connection_span",
            "market_connections_most": "market_most",
        }
        self.box.limits.configure(**{names[name]: value for name, value in spec.items()})
        return done()

    async def ban(self, request: web.Request) -> web.Response:
        spec, box = await read_body(request), self.box
        box.limits.ban(spec["address"], box.clock() + int(spec.get("ms", box.limits.ban_ms)))
        return done()

    async def forgive(self, request: web.Request) -> web.Response:
        self.box.limits.banned.clear()
        return done()

    async def clock(self, request: web.Request) -> web.Response:
        self.box.offset_ms = int((await read_body(request))["offset_ms"])
        return done()

    async def restart_cache(self, request: web.Request) -> web.Response:
        self.box.exchange.wipe_closed_cache()
        return done()

    async def funding(self, request: web.Request) -> web.Response:
        spec = await read_body(request)
        self.box.exchange.charge_funding(spec["symbol"], Decimal(str(spec["rate"])))
        return done()

    async def instrument(self, request: web.Request) -> web.Response:
        symbol, spec = request.match_info["symbol"], await read_body(request)
        rules = self.box.exchange.instruments[symbol]
        changes = {name: _rule(name, value) for name, value in spec.items()}
        self.box.exchange.set_instrument(dataclasses.replace(rules, **changes))
        return done()

    async def list_instruments(self, request: web.Request) -> web.Response:
        """List further contracts, each with its first price."""
        box = self.box
        for spec in (await read_body(request))["contracts"]:
            price = Decimal(str(spec.pop("price", 1)))
            rules = new_contract(spec.pop("symbol"), symbol_id=len(box.exchange.instruments) + 1)
            changes = {name: _rule(name, value) for name, value in spec.items()}
            box.exchange.set_instrument(dataclasses.replace(rules, **changes))
            box.feed.set_price(rules.symbol, price)
        return done()

    async def ledger(self, request: web.Request) -> web.Response:
        return web.json_response(self.box.exchange.dump(request.query.get("uid")))

    async def positions(self, request: web.Request) -> web.Response:
        """What is held, and by which stop it is protected; small enough to be asked often."""
        rows = [
            {
                "uid": account.uid,
                "symbol": position.symbol,
                "size": str(position.size),
                "has_stop": position.stop_loss is not None,
            }
            for account in self.box.exchange.accounts.values()
            for position in account.open_positions()
        ]
        return web.json_response({"positions": rows})

    async def requests(self, request: web.Request) -> web.Response:
        box = self.box
        return web.json_response(
            {
                "paths": dict(box.requests),
                "refusals": {str(code): count for code, count in box.refusals.items()},
                "brokers": dict(box.brokers),
                "bans": box.limits.bans,
                "peak_by_address": box.limits.peak,
                "order_times": box.order_times,
                "stop_times": box.stop_times,
                "connections": dict(box.hub.opened),
                "connections_refused": box.limits.connections_refused,
            }
        )


def done() -> web.Response:
    return web.json_response({"ok": True})


def _rule(name: str, value: object) -> Any:
    """One of an instrument's figures; times, intervals and numbers are whole."""
    if name in {"status", "base"}:
        return str(value)
    whole = {"launch_time", "delivery_time", "funding_interval", "symbol_id"}
    return int(str(value)) if name in whole else Decimal(str(value))


def _random(length: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def _decimals(values: dict[str, Any]) -> dict[str, Decimal]:
    return {name: Decimal(str(value)) for name, value in values.items()}


def _change(key: Key, spec: dict[str, Any], now: int) -> None:
    """Set a key's fields; `deadline_day` says in how many days it ends."""
    if "deadline_day" in spec:
        key.expires_ms = now + int(float(spec.pop("deadline_day")) * DAY_MS)
    unknown = set(spec) - KEY_FIELDS
    if unknown:
        raise ValueError(f"unknown: {', '.join(sorted(unknown))}")
    for name, value in spec.items():
        setattr(key, name, value)


async def read_body(request: web.Request) -> dict[str, Any]:
    spec = json.loads(await request.read() or b"{}")
    if not isinstance(spec, dict):
        raise ValueError("an object is expected")  # noqa: TRY004 - answered like other bad input
    return spec


@web.middleware
async def explain(request: web.Request, handler: Any) -> web.StreamResponse:
    """A test's mistake is told, not swallowed."""
    try:
        response: web.StreamResponse = await handler(request)
    except ApiError as error:
        return web.json_response({"retCode": error.code, "retMsg": error.message}, status=400)
    except (KeyError, ValueError, TypeError, InvalidOperation) as error:
        message = f"{type(error).__name__}: {error}"
        return web.json_response({"error": message}, status=400)
    return response
