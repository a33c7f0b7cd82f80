"""The accounts of one world, and the faults that they live through."""

from __future__ import annotations

import random
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from celery import current_app
from django.core.management import call_command, get_commands
from django.db.models import Count
from django.utils import timezone

from chaos.faults import FAULTS, Fault, can_run
from chaos.people import make_author, make_traders
from chaos.stage import Stage, when_it_answers
from chaos.trade import make_trade
from chaos.witness import StopWatch, is_over, is_settled, judge
from chaos.world import World
from exchanges import instruments, vault
from exchanges.models import Connection
from signals.models import Copy

SYMBOLS = ["BTCUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT", "ADAUSDT", "LINKUSDT", "LTCUSDT", "BNBUSDT"]
WORKERS = ["worker-1", "worker-2"]
COMMANDS = {"sweeper": "run_sweeper", "stream": "run_stream"}
SHOWN = 5  # differences that are told in words
STEP = 0.5  # seconds between two looks at whether it is settled
READY = 60.0  # seconds that the workers may need to load
# A dead worker's copies are free after one lease, and then looked up three times a second apart.
# In production's figures three leases are longer than an entry lives.
DEATHS_LEASES = 2
SLACK = 6.0  # seconds, for a machine that has other things to do
ENDING = 90.0  # seconds that a trade may take to end in fine weather
LOG_END = 200_000  # characters of a log that are kept

Result = dict[str, Any]


@dataclass
class Company:
    world: World
    seed: int
    accounts: int
    logs: Path | None  # where to keep the logs of a failure
    bans: int = 0

    def play(self, names: list[str]) -> Iterator[Result]:
        """Live through faults, up to the first that was not survived well."""
        self._gather()
        for number, name in enumerate(names):
            fault = FAULTS[name]
            if not can_run(fault):
                yield {"fault": name, "row": fault.row, "skipped": f"no {fault.needs}"}
                continue
            result = self._live_through(fault, SYMBOLS[number % len(SYMBOLS)])
            yield result
            if not result["recovered"] or result["differences"]:
                self._keep_logs(name)
                return

    def _gather(self) -> None:
        """Keys, tables, people, and the platform's processes."""
        world = self.world
        vault.generate(world.directory / "vault.key", world.directory / "vault.pub")
        call_command("migrate", verbosity=0)
        instruments.refresh_instruments("bybit", "sandbox", now=timezone.now())
        self.keys = make_traders(self.accounts, world.exchange, SYMBOLS, now=timezone.now())
        self.author = make_author()
        for name in WORKERS:
            world.start_worker(name)
        world.start_beat("beat")
        for name, command in COMMANDS.items():
            if command in get_commands():
                world.start_command(name, command)
        world.wait(lambda: len(current_app.control.ping(timeout=1) or []) == len(WORKERS), READY)

    def _live_through(self, fault: Fault, symbol: str) -> Result:
        world = self.world
        dice = random.Random(f"{self.seed}:{fault.name}")
        world.heal()
        # A trader's balance is fresh in production, where trades are hours apart.
        Connection.objects.update(balance_at=timezone.now(), checked_at=timezone.now())
        trade = make_trade(symbol, self.author, dice, shape=fault.shape)
        stage = Stage(world, trade, dice, self.accounts, self.keys)
        started, seconds = time.monotonic(), 0.0
        recovered = False
        found: list[str] = []
        with StopWatch(world.exchange) as watch:
            try:
                fault.strike(stage)
                world.heal()
                recovered, found = self._settle(fault, stage)
                seconds = time.monotonic() - (stage.published_at or started)
                if recovered:
                    recovered, found = self._end(fault, stage)
            except Exception:  # noqa: BLE001 - it is told as what it is: the run's own failure
                recovered, found = False, [f"the run failed: {traceback.format_exc(limit=-3)}"]
        if fault.is_death and seconds > DEATHS_LEASES * world.lease + SLACK:
            stage.complaints.append("it took longer than the lease and the looks after it")
        found = [*stage.complaints, *watch.complaints(), *found, *self._new_bans()]
        return {
            "fault": fault.name,
            "row": fault.row,
            "recovered": recovered,
            "seconds": round(seconds, 1),
            "differences": len(found),
            "whole_seconds": round(time.monotonic() - started, 1),
            "accounts": self.accounts,
            "trade": f"{trade.draft.direction} {trade.shape}, {trade.ending}",
            "longest_without_stop": round(max(watch.longest.values(), default=0.0), 1),
            "told": found[:SHOWN],
        }

    def _settle(self, fault: Fault, stage: Stage) -> tuple[bool, list[str]]:
        """Wait until nothing is open and nothing differs."""
        return self._until(
            lambda: is_settled(stage.trade), fault, stage, fault.patience, is_end=False
        )

    def _end(self, fault: Fault, stage: Stage) -> tuple[bool, list[str]]:
        """The trade ends in fine weather: now results and fees must be equal as well."""
        stage.trade.end(self.world.exchange)
        ended = self._until(lambda: is_over(stage.trade), fault, stage, ENDING, is_end=True)
        stage.trade.restore_price(self.world.exchange)
        return ended

    def _until(
        self,
        done: Callable[[], bool],
        fault: Fault,
        stage: Stage,
        seconds: float,
        *,
        is_end: bool,
    ) -> tuple[bool, list[str]]:
        """Whether it is done and nothing differs within some time; else what differed last."""
        deadline = time.monotonic() + seconds
        while True:
            left = max(deadline - time.monotonic(), STEP)
            if self.world.wait(lambda: when_it_answers(done), left, every=STEP) is None:
                return False, _unfinished(stage)
            found = when_it_answers(
                lambda: judge(
                    stage.trade,
                    self.world.exchange,
                    accounts=self.accounts,
                    may_end=fault.may_end,
                    is_end=is_end,
                )
            )
            if found == [] or time.monotonic() > deadline:
                return not found, ["the database is away"] if found is None else found
            self.world.pause(STEP)

    def _new_bans(self) -> list[str]:
        """The exchange bans nobody who keeps its limits."""
        before, self.bans = self.bans, int(self.world.exchange.get("requests")["bans"])
        return [f"the exchange banned {self.bans - before} times"] if self.bans > before else []

    def _keep_logs(self, name: str) -> None:
        if self.logs is None:
            return
        place = self.logs / f"{self.seed}-{name}"
        place.mkdir(parents=True, exist_ok=True)
        for log in self.world.directory.glob("*.log"):
            (place / log.name).write_text(log.read_text(errors="replace")[-LOG_END:])


def _unfinished(stage: Stage) -> list[str]:
    """Where the copies stand that should have come further."""
    rows = Copy.objects.filter(signal=stage.trade.stored).values_list("status", "reason")
    counts = rows.annotate(count=Count("pk")).order_by("status")
    return [f"it took too long: {count} {status} {reason}" for status, reason, count in counts]
