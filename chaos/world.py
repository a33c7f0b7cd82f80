"""All that a run needs: servers, the sandbox, a proxy before each, and the platform's processes."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import requests

from chaos import rabbitmq, traps
from chaos.proxy import HOST, Proxy
from sandbox.stack.processes import spawn, stop, tail, wait_until
from sandbox.stack.scratch import scratch
from sandbox.stack.services import (
    Server,
    create_database,
    postgres_server,
    valkey_server,
)

ROOT = Path(__file__).resolve().parents[1]
ADDRESSES = "127.0.0.1,127.0.0.2,127.0.0.3,127.0.0.4"
FULL = Path("/dev/full")
TOKEN = f"123456789:{secrets.token_urlsafe(26)}"
# The arithmetic of production's lease at a third of its length: a run waits for many leases.
TIMES = {
    "HTTP_CONNECT_TIMEOUT": "1",
    "HTTP_READ_TIMEOUT": "2",
    "RECV_WINDOW_MS": "2000",
    "SETTLE_SECONDS": "1",
    "SEND_BUDGET_SECONDS": "3",
    "LEASE_SECONDS": "10",
    "POLL_SECONDS": "2",
    "STREAMED_POLL_SECONDS": "20",
    "STREAM_LEASE_SECONDS": "6",
    "STREAM_BEAT_SECONDS": "2",
    "STREAM_PING_SECONDS": "7",
    "STREAM_PONG_SECONDS": "3",
}
# And once more for the short set, which runs with the tests.
SHORT_TIMES = TIMES | {
    "HTTP_READ_TIMEOUT": "1",
    "RECV_WINDOW_MS": "1000",
    "SETTLE_SECONDS": "0",
    "SEND_BUDGET_SECONDS": "2",
    "LEASE_SECONDS": "6",
    "POLL_SECONDS": "1",
}


class Control:
    """What the harness may do to a sandbox; straight to it, never through a proxy."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._session = requests.Session()

    def post(self, path: str, /, **body: Any) -> dict[str, Any]:
        return self._read(self._session.post(f"{self.url}/_control/{path}", json=body, timeout=30))

    def get(self, path: str, /, **query: str) -> dict[str, Any]:
        address = f"{self.url}/_control/{path}"
        return self._read(self._session.get(address, params=query, timeout=60))

    def fault(self, kind: str, **spec: Any) -> None:
        self.post("faults", kind=kind, **spec)

    def clear_faults(self) -> None:
        for path in ("faults", "streams/troubles"):
            self._session.delete(f"{self.url}/_control/{path}", timeout=30)

    def price(self, symbol: str, price: object) -> None:
        self.post("price", symbol=symbol, price=str(price))

    def orders_seen(self) -> int:
        """How many order requests have arrived, accepted or not."""
        return int(self.get("requests")["paths"].get(traps.ORDERS, 0))

    @staticmethod
    def _read(answer: requests.Response) -> dict[str, Any]:
        if not answer.ok:
            raise RuntimeError(f"the sandbox refused: {answer.text}")
        found: dict[str, Any] = answer.json()
        return found


@dataclass
class Process:
    """One of the platform's processes; its supervisor starts it again when it has ended."""

    name: str
    command: tuple[str, ...]
    extra: dict[str, str] = field(default_factory=dict)
    child: subprocess.Popen[str] | None = None
    is_held: bool = False  # down on purpose
    is_mute: bool = False  # its log's disk is full

    @property
    def is_up(self) -> bool:
        return self.child is not None and self.child.poll() is None


class World:
    """Use it as a context; everything ends with it."""

    def __init__(self, *, seed: int, broker: str, is_short: bool) -> None:
        self.seed = seed
        self.times = SHORT_TIMES if is_short else TIMES
        self.broker_kind = broker
        self.processes: dict[str, Process] = {}
        self._stack = ExitStack()
        self.restarts = 0

    def __enter__(self) -> World:
        try:
            self._start()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def _start(self) -> None:
        self.directory = self._stack.enter_context(scratch())
        self.trap = self.directory / "trap"
        self.database, database_url = postgres_server(self.directory / "postgres")
        self.memory, memory_url = valkey_server(self.directory / "valkey")
        self._run(self.database)
        self._run(self.memory)
        create_database(database_url)
        self.broker, broker_url = self.memory, memory_url
        if self.broker_kind == "rabbitmq":
            self.broker, broker_url = rabbitmq.rabbitmq_server(self.directory / "rabbitmq")
            self._run(self.broker)
        exchange = self._sandbox("sandbox.bybit", "--prices", "manual", "--ban-seconds", "5")
        telegram = self._sandbox("sandbox.telegram", "--token", TOKEN, "--no-limits")
        self.exchange, self.telegram = Control(exchange), Control(telegram)
        self.to_exchange, exchange = self._proxy(exchange)
        self.to_telegram, telegram = self._proxy(telegram)
        self.to_database, through_database = self._proxy(database_url)
        self.to_memory, through_memory = self._proxy(memory_url)
        self.to_broker, through_broker = self.to_memory, through_memory
        if self.broker is not self.memory:
            self.to_broker, through_broker = self._proxy(broker_url)
        shared = {
            "DJANGO_SETTINGS_MODULE": "tests.settings",
            "EGRESS": ADDRESSES,
            "BYBIT_SANDBOX_URL": exchange,
            "TELEGRAM_API_URL": telegram,
            "TELEGRAM_BOT_TOKEN": TOKEN,
            "REDIS_URL": through_memory,
            "BROKER_URL": through_broker,
            "VAULT_PUBLIC_KEY_FILE": str(self.directory / "vault.pub"),
            "EGRESS_REQUESTS": "600",  # as the sandbox counts: a ban would be a fault of ours
            "GOVERNOR_DOUBT_PERCENT": "80",
            "ENROL_PART": "10",  # the faults find copies that are still to be made as well
            "LOG_LEVEL": "WARNING",
            "PYTHONUNBUFFERED": "1",
            traps.FILE: str(self.trap),
            **self.times,
        }
        # The harness reads the database past the proxy: it judges, and takes no part.
        self.own_environment = shared | {"DATABASE_URL": database_url}
        self.environment = {**os.environ, **shared, "DATABASE_URL": through_database}
        self.worker_only = {"VAULT_PRIVATE_KEY_FILE": str(self.directory / "vault.key")}
        self._stack.callback(self._stop_processes)

    def _run(self, server: Server) -> None:
        self._stack.enter_context(server.running())

    def _sandbox(self, module: str, *arguments: str) -> str:
        log = self.directory / f"{module}.log"
        with log.open("w") as output:
            child = spawn(
                [sys.executable, "-m", module, "--port", "0", *arguments], stdout=output.fileno()
            )
        self._stack.callback(stop, child)
        wait_until(lambda: "listening on" in log.read_text(), child=child, log=log)
        return log.read_text().split("listening on ")[1].split()[0]

    def _proxy(self, url: str) -> tuple[Proxy, str]:
        """A proxy before a server, and the server's URL by way of it."""
        parts = urlsplit(url)
        proxy = Proxy((HOST, parts.port or 0), seed=f"{self.seed}:{parts.scheme}")
        proxy.start()
        self._stack.callback(proxy.stop)
        login, _, _ = parts.netloc.rpartition("@")
        place = f"{HOST}:{proxy.port}"
        return proxy, urlunsplit(parts._replace(netloc=f"{login}@{place}" if login else place))

    @property
    def lease(self) -> float:
        """Seconds after which a dead worker's copies are taken over."""
        return float(self.times["LEASE_SECONDS"])

    # --- the platform's processes ----------------------------------------------------------------

    def start(self, name: str, *command: str, **extra: str) -> Process:
        process = Process(name, command, extra)
        self.processes[name] = process
        self._spawn(process)
        return process

    def start_worker(self, name: str, **extra: str) -> Process:
        """Two children, so that a worker's death takes more than one chunk with it."""
        return self.start(
            name,
            *("-m", "chaos.traps", "celery", "-A", "hexagonal", "worker", "-n", f"{name}@here"),
            *("--queues", "orders,control,default", "--concurrency", "2"),
            *("--without-gossip", "--without-mingle", "--loglevel", "WARNING"),
            **self.worker_only,
            **extra,
        )

    def start_beat(self, name: str) -> Process:
        schedule = str(self.directory / f"{name}.schedule")
        command = ("-m", "celery", "-A", "hexagonal", "beat", "--schedule", schedule)
        return self.start(name, *command, "--loglevel", "WARNING", "--pidfile", "")

    def start_command(self, name: str, command: str, **extra: str) -> Process:
        """A management command that runs for good; with the workers' key."""
        whole = ("-m", "chaos.traps", "manage", command)
        return self.start(name, *whole, **self.worker_only, **extra)

    def log(self, name: str) -> Path:
        return self.directory / f"{name}.log"

    def _spawn(self, process: Process) -> None:
        place = FULL if process.is_mute else self.log(process.name)
        with place.open("a") as log:
            process.child = spawn(
                [sys.executable, *process.command],
                env=self.environment | process.extra,
                stdout=log.fileno(),
            )

    def keep_up(self) -> None:
        """The supervisor: start again what has ended by itself."""
        for process in list(self.processes.values()):
            if not process.is_held and not process.is_up:
                self.restarts += 1
                self._spawn(process)

    def send(self, name: str, number: int) -> None:
        """A signal to a process and all its children."""
        child = self.processes[name].child
        if child is not None and child.poll() is None:
            os.killpg(child.pid, number)

    def kill(self, name: str) -> None:
        """`kill -9` of a process and its children; its supervisor starts it again."""
        self.send(name, signal.SIGKILL)

    def hold(self, name: str, *, with_signal: int = signal.SIGTERM) -> None:
        """Take a process down until `release`."""
        process = self.processes[name]
        process.is_held = True
        if process.child is not None:
            stop(process.child, with_signal=with_signal)

    def release(self, name: str) -> None:
        self.processes[name].is_held = False
        self.keep_up()

    def remove(self, name: str) -> None:
        self.hold(name)
        del self.processes[name]

    def run(self, *command: str, **extra: str) -> int:
        """Run a step of the platform's to its end."""
        log = self.log("steps")
        with log.open("a") as output:
            step = spawn(
                [sys.executable, *command],
                env=self.environment | extra,
                stdout=output.fileno(),
            )
        return step.wait(120)

    def _stop_processes(self) -> None:
        for process in self.processes.values():
            if process.child is not None:
                process.child.terminate()
        for process in self.processes.values():
            if process.child is not None:
                stop(process.child, patience=10)

    # --- waiting ---------------------------------------------------------------------------------

    def wait(
        self, done: Callable[[], object], seconds: float, *, every: float = 0.1
    ) -> float | None:
        """Wait, keeping the platform up; seconds that it took, or None when it took too long."""
        started = time.monotonic()
        while not done():
            if time.monotonic() - started > seconds:
                return None
            self.keep_up()
            time.sleep(every)
        return time.monotonic() - started

    def pause(self, seconds: float) -> None:
        """Let the platform go on for a while, keeping it up."""
        self.wait(lambda: False, seconds)

    def set_trap(self, point: str, *, nth: int, action: str) -> None:
        traps.set_trap(self.trap, point, nth=nth, action=action)

    def struck(self) -> int:
        """The process that a trap has struck; 0 while nobody was."""
        file = traps.sprung(self.trap)
        return int(file.read_text() or 0) if file.exists() else 0

    def heal(self) -> None:
        """Fine weather everywhere, and no trap left."""
        self.trap.unlink(missing_ok=True)
        for proxy in (self.to_exchange, self.to_broker, self.to_database, self.to_memory):
            proxy.clear()
            proxy.up()
        self.to_telegram.clear()
        self.to_telegram.up()
        self.exchange.clear_faults()
        self.exchange.post("clock", offset_ms=0)
        self.keep_up()

    def said(self, name: str) -> str:
        return tail(self.log(name), 1500)
