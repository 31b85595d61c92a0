"""What grading one submission came to: plain data that crosses processes, files and machines as JSON."""

import json
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, Self

from cnncourse.errors import lay_out

CellState = Literal["passed", "failed", "manual", "missing"]
State = Literal["graded", "zero", "quarantined"]


@dataclass(frozen=True, kw_only=True)
class CellReport:
    """What one graded cell came to.

    Attributes:
        cell: its grade_id.
        points: what it got; 0 for a cell that a person has yet to grade.
        max_points: what it can get.
        state: ``"passed"`` or ``"failed"`` for a cell of tests, ``"manual"`` for one that a person grades,
            ``"missing"`` for one that could not be judged at all.
        reason: one line in words that a student understands; empty when it passed.
        error: the class of the error that ended it; empty when there was none.
        output: what was printed below the cell.
        title: the test's name and points, where a check did not pass.
        lines: what a learner reads about the failure.
        pointer: where help is; empty if nowhere.
        hint: the key of the hint that fits, empty if there is none.
        gone: how the student's process failed to answer, as ``StudentGone`` names it; empty if it answered.
        line: the line of the test cell in which it stopped; 0 if that is not known.
        beside: whether its tests ran in the student's process, which could forge what came of them.
    """

    cell: str
    points: float
    max_points: float
    state: CellState
    reason: str = ""
    error: str = ""
    output: str = ""
    title: str = ""
    lines: tuple[str, ...] = ()
    pointer: str = ""
    hint: str = ""
    gone: str = ""
    line: int = 0
    beside: bool = False

    @property
    def passed(self) -> bool:
        """Whether every check of a cell of tests passed."""
        return self.state == "passed"

    @property
    def text(self) -> str:
        """All that a learner reads below the cell."""
        return self.output + lay_out(self.title, self.lines, self.pointer)


@dataclass(frozen=True, kw_only=True)
class Report:
    """What one submission came to.

    Attributes:
        student: the student's id, as in nbgrader's gradebook.
        assignment: the assignment's name, such as ``02_convolution``.
        key: what the verdict depends on: submission, assignment version and environment, hashed.
        state: ``"graded"``; ``"zero"`` when nothing could be run, for a reason the student can mend;
            ``"quarantined"`` when a person has to look.
        reason: one line for a submission that is not ``"graded"``.
        cells: one for each graded cell, in the instructor's order.
        repairs: what was mended before grading, one line each.
        flags: what looks like an attempt to forge a grade, one line each; for the instructor's eyes.
        seed: what the inputs of hidden tests were drawn from.
        sandboxed: whether the student's programs ran in a sandbox; None where an earlier version wrote it.
        seconds: wall time.

    Example:
        >>> Report(student="ada", assignment="02_convolution", key="", state="zero", reason="empty").points
        0.0
    """

    student: str
    assignment: str
    key: str
    state: State
    reason: str = ""
    cells: tuple[CellReport, ...] = ()
    repairs: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    seed: int = 0
    sandboxed: bool | None = None
    seconds: float = field(default=0.0, compare=False)

    @property
    def points(self) -> float:
        """The points of the cells that the tests judged."""
        return sum((cell.points for cell in self.cells), 0.0)

    @property
    def forgeable(self) -> tuple[str, ...]:
        """The cells that were judged in the student's process."""
        return tuple(cell.cell for cell in self.cells if cell.beside)

    @property
    def max_points(self) -> float:
        """What all its cells can get."""
        return sum((cell.max_points for cell in self.cells), 0.0)

    def to_json(self) -> str:
        """Write it as one line of JSON.

        A student's message may hold half a character (a lone surrogate), which no file can. It becomes a "?".
        """
        said = json.dumps(asdict(self), ensure_ascii=False, sort_keys=True)
        return said.encode("utf-8", "replace").decode()

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what ``to_json`` wrote.

        Example:
            >>> report = Report(student="ada", assignment="02_convolution", key="k", state="graded")
            >>> Report.from_json(report.to_json()) == report
            True
        """
        fields: dict[str, Any] = json.loads(text)
        cells = tuple(
            CellReport(**cell | {"lines": tuple(cell.get("lines", ()))}) for cell in fields.pop("cells")
        )
        fields |= {name: tuple(fields[name]) for name in ("repairs", "flags")}
        return cls(cells=cells, **fields)
