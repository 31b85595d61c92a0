"""Grades as tables: for Canvas, for Moodle, and for anything else. No cell of them is a formula.

A student chooses their own name. A name such as ``=HYPERLINK(…)`` would be run by the spreadsheet that the
instructor opens the table with. So text that a spreadsheet could take for a formula gets a ``'`` before it.
"""

import csv
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_FORMULA = tuple("=+-@＝＋－＠")


@dataclass(frozen=True)
class Row:
    """A student's result for one assignment, as the gradebook has it.

    Attributes:
        student: the student's id.
        last_name: empty if it is not known, as the next three.
        first_name: …
        email: …
        account: the student's number on the learning platform.
        handed_in: when, in UTC; empty if nothing was handed in.
        raw: points before the penalty; None if nothing was handed in.
        penalty: points taken off for being late.
        max_points: what can be got.
        waits: a person has yet to grade a part of it.
    """

    student: str
    last_name: str
    first_name: str
    email: str
    account: str
    handed_in: str
    raw: float | None
    penalty: float
    max_points: float
    waits: bool

    @property
    def points(self) -> float | None:
        """What counts: never below 0; None if nothing was handed in."""
        return None if self.raw is None else max(0.0, self.raw - self.penalty)


def rows(book: Any, assignment: str) -> Iterator[Row]:
    """Read every student's result.

    Args:
        book: nbgrader's ``Gradebook``.
        assignment: the assignment's name.

    Yields:
        One for each student in the gradebook, in the order of their ids.

    Raises:
        nbgrader.api.MissingEntry: the gradebook does not know the assignment.
    """
    found = book.find_assignment(assignment)
    handed_in = {one.student_id: one for one in found.submissions}
    for student in sorted(book.students, key=lambda student: str(student.id)):
        one = handed_in.get(student.id)
        yield Row(
            student=student.id,
            last_name=student.last_name or "",
            first_name=student.first_name or "",
            email=student.email or "",
            account=student.lms_user_id or "",
            handed_in=f"{one.timestamp or 'unknown'}" if one else "",
            raw=float(one.score) if one else None,
            penalty=float(one.late_submission_penalty or 0) if one else 0.0,
            max_points=float(found.max_score),
            waits=bool(one and one.needs_manual_grade),
        )


def text(value: str) -> str:
    """Make text that no spreadsheet takes for a formula, and that stays in its cell.

    Example:
        >>> text("=1+1"), text(" @SUM(A1)"), text("O'Hara"), text("a" + chr(13) + "=b")
        ("'=1+1", "' @SUM(A1)", "O'Hara", 'a =b')
    """
    plain = "".join(" " if unicodedata.category(letter) == "Cc" else letter for letter in value)
    hidden = "".join(letter for letter in plain if unicodedata.category(letter) not in ("Cf", "Zs"))
    starts = value[:1] != plain[:1] or hidden.startswith(_FORMULA)  # a tab or a line break at the front
    return f"'{plain}" if starts else plain


def number(value: float | None) -> str:
    """Write points without zeros at the end; nothing for None.

    Example:
        >>> number(2.0), number(1 / 3), number(None)
        ('2', '0.3333', '')
    """
    return "" if value is None else f"{value:.4f}".rstrip("0").rstrip(".")


def canvas(results: list[Row], assignment: str) -> Iterator[list[str]]:
    """Lay out what Canvas imports. Students without a submission keep what they have there."""
    yield ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", text(assignment)]
    yield ["    Points Possible", "", "", "", "", number(results[0].max_points if results else 0)]
    for row in results:
        name = ", ".join(part for part in (row.last_name, row.first_name) if part) or row.student
        yield [text(name), text(row.account), "", text(row.student), "", number(row.points)]


def moodle(results: list[Row], assignment: str) -> Iterator[list[str]]:
    """Lay out what Moodle imports: it asks which column says who the student is, and which is the grade."""
    yield [
        "Username",
        "ID number",
        "Email address",
        "First name",
        "Surname",
        text(assignment),
        "Maximum grade",
    ]
    for row in results:
        who = (row.student, row.account, row.email, row.first_name, row.last_name)
        yield [*map(text, who), number(row.points), number(row.max_points)]


def plain(results: list[Row], assignment: str) -> Iterator[list[str]]:
    """Lay out the columns of ``nbgrader export``, and whether a person has yet to grade a part."""
    yield [
        *("assignment", "timestamp", "student_id", "last_name", "first_name", "email", "raw_score"),
        *("late_submission_penalty", "score", "max_score", "needs_manual_grade"),
    ]
    for row in results:
        who = (assignment, row.handed_in, row.student, row.last_name, row.first_name, row.email)
        points = (row.raw or 0, row.penalty, row.points or 0, row.max_points)
        yield [*map(text, who), *map(number, points), str(row.waits)]


STYLES: dict[str, Callable[[list[Row], str], Iterator[list[str]]]] = {
    "canvas": canvas,
    "moodle": moodle,
    "plain": plain,
}


def write(book: Any, assignment: str, folder: Path) -> list[Path]:
    """Write a table in each style, in UTF-8.

    Args:
        book: nbgrader's ``Gradebook``.
        assignment: the assignment's name.
        folder: where to; made if it is not there.

    Returns:
        The files, such as ``02_convolution-canvas.csv``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    results = list(rows(book, assignment))
    paths = []
    for style, lay_out in STYLES.items():
        paths.append(folder / f"{assignment}-{style}.csv")
        with paths[-1].open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(lay_out(results, assignment))
    return paths
