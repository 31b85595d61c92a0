"""Look at a notebook before it is handed in: what in it the grader could not run as this machine does."""

import ast
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from cnncourse.doctor import Finding
from cnncourse.errors import DataError
from cnncourse.grading.cells import parse

PYTHON = (3, 11)
"""The oldest Python that a grader may have."""

PACKAGES = (
    *("cnncourse", "torch", "torchvision", "numpy", "scipy", "matplotlib", "PIL", "sklearn", "sympy"),
    *("IPython", "ipywidgets", "anywidget", "rich"),
)
"""What a notebook can import while it is graded, besides Python's own modules."""

_GUARDS = (ast.Try, ast.TryStar, ast.With)


def look(notebook: Path) -> Iterator[Finding]:
    """Look at each cell of a notebook.

    Args:
        notebook: a file as it would be handed in.

    Yields:
        ``"missing"`` for what loses points, ``"note"`` for what is left out while grading, and one ``"ok"``
        if there is neither.

    Raises:
        DataError: this is no notebook.
    """
    found = [finding for cell in _cells(notebook) for finding in _look_at(*cell, notebook.parent)]
    told = list(dict.fromkeys(found))
    yield from told or [Finding(notebook.name, "ok", "the grader can run all of it")]


def _cells(notebook: Path) -> Iterator[tuple[str, str]]:
    try:
        known = json.loads(notebook.read_text(encoding="utf-8-sig"))
        cells = [cell for cell in known["cells"] if cell["cell_type"] == "code"]
        texts = [("".join(cell["source"]), cell.get("id", "")) for cell in cells]
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise DataError(f"expected a notebook (.ipynb), got {notebook} ({type(error).__name__})") from None
    for number, (source, name) in enumerate(texts, 1):
        yield name or f"code cell {number}", source


def _look_at(cell: str, source: str, folder: Path) -> Iterator[Finding]:
    try:
        body = parse(source)
        ast.parse(ast.unparse(body), feature_version=PYTHON)
    except (SyntaxError, ValueError, RecursionError) as error:
        here = ".".join(map(str, PYTHON))
        yield Finding(cell, "missing", f"cannot be read: {error}. The grader may have Python {here}")
        return
    for package in dict.fromkeys(_imported(body)):
        if (folder / f"{package}.py").is_file():
            told = f"imports {package}.py, which is not handed in: write it from a cell, with %%writefile"
            yield Finding(cell, "missing", told)
        elif package not in PACKAGES and package not in sys.stdlib_module_names:
            told = f"imports {package}, which the grader may not have: what it does there is left out"
            yield Finding(cell, "note", told)
    if re.search(r"^[^#\n]*\binput\(", source, re.MULTILINE):
        yield Finding(cell, "missing", "asks with input(), and nobody is there: write the value down")


def _imported(node: ast.AST) -> Iterator[str]:
    """Name the packages that are imported, but where the code says what to do without them."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in child.names)
        elif isinstance(child, ast.ImportFrom) and child.module and not child.level:
            yield child.module.partition(".")[0]
        elif not isinstance(child, _GUARDS):
            yield from _imported(child)
