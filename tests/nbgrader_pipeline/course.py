"""A course of its own in a temporary folder, and nbgrader's commands on it as an instructor types them."""

import csv
import os
import shutil
import zipfile
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbgrader.api import Gradebook

from cnncourse.grading.cells import role
from tests.exercises.bank import Entry
from tests.exercises.course import Exercise
from tests.nbgrader_pipeline.commands import nbgrader

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Course:
    """An assignment of a course. Nothing of the user's is read or written: HOME is inside it."""

    root: Path
    exercise: Exercise
    kernels: str | None = None

    @classmethod
    def create(cls, root: Path, exercise: Exercise, kernels: str | None = None) -> "Course":
        """Lay out the folders: nbgrader's configuration and the solution. A course may have several."""
        shutil.copy(ROOT / "nbgrader_config.py", root)
        folder = root / "solutions" / exercise.stem
        if not folder.exists():
            shutil.copytree(exercise.notebook.parent, folder, ignore=shutil.ignore_patterns(".*"))
        (root / "home").mkdir(exist_ok=True)
        return cls(root, exercise, kernels)

    @property
    def environment(self) -> dict[str, str]:
        """The user's environment without anything that points to their own Jupyter."""
        kept = {
            k: v
            for k, v in os.environ.items()
            if not k.startswith(("JUPYTER", "IPYTHON", "PYTEST", "XDG", "COV"))
        }
        shared = self.root.parent.parent / "matplotlib"  # its font cache takes seconds to build
        home = {"HOME": str(self.root / "home"), "MPLCONFIGDIR": str(shared), "OMP_NUM_THREADS": "1"}
        warm = {"JUPYTER_PATH": self.kernels} if self.kernels else {}
        ours = {"PYTHONPATH": str(ROOT), "CNNCOURSE_CHECK_SEED": "1", "CNNCOURSE_SCALE": "smoke"}
        ours |= {"MPLBACKEND": "agg"}  # nbval draws the solutions' figures; here none is
        return kept | home | warm | ours

    def nbgrader(self, *arguments: str) -> str:
        """Run one of nbgrader's commands in the course's folder; its log, or an error that holds it."""
        status, log = nbgrader(arguments, self.root, self.environment)
        assert status == 0, f"nbgrader {' '.join(arguments)} failed:\n{log}"
        return log

    def released(self) -> NotebookNode:
        """The students' version."""
        stem = self.exercise.stem
        return nbformat.read(self.root / "exercises" / stem / f"{stem}.ipynb", as_version=4)

    def answered(self, entry: Entry | None = None) -> NotebookNode:
        """The students' version, filled in with the solution or with an answer of the bank."""
        notebook, sources = self.released(), self.exercise.sources(entry)
        solved = {cell.id: cell.source for cell in self.exercise.solution.cells}
        for cell in notebook.cells:
            if role(cell) == "solution":
                cell.source = sources[cell.id]
            elif role(cell) == "manual":
                cell.source = solved[cell.id]
        return notebook

    def hand_in(self, notebooks: dict[str, NotebookNode]) -> None:
        """Put submissions, by student, into one archive, the way a learning platform gives them out."""
        stem = self.exercise.stem
        folder = self.root / "grading" / "downloaded" / stem / "archive"
        folder.mkdir(parents=True)
        with zipfile.ZipFile(folder / "submissions.zip", "w") as archive:
            for student, notebook in notebooks.items():
                archive.writestr(f"{student}_{stem}.ipynb", nbformat.writes(notebook))

    def scores(self, student: str) -> dict[str, float | None]:
        """What the gradebook says of each graded cell; None waits for a person."""
        stem = self.exercise.stem
        with Gradebook(f"sqlite:///{self.root}/grading/gradebook.db") as book:
            grades = book.find_submission_notebook(stem, stem, student).grades
            return {grade.name: None if grade.needs_manual_grade else grade.score for grade in grades}

    def autograded(self, student: str) -> NotebookNode:
        """A submission after grading, with the outputs of its cells."""
        stem = self.exercise.stem
        path = self.root / "grading" / "autograded" / student / stem / f"{stem}.ipynb"
        return nbformat.read(path, as_version=4)

    def exported(self) -> dict[str, tuple[float, float]]:
        """Score and highest score of each student, from the exported table."""
        self.nbgrader("export", "--to", "grading/grades.csv")
        with (self.root / "grading" / "grades.csv").open(encoding="utf-8") as file:
            return {
                row["student_id"]: (float(row["score"]), float(row["max_score"]))
                for row in csv.DictReader(file)
                if row["assignment"] == self.exercise.stem
            }


def output_of(cell: NotebookNode) -> str:
    """Everything that stands below a cell, as text."""
    parts = [
        output.get("text", "") + "\n".join(output.get("traceback", [])) for output in cell.get("outputs", [])
    ]
    return "\n".join(parts)


def errors_of(notebook: NotebookNode) -> set[str]:
    """The kinds of error that stand below the cells."""
    return {
        output.ename
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if output.output_type == "error"
    }
