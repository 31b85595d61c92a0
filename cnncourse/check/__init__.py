"""Checks that teach: they say what came, what was expected, where the two part ways, and where to read on.

A test cell of an exercise looks like this, and never changes when it runs in class, at home or in a grader::

    with check.cell("conv2d-value", points=2, chapter="02"):
        got = conv2d(x, weight, stride=2)
        check.equal(got, expected, call="conv2d(x, weight, stride=2)", hint="conv2d-stride")
"""

from cnncourse.check.checks import equal, raises, shape, true, type_of, unchanged
from cnncourse.check.failure import CheckFailed
from cnncourse.check.handed import after, copy
from cnncourse.check.hints import hint
from cnncourse.check.session import cell, generator, report

__all__ = [
    "CheckFailed",
    "after",
    "cell",
    "copy",
    "equal",
    "generator",
    "hint",
    "raises",
    "report",
    "shape",
    "true",
    "type_of",
    "unchanged",
]
