"""Tests that look at what an answer did to its inputs: apart from the student, they would see a copy.

Only the plain case is sought: an assertion about nothing but names that an answer had before. Whatever uses
an answer's result as well is about that result.
"""

import ast
from collections.abc import Iterator

from nbformat import NotebookNode

from cnncourse.grading.cells import parse
from cnncourse.grading.judge.plan import Answer, Test, steps

_OWN = "check.cell("  # a test of this project's own asks what became of an input: check.after


def looking_at_inputs(notebook: NotebookNode) -> dict[str, str]:
    """Name the cells of tests that do, each with the name that they look at.

    Args:
        notebook: the instructor's version.

    Example:
        >>> from nbformat.v4 import new_code_cell, new_notebook
        >>> flags = {"grade": False, "solution": False, "locked": True, "schema_version": 3, "task": False}
        >>> answer = flags | {"solution": True, "grade_id": "tidy"}
        >>> test = flags | {"grade": True, "grade_id": "sorts", "points": 1}
        >>> cells = [new_code_cell("def tidy(x): x.sort()", metadata={"nbgrader": answer})]
        >>> source = "x = [2, 1]; tidy(x); assert x == [1, 2]"
        >>> cells += [new_code_cell(source, metadata={"nbgrader": test})]
        >>> looking_at_inputs(new_notebook(cells=cells))
        {'sorts': 'x'}
    """
    theirs: set[str] = set()
    found: dict[str, str] = {}
    for step in steps(notebook):
        if isinstance(step, Answer):
            theirs |= step.callables | step.others
        elif isinstance(step, Test) and _OWN not in step.source:
            for name in _looked_at(parse(step.source).body, theirs):
                found[step.cell] = name
    return found


def _looked_at(body: list[ast.stmt], theirs: set[str]) -> Iterator[str]:
    had: set[str] = set()
    results = set(theirs)
    for statement in _in_order(body):
        names = {node.id for node in ast.walk(statement) if isinstance(node, ast.Name)}
        if _asserts(statement) and not names & results:
            yield from sorted(names & had)
        for call in (node for node in ast.walk(statement) if isinstance(node, ast.Call)):
            if {node.id for node in ast.walk(call.func) if isinstance(node, ast.Name)} & results:
                given = [*call.args, *(word.value for word in call.keywords)]
                had |= {node.id for node in given if isinstance(node, ast.Name)}
        if isinstance(statement, (ast.Assign, ast.AnnAssign, ast.AugAssign)) and names & results:
            results |= _bound(statement)


def _in_order(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Go through statements, and what stands inside loops, blocks and helpers, in their order."""
    for statement in body:
        inner = [part for name in ("body", "orelse", "finalbody") for part in getattr(statement, name, [])]
        if inner:
            yield from _in_order(inner)
        else:
            yield statement


def _bound(statement: ast.stmt) -> set[str]:
    nodes = (node for node in ast.walk(statement) if isinstance(node, ast.Name))
    return {node.id for node in nodes if isinstance(node.ctx, ast.Store)}


def _asserts(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Assert):
        return True
    call = statement.value if isinstance(statement, ast.Expr) else None
    return isinstance(call, ast.Call) and "assert" in ast.unparse(call.func).lower()
