"""Recognise the cells of the instructor's notebook in a submission, in time that grows with its length."""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from nbformat import NotebookNode

from cnncourse.grading import cells
from cnncourse.grading.cells import Role
from cnncourse.grading.repair.parse import Cell, Kind

_TEST = re.compile(r"^with check\.cell\(\s*[\"']([^\"'\n]{1,100})", re.MULTILINE)
_DEFINED = re.compile(r"^(?:def|class)[ \t]+(\w{1,100})", re.MULTILINE)
_SHARE = 0.5


@dataclass(frozen=True)
class Wanted:
    """A cell of the instructor's notebook, without what students must not see.

    Attributes:
        id: its id.
        kind: code or markdown.
        role: what nbgrader does with it; empty for a cell without a mark.
        released: its text as students get it.
        metadata: nbgrader's mark, and nothing else.
        tests: the name that ``check.cell`` prints; empty if it is no test.
        defines: functions and classes that a student is to write in it.
    """

    id: str
    kind: Kind
    role: Role
    released: str
    metadata: dict[str, Any]
    tests: str = ""
    defines: frozenset[str] = field(default_factory=frozenset)

    @property
    def name(self) -> str:
        """Its grade_id; empty for a cell without a mark."""
        return str(self.metadata.get("nbgrader", {}).get("grade_id", ""))

    @property
    def label(self) -> str:
        """How a message names it."""
        return f"“{self.name or self.id}”"

    @property
    def locked(self) -> bool:
        """Whether students may read it only."""
        return self.role in cells.LOCKED


def wanted_cells(source: NotebookNode) -> list[Wanted]:
    """List the cells of the instructor's notebook, in order.

    Example:
        >>> from nbformat.v4 import new_code_cell, new_notebook
        >>> wanted_cells(new_notebook(cells=[new_code_cell("x = 1", id="start")]))[0].released
        'x = 1'
    """
    return [_wanted(cell) for cell in source.cells]


def _wanted(cell: NotebookNode) -> Wanted:
    mark, role = cells.mark(cell), cells.role(cell)
    text = cells.released(cell.source, role, cell.cell_type)
    test = _TEST.search(cell.source)
    return Wanted(
        id=cell.id,
        kind=cell.cell_type,
        role=role,
        released=text,
        metadata={"nbgrader": mark} if mark else {},
        tests=test[1] if test and role == "test" else "",
        defines=frozenset(_DEFINED.findall(cell.source)) if role == "solution" else frozenset(),
    )


def plain(text: str) -> str:
    r"""Write a text so that two texts that look alike are equal.

    Example:
        >>> plain("x = 1  \n\n")
        'x = 1'
    """
    return "\n".join(line.rstrip() for line in text.split("\n")).strip("\n")


def match(cells: list[Cell], wanted: list[Wanted], repairs: list[str]) -> dict[int, int]:
    """Find out which cell of the instructor's each cell of the student's is.

    Args:
        cells: the student's. Copies that add nothing are taken out of the list.
        wanted: the instructor's.
        repairs: a line is added for each thing that was not as it should be.

    Returns:
        For the number of a student's cell the number of the instructor's; each of them once.
    """
    claims = _Claims(cells, wanted)
    claims.claim(_marks(cells, wanted), together=True)
    marked = set(claims.taken)
    for step in (_ids, _texts, _tests, _definitions, _lines, _neighbours):
        claims.claim(step(claims))
    places, copies = claims.settle(repairs)
    lost = [place for number, place in places.items() if number not in marked and wanted[place].name]
    if lost:
        repairs.append(f"{len(lost)} cells had lost nbgrader's mark; they were recognised and marked again.")
    return _without(cells, copies, places)


class _Claims:
    """Who says to be which cell."""

    def __init__(self, cells: list[Cell], wanted: list[Wanted]) -> None:
        self.cells = cells
        self.wanted = wanted
        self.taken: dict[int, int] = {}
        self._by_place: dict[int, list[int]] = defaultdict(list)

    def free(self) -> Iterator[tuple[int, Cell]]:
        """The student's cells that are not yet known."""
        return ((number, cell) for number, cell in enumerate(self.cells) if number not in self.taken)

    def missing(self) -> Iterator[tuple[int, Wanted]]:
        """The instructor's cells that nobody claims."""
        return ((place, want) for place, want in enumerate(self.wanted) if not self._by_place[place])

    def claim(self, pairs: Iterable[tuple[int, int]], *, together: bool = False) -> None:
        """Note pairs, best first; the same mark on several cells makes them copies of each other."""
        for number, place in list(pairs):
            if number not in self.taken and (together or not self._by_place[place]):
                self.taken[number] = place
                self._by_place[place].append(number)

    def settle(self, repairs: list[str]) -> tuple[dict[int, int], set[int]]:
        """Choose one among copies: answered before untouched, the original before its copies."""
        places, superfluous = {}, set()
        for place, numbers in self._by_place.items():
            if not numbers:
                continue
            want = self.wanted[place]
            untouched = {n: plain(self.cells[n].source) == plain(want.released) for n in numbers}
            best = min(
                numbers, key=lambda n: (untouched[n] != want.locked, want.id not in self.cells[n].ids, n)
            )
            places[best] = place
            if len(numbers) > 1:
                repairs.append(
                    f"The cell {want.label} was there {len(numbers)} times; one of them was graded."
                )
            superfluous |= {n for n in numbers if n != best and untouched[n]}
        return dict(sorted(places.items())), superfluous


def _without(cells: list[Cell], superfluous: set[int], places: dict[int, int]) -> dict[int, int]:
    """Take superfluous cells out of the list, and count the others anew."""
    kept = [number for number in range(len(cells)) if number not in superfluous]
    renumbered = {places[number]: new for new, number in enumerate(kept) if number in places}
    cells[:] = [cells[number] for number in kept]
    return {new: place for place, new in renumbered.items()}


def _marks(cells: list[Cell], wanted: list[Wanted]) -> Iterator[tuple[int, int]]:
    places = {want.name: place for place, want in enumerate(wanted) if want.name}
    return ((number, places[cell.mark]) for number, cell in enumerate(cells) if cell.mark in places)


def _ids(claims: _Claims) -> Iterator[tuple[int, int]]:
    places = {want.id: place for place, want in claims.missing()}
    for number, cell in claims.free():
        yield from ((number, places[own]) for own in cell.ids if own in places)


def _texts(claims: _Claims) -> Iterator[tuple[int, int]]:
    """Match equal texts, in order: several questions may wait with the same words for an answer."""
    places: dict[str, list[int]] = defaultdict(list)
    for place, want in claims.missing():
        places[plain(want.released)].append(place)
    for queue in places.values():
        queue.reverse()
    for number, cell in claims.free():
        if queue := places.get(plain(cell.source), []):
            yield number, queue.pop()


def _tests(claims: _Claims) -> Iterator[tuple[int, int]]:
    return _by_name(claims, lambda want: [want.tests] if want.tests else [], _TEST)


def _definitions(claims: _Claims) -> Iterator[tuple[int, int]]:
    return _by_name(claims, lambda want: want.defines, _DEFINED)


def _by_name(
    claims: _Claims, names: Callable[[Wanted], Iterable[str]], pattern: re.Pattern[str]
) -> Iterator[tuple[int, int]]:
    places = {name: place for place, want in claims.missing() for name in names(want)}
    for number, cell in reversed(list(claims.free())):  # the last definition is the one that counts
        found = (places[name] for name in pattern.findall(cell.source) if name in places)
        yield from ((number, place) for place in found)


def _lines(claims: _Claims) -> Iterator[tuple[int, int]]:
    """Match cells that share at least half of the instructor's lines, those that share most first."""
    where: dict[str, list[int]] = defaultdict(list)
    sizes: dict[int, int] = {}
    for place, want in claims.missing():
        lines = _telling(want.released)
        sizes[place] = len(lines)
        for line in lines:
            where[line].append(place)
    found = []
    for number, cell in claims.free():
        shared = Counter(place for line in _telling(cell.source) for place in where.get(line, ()))
        found += [
            (-n / sizes[place], number, place) for place, n in shared.items() if n / sizes[place] >= _SHARE
        ]
    return ((number, place) for _, number, place in sorted(found))


def _telling(text: str) -> set[str]:
    return {line for line in map(str.strip, text.split("\n")) if len(line) > 3}


def _neighbours(claims: _Claims) -> Iterator[tuple[int, int]]:
    """Match a question that a person grades with the first unknown text after the cell that it follows."""
    at = {place: number for number, place in claims.taken.items()}
    for place, want in claims.missing():
        start = at.get(place - 1)
        if want.role != "manual" or start is None:
            continue
        for number in range(start + 1, len(claims.cells)):
            if number in claims.taken:
                break
            if claims.cells[number].kind == want.kind:
                yield number, place
                break
