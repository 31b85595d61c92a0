"""Packages that the grader does not have: a stand-in, so that the cell that imports one goes on.

A student's machine has packages that the grader's has not. Most of them draw, count or report, and no test
asks for what they do. So a stand-in takes every call and does nothing; it hands on the one thing that it
wraps, as ``tqdm(loader)`` and ``@njit`` do. An answer that needs the package comes out as a stand-in, whose
class says why.

An import in ``try`` or ``with`` is the student's own way to do without, and stays as it is.
"""

import ast
import sys
from collections.abc import Iterator
from typing import Any

from cnncourse.grading.inside import LACKING

MISSING: list[str] = []
"""The packages that imports have missed since the list was last emptied."""


class StandIn:
    """Takes the place of a package that is not here, and of all that is in it."""

    def __init__(self, name: str, given: tuple[Any, ...] = ()) -> None:
        self._stand_in = (name, given)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # what Python, NumPy or Jupyter ask of an object to see what it can do
            raise AttributeError(name)
        return _stand_in(self._stand_in[0])

    def __call__(self, *given: Any, **keywords: Any) -> Any:
        """Give back a function that is decorated, and for all else a stand-in."""
        if len(given) == 1 and callable(given[0]):
            return given[0]
        return _stand_in(self._stand_in[0], given)

    def __iter__(self) -> Iterator[Any]:
        given = self._stand_in[1]
        return iter(given[0] if given and hasattr(given[0], "__iter__") else ())

    def __len__(self) -> int:
        given = self._stand_in[1]
        return len(given[0]) if given and hasattr(given[0], "__len__") else 0

    def __bool__(self) -> bool:
        return False

    def __getitem__(self, key: Any) -> Any:
        return _stand_in(self._stand_in[0])

    def __setitem__(self, key: Any, value: Any) -> None:
        """Keep nothing."""

    def __enter__(self) -> "StandIn":
        return self

    def __exit__(self, *_: Any) -> None:
        """Go on."""

    def __mro_entries__(self, bases: tuple[Any, ...]) -> tuple[type, ...]:
        return ()


def _stand_in(package: str, given: tuple[Any, ...] = ()) -> StandIn:
    kind = type(f"{package}{LACKING}", (StandIn,), {})
    made: StandIn = kind(package, given)
    return made


def stand_in(error: ModuleNotFoundError) -> Any:
    """Give what stands for a missing package.

    Raises:
        ModuleNotFoundError: the package is here, and has no such module.
    """
    package = (error.name or "").partition(".")[0]
    if not package or package in sys.modules:
        raise error
    MISSING.append(package)
    return _stand_in(package)


_MODULE = __name__


class StandIns(ast.NodeTransformer):
    """Rewrites the imports of a cell so that a package that is not here gets a stand-in.

    Example:
        >>> cell = ast.parse("import no_such_package as p")
        >>> exec(compile(StandIns().visit(cell), "cell", "exec"), names := {})
        >>> list(names["p"].progress([1, 2])), MISSING.pop()
        ([1, 2], 'no_such_package')
    """

    def visit_Import(self, node: ast.Import) -> list[ast.stmt]:
        """Guard each package that is imported."""
        return [
            _guarded(node, ast.Import([alias]), {alias.asname or alias.name.partition(".")[0]: ""})
            for alias in node.names
        ]

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.stmt:
        """Guard names that are imported."""
        if node.level or node.module == "__future__":
            return node
        names = {alias.asname or alias.name: f".{alias.name}" for alias in node.names if alias.name != "*"}
        return _guarded(node, node, names)

    def visit_Try(self, node: ast.AST) -> ast.AST:
        """Leave what stands in it alone."""
        return node

    visit_TryStar = visit_With = visit_AsyncWith = visit_Try  # noqa: N815


def _guarded(place: ast.stmt, statement: ast.stmt, names: dict[str, str]) -> ast.stmt:
    """Write ``try: statement``, and for a package that is not here: ``name = stand-in``, for each name."""
    find = f"__import__('sys').modules[{_MODULE!r}].stand_in(__missing)"
    lines = [f"    __missing = {find}", *(f"    {name} = __missing{part}" for name, part in names.items())]
    text = "\n".join(["try: pass", "except ModuleNotFoundError as __missing:", *lines])
    (guard,) = ast.parse(text).body
    assert isinstance(guard, ast.Try)
    guard.body = [statement]
    for node in ast.walk(guard):
        ast.copy_location(node, place) if node is not statement else None
    ast.fix_missing_locations(guard)
    return guard
