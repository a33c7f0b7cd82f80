"""`python -m benchmarks [B1 B2 …]`: measure each part on services of its own, one after the other.

Writes `build/bench.json`, where parts that are not asked for keep their former figures, and
`build/bench.md`: the table of docs/performance.md.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BUILD = ROOT / "build"
PARTS = {
    "B1": "fan_out",  # and B3
    "B2": "limits",
    "B4": "cost",
    "B5": "overtaking",
    "B6": "streams",
    "B7": "publish",
    "B8": "health",
    "B9": "linking",
    "fairness": "fairness",
    "RSA": "signing",
}


def main() -> None:
    wanted = sys.argv[1:] or list(PARTS)
    BUILD.mkdir(exist_ok=True)
    known = BUILD / "bench.json"
    results = json.loads(known.read_text()) if known.exists() else {}
    for name in wanted:
        results |= measure(name)
        print(json.dumps(results, indent=2), flush=True)
        known.write_text(json.dumps(results, indent=2) + "\n")
    (BUILD / "bench.md").write_text(table(results))


def measure(name: str) -> dict[str, dict[str, object]]:
    """Run one part in a process, with PostgreSQL and Valkey that nothing else has used."""
    module, found = PARTS[name], BUILD / f"bench-{name}.json"
    found.unlink(missing_ok=True)
    command = [sys.executable, "-m", "sandbox.stack", "services", "--", sys.executable, "-c"]
    code = (
        f"import json, pathlib; from benchmarks import {module} as part;"
        f"pathlib.Path({str(found)!r}).write_text(json.dumps(part.measure()))"
    )
    subprocess.run([*command, code], cwd=ROOT, check=True)
    result = json.loads(found.read_text())
    found.unlink()
    return result if name in result else {name: result}


def table(results: dict[str, dict[str, object]]) -> str:
    rows = ["| part | figure | measured |", "|---|---|---|"]
    for part, figures in results.items():
        for name, value in figures.items():
            rows.append(f"| {part} | {name.replace('_', ' ')} | {_shown(value)} |")
    return "\n".join(rows) + "\n"


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {figure}" for name, figure in value.items())
    return str(value)


if __name__ == "__main__":
    main()
