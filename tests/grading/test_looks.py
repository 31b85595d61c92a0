"""Tests that look at what an answer did to its inputs are found, and others are let alone."""

import pytest

from cnncourse.grading.looks import looking_at_inputs
from tests.exercises.course import exercises
from tests.grading.kinds import Kind


def looked_at(test, answer="def tidy(items):\n    return sorted(items)"):
    kind = Kind("", "", answer, "", test, "apart")
    return looking_at_inputs(kind.notebook()).get("test", "")


@pytest.mark.parametrize(
    "test",
    [
        "x = [2, 1]\ntidy(x)\nassert x == [1, 2]",
        "x = [2, 1]\ngot = tidy(x)\nassert got == [1, 2]\nassert x == [2, 1], 'changed'",
        "x = [2, 1]\nbefore = list(x)\ntidy(items=x)\nassert before == x",
        "import numpy as np\nx = np.ones(2)\ntidy(x)\nnp.testing.assert_array_equal(x, np.ones(2))",
        "for x in ([1], [2]):\n    tidy(x)\n    assert len(x) == 1",
        "def case(x):\n    tidy(x)\n    assert x == [1]\ncase([1])",
    ],
)
def test_an_input_that_is_looked_at(test):
    assert looked_at(test) == "x"


@pytest.mark.parametrize(
    "test",
    [
        "x = [2, 1]\nassert tidy(x) == [1, 2]",
        "x = [2, 1]\ngot = tidy(x)\nassert got == sorted(x)",
        "x = [2, 1]\nwant = [1, 2]\ngot = tidy(x)\nassert want == got",
        "x = [2, 1]\nassert x == [2, 1]\ntidy(x)",
        "x = [2, 1]\nassert sorted(x) == [1, 2]",
        "assert tidy([2, 1]) == [1, 2]",
    ],
)
def test_an_answer_that_is_looked_at(test):
    assert not looked_at(test)


@pytest.mark.parametrize("exercise", exercises(), ids=lambda exercise: exercise.stem)
def test_the_courses_own_tests_ask_for_what_came_back(exercise):
    assert not looking_at_inputs(exercise.solution)
