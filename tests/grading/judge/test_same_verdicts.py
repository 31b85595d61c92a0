"""Every solution, stub and bank entry through the stand-ins: the same cells fail as in the notebook.

``tests/exercises/test_banks.py`` proves, in one process, that an entry fails exactly what it says, with its
hint. Here the same is demanded of the judge. Drawing is left out on both sides: it takes most of the time.
"""

import ast
import sys

import pytest
from nbgrader.preprocessors import ClearSolutions

from cnncourse.grading.judge import plan
from cnncourse.grading.judge.judge import Judge
from cnncourse.grading.judge.student import Student
from cnncourse.grading.sandbox.limits import Limits
from cnncourse.grading.sandbox.spawner import Nursery
from tests.exercises.bank import as_one, handed_in_together
from tests.exercises.course import exercises

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="students' processes need Linux")

EXERCISES = exercises()
TRAINING = {"design-accuracy": "build"}  # test cells that train for seconds, and the answer that they train
GROUPS = [
    pytest.param(exercise, group, id=f"{exercise.stem}-{number}")
    for exercise in EXERCISES
    for number, group in enumerate(handed_in_together(exercise.entries))
]
each_exercise = pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.stem)


@pytest.fixture(scope="module")
def nursery():
    """One import of torch for all submissions; no sandbox, which other tests try."""
    modules = ("torchvision", "cnncourse.check", "cnncourse.data", "cnncourse.plots", "cnncourse.train")
    with Nursery((), modules, limits=Limits(cell_seconds=600, call_seconds=600), sandboxed=False) as nursery:
        yield nursery


def submission(exercise, sources):
    notebook = exercise.solution.copy()
    notebook.cells = [cell.copy() for cell in notebook.cells]
    drawing = set()
    for cell in notebook.cells:
        cell.source = sources.get(cell.id, cell.source)
        if cell.cell_type == "code" and sources:
            cell.source = ast.unparse(plan.undrawn(plan.parse(cell.source), drawing))
    return notebook


def judged(exercise, sources, nursery, without=()):
    source = submission(exercise, {})
    source.cells = [cell for cell in source.cells if cell.id not in without]
    answers = submission(exercise, sources)
    answers.cells = [cell for cell in answers.cells if cell.id not in without]
    with Student(nursery) as student:
        verdicts = Judge(source, seed=0).grade(answers, student)
    assert {verdict.cell for verdict in verdicts} == exercise.tests.keys() - set(without)
    return {verdict.cell for verdict in verdicts if not verdict.passed}, verdicts


def report(verdicts):
    return "\n".join(f"--- {verdict.cell} ({verdict.error})\n{verdict.output}" for verdict in verdicts)


@each_exercise
def test_the_solution_gets_full_marks(exercise, nursery):
    failed, verdicts = judged(exercise, exercise.sources(), nursery)
    assert not failed, report(verdicts)
    assert {verdict.cell: verdict.score for verdict in verdicts} == exercise.tests


@each_exercise
def test_the_stub_gets_nothing_for_it_is_not_implemented(exercise, nursery):
    stub, resources = ClearSolutions(), {"language": "python"}
    cells = {
        cell.id: stub.preprocess_cell(cell.copy(), resources, 0)[0].source
        for cell in exercise.cells("solution")
    }
    failed, verdicts = judged(exercise, exercise.sources() | cells, nursery)
    assert failed == set(exercise.tests)
    errors = {verdict.error for verdict in verdicts}
    assert errors <= {"NotImplementedError", "NameError"}, report(verdicts)
    assert sum(verdict.score for verdict in verdicts) == 0


@pytest.mark.parametrize(("exercise", "entries"), GROUPS)
def test_answers_of_the_bank_get_the_same_verdicts(exercise, entries, nursery):
    group = as_one(entries)
    without = {cell for cell, answer in TRAINING.items() if answer not in group.sources}
    failed, verdicts = judged(exercise, exercise.sources(group), nursery, without)
    assert failed == set(group.fails), report(verdicts)
    for entry in entries:
        said = report(verdict for verdict in verdicts if verdict.cell in entry.fails)
        assert entry.is_right or f'check.hint("{entry.hint}")' in said, f"{entry}\n{said}"
