"""The exercises as the tests see them: a solution notebook, its cells, and the bank that belongs to it."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from cnncourse.grading import cells
from cnncourse.grading.cells import parse
from tests.exercises.bank import BANKS, Entry, read_bank, replace_definition

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Exercise:
    """A solution notebook and its bank."""

    notebook: Path
    bank: Path

    @property
    def stem(self) -> str:
        return self.notebook.stem

    @cached_property
    def solution(self) -> NotebookNode:
        return nbformat.read(self.notebook, as_version=4)

    @cached_property
    def entries(self) -> list[Entry]:
        return read_bank(self.bank) if self.bank.exists() else []

    @property
    def partly_right(self) -> list[Entry]:
        """Wrong answers that lose less than another answer to the same task."""
        wrong = [entry for entry in self.entries if not entry.is_right]
        return [
            one
            for one in wrong
            if any(one.fails < other.fails and one.sources.keys() & other.sources.keys() for other in wrong)
        ]

    @property
    def tests(self) -> dict[str, float]:
        """The points of each autograded test cell, by grade_id."""
        return {cells.grade_id(cell): cells.points(cell) for cell in self.cells("test")}

    @property
    def manual(self) -> dict[str, float]:
        """The points of each manually graded cell, by grade_id."""
        return {cells.grade_id(cell): cells.points(cell) for cell in self.cells("manual")}

    def cells(self, role: str) -> list[NotebookNode]:
        return [cell for cell in self.solution.cells if cells.role(cell) == role]

    def sources(self, entry: Entry | None = None) -> dict[str, str]:
        """The source of every code cell, by id, with the definitions of a bank entry put in.

        Raises:
            LookupError: the entry defines a name that not exactly one solution cell defines.
        """
        sources = {cell.id: cell.source for cell in self.solution.cells if cell.cell_type == "code"}
        for name, new in (entry.sources if entry else {}).items():
            changed = {
                cell.id: replaced
                for cell in self.cells("solution")
                if (replaced := replace_definition(sources[cell.id], name, new)) is not None
            }
            if len(changed) != 1:
                raise LookupError(f"{self.stem}: {len(changed)} solution cells define {name!r}, expected one")
            sources |= changed
        return {key: cells.without_markers(source) for key, source in sources.items()}

    def drawing(self, entry: Entry | None = None) -> set[str]:
        """Name the test cells that draw hidden inputs, and can hear of the entry if one is given."""
        sources = self.sources(entry)
        used = {name: set(_names(source)) for name, source in sources.items()}
        known = set().union(*used.values()) if entry is None else set(entry.sources)
        for name, source in sources.items():
            if used[name] & known:
                known |= set(_bound(source))
        return {name for name in self.tests if used[name] & known and "generator" in sources[name]}


def _names(source: str) -> Iterator[str]:
    """Every name in a cell."""
    return (node.id for node in ast.walk(parse(source)) if isinstance(node, ast.Name))


def _bound(source: str) -> Iterator[str]:
    """The names that a cell gives a value to: variables, functions and classes."""
    for node in ast.walk(parse(source)):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name


def exercises(root: Path = ROOT) -> list[Exercise]:
    """Every exercise of the course, in order."""
    found = sorted(root.glob("solutions/*/*.ipynb"))
    return [Exercise(path, BANKS / f"bank_{path.stem.split('_')[0]}.py") for path in found]
