"""Nothing is graded before the assignment's own solution has full marks, and an open notebook has none."""

import json
import sys
from dataclasses import replace

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from cnncourse.grading import cells, trial
from cnncourse.grading.assignment import Assignment
from cnncourse.grading.job import Job
from cnncourse.grading.judge.grade_one import SubmissionGrader
from tests.exercises.course import exercises
from tests.grading.conftest import SMALL
from tests.grading.course import ASSIGNMENT, marked, notebook

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="students' processes need Linux")
ANSWER = "### BEGIN SOLUTION\ndef square(x):\n    return x * x\n### END SOLUTION"
PLAIN = "assert square(3) == 9"
NEEDS_IT = (
    "kept = square\ndel square\ntry:\n    square(1)\nexcept NameError:\n    pass\nfinally:\n    square = kept"
)


@pytest.fixture
def tried(spawner):
    def tried(assignment):
        def grade(job, raw, *, student):
            return SubmissionGrader(job, spawner).grade(raw, student)

        return trial.try_out(Job(assignment, SMALL), grade)

    return tried


def assignment(*tests, answer=ANSWER):
    made = [marked(new_code_cell(answer), "square", solution=True, locked=False)]
    made += [
        marked(new_code_cell(source), f"test-{number}", grade=True, points=2.0)
        for number, source in enumerate(tests, 1)
    ]
    return Assignment("squares", nbformat.writes(new_notebook(cells=made)))


def test_a_good_assignment_has_no_faults(tried):
    found = tried(ASSIGNMENT)
    assert not found.faults
    assert (found.points, found.max_points, found.cells, found.beside) == (3, 3, 2, ())


def test_what_needs_the_students_process_is_found_told_and_accepted(tried, tmp_path):
    found = tried(assignment(PLAIN, NEEDS_IT))
    assert [(fault.cell, fault.kind) for fault in found.faults] == [("test-2", "beside")]
    path = tmp_path / "squares.ipynb"
    said = trial.told(found, path)
    assert "its own solution gets 2 of 4 points" in said
    assert "✗ test-2 (2 points): can be judged in the student's process only" in said
    assert "line 2: del square" in said
    assert "--accept judges 1 of 2 cells in the student's process" in said
    path.write_text(found.assignment.source)
    accepted = trial.accept(found, path)
    assert path.read_text() == accepted.source
    assert accepted.version != found.assignment.version
    again = tried(accepted)
    assert (again.faults, again.points, again.beside) == ((), 4, ("test-2",))
    assert "1 of 2 cells is judged in the student's process; they can be forged" in trial.trust(accepted)
    changed = [a != b for a, b in zip(accepted.notebook.cells, found.assignment.notebook.cells, strict=True)]
    assert changed == [False, False, True]


def test_a_cell_that_needs_what_another_one_leaves_takes_it_along(tried):
    found = tried(
        assignment(
            "class Other:\n    pass\nassert square(2) == 4",
            "assert not issubclass(type(square), Other)\ndel square",
        )
    )
    assert {fault.kind for fault in found.faults} == {"beside"}
    accepted = replace(
        found.assignment,
        source=trial._marked_as(
            found.assignment.source, [f.cell for f in found.faults], {"judged": "beside"}
        ),
    )
    assert not tried(accepted).faults


def test_a_test_that_looks_at_an_input_is_judged_where_the_input_is(tried, tmp_path):
    keeps = "x = [1]\nassert square(3) == 9\nsquare(len(x))\nlast = 2\nsquare(last)\nassert last == 2"
    found = tried(assignment(PLAIN, keeps))
    assert [(fault.cell, fault.kind) for fault in found.faults] == [("test-2", "beside")]
    assert found.points == 4
    said = trial.told(found, tmp_path / "squares.ipynb")
    assert "it looks at last after the answer has had it" in said


def test_a_test_that_the_solution_fails_is_named_and_cannot_be_accepted(tried, tmp_path):
    found = tried(assignment(PLAIN, "assert square(2) == 5"))
    assert [(fault.cell, fault.kind) for fault in found.faults] == [("test-2", "broken")]
    said = trial.told(found, tmp_path / "squares.ipynb")
    assert "line 1: assert square(2) == 5" in said
    assert "mend the test or the solution" in said
    assert "--accept" not in said


def test_a_test_that_needs_no_answer_is_named(tried, tmp_path):
    found = tried(assignment(PLAIN, "assert 1 + 1 == 2"))
    assert [(fault.cell, fault.kind) for fault in found.faults] == [("test-2", "free")]
    path = tmp_path / "squares.ipynb"
    assert "a notebook without an answer passes it" in trial.told(found, path)
    path.write_text(found.assignment.source)
    assert not tried(trial.accept(found, path)).faults


def test_a_trial_that_went_well_is_not_repeated_until_something_changes(tmp_path):
    known, job = trial.Known(tmp_path / "trials" / "twice.json"), Job(ASSIGNMENT, SMALL)
    assert not known.has(job)
    known.keep(job)
    assert known.has(job)
    assert known.has(replace(job, sandboxed=False)), "the instructor's own code is trusted"
    other = replace(ASSIGNMENT, source=nbformat.writes(notebook(total="def total(x):\n    return sum(x)")))
    assert not known.has(replace(job, assignment=other))


@pytest.mark.parametrize("exercise", exercises(), ids=lambda exercise: exercise.stem)
def test_no_cell_of_the_courses_own_exercises_is_judged_beside_the_student(exercise):
    """Their points can be trusted: no cell is marked, in the solutions nor in what students get."""
    for path in (
        exercise.notebook,
        exercise.notebook.parents[2] / "exercises" / exercise.stem / exercise.notebook.name,
    ):
        content = json.loads(path.read_text(encoding="utf-8"))
        assert not [c.get("id") for c in content["cells"] if cells.judged(c) or cells.free(c)]
