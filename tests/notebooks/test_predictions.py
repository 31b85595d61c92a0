"""Predict before you run: at least two predictions of a chapter have a cell to type in, and are answered."""

import re
from pathlib import Path

import nbformat
import pytest

from cnncourse.authoring.minutes import PREDICT

CHAPTERS = sorted((Path(__file__).parents[2] / "book").glob("[0-9][0-9]_*.ipynb"))
_TYPE_HERE = re.compile(r"mine = None  # \S+")


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_predictions_are_typed_and_answered(path):
    cells = nbformat.read(path, as_version=4).cells
    typed = [n for n, cell in enumerate(cells) if cell.cell_type == "code" and _TYPE_HERE.match(cell.source)]
    assert len(typed) >= 2
    for n, until in zip(typed, [*typed[1:], len(cells)], strict=True):
        assert PREDICT in cells[n - 1].source, f"{cells[n].id}: no prediction stands above it"
        answers = [cell.id for cell in cells[n:until] if "if mine is not None:" in cell.source]
        assert answers, f"{cells[n].id}: nothing looks at what was typed"
