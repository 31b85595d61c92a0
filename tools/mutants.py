"""How sharp are the test cells? ``python -m tools.mutants 02``: one small mistake at a time in each answer.

Every answer cell of a solution is changed in one place (a number by one, another operator, a comparison, a
term that is missing, another axis), and the test cells run on it as they do for a learner. A mutant that no
test cell fails has survived: a mistake nobody hears of. ``tests/exercises/mutants.toml`` lists those
that are no mistakes, because they compute the same, each with the reason.
"""

import argparse
import ast
import copy
import itertools
import math
import os
import resource
import signal
import sys
import time
import tomllib
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from tests.exercises.course import ROOT, Exercise, exercises

EQUIVALENT = ROOT / "tests" / "exercises" / "mutants.toml"
_MEMORY = 8 * 2**30  # bytes of addresses that a mutant may ask for

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
    seen, texts = {original}, _texts(tree)
    for place, node in enumerate(ast.walk(tree)):
        for number in range(0 if id(node) in texts else len(_changes(tree, node))):
            mutated = copy.deepcopy(tree)
            twin = next(itertools.islice(ast.walk(mutated), place, None))
            _changes(mutated, twin)[number]()
            text = ast.unparse(mutated)
            if text not in seen:
                seen.add(text)
                yield Mutant(cell, _difference(original.splitlines(), text.splitlines()), text)


def _difference(before: list[str], after: list[str]) -> str:
    pairs = zip(before, [*after, ""], strict=False)
    at, (old, new) = next((at, pair) for at, pair in enumerate(pairs) if pair[0] != pair[1])
    new = new.strip() if len(before) == len(after) else "(nothing)"
    return f"line {at + 1}: {old.strip()} → {new}"


def _texts(tree: ast.Module) -> set[int]:
    """The nodes of docstrings, error messages and type hints, by id: no tests look there."""
    found: set[int] = set()
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
        found |= {id(node) for part in inside if part is not None for node in ast.walk(part)}
    return found


def _changes(tree: ast.Module, node: Any) -> list[Callable[[], object]]:
    """What can be changed at a node, in place."""
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
    return changes


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
        for name, part in ast.iter_fields(outer):
            if part is node:
                setattr(outer, name, new)
            elif isinstance(part, list):
                part[:] = [new if one is node else one for one in part]


def survivors(exercise: Exercise) -> tuple[int, list[Mutant]]:
    """Try every mutant of an exercise.

    The cells run once, as they do for a learner. Before an answer each of its mutants goes on from there in a
    forked copy of this process, until a test cell fails: nothing runs twice, and no mutant hears of another.

    Returns:
        How many mutants there are, and those that no test cell fails.

    Raises:
        RuntimeError: the solution itself does not pass.
    """
    from tests.exercises import runner

    sources = exercise.sources()
    answers = {cell.id for cell in exercise.cells("solution")}
    began = time.process_time()
    runner.run(sources)
    seconds = math.ceil(2 + 5 * (time.process_time() - began))
    count, left = 0, []
    with runner.opened() as namespace:
        notebook = Notebook(namespace, exercise.tests)
        if not in_child(partial(notebook.passes, sources), seconds):
            raise RuntimeError(f"{exercise.stem}: the solution fails — pytest tests/exercises says where")
        for place, (name, source) in enumerate(sources.items()):
            rest = dict(list(sources.items())[place + 1 :])
            for mutant in mutants(name, source) if name in answers else ():
                count += 1
                if in_child(partial(notebook.passes, {name: mutant.source} | rest), seconds):
                    left.append(mutant)
            notebook.passes({name: source})
    return count, left


@dataclass
class Notebook:
    """A notebook in which, as with the judge, no answer finds a name that a test cell left.

    Attributes:
        namespace: what the cells have defined so far.
        tests: the names of the test cells.
        kept: what test cells have defined; only other test cells see it.
    """

    namespace: dict[str, Any]
    tests: Container[str]
    kept: dict[str, Any] = field(default_factory=dict)

    def passes(self, cells: Mapping[str, str]) -> bool:
        """Run cells up to the first test cell that fails; True if there is none."""
        return all(self._passes(name, source) for name, source in cells.items())

    def _passes(self, name: str, source: str) -> bool:
        from tests.exercises import runner

        test = name in self.tests
        seen = {**self.namespace, **self.kept} if test else self.namespace
        before = dict(seen)
        outcome = runner.run_cell(name, source, seen)
        new = {name: value for name, value in seen.items() if before.get(name, seen) is not value}
        if test:
            self.kept |= new
        else:
            self.kept = {name: value for name, value in self.kept.items() if name not in new}
        return not (test and outcome.error)


def in_child(question: Callable[[], bool], seconds: int) -> bool:
    """Ask a yes-or-no question in a forked process; one that needs more processor time, or ends, says no.

    Example:
        >>> in_child(lambda: 1 < 2, seconds=5)
        True
    """
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1] == 0
    no = 1
    try:
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
        signal.alarm(60 * seconds)  # for one that waits
        no = not question()
    finally:
        os._exit(no)


def equivalent() -> dict[str, dict[str, str]]:
    """Read the mutants that compute the same: by exercise, ``cell: change`` and the reason."""
    text = EQUIVALENT.read_text(encoding="utf-8") if EQUIVALENT.exists() else ""
    return tomllib.loads(text)


def report(exercise: Exercise, count: int, left: Sequence[Mutant]) -> tuple[int, int]:
    """Print the kill rate and the survivors that are not listed as equivalent.

    Returns:
        How many survivors are not listed, and how many are.
    """
    known = equivalent().get(exercise.stem, {})
    names = [f"{mutant.cell}, {mutant.name}" for mutant in left]
    open_ = [name for name in names if name not in known]
    same = len(names) - len(open_)
    mistakes = count - same
    rate = percent(mistakes - len(open_), mistakes)
    print(f"{exercise.stem}: {rate} of {mistakes} mutants caught, {same} more are equivalent")
    for name in open_:
        print(f"  {name}")
    for name in sorted(known.keys() - set(names)):
        print(f"  no survivor: {name} — take it out of {EQUIVALENT.name}")
    return len(open_), same


def percent(part: int, whole: int) -> str:
    """Write a share; what is not all of it never reads 100 %.

    Example:
        >>> percent(999, 1000), percent(2, 2)
        ('99.9 %', '100 %')
    """
    return f"{math.floor(1000 * part / max(1, whole)) / 10:g} %"


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the command line and do what it says."""
    parser = argparse.ArgumentParser(prog="python -m tools.mutants", description=__doc__)
    parser.add_argument("numbers", nargs="*", help="exercises by number, as in 02; all without any")
    options = parser.parse_args(arguments)
    import matplotlib
    import torch

    matplotlib.use("Agg")
    torch.set_num_threads(1)  # a forked process has no other threads
    caught = all_ = 0
    for exercise in exercises():
        if not options.numbers or exercise.stem[:2] in options.numbers:
            count, left = survivors(exercise)
            open_, same = report(exercise, count, left)
            caught, all_ = caught + count - same - open_, all_ + count - same
            sys.stdout.flush()
    print(f"{caught} of {all_} mutants caught: {percent(caught, all_)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
