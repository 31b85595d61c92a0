"""Run the code of a test cell, and say what a cell that ran to its end is worth, and where one stopped."""

import ast
import functools
import linecache
import math
import traceback
from types import CodeType
from typing import Any

from cnncourse.grading import cells
from cnncourse.grading.judge.plan import Test
from cnncourse.grading.report import CellReport


def run(test: Test, names: dict[str, Any]) -> Any:
    """Run a cell of tests here, and give the value of its last line, as a notebook would show it.

    Args:
        test: the cell.
        names: the judge's names.

    Raises:
        Exception: whatever the tests raise.
    """
    body, last = compiled(test)
    exec(body, names)
    return eval(last, names) if last else None


@functools.lru_cache(maxsize=1024)
def compiled(test: Test) -> tuple[CodeType, CodeType | None]:
    """Compile a cell of tests: all of it but a last expression, and that expression."""
    file = _file(test)
    linecache.cache[file] = (len(test.source), None, test.source.splitlines(keepends=True), file)
    body = list(cells.parse(test.source).body)
    last = body.pop() if body and isinstance(body[-1], ast.Expr) else None
    value = compile(ast.Expression(last.value), file, "eval") if isinstance(last, ast.Expr) else None
    return compile(ast.Module(body, []), file, "exec"), value


def earned(test: Test, output: str, given: Any, *, beside: bool = False) -> CellReport:
    """Give a cell that ran to its end its points: all, or as many as its last line says.

    Args:
        test: the cell.
        output: what it printed.
        given: the value of its last line. A number is the points, as nbgrader has it.
        beside: whether it ran in the student's process.
    """
    points = test.points
    if type(given) in (int, float):
        points = min(max(float(given), 0.0), test.points) if math.isfinite(given) else 0.0
    passed = points == test.points
    return CellReport(
        cell=test.cell,
        points=points,
        max_points=test.points,
        state="passed" if passed else "failed",
        reason="" if passed else f"The tests give {points:g} of {test.points:g} points.",
        output=output,
        beside=beside,
    )


def stopped_at(test: Test, error: BaseException) -> int:
    """Find the line of a cell that ran here in which it stopped; 0 if it did not begin."""
    file = _file(test)
    return next((f.lineno or 0 for f in traceback.extract_tb(error.__traceback__) if f.filename == file), 0)


def described(test: Test, kind: str, said: str, line: int) -> str:
    """Say how a cell failed. An ``assert`` without words is told by its own line, if students may see that.

    Example:
        >>> test = Test("sum", 1.0, "assert total([1, 2]) == 3", released="assert total([1, 2]) == 3")
        >>> described(test, "AssertionError", "", 1)
        'This does not hold: assert total([1, 2]) == 3'
    """
    if kind == "AssertionError" and not said.strip():
        code = source_line(test.source, line)
        if code and code in map(str.strip, test.released.splitlines()):
            return f"This does not hold: {code}"
        return "A test that is not shown does not hold."
    return f"{kind}: {said}"


def source_line(source: str, line: int) -> str:
    """Give a line of a cell by its number; empty if there is none."""
    lines = source.splitlines()
    return lines[line - 1].strip() if 0 < line <= len(lines) else ""


def _file(test: Test) -> str:
    return f"/notebook/{test.cell}.py"
