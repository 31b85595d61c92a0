"""Mend what happens to notebooks by accident, so that it costs nobody points.

Cells are recognised by nbgrader's mark, else by their id, else by what they say. What was copied, deleted,
moved, retyped or lost its mark then takes the form of the instructor's notebook again. What cannot be mended
is refused with a reason that the student can act on.
"""

import bisect
import copy
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from nbformat import NotebookNode, from_dict

from cnncourse.grading.repair.matching import Wanted, match, plain, wanted_cells
from cnncourse.grading.repair.parse import MAX_BYTES, MAX_CELLS, Cell, Unreadable, read

__all__ = ["MAX_BYTES", "MAX_CELLS", "Repaired", "Unreadable", "blank", "repair"]
_MISSING = "*This cell is missing from the submission. If the answer stands elsewhere, it is graded there.*"
_ID = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")


@dataclass(frozen=True)
class Repaired:
    """A submission in the form that the judge expects.

    Attributes:
        notebook: the student's cells, with the marks of the instructor's notebook and without outputs.
        repairs: what was mended, one line each, in words for the student.
    """

    notebook: NotebookNode
    repairs: tuple[str, ...]


def repair(raw: bytes, source: NotebookNode) -> Repaired:
    """Read and mend a submission.

    Args:
        raw: the file as it was handed in; it may be anything.
        source: the instructor's notebook. Its answers and hidden tests are never given away.

    Returns:
        The notebook to grade. Its cells that come from ``source`` stand in the order of ``source``.

    Raises:
        Unreadable: nothing can be graded.

    Example:
        >>> from nbformat.v4 import new_code_cell, new_notebook, writes
        >>> mark = {"grade_id": "sum-answer", "grade": False, "solution": True, "locked": False}
        >>> cells = [new_code_cell("total = 3", id="sum-answer", metadata={"nbgrader": mark})]
        >>> source = new_notebook(cells=cells)
        >>> mended = repair(writes(source).replace("sum-answer", "?", 1).encode(), source)
        >>> mended.notebook.cells[0].id
        'sum-answer'
    """
    cells, repairs = read(raw, source.metadata.get("kernelspec", {}).get("name", "python3"))
    wanted = wanted_cells(source)
    places = match(cells, wanted, repairs)
    if not any(wanted[place].name for place in places.values()) and any(want.name for want in wanted):
        raise Unreadable(
            f"This notebook has none of the cells of {_title(source)}. Is it the right file? "
            "Hand in the notebook of this exercise."
        )
    parts = _arrange(cells, wanted, places, repairs)
    return Repaired(_notebook(source, parts), tuple(dict.fromkeys(repairs)))


def _title(source: NotebookNode) -> str:
    lines = (line for cell in source.cells for line in cell.source.splitlines())
    heading = next((line.lstrip("# ") for line in lines if line.startswith("# ")), "")
    return f"“{heading}”" if heading else "this exercise"


@dataclass(frozen=True)
class _Part:
    """A cell of the mended notebook: the student's, and which of the instructor's it is."""

    cell: Cell
    want: Wanted | None = None


def _arrange(
    cells: list[Cell], wanted: list[Wanted], places: dict[int, int], repairs: list[str]
) -> list[_Part]:
    """Put the cells that are known into the instructor's order, and put back those that are gone."""
    at = {place: number for number, place in places.items()}
    steady = _longest_rise(list(places.items()))
    moved: dict[int, list[_Part]] = defaultdict(list)  # by the number of the cell that they stand before
    waiting: list[_Part] = []
    for place, want in enumerate(wanted):
        number = at.get(place)
        if number is not None and number in steady:
            moved[number] += waiting
            waiting = []
        elif number is not None:
            repairs.append(f"The cell {want.label} had been moved; it was put back in its place.")
            waiting += _restored(cells[number], want, repairs)
        elif want.name:
            waiting += _put_back(want, repairs)
    parts: list[_Part] = []
    for number, cell in enumerate(cells):
        parts += moved[number]
        if number not in places:
            parts.append(_Part(cell))
        elif number in steady:
            parts += _restored(cell, wanted[places[number]], repairs)
    return parts + waiting


def _longest_rise(pairs: list[tuple[int, int]]) -> set[int]:
    """Find the most cells that already stand in the right order: the others are the ones that moved.

    Args:
        pairs: the number of each cell in the submission, rising, and its place in the instructor's notebook.

    Returns:
        The numbers of the cells that stay.

    Example:
        >>> sorted(_longest_rise([(0, 0), (1, 5), (2, 1), (3, 2)]))
        [0, 2, 3]
    """
    pairs = sorted(pairs)
    tails: list[int] = []
    last: list[int] = []
    before: dict[int, int | None] = {}
    for number, place in pairs:
        length = bisect.bisect_left(tails, place)
        tails[length:], last[length:] = [place, *tails[length + 1 :]], [number, *last[length + 1 :]]
        before[number] = last[length - 1] if length else None
    steady: set[int] = set()
    step = last[-1] if last else None
    while step is not None:
        steady.add(step)
        step = before[step]
    return steady


def _restored(cell: Cell, want: Wanted, repairs: list[str]) -> Iterator[_Part]:
    """Give a known cell its kind and, where it may be read only, its text. A changed text runs after it."""
    if cell.kind != want.kind:
        repairs.append(f"The cell {want.label} had become {cell.kind}; it is {want.kind} again.")
    yield _Part(replace(cell, kind=want.kind), want)
    if want.locked and plain(cell.source) != plain(want.released):
        repairs.append(f"The cell {want.label} may only be read and had been changed; the original was used.")
        if want.role == "readonly" and want.kind == cell.kind == "code":
            yield _Part(Cell("code", cell.source))


def _put_back(want: Wanted, repairs: list[str]) -> Iterator[_Part]:
    """Put back a cell that is gone. An answer of code is not: it may stand in a cell that nobody knows."""
    if want.role == "solution":
        repairs.append(f"The answer cell {want.label} is missing.")
        return
    repairs.append(f"The cell {want.label} was missing; it was put back.")
    yield _Part(Cell(want.kind, _MISSING if want.role == "manual" else want.released), want)


def _notebook(source: NotebookNode, parts: list[_Part]) -> NotebookNode:
    kernel = {"kernelspec": dict(source.metadata.get("kernelspec", {})), "language_info": {"name": "python"}}
    content = {"nbformat": 4, "nbformat_minor": 5, "metadata": kernel, "cells": _build(parts)}
    notebook: NotebookNode = from_dict(content)  # type: ignore[no-untyped-call]
    return notebook


def _build(parts: list[_Part]) -> list[dict[str, Any]]:
    """Make nbformat's cells, with an id each."""
    taken = {part.want.id for part in parts if part.want}
    built = []
    for number, part in enumerate(parts):
        own = part.want.id if part.want else _free_id(part.cell, number, taken)
        taken.add(own)
        node: dict[str, Any] = {
            "cell_type": part.cell.kind,
            "id": own,
            "metadata": {},
            "source": part.cell.source,
        }
        if part.want:
            node["metadata"] = copy.deepcopy(part.want.metadata)
            node["source"] = part.want.released if part.want.locked else part.cell.source
        if part.cell.kind == "code":
            node |= {"execution_count": None, "outputs": []}
        elif part.cell.attachments:
            node["attachments"] = part.cell.attachments
        built.append(node)
    return built


def _free_id(cell: Cell, number: int, taken: set[str]) -> str:
    fitting = (own for own in cell.ids if 0 < len(own) <= 64 and set(own) <= _ID and own not in taken)
    own = next(fitting, f"cell-{number}")
    return own if own not in taken else f"cell-{number}-{len(taken)}"


def blank(source: NotebookNode) -> NotebookNode:
    """Make the notebook that students get, to show something where a submission cannot be read.

    Example:
        >>> from nbformat.v4 import new_markdown_cell, new_notebook
        >>> blank(new_notebook(cells=[new_markdown_cell("# A task", id="task")])).cells[0].source
        '# A task'
    """
    parts = [_Part(Cell(want.kind, want.released), want) for want in wanted_cells(source)]
    return _notebook(source, parts)
