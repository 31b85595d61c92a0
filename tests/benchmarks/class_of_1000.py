"""A class of 1,000 while judge servers and the run are killed; and how the time grows with the class.

    python -m tests.benchmarks.class_of_1000 killed --count 1000 --every 20 --kills 2 [--stub SECONDS]
    python -m tests.benchmarks.class_of_1000 growth --counts 10 100 1000 [--stub SECONDS]

Everything is real: lock, backup, journal, judge servers, gradebook, graded notebooks. With ``--stub`` only
the grading of one submission is not: it sleeps for so long, and its points come from the submission's seed.
``tests/grading/batch/test_killed_runs.py`` does the same in small.
"""

import argparse
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import psutil

from cnncourse.grading.assignment import Assignment
from cnncourse.grading.batch import lock, runner
from cnncourse.grading.batch.journal import Journal
from cnncourse.grading.batch.task import GradeFunction
from cnncourse.grading.job import Job
from cnncourse.grading.judge import protocol
from cnncourse.grading.records import gradebook
from cnncourse.grading.records.backup import backup
from cnncourse.grading.repair import repair
from tests.grading import classroom
from tests.grading.stub import StubGrade

ROOT = Path(__file__).parents[2]
ANSWERS = [
    {},
    {"double_answer": "def double(x):\n    return x + 2"},
    {"double_answer": "def double(x):\n    return x.mul_(2)"},
    {"count_answer": "def count(x):\n    return len(x)"},
    {"count_answer": "def count(x):\n    raise NotImplementedError"},
    {"count_answer": "def count(x:\n    return x.numel()"},
]


@dataclass(frozen=True)
class Timed:
    """A run in seconds: until the first report, from there to the last one, and of all processors so far."""

    count: int
    first: float
    rest: float
    processors: float


@dataclass(frozen=True)
class Work:
    """A submission: made anew each time it is read, alike each time."""

    number: int

    @property
    def student(self) -> str:
        return f"s{self.number:04}"

    def raw(self) -> bytes:
        answers = ANSWERS[self.number % len(ANSWERS)]
        return classroom.raw(classroom.answered(setup=f"import torch  # {self.student}", **answers))


def master(root: Path, count: int, workers: int, seconds: float | None, db: str | None = None) -> Timed:
    """Do one run, as the command does."""
    course, assignment = classroom.opened(root, db)
    if seconds is None:
        from cnncourse.grading.judge import client

        grade: GradeFunction = client.grade_submission
    else:
        grade = StubGrade(root / "graded.log", seconds, tuple(classroom.POINTS.items()))
    times = [time.perf_counter()]
    with lock.hold(course.grading / "grade.lock"), Journal(root / "journal.jsonl") as journal:
        backup(course.db_url, course.grading / "backups")
        with gradebook.opened(course) as book:
            gradebook.add_assignment(course, book, assignment)
            works = {work.student: work for work in map(Work, range(count))}
            reports = runner.run(
                Job(assignment), works.values(), journal=journal, grade=grade, workers=workers
            )
            for report in reports:
                notebook = mended(works[report.student].raw(), assignment)
                gradebook.write(course, book, assignment, report, notebook, datetime(2026, 1, 1))
                times.append(time.perf_counter())
    return Timed(count, times[1] - times[0], times[-1] - times[1], sum(os.times()[:4]))


def mended(raw: bytes, assignment: Assignment) -> object:
    return repair.repair(raw, assignment.notebook).notebook


def start(root: Path, count: int, workers: int, seconds: float | None) -> subprocess.Popen[bytes]:
    """Start a run in a process of its own."""
    words = [sys.executable, "-m", __spec__.name if __spec__ else "tests.benchmarks.class_of_1000", "run"]
    words += ["--root", str(root), "--counts", str(count), "--workers", str(workers)]
    words += [] if seconds is None else ["--stub", str(seconds)]
    return subprocess.Popen(words, cwd=ROOT, start_new_session=True)


def servers_of(pid: int) -> list[psutil.Process]:
    """Find the judge servers below a run, not the copies that they make of themselves."""
    try:
        return [p for p in psutil.Process(pid).children() if protocol.SERVER in p.cmdline()]
    except psutil.Error:
        return []


@dataclass
class Disturbance:
    """What was killed in a run, and how often it had to be started."""

    servers: list[psutil.Process] = field(default_factory=list)
    runs: int = 0

    @property
    def alive(self) -> int:
        """How many processes have outlived their death."""
        return sum(process.is_running() for process in self.servers)


def disturbed(
    root: Path,
    count: int,
    workers: int,
    seconds: float | None,
    due: Callable[[int], bool],
    kills: int,
) -> Disturbance:
    """Run until it ends by itself.

    Args:
        root: the class's folder.
        count: how many submissions.
        workers: how many at a time.
        seconds: as for ``master``.
        due: told how many servers were killed so far, says whether it is time for the next one.
        kills: how often the run itself is killed, at even parts of the way.
    """
    done = Disturbance()
    for number in range(kills + 1):
        process = start(root, count, workers, seconds)
        done.runs += 1
        goal = count * (number + 1) / (kills + 1)
        while process.poll() is None and (number == kills or recorded(root) < goal):
            alive = servers_of(process.pid)
            if alive and due(len(done.servers)):
                done.servers.append(alive[len(done.servers) % len(alive)])
                done.servers[-1].kill()
            time.sleep(0.05)
        if number < kills:
            process.send_signal(signal.SIGKILL)
        status = process.wait()
        assert status == (0 if number == kills else -signal.SIGKILL), f"run {number} ended with {status}"
    return done


def clock(every: float) -> Callable[[int], bool]:
    """Say when the next server is to be killed: every so many seconds."""
    begin = time.monotonic()
    return lambda killed: time.monotonic() - begin > every * (killed + 1)


def recorded(root: Path) -> int:
    path = root / "journal.jsonl"
    return path.read_bytes().count(b"\n") if path.exists() else 0


def contents(root: Path, db: str | None = None) -> dict[str, list[str]]:
    """All that the gradebook holds, but for the random names of its rows; and what graded notebooks hold."""
    from nbgrader.api import BaseCell, Comment, Grade, Student, SubmittedAssignment, SubmittedNotebook
    from sqlalchemy import create_engine, select

    course, _ = classroom.opened(root, db)
    whose = (SubmittedAssignment.student_id, BaseCell.name)
    marks = (Grade.auto_score, Grade.manual_score, Grade.extra_credit, Grade.needs_manual_grade)
    notes = (SubmittedNotebook.late_submission_penalty, SubmittedAssignment.timestamp)
    queries = {
        "grades": select(*whose, *marks, *notes)
        .select_from(Grade)
        .join(BaseCell, Grade.cell_id == BaseCell.id),
        "comments": select(*whose, Comment.auto_comment, Comment.manual_comment)
        .select_from(Comment)
        .join(BaseCell, Comment.cell_id == BaseCell.id),
    }
    for name in queries:
        queries[name] = queries[name].join(SubmittedNotebook).join(SubmittedAssignment)
    queries["students"] = select(Student.id, Student.first_name, Student.last_name)
    queries["cells"] = select(BaseCell.name, BaseCell.type)
    engine = create_engine(course.db_url)
    with engine.connect() as link:
        found = {name: sorted(map(repr, link.execute(query))) for name, query in queries.items()}
    engine.dispose()
    notebooks = course.grading.glob("autograded/*/*/*.ipynb")
    found["notebooks"] = sorted(
        f"{p.parts[-3]} {hashlib.sha256(p.read_bytes()).hexdigest()}" for p in notebooks
    )
    return found


def verdicts(root: Path) -> Counter[str]:
    """Count the verdicts on each student in the journal."""
    lines = (root / "journal.jsonl").read_bytes().splitlines()
    return Counter(json.loads(line.partition(b" ")[2])["student"] for line in lines)


def leftovers(since: float) -> dict[str, int]:
    """Count processes of graders, and their temporary folders, that have outlived their run."""
    mine = [p for p in psutil.process_iter(["cmdline", "create_time"]) if p.info["create_time"] >= since]
    words = [" ".join(p.info["cmdline"] or []) for p in mine]
    folders = [p for p in Path(tempfile.gettempdir()).glob("cnn-*") if p.stat().st_mtime >= since]
    marks = ("spawn_main", "cnncourse.grading", "bwrap")
    return {"processes": sum(any(mark in word for mark in marks) for word in words), "folders": len(folders)}


def show_growth(arguments: argparse.Namespace) -> None:
    """Time classes of several sizes, each in a new folder."""
    print(f"{'submissions':>12}{'first after':>12}{'the rest':>10}{'each':>8}{'CPU each':>10}  (seconds)")
    before = 0.0
    for count in arguments.counts:
        with tempfile.TemporaryDirectory(prefix="class-") as folder:
            root = classroom.lay_out(Path(folder))
            timed = master(root, count, arguments.workers, arguments.stub)
        cpu, before = timed.processors - before, timed.processors
        each = timed.rest / max(count - 1, 1)
        print(
            f"{count:>12}{timed.first:>12.1f}{timed.rest:>10.1f}{each:>8.3f}{cpu / count:>10.3f}", flush=True
        )


def show_killed(arguments: argparse.Namespace) -> None:
    count, began = arguments.counts[0], time.time()
    folder = Path(tempfile.mkdtemp(prefix="class-"))
    calm, wild = folder / "calm", folder / "wild"
    for root in (calm, wild):
        root.mkdir()
        classroom.lay_out(root)
    began_calm = time.perf_counter()
    status = start(calm, count, arguments.workers, arguments.stub).wait()
    assert status == 0, f"the undisturbed run ended with {status}"
    print(f"undisturbed: {count} submissions, {time.perf_counter() - began_calm:.0f} s", flush=True)
    began_wild = time.perf_counter()
    due = clock(arguments.every)
    done = disturbed(wild, count, arguments.workers, arguments.stub, due, arguments.kills)
    print(
        f"disturbed: {time.perf_counter() - began_wild:.0f} s, {len(done.servers)} judge servers killed "
        f"(one every {arguments.every:g} s), the run killed {done.runs - 1} times"
    )
    expected, got = contents(calm), contents(wild)
    for name in expected:
        same = "the same" if expected[name] == got[name] else "DIFFERENT"
        print(f"  {name:<10} {len(got[name]):>6} rows, {same}")
    twice = [student for student, number in verdicts(wild).items() if number != 1]
    print(f"  journal    {len(verdicts(wild)):>6} verdicts, {len(twice)} of them more than once")
    time.sleep(3)
    print(f"  left over: {leftovers(began)}")
    if expected != got or twice or len(verdicts(wild)) != count:
        sys.exit(f"they differ: see {folder}")
    shutil.rmtree(folder)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=["killed", "growth", "run"])
    parser.add_argument("--counts", "--count", type=int, nargs="+", default=[1000])
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    parser.add_argument(
        "--stub", type=float, help="seconds that a submission takes; without it, it is graded"
    )
    parser.add_argument("--every", type=float, default=20, help="seconds between two servers' deaths")
    parser.add_argument("--kills", type=int, default=2, help="how often the run is killed")
    parser.add_argument("--root", type=Path, help="for run: the class's folder")
    arguments = parser.parse_args()
    if arguments.what == "run":
        master(arguments.root, arguments.counts[0], arguments.workers, arguments.stub)
    else:
        {"killed": show_killed, "growth": show_growth}[arguments.what](arguments)


if __name__ == "__main__":
    main()
