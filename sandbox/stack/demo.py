"""The whole platform on one machine, under one supervisor.

A small supervisor of our own: honcho neither ties its children's lives to its own (a `kill -9`
leaves them running) nor stops them in an order, and both matter here.
"""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from socket import socket

from sandbox.stack.processes import spawn, stop, wait_until
from sandbox.stack.services import HOST, free_port, services

CHECKOUT = Path(__file__).resolve().parents[2]
REAL_CANDLES = CHECKOUT.parent / "shared" / "data" / "btc-perp-2022-01-1m.csv.gz"
PORTS = {"web": 8000, "exchange": 8090, "telegram": 8091}
CHECK_TRADERS = 25
DEMO_TRADERS = 6
COLOURS = {
    name: 31 + number
    for number, name in enumerate(["web", "worker", "beat", "bot", "exchange", "telegram"])
}


@dataclass
class Supervisor:
    """Starts children, shows what they say, and stops all of them, the newest first."""

    environment: dict[str, str]
    is_quiet: bool
    logs: Path
    children: list[tuple[str, subprocess.Popen[str]]] = field(default_factory=list)
    is_stopping: bool = False

    def start(self, name: str, *command: str, **more: str) -> None:
        child = spawn(
            [sys.executable, *command],
            env=self.environment | more,
            stdout=subprocess.PIPE,
        )
        self.children.append((name, child))
        threading.Thread(target=self._show, args=(name, child), daemon=True).start()

    def _show(self, name: str, child: subprocess.Popen[str]) -> None:
        colour = f"\033[{COLOURS.get(name, 37)}m" if sys.stdout.isatty() else ""
        reset = "\033[0m" if colour else ""
        with (self.logs / f"{name}.log").open("a") as log:
            for line in child.stdout or []:
                log.write(line)
                log.flush()
                if not self.is_quiet:
                    print(f"{colour}{name:>8} |{reset} {line}", end="", flush=True)

    def run(self, *command: str, **more: str) -> None:
        """Run a step to its end; its failure ends the demo."""
        child = spawn([sys.executable, *command], env=self.environment | more)
        if child.wait() != 0:
            raise SystemExit(f"{' '.join(command)} failed")

    def fallen(self) -> str | None:
        """The name of a child that ended by itself."""
        return next((name for name, child in self.children if child.poll() is not None), None)

    def stop(self) -> None:
        for _, child in reversed(self.children):
            stop(child)


def run_demo(*, check: bool) -> int:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _interrupt)
    with ExitStack() as stack:
        name = stack.enter_context(
            tempfile.TemporaryDirectory(prefix="hexagonal-", ignore_cleanup_errors=True)
        )
        directory = Path(name)
        directory.chmod(0o755)
        try:
            return _run(stack, directory, check=check)
        except KeyboardInterrupt:
            print("\nStopping …", flush=True)
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, signal.SIG_IGN)
            return 0


def _interrupt(number: int, frame: object) -> None:
    raise KeyboardInterrupt


def _run(stack: ExitStack, directory: Path, *, check: bool) -> int:
    urls = stack.enter_context(services(directory, throw_away=True))
    ports = {name: _port(port, any_will_do=check) for name, port in PORTS.items()}
    environment, worker_only = _environment(directory, urls, ports)
    supervisor = Supervisor(environment, is_quiet=check, logs=directory)
    stack.callback(supervisor.stop)
    _start_exchange(supervisor, ports, check=check)
    token = environment["TELEGRAM_BOT_TOKEN"]
    supervisor.start(
        "telegram",
        *("-m", "sandbox.telegram", "--port", str(ports["telegram"]), "--token", token),
    )
    for name in ("exchange", "telegram"):
        wait_until(lambda name=name: _listens(ports[name]), what=name)  # type: ignore[misc]
    private, public = directory / "vault.key", directory / "vault.pub"
    supervisor.run(
        *("manage.py", "vault_keygen", "--private", str(private), "--public", str(public))
    )
    supervisor.run("manage.py", "migrate", "--verbosity", "0")
    supervisor.run("manage.py", "collectstatic", "--noinput", "--verbosity", "0")
    supervisor.run("manage.py", "refresh_instruments")
    _start_platform(supervisor, directory, ports, worker_only)
    wait_until(lambda: _listens(ports["web"]), what="the web server")
    traders = CHECK_TRADERS if check else DEMO_TRADERS
    supervisor.run("manage.py", "seed_demo", "--traders", str(traders), *(["--mixed"] * check))
    if check:
        return _check(supervisor)
    _introduce(environment, ports)
    return _watch(supervisor)


def _environment(
    directory: Path, urls: dict[str, str], ports: dict[str, int]
) -> tuple[dict[str, str], dict[str, str]]:
    """What every process gets, and what only the worker gets."""
    site = f"http://{HOST}:{ports['web']}"
    telegram = f"http://{HOST}:{ports['telegram']}"
    everybody = {
        **os.environ,
        **urls,
        "PYTHONUNBUFFERED": "1",
        "DJANGO_SETTINGS_MODULE": "hexagonal.settings",
        "SECRET_KEY": secrets.token_urlsafe(48),
        "ALLOWED_HOSTS": f"{HOST},localhost",
        "INSECURE_HTTP": "true",
        "SITE_URL": site,
        "EXCHANGE_ENVIRONMENTS": "sandbox",
        "SIGNAL_ENVIRONMENT": "sandbox",
        "BYBIT_SANDBOX_URL": f"http://{HOST}:{ports['exchange']}",
        "EGRESS_ADDRESSES": HOST,
        "TELEGRAM_API_URL": telegram,
        "TELEGRAM_CHAT_URL": telegram,
        "TELEGRAM_BOT_TOKEN": f"123456789:{secrets.token_urlsafe(26)}",
        "VAULT_PUBLIC_KEY_FILE": str(directory / "vault.pub"),
        "DEMO_PASSWORD": os.environ.get("DEMO_PASSWORD") or secrets.token_urlsafe(9),
        "POLL_SECONDS": "1",
    }
    worker_only = {
        "VAULT_PRIVATE_KEY_FILE": str(directory / "vault.key"),
        "LINK_ID_KEY": secrets.token_urlsafe(32),
    }
    return everybody, worker_only


def _start_exchange(supervisor: Supervisor, ports: dict[str, int], *, check: bool) -> None:
    given = os.environ.get("CANDLES")
    candles = Path(given) if given else REAL_CANDLES
    if given and not candles.exists():
        raise SystemExit(f"CANDLES={given} does not exist")
    arguments = ["--port", str(ports["exchange"])]
    if candles.exists():
        arguments += ["--candles", str(candles)]
    # A check plays the candles itself; a demo lets them run, a minute in six seconds.
    arguments += ["--prices", "manual"] if check else ["--prices", "candles", "--speed", "10"]
    supervisor.start("exchange", "-m", "sandbox.bybit", *arguments)


def _start_platform(
    supervisor: Supervisor, directory: Path, ports: dict[str, int], worker_only: dict[str, str]
) -> None:
    supervisor.start(
        "worker",
        *("-m", "celery", "-A", "hexagonal", "worker", "--queues", "orders,control,default"),
        *("--concurrency", "4", "--loglevel", "WARNING"),
        **worker_only,
    )
    supervisor.start(
        "beat",
        *("-m", "celery", "-A", "hexagonal", "beat", "--schedule", str(directory / "beat")),
        *("--loglevel", "WARNING"),
    )
    supervisor.start("bot", "manage.py", "run_bot")
    supervisor.start(
        "web",
        *("-m", "granian", "--interface", "wsgi", "--host", HOST, "--port", str(ports["web"])),
        *("--workers", "1", "--blocking-threads", "8", "--no-access-log"),
        "hexagonal.wsgi:application",
    )


def _port(wanted: int, *, any_will_do: bool) -> int:
    """The usual port, or a free one when somebody has it."""
    if any_will_do or _listens(wanted):
        return free_port()
    return wanted


def _listens(port: int) -> bool:
    with closing(socket()) as probe:
        probe.settimeout(0.5)
        return probe.connect_ex((HOST, port)) == 0


def _introduce(environment: dict[str, str], ports: dict[str, int]) -> None:
    password = environment["DEMO_PASSWORD"]
    print(
        f"""
HEXAGONAL is up.
  site       {environment["SITE_URL"]}
  ops admin  {environment["SITE_URL"]}/ops/
  Telegram   {environment["TELEGRAM_CHAT_URL"]}
  exchange   {environment["BYBIT_SANDBOX_URL"]}

  author and ops   admin@hexagonal.example    {password}
  traders          trader1@hexagonal.example … trader{DEMO_TRADERS}@hexagonal.example, same password

Ctrl-C stops everything.
""",
        flush=True,
    )


def _watch(supervisor: Supervisor) -> int:
    while True:
        name = supervisor.fallen()
        if name is not None:
            print(f"{name} ended by itself; stopping.", flush=True)
            return 1
        time.sleep(0.5)


def _check(supervisor: Supervisor) -> int:
    child = spawn([sys.executable, "manage.py", "demo_check"], env=supervisor.environment)
    try:
        while child.poll() is None:
            name = supervisor.fallen()
            if name is not None:
                print((supervisor.logs / f"{name}.log").read_text()[-4000:])
                print(f"{name} ended by itself.", flush=True)
                return 1
            time.sleep(0.2)
    finally:
        stop(child)
    if child.returncode:
        for name in ("worker", "bot", "web"):
            print(f"--- {name}\n{(supervisor.logs / f'{name}.log').read_text()[-3000:]}")
    return child.returncode
