"""From the judge's verdicts to a report in words: points, reasons, hints, and what looks like forgery."""

import ast
import re
from collections.abc import Iterable, Iterator

from nbformat import NotebookNode

from cnncourse.grading.judge import plan
from cnncourse.grading.judge.judge import Verdict
from cnncourse.grading.report import CellReport

_LINE = 300
_MOST = 5
_UNANSWERED = "Not answered yet: the answer still raises NotImplementedError."
_SUSPECTS = {
    r"\bgradebook\b": "looks for the gradebook",
    r"cnncourse\.grading|cnncourse import grading": "touches the grader's own modules",
    r"CNNCOURSE_CHECK_SEED": "asks for the seed of the hidden inputs",
    r"input_transformers?|ast_transformers?": "changes how cells are read",
    r"\brun_cell\b|\bkernel\.session\b|\bsession\.send\b": "reaches for the notebook's machinery",
    r"get_objects\(|_getframe|inspect\.(stack|currentframe)|settrace|setprofile": "looks into its callers",
    r"ptrace|/proc/|process_vm_": "looks into other processes",
    r"HIDDEN TESTS": "looks for hidden tests",
    r"\b(ctypes|cffi)\b": "calls the system past Python",
    r"\b(socket|urllib|requests|http\.client)\b": "uses the network",
    r"\b(subprocess|os\.system|popen|execv\w*|posix_spawn)\b": "starts other programs",
    r"\bfork\b|\bsetsid\b|os\.kill|killpg": "makes processes, or ends them",
    r"_exit\b": "ends Python past all handlers",
}
_LIBRARIES = {"torch", "np", "numpy", "check", "F", "nn", "json", "builtins", "sys", "random", "math", "os"}


def cell_reports(
    notebook: NotebookNode, verdicts: Iterable[Verdict], errors: Iterable[tuple[str, str]] = ()
) -> tuple[CellReport, ...]:
    """Say what each graded cell came to, in the instructor's order.

    Below a failed one stands also how the notebook's own cells failed, if they did: a test that says "name
    'conv2d' is not defined" is no help to who does not know that the cell with ``conv2d`` stopped.

    Args:
        notebook: the instructor's.
        verdicts: the judge's, for its cells of tests.
        errors: a cell's id and what it said, for each of the student's own cells that failed.
    """
    judged = {verdict.cell: verdict for verdict in verdicts}
    stopped = [f"Your cell {cell!r} stopped: {said[:_LINE]}" for cell, said in list(errors)[:_MOST]]
    note = "\n".join(["", "", *stopped]) if stopped else ""
    return tuple(_cell_reports(notebook, judged, note))


def _cell_reports(notebook: NotebookNode, judged: dict[str, Verdict], note: str) -> Iterator[CellReport]:
    for cell in notebook.cells:
        marks = cell.metadata.get("nbgrader", {})
        if not marks.get("grade"):
            continue
        name, most = marks["grade_id"], float(marks["points"])
        if marks.get("solution"):
            reason = "A person reads this answer and gives the points."
            yield CellReport(cell=name, points=0.0, max_points=most, state="manual", reason=reason)
        elif name in judged:
            yield _judged(judged[name], note)
        else:
            reason = "This cell could not be judged."
            yield CellReport(cell=name, points=0.0, max_points=most, state="missing", reason=reason)


def _judged(verdict: Verdict, note: str) -> CellReport:
    return CellReport(
        cell=verdict.cell,
        points=verdict.score,
        max_points=verdict.points,
        state="passed" if verdict.passed else "failed",
        reason="" if verdict.passed else reason(verdict),
        error=verdict.error,
        output=verdict.output if verdict.passed else verdict.output + note,
        hint=verdict.hint,
    )


def reason(verdict: Verdict) -> str:
    r"""Say in one line why a cell got nothing.

    Example:
        >>> reason(Verdict("a", 2, False, "CheckFailed", "✗ a · 2 points\n  expected 3\n  yours    4"))
        'expected 3'
    """
    if verdict.error == "NotImplementedError":
        return _UNANSWERED
    lines = [line.strip() for line in verdict.output.splitlines() if line.strip()]
    if verdict.error == "CheckFailed":
        titles = [number for number, line in enumerate(lines) if line.startswith("✗ ")]
        lines = lines[titles[-1] + 1 :] if titles else lines
        return (lines or ["A check did not pass."])[0][:_LINE]
    return (lines or [f"It ended with {verdict.error}."])[-1][:_LINE]


def flags(submission: NotebookNode, verdicts: Iterable[Verdict]) -> tuple[str, ...]:
    """Name what a person may want to look at: each is a lead, none is a proof.

    Args:
        submission: what the student handed in, repaired.
        verdicts: what the judge made of it.

    Example:
        >>> from nbformat.v4 import new_code_cell, new_notebook
        >>> flags(new_notebook(cells=[new_code_cell("torch.allclose = print", id="a")]), [])
        ("cell 'a': replaces torch.allclose",)
    """
    found = dict.fromkeys(
        f"cell {cell.get('id', '')!r}: {said}"
        for cell in submission.cells
        if cell.cell_type == "code" and not _is_test(cell)
        for said in _suspicious(cell.source)
    )
    broken = (verdict for verdict in verdicts if "answer cannot be read" in verdict.output)
    found |= dict.fromkeys(f"test {verdict.cell!r}: an answer that is no data" for verdict in broken)
    return tuple(list(found)[:50])


def _is_test(cell: NotebookNode) -> bool:
    marks = cell.metadata.get("nbgrader")
    return isinstance(marks, dict) and bool(marks.get("locked"))


def _suspicious(source: str) -> Iterator[str]:
    for pattern, said in _SUSPECTS.items():
        if re.search(pattern, source):
            yield said
    try:
        body = plan.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    for node in ast.walk(body):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            if (name := _dotted(node)).partition(".")[0] in _LIBRARIES:
                yield f"replaces {name[:60]}"
        elif isinstance(node, ast.FunctionDef) and node.name == "__eq__" and _always_true(node):
            yield "is equal to everything"


def _dotted(node: ast.expr) -> str:
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id if isinstance(node, ast.Name) else "", *reversed(parts)])


def _always_true(function: ast.FunctionDef) -> bool:
    returned = [node.value for node in ast.walk(function) if isinstance(node, ast.Return)]
    return any(isinstance(value, ast.Constant) and value.value is True for value in returned)
