"""Read an instructor's notebook, whatever wrote it and when, into the one form that the grader works on."""

import json
import re
from typing import TYPE_CHECKING, Any

from cnncourse.errors import DataError

if TYPE_CHECKING:  # workers hold assignments, and should start fast: nbformat takes a second
    from nbformat import NotebookNode

_SCHEMA = 3  # nbgrader's, since 0.6
_FLAGS = ("grade", "solution", "locked", "task")
_KNOWN = (*_FLAGS, "schema_version", "grade_id", "points", "cell_type", "checksum")
_NO_ID = re.compile(r"[^a-zA-Z0-9_-]+")
_GRADE_ID = re.compile(r"[a-zA-Z0-9_-]+")
_LONGEST_ID = 64


def read(text: str) -> "NotebookNode":
    r"""Read a notebook; give each cell an id, and each mark of nbgrader's its present form.

    Notebooks before format 4.5 have no ids, and some later ones lack them: a cell is then called by its
    grade_id, or by its number, the same each time. Marks of older versions of nbgrader are brought up to
    date. A mark that says nothing is taken away.

    Args:
        text: the notebook, as JSON.

    Raises:
        DataError: two cells have one grade_id, or a cell's points are no number.
        Exception: it is no notebook.

    Example:
        >>> mark = '{"nbgrader": {"solution": true, "grade_id": "square"}}'
        >>> cell = '{"cell_type": "code", "source": "", "outputs": [], "metadata": %s}' % mark
        >>> read('{"nbformat": 4, "nbformat_minor": 0, "metadata": {}, "cells": [%s]}' % cell).cells[0].id
        'square'
    """
    import nbformat

    text, ids = _without_ids(text)
    notebook: NotebookNode = nbformat.reads(text, as_version=4)  # type: ignore[no-untyped-call]
    taken: set[str] = set()
    named: set[str] = set()
    for number, cell in enumerate(notebook.cells, 1):
        mark = _mark(cell)
        wanted = str(ids.get(number) or (mark or {}).get("grade_id") or f"cell-{number}")
        cell["id"] = _free(wanted, taken)
        cell.metadata.pop("nbgrader", None)
        if mark:
            mark["grade_id"] = str(mark.get("grade_id") or cell["id"])
            if not _GRADE_ID.fullmatch(mark["grade_id"]):
                raise DataError(f"expected a grade_id of letters, digits, - and _, got {mark['grade_id']!r}")
            if mark["grade_id"] in named:
                raise DataError(
                    f"two cells have the grade_id {mark['grade_id']!r}: give one of them another (in "
                    "JupyterLab: View → Create Assignment)"
                )
            named.add(mark["grade_id"])
            cell.metadata["nbgrader"] = nbformat.from_dict(mark)  # type: ignore[no-untyped-call]
    notebook["nbformat_minor"] = max(5, notebook.get("nbformat_minor", 0))
    return notebook


def _without_ids(text: str) -> tuple[str, dict[int, Any]]:
    """Take the cells' ids out of a notebook: nbformat draws those that lack, or that two cells have."""
    raw = json.loads(text)
    if not isinstance(raw, dict) or raw.get("nbformat") != 4 or not isinstance(raw.get("cells"), list):
        return text, {}
    cells = [cell for cell in raw["cells"] if isinstance(cell, dict)]
    ids = {number: cell.pop("id", None) for number, cell in enumerate(cells, 1)}
    raw["nbformat_minor"] = min(4, int(raw.get("nbformat_minor") or 0))
    return json.dumps(raw), ids


def _free(wanted: str, taken: set[str]) -> str:
    """Make an id that nbformat allows and no other cell has."""
    plain = _NO_ID.sub("-", wanted).strip("-")[: _LONGEST_ID - 5] if not _fits(wanted) else wanted
    made, number = plain or "cell", 1
    while made in taken:
        number += 1
        made = f"{(plain or 'cell')[: _LONGEST_ID - 5]}-{number}"
    taken.add(made)
    return made


def _fits(wanted: str) -> bool:
    return 0 < len(wanted) <= _LONGEST_ID and not _NO_ID.search(wanted)


def _mark(cell: Any) -> dict[str, Any] | None:
    """Give nbgrader's mark in its present form; None if the cell has none that says something."""
    found = cell.metadata.get("nbgrader")
    if not isinstance(found, dict) or not any(found.get(flag) for flag in _FLAGS):
        return None
    mark = {key: found[key] for key in _KNOWN if key in found}
    mark |= {flag: bool(found.get(flag)) for flag in _FLAGS} | {"schema_version": _SCHEMA}
    if not (mark["grade"] or mark["task"]):
        mark.pop("points", None)
    else:
        mark["points"] = _points(found.get("points"), str(found.get("grade_id", cell.get("id", ""))))
    return mark


def _points(said: Any, name: str) -> float | int:
    """Read points as nbgrader does: none are 0, and less than none as well."""
    if type(said) in (int, float) and said >= 0:
        points: float | int = said
        return points
    try:
        return max(0.0, float(said or 0))
    except (TypeError, ValueError):
        raise DataError(f"expected a number of points on the cell {name!r}, got {said!r}") from None
