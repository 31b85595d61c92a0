"""Bring what was handed in into nbgrader's folders: one notebook a student, and nothing lost."""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path, PurePosixPath

from cnncourse.errors import DataError
from cnncourse.files import replace_file
from cnncourse.grading.collect import archive
from cnncourse.grading.collect.archive import Entry
from cnncourse.grading.collect.claims import Claim, claims
from cnncourse.grading.collect.filenames import read_name
from cnncourse.grading.collect.folders import Layout
from cnncourse.grading.collect.identities import Identities, Identity
from cnncourse.grading.collect.owners import Ignored, Owners, assign, no_id
from cnncourse.grading.collect.roster import Person, Roster
from cnncourse.grading.collect.times import read_time
from cnncourse.grading.repair.parse import MAX_BYTES, slim

__all__ = ["Collected", "Ignored", "Submission", "collect"]

_EARLIER = ".earlier"


@dataclass(frozen=True)
class Submission:
    """One student's notebook, in nbgrader's folder of submissions.

    Attributes:
        student: the student's id.
        path: the file.
        timestamp: when it was handed in (UTC without a zone, as nbgrader keeps it), where that is known.
        late: the learning platform says that it came late.
        notes: what was unusual about the file, one line each, in words for the student.
        account: the number or login that the learning platform gives to the student in every assignment;
            empty if it gives none.
        source: the file's name where it came from; empty if it lay here already.
        evidence: what says whose it is: a platform, ``names``, ``folders``; empty if it lay here already.
        unclear_time: why it is not known when it was handed in, where something is said about that.
        person: the student's row in the roster.
    """

    student: str
    path: Path
    timestamp: datetime | None = None
    late: bool = False
    notes: tuple[str, ...] = ()
    account: str = ""
    source: str = ""
    evidence: str = ""
    unclear_time: str = ""
    person: Person | None = None

    def raw(self) -> bytes:
        """The file as it was handed in; a large one without its outputs and pictures."""
        return slim(archive.read_file(self.path))


@dataclass(frozen=True)
class Collected:
    """What a folder or an archive held: a submission for each student, and what belongs to nobody.

    Attributes:
        submissions: by the students' ids.
        ignored: what was not understood.
        identities: what the next import should know.
        new: what says whose files are, for the first time in this class: a platform, ``names``, ``folders``.
    """

    submissions: tuple[Submission, ...]
    ignored: tuple[Ignored, ...]
    identities: tuple[Identity, ...] = ()
    new: tuple[str, ...] = ()


def collect(
    place: Path,
    assignment: str,
    into: Path,
    names: re.Pattern[str],
    *,
    nbgraders: bool = False,
    release: str = "exercises",
    roster: Roster | None = None,
    known: Identities | None = None,
) -> Collected:
    """Bring submissions into nbgrader's folders.

    Of two files of one student the newer counts. The other, and what an earlier import brought, is kept
    beside it in ``.earlier/``.

    Args:
        place: a folder, an archive, or a folder of archives; ``into`` itself is read where it lies.
        assignment: such as ``02_convolution``.
        into: nbgrader's folder of submissions.
        names: how files are called: see ``filenames.read_name``.
        nbgraders: ``place`` has nbgrader's layout; files of other assignments in it are none of ours.
        release: what the course's folder of exercises is called, as it is in clones of the course.
        roster: the class, where the instructor gives a list of it.
        known: the students of earlier imports.

    Returns:
        The submissions by student's id, and what was not understood.

    Raises:
        DataError: there is nothing at ``place``, or an archive is damaged or would unpack to too much.
    """
    if not place.exists():
        raise DataError(f"expected a folder or a zip archive of submissions, found nothing at {place}")
    at_home = place.is_dir() and into.is_dir() and place.samefile(into)
    with archive.opened(place) as entries:
        times = {PurePosixPath(one.name).parent: one for one in entries if one.name.endswith("timestamp.txt")}
        if at_home or nbgraders:
            owners = _at_home(entries, assignment, names)
        else:
            found = claims(entries, Layout(assignment, release), names, place)
            owners = assign(found, assignment, roster or Roster(), known or Identities())
        submissions = []
        for student in sorted(owners.files):
            files = [_Timed.of(claim, times) for claim in owners.files[student]]
            try:
                one = _import(student, files, into / student / assignment, at_home)
                account = owners.accounts.get(student, "")
                submissions.append(replace(one, account=account, person=owners.listed.get(student)))
            except DataError as error:
                owners.refuse([max(files, key=lambda one: one.rank).claim], str(error))
    ignored = sorted(owners.ignored, key=lambda one: one.name)
    return Collected(tuple(submissions), tuple(ignored), tuple(owners.identities))


def _at_home(entries: list[Entry], assignment: str, names: re.Pattern[str]) -> Owners:
    """Read nbgrader's own folders, STUDENT/ASSIGNMENT/ASSIGNMENT.ipynb: there the folder is the student."""
    owners = Owners()
    for entry in entries:
        path = PurePosixPath(entry.name)
        file = read_name(path.name, assignment, names)
        if len(path.parts) != 3 or path.parts[1] != assignment or isinstance(file, str):
            continue
        student = path.parts[0]
        claim = Claim(entry, file, student, "", entry.name)
        if problem := entry.problem or no_id(student):
            owners.refuse([claim], problem)
        else:
            owners.files.setdefault(student, []).append(claim)
    return owners


@dataclass(frozen=True)
class _Timed:
    """A file with the time when it was handed in, or why that is not known."""

    claim: Claim
    time: datetime | None
    unclear: str

    @classmethod
    def of(cls, claim: Claim, times: dict[PurePosixPath, Entry]) -> "_Timed":
        beside = times.get(PurePosixPath(claim.entry.name).parent)
        try:
            said = claim.time or (
                read_time(beside.read())
                if beside and not beside.problem
                else read_time(claim.file.time.encode())
                if claim.file.time
                else None
            )
        except DataError as error:
            said = str(error)
        return cls(claim, None, said) if isinstance(said, str) else cls(claim, said, "")

    @property
    def rank(self) -> tuple[object, ...]:
        """The newest has the highest."""
        return replace(self.claim, time=self.time).rank


def _import(student: str, files: Iterable[_Timed], folder: Path, at_home: bool) -> Submission:
    """Put the newest of a student's files where nbgrader looks for it, and the others aside."""
    *others, newest = sorted(files, key=lambda one: one.rank)
    target = folder / f"{folder.name}.ipynb"
    claim, time = newest.claim, newest.time
    notes = [claim.file.note] if claim.file.note else []
    if others:
        name = claim.entry.name[-100:]
        notes.append(f"There were {len(others) + 1} files; the newest, “{name}”, was graded.")
    if claim.late:
        notes.append("The learning platform marks it as late.")
    data = claim.entry.read()
    if len(data) > MAX_BYTES >= len(slim(data)):
        notes.append("The file is large: it was graded without its outputs, and without pictures that are.")
    submission = Submission(
        student,
        target,
        time,
        claim.late,
        tuple(notes),
        source="" if at_home else claim.entry.name,
        evidence=claim.evidence,
        unclear_time=newest.unclear,
    )
    if at_home and not others and PurePosixPath(claim.entry.name).name == target.name:
        return submission
    for other in others:
        _set_aside(other.claim.entry.read(), folder)
    changed = target.is_file() and (before := target.read_bytes()) != data
    if changed:
        then = None if at_home else _known_time(folder)
        if time and then and then > time:
            _set_aside(data, folder)
            return replace(submission, timestamp=then, notes=("A newer file had been collected before.",))
        _set_aside(before, folder)
    replace_file(target, data)
    if time:
        replace_file(folder / "timestamp.txt", f"{time.isoformat(' ')}\n".encode())
    elif changed and not at_home:
        (folder / "timestamp.txt").unlink(missing_ok=True)
    return submission


def _known_time(folder: Path) -> datetime | None:
    """When the file that is there was handed in, as an earlier import has written it."""
    path = folder / "timestamp.txt"
    said = read_time(path.read_bytes()) if path.is_file() else ""
    return None if isinstance(said, str) else said


def _set_aside(data: bytes, folder: Path) -> None:
    replace_file(folder / _EARLIER / f"{hashlib.sha256(data).hexdigest()[:16]}.ipynb", data)
