"""`python -m chaos`: every fault with every seed; a table, `build/chaos.json`, and an exit code."""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from chaos.rabbitmq import Absent, find_program
from sandbox.stack.processes import spawn, stop

ROOT = Path(__file__).resolve().parents[1]
BUILD = ROOT / "build"
HEAD = f"{'fault':<32} {'row':<12} {'seed':>4} {'recovered':>9} {'seconds':>8} {'differences':>11}"
Result = dict[str, Any]


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seeds", type=int, default=1, help="so many seeds, from --seed on")
    parser.add_argument("--accounts", type=int, default=200)
    parser.add_argument("--broker", choices=["redis", "rabbitmq"], default="redis")
    parser.add_argument("--only", default="", help="names of faults, with commas")
    parser.add_argument("--short", action="store_true", help="the short set")
    parser.add_argument("--out", type=Path, default=BUILD / "chaos.json")
    return parser.parse_args()


def main() -> int:
    options = parse()
    if options.broker == "rabbitmq":
        try:
            find_program()
        except Absent as reason:
            print(f"skipped: {reason}")
            return 0
    names = _names(options)
    print(HEAD)
    results: list[Result] = []
    started = time.monotonic()
    for seed in range(options.seed, options.seed + options.seeds):
        play(names, seed, options, results)
    _write(options.out, results)
    failed = [result for result in results if not is_good(result)]
    skipped = sum("skipped" in result for result in results)
    print(
        f"{len(results) - len(failed) - skipped} recovered, {len(failed)} failed, {skipped} skipped"
        f" in {time.monotonic() - started:.0f} s"
    )
    return 1 if failed else 0


def _names(options: argparse.Namespace) -> list[str]:
    """What is to be run; asked of a child, because the list needs Django."""
    chosen = [name for name in options.only.split(",") if name]
    if chosen:
        return chosen
    kind = "--short" if options.short else "--all"
    answer = subprocess.run(
        [sys.executable, "-m", "chaos.listing", kind],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    return answer.stdout.split()


def play(names: list[str], seed: int, options: argparse.Namespace, results: list[Result]) -> None:
    """All faults with one seed, added to `results`; after a failure the rest gets a new world."""
    left = list(names)
    if seed > 1:  # what one fault leaves behind meets another one each time
        random.Random(seed).shuffle(left)
    while left:
        found = _one_world(left, seed, options, results)
        results += found
        left = left[len(found) :]


def _one_world(
    names: list[str], seed: int, options: argparse.Namespace, before: list[Result]
) -> list[Result]:
    """Play in a process of its own, showing each result as it comes; never none.

    What has been played so far is on file at any time: a run of hours may be cut.
    """
    with tempfile.TemporaryDirectory() as place:
        out = Path(place) / "results"
        out.touch()
        log = Path(place) / "log"
        with log.open("w") as said:
            child = spawn(
                [
                    *(sys.executable, "-m", "chaos.run", "--seed", str(seed)),
                    *("--accounts", str(options.accounts), "--broker", options.broker),
                    *("--faults", ",".join(names), "--out", str(out)),
                    *("--logs", str(BUILD / "chaos-logs"), *["--short"] * options.short),
                ],
                env=_clean_environment(),
                stdout=said.fileno(),
            )
        results: list[Result] = []
        try:
            while child.poll() is None:
                if _take_new(out, results):
                    _write(options.out, before + results)
                time.sleep(0.2)
        finally:
            stop(child, patience=60)
        _take_new(out, results)
        if results:
            return results
        told = log.read_text()[-3000:]
        print(told)
        return [_broken(names[0], seed, told)]


def _clean_environment() -> dict[str, str]:
    """A world has servers of its own, whatever the shell names."""
    names = ("DATABASE_URL", "REDIS_URL", "BROKER_URL", "PYTEST_XDIST_WORKER")
    return {name: value for name, value in os.environ.items() if name not in names}


def _broken(name: str, seed: int, told: str) -> Result:
    return {
        "seed": seed,
        "fault": name,
        "row": "",
        "recovered": False,
        "seconds": 0.0,
        "differences": 1,
        "told": [told.splitlines()[-1] if told else "the run said nothing"],
    }


def _take_new(out: Path, results: list[Result]) -> bool:
    """Show what has been played since the last look, and add it."""
    written = out.read_text()
    whole = written[: written.rfind("\n") + 1].splitlines()
    new = [json.loads(line) for line in whole[len(results) :]]
    for result in new:
        _show(result)
    results += new
    return bool(new)


def _show(result: Result) -> None:
    if "skipped" in result:
        print(f"{result['fault']:<32} skipped: {result['skipped']}", flush=True)
        return
    said = "yes" if result["recovered"] else "NO"
    print(
        f"{result['fault']:<32} {result['row']:<12} {result['seed']:>4} {said:>9}"
        f" {result['seconds']:>8.1f} {result['differences']:>11}",
        flush=True,
    )
    for told in result.get("told", []):
        print(f"    {told}", flush=True)


def is_good(result: Result) -> bool:
    return "skipped" in result or (result["recovered"] and not result["differences"])


def _write(out: Path, results: list[Result]) -> None:
    out.parent.mkdir(parents=True, exist_ok=True)
    played = [result for result in results if "skipped" not in result]
    out.write_text(json.dumps(played, indent=2) + "\n")


if __name__ == "__main__":
    sys.exit(main())
