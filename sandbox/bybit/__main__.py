"""`python -m sandbox.bybit`: the local exchange as a process."""

from __future__ import annotations

import argparse
import asyncio
import gc
import signal
from datetime import UTC, datetime
from pathlib import Path

import uvloop
from aiohttp import web

from sandbox.bybit.acts import Acts
from sandbox.bybit.app import Sandbox, Server, make_sandbox
from sandbox.bybit.control import Control, explain
from sandbox.bybit.feeds import MONTH, generate_candles, read_candles
from sandbox.bybit.streams.control import StreamControl
from sandbox.bybit.streams.server import StreamServer


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="sandbox.bybit", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8090, help="0 picks a free one")
    parser.add_argument("--candles", type=Path, help="CSV or CSV.gz to replay")
    parser.add_argument("--symbol", default="BTCUSDT", help="whose candles they are")
    parser.add_argument("--speed", type=float, default=60, help="candle minutes a real minute")
    parser.add_argument("--start", help="ISO time of the first candle to play")
    parser.add_argument("--prices", choices=["manual", "generator", "candles"])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--latency-ms", type=int, default=0)
    parser.add_argument("--no-uid-limits", action="store_true")
    parser.add_argument("--no-ip-limits", action="store_true")
    parser.add_argument("--no-connection-limits", action="store_true")
    parser.add_argument("--ban-seconds", type=int, default=600)
    return parser.parse_args()


def configure(options: argparse.Namespace) -> Sandbox:
    box = make_sandbox(seed=options.seed)
    box.faults.latency_ms = options.latency_ms
    box.limits.by_uid = not options.no_uid_limits
    box.limits.by_address = not options.no_ip_limits
    box.limits.by_connection = not options.no_connection_limits
    box.limits.ban_ms = options.ban_seconds * 1000
    feed = box.feed
    feed.symbol, feed.speed = options.symbol, options.speed
    feed.mode = options.prices or ("candles" if options.candles else "generator")
    if options.candles:
        feed.candles = read_candles(options.candles)
    else:
        feed.candles = generate_candles(
            options.seed,
            first=box.exchange.quotes[options.symbol].last,
            tick=box.exchange.instruments[options.symbol].tick,
            count=MONTH,
        )
    if options.start:
        start = datetime.fromisoformat(options.start).replace(tzinfo=UTC)
        feed.position = sum(1 for candle in feed.candles if candle.start < start)
    if feed.mode == "candles":
        feed.set_price(feed.symbol, feed.candles[feed.position].open)
    return box


async def run(options: argparse.Namespace) -> None:
    box = configure(options)
    app = web.Application(middlewares=[explain], client_max_size=4 * 1024 * 1024)
    streams = StreamServer(box)
    app.add_routes([*Control(box).routes(), *Acts(box).routes(), *StreamControl(box).routes()])
    app.add_routes(streams.routes())
    app.router.add_route("*", "/{path:.*}", Server(box).handle)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, options.host, options.port, backlog=4096)
    await site.start()
    host, port = runner.addresses[0][:2]
    print(f"sandbox-bybit listening on http://{host}:{port}", flush=True)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    tasks = [asyncio.create_task(_tick(box)), asyncio.create_task(streams.watch())]
    await stop.wait()
    for task in tasks:
        task.cancel()
    for socket in box.hub.chosen():
        socket.cut()
    await runner.cleanup()


async def _tick(box: Sandbox) -> None:
    while True:
        await asyncio.sleep(box.feed.interval)
        box.feed.tick()


if __name__ == "__main__":
    # Looking through a thousand sockets for garbage took up to a quarter of a second each time.
    gc.set_threshold(50_000, 20, 20)
    uvloop.run(run(parse()))
