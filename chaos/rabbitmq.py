"""RabbitMQ as the broker: the machine's own package, on loopback, in a scratch directory."""

from __future__ import annotations

import secrets
import shutil
import socket
from contextlib import closing
from pathlib import Path

from sandbox.stack.services import HOST, Server, free_port

# Debian's wrapper in /usr/sbin changes to a system user; this is the server itself.
PROGRAM = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")


class Absent(Exception):
    """RabbitMQ is not installed here."""


def find_program() -> Path:
    if not PROGRAM.exists() or shutil.which("erl") is None:
        raise Absent("RabbitMQ is not installed (Debian: apt-get install rabbitmq-server)")
    return PROGRAM


def rabbitmq_server(directory: Path) -> tuple[Server, str]:
    """A server that is not started yet, and the URL that it will have."""
    program = find_program()
    directory.mkdir()
    port, names = free_port(), free_port()
    config = directory / "rabbitmq.conf"
    config.write_text(f"listeners.tcp.1 = {HOST}:{port}\nlog.console = true\nlog.file = false\n")
    (directory / "plugins").write_text("[].\n")
    settings = {
        "HOME": directory,
        "RABBITMQ_NODENAME": f"chaos{port}@localhost",
        "RABBITMQ_CONFIG_FILE": config,
        "RABBITMQ_MNESIA_BASE": directory / "data",
        "RABBITMQ_LOG_BASE": directory / "log",
        "RABBITMQ_ENABLED_PLUGINS_FILE": directory / "plugins",
        "RABBITMQ_DIST_PORT": free_port(),
        "ERL_EPMD_ADDRESS": HOST,
        "ERL_EPMD_PORT": names,
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": (
            f"-kernel inet_dist_use_interface {{127,0,0,1}} -setcookie {secrets.token_hex(16)}"
        ),
    }
    pairs = [f"{name}={value}" for name, value in settings.items()]
    # Erlang's name server in our own group: left to itself it becomes a daemon that outlives us.
    script = f'epmd -address {HOST} -port {names} & exec env "$@"'
    command: list[str | Path] = ["/bin/sh", "-c", script, "rabbitmq", *pairs, program]
    log = directory.with_suffix(".log")
    return Server(command, lambda: _accepts(port), log), f"amqp://guest:guest@{HOST}:{port}//"


def _accepts(port: int) -> bool:
    with closing(socket.socket()) as probe:
        probe.settimeout(0.5)
        return probe.connect_ex((HOST, port)) == 0
