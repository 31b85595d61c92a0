"""What ``nbgrader autograde`` gives for each kind: right answers in one notebook, wrong ones in another."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook

from tests.grading.kinds import FILES, Kind, kinds

_CLEAN = "%reset -f\nget_ipython().run_line_magic('matplotlib', 'inline')"


def _notebook(answers: list[str]) -> NotebookNode:
    made = new_notebook(
        metadata={"kernelspec": {"name": "python3", "display_name": "", "language": "python"}}
    )
    for number, (kind, answer) in enumerate(zip(kinds(), answers, strict=True)):
        cells = kind.notebook(answer).cells
        for cell in cells:
            cell.id = f"{cell.id}-{number}"
            cell.metadata["nbgrader"]["grade_id"] = cell.id
        made.cells += [*cells, new_code_cell(_CLEAN, id=f"clean-{number}")]
    return made


def _run(course: Path, *words: str) -> None:
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    command = [sys.executable, "-m", "nbgrader", *words]
    done = subprocess.run(command, cwd=course, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]


def points() -> dict[str, tuple[float, float]]:
    """Give the points of a right and of a wrong answer to each kind, by its name."""
    from nbgrader.api import Gradebook

    answers = {"right": [k.answer for k in kinds()], "wrong": [k.wrong for k in kinds()]}
    with tempfile.TemporaryDirectory() as folder:
        course = Path(folder)
        (course / "nbgrader_config.py").write_text("c = get_config()\nc.CourseDirectory.course_id = 'k'\n")
        for place, given in (("source/.", "right"), *((f"submitted/{who}", who) for who in answers)):
            target = course / place / "kinds"
            (target / "tables").mkdir(parents=True)
            nbformat.write(_notebook(answers[given]), target / "kinds.ipynb")
            for name, data in FILES:
                (target / name).write_bytes(data)
        _run(course, "generate_assignment", "kinds")
        _run(course, "autograde", "kinds")
        with Gradebook(f"sqlite:///{course / 'gradebook.db'}", "k") as book:
            found = {
                who: {
                    grade.name: grade.score
                    for grade in book.find_submission_notebook("kinds", "kinds", who).grades
                }
                for who in answers
            }
    return {kind.name: _both(found, number, kind) for number, kind in enumerate(kinds())}


def _both(found: dict[str, dict[str, float]], number: int, kind: Kind) -> tuple[float, float]:
    return found["right"][f"test-{number}"], found["wrong"][f"test-{number}"]
