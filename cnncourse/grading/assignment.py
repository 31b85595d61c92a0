"""An assignment as the grader holds it: the instructor's notebook and the files beside it, in one value."""

import ast
import hashlib
import json
import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Self

from cnncourse.errors import DataError
from cnncourse.grading import cells as marks
from cnncourse.grading import source as notebooks
from cnncourse.grading.cells import parse
from cnncourse.grading.files import MAX_FILES, beside_notebook

if TYPE_CHECKING:  # workers hold assignments, and should start fast: nbformat takes a second
    from nbformat import NotebookNode

SOLUTIONS = Path("solutions")
_MAX_BYTES = 64 * 2**20


# What torch imports only when a word like this is first used: half a second, and more than one.
_LATE = {
    "cnncourse": "cnncourse.runtime",
    "matplotlib": "matplotlib.backends.backend_agg",
    ".backward(": "torch.fx.experimental.symbolic_shapes",
    "optim": "torch._dynamo",
    "fit(": "torch._dynamo",
}


@dataclass(frozen=True)
class Assignment:
    """The instructor's version of an assignment. It holds hidden tests: it must not come near a student.

    It is self-contained and can be pickled, so that a worker on another machine needs nothing else.

    An assignment of several notebooks is several of these with one name, each with a ``part``.

    Attributes:
        name: such as ``02_convolution``.
        source: the notebook, as JSON.
        files: the paths and contents of the files that a submission may read.
        part: the notebook's name where it is not that of the assignment, such as ``problem1``.
    """

    name: str
    source: str
    files: tuple[tuple[str, bytes], ...] = ()
    part: str = ""

    @classmethod
    def load(cls, place: str | os.PathLike[str]) -> Self:
        """Read an assignment of one notebook from its folder, or by its name from ``solutions/``.

        Args:
            place: a folder that holds one notebook, or ``02_convolution`` for ``solutions/02_convolution``.

        Raises:
            DataError: there is no such folder, or not one notebook in it that can be read.

        Example:
            >>> Assignment.load("no-such-exercise")  # doctest: +ELLIPSIS
            Traceback (most recent call last):
                ...
            cnncourse.errors.DataError: expected a folder with an assignment, got no-such-exercise...
        """
        found = cls.load_all(place)
        named = [one for one in found if not one.part]
        if len(found) != 1 and not named:
            names = ", ".join(f"{one.stem}.ipynb" for one in found)
            raise DataError(f"expected one notebook in {place}, got {names}")
        return (named or found)[0]

    @classmethod
    def load_all(cls, place: str | os.PathLike[str]) -> tuple[Self, ...]:
        """Read all notebooks of an assignment, in the order of their names.

        Args:
            place: as in ``load``.

        Raises:
            DataError: there is no such folder, no notebook in it, or one that cannot be read.
        """
        folder = _folder(place)
        name = folder.resolve().name
        paths = sorted(folder.glob("*.ipynb"))
        if not paths:
            raise DataError(f"expected a notebook (.ipynb) in {folder}, got none")
        files = tuple(_files(folder))
        return tuple(cls(name, _text(path), files, "" if path.stem == name else path.stem) for path in paths)

    @property
    def stem(self) -> str:
        """The name of its notebook, without ``.ipynb``."""
        return self.part or self.name

    @property
    def label(self) -> str:
        """What messages and files about this notebook are called: with its part, if it is one of several."""
        return f"{self.name}-{self.part}" if self.part else self.name

    @property
    def notebook(self) -> "NotebookNode":
        """The instructor's notebook: a new one each time."""
        return notebooks.read(self.source)

    @cached_property
    def modules(self) -> tuple[str, ...]:
        """The modules that the notebook imports, so that they can be imported before the first submission."""
        known = json.loads(self.source).get("cells", [])  # read without nbformat: this is waited for
        cells = ["".join(cell["source"]) for cell in known if cell["cell_type"] == "code"]
        nodes = [node for source in cells for node in ast.walk(parse(source))]
        names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
        names |= {node.module for node in nodes if isinstance(node, ast.ImportFrom) if node.module}
        froms = (node for node in nodes if isinstance(node, ast.ImportFrom) and node.module == "cnncourse")
        names |= {f"cnncourse.{alias.name}" for node in froms for alias in node.names}
        names |= {module for word, module in _LATE.items() if any(word in source for source in cells)}
        return tuple(sorted(names | {"cnncourse.check"}))

    @cached_property
    def version(self) -> str:
        """A hash of what a verdict can depend on: sources, marks and files, but no stored outputs."""
        cells = [
            [cell.cell_type, cell.get("id", ""), cell.source, cell.metadata.get("nbgrader", {})]
            + ([marks.judged(cell)] if marks.judged(cell) else [])
            for cell in self.notebook.cells
        ]
        files = [[name, hashlib.sha256(data).hexdigest()] for name, data in self.files]
        names = [self.name, *filter(None, [self.part])]
        text = json.dumps([*names, cells, files], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


def _folder(place: str | os.PathLike[str]) -> Path:
    folder = Path(place)
    if not folder.is_dir() and folder.name == str(place):
        folder = SOLUTIONS / folder
    if not folder.is_dir():
        raise DataError(
            f"expected a folder with an assignment, got {place} (there is no folder {folder}): "
            "give a path, or run this from the course's folder"
        )
    return folder


def _text(path: Path) -> str:
    """Read a notebook's file, and see that it can be understood."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        notebooks.read(text)
    except DataError as error:
        raise DataError(f"{path}: {error}") from None
    except Exception as error:
        said = str(error).splitlines()[:1]
        raise DataError(f"expected a notebook in {path}, got: {said}") from None
    return text


def _files(folder: Path) -> list[tuple[str, bytes]]:
    files = [(str(path.relative_to(folder)), path.read_bytes()) for path in beside_notebook(folder)]
    if len(files) > MAX_FILES or sum(len(data) for _, data in files) > _MAX_BYTES:
        raise DataError(
            f"expected at most {MAX_FILES} files of {_MAX_BYTES >> 20} MiB in all beside the notebook in "
            f"{folder}, got {len(files)}: move what students do not need elsewhere"
        )
    return files
