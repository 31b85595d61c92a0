"""A list of the class that the instructor gives with ``--roster``: it settles whose each file is.

Any CSV with a column ``id`` will do, and so will the tables that platforms give out: Moodle's grading
worksheet and Canvas' gradebook. They are filled in as well, see ``cnncourse.grading.records.worksheets``.
"""

import csv
import io
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cnncourse.errors import DataError
from cnncourse.grading.collect.platforms import PLATFORMS

_COLUMNS = {
    "id": ("id", "student_id", "student id", "student"),
    "name": ("name", "full name", "fullname"),
    "first_name": ("first name", "first_name", "firstname", "given name"),
    "last_name": ("last name", "last_name", "surname", "lastname", "family name"),
    "login": ("login", "username", "user", "sis login id"),
    "email": ("email", "email address", "e-mail", "mail"),
    "group": ("group", "team"),
    "number": ("id number", "sis user id", "matriculation number"),
}
_PARTICIPANT = re.compile(r"\D*(\d+)")
_NOT_A_LETTER = re.compile(r"[\W_]+")


@dataclass(frozen=True)
class Person:
    """One row of the list.

    Attributes:
        row: its place in the table, the header not counted.
        student: the student's id.
        stated: whether the list says the id; else it was made of the name.
        name: the full name; empty if the list has none, as the next five.
        first_name: …
        last_name: …
        login: …
        email: …
        group: people with the same one have handed in together.
        accounts: what each platform calls the person, by the platform's name.
        names: everything that a file of the person's may be called.
    """

    row: int
    student: str
    stated: bool
    name: str = ""
    first_name: str = ""
    last_name: str = ""
    login: str = ""
    email: str = ""
    group: str = ""
    accounts: tuple[tuple[str, str], ...] = ()
    names: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Roster:
    """The list, and the table that it came from.

    Attributes:
        people: in the order of the table.
        kind: ``Moodle`` or ``Canvas`` for a platform's own table, ``""`` for any other.
        table: the header and all rows, as they were read.
        path: the file.
    """

    people: tuple[Person, ...] = ()
    kind: str = ""
    table: tuple[tuple[str, ...], ...] = ()
    path: Path = Path()

    def by_account(self, platform: str, account: str) -> list[Person]:
        """Find who has an account."""
        return [one for one in self.people if account and (platform, account) in one.accounts]

    def certain(self, person: Person) -> list[tuple[str, str]]:
        """Give the accounts that hold here: the list may be older than the assignment that a number is of."""
        lasting = {one.name for one in PLATFORMS if one.lasting}
        return [(name, account) for name, account in person.accounts if name in lasting or name == self.kind]

    def by_name(self, names: Iterable[str]) -> list[Person]:
        """Find who is called by the first of these names that anybody is called by."""
        for name in names:
            found = [one for one in self.people if plain(name) in one.names]
            if found:
                return found
        return []

    def members(self, group: str) -> list[Person]:
        """Find who belongs to a group."""
        return [one for one in self.people if one.group and plain(one.group) == plain(group)]


def plain(text: str) -> str:
    """Write a name so that spaces, marks and capitals do not matter, in the way in which Canvas does.

    Example:
        >>> plain("Lovelace, Ada"), plain("ada@x.org")
        ('lovelaceada', 'ada@x.org')
    """
    text = unicodedata.normalize("NFC", text).casefold().strip()
    return text if "@" in text else _NOT_A_LETTER.sub("", text) or text


def read(path: Path) -> Roster:
    """Read a list of students.

    Args:
        path: a CSV file in UTF-8, with commas, semicolons or tabs.

    Raises:
        DataError: it cannot be read, has no column that says who is who, or names one student twice.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        first = text.partition("\n")[0]
        delimiter = max(",;\t", key=first.count)
        table = tuple(tuple(row) for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except (OSError, ValueError, csv.Error) as error:
        raise DataError(
            f"expected a list of students (CSV, UTF-8) in {path}, but it cannot be read: {error}"
        ) from None
    header = [cell.strip().casefold() for cell in table[0]] if table else []
    kind = (
        "Canvas"
        if {"id", "section"} <= set(header) and {"student", "lastname"} & set(header)
        else "Moodle"
        if {"identifier", "full name"} <= set(header)
        else ""
    )
    columns = _columns(header, kind)
    if not columns.keys() & {"id", "name", "login"}:
        got = ", ".join(table[0]) if table else "nothing"
        raise DataError(f"expected a column id in {path.name} (or name, or login), got {got}")
    rows = [(place, _cells(row, columns)) for place, row in enumerate(table[1:])]
    rows = [(place, cells) for place, cells in rows if any(cells.values()) and _is_person(cells, kind)]
    return Roster(tuple(_people(rows, kind, path)), kind, table, path)


def _columns(header: list[str], kind: str) -> dict[str, int]:
    """Find the columns: by what they are about, or by a platform's name."""
    known = {name: name.casefold() for name in (one.name for one in PLATFORMS)}
    columns = {name: header.index(column) for name, column in known.items() if column in header}
    for about, words in _COLUMNS.items():
        place = next((header.index(word) for word in words if word in header), None)
        if place is not None:
            columns[about] = place
    if kind == "Canvas":
        names = (
            {"name": "student"}
            if "student" in header
            else {"last_name": "lastname", "first_name": "firstname"}
        )
        columns |= {about: header.index(word) for about, word in (names | {"Canvas": "id"}).items()}
        columns.pop("id", None)
    if kind == "Moodle":
        columns["Moodle"] = header.index("identifier")
        columns.pop("id", None)
    return columns


def _cells(row: tuple[str, ...], columns: dict[str, int]) -> dict[str, str]:
    return {
        about: unicodedata.normalize("NFC", row[place]).strip() if place < len(row) else ""
        for about, place in columns.items()
    }


def _is_person(cells: dict[str, str], kind: str) -> bool:
    """Whether a row is about somebody; Canvas has rows about points between them."""
    return kind != "Canvas" or cells["Canvas"].isdigit()


def _people(rows: list[tuple[int, dict[str, str]]], kind: str, path: Path) -> Iterable[Person]:
    full = [_full_name(cells, kind) for _, cells in rows]
    called = [plain(name) if kind == "Canvas" else name for name in full]
    often = Counter(called)
    taken: dict[str, int] = {}
    for (row, cells), name, short in zip(rows, full, called, strict=True):
        accounts = {one.name: cells[one.name] for one in PLATFORMS if cells.get(one.name)}
        if kind == "Moodle" and (number := _PARTICIPANT.fullmatch(accounts.get("Moodle", ""))):
            accounts["Moodle"] = number[1]
        stated = cells.get("id", "")
        unique = f"{short}_{accounts['Canvas']}" if kind == "Canvas" else ""
        other = unique or cells.get("login") or cells.get("email") or cells.get("number") or short
        student = stated or (short if short and often[short] == 1 else other)
        if not student or student in taken:
            again = f" and row {taken[student]}: give them a column id" if student else ""
            raise DataError(
                f"expected one row for each student in {path.name}, "
                f"got {student or 'no id'!r} in row {row + 2}{again}"
            )
        taken[student] = row + 2
        yield _person(row, student, bool(stated), name, cells, accounts)


def _full_name(cells: dict[str, str], kind: str) -> str:
    parts = [cells.get("first_name", ""), cells.get("last_name", "")]
    parts = parts[::-1] if kind == "Canvas" else parts
    return cells.get("name") or " ".join(filter(None, parts))


def _person(
    row: int, student: str, stated: bool, name: str, cells: dict[str, str], accounts: dict[str, str]
) -> Person:
    first, last = cells.get("first_name", ""), cells.get("last_name", "")
    if name and not last and "," in name:
        last, _, first = (part.strip() for part in name.partition(","))
    turned = [f"{first} {last}", f"{last} {first}"] if first and last else []
    words = [student, name, *turned, *(cells.get(about, "") for about in ("login", "email", "number"))]
    return Person(
        row,
        student,
        stated,
        name,
        first,
        last,
        cells.get("login", ""),
        cells.get("email", ""),
        cells.get("group", ""),
        tuple(accounts.items()),
        frozenset(plain(word) for word in words if word),
    )
