"""`python -m sandbox.telegram`: the local Bot API and its chat page as a process."""

from __future__ import annotations

import argparse
import asyncio
import signal

from aiohttp import web

from sandbox.telegram.api import BotApi
from sandbox.telegram.chats import Telegram
from sandbox.telegram.page import Page


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="sandbox.telegram", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8091, help="0 picks a free one")
    parser.add_argument("--token", default="123456789:sandbox-token-of-nobody-0123456789")
    parser.add_argument("--username", default="hexagonal_bot")
    parser.add_argument("--no-limits", action="store_true")
    return parser.parse_args()


async def run(options: argparse.Namespace) -> None:
    telegram = Telegram(options.token, options.username, limits=not options.no_limits)
    app = web.Application()
    app.add_routes(Page(telegram).routes())
    app.add_routes(BotApi(telegram).routes())
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, options.host, options.port).start()
    host, port = runner.addresses[0][:2]
    print(f"sandbox-telegram listening on http://{host}:{port}", flush=True)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(run(parse()))
