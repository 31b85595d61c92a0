"""Understand what students and learning platforms call files: who handed in which assignment."""

import re
import unicodedata
from dataclasses import dataclass
from pathlib import PurePosixPath

_MOODLE = re.compile(r"(?P<student>.+?)_(?P<account>\d+)_assignsubmission_file_?")
_CANVAS = re.compile(r"(?P<student>[^_]+)(?:_(?:LATE|late))?_(?P<account>\d+)_\d+_(?P<file>.+)")
_LATE = re.compile(r"_(?:LATE|late)_\d+_\d+_")
_SUFFIX = re.compile(r"\.ipynb(\.txt|\.json)?$", re.IGNORECASE)
_COPY_OF = re.compile(r"(?:Copy of|Copia de|Kopie von|Kopie van|Copie de) ")
_NUMBER = re.compile(r"(?:(?:-Copy| - Copy|-)(?P<dash>\d*)| ?\((?P<round>\d+)\))$")
_COUNTED = re.compile(r"(?:-\d+)?\.ipynb$")  # as Canvas does with files that are handed in again
_ASSIGNMENT = re.compile(r"\d\d_\w+")
_LONGEST = 128  # nbgrader's gradebook has room for as many characters


@dataclass(frozen=True)
class ParsedName:
    """What the name of a file says.

    Attributes:
        student: the student's id.
        account: the number that the platform gives to the student; empty if it gives none.
        exact: whether the file is called like the assignment.
        number: which copy it is: browsers and platforms count them.
        late: the platform says that it came late.
        time: when it was handed in, as the name says; may be empty.
        note: what is unusual about the name, in words for the student; may be empty.
    """

    student: str
    account: str = ""
    exact: bool = True
    number: int = 0
    late: bool = False
    time: str = ""
    note: str = ""


def parse_name(name: str, assignment: str, names: re.Pattern[str]) -> ParsedName | str:
    r"""Read a file's path.

    Args:
        name: its path inside the folder or archive, with ``/`` between folders.
        assignment: such as ``02_convolution``.
        names: the pattern from nbgrader's configuration, with the groups ``student_id``, ``file_id`` and
            perhaps ``timestamp``.

    Returns:
        What the name says, or why it is not understood.

    Example:
        >>> pattern = re.compile(r".*/(?P<student_id>[^/]+?)_(?P<file_id>\d\d_\w+)\.ipynb")
        >>> parse_name("ada_02_convolution (1).ipynb", "02_convolution", pattern).number
        1
        >>> parse_name("notes.txt", "02_convolution", pattern)
        'it is no notebook (.ipynb)'
    """
    path = PurePosixPath("/" + name)
    if not _SUFFIX.search(path.name):
        return "it is no notebook (.ipynb)"
    stem, number = _without_additions(_SUFFIX.sub("", path.name))
    matched = names.match(str(path.with_name(f"{stem}.ipynb")))
    found = _in_nbgraders_folders(path, stem, assignment)
    if not found and matched and PurePosixPath(matched["file_id"]).stem == assignment:
        groups = matched.groupdict()
        found = ParsedName(groups["student_id"], _account(path), time=groups.get("timestamp") or "")
    found = found or _with_platforms_name(path, stem)
    if found is None and matched:
        return f"it is called {matched['file_id'][:60]}, not {assignment}"
    if found is None:
        return f"its name does not say whose it is: expected a name such as ada_{assignment}.ipynb"
    student = unicodedata.normalize("NFC", found.student).strip()
    if not student or student.startswith(".") or len(student) > _LONGEST:
        return f"{student[:40]!r} cannot be a student's id"
    if any(unicodedata.category(letter).startswith("C") or letter in "\\/" for letter in student):
        return f"{student[:40]!r} cannot be a student's id: it has characters that are no text"
    plain = _COUNTED.sub("", path.name) == stem and found.exact
    note = "" if plain else f"The file was called “{path.name[:100]}”; it was taken for this exercise."
    late = _LATE.search(path.name) is not None
    return ParsedName(student, found.account, found.exact, number, late, found.time, note)


def _without_additions(stem: str) -> tuple[str, int]:
    """Take off what Colab, Jupyter, browsers and platforms put before and after a name."""
    stem = _COPY_OF.sub("", stem, count=1)
    number = 0
    while found := _NUMBER.search(stem):
        stem = stem[: found.start()].rstrip()
        number = number or int((found["dash"] or found["round"] or "1")[:6])
    return stem, number


def _in_nbgraders_folders(path: PurePosixPath, stem: str, assignment: str) -> ParsedName | None:
    """Read the folders of nbgrader itself: STUDENT/ASSIGNMENT/NOTEBOOK.ipynb."""
    if len(path.parts) < 4 or path.parts[-2] != assignment:
        return None
    return ParsedName(path.parts[-3], exact=stem == assignment)


def _account(path: PurePosixPath) -> str:
    found = _MOODLE.fullmatch(path.parent.name) or _CANVAS.fullmatch(path.name)
    return found["account"] if found else ""


def _with_platforms_name(path: PurePosixPath, stem: str) -> ParsedName | None:
    """A platform's name around a name that the student chose."""
    found = _MOODLE.fullmatch(path.parent.name) or _CANVAS.fullmatch(stem)
    if not found or _ASSIGNMENT.fullmatch(found.groupdict().get("file", stem)):
        return None
    return ParsedName(found["student"], found["account"], exact=False)
