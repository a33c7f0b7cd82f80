"""`python -m sandbox.pairs --exchange binance`: one of the stand-ins as a process."""

from __future__ import annotations

import argparse
import asyncio
import signal
from decimal import Decimal

from aiohttp import web

from sandbox.pairs import binance, hashkey
from sandbox.pairs.dialect import Market
from sandbox.pairs.signing import Refusal, signed_params

MARKETS = {"binance": binance.spot, "binance_usdm": binance.usdm, "hashkey": hashkey.spot}


class Server:
    """The HTTP front of a market, and what a test may do to it."""

    def __init__(self, market: Market) -> None:
        self.market = market

    async def handle(self, request: web.Request) -> web.Response:
        """Answer as the exchange, which counts first and refuses those who send too much."""
        market, weights = self.market, self.market.weights
        if weights is None:
            return await self.answer(request)
        said = request.rel_url.raw_query_string + (await request.read()).decode()
        named = "symbol=" in said
        weights.count(request.method, request.path, names_symbol=named, now=market.clock())
        if weights.is_over:
            refused = {"code": -1003, "msg": f"Too many requests; the limit is {weights.most}."}
            rest = str(weights.rest(market.clock()))
            return web.json_response(refused, status=429, headers={"Retry-After": rest})
        answer = await self.answer(request)
        answer.headers["X-MBX-USED-WEIGHT-1M"] = str(weights.used)
        return answer

    async def answer(self, request: web.Request) -> web.Response:
        market, path = self.market, request.path
        if path in market.public and request.method == "GET":
            return web.json_response(market.public[path](market))
        if (request.method, path) not in market.private:
            return web.json_response({"code": -1, "msg": "no such endpoint"}, status=404)
        body = (await request.read()).decode()
        query = request.rel_url.raw_query_string
        try:
            key, params = signed_params(
                *(market.keys, market.codes, request.headers.get(market.header, ""), query, body),
                now=market.clock(),
            )
            return web.json_response(market.ask(request.method, path, key, params))
        except Refusal as refusal:
            number = refusal.code
            code = int(number) if number.startswith("-") else number
            return web.json_response({"code": code, "msg": refusal.message}, status=refusal.status)

    async def open_account(self, request: web.Request) -> web.Response:
        key = self.market.open_account((await request.json()).get("rights"))
        return web.json_response({"api_key": key.api_key, "api_secret": key.secret})

    async def set_price(self, request: web.Request) -> web.Response:
        self.market.move(Decimal((await request.json())["price"]))
        return web.json_response({})

    async def add_coins(self, request: web.Request) -> web.Response:
        """Coins of the owner's own, which come from elsewhere or go there."""
        said = await request.json()
        self.market.books[said["api_key"]].coins += Decimal(said["quantity"])
        return web.json_response({})

    async def set_clock(self, request: web.Request) -> web.Response:
        self.market.offset_ms = int((await request.json())["offset_ms"])
        return web.json_response({})

    async def limit(self, request: web.Request) -> web.Response:
        """Say what was used of a minute, and let it begin anew with a limit that is told."""
        weights = self.market.weights
        if weights is None:
            return web.json_response({"used": 0})
        used, most = weights.used, (await request.json()).get("most")
        if most is not None:
            weights.restart(most)
        return web.json_response({"used": used})

    async def forget(self, request: web.Request) -> web.Response:
        for book in self.market.books.values():
            book.forget()
        return web.json_response({})


async def run(options: argparse.Namespace) -> None:
    server = Server(MARKETS[options.exchange]())
    app = web.Application()
    app.router.add_post("/_control/accounts", server.open_account)
    app.router.add_post("/_control/price", server.set_price)
    app.router.add_post("/_control/coins", server.add_coins)
    app.router.add_post("/_control/clock", server.set_clock)
    app.router.add_post("/_control/forget", server.forget)
    app.router.add_post("/_control/limit", server.limit)
    app.router.add_route("*", "/{path:.*}", server.handle)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, options.host, options.port).start()
    host, port = runner.addresses[0][:2]
    print(f"sandbox-{options.exchange} listening on http://{host}:{port}", flush=True)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()
    await runner.cleanup()


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="sandbox.pairs", description=__doc__)
    parser.add_argument("--exchange", choices=MARKETS, required=True)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8091, help="0 picks a free one")
    return parser.parse_args()


if __name__ == "__main__":
    asyncio.run(run(parse()))
