"""Calls to the database from an event loop, which must not wait for them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from django.db import close_old_connections, connections

P = ParamSpec("P")
R = TypeVar("R")


class DatabaseThread:
    """One thread with a database connection of its own; its calls go one after the other."""

    def __init__(self, name: str) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix=name)

    async def run(self, call: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        def fresh() -> R:
            close_old_connections()  # a server that was restarted in between
            return call(*args, **kwargs)

        return await asyncio.get_running_loop().run_in_executor(self._pool, fresh)

    async def close(self) -> None:
        await asyncio.wrap_future(self._pool.submit(connections.close_all))
        self._pool.shutdown(wait=False)
