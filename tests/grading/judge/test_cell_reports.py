"""What a student reads first: the cause, where a cell of their own stopped above the definition."""

import pytest
from nbformat.v4 import writes

from cnncourse.grading.job import Job
from cnncourse.grading.judge.cell_reports import cell_reports
from cnncourse.grading.judge.grade_one import SubmissionGrader
from cnncourse.grading.report import CellReport
from tests.grading.conftest import SMALL
from tests.grading.course import ASSIGNMENT, notebook, released

ANSWER = "def double(x):\n    return 2 * x"


def graded(spawner, answer):
    """Grade an answer: the report of its first cell of tests."""
    submission = writes(released(answer=answer)).encode()
    return SubmissionGrader(Job(ASSIGNMENT, SMALL), spawner).grade(submission, "ada").cells[0]


STOPS = {
    "error": ("1 / 0", "ZeroDivisionError: division by zero"),
    "input": ("n = input()", "EOFError: input() asks somebody, and nobody is there"),
    "magic": ("%%no_such_magic", "UsageError: Cell magic `%%no_such_magic` not found"),
    "module": ("import torch.no_such_module", "ModuleNotFoundError: No module named 'torch.no_such_module'"),
    "syntax": ("x = 1 ?? 2", "SyntaxError: invalid syntax, in line 1 (the grader reads it with Python 3."),
    "exit": ("import sys; sys.exit(3)", "SystemExit: 3"),
    "dies": ("import os; os._exit(3)", "ended Python"),
}


@pytest.mark.parametrize("name", STOPS)
def test_the_cause_comes_first(spawner, name):
    line, cause = STOPS[name]
    report = graded(spawner, f"{line}\n{ANSWER}")
    assert report.points == 0
    assert report.reason.startswith("Your cell 'double-answer' stopped: ")
    assert cause in report.reason
    assert report.lines[0] == report.reason
    assert "So double was never defined." in report.text
    assert "spelled" not in report.text
    assert report.hint == ""


@pytest.mark.parametrize(
    "lines",
    [
        "import no_such_package as p\np.set_theme()",
        "%matplotlib widget",
        "import matplotlib\nmatplotlib.use('TkAgg')\nimport matplotlib.pyplot as plt\nplt.figure()",
        "breakpoint()",
    ],
)
def test_what_the_grader_lacks_costs_nothing(spawner, lines):
    assert graded(spawner, f"{lines}\n{ANSWER}").points == 2


def test_an_answer_that_needs_what_is_not_there_is_told_so_first(spawner):
    report = graded(spawner, "import no_such_package as p\ndef double(x):\n    return p.double(x)")
    assert report.reason.startswith("Your cell 'double-answer': the grader does not have no_such_package")
    assert "no_such_package_is_not_installed_in_the_grader" in report.text


def explained(source, said="ValueError: no", lines=("`conv2d` is not defined",)):
    judged = CellReport(
        cell="double-value",
        points=0.0,
        max_points=2.0,
        state="failed",
        reason=lines[0],
        lines=lines,
        hint="h",
    )
    submission = notebook(answer=source)
    return cell_reports(notebook(), [judged], [("double-answer", said)], submission)[0]


@pytest.mark.parametrize(
    "source",
    [
        "def conv2d(x): pass",
        "if True:\n    async def conv2d(x): pass",
        "class conv2d: pass",
        "conv2d = lambda x: x",
        "conv2d: int = 3",
        "other, conv2d = 1, 2",
        "conv2d, other = 1, 2",
        "from my_utils import other, conv2d",
        "import conv2d",
        "def conv2d(x:",
    ],
)
def test_a_cell_that_would_have_defined_the_name_is_the_cause(source):
    report = explained(source)
    assert report.reason == "Your cell 'double-answer' stopped: ValueError: no"
    assert report.hint == ""


@pytest.mark.parametrize(
    "source", ["def conv2d_loops(x): pass", "conv2d(x) == 3", "y = conv2d(3)", "x.conv2d()", "f(conv2d=3)"]
)
def test_another_cell_is_not(source):
    report = explained(source)
    assert report.reason == "`conv2d` is not defined"
    assert report.lines[-1] == "Your cell 'double-answer' stopped: ValueError: no"
    assert report.hint == "h"
