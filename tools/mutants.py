"""How sharp are the test cells? ``python -m tools.mutants 02``: one small mistake at a time in each answer.

Every answer cell of a solution is changed in one place (a number by one, another operator, a comparison, a
term that is missing, another axis), and the test cells run on it as they do for a learner. A mutant that no
test cell fails has survived: a mistake nobody hears of. ``tests/exercises/mutants.toml`` lists those
that are no mistakes, because they compute the same, each with the reason.
"""

import argparse
import ast
import copy
import multiprocessing
import signal
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import Any

from cnncourse.grading.cells import role
from tests.exercises.course import ROOT, Exercise, exercises

EQUIVALENT = ROOT / "tests" / "exercises" / "mutants.toml"
SECONDS = 30  # for all cells together; the solution's own takes less, and an endless mutant is a caught one

_OTHER: dict[type, tuple[type, ...]] = {
    ast.Add: (ast.Sub,), ast.Sub: (ast.Add,), ast.Mult: (ast.Div,), ast.Div: (ast.Mult,),
    ast.FloorDiv: (ast.Div,), ast.Mod: (ast.FloorDiv,), ast.Pow: (ast.Mult,), ast.MatMult: (ast.Mult,),
    ast.Lt: (ast.LtE, ast.GtE), ast.LtE: (ast.Lt, ast.Gt), ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt), ast.Eq: (ast.NotEq,), ast.NotEq: (ast.Eq,), ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,), ast.And: (ast.Or,), ast.Or: (ast.And,),
}  # fmt: skip
_AXES = ("dim", "axis", "dims", "keepdim")


@dataclass(frozen=True)
class Mutant:
    """One mistake in one answer.

    Attributes:
        cell: the id of the answer cell.
        name: the line that was changed, counted without comments and blank lines, before and after.
        source: the cell's new source.
    """

    cell: str
    name: str
    source: str


def mutants(cell: str, source: str) -> Iterator[Mutant]:
    """Make every mutant of an answer cell. A cell with magics, or without code, has none.

    Example:
        >>> [mutant.name for mutant in mutants("a", "y = x < 2")][:2]
        ['line 1: y = x < 2 → y = x <= 2', 'line 1: y = x < 2 → y = x >= 2']
    """
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return
    original = ast.unparse(tree)
    seen = {original}
    for place in range(len(list(ast.walk(tree)))):
        for number in range(_MOST):
            mutated = copy.deepcopy(tree)
            node = list(ast.walk(mutated))[place]
            if _in_text(mutated, node) or not _change(mutated, node, number):
                break
            text = ast.unparse(mutated)
            if text not in seen:
                seen.add(text)
                yield Mutant(cell, _difference(original.splitlines(), text.splitlines()), text)


_MOST = 3


def _difference(before: list[str], after: list[str]) -> str:
    pairs = zip(before, [*after, ""], strict=False)
    at, (old, new) = next((at, pair) for at, pair in enumerate(pairs) if pair[0] != pair[1])
    new = new.strip() if len(before) == len(after) else "(nothing)"
    return f"line {at + 1}: {old.strip()} → {new}"


def _in_text(tree: ast.Module, node: ast.AST) -> bool:
    """Say whether a node is a docstring, part of an error message, or of a type hint: no tests look there."""
    for outer in ast.walk(tree):
        inside: list[ast.AST | None] = []
        if isinstance(outer, ast.Expr) and isinstance(outer.value, ast.Constant):
            inside = [outer]
        elif isinstance(outer, ast.Raise):
            inside = [outer.exc]
        elif isinstance(outer, ast.arg | ast.AnnAssign):
            inside = [outer.annotation]
        elif isinstance(outer, ast.FunctionDef):
            inside = [outer.returns]
        if any(part is not None and any(node is one for one in ast.walk(part)) for part in inside):
            return True
    return False


def _change(tree: ast.Module, node: Any, number: int) -> bool:
    """Make the change of this number to a node, in place; False if it has no such change."""
    changes: list[Callable[[], object]] = []
    if isinstance(node, ast.BinOp | ast.AugAssign):
        changes += [_set(node, "op", new()) for new in _OTHER.get(type(node.op), ())]
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub | ast.Mult | ast.Div):
            changes.append(lambda: _replace(tree, node, node.left))
    elif isinstance(node, ast.BoolOp):
        changes += [_set(node, "op", new()) for new in _OTHER[type(node.op)]]
        changes.append(lambda: node.values.pop())
    elif isinstance(node, ast.Compare):
        changes += [_set(node, "ops", [new(), *node.ops[1:]]) for new in _OTHER.get(type(node.ops[0]), ())]
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not | ast.USub):
        changes.append(lambda: _replace(tree, node, node.operand))
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        changes.append(_set(node, "value", not node.value))
    elif isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        changes += [_set(node, "value", node.value + 1), _set(node, "value", node.value - 1)]
    elif isinstance(node, ast.Call) and any(word.arg in _AXES for word in node.keywords):
        kept = [word for word in node.keywords if word.arg not in _AXES]
        changes.append(_set(node, "keywords", kept))
    elif isinstance(node, ast.If):
        changes.append(_set(node, "test", ast.Constant(False)))
    elif isinstance(node, ast.stmt) and isinstance(node, ast.Expr | ast.Assign) and not _only(tree, node):
        changes.append(lambda: _drop(tree, node))
    if number >= len(changes):
        return False
    changes[number]()
    return True


def _set(node: ast.AST, field: str, value: object) -> Callable[[], None]:
    return lambda: setattr(node, field, value)


def _bodies(tree: ast.AST) -> Iterator[list[Any]]:
    for outer in ast.walk(tree):
        yield from (part for part in vars(outer).values() if isinstance(part, list))


def _only(tree: ast.Module, node: ast.stmt) -> bool:
    return any(len(body) == 1 and body[0] is node for body in _bodies(tree))


def _drop(tree: ast.Module, node: ast.stmt) -> None:
    for body in _bodies(tree):
        body[:] = [one for one in body if one is not node]


def _replace(tree: ast.Module, node: ast.expr, new: ast.expr) -> None:
    for outer in ast.walk(tree):
        for field, part in ast.iter_fields(outer):
            if part is node:
                setattr(outer, field, new)
            elif isinstance(part, list):
                part[:] = [new if one is node else one for one in part]


class _Late(BaseException):
    """The cells have had their time."""


def survives(sources: Mapping[str, str], tests: Sequence[str], seconds: int = SECONDS) -> bool:
    """Run all cells, as a learner does, and say whether every test cell passes.

    Args:
        sources: the source of each code cell, by id.
        tests: the ids of the test cells.
        seconds: a mutant that takes longer is caught.
    """
    from tests.exercises.runner import failed, run

    def late(signum: int, frame: object) -> None:
        raise _Late

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(seconds)
    try:
        return not failed(run(sources)) & set(tests)
    except _Late:
        return False
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def survivors(exercise: Exercise) -> tuple[int, list[Mutant]]:
    """Try every mutant of an exercise in this process.

    Returns:
        How many mutants there are, and those that no test cell fails.
    """
    import matplotlib

    matplotlib.use("Agg")
    sources = exercise.sources()
    ids = [cell.id for cell in exercise.solution.cells if role(cell) == "solution" and cell.id in sources]
    tried = [mutant for name in ids for mutant in mutants(name, sources[name])]
    left = [one for one in tried if survives({**sources, one.cell: one.source}, list(exercise.tests))]
    return len(tried), left


def equivalent() -> dict[str, dict[str, str]]:
    """Read the mutants that compute the same: by exercise, ``cell: change`` and the reason."""
    text = EQUIVALENT.read_text(encoding="utf-8") if EQUIVALENT.exists() else ""
    return tomllib.loads(text)


def report(exercise: Exercise, count: int, left: Sequence[Mutant]) -> int:
    """Print the kill rate and the survivors that are not listed as equivalent; how many those are."""
    known = equivalent().get(exercise.stem, {})
    names = [f"{mutant.cell}, {mutant.name}" for mutant in left]
    open_ = [name for name in names if name not in known]
    same = len(names) - len(open_)
    mistakes = count - same
    rate = 100 * (mistakes - len(open_)) / max(1, mistakes)
    print(f"{exercise.stem}: {rate:.0f} % of {mistakes} mutants caught, {same} more are equivalent")
    for name in open_:
        print(f"  {name}")
    for name in sorted(known.keys() - set(names)):
        print(f"  no survivor: {name} — take it out of {EQUIVALENT.name}")
    return len(open_)


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the command line and do what it says."""
    parser = argparse.ArgumentParser(prog="python -m tools.mutants", description=__doc__)
    parser.add_argument("numbers", nargs="*", help="exercises by number, as in 02; all without any")
    parser.add_argument("-j", "--jobs", type=int, default=1, help="exercises at once")
    options = parser.parse_args(arguments)
    chosen = [one for one in exercises() if not options.numbers or one.stem[:2] in options.numbers]
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(options.jobs, mp_context=context, max_tasks_per_child=1) as pool:
        for exercise, (count, left) in zip(chosen, pool.map(survivors, chosen), strict=True):
            report(exercise, count, left)
            sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
