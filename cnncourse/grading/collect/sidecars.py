"""What platforms write beside the notebooks: whose a numbered submission is, and which name is a login."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any

from cnncourse.errors import DataError
from cnncourse.grading.collect.archive import Entry
from cnncourse.grading.collect.platforms import Sighting

_LOGIN = re.compile(r"^Name: .*\((?P<login>[^()]+)\)\s*$", re.MULTILINE)
_UNCLEAR = (
    "which part of its name is the student's is not clear: keep the text file that Blackboard puts beside "
    "it, or say who has handed it in with --roster"
)
_ATTEMPT = re.compile(r"(?P<head>[^/]+?)_attempt_\d{4}(?:-\d\d){5}\.txt")


@dataclass(frozen=True)
class Submitter:
    """A person in Gradescope's table.

    Attributes:
        student: the student's id: the school's number, else the address, else the name.
        names: all that the table calls them.
        time: when they handed in (UTC without a zone); None if the table does not say.
    """

    student: str
    names: tuple[str, ...]
    time: datetime | None


def gradescope(entries: Iterable[Entry]) -> dict[str, tuple[Submitter, ...]]:
    """Read ``submission_metadata.yml``: who handed in which submission; several for a group.

    Args:
        entries: all files. A table inside a submission is the student's own and is not read.

    Returns:
        The people by the path of the submission's folder, with ``/`` at its end.
    """
    found: dict[str, tuple[Submitter, ...]] = {}
    for entry in entries:
        path = PurePosixPath(entry.name)
        inside = any(part.startswith("submission_") for part in path.parts[:-1])
        if path.name == "submission_metadata.yml" and not inside and not entry.problem:
            folder = "" if path.parent == PurePosixPath() else f"{path.parent}/"
            for name, one in _loaded(entry).items():
                if isinstance(one, dict):
                    found[f"{folder}{name}/"] = tuple(_submitters(one))
    return found


def _loaded(entry: Entry) -> dict[str, Any]:
    import yaml

    try:
        loaded = yaml.load(entry.read(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (yaml.YAMLError, ValueError, RecursionError, DataError) as error:
        words = " ".join(str(error).split())[:120]
        raise DataError(
            f"expected Gradescope's table in {entry.name}, but it cannot be read: {words}"
        ) from None
    return loaded if isinstance(loaded, dict) else {}


def _submitters(submission: dict[str, Any]) -> Iterator[Submitter]:
    time = submission.get(":created_at")
    when = time.astimezone(UTC).replace(tzinfo=None) if isinstance(time, datetime) and time.tzinfo else None
    people = submission.get(":submitters")
    for person in people if isinstance(people, list) else ():
        if isinstance(person, dict):
            names = [str(person[key]) for key in (":sid", ":email", ":name") if person.get(key)]
            if names:
                yield Submitter(names[0], tuple(names), when)


def with_logins(seen: dict[str, Sighting], entries: Iterable[Entry]) -> dict[str, Sighting | str]:
    """Say which part of Blackboard's names is the login: ``Homework 2_a_smith`` holds a column's name, too.

    The text that Blackboard puts beside each attempt says it; without it, all names begin with one column's.

    Args:
        seen: what was recognised, by path.
        entries: all files.

    Returns:
        The same; in place of what stays unclear, why.
    """
    heads = {path: one.student for path, one in seen.items() if one.platform.name == "Blackboard"}
    said = dict(_logins(entries)) if heads else {}
    column = _common(set(heads.values()))
    known: dict[str, Sighting | str] = dict(seen)
    for path, head in heads.items():
        login = said.get(head) or (head[len(column) :] if column else "")
        known[path] = replace(seen[path], student=login, account=login, names=(login,)) if login else _UNCLEAR
    return known


def _logins(entries: Iterable[Entry]) -> Iterator[tuple[str, str]]:
    for entry in entries:
        found = _ATTEMPT.fullmatch(PurePosixPath(entry.name).name)
        if found and not entry.problem:
            login = _LOGIN.search(entry.read()[:2000].decode("utf-8-sig", "replace"))
            if login and found["head"].endswith(f"_{login['login']}"):
                yield found["head"], login["login"]


def _common(heads: set[str]) -> str:
    """The column's name that all begin with, up to its ``_``; empty if it could end at another ``_``."""
    words = [head.split("_") for head in heads]
    if len(words) == 1:
        return f"{words[0][0]}_" if len(words[0]) == 2 else ""
    first = {tuple(each[:1]) for each in words}
    second = {tuple(each[:2]) for each in words}
    return f"{words[0][0]}_" if len(first) == 1 < len(second) else ""
