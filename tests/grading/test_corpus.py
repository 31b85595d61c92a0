"""Hostile and broken submissions, graded as one batch: each verdict is the one that its file says.

Between them are right answers, which none of them may disturb; and the machine is looked at before and after.
"""

import hashlib
import os
import re
import sys
import tomllib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import torch

import cnncourse
from cnncourse.grading.job import Job
from cnncourse.grading.judge import client
from cnncourse.grading.report import Report
from tests.grading.conftest import SMALL
from tests.grading.corpus import damage
from tests.grading.course import ASSIGNMENT, released

CORPUS = Path(__file__).parent / "corpus"
CANARY = "cnn-canary"
TWICE = ("nan", "right", "segfault", "noise")
EVERY = 12  # as many hostile submissions between two right ones


@dataclass(frozen=True)
class Case:
    """A submission, and what it must come to."""

    name: str
    about: str
    passed: list[str]
    state: str = "graded"
    says: str = ""
    flag: str = ""
    repair: str = ""
    damage: str = "none"
    answers: dict[str, str] = field(default_factory=dict)

    @property
    def raw(self) -> bytes:
        return getattr(damage, self.damage)(released(**self.answers))


def read(path: Path) -> Case:
    known = tomllib.loads(path.read_text(encoding="utf-8"))
    answers = {name: known.pop(name).strip("\n") for name in ("answer", "total") if name in known}
    return Case(path.stem, answers=answers, **known)


CASES = [read(path) for path in sorted(CORPUS.glob("*.toml"))]
RIGHT = next(case for case in CASES if case.name == "right")


@dataclass
class Batch:
    reports: dict[str, list[Report]]
    neighbours: list[Report]
    before: dict[str, object]
    after: dict[str, object]


@pytest.fixture(scope="module")
def batch(bwrap, tmp_path_factory):
    """Everything graded at once, two at a time, below a course with a gradebook and other submissions."""
    course = tmp_path_factory.mktemp("course")
    for name in ("gradebook.db", "grading/submitted/ada/twice/twice.ipynb", "solutions/twice/twice.ipynb"):
        (course / name).parent.mkdir(parents=True, exist_ok=True)
        (course / name).write_text(CANARY)
    before = machine(course)
    todo = [
        case
        for number, case in enumerate(CASES)
        for case in ([RIGHT] if number % EVERY == 0 else []) + [case]
    ]
    todo += [case for case in CASES if case.name in TWICE]
    with ThreadPoolExecutor(2) as threads:
        graded = list(threads.map(grade, todo))
    folder = client._processes[0].folder
    client.close()
    reports: dict[str, list[Report]] = {case.name: [] for case in CASES}
    for case, report in zip(todo, graded, strict=True):
        reports[case.name].append(report)
    neighbours = [report for case, report in zip(todo, graded, strict=True) if case is RIGHT]
    return Batch(reports, neighbours, before, machine(course) | {"left": left_of(folder)})


def grade(case: Case) -> Report:
    return client.grade_submission(Job(ASSIGNMENT, SMALL), case.raw, student=case.name)


def machine(course: Path) -> dict[str, object]:
    """What hostile submissions try to change, as it is now."""
    places = ["/tmp", "/var/tmp", "/dev/shm", "/", "/etc", "/usr", str(Path.home()), os.getcwd()]
    listed = {place: [name for name in os.listdir(place) if CANARY in name] for place in places}
    system = (cnncourse.__file__, torch.__file__, os.__file__, sys.executable, "/etc/passwd")
    files = [*course.rglob("*"), *map(Path, system)]
    hashes = {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files if path.is_file()}
    sockets = [
        line for line in Path("/proc/net/unix").read_text(encoding="utf-8").splitlines() if CANARY in line
    ]
    ports = [
        line
        for line in Path("/proc/net/tcp").read_text(encoding="utf-8").splitlines()
        if f":{45671:04X}" in line
    ]
    return {"canaries": listed, "files": hashes, "sockets": sockets, "ports": ports}


def left_of(folder: Path) -> list[str]:
    """Processes that still run in a folder's sandbox, and the folder itself."""
    found = [str(folder)] if folder.exists() else []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            texts = (process / "mountinfo").read_text(), (process / "cmdline").read_text()
        except OSError:
            continue
        found += [process.name] if any(str(folder) in text for text in texts) else []
    return found


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_verdict_is_the_one_in_the_file(batch, case):
    report = batch.reports[case.name][0]
    story = f"{case.about}\n{report}"
    assert report.state == case.state, story
    assert [cell.cell for cell in report.cells if cell.state == "passed"] == case.passed, story
    assert report.points == sum({"double-value": 2, "total-value": 1}[cell] for cell in case.passed)
    assert len(report.cells) == 3, story
    assert all(cell.reason for cell in report.cells if cell.state != "passed"), story
    said = "\n".join([report.reason, *(f"{cell.reason}\n{cell.text}" for cell in report.cells)])
    assert re.search(case.says, said), story
    assert re.search(case.flag, "\n".join(report.flags)), story
    assert re.search(case.repair, "\n".join(report.repairs)), story
    assert Report.from_json(report.to_json()) == report


def test_there_are_enough():
    assert len(CASES) >= 66


def test_right_answers_beside_them_keep_their_points(batch):
    assert [report.points for report in batch.neighbours] == [3.0] * len(batch.neighbours)
    assert len(batch.neighbours) >= len(CASES) // EVERY


def test_the_machine_is_as_it_was(batch):
    assert batch.after.pop("left") == []
    assert batch.after == batch.before


@pytest.mark.parametrize("name", TWICE)
def test_once_more_gives_the_same(batch, name):
    first, *others = batch.reports[name]
    assert others
    assert others == [first] * len(others)
