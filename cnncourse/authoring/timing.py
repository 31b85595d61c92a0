"""Cells that insist on a measured time: true on the author's machine, and false on the next one.

A time is shown where it is measured. What a text claims about time is asserted from a recorded benchmark.
"""

import ast
from collections.abc import Iterable

from nbformat import NotebookNode

from cnncourse.grading.cells import parse

_CLOCKS = {"perf_counter", "process_time", "thread_time", "monotonic", "timeit"}
_CLOCKS |= {f"{clock}_ns" for clock in _CLOCKS}
_FILLS = {"append", "extend", "insert", "update", "add"}


def asserted_times(notebook: NotebookNode) -> list[str]:
    r"""Name the cells that fail when the machine is slower or quicker, one line each; empty when all is well.

    Follows what comes from a clock through the names of a notebook: functions, loops, lists and dictionaries.

    Args:
        notebook: a chapter or an exercise, in either version.

    Example:
        >>> from nbformat.v4 import new_code_cell, new_notebook
        >>> source = "start = perf_counter()\nassert perf_counter() - start < 1"
        >>> asserted_times(new_notebook(cells=[new_code_cell(source, id="race")]))  # doctest: +ELLIPSIS
        ['[race] perf_counter decides whether the cell fails...
    """
    follow = _Follow()
    for cell in notebook.cells:
        if cell.cell_type == "code":
            follow.cell = cell.id
            follow.run(parse(cell.source).body)
    return list(follow.found.values())


class _Follow:
    def __init__(self) -> None:
        self.timed = set(_CLOCKS)
        self.found: dict[str, str] = {}
        self.cell = ""
        self.returned = False  # a time, by the function that is gone through

    def run(self, statements: Iterable[ast.stmt]) -> None:
        for statement in statements:
            self._statement(statement)

    def _statement(self, node: ast.stmt) -> None:
        match node:
            case ast.FunctionDef():
                self._function(node)
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    self._store(target, value)
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                self._store(target, value)
            case ast.AugAssign(target=target, value=value):
                self._add(target, value)
            case ast.For(target=target, iter=value, body=body):
                for _ in range(2):  # what the first round made timed is read in the second
                    self._store(target, value)
                    self.run(body)
                self.run(node.orelse)
            case ast.Assert(test=test):
                self._refuse(test)
            case ast.Return(value=ast.expr() as value):
                self.returned |= bool(self._times_in(value))
            case _:
                self._parts(node)

    def _parts(self, node: ast.AST) -> None:
        """Go through calls that fill a list or check a value, and what a statement holds."""
        for part in ast.walk(node) if isinstance(node, ast.Expr) else ():
            match part:
                case ast.Call(func=ast.Attribute(value=whole, attr=attr), args=args) if attr in _FILLS:
                    for given in args:
                        self._add(whole, given)
                case ast.Call(func=ast.Attribute(value=ast.Name(id="check")), args=args):
                    for given in args:
                        self._refuse(given)
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.stmt):
                self._statement(child)
            elif isinstance(child, ast.ExceptHandler | ast.match_case):
                self._parts(child)

    def _function(self, node: ast.FunctionDef) -> None:
        before, outer, self.returned = set(self.timed), self.returned, False
        arguments = node.args
        self.timed -= {one.arg for one in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)}
        self.run(node.body)
        self.timed = before - {node.name} | ({node.name} if self.returned else set())
        self.returned = outer

    def _store(self, target: ast.expr, value: ast.expr) -> None:
        match target, value:
            case ast.Tuple(elts=parts), ast.Tuple(elts=values) if len(parts) == len(values):
                for part, given in zip(parts, values, strict=True):
                    self._store(part, given)
            case ((ast.Tuple(elts=parts) | ast.List(elts=parts)), _):
                for part in parts:
                    self._store(part, value)
            case ast.Name(id=name), _ if not self._times_in(value):
                self.timed.discard(name)
            case _:
                self._add(target, value)

    def _add(self, target: ast.expr, value: ast.expr) -> None:
        while isinstance(target, ast.Subscript | ast.Attribute | ast.Starred):
            target = target.value
        if isinstance(target, ast.Name) and self._times_in(value):
            self.timed.add(target.id)

    def _times_in(self, node: ast.AST) -> list[str]:
        """Name the measured times that a value comes from."""
        timed = set(self.timed)
        for part in ast.walk(node):
            if isinstance(part, ast.comprehension):
                made = {name.id for name in ast.walk(part.target) if isinstance(name, ast.Name)}
                times = any(isinstance(name, ast.Name) and name.id in timed for name in ast.walk(part.iter))
                timed = timed | made if times else timed - made
        names = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
        names |= {part.attr for part in ast.walk(node) if isinstance(part, ast.Attribute)} & _CLOCKS
        return sorted(names & timed)

    def _refuse(self, test: ast.expr) -> None:
        for name in self._times_in(test):
            self.found.setdefault(
                self.cell,
                f"[{self.cell}] {name} decides whether the cell fails, and it is a measured time: "
                "show it, and assert what a recorded benchmark holds",
            )
