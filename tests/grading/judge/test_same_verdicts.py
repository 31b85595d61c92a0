"""Every solution, stub and bank entry through the stand-ins: the same cells fail as in the notebook.

``tests/exercises/test_banks.py`` proves, in one process, that an entry fails exactly what it says, with its
hint. Here the same is demanded of the judge. Drawing is left out on both sides: it takes most of the time.
"""

import ast
import sys

import pytest
from nbgrader.preprocessors import ClearSolutions

from cnncourse.grading import cells
from cnncourse.grading.judge import plan
from cnncourse.grading.judge.judge import Judge
from cnncourse.grading.judge.student import Student
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


def submission(exercise, sources):
    notebook = exercise.solution.copy()
    notebook.cells = [cell.copy() for cell in notebook.cells]
    drawing = set()
    for cell in notebook.cells:
        cell.source = sources.get(cell.id, cell.source)
        if cell.cell_type == "code" and sources:
            cell.source = ast.unparse(plan.undrawn(cells.parse(cell.source), drawing))
    return notebook


def judged(exercise, sources, course_spawner, without=()):
    source = submission(exercise, {})
    source.cells = [cell for cell in source.cells if cell.id not in without]
    answers = submission(exercise, sources)
    answers.cells = [cell for cell in answers.cells if cell.id not in without]
    with Student(course_spawner) as student:
        reports = Judge(source, seed=0).judge(answers, student)
    assert {one.cell for one in reports} == exercise.tests.keys() - set(without)
    return {one.cell for one in reports if not one.passed}, reports


def report(found):
    return "\n".join(f"--- {one.cell} ({one.error})\n{one.text}" for one in found)


@each_exercise
def test_the_solution_gets_full_marks(exercise, course_spawner):
    failed, reports = judged(exercise, exercise.sources(), course_spawner)
    assert not failed, report(reports)
    assert {one.cell: one.points for one in reports} == exercise.tests


@each_exercise
def test_the_stub_gets_nothing_for_it_is_not_implemented(exercise, course_spawner):
    stub, resources = ClearSolutions(), {"language": "python"}
    stubs = {
        cell.id: stub.preprocess_cell(cell.copy(), resources, 0)[0].source
        for cell in exercise.cells("solution")
    }
    failed, reports = judged(exercise, exercise.sources() | stubs, course_spawner)
    assert failed == set(exercise.tests)
    errors = {one.error for one in reports}
    assert errors <= {"NotImplementedError", "NameError"}, report(reports)
    assert sum(one.points for one in reports) == 0


@pytest.mark.parametrize(("exercise", "entries"), GROUPS)
def test_answers_of_the_bank_get_the_same_verdicts(exercise, entries, course_spawner):
    group = as_one(entries)
    without = {cell for cell, answer in TRAINING.items() if answer not in group.sources}
    failed, reports = judged(exercise, exercise.sources(group), course_spawner, without)
    assert failed == set(group.fails), report(reports)
    for entry in entries:
        hints = {one.hint for one in reports if one.cell in entry.fails}
        assert entry.is_right or entry.hint in hints, f"{entry}\n{report(reports)}"
