"""What each file says of its owner: by a platform's name in its path, by its own name, by its folders."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath

from cnncourse.grading.collect import sidecars
from cnncourse.grading.collect.archive import Entry
from cnncourse.grading.collect.filenames import FileName, read_name
from cnncourse.grading.collect.folders import Found, Layout, Loose, beside_a_clone, find
from cnncourse.grading.collect.platforms import Sighting, recognise
from cnncourse.grading.collect.sidecars import Submitter

_MAY_BE_ONE = re.compile(r"\.ipynb(?:\.\w+)?$|\.zip$", re.IGNORECASE)
_SAID_BESIDE = re.compile(r"(?:^|/)(?:timestamp\.txt|submission_metadata\.yml|[^/]*_attempt_[\d-]+\.txt)$")


@dataclass(frozen=True)
class Claim:
    """What is known of the owner of a notebook.

    Attributes:
        entry: the file.
        file: what its own name says.
        student: whose it seems to be; empty if that is not clear.
        evidence: what says so: a platform's name, ``names``, ``folders``, ``one folder``.
        place: the same for files that are one person's.
        problem: why it is not clear whose it is; empty if it is.
        account: what the platform gives to the person alone; empty if nothing.
        lasting: whether that is the same in every assignment.
        names: all that the person may be called in a roster, the most telling first.
        late: the platform says that it came late.
        attempt: when it came, in a time zone that nobody names.
        time: when it came (UTC), where the platform's table says so.
        part: the platform's number of the file.
        group: the ids of all who have handed it in together; empty for one person's.
    """

    entry: Entry
    file: FileName
    student: str
    evidence: str
    place: str
    problem: str = ""
    account: str = ""
    lasting: bool = False
    names: tuple[str, ...] = ()
    late: bool = False
    attempt: datetime | None = None
    time: datetime | None = None
    part: str = ""
    group: tuple[str, ...] = ()

    @property
    def rank(self) -> tuple[datetime, bool, datetime, int, str]:
        """The newest has the highest; of one attempt, a file that is called like the assignment."""
        time = self.time or self.entry.modified
        return self.attempt or datetime.min, self.file.exact, time, self.file.number, self.entry.name


def claims(entries: list[Entry], layout: Layout, names: re.Pattern[str], place: Path) -> Iterator[Claim]:
    """Read all paths.

    Args:
        entries: the files.
        layout: what the assignment and the course's folders are called.
        names: the class's pattern for names of files.
        place: what the files lie in.

    Yields:
        One for each file that is not a system's own; with a problem for what is no notebook, or nobody's.
    """
    files = [one for one in entries if not _SAID_BESIDE.search(one.name)]
    seen = {
        one.name: sighting
        for one in files
        if _MAY_BE_ONE.search(one.name) and (sighting := recognise(one.name, layout.assignment))
    }
    told = sidecars.with_logins(seen, entries)
    tables = sidecars.gradescope(entries)
    clones = beside_a_clone((one.name for one in files if _MAY_BE_ONE.search(one.name)), layout)
    loose: dict[str, Loose] = {}
    read: dict[str, tuple[Entry, FileName]] = {}
    for entry in files:
        sighted = told.get(entry.name)
        seen_as = sighted if isinstance(sighted, Sighting) else None
        file = _readable(entry, layout, names, seen_as, entry.name in clones)
        if isinstance(file, str):
            yield Claim(entry, FileName("", exact=False), "", "", entry.name, problem=file)
        elif isinstance(sighted, str):
            yield Claim(entry, file, "", "Blackboard", entry.name, problem=sighted)
        elif seen_as:
            yield _of_platform(entry, file, seen_as, tables.get(seen_as.owner, ()))
        else:
            loose[entry.name] = Loose(entry.name, file, entry.archive)
            read[entry.name] = entry, file
    for path, found in find(loose.values(), layout).items():
        yield _by_path(*read[path], found, place)


def _readable(
    entry: Entry, layout: Layout, names: re.Pattern[str], sighting: Sighting | None, beside_clone: bool
) -> FileName | str:
    """Read a file's own name, or say why the file is not looked at."""
    if entry.problem:
        return entry.problem
    name = PurePosixPath(sighting.file if sighting else entry.name).name
    file = read_name(name, layout.assignment, names)
    if isinstance(file, str):
        whose = f" (it is with the files of {sighting.student})" if sighting else ""
        return file + whose
    if file.other and (not sighting or file.other == file.stem):
        return f"it is called {file.other[:60]}, not {layout.assignment}"
    if beside_clone:
        return f"it lies in a clone of the course, beside {layout.release}/{layout.assignment}"
    return file


def _of_platform(entry: Entry, file: FileName, seen: Sighting, people: tuple[Submitter, ...]) -> Claim:
    first = people[0] if people else None
    name = seen.platform.name.partition(",")[0]
    student, account = (first.student, first.student) if first else (seen.student, seen.account)
    return Claim(
        entry,
        file,
        student,
        name,
        "\n".join((name, account, student, *seen.names)),
        account=account,
        lasting=seen.platform.lasting or first is not None,
        names=first.names
        if first
        else (seen.student, *seen.names, *([seen.account] if not seen.account.isdigit() else [])),
        late=seen.late,
        attempt=seen.attempt,
        time=first.time if first else None,
        part=seen.part,
        group=tuple(one.student for one in people[1:]),
    )


def _by_path(entry: Entry, file: FileName, found: Found | str, place: Path) -> Claim:
    parts = [part.removesuffix(".zip") for part in PurePosixPath(entry.name).parts[:-1]]
    names = (*parts, *([file.head] if file.head else []))
    if isinstance(found, str):
        return Claim(entry, file, "", "folders", entry.name, problem=found, names=names)
    alone = found.evidence == "one folder"
    where = f"{place.stem}/{found.place}" if alone else found.place
    return Claim(entry, file, found.student, found.evidence, where, names=names)
