"""Import one notebook of an assignment that has several, or whose notebook is not called like it."""

import hashlib
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any

from cnncourse.files import replace_file
from cnncourse.grading.collect import archive
from cnncourse.grading.collect.submissions import Collected, Submission, collect
from cnncourse.grading.course import Course


def collect_part(
    course: Course, place: Path, assignment: str, notebook: str, into: Path, **how: Any
) -> Collected:
    """Bring the submissions of one notebook into nbgrader's folders: STUDENT/ASSIGNMENT/NOTEBOOK.ipynb.

    Folders of that form are taken as they are, wherever they lie. Other files are understood as ``collect``
    does, with the notebook's name where an assignment's would stand.

    Args:
        course: the class.
        place: a folder, an archive, or a folder of archives.
        assignment: such as ``ps1``.
        notebook: such as ``problem1``.
        into: nbgrader's folder of submissions, which is read where it lies if it is ``place``.
        how: as for ``collect``: roster, known students, the name of the folder of exercises.

    Raises:
        DataError: as ``collect``.
    """
    home = place.is_dir() and into.is_dir() and place.samefile(into)
    if home:
        return Collected(tuple(_submissions(into, assignment, notebook)), ())
    with tempfile.TemporaryDirectory(prefix="cnn-") as folder:
        brought = Path(folder)
        if not (place.exists() and _laid_out(place, assignment, notebook, brought)):
            collected = collect(place, notebook, brought, course.names, **how)
            moved = [_moved(one, into / one.student / assignment, notebook) for one in collected.submissions]
            return replace(collected, submissions=tuple(moved))
        found = list(_submissions(brought, assignment, notebook))
        return Collected(tuple(_moved(one, into / one.student / assignment, notebook) for one in found), ())


def _laid_out(place: Path, assignment: str, notebook: str, brought: Path) -> bool:
    """Copy what lies in folders of nbgrader's form; say whether there was anything."""
    found = False
    with archive.opened(place) as entries:
        for entry in entries:
            path = PurePosixPath(entry.name)
            known = (f"{notebook}.ipynb", "timestamp.txt")
            if (
                len(path.parts) >= 3
                and path.parts[-2] == assignment
                and path.name in known
                and not entry.problem
            ):
                replace_file(brought / path.parts[-3] / assignment / path.name, entry.read())
                found = found or path.name != "timestamp.txt"
    return found


def _submissions(root: Path, assignment: str, notebook: str) -> Iterator[Submission]:
    for path in sorted(root.glob(f"*/{assignment}/{notebook}.ipynb")):
        if path.is_file() and not path.is_symlink() and not path.parts[-3].startswith("."):
            yield Submission(path.parts[-3], path, _time(path.with_name("timestamp.txt")))


def _time(path: Path) -> datetime | None:
    from nbgrader.utils import parse_utc

    try:
        time: datetime | None = parse_utc(path.read_text(encoding="utf-8").strip()[:100])
    except (OSError, ValueError, TypeError, ArithmeticError):
        return None
    return time


def _moved(submission: Submission, folder: Path, notebook: str) -> Submission:
    """Put a notebook where nbgrader looks for it; one that was there before is set aside."""
    target, data = folder / f"{notebook}.ipynb", submission.path.read_bytes()
    if target.is_file() and (before := target.read_bytes()) != data:
        replace_file(
            folder / ".earlier" / f"{notebook}-{hashlib.sha256(before).hexdigest()[:16]}.ipynb", before
        )
    replace_file(target, data)
    if submission.timestamp:
        replace_file(folder / "timestamp.txt", f"{submission.timestamp.isoformat(' ')}\n".encode())
    return replace(submission, path=target)
