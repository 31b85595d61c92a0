"""Answers that change their inputs, before the judge: as ``tests/exercises/test_inputs.py`` in a notebook."""

import sys

import pytest

from cnncourse.grading.inside.limits import Limits
from cnncourse.grading.judge.judge import Judge
from cnncourse.grading.judge.student import Student
from cnncourse.grading.sandbox.spawner import Spawner
from tests.exercises.spoiling import SLOW, Spoiler
from tests.exercises.test_inputs import each_exercise, held, known, passed

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="students' processes need Linux")


@pytest.fixture(scope="module")
def spawner():
    modules = ("torchvision", "cnncourse.check", "cnncourse.data", "cnncourse.plots", "cnncourse.train")
    with Spawner((), modules, limits=Limits(cell_seconds=600, call_seconds=600), sandboxed=False) as spawner:
        yield spawner


def judged(exercise, spoiler, spawner):
    notebook = exercise.solution.copy()
    notebook.cells = [cell.copy() for cell in notebook.cells if cell.id not in SLOW]
    answers = notebook.copy()
    answers.cells = [cell.copy() for cell in notebook.cells]
    sources = spoiler.sources(exercise)
    for cell in answers.cells:
        cell.source = sources.get(cell.id, cell.source)
    with Student(spawner) as student:
        return {report.cell: report for report in Judge(notebook, seed=0).judge(answers, student)}


@each_exercise
def test_nothing_is_gained_by_a_change(exercise, spawner):
    calls = known(exercise)
    reports = judged(exercise, Spoiler("zero", "what follows", known=calls), spawner)
    honest = passed(exercise, Spoiler("zero", "what follows", changes=False, known=calls))
    assert {name for name, report in reports.items() if report.passed} <= honest


@each_exercise
def test_a_right_answer_loses_only_where_a_check_holds_its_inputs(exercise, spawner):
    reports = judged(exercise, Spoiler("shrink", "right"), spawner)
    lost = {name for name, report in reports.items() if not report.passed}
    assert lost == held(exercise)
    assert all("changed its input" in reports[name].text for name in lost)
    assert lost or any("changes what it is given" in report.output for report in reports.values())
