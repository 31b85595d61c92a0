"""Understand what students call their files: which assignment it is, and what browsers and Colab added."""

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

_SUFFIX = re.compile(r"\.ipynb(\.txt|\.json)?$", re.IGNORECASE)
_COPY_OF = re.compile(r"(?:Copy of|Copia de|Kopie von|Kopie van|Copie de) ")
_NUMBER = re.compile(r"(?:(?:-Copy| - Copy|-)(?P<dash>\d*)| ?\((?P<round>\d+)\))$")
_COUNTED = re.compile(r"(?:-\d+)?\.ipynb$")  # as Canvas does with files that are handed in again
_OTHER = re.compile(r"(?:.*[_ -])?(?P<name>\d\d_[^\W\d_]\w*)")
_BETWEEN = re.compile(r"(?<=.)(?: - |[_ -])$")  # one of them: more would belong to the name


@dataclass(frozen=True)
class FileName:
    """What a file's own name says.

    Attributes:
        stem: the name without its ending and what was added to it.
        exact: whether it is called like the assignment.
        head: what stands before the assignment's name: as a rule, whose it is. Empty if there is nothing.
        number: which copy it is: browsers and platforms count them.
        time: when it was handed in, if the class's pattern for names finds that; may be empty.
        other: the assignment that it is called like, where that is another one; may be empty.
        note: what is unusual about the name, in words for the student; may be empty.
    """

    stem: str
    exact: bool
    head: str = ""
    number: int = 0
    time: str = ""
    other: str = ""
    note: str = ""


def read_name(name: str, assignment: str, names: re.Pattern[str]) -> FileName | str:
    r"""Read a file's name.

    Args:
        name: without folders.
        assignment: such as ``02_convolution``.
        names: the class's own pattern from nbgrader's configuration, with the groups ``student_id``,
            ``file_id`` and perhaps ``timestamp``. It is asked about the file's name alone.

    Returns:
        What the name says, or why it is no notebook.

    Example:
        >>> pattern = re.compile(r".*/(?P<student_id>[^/]+?)_(?P<file_id>\d\d_\w+)\.ipynb")
        >>> found = read_name("ada_02_convolution (1).ipynb", "02_convolution", pattern)
        >>> found.head, found.number
        ('ada', 1)
        >>> read_name("notes.txt", "02_convolution", pattern)
        'it is no notebook (.ipynb)'
    """
    if name.lower().endswith(".zip"):
        return "it is an archive inside another one or inside a student's folder, which is not opened"
    if not _SUFFIX.search(name):
        return "it is no notebook (.ipynb)"
    stem, number = _without_additions(_SUFFIX.sub("", name))
    head, time = _head(stem, assignment, names)
    other = _OTHER.fullmatch(stem)
    plain = _COUNTED.sub("", name) == stem and (head or stem == assignment)
    note = "" if plain else f"The file was called “{name[:100]}”; it was taken for this exercise."
    return FileName(
        stem,
        stem == assignment or bool(head),
        head,
        number,
        time,
        other["name"] if other and not head and stem != assignment else "",
        note,
    )


def _head(stem: str, assignment: str, names: re.Pattern[str]) -> tuple[str, str]:
    """Find whose it is, and when it was handed in, before the assignment's name."""
    found = names.match(f"/{stem}.ipynb")
    if found and PurePosixPath(found["file_id"]).stem == assignment:
        groups = found.groupdict()
        return groups["student_id"].strip(), groups.get("timestamp") or ""
    found = _BETWEEN.search(stem.removesuffix(assignment)) if stem.endswith(assignment) else None
    return (stem[: found.start()], "") if found else ("", "")


def _without_additions(stem: str) -> tuple[str, int]:
    """Take off what Colab, Jupyter, browsers and platforms put before and after a name."""
    stem = _COPY_OF.sub("", stem, count=1)
    number = 0
    while found := _NUMBER.search(stem):
        stem = stem[: found.start()].rstrip()
        number = number or int((found["dash"] or found["round"] or "1")[:6])
    return stem, number
