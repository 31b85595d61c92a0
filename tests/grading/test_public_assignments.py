"""Public assignments, as they are: what ``cnncourse grade`` enters is what ``nbgrader autograde`` enters."""

import os
import shutil
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cnncourse import cli
from cnncourse.grading.judge import client
from tests.grading import public
from tests.nbgrader_pipeline.commands import nbgrader

pytestmark = pytest.mark.nbgrader
BESIDE = {  # what cannot be judged apart from the student's process
    "ps1": "1 of 4 cells is judged",
    "hw3": "1 of 4 cells is judged",
    "Old-One": "",
    "ps2": "",
    "numerics": "3 of 4 cells are judged",
    "lab_week2": "4 of 5 cells are judged",
}


def stock(course, kernels, *words):
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = os.environ | {"PATH": path, "JUPYTER_PATH": kernels}
    status, log = nbgrader(words, course, environment)
    assert status == 0, log[-3000:]


@pytest.fixture(scope="module")
def courses(bwrap, kernels, tmp_path_factory):
    """The same courses twice: nbgrader has graded the one, the other is still to be graded."""
    ours, theirs = (tmp_path_factory.mktemp(name) / "course" for name in ("ours", "stock"))
    public.lay_out(ours)
    shutil.copytree(ours, theirs)
    stock(theirs, kernels, "update", "source")
    stock(theirs, kernels, "update", "submitted")
    for name in BESIDE:
        stock(theirs, kernels, "generate_assignment", name)
        stock(theirs, kernels, "autograde", name)
    yield ours, theirs
    client.close()


def grades(course, assignment):
    """What the gradebook holds: each student's points, cell by cell."""
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{course / 'gradebook.db'}", "course101") as book:
        return {
            (one.student.id, notebook.name, grade.name): (
                grade.auto_score,
                grade.max_score,
                bool(grade.needs_manual_grade),
            )
            for one in book.assignment_submissions(assignment)
            for notebook in one.notebooks
            for grade in notebook.grades
        }


def grade(course, *words):
    return CliRunner().invoke(cli.app, ["grade", *words, "--course", str(course), "--workers", "0"])


@pytest.mark.parametrize("name", BESIDE)
def test_the_points_are_those_of_nbgrader(courses, name):
    ours, theirs = courses
    if BESIDE[name]:
        refused = grade(ours, name)
        assert "can be judged in the student's process only" in str(refused.exception), refused.output
        assert not grades_there(ours, name)
    done = grade(ours, name, "--accept")
    assert done.exit_code == 0, (done.output, done.exception)
    assert BESIDE[name] in done.output
    wanted = grades(theirs, name)
    assert wanted
    assert grades(ours, name) == wanted
    again = grade(ours, name)
    assert again.exit_code == 0, "what was accepted is written down"
    assert "grading its own solution" not in again.output


def grades_there(course, name):
    return (course / "gradebook.db").exists() and grades(course, name)
