"""Grades as tables: for Canvas, for Moodle, and for anything else. No cell of them is a formula.

A platform finds people by what it calls them itself: an account from the names of its files, or from the
table that it gave out (``--roster``), which is then filled in. What is not known stays empty.

A student chooses their own name. A name such as ``=HYPERLINK(…)`` would be run by the spreadsheet that the
instructor opens the table with. So text that a spreadsheet could take for a formula gets a ``'`` before it.
"""

import csv
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cnncourse.grading.collect.identities import Identities
from cnncourse.grading.collect.roster import Person, Roster
from cnncourse.grading.records import worksheets

_FORMULA = tuple("=+-@＝＋－＠")


@dataclass(frozen=True)
class Row:
    """A student's result for one assignment, as the gradebook has it.

    Attributes:
        student: the student's id.
        last_name: empty if it is not known, as the next three.
        first_name: …
        email: …
        account: the student's number or login on the learning platform.
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


@dataclass(frozen=True)
class People:
    """What platforms call the students of an assignment.

    Attributes:
        assignment: its name.
        known: from the names of files.
        roster: from the instructor's list.
    """

    assignment: str
    known: Identities
    roster: Roster

    def account(self, platform: str, row: Row) -> str:
        """What a platform calls a student; empty if that is not known."""
        person = self.person(row.student)
        listed = dict(person.accounts).get(platform, "") if person else ""
        return listed or self.known.account(self.assignment, platform, row.student)

    @property
    def may_be_canvas(self) -> bool:
        """Whether accounts that an earlier version wrote down may be those of Canvas."""
        return self.known.evidence <= {"Canvas", "names", "folders", "one folder"}

    def person(self, student: str) -> Person | None:
        """The student's row in the roster."""
        return next((one for one in self.roster.people if self.student(one) == student), None)

    def student(self, person: Person) -> str:
        """The id that somebody in the roster has here."""
        if person.stated:
            return person.student
        found = (self.known.student(self.assignment, platform, name) for platform, name in person.accounts)
        return next(filter(None, found), person.student)


def canvas(results: list[Row], people: People) -> Iterator[list[str]]:
    """Lay out what Canvas imports. Students without a submission keep what they have there.

    Canvas looks for a row without an id by its name, and may find a namesake. So there is no such row.
    """
    yield ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", text(people.assignment)]
    yield ["    Points Possible", "", "", "", "", number(results[0].max_points if results else 0)]
    for row in results:
        name = ", ".join(part for part in (row.last_name, row.first_name) if part) or row.student
        person = people.person(row.student)
        account = people.account("Canvas", row) or (row.account if people.may_be_canvas else "")
        login = person.login if person else ""
        if account or login:
            yield [text(name), text(account), "", text(login), "", number(row.points)]


def moodle(results: list[Row], people: People) -> Iterator[list[str]]:
    """Lay out Moodle's grading worksheet. It finds people by the number that is in the names of its files."""
    yield ["Identifier", "Full name", "Email address", "Grade", "Maximum grade", "Last modified (grade)"]
    for row in results:
        account = people.account("Moodle", row)
        name = " ".join(part for part in (row.first_name, row.last_name) if part) or row.student
        who = (f"Participant {account}" if account else "", name, row.email)
        yield [*map(text, who), number(row.points), number(row.max_points), ""]


def plain(results: list[Row], people: People) -> Iterator[list[str]]:
    """Lay out the columns of ``nbgrader export``, and whether a person has yet to grade a part."""
    yield [
        *("assignment", "timestamp", "student_id", "last_name", "first_name", "email", "raw_score"),
        *("late_submission_penalty", "score", "max_score", "needs_manual_grade"),
    ]
    for row in results:
        who = (people.assignment, row.handed_in, row.student, row.last_name, row.first_name, row.email)
        points = (row.raw or 0, row.penalty, row.points or 0, row.max_points)
        yield [*map(text, who), *map(number, points), str(row.waits)]


STYLES: dict[str, Callable[[list[Row], People], Iterator[list[str]]]] = {
    "canvas": canvas,
    "moodle": moodle,
    "plain": plain,
}


def write(
    book: Any, assignment: str, folder: Path, roster: Roster | None = None, known: Identities | None = None
) -> tuple[list[Path], tuple[str, ...]]:
    """Write a table in each style, in UTF-8. A platform's own table is filled in instead.

    Args:
        book: nbgrader's ``Gradebook``.
        assignment: the assignment's name.
        folder: where to; made if it is not there.
        roster: the instructor's list of the class; the table that a platform gave out, say.
        known: what platforms have called the students in the names of their files.

    Returns:
        The files, such as ``02_convolution-canvas.csv``, and what the instructor should know of them.
    """
    folder.mkdir(parents=True, exist_ok=True)
    results = list(rows(book, assignment))
    people = People(assignment, known or Identities(), roster or Roster())
    notes: tuple[str, ...] = ()
    paths = []
    for style, lay_out in STYLES.items():
        table = list(lay_out(results, people))
        if people.roster.kind.casefold() == style:
            table, notes = _filled_in(results, people)
        paths.append(folder / f"{assignment}-{style}.csv")
        with paths[-1].open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(table)
    return paths, notes


def _filled_in(results: list[Row], people: People) -> tuple[list[list[str]], tuple[str, ...]]:
    """Fill in the platform's table, and say who is not in it. Names in it stay no formulas."""
    points = {row.student: number(row.points) for row in results if row.points is not None}
    places = {one.row: people.student(one) for one in people.roster.people}
    grades = {place: points[student] for place, student in places.items() if student in points}
    most = number(results[0].max_points if results else 0)
    filled = worksheets.fill(people.roster, grades, people.assignment, most)
    missing = sorted(points.keys() - set(places.values()))
    some = ", ".join(missing[:5]) + (" …" if len(missing) > 5 else "")
    notes = (
        (f"not in {people.roster.path.name}, so their points are in no table of it: {some}",)
        if missing
        else ()
    )
    return [[cell if cell == "-" else text(cell) for cell in row] for row in filled.rows], (
        *filled.notes,
        *notes,
    )
