"""What learning platforms call the files that they give out: one entry each, its example is its test.

A platform's name for a person stands in the first part of a path that fits an entry, seen from outside:
whatever lies below is the student's own, and says nothing about whose it is.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

_ARCHIVED = (
    r"(?P<file>[^/]+|[^/]+\.zip/.+)"  # of a flat archive: a file, or what lies in an archive of that name
)


@dataclass(frozen=True)
class Platform:
    """How one platform names files.

    Attributes:
        name: the platform's.
        pattern: of a path from the part on that names the person. Its groups: ``account`` is what the
            platform gives to one person alone, ``student`` the name, ``file`` the student's own path;
            ``late``, ``time`` of the attempt, and ``part`` for the number of one file.
        example: a path as the platform writes it.
        student: whose the example is.
        label: the student's id, made of the groups.
        lasting: whether the account is the person's in every assignment.
        time: how the attempt's time is written; no platform says in which zone.
    """

    name: str
    pattern: re.Pattern[str]
    example: str
    student: str
    label: str = "{student}"
    lasting: bool = True
    time: str = ""


PLATFORMS = (
    Platform(
        "Moodle",
        re.compile(
            r"(?P<student>[^/]+?)_(?P<account>\d+)_assignsubmission_[a-z]+(?:_?/|_)(?P<file>.+)", re.DOTALL
        ),
        "Ada Lovelace_1234_assignsubmission_file_/02_convolution.ipynb",
        "Ada Lovelace",
        lasting=False,
    ),
    Platform(
        "Blackboard",
        re.compile(r"(?P<student>[^/]+?)_attempt_(?P<time>\d{4}(?:-\d\d){5})_" + _ARCHIVED),
        "Homework 2_alovelace_attempt_2026-01-12-10-30-00_02_convolution.ipynb",
        "alovelace",
        time="%Y-%m-%d-%H-%M-%S",
    ),
    Platform(
        "Canvas, anonymous",
        re.compile(
            r"anon(?P<late>_(?:LATE|late))?_(?P<account>[A-Za-z0-9]{5})_(?P<part>[1-9]\d*)_" + _ARCHIVED
        ),
        "anon_k3x9q_345_02_convolution.ipynb",
        "anon_k3x9q",
        label="anon_{account}",
        lasting=False,
    ),
    Platform(
        "Canvas",
        re.compile(
            r"(?P<student>[^/]+?)(?P<late>_(?:LATE|late))?_(?P<account>[1-9]\d*)_(?P<part>[1-9]\d*)_"
            + _ARCHIVED
        ),
        "lovelaceada_LATE_12_345_02_convolution-1.ipynb",
        "lovelaceada",
    ),
    Platform(
        "Brightspace",
        re.compile(r"(?P<account>\d+)-\d+ ?- ?(?P<student>[^/]+?) ?- (?P<time>[^/]+?)(?:/| - )(?P<file>.+)"),
        "12345-67890 - Ada Lovelace - Jan 12, 2026 1030 AM/02_convolution.ipynb",
        "Ada Lovelace",
        time="%b %d, %Y %I%M %p",
    ),
    Platform(
        "Gradescope",
        re.compile(r"submission_(?P<account>\d+)/(?P<file>.+)"),
        "assignment_9_export/submission_111/02_convolution.ipynb",
        "submission_111",
        label="submission_{account}",
        lasting=False,
    ),
    Platform(
        "GitHub Classroom",
        re.compile(r"(?P<slug>[^/]+)-submissions/(?P=slug)-(?P<account>[^/]+)/(?P<file>.+)"),
        "convolution-submissions/convolution-adalove/exercises/02_convolution/02_convolution.ipynb",
        "adalove",
        label="{account}",
    ),
    Platform(
        "Sakai",
        re.compile(
            r"(?P<student>[^/]+)\((?P<account>[^()/]+)\)/Submission attachment\(s\)/(?P<file>.+)",
            re.IGNORECASE,
        ),
        "Homework 2/Lovelace, Ada(alovelace)/Submission attachment(s)/02_convolution.ipynb",
        "alovelace",
        label="{account}",
    ),
    Platform(
        "ILIAS",
        re.compile(
            r"(?P<student>[^/]+_(?P<login>[^/_]+))_(?P<account>\d{3,})/(?:(?P<time>\d{14})_)?(?P<file>.+)"
        ),
        "Convolution/Lovelace_Ada_alovelace_4712/20260112103000_02_convolution.ipynb",
        "Lovelace_Ada_alovelace",
        time="%Y%m%d%H%M%S",
    ),
)


@dataclass(frozen=True)
class Sighting:
    """A person as a platform names them in a path.

    Attributes:
        platform: the entry that fits.
        student: the student's id.
        account: what the platform gives to this person alone; empty if it gives nothing.
        file: the path below, which the student chose.
        owner: the path up to there.
        names: other names of the person in it.
        late: the platform marks it as late.
        attempt: when it was handed in, in a time zone that nobody names; None if the path does not say.
        part: the platform's number for this one file.
    """

    platform: Platform
    student: str
    account: str
    file: str
    owner: str
    names: tuple[str, ...] = ()
    late: bool = False
    attempt: datetime | None = None
    part: str = ""


def recognise(path: str, assignment: str) -> Sighting | None:
    """Find the person whom a platform names in a path.

    Args:
        path: with ``/`` between folders.
        assignment: its name. A pattern that would cut it in two does not fit: ``team_3_02_convolution.ipynb``
            is no file 02 of account 3.

    Example:
        >>> seen = recognise("Ada_7_assignsubmission_file_/work/a.ipynb", "02_convolution")
        >>> seen.platform.name, seen.student, seen.account, seen.file
        ('Moodle', 'Ada', '7', 'work/a.ipynb')
        >>> recognise("ada/02_convolution.ipynb", "02_convolution")
    """
    parts = path.split("/")
    for start in range(len(parts)):
        rest = "/".join(parts[start:])
        for platform in PLATFORMS:
            found = platform.pattern.fullmatch(rest)
            if found and not _cut(rest, assignment, found.start("file")):
                return _sighting(platform, found, path)
    return None


def _cut(path: str, assignment: str, at: int) -> bool:
    return any(m.start() < at < m.end() for m in re.finditer(re.escape(assignment), path))


def _sighting(platform: Platform, found: re.Match[str], path: str) -> Sighting:
    groups: dict[str, Any] = found.groupdict()
    return Sighting(
        platform,
        platform.label.format(**groups),
        groups.get("account") or "",
        groups["file"],
        path[: len(path) - len(groups["file"])],
        tuple(groups[name] for name in ("student", "login") if groups.get(name)),
        bool(groups.get("late")),
        _attempt(platform, groups.get("time")),
        groups.get("part") or "",
    )


def _attempt(platform: Platform, text: str | None) -> datetime | None:
    try:
        return datetime.strptime(text, platform.time) if text else None
    except ValueError:
        return None
