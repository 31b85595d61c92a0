"""``cnncourse grade --init``: a course that is graded from the first minute, far from this repository."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from nbgrader.api import Gradebook

from cnncourse.errors import DataError
from cnncourse.grading.layout import lay_out


def said(folder, *words):
    """Run a command in a folder; give what it says."""
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "COLUMNS": "200",
    }
    done = subprocess.run(
        [sys.executable, "-m", *words],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def answered(path, source):
    notebook = json.loads(path.read_text(encoding="utf-8"))
    (answer,) = (cell for cell in notebook["cells"] if cell["id"] == "mean-answer")
    answer["source"] = source
    return json.dumps(notebook)


@pytest.mark.nbgrader
def test_an_empty_course_is_laid_out_tried_released_and_graded(bwrap, tmp_path):
    out = said(tmp_path, "cnncourse", "grade", "--init", "statistics-1")
    course = tmp_path / "statistics-1"
    assert "next: cd statistics-1 && cnncourse grade hello --try" in out
    out = said(course, "cnncourse", "grade", "hello", "--try")
    assert "its own solution gets all points" in out
    said(course, "nbgrader", "generate_assignment", "hello")
    released = course / "release" / "hello" / "hello.ipynb"
    text = released.read_text(encoding="utf-8")
    assert "HIDDEN" not in text
    assert "the mean of nothing" not in text
    with zipfile.ZipFile(tmp_path / "class.zip", "w") as archive:
        right = "def mean(n):\n    if not n:\n        raise ValueError\n    return sum(n) / len(n)"
        archive.writestr("ada/hello/hello.ipynb", answered(released, right))
        archive.writestr(
            "bob/hello/hello.ipynb", answered(released, "def mean(n):\n    return n[len(n) // 2]")
        )
        archive.writestr("cyd/hello/hello.ipynb", text)
    out = said(course, "cnncourse", "grade", "hello", "--from", str(tmp_path / "class.zip"), "--workers", "0")
    assert "3 submissions: 3 graded" in out
    assert "grading its own solution" not in out, "it has been tried"
    with Gradebook(f"sqlite:///{course / 'grading' / 'gradebook.db'}", "statistics-1") as book:
        scores = {one.student.id: one.score for one in book.assignment_submissions("hello")}
    assert scores == {"ada": 3, "bob": 0, "cyd": 0}
    assert (course / "grading" / "feedback" / "ada" / "hello" / "hello.html").is_file()


def test_nothing_is_written_over(tmp_path):
    (tmp_path / "nbgrader_config.py").write_text("mine")
    with pytest.raises(DataError, match="is there: name another folder"):
        lay_out(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["nbgrader_config.py"]
    assert (tmp_path / "nbgrader_config.py").read_text() == "mine"
