"""`python -m sandbox.stack services -- CMD` and `python -m sandbox.stack demo [--check]`."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
from pathlib import Path

from sandbox.stack.demo import run_demo
from sandbox.stack.processes import spawn
from sandbox.stack.services import services


def with_services(command: list[str]) -> int:
    """Run a command beside throw-away servers and return its exit code."""
    with tempfile.TemporaryDirectory(prefix="hexagonal-", ignore_cleanup_errors=True) as name:
        directory = Path(name)
        directory.chmod(0o755)
        with services(directory, throw_away=True) as urls:
            child = spawn(command, env={**os.environ, **urls})
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, lambda got, _: child.send_signal(got))
            return child.wait()


def main() -> int:
    parser = argparse.ArgumentParser(prog="sandbox.stack", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("services", help="run a command beside PostgreSQL and Valkey")
    run.add_argument("rest", nargs=argparse.REMAINDER)
    demo = commands.add_parser("demo", help="the whole platform with its sandbox")
    demo.add_argument("--check", action="store_true", help="the main job without a person")
    options = parser.parse_args()
    if options.command == "demo":
        return run_demo(check=options.check)
    command = options.rest[1:] if options.rest[:1] == ["--"] else options.rest
    return with_services(command)


if __name__ == "__main__":
    sys.exit(main())
