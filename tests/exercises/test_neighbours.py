"""A right value in a neighbouring type earns its points: a NumPy array, a NumPy scalar, an OrderedDict.

Where the text asks for a type, the cell may insist; those cells stand here with the words of the text.
"""

import ast

import pytest

from tests.exercises.course import exercises
from tests.exercises.runner import failed, run

NEIGHBOUR = """
import collections as _collections
import functools as _functools

import numpy as _numpy
import torch as _torch


def _converted(value, way):
    if way == "array" and isinstance(value, _torch.Tensor):
        return value.detach().numpy()
    if way == "scalar" and type(value) in (int, float):
        return _numpy.asarray(value)[()]
    if isinstance(value, (list, tuple)):
        return type(value)(_converted(part, way) for part in value)
    if isinstance(value, dict):
        kind = _collections.OrderedDict if way == "ordered" else dict
        return kind((key, _converted(part, way)) for key, part in value.items())
    return value


_inside = globals().get("_inside", [])  # one for all answers: those that an answer calls keep their type


def _neighbouring(answer, way):
    @_functools.wraps(answer)
    def converting(*given, **named):
        _inside.append(answer)
        try:
            result = answer(*given, **named)
        finally:
            _inside.pop()
        return result if _inside else _converted(result, way)

    return converting
"""
ASKED = {
    ("array", "bar-detector"): "Return the detector, a tensor of shape (rows, columns)",
    ("array", "dice-range"): "It returns `top` and `left`, two int64 tensors of shape (n,)",
    ("array", "dice-epochs"): "It returns `top` and `left`, two int64 tensors of shape (n,)",
}


@pytest.mark.parametrize("way", ["array", "scalar", "ordered"])
@pytest.mark.parametrize("exercise", exercises(), ids=lambda exercise: exercise.stem)
def test_a_right_value_in_a_neighbouring_type_earns_its_points(exercise, way):
    sources = exercise.sources()
    for cell in exercise.cells("solution"):
        if cell.id in sources:
            body = ast.parse(sources[cell.id]).body
            names = [node.name for node in body if isinstance(node, ast.FunctionDef)]
            lines = [f"{name} = _neighbouring({name}, {way!r})" for name in names]
            sources[cell.id] += "\n".join([NEIGHBOUR, *lines])
    outcomes = run(sources)
    lost = failed(outcomes) & set(exercise.tests)
    asked = {cell for kind, cell in ASKED if kind == way and cell in exercise.tests}
    assert lost == asked, "\n".join(f"--- {name}\n{outcomes[name].output}" for name in sorted(lost - asked))


def test_what_is_asked_for_is_written():
    text = "\n".join(cell.source for exercise in exercises() for cell in exercise.solution.cells)
    assert [words for words in ASKED.values() if words not in text] == []
