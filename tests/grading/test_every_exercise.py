"""``cnncourse grade`` on each exercise, from a folder of submissions, as an instructor types it."""

import shutil

import nbformat
import pytest
from nbgrader.preprocessors import ClearSolutions
from typer.testing import CliRunner

from cnncourse import cli
from cnncourse.grading.cells import role
from cnncourse.grading.course import Course
from cnncourse.grading.judge import client
from cnncourse.grading.records import gradebook
from tests.exercises.course import ROOT, exercises


@pytest.fixture(scope="module")
def root(bwrap, tmp_path_factory):
    """A course of its own. The processes that hold torch stay from one exercise to the next."""
    root = tmp_path_factory.mktemp("course")
    shutil.copy(ROOT / "nbgrader_config.py", root)
    yield root
    client.close()


def submissions(exercise):
    """By student: the solution, the stub, and an answer of the bank that is partly right."""
    stub, resources = ClearSolutions(), {"language": "python"}
    for student, entry in (("solution", None), ("stub", None), ("partial", exercise.partly_right[0])):
        sources = exercise.sources(entry)
        notebook = exercise.solution.copy()
        notebook.cells = [cell.copy() for cell in notebook.cells]
        for cell in notebook.cells:
            cell.source = sources.get(cell.id, cell.source)
            if student == "stub" and role(cell) in ("solution", "manual"):
                original = next(one for one in exercise.solution.cells if one.id == cell.id)
                cell.source = stub.preprocess_cell(original.copy(), resources, 0)[0].source
        yield student, notebook


@pytest.mark.parametrize("exercise", exercises(), ids=lambda exercise: exercise.stem)
def test_solution_stub_and_a_partly_right_answer_get_their_points(exercise, root, tmp_path):
    stem = exercise.stem
    shutil.copytree(exercise.notebook.parent, root / "solutions" / stem)
    for student, notebook in submissions(exercise):
        nbformat.write(notebook, tmp_path / f"{student}_{stem}.ipynb")

    arguments = ["grade", stem, "--course", str(root), "--from", str(tmp_path), "--workers", "0"]
    result = CliRunner().invoke(cli.app, arguments)
    assert result.exit_code == 0, result.output

    course = Course.open(root, None)
    with gradebook.opened(course) as book:
        grades = {who: gradebook.submission_grade(book, stem, who) for who in ("solution", "stub", "partial")}
    lost = exercise.partly_right[0].fails
    full = exercise.tests
    expected = {
        "solution": full,
        "stub": dict.fromkeys(full, 0.0),
        "partial": {name: 0.0 if name in lost else points for name, points in full.items()},
    }
    got = {who: {name: grade.cells[name].score for name in full} for who, grade in grades.items()}
    assert got == expected
    assert {who: grade.score for who, grade in grades.items()} == {
        who: sum(points.values()) for who, points in expected.items()
    }
    waits = {who: all(grade.cells[name].waits for name in exercise.manual) for who, grade in grades.items()}
    assert waits == {"solution": True, "stub": False, "partial": True}
