"""Make the recorded runs that are missing or of an older recipe: ``python -m tools.records --budget 9m``.

Without a budget it only says what there is to do. With one it does what is worth most first, goes on where it
was cut off, and leaves all that came out in one folder, which ``--take`` brings into the book elsewhere. On a
GPU it begins with the GPU's tests and every chapter at full scale. Nothing is downloaded; the tree is enough:
``PYTHONPATH=. python3 -m tools.records --budget 9m --out FOLDER``.
"""

import argparse
import ast
import importlib.util
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from cnncourse.train import record
from cnncourse.train.planned import PLANNED, Run

ROOT = Path(__file__).resolve().parents[1]
BOOK = ROOT / "book"
REPORT = "report.json"
_TINY = ("epochs=1", "max_steps=4", "batch_size=8", "train_images=100", "val_fraction=0", "warmup=0")
SMOKE = (*_TINY, "compile=false")
GRACE = 45  # seconds in which a run that was interrupted may write its checkpoint


@dataclass(frozen=True)
class Job:
    """Something to do.

    Attributes:
        name: that of a record, or of a check.
        command: what is run in the root, and the minutes it takes.
        state: why it is to be done.
        needs: a module that the command cannot do without.
        goes_on: it may be cut off, and goes on from there the next time.
    """

    name: str
    command: list[str]
    minutes: float
    state: str
    needs: str = ""
    goes_on: bool = False


def kind_of_device() -> str:
    """Name the kind of device that runs are made on here."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def minutes_of(text: str) -> float:
    """Read a budget.

    Raises:
        argparse.ArgumentTypeError: it is no time.

    Example:
        >>> minutes_of("9m"), minutes_of("90s"), minutes_of("1h"), minutes_of("5")
        (9.0, 1.5, 60.0, 5.0)
    """
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smh]?)", text)
    if match is None:
        raise argparse.ArgumentTypeError(f"expected a time such as 9m, got {text!r}")
    return float(match[1]) * {"s": 1 / 60, "m": 1, "": 1, "h": 60}[match[2]]


def measured(out: Path, kind: str) -> dict[str, float]:
    """Say how many minutes jobs have taken here before."""
    lines = read_report(out)
    return {
        line["name"]: line["minutes"] for line in lines if line["result"] == "done" and line["kind"] == kind
    }


def read_report(out: Path) -> list[dict[str, Any]]:
    """Read what earlier calls did in a folder; nothing where there were none."""
    path = out / REPORT
    return list(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else []


def checks(kind: str, smoke: bool) -> Iterator[Job]:
    """List what comes first on a GPU: its tests, every chapter in full, the race beside its rival."""
    if kind != "cuda" and not smoke:
        return
    tests = (ROOT / "tests").rglob("test_*.py")
    names = [str(path) for path in tests if "mark.gpu" in path.read_text("utf-8")]
    pytest = [sys.executable, "-m", "pytest", "-q", "-m", "gpu", "-o", "addopts=--import-mode=importlib"]
    yield Job("gpu-tests", [*pytest, *sorted(names)], 0 if smoke else 1, "a check", needs="pytest")
    for path in sorted(BOOK.glob("[0-9][0-9]_*.ipynb")):
        command = [sys.executable, "-m", "tools.records", "--chapter", str(path.relative_to(ROOT))]
        yield Job(f"chapter-{path.stem}", command, 0 if smoke else 0.5, "a check", needs="matplotlib")
    rival = os.environ.get("AIRBENCH")  # its source: book/assets/runs/benchmark-race94.json
    if rival and kind == "cuda":
        command = [sys.executable, "-m", "tests.benchmarks.races", "--beside", rival]
        yield Job("race94-beside-airbench", command, 2, "a check", needs="typer")


def runs(kind: str, out: Path, smoke: bool) -> Iterator[Job]:
    """List the runs whose records are wanted and can be made on this kind of device, most wanted first."""
    known = measured(out, kind)
    for run in PLANNED.values():
        state, minutes = run.state(), run.minutes.get(kind, 0)
        if smoke or (minutes and state != "recorded" and run.name not in known):
            yield Job(run.name, command_of(run, kind, out, smoke), minutes, state, "typer", goes_on=True)


def command_of(run: Run, kind: str, out: Path, smoke: bool) -> list[str]:
    """Write down how a record is made: in the folder, on this device, going on where it was stopped."""
    command = [sys.executable, "-m", "cnncourse", "train", *run.words, "--device", kind, "--resume"]
    if smoke:
        command += [word for change in SMOKE for word in ("--set", change)] + ["--data", "shapes10"]
    return [*command, "--out", str(out / f"{'smoke-' if smoke else ''}{run.name}.json")]


def _hear_interrupts() -> None:
    """What is started in the background of a shell is deaf to interrupts, and so is all that it starts."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def done(job: Job, until: float, log: Path) -> str:
    """Do a job, or as much of it as there is time for.

    Args:
        job: what to do.
        until: when to stop it, by ``time.monotonic``.
        log: the file for all that it says.

    Returns:
        ``"done"``, ``"cut off"``, or ``"failed"``.
    """
    with log.open("w", encoding="utf-8") as file:
        process = subprocess.Popen(
            job.command, cwd=ROOT, stdout=file, stderr=subprocess.STDOUT, preexec_fn=_hear_interrupts
        )
        try:
            process.wait(max(1.0, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(GRACE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            return "cut off"
        return "failed" if process.returncode else "done"


def work(jobs: Sequence[Job], budget: float, out: Path, kind: str) -> int:
    """Do jobs in their order while the budget lasts, and keep a report of them in the folder.

    A job that could not end in time is begun only if it can go on later; none else takes thrice its time.

    Returns:
        How many failed.
    """
    out.mkdir(parents=True, exist_ok=True)
    until, report = time.monotonic() + 60 * budget, read_report(out)
    device = record.device_name(torch.device(kind))
    for job in jobs:
        began = time.monotonic()
        left = (until - began) / 60
        if job.needs and importlib.util.find_spec(job.needs) is None:
            result = f"failed: {job.needs} is not installed here"
        elif left <= 0.1 or (job.minutes > left and not job.goes_on):
            result = "not begun"
        else:
            end = until if job.goes_on or not job.minutes else min(until, began + 180 * job.minutes)
            result = done(job, end, out / f"{job.name}.log")
        minutes = round((time.monotonic() - began) / 60, 2)
        line = {"name": job.name, "result": result, "minutes": minutes, "kind": kind, "device": device}
        report = [*(old for old in report if (old["name"], old["kind"]) != (job.name, kind)), line]
        (out / REPORT).write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
        print(f"{job.name:<40} {result} · {minutes:g} min", flush=True)
        if result == "failed":
            print(
                "  " + "\n  ".join((out / f"{job.name}.log").read_text("utf-8").splitlines()[-8:]), flush=True
            )
    names = {job.name for job in jobs}
    return sum(line["result"].startswith("failed") for line in report if line["name"] in names)


def take(folder: Path) -> int:
    """Bring the records of a folder into the book and count them; what was cut off stays in the folder."""
    taken = [path for path in sorted(folder.glob("*.json")) if path.stem in PLANNED]
    for path in taken:
        made = json.loads(path.read_text(encoding="utf-8"))
        shutil.copy(path, BOOK / "assets" / "runs" / path.name)
        accuracy = 100 * made["test_accuracy"]["mean"]
        print(f"{path.stem:<40} {accuracy:.2f} % · {made['device']} · commit {made['commit']}")
    return len(taken)


def run_chapter(path: Path) -> None:
    """Run a chapter's code in this process, cell by cell, as a notebook would; IPython is not needed.

    Raises:
        SystemExit: a cell failed that was not to; its id and the error are printed.
    """
    os.chdir(path.resolve().parent)
    space: dict[str, Any] = {"__name__": "__main__", "display": print}
    for cell in json.loads(Path(path.name).read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] != "code":
            continue
        source = re.sub(r"^(\s*)[%!].*", r"\1pass", "".join(cell["source"]), flags=re.MULTILINE)
        try:
            exec(compile(ast.parse(source), cell["id"], "exec"), space)
        except Exception:
            if "raises-exception" not in cell["metadata"].get("tags", []):
                traceback.print_exc()
                raise SystemExit(f"{path.stem}: the cell {cell['id']} failed") from None


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the command line and do what it says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--budget", type=minutes_of, help="make them, within this time: 9m, 90s, 1h")
    parser.add_argument("--out", type=Path, default=ROOT / "_build" / "records", help="the folder for all")
    parser.add_argument("--smoke", action="store_true", help="everything on a few pictures, to try it out")
    parser.add_argument("--take", type=Path, metavar="FOLDER", help="bring its records into the book")
    parser.add_argument("--chapter", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.chapter:
        run_chapter(options.chapter)
        return 0
    if options.take:
        return int(take(options.take) == 0)
    kind, out = kind_of_device(), options.out.resolve()
    os.environ |= {"CNNCOURSE_SCALE": "smoke" if options.smoke else "full", "MPLBACKEND": "agg"}
    os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    jobs = [*checks(kind, options.smoke), *runs(kind, out, options.smoke)]
    if options.budget is not None:
        return int(work(jobs, options.budget, out, kind) > 0)
    known = measured(out, kind)
    for job in jobs:
        print(f"{job.name:<40} {job.state} · {known.get(job.name, job.minutes):g} min here")
    for run in PLANNED.values():
        if kind not in run.minutes and run.state() != "recorded":
            print(f"{run.name:<40} {run.state()} · waits for {' or '.join(run.minutes)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
