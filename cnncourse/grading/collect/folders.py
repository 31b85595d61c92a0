"""Whose a file is where no platform says it: by the name before the assignment's, or by the folders.

The part of the path at which the files differ is the student. A part below it is the student's own business:
so where files below one such part differ again, they may be of one person or of several, and nobody guesses.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import takewhile
from pathlib import PurePosixPath

from cnncourse.grading.collect.filenames import FileName

PART = "nothing shows which part of its path is the student: say so with --roster"


def unsure(others: Iterable[str]) -> str:
    """Say that a file may be of another person than others; at most three of them are named."""
    some = [other[-80:] for other in others]
    more = f" and {len(some) - 3} more" if len(some) > 3 else ""
    than = f" than {', '.join(some[:3])}{more}" if some else " than the files beside it"
    return f"it may be of another person{than}: say whose it is with --roster"


@dataclass(frozen=True)
class Layout:
    """What folders of a course are called.

    Attributes:
        assignment: the assignment's name.
        release: the folder of what students get, such as ``exercises``: a clone of the course has one.
    """

    assignment: str
    release: str = "exercises"


@dataclass(frozen=True)
class Loose:
    """A file that no platform has named.

    Attributes:
        path: its name, with ``/`` between folders.
        file: what its own name says.
        archive: the archive in the folder that it lies in; empty if it lies in none.
    """

    path: str
    file: FileName
    archive: str = ""

    @property
    def folders(self) -> tuple[str, ...]:
        """The folders that it lies in; an archive's name is one."""
        return PurePosixPath(self.path).parts[:-1]


@dataclass(frozen=True)
class Found:
    """Whose a file seems to be.

    Attributes:
        student: the student's id.
        place: the same for files that lie at one place, and so are of one person.
        evidence: ``names`` or ``folders``; ``one folder`` for a file alone: no path to compare its own with.
    """

    student: str
    place: str
    evidence: str


def beside_a_clone(paths: Iterable[str], layout: Layout) -> set[str]:
    """Name the notebooks in clones of the course that are not the one in the folder of exercises.

    Example:
        >>> paths = ["ada/exercises/02_a/02_a.ipynb", "ada/solutions/02_a/02_a.ipynb", "bob/02_a.ipynb"]
        >>> beside_a_clone(paths, Layout("02_a"))
        {'ada/solutions/02_a/02_a.ipynb'}
    """
    paths, own = list(paths), f"{layout.release}/{layout.assignment}/"
    clones = {path[: path.index(f"/{own}") + 1] for path in paths if f"/{own}" in path}
    return {
        path
        for path in paths
        for clone in clones
        if path.startswith(clone) and own != path[len(clone) :][: len(own)]
    }


@dataclass(frozen=True)
class _Way:
    """The folders that may tell people apart, and the file's own name where that is not the assignment's."""

    folders: tuple[str, ...]
    chosen: str = ""


def find(files: Iterable[Loose], layout: Layout) -> dict[str, Found | str]:
    """Say whose each file seems to be, or why that is not sure, by path.

    Example:
        >>> exact = FileName("02_a", exact=True)
        >>> files = [Loose(f"all/{name}/work/02_a.ipynb", exact) for name in ("ada", "bob")]
        >>> [one.student for one in find(files, Layout("02_a")).values()]
        ['ada', 'bob']
    """
    files = list(files)
    named = [one for one in files if one.file.head]
    rest = [one for one in files if not one.file.head and (one.file.exact or _at_home(one, layout))]
    found: dict[str, Found | str] = {
        one.path: f"its name does not say whose it is: expected ada_{layout.assignment}.ipynb, say"
        for one in files
    }
    apart = dict(_by_folders(rest, named, layout))
    moved = _called_like_others(named, {one.student for one in apart.values() if isinstance(one, Found)})
    named = [one for one in named if one not in moved]
    found |= dict(_by_folders([*rest, *moved], named, layout)) if moved else apart
    for one in named:
        evidence = "one folder" if one.folders and len(files) == 1 else "names"
        found[one.path] = Found(one.file.head, "/".join((*one.folders, one.file.stem)), evidence)
    return found


def _at_home(one: Loose, layout: Layout) -> bool:
    """Whether it lies in nbgrader's own folders, STUDENT/ASSIGNMENT: there its name may be any."""
    return one.folders[-1:] == (layout.assignment,)


def _called_like_others(named: list[Loose], students: set[str]) -> list[Loose]:
    """Files whose names claim one person from several folders: then the folders around them say more."""
    by_head: dict[str, list[Loose]] = defaultdict(list)
    for one in named:
        by_head[one.file.head].append(one)
    return [
        one
        for head, those in by_head.items()
        if all(each.folders for each in those)
        and (head in students or len({each.folders for each in those}) > 1)
        for one in those
    ]


def _by_folders(files: list[Loose], named: list[Loose], layout: Layout) -> Iterator[tuple[str, Found | str]]:
    """Go through archives of sections one by one; where one holds a student's file, through all at once."""
    ways = {one: _way(one, layout) for one in files}
    exact = {way for way in ways.values() if not way.chosen}
    for one, way in list(ways.items()):
        if way.chosen and _Way(way.folders) in exact:
            yield one.path, f"it lies beside a file that is called {layout.assignment}"
            del ways[one]
    inside: dict[str, set[_Way]] = defaultdict(set)
    for one, way in ways.items():
        inside[one.archive].add(way)
    archives = [archive for archive in inside if archive]
    if not archives or not all(len(inside[archive]) > 1 for archive in archives):
        yield from _apart(ways, [one.folders for one in named])
        return
    for archive in inside:
        those = {one: way for one, way in ways.items() if one.archive == archive}
        yield from _apart(those, [one.folders for one in named if one.archive == archive])


def _way(one: Loose, layout: Layout) -> _Way:
    folders = one.folders
    if _at_home(one, layout):
        folders = folders[:-1]
        folders = folders[:-1] if folders[-1:] == (layout.release,) else folders
    return _Way(folders, "" if one.file.exact else one.file.stem)


def _apart(ways: dict[Loose, _Way], named: list[tuple[str, ...]]) -> Iterator[tuple[str, Found | str]]:
    """Take the first folder at which the paths differ for the person, if all below it is one place."""
    different = set(ways.values())
    alone = len(different) == 1
    depth = 0 if alone else _shared([way.folders for way in different])
    people = {way.folders[: depth + 1] for way in different if len(way.folders) > depth}
    below: dict[tuple[str, ...], set[object]] = defaultdict(set)
    for folders, place in (
        *((way.folders, way) for way in different),
        *((folders, folders) for folders in named),
    ):
        below[folders[: depth + 1]].add(place)
    for one, way in ways.items():
        person = way.folders[: depth + 1]
        if alone and len(way.folders) > 1:
            yield one.path, PART
        elif not alone and (len(people) < 2 or (person in people and len(below[person]) > 1)):
            others = [
                o.path
                for o in ways
                if ways[o] != way and (len(people) < 2 or o.folders[: depth + 1] == person)
            ]
            yield one.path, unsure(others)
        elif alone and len(below[person]) > 1:
            yield one.path, unsure([])
        elif person in people:
            evidence = "one folder" if alone else "folders"
            yield (
                one.path,
                Found(person[-1].removesuffix(".zip"), "/".join((*way.folders, way.chosen)), evidence),
            )


def _shared(folders: list[tuple[str, ...]]) -> int:
    """Count the folders that all paths begin with."""
    levels = zip(*folders, strict=False)
    return sum(1 for _ in takewhile(lambda level: len(set(level)) == 1, levels))
