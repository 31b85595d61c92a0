"""What a class has handed in, brought into its folders. ``cnncourse grade`` begins with it."""

import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from cnncourse.files import replace_file
from cnncourse.grading.collect import roster as rosters
from cnncourse.grading.collect.identities import Identities
from cnncourse.grading.collect.parts import collect_part
from cnncourse.grading.collect.roster import Roster
from cnncourse.grading.collect.submissions import Collected, collect
from cnncourse.grading.course import Course
from cnncourse.grading.records import gradebook


def locate(course: Course, assignment: str, place: Path | None) -> Path:
    """Say where submissions are to be looked for.

    Args:
        course: the class.
        assignment: its name.
        place: what the instructor named.

    Returns:
        ``place``, else nbgrader's folder of submissions, or of downloads if nothing lies in the first.
    """
    if place is not None:
        return place
    downloads = _downloads(course, assignment)
    if downloads.is_dir() and not any(course.submitted.glob(f"*/{assignment}/*.ipynb")):
        return downloads
    return course.submitted


def import_submissions(
    course: Course, assignment: str, place: Path, roster: Roster | None = None, part: str = ""
) -> Collected:
    """Bring submissions into the class's folders; an archive is kept beside those that were there before.

    Args:
        course: the class.
        assignment: its name.
        place: where they are.
        roster: the class, where the instructor gives a list of it; it is kept for the next runs.
        part: the notebook's name where it is not that of the assignment.
    """
    course.submitted.mkdir(parents=True, exist_ok=True)
    known = _identities(course, place)
    collected = _collect(course, assignment, place, course.submitted, roster, known, part)
    if collected.identities:
        known.add(collected.identities)
        known.save(course.identities)
    archives = _downloads(course, assignment)
    if place.is_file() and collected.submissions and place.resolve().parent != archives.resolve():
        _keep_archive(place, archives)
    return collected


@contextmanager
def previewed(
    course: Course, assignment: str, place: Path, roster: Roster | None = None, part: str = ""
) -> Iterator[Collected]:
    """Look at submissions without bringing them in: they lie in a folder that is gone at the block's end."""
    with tempfile.TemporaryDirectory(prefix="cnn-") as folder:
        yield _collect(course, assignment, place, Path(folder), roster, _identities(course, place), part)


def _collect(
    course: Course,
    assignment: str,
    place: Path,
    into: Path,
    roster: Roster | None,
    known: Identities,
    part: str,
) -> Collected:
    before = known.evidence
    how: dict[str, Any] = {"release": course.release, "roster": roster, "known": known}
    if part:
        found = collect_part(course, place, assignment, part, into, **how)
    else:
        found = collect(place, assignment, into, course.names, nbgraders=_is_home(course, place), **how)
    return replace(found, new=tuple(sorted({one.evidence for one in found.identities} - before)))


def _is_home(course: Course, place: Path) -> bool:
    return place.is_dir() and course.submitted.is_dir() and place.samefile(course.submitted)


def _identities(course: Course, place: Path) -> Identities:
    """Who was who in earlier imports; of a class that is older than the list, what its gradebook says."""
    accounts = {}
    older = not course.identities.exists() and course.submitted.is_dir() and any(course.submitted.iterdir())
    if older and not _is_home(course, place):
        with gradebook.opened(course) as book:
            accounts = gradebook.accounts(book)
    return Identities.load(course.identities, accounts)


def read_roster(course: Course, assignment: str, path: Path | None, *, keep: bool = True) -> Roster | None:
    """Read the instructor's list of the class: the one that is given, else the one that was given last.

    Args:
        course: the class.
        assignment: its name; Moodle's list is about one assignment.
        path: the list.
        keep: keep it for the next runs, which fill it in again.

    Raises:
        DataError: it cannot be read, or says nothing about who is who.
    """
    kept = course.grading / "rosters" / f"{assignment}.csv"
    if path is None:
        return rosters.read(kept) if kept.is_file() else None
    roster = rosters.read(path)
    if keep:
        replace_file(kept, path.read_bytes())
    return roster


def _downloads(course: Course, assignment: str) -> Path:
    folder = course.config.ZipCollectApp.get("downloaded_directory", "downloaded")
    return course.root / str(folder) / assignment / "archive"


def _keep_archive(archive: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with archive.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()[:8]
    target = folder / f"{archive.stem}-{digest}{archive.suffix}"
    if not target.exists():
        shutil.copyfile(archive, target)
