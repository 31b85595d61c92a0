"""Bring what was handed in into nbgrader's folders: one notebook a student, and nothing lost."""

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path, PurePosixPath

from cnncourse.errors import DataError
from cnncourse.files import replace_file
from cnncourse.grading.collect import archive
from cnncourse.grading.collect.archive import Entry
from cnncourse.grading.collect.filenames import ParsedName, parse_name

_NO_SUBMISSION = re.compile(
    r"(?:^|/)(?:__MACOSX|\.ipynb_checkpoints|\.earlier|\.git|\.DS_Store|Thumbs\.db|desktop\.ini|\._[^/]*)(?:/|$)"
)
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
        account: the number that the learning platform gives to the student; empty if it gives none.
    """

    student: str
    path: Path
    timestamp: datetime | None = None
    late: bool = False
    notes: tuple[str, ...] = ()
    account: str = ""

    def raw(self) -> bytes:
        """The file as it was handed in; of one that is too large to grade only the beginning."""
        return archive.read_file(self.path)


@dataclass(frozen=True)
class Ignored:
    """A file that was not understood, and why. It stays where it is."""

    name: str
    reason: str


@dataclass(frozen=True)
class Collected:
    """What a folder or an archive held: a submission for each student, and what belongs to nobody."""

    submissions: tuple[Submission, ...]
    ignored: tuple[Ignored, ...]


@dataclass(frozen=True)
class _Candidate:
    named: ParsedName
    entry: Entry
    timestamp: datetime | None

    @property
    def rank(self) -> tuple[bool, datetime, int, str]:
        """The newest has the highest; a file that is called like the assignment comes before any other."""
        time = self.timestamp or self.entry.modified
        return self.named.exact, time, self.named.number, self.entry.name


def collect(
    place: Path, assignment: str, into: Path, names: re.Pattern[str], *, nbgraders: bool = False
) -> Collected:
    """Bring submissions into nbgrader's folders.

    Of two files of one student the newer counts. The other, and what an earlier import brought, is kept
    beside it in ``.earlier/``.

    Args:
        place: a folder, an archive, or a folder of archives; ``into`` itself is read where it lies.
        assignment: such as ``02_convolution``.
        into: nbgrader's folder of submissions.
        names: how files are called: see ``filenames.parse_name``.
        nbgraders: ``place`` has nbgrader's layout; files of other assignments in it are none of ours.

    Returns:
        The submissions by student's id, and what was not understood.

    Raises:
        DataError: there is nothing at ``place``, or an archive is damaged or would unpack to too much.
    """
    if not place.exists():
        raise DataError(f"expected a folder or a zip archive of submissions, found nothing at {place}")
    at_home = place.is_dir() and into.is_dir() and place.samefile(into)
    with archive.opened(place) as entries:
        found, ignored = _by_student(entries, assignment, names, strict=at_home or nbgraders)
        submissions = []
        for student in sorted(found):
            try:
                submissions.append(_import(student, found[student], into / student / assignment, at_home))
            except DataError as error:
                ignored.append(Ignored(max(found[student], key=lambda one: one.rank).entry.name, str(error)))
    return Collected(tuple(submissions), tuple(ignored))


def _by_student(
    entries: list[Entry], assignment: str, names: re.Pattern[str], strict: bool
) -> tuple[dict[str, list[_Candidate]], list[Ignored]]:
    """Find out whose each file is. Files of other assignments in nbgrader's own folders are none of ours."""
    times = {
        PurePosixPath(e.name).parent: e for e in entries if PurePosixPath(e.name).name == "timestamp.txt"
    }
    by_account: dict[str, dict[str, list[_Candidate]]] = defaultdict(lambda: defaultdict(list))
    ignored = []
    for entry in entries:
        path = PurePosixPath(entry.name)
        if _NO_SUBMISSION.search(entry.name) or path.name == "timestamp.txt":
            continue
        if strict and (len(path.parts) != 3 or path.parts[1] != assignment):
            continue
        named = entry.problem or parse_name(entry.name, assignment, names)
        if isinstance(named, str):
            ignored.append(Ignored(entry.name, named))
        else:
            candidate = _Candidate(named, entry, _time(named, times.get(path.parent)))
            by_account[named.student][named.account].append(candidate)
    return dict(_namesakes_apart(by_account)), ignored


def _namesakes_apart(
    by_account: dict[str, dict[str, list[_Candidate]]],
) -> Iterator[tuple[str, list[_Candidate]]]:
    """Tell people with the same name apart by the number that the platform gives them."""
    for student, accounts in by_account.items():
        if len(accounts) == 1:
            yield student, next(iter(accounts.values()))
        else:
            yield from (
                (f"{student}_{account}" if account else student, c) for account, c in accounts.items()
            )


def _time(named: ParsedName, file: Entry | None) -> datetime | None:
    from nbgrader.utils import parse_utc

    try:
        text = file.read()[:100].decode().strip() if file and not file.problem else named.time
        time: datetime | None = parse_utc(text) if text else None
    except (ValueError, TypeError, ArithmeticError, DataError):
        return None
    return time


def _import(student: str, candidates: list[_Candidate], folder: Path, at_home: bool) -> Submission:
    """Put the newest of a student's files where nbgrader looks for it, and the others aside."""
    *others, newest = sorted(candidates, key=lambda candidate: candidate.rank)
    target = folder / f"{folder.name}.ipynb"
    named, time = newest.named, newest.timestamp
    notes = [named.note] if named.note else []
    if others:
        notes.append(
            f"There were {len(candidates)} files; the newest, “{newest.entry.name[-100:]}”, was graded."
        )
    if named.late:
        notes.append("The learning platform marks it as late.")
    submission = Submission(student, target, time, named.late, tuple(notes), named.account)
    if at_home and len(candidates) == 1 and not named.note:
        return submission
    for other in others:
        _set_aside(other.entry.read(), folder)
    data = newest.entry.read()
    changed = target.is_file() and (before := target.read_bytes()) != data
    if changed:
        known = folder / "timestamp.txt"
        then = datetime.fromisoformat(known.read_text().strip()) if known.is_file() and not at_home else None
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


def _set_aside(data: bytes, folder: Path) -> None:
    replace_file(folder / _EARLIER / f"{hashlib.sha256(data).hexdigest()[:16]}.ipynb", data)
