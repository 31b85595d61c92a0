"""What a cell is to nbgrader: its mark, its role, its grade_id, and the markers in its source."""

import ast
import functools
import re
from collections.abc import Mapping
from typing import Any, Literal

Role = Literal["", "solution", "test", "manual", "task", "readonly"]
LOCKED = ("test", "task", "readonly")  # what a student may read only
BY_HAND = ("manual", "task")  # what a person grades
BESIDE = "beside"

# As nbgrader: what matters is the words. Before them may stand what makes a comment, in any language. Nothing
# here can match in two ways, so that a line of a million blanks is gone through once.
_BEGIN, _END = (rf"^([ \t]*)(?:[^\w\s]+[ \t]*)?{word} " for word in ("BEGIN", "END"))
_MARKER = re.compile(rf"(?:{_BEGIN}|{_END})(?:SOLUTION|HIDDEN TESTS|MARK SCHEME)\b[^\n]*\n?", re.MULTILINE)
_SOLUTION = re.compile(rf"{_BEGIN}SOLUTION\b[^\n]*\n.*?{_END}SOLUTION\b[^\n]*$", re.MULTILINE | re.DOTALL)
_SECRET = re.compile(
    rf"{_BEGIN}(HIDDEN TESTS|MARK SCHEME)\b[^\n]*\n.*?{_END}\2\b[^\n]*\n?", re.MULTILINE | re.DOTALL
)


def mark(cell: Mapping[str, Any]) -> dict[str, Any]:
    """Give nbgrader's mark, its part of a cell's metadata; empty without one, or if it is no mark."""
    found = cell["metadata"].get("nbgrader")
    return found if isinstance(found, dict) else {}


def role(cell: Mapping[str, Any]) -> Role:
    """Say what nbgrader does with a cell.

    Returns:
        ``"solution"`` for an answer that tests judge, ``"test"`` for the tests, ``"manual"`` for an answer
        that a person grades, ``"task"`` for a task whose answer, in cells below it, a person grades;
        ``"readonly"`` for what else is locked; empty for a cell that is the student's to change.

    Example:
        >>> role({"metadata": {"nbgrader": {"grade": True, "solution": True}}})
        'manual'
    """
    found = mark(cell)
    if found.get("task"):
        return "task"
    if found.get("grade"):
        return "manual" if found.get("solution") else "test"
    if found.get("solution"):
        return "solution"
    return "readonly" if found.get("locked") else ""


def grade_id(cell: Mapping[str, Any]) -> str:
    """Give the name that nbgrader knows a cell by; empty for one that it does not know."""
    name = mark(cell).get("grade_id")
    return name if isinstance(name, str) else ""


def points(cell: Mapping[str, Any]) -> float | None:
    """Give the points that a cell can get; None for one that gets none of its own."""
    return float(mark(cell)["points"]) if role(cell) in ("test", *BY_HAND) else None


def judged(cell: Mapping[str, Any]) -> str:
    """Say where a cell of tests is judged: ``"beside"`` in the student's process, empty apart from it.

    Example:
        >>> judged({"metadata": {"cnncourse": {"judged": "beside"}}})
        'beside'
    """
    found = cell["metadata"].get("cnncourse")
    return BESIDE if isinstance(found, dict) and found.get("judged") == BESIDE else ""


def free(cell: Mapping[str, Any]) -> bool:
    """Say whether the instructor means an unanswered notebook to get this cell's points."""
    found = cell["metadata"].get("cnncourse")
    return isinstance(found, dict) and found.get("free") is True


def without_markers(source: str) -> str:
    """Take nbgrader's region markers out of a cell, and leave what stands between them."""
    return _MARKER.sub("", source)


def released(source: str, role: Role, kind: str) -> str:
    r"""Take answers, hidden tests and mark schemes out of a cell, as nbgrader does.

    Example:
        >>> released("### BEGIN SOLUTION\nx = 1\n### END SOLUTION", "solution", "code")
        '# YOUR CODE HERE\nraise NotImplementedError()'
        >>> released("# BEGIN HIDDEN TESTS\nassert x\n# END HIDDEN TESTS\nx", "test", "code")
        'x'
    """
    source = _SECRET.sub("", source).rstrip("\n")
    stub = "YOUR ANSWER HERE" if kind == "markdown" else "# YOUR CODE HERE\nraise NotImplementedError()"
    text, found = _SOLUTION.subn(lambda region: _indented(stub, region[1]), source)
    return text if found or role not in ("solution", "manual") else stub


def _indented(text: str, indent: str) -> str:
    return "\n".join(indent + line for line in text.split("\n"))


@functools.lru_cache(maxsize=4096)
def parse(source: str) -> ast.Module:
    """Parse a cell, magics and all. What it gives belongs to everybody: leave it as it is."""
    source = without_markers(source)
    try:
        return ast.parse(source)
    except SyntaxError:  # or magics
        from IPython.core.inputtransformer2 import TransformerManager

        return ast.parse(TransformerManager().transform_cell(source))  # type: ignore[no-untyped-call]
