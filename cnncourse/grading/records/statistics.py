"""What a class's results say about an exercise: what is hard, what goes wrong, which tests tell apart.

Numbers about tasks, none about people: the page may be shown to the class.
"""

import builtins
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import StatisticsError, correlation, fmean, median

from cnncourse.grading.report import CellReport, Report

_NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?")
_RAISED = re.compile(r"\b(?P<before>stopped with|raised) (?P<error>\w+)(?:: .*)?", re.DOTALL)
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"|“[^”]*”")


@dataclass(frozen=True)
class Item:
    """What became of one test cell in all submissions.

    Attributes:
        cell: its grade_id.
        points: what it can be worth.
        submissions: how many could be run and graded.
        attempts: how many of them answered; an answer that raises ``NotImplementedError`` is none.
        passed: how many got its points.
        mistake: the commonest reason why it failed, without what a student may have written; empty if no two
            submissions failed alike.
        mistakes: how many met that one.
        hint: the key of the hint that fits the most failures; empty if none fits any.
        hints: how many failures it fits.
        discrimination: the point-biserial correlation between passing this cell and the points for all other
            ones, from −1 to 1; None if all or none passed, or nothing else differs.
    """

    cell: str
    points: float
    submissions: int
    attempts: int
    passed: int
    mistake: str
    mistakes: int
    hint: str
    hints: int
    discrimination: float | None

    @property
    def rate(self) -> float:
        """The share of submissions that passed."""
        return self.passed / self.submissions if self.submissions else 0.0


@dataclass(frozen=True)
class Overview:
    """What became of the submissions.

    Attributes:
        graded: how many have points from the tests.
        zero: how many could not be run, for a reason that the student can mend.
        quarantined: how many wait for a person.
        points: what the tests gave to each that does not wait, in ascending order.
        max_points: what the tests can give; a person's points are not in it.
    """

    graded: int
    zero: int
    quarantined: int
    points: tuple[float, ...]
    max_points: float

    @property
    def mean(self) -> float:
        """The mean of the points."""
        return fmean(self.points) if self.points else 0.0

    @property
    def median(self) -> float:
        """The points of the one in the middle."""
        return median(self.points) if self.points else 0.0


def overview(reports: Iterable[Report]) -> Overview:
    """Count submissions and points.

    Example:
        >>> overview([Report(student="ada", assignment="02", key="", state="zero")])
        Overview(graded=0, zero=1, quarantined=0, points=(0.0,), max_points=0.0)
    """
    reports = list(reports)
    states = Counter(report.state for report in reports)
    judged = [report for report in reports if report.state != "quarantined"]
    return Overview(
        graded=states["graded"],
        zero=states["zero"],
        quarantined=states["quarantined"],
        points=tuple(sorted(sum((cell.points for cell in _tests(report)), 0.0) for report in judged)),
        max_points=max((sum((cell.max_points for cell in _tests(r)), 0.0) for r in judged), default=0.0),
    )


def items(reports: Iterable[Report]) -> list[Item]:
    """Say for each test cell how it went, in the order in which the cells stand in the notebook.

    Args:
        reports: one for each submission; those that could not be run say nothing about a cell.

    Example:
        >>> cell = CellReport(cell="conv2d-value", points=2, max_points=2, state="passed")
        >>> [item] = items([Report(student="ada", assignment="02", key="", state="graded", cells=(cell,))])
        >>> item.attempts, item.passed, item.rate
        (1, 1, 1.0)
    """
    judged = [report for report in reports if report.state == "graded"]
    rows = [{cell.cell: cell for cell in _tests(report)} for report in judged]
    longest = max(rows, key=len, default={})
    names = dict.fromkeys([*longest, *(name for row in rows for name in row)])
    totals = [sum(cell.points for cell in row.values()) for row in rows]
    return [_item(name, [row.get(name) for row in rows], totals) for name in names]


def _tests(report: Report) -> list[CellReport]:
    return [cell for cell in report.cells if cell.state != "manual"]


def _item(name: str, cells: list[CellReport | None], totals: list[float]) -> Item:
    known = [cell for cell in cells if cell]
    attempted = [cell for cell in known if cell.state != "missing" and cell.error != "NotImplementedError"]
    failed = [cell for cell in attempted if cell.state == "failed"]
    mistake, count = _commonest_mistake(failed)
    hint, hints = _most(cell.hint for cell in failed if cell.hint)
    passed = [float(cell is not None and cell.state == "passed") for cell in cells]
    rest = [total - (cell.points if cell else 0) for cell, total in zip(cells, totals, strict=True)]
    return Item(
        cell=name,
        points=max(cell.max_points for cell in known),
        submissions=len(cells),
        attempts=len(attempted),
        passed=int(sum(passed)),
        mistake=mistake,
        mistakes=count,
        hint=hint,
        hints=hints,
        discrimination=_correlation(passed, rest),
    )


def _commonest_mistake(failed: list[CellReport]) -> tuple[str, int]:
    """Find the commonest mistake: the same words but for the numbers. What one alone met is not shown.

    A test of the instructor's own may print anything, a student's name too: only one student has that.
    """
    said = [impersonal(cell) for cell in failed]
    kind, count = _most(_NUMBER.sub("#", words) for words in said)
    alike = [words for words in said if _NUMBER.sub("#", words) == kind]
    return (min(alike, key=lambda words: (len(words), words)), count) if count > 1 else ("", 0)


def _most(kinds: Iterable[str]) -> tuple[str, int]:
    return min(Counter(kinds).items(), key=lambda pair: (-pair[1], pair[0]), default=("", 0))


def impersonal(cell: CellReport) -> str:
    """Say why a cell failed, without words that a student may have put into it: texts, errors of their own.

    Example:
        >>> said = "Your code stopped with ValueError: Ada was here"
        >>> impersonal(CellReport(cell="c", points=0, max_points=1, state="failed", reason=said))
        'Your code stopped with ValueError'
    """
    if cell.error and cell.reason.startswith(f"{cell.error}:"):
        return _known(cell.error)
    said = _RAISED.sub(lambda found: f"{found['before']} {_known(found['error'])}", cell.reason)
    return _QUOTED.sub("“…”", said) or _known(cell.error)


def _known(error: str) -> str:
    """The name of one of Python's errors; a student chose any other."""
    return error if isinstance(getattr(builtins, error, None), type) or not error else "an error of its own"


def _correlation(passed: list[float], rest: list[float]) -> float | None:
    try:
        return correlation(passed, rest)
    except StatisticsError:  # fewer than two submissions, or one of the two never differs
        return None
