"""`python -m chaos.run`: one world, some faults one after the other, a line of JSON for each.

It ends early after a fault that was not survived well: the next one needs a world of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from pathlib import Path

import django

from chaos.world import World


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="chaos.run", description=__doc__)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--accounts", type=int, required=True)
    parser.add_argument("--broker", required=True)
    parser.add_argument("--faults", required=True, help="names, with commas")
    parser.add_argument("--short", action="store_true", help="with leases of the shortest")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--logs", type=Path, help="where to keep the logs of a failure")
    return parser.parse_args()


def main() -> None:
    options = parse()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # every `with` is left
    with World(seed=options.seed, broker=options.broker, is_short=options.short) as world:
        os.environ.update(world.own_environment)
        django.setup()
        from chaos.company import Company  # the world's servers must be known before Django is

        company = Company(world, options.seed, options.accounts, options.logs)
        for result in company.play(options.faults.split(",")):
            with options.out.open("a") as out:
                out.write(json.dumps({"seed": options.seed, "broker": options.broker} | result))
                out.write("\n")


if __name__ == "__main__":
    main()
