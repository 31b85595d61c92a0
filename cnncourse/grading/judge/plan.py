"""Read an instructor's notebook: which statements the judge runs, and which names are the student's."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, replace

from nbformat import NotebookNode

from cnncourse.grading import cells
from cnncourse.grading.cells import parse

_ANSWERS = ("solution", "manual")
_DRAWING = ("matplotlib", "cnncourse.plots")
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


@dataclass(frozen=True)
class Shared:
    """Statements in which no answer matters: imports, constants, helpers. The judge runs them too."""

    cell: str
    body: ast.Module


@dataclass(frozen=True)
class Given:
    """A function or class of a cell that may be read only, which calls an answer: the instructor's own.

    Args:
        cell: where it stands.
        name: what tests call it.
        source: its definition, behind all that it needs of the instructor's. It runs in the student's
            process, defined anew for each use: whatever a student calls by the same name does not matter.
    """

    cell: str
    name: str
    source: str


@dataclass(frozen=True)
class Answer:
    """A cell whose names belong to the student: functions and classes, or anything else."""

    cell: str
    callables: frozenset[str]
    others: frozenset[str]


@dataclass(frozen=True)
class Test:
    """A locked cell of tests: its source, where it is judged, and what of it students see."""

    __test__ = False  # no test of pytest's
    cell: str
    points: float
    source: str
    beside: bool = False
    released: str = ""


Step = Shared | Given | Answer | Test


def steps(notebook: NotebookNode) -> list[Step]:
    """Take an instructor's notebook apart, in order.

    Cells to be answered belong to the student. Of the other cells, a statement that uses one of the student's
    names, straight or through another such statement, runs in the student's kernel alone and its names are
    the student's; the judge runs the rest. A definition in a cell that may be read only stays the
    instructor's, see ``Given``.

    Args:
        notebook: the source version, with its hidden tests.

    Example:
        >>> from nbformat.v4 import new_code_cell, new_notebook
        >>> steps(new_notebook(cells=[new_code_cell("import math", id="imports")]))[0].cell
        'imports'
    """
    theirs: set[str] = set()
    ever = _ever(notebook)
    drawing: set[str] = set()
    mine: list[ast.stmt] = []
    found: list[Step] = []
    for cell in _code(notebook):
        role = cells.role(cell)
        if role == "test":
            source = cells.without_markers(cell.source)
            beside, shown = cells.judged(cell) == cells.BESIDE, cells.released(cell.source, role, "code")
            found.append(Test(cells.grade_id(cell), cells.points(cell) or 0.0, source, beside, shown))
        else:
            body, answer = parse(cell.source), role in _ANSWERS
            plain = undrawn(body, drawing)
            mine += [] if answer else plain.body
            for step in _split(cell.id, body if answer else plain, theirs, ever, answer):
                if role == "readonly" and isinstance(step, Answer):
                    given = sorted(step.callables)
                    found += [Given(cell.id, name, _with_needs(name, mine)) for name in given]
                    step = replace(step, callables=frozenset())
                if not isinstance(step, Answer) or step.callables or step.others:
                    found.append(step)
    return found


def _with_needs(name: str, statements: list[ast.stmt]) -> str:
    """Write a definition behind all statements that it needs, in their order."""
    needed: set[int] = set()
    wanted, known = {name}, set[str]()
    while wanted - known:
        known |= wanted
        for place, statement in enumerate(statements):
            if place not in needed and wanted & set(_binds(statement)):
                needed.add(place)
        loaded = (node for place in needed for node in ast.walk(statements[place]))
        wanted = {node.id for node in loaded if isinstance(node, ast.Name)}
    return "\n".join(ast.unparse(statements[place]) for place in sorted(needed))


def locked(notebook: NotebookNode) -> dict[str, str]:
    """Give the sources of the cells that a student may read only, by grade_id."""
    return {cells.grade_id(cell): cell.source for cell in _code(notebook) if cells.role(cell) == "readonly"}


def _code(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def undrawn(body: ast.Module, drawing: set[str]) -> ast.Module:
    """Leave out statements that draw: they take long, and no test looks at a picture.

    Args:
        body: the statements of a cell.
        drawing: names that stand for drawing so far, such as ``plt``; the cell's own are added.

    Example:
        >>> cell = ast.parse("import matplotlib.pyplot as plt; x = 1; ax = plt.gca(); ax.plot([x])")
        >>> ast.unparse(undrawn(cell, set())).splitlines()
        ['import matplotlib.pyplot as plt', 'x = 1']
    """
    kept: list[ast.stmt] = []
    for statement in body.body:
        if isinstance(statement, (ast.Import, ast.ImportFrom)):
            drawing.update(_drawing_names(statement))
        elif not isinstance(statement, _DEFINITIONS) and _uses(statement, drawing):
            drawing.update(_binds(statement))
            continue
        kept.append(statement)
    return ast.Module(kept, [])


def _drawing_names(statement: ast.Import | ast.ImportFrom) -> Iterator[str]:
    module = f"{statement.module}." if isinstance(statement, ast.ImportFrom) else ""
    for alias in statement.names:
        if f"{module}{alias.name}.".startswith(tuple(f"{name}." for name in _DRAWING)):
            yield from _binds(alias)


def _ever(notebook: NotebookNode) -> set[str]:
    """Name all that is ever the student's: a helper may be defined before the answer that it calls."""
    ever: set[str] = set()
    helpers: list[ast.stmt] = []
    for cell in _code(notebook):
        role = cells.role(cell)
        for statement in parse(cell.source).body:
            if role in _ANSWERS and not isinstance(statement, (ast.Import, ast.ImportFrom)):
                ever |= set(_binds(statement))
            elif role not in ("test", "manual") and isinstance(statement, _DEFINITIONS):
                helpers.append(statement)
    for _ in helpers:
        for helper in helpers:
            ever |= set(_binds(helper)) if _uses(helper, ever) else set()
    return ever


def _split(cell: str, body: ast.Module, theirs: set[str], ever: set[str], answer: bool) -> Iterator[Step]:
    ours: list[ast.stmt] = []
    callables: set[str] = set()
    others: set[str] = set()
    for statement in body.body:
        definition = isinstance(statement, _DEFINITIONS)
        imports = isinstance(statement, (ast.Import, ast.ImportFrom))
        bound = set(_binds(statement))
        if imports or not (answer or _uses(statement, ever if definition else theirs)):
            ours.append(statement)
            theirs -= bound
        else:
            theirs |= bound
            (callables if definition else others).update(bound)
    if ours:
        yield Shared(cell, ast.Module(ours, []))
    if callables or others:
        yield Answer(cell, frozenset(callables - others), frozenset(others))


def _uses(statement: ast.stmt, names: set[str]) -> bool:
    loaded = (node.id for node in ast.walk(statement) if isinstance(node, ast.Name))
    return any(name in names for name in loaded)


def _binds(statement: ast.AST) -> Iterator[str]:
    """Name what a statement binds in the notebook, not inside the functions that it defines."""
    if isinstance(statement, _DEFINITIONS):
        yield statement.name
        return
    if isinstance(statement, (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
        return
    if isinstance(statement, ast.alias):
        yield (statement.asname or statement.name).partition(".")[0]
    elif isinstance(statement, ast.Name) and isinstance(statement.ctx, ast.Store):
        yield statement.id
    for child in ast.iter_child_nodes(statement):
        yield from _binds(child)
