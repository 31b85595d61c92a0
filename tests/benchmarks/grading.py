"""The same 60 submissions graded by ``cnncourse grade`` and by stock ``nbgrader autograde``, in turn.

    python -m tests.benchmarks.grading [--exercise 02_convolution] [--count 60] [--workers 2]

Answers are drawn from the exercise's bank. Both commands start cold, each in a course of its own with
nbgrader's default settings and an empty gradebook. Both end with grades and graded notebooks; ``cnncourse``
has written feedback pages, tables and statistics as well, stock nbgrader has drawn the figures of each
notebook. The trial of the model solution, once for each assignment, is timed by itself. Memory is what a
worker, its judge server and its fork server take, shared pages counted once; seconds of processors say what
bounds a run.
"""

import argparse
import json
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import nbformat

from cnncourse.grading.sandbox import watchdog
from tests.benchmarks.class_of_1000 import servers_of
from tests.exercises.course import Exercise, exercises

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Timed:
    """What a run took: seconds of the clock, seconds of all processors, bytes of memory."""

    seconds: float
    processors: float
    memory: int = 0


def submissions(exercise: Exercise, count: int) -> list[bytes]:
    """Write notebooks as students hand them in, each with an answer of the bank, and a name of its own."""
    released = nbformat.read(ROOT / "exercises" / exercise.stem / f"{exercise.stem}.ipynb", as_version=4)
    draw = random.Random(0)
    found = []
    for number in range(count):
        notebook = nbformat.from_dict(json.loads(json.dumps(released)))
        sources = exercise.sources(draw.choice(exercise.entries))
        answers = {cell.id for cell in exercise.cells("solution")}
        for cell in notebook.cells:
            if cell.id in answers:
                cell.source = sources[cell.id] + f"\n# {number}"
        found.append(nbformat.writes(notebook).encode())
    return found


def _processors() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def lay_out(course: Path, exercise: Exercise, raws: list[bytes]) -> None:
    """Write a course that knows nothing of this repository, and what was handed in."""
    shutil.copytree(exercise.notebook.parent, course / "source" / exercise.stem)
    config = "c = get_config()\nc.CourseDirectory.course_id = 'benchmark'\n"
    (course / "nbgrader_config.py").write_text(config)
    for number, raw in enumerate(raws):
        folder = course / "submitted" / f"s{number:04d}" / exercise.stem
        folder.mkdir(parents=True)
        (folder / f"{exercise.stem}.ipynb").write_bytes(raw)


def timed(course: Path, *words: str, look: bool = False) -> Timed:
    """Run a command in the course to its end; ``look`` measures its judge server now and then."""
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    start, before, most = time.monotonic(), _processors(), 0
    looked = start
    with (course / "log").open("wb") as log:
        command = [sys.executable, "-m", *words]
        process = subprocess.Popen(command, cwd=course, env=environment, stdout=log, stderr=log)
        while process.poll() is None:
            time.sleep(0.1)
            if look and time.monotonic() - looked > 5:  # not often: it takes the workers' time
                looked = time.monotonic()
                most = max([most, *(int(watchdog.memory(one.pid)) for one in servers_of(process.pid))])
    return Timed(time.monotonic() - start, _processors() - before, most)


def points(course: Path, exercise: Exercise, count: int) -> list[float]:
    """Read what the gradebook says of each submission."""
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{course / 'gradebook.db'}", "benchmark") as book:
        found = {one.student.id: one.score for one in book.assignment_submissions(exercise.stem)}
    return [found.get(f"s{number:04d}", float("nan")) for number in range(count)]


def show(name: str, took: Timed, count: int) -> None:
    """Print a line as soon as it is known."""
    each = f"{took.seconds / count:.2f} s, {took.processors / count:.2f} processor seconds each"
    hour = 3600 * count / took.seconds
    print(f"{name:10} {took.seconds:7.1f} s  {hour:7.0f} an hour  {each}", flush=True)


def main() -> None:
    """Run both, and print a table and what they took as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--exercise", default="02_convolution")
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--workers", type=int, default=2)
    chosen = parser.parse_args()
    exercise = next(e for e in exercises() if e.stem == chosen.exercise)
    raws = submissions(exercise, chosen.count)
    with tempfile.TemporaryDirectory(prefix="benchmark-") as name:
        ours, stock = Path(name, "ours"), Path(name, "stock")
        for course in (ours, stock):
            lay_out(course, exercise, raws)
            timed(course, "nbgrader", "generate_assignment", exercise.stem)  # makes the gradebook
        words = ["grade", exercise.stem, "--workers", str(chosen.workers)]
        trial = timed(ours, "cnncourse", "grade", exercise.stem, "--try")
        print(f"the model solution, once for each assignment: {trial.seconds:.1f} s", flush=True)
        mine = timed(ours, "cnncourse", *words, look=True)
        show("cnncourse", mine, len(raws))
        theirs = timed(stock, "nbgrader", "autograde", exercise.stem)
        show("nbgrader", theirs, len(raws))
        scores = [points(course, exercise, len(raws)) for course in (ours, stock)]
    times = theirs.seconds / mine.seconds
    equal = sum(a == b for a, b in zip(*scores, strict=True))
    print(f"{times:.1f} times as many an hour; the same points for {equal} of {len(raws)}")
    busy = mine.processors / mine.seconds
    print(f"{mine.memory >> 20} MiB for a worker; {busy:.1f} of {os.cpu_count()} processors busy on average")
    print(json.dumps({"cnncourse": asdict(mine), "nbgrader": asdict(theirs), "count": len(raws)}))


if __name__ == "__main__":
    main()
