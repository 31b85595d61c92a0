"""Judge a cell beside the student: its tests run in the student's process, and what it says is believed.

This is how nbgrader judges, and some tests need it: they look at the student's own classes, replace a name,
or use an object that cannot be sent. It protects the machine and the other students, as always, but not the
points of this cell: the student's code can say that it passed, and can read its hidden tests.
"""

import hashlib

from cnncourse.grading.judge import points
from cnncourse.grading.judge.plan import Test
from cnncourse.grading.judge.proxy import StudentGone
from cnncourse.grading.judge.student import Student
from cnncourse.grading.report import CellReport

_UNANSWERED = "Not answered yet: the answer still raises NotImplementedError."
_LINE = 300
_LINES = 200


def judge(test: Test, student: Student, seed: str) -> CellReport:
    """Run a cell of tests in the student's process.

    Args:
        test: its source goes there with all hidden tests.
        student: the process.
        seed: what its random inputs are drawn from; the process gets a number that does not tell it.

    Raises:
        StudentGone: the process gave no answer.
    """
    digest = hashlib.sha256(f"beside {seed}".encode()).digest()
    claim = student.test(test.cell, test.source, int.from_bytes(digest[:4]) % 10**9)
    match claim:
        case (str(printed), tuple(kinds), tuple(lines), int(line), bool(unanswered), given):
            said = [part for part in lines if isinstance(part, str)][:_LINES]
            if not kinds:
                return points.earned(test, printed, given, beside=True)
            return _failed(test, printed, [str(kind)[:100] for kind in kinds], said, line, unanswered)
    raise StudentGone("unreadable")


def _failed(
    test: Test, printed: str, kinds: list[str], said: list[str], line: int, unanswered: bool
) -> CellReport:
    first = said[0] if said else ""
    lines = said if kinds[0] == "CheckFailed" else [points.described(test, kinds[0], first, line), *said[1:]]
    return CellReport(
        cell=test.cell,
        points=0.0,
        max_points=test.points,
        state="failed",
        reason=_UNANSWERED if unanswered else (lines or ["A check did not pass."])[0][:_LINE],
        error="NotImplementedError" if unanswered else kinds[0],
        output=printed,
        lines=tuple(lines),
        line=line,
        beside=True,
    )
