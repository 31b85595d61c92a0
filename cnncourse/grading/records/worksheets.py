"""Fill in a platform's own table, so that it imports: Moodle's grading worksheet, Canvas' gradebook.

Moodle finds people by *Identifier*, the number of one assignment, and looks at *Grade* and *Last modified
(grade)*. Canvas finds them by *ID*; of its columns only those about people and the one of this assignment are
written, so that no other grade is changed.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from cnncourse.grading.collect.roster import Roster, plain

_NUMBER = re.compile(r" \(\d+\)$")  # that Canvas puts after an assignment's name
_CANVAS = (
    "student",
    "lastname",
    "firstname",
    "id",
    "sis user id",
    "sis login id",
    "integration id",
    "root account",
    "section",
)
_SAME = 1e-9


@dataclass(frozen=True)
class Filled:
    """A table with grades.

    Attributes:
        rows: all of it, the header first.
        notes: what the instructor should know before importing it.
    """

    rows: list[list[str]]
    notes: tuple[str, ...] = ()


def fill(roster: Roster, grades: Mapping[int, str], assignment: str, max_points: str) -> Filled:
    """Fill in a platform's table.

    Args:
        roster: one of the kind ``Moodle`` or ``Canvas``.
        grades: points by the place of a row; others stay as they are.
        assignment: the assignment's name.
        max_points: what can be got, as it is written.

    Example:
        >>> table = (("Identifier", "Full name", "Grade", "Maximum grade"), ("Participant 7", "Ada", "", "9"))
        >>> fill(Roster(kind="Moodle", table=table), {0: "6.5"}, "02_convolution", "9").rows[1]
        ['Participant 7', 'Ada', '6.5', '9']
    """
    if roster.kind == "Moodle":
        return _moodle(roster.table, grades, max_points)
    return _canvas(roster.table, grades, assignment, max_points)


def _moodle(table: tuple[tuple[str, ...], ...], grades: Mapping[int, str], max_points: str) -> Filled:
    header = [cell.strip().casefold() for cell in table[0]]
    if "grade" not in header:
        return Filled(
            [list(row) for row in table],
            ("expected a column Grade in Moodle's worksheet, so it was not filled in",),
        )
    rows = [list(table[0])]
    for place, row in enumerate(table[1:]):
        cells = [*row, *[""] * (len(header) - len(row))]
        cells[header.index("grade")] = grades.get(place, cells[header.index("grade")])
        rows.append(cells)
    most = header.index("maximum grade") if "maximum grade" in header else None
    notes = _other_scale("Moodle", (row[most] for row in rows[1:] if most is not None), max_points)
    return Filled(rows, tuple(notes))


def _canvas(
    table: tuple[tuple[str, ...], ...], grades: Mapping[int, str], assignment: str, max_points: str
) -> Filled:
    header = [cell.strip() for cell in table[0]]
    kept = [place for place, cell in enumerate(header) if cell.casefold() in _CANVAS]
    mine = next(
        (n for n, cell in enumerate(header) if plain(_NUMBER.sub("", cell)) == plain(assignment)), None
    )
    rows = [[*(header[place] for place in kept), assignment if mine is None else header[mine]]]
    possible = []
    for place, row in enumerate(table[1:]):
        cells = [*row, *[""] * (len(header) - len(row))]
        before = "" if mine is None else cells[mine]
        if cells[0].strip().casefold() == "points possible":
            before = before or max_points
            possible.append(before)
        rows.append([*(cells[column] for column in kept), grades.get(place, before)])
    notes = [*_other_scale("Canvas", possible, max_points)]
    if mine is None:
        notes.append(f"Canvas' table has no column {assignment}: it will ask what the new column is")
    return Filled(rows, tuple(notes))


def _other_scale(platform: str, most: Iterator[str] | list[str], max_points: str) -> Iterator[str]:
    theirs = {cell.replace(",", ".") for cell in most if re.fullmatch(r"\d+(?:[.,]\d+)?", cell)}
    if theirs and any(abs(float(cell) - float(max_points)) > _SAME for cell in theirs):
        yield (
            f"{platform} counts to {', '.join(sorted(theirs))}, this assignment to {max_points}: "
            "set the same there before you import the table"
        )
