"""From what the judge found to the report of every graded cell; and what looks like forgery."""

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from nbformat import NotebookNode

from cnncourse.grading import cells
from cnncourse.grading.inside import LACKING, NOTE
from cnncourse.grading.report import CellReport, CellState

_LINE = 300
_MOST = 5
_UNDEFINED = re.compile(r"['`\"](\w{1,80})['`\"] is not defined")
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
    notebook: NotebookNode,
    judged: Iterable[CellReport],
    errors: Iterable[tuple[str, str]] = (),
    submission: NotebookNode | None = None,
) -> tuple[CellReport, ...]:
    """Say what each graded cell came to, in the instructor's order.

    A test that says "name 'conv2d' is not defined" is no help to who does not know that the cell with
    ``conv2d`` stopped: then this comes first. Below any other failed one stands how the notebook's own cells
    failed, if they did.

    Args:
        notebook: the instructor's.
        judged: what its cells of tests came to.
        errors: a cell's id and what it said, for each of the student's own cells that failed.
        submission: what the student handed in, repaired.
    """
    known = {report.cell: report for report in judged}
    sources = {cell.get("id", ""): cell.source for cell in submission.cells} if submission else {}
    stopped = [_Stopped(cell, said, sources.get(cell, "")) for cell, said in errors]
    return tuple(
        _explained(known.get(cells.grade_id(cell)) or _not_judged(cell, points), stopped)
        for cell in notebook.cells
        if (points := cells.points(cell)) is not None
    )


@dataclass(frozen=True)
class _Stopped:
    """A cell of the student's that stopped, or that met something the grader lacks; and what it says."""

    cell: str
    said: str
    source: str

    @property
    def line(self) -> str:
        if self.said.startswith(NOTE):
            return f"Your cell {self.cell!r}: {self.said.removeprefix(NOTE)[:_LINE]}."
        return f"Your cell {self.cell!r} stopped: {self.said[:_LINE]}"

    def would_define(self, name: str) -> bool:
        """Tell whether the cell gives a name, as far as a look at its text can tell: it may not be Python."""
        defined = rf"^[ \t]*(?:async[ \t]+)?(?:def|class)[ \t]+{name}\b"
        assigned = rf"^[^=\n(]*(?<!\.)\b{name}\b[^=\n(]*(?<![=!<>])=(?!=)"
        imported = rf"^[ \t]*(?:import|from)\b.*\b{name}\b"
        return bool(re.search(f"{defined}|{assigned}|{imported}", self.source, re.MULTILINE))


def _explained(report: CellReport, stopped: list[_Stopped]) -> CellReport:
    if report.state != "failed" or not stopped:
        return report
    said = "\n".join([report.reason, *report.lines])
    if undefined := _UNDEFINED.search(said):
        ending = f"So {undefined[1]} was never defined. Mend that cell first."
        cause = next((one for one in stopped if one.would_define(undefined[1])), None)
    else:
        ending = "\n".join(report.lines)
        cause = next((one for one in stopped if LACKING in said and one.said.startswith(NOTE)), None)
    if cause:
        lines = f"{cause.line}\n{ending}".splitlines()
        return replace(report, reason=lines[0][:_LINE], lines=tuple(lines), hint="", pointer="")
    note = "\n".join(one.line for one in stopped[:_MOST]).splitlines()
    return replace(report, lines=(*report.lines, "", *note))


def _not_judged(cell: NotebookNode, points: float) -> CellReport:
    state: CellState = "missing"
    reason = "This cell could not be judged."
    if cells.role(cell) in cells.BY_HAND:
        state, reason = "manual", "A person reads this answer and gives the points."
    name = cells.grade_id(cell)
    return CellReport(cell=name, points=0.0, max_points=points, state=state, reason=reason)


def flags(submission: NotebookNode, judged: Iterable[CellReport]) -> tuple[str, ...]:
    """Name what a person may want to look at: each is a lead, none is a proof.

    Args:
        submission: what the student handed in, repaired.
        judged: what the cells of tests came to.

    Example:
        >>> from nbformat.v4 import new_code_cell, new_notebook
        >>> flags(new_notebook(cells=[new_code_cell("torch.allclose = print", id="a")]), [])
        ("cell 'a': replaces torch.allclose",)
    """
    found = dict.fromkeys(
        f"cell {cell.get('id', '')!r}: {said}"
        for cell in submission.cells
        if cell.cell_type == "code" and cells.role(cell) not in cells.LOCKED
        for said in _suspicious(cell.source)
    )
    unreadable = (report.cell for report in judged if report.gone == "unreadable")
    found |= dict.fromkeys(f"test {name!r}: an answer that is no data" for name in unreadable)
    return tuple(list(found)[:50])


def _suspicious(source: str) -> Iterator[str]:
    for pattern, said in _SUSPECTS.items():
        if re.search(pattern, source):
            yield said
    try:
        body = cells.parse(source)
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
