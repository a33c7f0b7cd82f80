"""The whole platform on one machine: servers, sandbox, web, worker, sweeper, stream, beat, bot."""

from __future__ import annotations

import fcntl
import os
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from socket import socket

from sandbox.bybit.instruments import TABLE
from sandbox.stack.processes import tail
from sandbox.stack.scratch import scratch
from sandbox.stack.services import HOST, free_port, services
from sandbox.stack.supervisor import Supervisor

CHECKOUT = Path(__file__).resolve().parents[2]
REAL_CANDLES = CHECKOUT.parent / "shared" / "data" / "btc-perp-2022-01-1m.csv.gz"
PORTS = {"web": 8000, "exchange": 8090, "telegram": 8091}
CHECK_TRADERS = 25
DEMO_TRADERS = 6


@dataclass(frozen=True)
class Environment:
    """What every process gets, and what only those get that need it."""

    everybody: dict[str, str]
    worker: dict[str, str]  # and sweeper; the stream has the key of the vault alone
    bot: dict[str, str]
    person: dict[str, str]  # who fills the demo, and looks at it


def run_demo(*, check: bool, any_port: bool = False) -> int:
    """Run until stopped, or until the check is through; return the exit code."""
    with ExitStack() as stack:
        directory = stack.enter_context(scratch())
        urls = stack.enter_context(services(directory))
        ports = {name: _port(port, any_port=check or any_port) for name, port in PORTS.items()}
        environment = _environment(directory, urls, ports)
        supervisor = Supervisor(environment.everybody, is_quiet=check, logs=directory)
        stack.callback(supervisor.stop)
        _start_sandbox(supervisor, ports, environment, check=check)
        _prepare(supervisor, directory)
        _start_platform(supervisor, directory, ports, environment)
        traders = ["--traders", str(CHECK_TRADERS if check else DEMO_TRADERS)]
        mixed = ["--mixed"] * check
        _step(supervisor, "seed_demo", *traders, *mixed, extra=environment.person)
        if check:
            return _check(supervisor, environment)
        _introduce(environment)
        while True:
            supervisor.complain_of_fallen()
            time.sleep(0.5)


def _environment(directory: Path, urls: dict[str, str], ports: dict[str, int]) -> Environment:
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
        "EGRESS": HOST,
        "TELEGRAM_API_URL": telegram,
        "TELEGRAM_CHAT_URL": telegram,
        "VAULT_PUBLIC_KEY_FILE": str(directory / "vault.pub"),
        "POLL_SECONDS": "1",
        "GOVERNOR_DOUBT_PERCENT": "0",  # the exchange is as young as Valkey: nothing was spent
    }
    worker = {
        "VAULT_PRIVATE_KEY_FILE": str(directory / "vault.key"),
        "LINK_ID_KEY": secrets.token_urlsafe(32),
        "GATE_SYMBOLS": ",".join(TABLE),
    }
    bot = {"TELEGRAM_BOT_TOKEN": f"123456789:{secrets.token_urlsafe(26)}"}
    person = {"DEMO_PASSWORD": os.environ.get("DEMO_PASSWORD") or secrets.token_urlsafe(9)}
    for name in worker | bot | person:  # nor from the shell that started us
        everybody.pop(name, None)
    return Environment(everybody, worker, bot, person)


def _start_sandbox(
    supervisor: Supervisor, ports: dict[str, int], environment: Environment, *, check: bool
) -> None:
    given = os.environ.get("CANDLES")
    candles = Path(given) if given else REAL_CANDLES
    if given and not candles.exists():
        raise SystemExit(f"CANDLES={given} does not exist")
    arguments = ["--port", str(ports["exchange"])]
    if candles.exists():
        arguments += ["--candles", str(candles)]
    # A check plays the candles itself; a demo lets them run, a minute in six seconds.
    arguments += ["--prices", "manual"] if check else ["--prices", "candles", "--speed", "10"]
    supervisor.start(
        "exchange",
        *("-m", "sandbox.bybit", *arguments),
        ready=lambda: _listens(ports["exchange"]),
    )
    token = environment.bot["TELEGRAM_BOT_TOKEN"]
    supervisor.start(
        "telegram",
        *("-m", "sandbox.telegram", "--port", str(ports["telegram"]), "--token", token),
        ready=lambda: _listens(ports["telegram"]),
    )


def _prepare(supervisor: Supervisor, directory: Path) -> None:
    private, public = str(directory / "vault.key"), str(directory / "vault.pub")
    _step(supervisor, "vault_keygen", "--private", private, "--public", public)
    _step(supervisor, "migrate", "--verbosity", "0")
    with _alone():
        _step(supervisor, "collectstatic", "--noinput", "--verbosity", "0")
    _step(supervisor, "refresh_instruments")


@contextmanager
def _alone() -> Iterator[None]:
    """Two demos of one checkout would take the files of its pages from under each other."""
    place = CHECKOUT / "build"
    place.mkdir(exist_ok=True)
    with (place / ".static.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _step(supervisor: Supervisor, *command: str, extra: Mapping[str, str] | None = None) -> None:
    if supervisor.run("manage.py", *command, extra=extra) != 0:
        raise SystemExit(f"manage.py {command[0]} failed")


def _start_platform(
    supervisor: Supervisor, directory: Path, ports: dict[str, int], environment: Environment
) -> None:
    level = ("--loglevel", os.environ.get("LOG_LEVEL", "WARNING"))
    supervisor.start(
        "worker",
        *("-m", "celery", "-A", "hexagonal", "worker", "--queues", "orders,control,default"),
        *("--concurrency", "3", *level),
        extra=environment.worker,
    )
    supervisor.start("sweeper", "manage.py", "run_sweeper", extra=environment.worker)
    key = "VAULT_PRIVATE_KEY_FILE"
    supervisor.start("stream", "manage.py", "run_stream", extra={key: environment.worker[key]})
    supervisor.start(
        "beat",
        *("-m", "celery", "-A", "hexagonal", "beat", "--schedule", str(directory / "beat")),
        *level,
    )
    supervisor.start("bot", "manage.py", "run_bot", extra=environment.bot)
    supervisor.start(
        "web",
        *("-m", "granian", "--interface", "wsgi", "--host", HOST, "--port", str(ports["web"])),
        *("--workers", "1", "--blocking-threads", "8", "--no-access-log"),
        "hexagonal.wsgi:application",
        ready=lambda: _listens(ports["web"]),
    )


def _port(wanted: int, *, any_port: bool) -> int:
    """The usual port, or a free one when somebody has it."""
    if any_port or _listens(wanted):
        return free_port()
    return wanted


def _listens(port: int) -> bool:
    with closing(socket()) as probe:
        probe.settimeout(0.5)
        return probe.connect_ex((HOST, port)) == 0


def _introduce(environment: Environment) -> None:
    known, password = environment.everybody, environment.person["DEMO_PASSWORD"]
    print(
        f"""
HEXAGONAL is up.
  site       {known["SITE_URL"]}
  ops admin  {known["SITE_URL"]}/ops/
  Telegram   {known["TELEGRAM_CHAT_URL"]}
  exchange   {known["BYBIT_SANDBOX_URL"]}

  author and ops   admin@hexagonal.example    {password}
  traders          trader1@hexagonal.example … trader{DEMO_TRADERS}@hexagonal.example, same password

Ctrl-C stops everything.
""",
        flush=True,
    )


def _check(supervisor: Supervisor, environment: Environment) -> int:
    code = supervisor.run("manage.py", "demo_check", extra=environment.person)
    if code:
        for name in ("worker", "sweeper", "stream", "bot", "web"):
            print(f"--- {name}\n{tail(supervisor.log(name))}")
    return code
