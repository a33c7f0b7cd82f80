"""`python -m chaos.run`: one world, some faults one after the other, a line of JSON for each.

It ends early after a fault that was not recovered from: the next one needs a world of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

import django

from chaos.world import World

if TYPE_CHECKING:
    from accounts.models import User
    from chaos.faults import Fault

SYMBOLS = ["BTCUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT", "ADAUSDT", "LINKUSDT", "LTCUSDT", "BNBUSDT"]
SHOWN = 5  # differences that are told in words
STEP = 0.5  # seconds between two looks at whether it is settled
ENDING = 90.0  # seconds that a trade may take to end in fine weather


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="chaos.run", description=__doc__)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--accounts", type=int, required=True)
    parser.add_argument("--broker", required=True)
    parser.add_argument("--faults", required=True, help="names, with commas")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--logs", type=Path, help="where to keep the logs of a failure")
    return parser.parse_args()


def main() -> None:
    options = parse()
    with World(seed=options.seed, broker=options.broker) as world:
        os.environ.update(world.own_environment)
        django.setup()
        Company(world, options).play()


class Company:
    """The accounts of one world, and the faults that they live through."""

    def __init__(self, world: World, options: argparse.Namespace) -> None:
        self.world = world
        self.options = options

    def play(self) -> None:
        from chaos.faults import FAULTS, can_run  # noqa: PLC0415 - after Django's setup

        author = self._prepare()
        for number, name in enumerate(self.options.faults.split(",")):
            fault = FAULTS[name]
            if not can_run(fault):
                self._write({"fault": name, "row": fault.row, "skipped": f"no {fault.needs}"})
                continue
            symbol = SYMBOLS[number % len(SYMBOLS)]
            result = self._live_through(fault, symbol, author)
            self._write(result)
            if not result["recovered"] or result["differences"]:
                self._keep_logs(name)
                return

    def _write(self, result: dict[str, object]) -> None:
        with self.options.out.open("a") as out:
            out.write(json.dumps({"seed": self.options.seed} | result) + "\n")

    def _keep_logs(self, name: str) -> None:
        if self.options.logs is None:
            return
        place = self.options.logs / f"{self.options.seed}-{name}"
        place.mkdir(parents=True, exist_ok=True)
        for log in self.world.directory.glob("*.log"):
            (place / log.name).write_text(log.read_text(errors="replace")[-200_000:])

    def _prepare(self) -> User:
        from django.core.management import call_command  # noqa: PLC0415 - after Django's setup
        from django.utils import timezone  # noqa: PLC0415

        from chaos.people import make_author, make_traders  # noqa: PLC0415
        from exchanges import services, vault  # noqa: PLC0415

        world = self.world
        vault.generate(world.directory / "vault.key", world.directory / "vault.pub")
        call_command("migrate", verbosity=0)
        now = timezone.now()
        services.refresh_instruments("bybit", "sandbox", now=now)
        self.keys = make_traders(self.options.accounts, world.exchange, SYMBOLS, now=now)
        author = make_author()
        self._start_platform()
        return author

    def _start_platform(self) -> None:
        from django.core.management import get_commands  # noqa: PLC0415 - after Django's setup

        world = self.world
        for name in ("worker-1", "worker-2"):
            world.start_worker(name)
        world.start_beat("beat")
        for name, command in (("sweeper", "run_sweeper"), ("stream", "run_stream")):
            if command in get_commands():
                world.start_command(name, command)

    # --- one fault -------------------------------------------------------------------------------

    def _live_through(self, fault: Fault, symbol: str, author: User) -> dict[str, object]:
        from chaos.stage import Stage  # noqa: PLC0415 - after Django's setup
        from chaos.trade import make_trade  # noqa: PLC0415
        from chaos.witness import StopWatch  # noqa: PLC0415

        options, world = self.options, self.world
        dice = random.Random(f"{options.seed}:{fault.name}")  # noqa: S311 - reproducible
        world.heal()
        self._refresh_balances()
        trade = make_trade(symbol, author, dice, shape=fault.shape)
        stage = Stage(world, trade, dice, options.accounts, self.keys)
        started = time.monotonic()
        recovered, found = False, ["nothing was published"]
        with StopWatch(world.exchange) as watch:
            try:
                fault.strike(stage)
                world.heal()
                recovered, found = self._settle(fault, stage)
                seconds = time.monotonic() - (stage.published_at or started)
                if recovered:
                    recovered, found = self._end(fault, stage)
            except Exception:  # noqa: BLE001 - it is told as what it is: the run's own failure
                seconds = time.monotonic() - started
                found = [f"the run itself failed: {traceback.format_exc(limit=-3)}"]
        found = [*stage.complaints, *watch.complaints(), *found, *self._bans(fault)]
        return {
            "fault": fault.name,
            "row": fault.row,
            "recovered": recovered,
            "seconds": round(seconds, 1),
            "differences": len(found),
            "whole_seconds": round(time.monotonic() - started, 1),
            "trade": f"{trade.draft.direction} {trade.shape}, {trade.ending}",
            "broker": options.broker,
            "accounts": options.accounts,
            "longest_without_stop": round(max(watch.longest.values(), default=0.0), 1),
            "told": found[:SHOWN],
        }

    def _settle(self, fault: Fault, stage: Stage) -> tuple[bool, list[str]]:
        """Wait until nothing is open and nothing differs; else what differed last."""
        from chaos.stage import when_it_answers  # noqa: PLC0415 - after Django's setup
        from chaos.witness import is_settled  # noqa: PLC0415

        return self._until(
            fault,
            stage,
            lambda: when_it_answers(lambda: is_settled(stage.trade), otherwise=False),
            fault.patience,
            is_end=False,
        )

    def _end(self, fault: Fault, stage: Stage) -> tuple[bool, list[str]]:
        """The trade ends in fine weather: now results and fees must be equal as well."""
        from chaos.witness import is_over  # noqa: PLC0415 - after Django's setup

        stage.trade.end(self.world.exchange)
        ended = self._until(fault, stage, lambda: is_over(stage.trade), ENDING, is_end=True)
        stage.trade.restore_price(self.world.exchange)
        return ended

    def _until(
        self, fault: Fault, stage: Stage, done: object, seconds: float, *, is_end: bool
    ) -> tuple[bool, list[str]]:
        from chaos.stage import when_it_answers  # noqa: PLC0415 - after Django's setup
        from chaos.witness import judge  # noqa: PLC0415

        deadline = time.monotonic() + seconds
        while True:
            left = deadline - time.monotonic()
            if self.world.wait(done, max(left, 0.1), every=STEP) is None:
                return False, [*self._unfinished(stage)]
            found = when_it_answers(
                lambda: judge(
                    stage.trade,
                    self.world.exchange,
                    accounts=self.options.accounts,
                    may_end=fault.may_end,
                    is_end=is_end,
                ),
                otherwise=["the database is away"],
            )
            if not found or time.monotonic() > deadline:
                return not found, found
            self.world.pause(STEP)

    def _unfinished(self, stage: Stage) -> list[str]:
        """Where the copies stand that should have come further."""
        from django.db.models import Count  # noqa: PLC0415 - after Django's setup

        from signals.models import Copy  # noqa: PLC0415

        rows = Copy.objects.filter(signal=stage.trade.stored).values_list("status", "reason")
        counts = rows.annotate(count=Count("pk")).order_by("status")
        return [f"it took too long: {count} {status} {reason}" for status, reason, count in counts]

    def _bans(self, fault: Fault) -> list[str]:
        """The exchange bans nobody who keeps its limits."""
        bans = self.world.exchange.get("requests")["bans"]
        before, self._banned = getattr(self, "_banned", 0), bans
        return [f"banned {bans - before} times"] if bans > before else []

    def _refresh_balances(self) -> None:
        """A trader's balance is fresh in production, where trades are hours apart."""
        from django.utils import timezone  # noqa: PLC0415 - after Django's setup

        from exchanges.models import Connection  # noqa: PLC0415

        Connection.objects.update(balance_at=timezone.now(), checked_at=timezone.now())


if __name__ == "__main__":
    sys.exit(main())
