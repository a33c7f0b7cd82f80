"""`python -m sandbox.stack services -- CMD` and `python -m sandbox.stack demo [--check]`."""

from __future__ import annotations

import argparse
import os
import signal
import sys

from sandbox.stack.demo import run_demo
from sandbox.stack.processes import NotReady, spawn, stop
from sandbox.stack.scratch import scratch
from sandbox.stack.services import services

STOPPED = 130  # what a shell gives after Ctrl-C
NOT_FOUND = 127
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def with_services(command: list[str]) -> int:
    """Run a command beside throw-away servers and return its exit code."""
    with scratch() as directory, services(directory) as urls:
        try:
            child = spawn(command, env={**os.environ, **urls})
        except OSError as problem:
            print(problem, file=sys.stderr)
            return NOT_FOUND
        try:
            return child.wait()
        except KeyboardInterrupt:
            stop(child, with_signal=signal.SIGINT)  # pytest then tears down and reports
            raise


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="sandbox.stack", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("services", help="run a command beside PostgreSQL and Valkey")
    run.add_argument("rest", nargs="+", metavar="CMD")
    demo = commands.add_parser("demo", help="the whole platform with its sandbox")
    demo.add_argument("--check", action="store_true", help="the main job without a person")
    demo.add_argument("--any-port", action="store_true", help="free ports, not the usual ones")
    return parser.parse_args()


def _interrupt(number: int, frame: object) -> None:
    """Leave every `with` once, in order; a second signal must not cut that short."""
    for each in SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    raise KeyboardInterrupt


def main() -> int:
    options = parse()
    for number in SIGNALS:
        signal.signal(number, _interrupt)
    try:
        if options.command == "demo":
            return run_demo(check=options.check, any_port=options.any_port)
        return with_services(options.rest)
    except KeyboardInterrupt:
        # To stop a demo is its normal end; a check or a test run that was stopped has not passed.
        is_plain_demo = options.command == "demo" and not options.check
        return 0 if is_plain_demo else STOPPED
    except NotReady as problem:
        print(problem, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
