"""Answers that change their inputs in place: to gain something by it, or without meaning any harm.

``SOURCE`` is put below each cell with an answer, so that it also runs where this module is not: in a sandbox.
"""

import ast
from dataclasses import dataclass

from cnncourse.grading import cells
from cnncourse.grading.judge import plan
from tests.exercises.course import Exercise
from tests.exercises.runner import run

SOURCE = """
import copy as _copy
import functools as _functools

import numpy as _numpy
import torch as _torch


def _zero(value):
    if isinstance(value, _torch.Tensor):
        value.detach().copy_(_torch.zeros(()))
    elif isinstance(value, _numpy.ndarray):
        value[:] = 0
    elif isinstance(value, (list, dict)):
        for key in value if isinstance(value, dict) else range(len(value)):
            if isinstance(value[key], (int, float)):
                value[key] = 0
            else:
                _zero(value[key])
    elif isinstance(value, tuple):
        for part in value:
            _zero(part)


def _shrink(value):
    if isinstance(value, _torch.Tensor):
        value.data = value.data.new_empty(0)
    elif isinstance(value, _numpy.ndarray):
        value.resize(0, refcheck=False)
    elif isinstance(value, (list, dict)):
        for part in list(value.values() if isinstance(value, dict) else value):
            _shrink(part)
        value.clear()
    elif isinstance(value, tuple):
        for part in value:
            _shrink(part)


def _nothing(value):
    if isinstance(value, _torch.Tensor):
        return _torch.zeros_like(value)
    if isinstance(value, (list, tuple)):
        return type(value)(_nothing(part) for part in value)
    if isinstance(value, dict):
        return {key: _nothing(part) for key, part in value.items()}
    return type(value)() if isinstance(value, (bool, int, float, str)) else value


def _key(value):
    if isinstance(value, _torch.Tensor):
        return str((value.dtype, value.tolist()))
    if isinstance(value, (list, tuple)):
        return type(value).__name__ + str([_key(part) for part in value])
    if isinstance(value, dict):
        return str([(key, _key(part)) for key, part in value.items()])
    return repr(value) if isinstance(value, (bool, int, float, str)) else type(value).__name__


def _spoiling(answer, way, gives, changes, known):
    spoil, calls = {"zero": _zero, "shrink": _shrink}[way], []

    @_functools.wraps(answer)
    def spoiled(*given, **named):
        if calls:  # an answer that another answer calls
            return answer(*given, **named)
        calls.append(1)
        try:
            if known is not None and (answer.__name__, _key((given, named))) in known:
                return answer(*given, **named)
            before, after = _copy.deepcopy((given, named)), (given, named)
            if not changes:
                after = _copy.deepcopy(after)
            spoil(after)
            if gives == "what follows":
                return answer(*after[0], **after[1])
            result = answer(*before[0], **before[1])
            return _nothing(result) if gives == "zeros" else result
        finally:
            calls.clear()

    return spoiled


def _noting(answer, known):
    @_functools.wraps(answer)
    def noted(*given, **named):
        known.add((answer.__name__, _key((given, named))))
        return answer(*given, **named)

    return noted
"""
WAYS = ("zero", "shrink")
SLOW = ("design-accuracy",)  # test cells that train for seconds


@dataclass(frozen=True)
class Spoiler:
    """What every answer of a submission does.

    Args:
        way: how inputs are changed: ``zero`` or ``shrink``.
        gives: ``right`` results, ``zeros`` in their place, or ``what follows`` from the changed inputs.
        changes: whether its inputs change, or copies of them only.
        known: the calls that it answers as it should, by heart.
    """

    way: str
    gives: str
    changes: bool = True
    known: frozenset[tuple[str, str]] | None = None

    def sources(self, exercise: Exercise) -> dict[str, str]:
        """The code of the submission, without what draws and what takes long."""
        known = None if self.known is None else set(self.known)
        return wrapped(exercise, "_spoiling", repr((self.way, self.gives, self.changes, known)))

    def __str__(self) -> str:
        return f"{self.way}-{self.gives}{'-by-heart' if self.known is not None else ''}".replace(" ", "-")


def wrapped(exercise: Exercise, wrapper: str, options: str, *, released: bool = False) -> dict[str, str]:
    """The solution with a wrapper around each answer."""
    drawing: set[str] = set()
    sources = {}
    for cell in exercise.solution.cells:
        if cell.cell_type != "code" or cell.id in SLOW:
            continue
        role = cells.role(cell)
        if role == "test":
            source = cells.released(cell.source, role, "code") if released else cell.source
            sources[cell.id] = cells.without_markers(source)
            continue
        source = ast.unparse(plan.undrawn(cells.parse(cell.source), drawing))
        if role == "solution":
            functions = [node.name for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)]
            source += SOURCE + "".join(f"{name} = {wrapper}({name}, *{options})\n" for name in functions)
        sources[cell.id] = source
    return sources


NOTED: list[set[tuple[str, str]]] = [set()]


def by_heart(exercise: Exercise) -> frozenset[tuple[str, str]]:
    """The calls that the tests make which a student sees."""
    NOTED[0] = set()
    run(wrapped(exercise, "_noting", f"__import__('sys').modules[{__name__!r}].NOTED", released=True))
    return frozenset(NOTED[0])
