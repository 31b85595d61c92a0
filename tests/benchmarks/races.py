"""What the recorded races reached, beside the aims: ``python -m tests.benchmarks.races``.

Reads records and trains nothing; ``make records`` makes what is missing. With ``--beside airbench94_muon.py``
it runs race94 and that script one after the other on this GPU, twice, and compares their times.
"""

import json
import re
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from cnncourse.errors import DataError
from cnncourse.train import record

AIMS = {"cpu-1min": (1, 0.78), "cpu-3min": (3, 0.84), "cpu-10min": (10, 0.89), "race94": (None, 0.94)}
"""Minutes and test accuracy."""


def recorded(name: str) -> dict[str, Any] | None:
    """Return a record, or None if that race has not been run."""
    try:
        return record.read(name)
    except DataError:
        return None


def row(name: str, run: dict[str, Any] | None, aim: str = "") -> str:
    """Write a line of the table."""
    if run is None:
        return f"{name:<22}{aim:>6}   not run yet"
    accuracy, seconds = run["test_accuracy"], run["seconds"]["mean"]
    spread = "" if accuracy["std"] is None else f" ± {100 * accuracy['std']:.2f}"
    return (
        f"{name:<22}{aim:>6}{100 * accuracy['mean']:>8.2f}{spread:<7} %{seconds:>9.1f} s  "
        f"{len(run['seeds'])} seeds · {run['data']['variant']} · {run['device']}"
    )


def beside(script: Path) -> None:
    """Time race94 and airbench94_muon in turns: seconds of a run, and their ratio (goal: 0.75)."""
    ours: list[float] = []
    theirs: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        for turn in range(2):
            path = Path(folder) / f"race94-{turn}.json"
            words = ["train", "race94", "--runs", "5", "--seed", str(5 * turn), "--out", str(path)]
            subprocess.run([sys.executable, "-m", "cnncourse", *words], check=True)
            ours += json.loads(path.read_text(encoding="utf-8"))["race_seconds"]["each"]
            said = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True).stdout
            theirs += [float(row.split("|")[-2]) for row in re.findall(r"^\|.*\beval\b.*\|\s*$", said, re.M)]
    mine, other = statistics.mean(ours), statistics.mean(theirs)
    print(f"race94 {mine:.3f} s · airbench94_muon {other:.3f} s · ratio {mine / other:.3f}")


def main() -> None:
    """Print every race, and the notes' recipe that was given the same minutes."""
    if sys.argv[1:2] == ["--beside"]:
        return beside(Path(sys.argv[2]))
    for name, (minutes, aim) in AIMS.items():
        run = recorded(name)
        print(row(name, run, f"{100 * aim:.0f} %"))
        if minutes is None:
            continue
        rival = recorded(f"notes-cifar10-{minutes}min")
        print(row(f"  notes, {minutes} min", rival))
        if run and rival:
            ahead = run["test_accuracy"]["mean"] - rival["test_accuracy"]["mean"]
            print(f"  ahead by {100 * ahead:.1f} points")


if __name__ == "__main__":
    main()
