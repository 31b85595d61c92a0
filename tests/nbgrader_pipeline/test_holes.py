"""What settings must repair: skipped, deleted, rewritten and endless cells. And what they must not punish."""

import pytest

from tests.exercises import sample
from tests.exercises.course import Exercise
from tests.nbgrader_pipeline.course import Course

pytestmark = pytest.mark.nbgrader

WRONG = "def count(x):\n    return 0"
FULL = {"double-value": 2, "double-input": 1, "count-value": 3, "why-even": None}


def find(notebook, name):
    return next(cell for cell in notebook.cells if cell.id == name)


def with_tag(notebook):
    find(notebook, "count-answer").source = WRONG
    find(notebook, "count-value").metadata["tags"] = ["skip-execution"]


def with_deleted_test(notebook):
    find(notebook, "count-answer").source = WRONG
    notebook.cells.remove(find(notebook, "count-value"))


def with_rewritten_test(notebook):
    find(notebook, "count-answer").source = WRONG
    find(notebook, "count-value").source = "print('✓')"


def with_endless_answer(notebook):
    find(notebook, "double-answer").source = "def double(x):\n    while True:\n        pass"


def with_warning(notebook):
    source = (
        "import sys, warnings\ndef count(x):\n    warnings.warn('old')\n    print('x', file=sys.stderr)\n"
    )
    find(notebook, "count-answer").source = source + "    return x.numel()"


def with_number_at_the_end(notebook):
    """nbgrader reads a number as a score; the test cell's own end must not be one."""
    find(notebook, "count-answer").source = "def count(x):\n    return 2"


CASES = {
    "tag": (with_tag, {"count-value": 0}),
    "deleted": (with_deleted_test, {"count-value": 0}),
    "rewritten": (with_rewritten_test, {"count-value": 0}),
    "endless": (with_endless_answer, {"double-value": 0, "double-input": 0}),
    "warning": (with_warning, {}),
    "number": (with_number_at_the_end, {"count-value": 0}),
}


@pytest.fixture(scope="module")
def course(tmp_path_factory, kernels):
    root = tmp_path_factory.mktemp("holes")
    course = Course.create(root, Exercise(*sample.write(root)), kernels)
    course.nbgrader("generate_assignment", sample.STEM)
    notebooks = {}
    for student, (change, _) in CASES.items():
        notebooks[student] = course.answered()
        change(notebooks[student])
    course.hand_in(notebooks)
    course.nbgrader("zip_collect", sample.STEM)
    course.nbgrader("autograde", sample.STEM, "--Execute.timeout=10")
    return course


@pytest.mark.parametrize("student", CASES)
def test_a_hole_is_closed(course, student):
    assert course.scores(student) == FULL | CASES[student][1]


def test_a_missing_cell_counts(course):
    assert set(course.exported().values()) >= {(3.0, 10.0), (6.0, 10.0)}
