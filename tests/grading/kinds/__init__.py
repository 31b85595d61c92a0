"""Kinds of test cells that instructors write: a right answer, a wrong one, and how far points are trusted.

The table is data: a TOML file for each theme, an entry for each kind. ``trust`` says where a cell is judged:
``apart`` from the student's process, where nothing can be forged, or ``beside`` the student, in that process.
``python -m tests.grading.kinds`` prints the table, with what ``nbgrader autograde`` gives for each.
"""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook

FOLDER = Path(__file__).parent
MODULES = ("pandas", "sympy", "matplotlib.pyplot", "unittest.mock", "pytest", "torch", "cnncourse.check")
FILES = (("tables/numbers.csv", b"1,2,3\n"),)


@dataclass(frozen=True)
class Kind:
    """A kind of test cell."""

    theme: str
    name: str
    answer: str
    wrong: str
    test: str
    trust: str
    nbgrader: bool = True

    def notebook(self, answer: str = "", *, beside: bool = False) -> NotebookNode:
        """Write the notebook: an answer, and a cell of tests for one point."""
        test = new_code_cell(self.test, id="test", metadata=_mark("test", grade=True, locked=True, points=1))
        if beside:
            test.metadata["cnncourse"] = {"judged": "beside"}
        given = new_code_cell(answer or self.answer, id="answer", metadata=_mark("answer", solution=True))
        return new_notebook(cells=[given, test])


def _mark(name: str, **roles: object) -> dict[str, object]:
    flags = {"grade": False, "solution": False, "locked": False, "task": False, "schema_version": 3}
    return {"nbgrader": flags | {"grade_id": name} | roles}


@cache
def kinds() -> tuple[Kind, ...]:
    """Read the table."""
    found = []
    for path in sorted(FOLDER.glob("*.toml")):
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        found += [Kind(path.stem, **entry) for entry in content["kind"]]
    return tuple(found)
