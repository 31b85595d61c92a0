"""Before a class is graded, the assignment is: its own solution must get all points, an open one none.

A cell that gives the solution no points is tried again in the student's process, for some tests need the
student's own objects. The instructor is told which cells these are, and decides: see ``accept``.
"""

import json
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from cnncourse.errors import CourseError
from cnncourse.files import replace_file
from cnncourse.grading import cells
from cnncourse.grading import source as notebooks
from cnncourse.grading.assignment import Assignment
from cnncourse.grading.job import Job
from cnncourse.grading.looks import looking_at_inputs
from cnncourse.grading.repair.repair import blank
from cnncourse.grading.report import CellReport, Report

if TYPE_CHECKING:
    from nbformat import NotebookNode

GradeFunction = Callable[..., Report]
_SOLUTION, _OPEN = "the solution", "as students get it"
_LINES = 4


class TrialFailed(CourseError):  # noqa: N818 - says what became of the trial
    """The assignment cannot be graded as it is; the message names the cells and what to do."""


@dataclass(frozen=True)
class Fault:
    """A cell that does not do what it should.

    Attributes:
        cell: its grade_id.
        kind: ``"beside"`` for one that passes in the student's process only, ``"broken"`` for one that the
            solution never passes, ``"free"`` for one that gives points to a notebook without an answer.
        points: what it is worth.
        said: why, a line or more; the first has the cell's own line where it stopped.
    """

    cell: str
    kind: Literal["beside", "broken", "free"]
    points: float
    said: tuple[str, ...] = ()


@dataclass(frozen=True)
class Trial:
    """What an assignment's own solution, and the notebook as students get it, came to.

    Attributes:
        assignment: as it was tried first.
        points: what the solution got.
        max_points: what the tests can give.
        cells: how many cells of tests there are.
        beside: those that are judged in the student's process already.
        faults: what is to be put right or accepted.
    """

    assignment: Assignment
    points: float
    max_points: float
    cells: int
    beside: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()

    def of(self, kind: str) -> tuple[Fault, ...]:
        """The faults of a kind."""
        return tuple(fault for fault in self.faults if fault.kind == kind)


def try_out(job: Job, grade: GradeFunction) -> Trial:
    """Grade an assignment's own solution, and the notebook as students get it.

    Args:
        job: with the assignment.
        grade: grades one submission: ``grade(job, raw, student=…)``.

    Raises:
        CourseError: nothing can be graded here.
    """
    assignment = job.assignment
    notebook = assignment.notebook
    tests = [cells.grade_id(cell) for cell in notebook.cells if cells.role(cell) == "test"]
    model = _raw(solved(notebook))
    if not tests:
        return Trial(assignment, 0.0, 0.0, 0)
    report = _graded(grade(job, model, student=_SOLUTION), tests)
    looks = looking_at_inputs(notebook)
    first, failed = report, _failed(report) | (looks.keys() - _marked(assignment))
    if failed:
        job, report = _beside(job, grade, model, tests, failed)
    broken, moved = _failed(report), _marked(job.assignment) - _marked(assignment)
    faults = [_fault(one, "broken", notebook) for one in report.values() if one.cell in broken]
    faults += [
        _fault(one, "beside", notebook, looks.get(one.cell, ""))
        for one in first.values()
        if one.cell in moved - broken
    ]
    faults += _free(job, grade, notebook, tests)
    return Trial(
        assignment,
        sum(one.points for one in first.values()),
        sum(one.max_points for one in first.values()),
        len(tests),
        tuple(name for name in tests if name in _marked(assignment)),
        tuple(sorted(faults, key=lambda fault: tests.index(fault.cell))),
    )


def _beside(
    job: Job, grade: GradeFunction, model: bytes, tests: list[str], failed: set[str]
) -> tuple[Job, dict[str, CellReport]]:
    """Try what fails in the student's process; what still fails may need what other tests leave there."""
    for chosen in (failed, set(tests)):
        found = _tried(job, grade, model, tests, chosen)
        if not _failed(found[1]):
            return found if chosen == failed else _fewer(job, grade, model, tests, failed, found)
    trial, report = found
    some = failed - _failed(report)
    if some:  # those few that no place helps are broken; the others need not follow them
        trial, again = _tried(job, grade, model, tests, some)
        if _failed(again) <= _failed(report):
            return trial, again | {name: report[name] for name in _failed(again)}
    return (trial if some else job), report


def _tried(
    job: Job, grade: GradeFunction, model: bytes, tests: list[str], chosen: Collection[str]
) -> tuple[Job, dict[str, CellReport]]:
    """Grade the solution with some tests beside the student."""
    trial = replace(job, assignment=_with_beside(job.assignment, chosen))
    return trial, _graded(grade(trial, model, student=_SOLUTION), tests)


def _fewer(
    job: Job,
    grade: GradeFunction,
    model: bytes,
    tests: list[str],
    failed: set[str],
    found: tuple[Job, dict[str, CellReport]],
) -> tuple[Job, dict[str, CellReport]]:
    """Leave apart from the student what can be, one test after the other, where all beside him do."""
    chosen = set(tests)
    for one in reversed([name for name in tests if name not in failed]):
        fewer = _tried(job, grade, model, tests, chosen - {one})
        if not _failed(fewer[1]):
            chosen, found = chosen - {one}, fewer
    return found


class Known:
    """The trial that went well, so that it is not repeated: it depends on what a verdict depends on.

    Args:
        path: where it is kept.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def has(self, job: Job) -> bool:
        """Whether this very assignment was tried in this very way."""
        try:
            return bool(json.loads(self._path.read_text())["key"] == self._key(job))
        except (OSError, ValueError, LookupError, TypeError):
            return False

    def keep(self, job: Job) -> None:
        """Note that it went well."""
        replace_file(self._path, json.dumps({"key": self._key(job)}).encode())

    def _key(self, job: Job) -> str:
        return replace(job, sandboxed=True).key(_SOLUTION, b"")  # the instructor's own code needs no sandbox


def trust(assignment: Assignment) -> str:
    """Say which cells are judged in the student's process; empty if none."""
    cells_ = [cell for cell in assignment.notebook.cells if cells.role(cell) == "test"]
    beside = [cells.grade_id(cell) for cell in cells_ if cells.judged(cell)]
    if not beside:
        return ""
    are = "is" if len(beside) == 1 else "are"
    return (
        f"{assignment.label}: {len(beside)} of {len(cells_)} cells {are} judged in the student's process; "
        f"they can be forged, and their tests read: {', '.join(beside)}"
    )


def solved(notebook: "NotebookNode") -> "NotebookNode":
    """Make what a student would hand in who answers as the instructor does.

    Args:
        notebook: the instructor's. It is left as it is.
    """
    made = blank(notebook)
    for mine, cell in zip(made.cells, notebook.cells, strict=True):
        if cells.role(cell) not in cells.LOCKED:
            mine.source = cells.without_markers(cell.source)
    return made


def _raw(notebook: "NotebookNode") -> bytes:
    import nbformat

    text: str = nbformat.writes(notebook)  # type: ignore[no-untyped-call]
    return text.encode()


def _graded(report: Report, tests: list[str]) -> dict[str, CellReport]:
    if report.state != "graded":
        raise TrialFailed(f"{report.assignment}: its own notebook cannot be graded: {report.reason}")
    return {one.cell: one for one in report.cells if one.cell in tests}


def _failed(report: dict[str, CellReport]) -> set[str]:
    return {one.cell for one in report.values() if one.points < one.max_points or one.state != "passed"}


def _free(job: Job, grade: GradeFunction, notebook: "NotebookNode", tests: list[str]) -> Iterator[Fault]:
    meant = {cells.grade_id(cell) for cell in notebook.cells if cells.free(cell)}
    for one in _graded(grade(job, _raw(blank(notebook)), student=_OPEN), tests).values():
        if one.points > 0 and one.cell not in meant:
            yield Fault(one.cell, "free", one.points)


def _fault(
    report: CellReport, kind: Literal["beside", "broken"], notebook: "NotebookNode", looked_at: str = ""
) -> Fault:
    if report.passed:
        why = _LOOKS.format(looked_at) if looked_at else _LEAVES
        return Fault(report.cell, kind, report.max_points, (why,))
    cell = next(cell for cell in notebook.cells if cells.grade_id(cell) == report.cell)
    lines = cells.without_markers(cell.source).splitlines()
    said = list(report.lines[:_LINES]) or [report.reason]
    if 0 < report.line <= len(lines):
        said.insert(0, f"line {report.line}: {lines[report.line - 1].strip()}")
    return Fault(report.cell, kind, report.max_points, tuple(filter(None, said)))


def _marked(assignment: Assignment) -> set[str]:
    return {cells.grade_id(cell) for cell in assignment.notebook.cells if cells.judged(cell)}


def _with_beside(assignment: Assignment, chosen: Collection[str]) -> Assignment:
    return replace(assignment, source=_marked_as(assignment.source, chosen, {"judged": cells.BESIDE}))


def _marked_as(text: str, chosen: Collection[str], mark: dict[str, Any]) -> str:
    """Write a mark of ours into the metadata of cells; the rest of the notebook's text stays as it is."""
    content = json.loads(text)
    if "cells" not in content:  # before format 4
        content = json.loads(_raw(notebooks.read(text)))
    names = [cells.grade_id(cell) for cell in notebooks.read(text).cells]
    for name, cell in zip(names, content["cells"], strict=True):
        if name and name in chosen:
            metadata = cell.setdefault("metadata", {})
            before = metadata.get("cnncourse")
            metadata["cnncourse"] = (before if isinstance(before, dict) else {}) | mark
    return json.dumps(content, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def accept(trial: Trial, path: Path) -> Assignment:
    """Write down what the instructor accepts, in the notebook's own metadata.

    Args:
        trial: what was found.
        path: the instructor's notebook.

    Returns:
        The assignment as it is now.
    """
    text = path.read_text(encoding="utf-8-sig")
    for kind, mark in (("beside", {"judged": cells.BESIDE}), ("free", {"free": True})):
        if found := [fault.cell for fault in trial.of(kind)]:
            text = _marked_as(text, found, mark)
    replace_file(path, text.encode())
    return replace(trial.assignment, source=text)


def told(trial: Trial, path: Path) -> str:
    """Say to the instructor what the trial found, and what to do.

    Args:
        trial: with faults.
        path: the instructor's notebook.
    """
    name = trial.assignment.label
    got = f"its own solution gets {trial.points:g} of {trial.max_points:g} points"
    lines = [f"{name} is not ready, so nobody was graded: {got}"]
    for fault in trial.faults:
        lines += _lines(fault)
    if beside := trial.of("beside"):
        lines.append(
            f"--accept judges {len(beside)} of {trial.cells} cells in the student's process, as nbgrader "
            "does: there their points can be forged, and their hidden tests read"
        )
    if trial.of("free"):
        lines.append("--accept keeps tests that give points without an answer")
    if trial.of("broken"):
        lines.append(f"mend the test or the solution in {path}")
    else:
        lines.append(f"what you accept is written into {path}")
    return "\n".join(lines)


def _lines(fault: Fault) -> Iterator[str]:
    points = f"{fault.points:g} point" + ("s" if fault.points != 1 else "")
    yield f"  ✗ {fault.cell} ({points}): {_WORDS[fault.kind]}"
    yield from (f"      {line[:200]}" for line in fault.said)


_LOOKS = "it looks at {} after the answer has had it; apart from the student, an answer gets a copy"
_LEAVES = "apart it passes as well, but a test that is judged there needs what it leaves behind"
_WORDS = {
    "beside": "can be judged in the student's process only",
    "broken": "the solution does not pass it, wherever it is judged",
    "free": "a notebook without an answer passes it",
}
