"""Several processes of ours, shown together and ended together.

A small supervisor of our own: honcho neither ties its children's lives to its own (a `kill -9`
leaves them running) nor stops them in an order, and both matter here.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.stack.processes import NotReady, spawn, stop, tail, wait_until

PARTS = ["web", "worker", "sweeper", "stream", "beat", "bot", "exchange", "telegram"]
COLOURS = {name: 31 + number for number, name in enumerate(PARTS)}


@dataclass
class Supervisor:
    """Starts children, shows what they say, and stops all of them, the newest first."""

    environment: dict[str, str]
    is_quiet: bool
    logs: Path
    children: list[tuple[str, subprocess.Popen[str]]] = field(default_factory=list)

    def start(
        self,
        name: str,
        *command: str,
        ready: Callable[[], bool] | None = None,
        extra: Mapping[str, str] | None = None,
    ) -> None:
        """Start a child and wait until it is `ready`; `extra` is for its environment alone."""
        child = spawn(
            [sys.executable, *command],
            env=self.environment | dict(extra or {}),
            stdout=subprocess.PIPE,
        )
        self.children.append((name, child))
        self.log(name).touch()
        threading.Thread(target=self._show, args=(name, child), daemon=True).start()
        if ready is not None:
            wait_until(ready, child=child, log=self.log(name))

    def log(self, name: str) -> Path:
        return self.logs / f"{name}.log"

    def _show(self, name: str, child: subprocess.Popen[str]) -> None:
        colour = f"\033[{COLOURS.get(name, 37)}m" if sys.stdout.isatty() else ""
        reset = "\033[0m" if colour else ""
        with self.log(name).open("a", encoding="utf-8") as log:
            for line in child.stdout or []:
                log.write(line)
                log.flush()
                if not self.is_quiet:
                    print(f"{colour}{name:>8} |{reset} {line}", end="", flush=True)

    def run(self, *command: str, extra: Mapping[str, str] | None = None) -> int:
        """Run a step to its end and return its code; raise `NotReady` if a child ends first."""
        step = spawn([sys.executable, *command], env=self.environment | dict(extra or {}))
        try:
            while True:
                try:
                    return step.wait(0.2)
                except subprocess.TimeoutExpired:
                    self.complain_of_fallen()
        finally:
            stop(step)

    def complain_of_fallen(self) -> None:
        """Raise `NotReady` if a child ended by itself."""
        for name, child in self.children:
            if child.poll() is not None:
                said = tail(self.log(name))
                raise NotReady(f"{name} ended by itself ({child.returncode}):\n{said}")

    def stop(self) -> None:
        for _, child in reversed(self.children):
            stop(child)
