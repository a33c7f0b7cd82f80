"""`python -m benchmarks [B1 B2 …]`: measure, print, and write `build/bench.json`."""

from __future__ import annotations

import json
import sys

from benchmarks import stage  # first: it sets the environment

from benchmarks import cost, fan_out, limits, overtaking  # isort: skip

PARTS = {
    "B1": fan_out.measure,
    "B2": limits.measure,
    "B4": cost.measure,
    "B5": overtaking.measure,
}


def main() -> None:
    wanted = sys.argv[1:] or list(PARTS)
    author, results = stage.prepare(), {}
    for name, measure in PARTS.items():
        if name in wanted:
            results |= measure(author)
            print(json.dumps(results, indent=2), flush=True)
    build = stage.ROOT / "build"
    build.mkdir(exist_ok=True)
    (build / "bench.json").write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
