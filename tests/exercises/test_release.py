"""The students' versions: up to date, marked as generated, and without a word of the solutions."""

import re
import shutil

import nbformat
import pytest

from tests.exercises import sample
from tests.exercises.course import ROOT, Exercise, exercises
from tools import exercises as tool

REGION = re.compile(r"### BEGIN (SOLUTION|HIDDEN TESTS)\n(.*?)### END \1", re.DOTALL)


def secrets(exercise: Exercise) -> set[str]:
    """The lines of solutions and hidden tests that stand nowhere else in the notebook."""
    sources = [cell.source for cell in exercise.solution.cells]
    hidden = {
        line.strip() for source in sources for _, text in REGION.findall(source) for line in text.splitlines()
    }
    public = "\n".join(REGION.sub("", source) for source in sources)
    return {line for line in hidden if len(line) >= 8 and line not in public}


def leaks(exercise: Exercise, released: str) -> list[str]:
    return sorted(line for line in secrets(exercise) if line in released)


def released_text(root, stem):
    notebook = nbformat.read(root / "exercises" / stem / f"{stem}.ipynb", as_version=4)
    outputs = "".join(str(cell.get("outputs", "")) for cell in notebook.cells)
    return "\n".join(cell.source for cell in notebook.cells) + outputs


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A course with the sample exercise, and its students' version."""
    root = tmp_path_factory.mktemp("course")
    shutil.copy(ROOT / "nbgrader_config.py", root)
    sample.write(root)
    assert tool.main(["--root", str(root)]) == 0
    return root


@pytest.mark.parametrize("exercise", exercises(), ids=lambda exercise: exercise.stem)
def test_nothing_leaks(exercise):
    assert secrets(exercise)
    released = released_text(ROOT, exercise.stem)
    assert leaks(exercise, released) == []
    assert not re.search(r"(BEGIN|END) (SOLUTION|HIDDEN TESTS)", released)


@pytest.mark.parametrize("exercise", exercises(), ids=lambda exercise: exercise.stem)
def test_exercises_are_marked_as_generated(exercise):
    path = ROOT / "exercises" / exercise.stem / f"{exercise.stem}.ipynb"
    assert "make exercises" in nbformat.read(path, as_version=4).metadata.cnncourse.generated


def test_a_leak_would_be_seen():
    exercise = exercises()[0]
    solution = "\n".join(cell.source for cell in exercise.solution.cells)
    assert leaks(exercise, solution)


def test_generating_again_changes_nothing(course, capsys):
    assert tool.main(["--root", str(course), "--check"]) == 0
    assert capsys.readouterr().out == ""
    assert not (course / "grading" / "gradebook.db").exists()


def test_stale_missing_and_left_over_files_are_named(course, tmp_path, capsys):
    root = tmp_path / "course"
    shutil.copytree(course, root)
    path = root / "exercises" / sample.STEM / f"{sample.STEM}.ipynb"
    path.write_text(path.read_text().replace("twice", "thrice"))
    (root / "exercises" / "99_gone").mkdir()
    (root / "exercises" / "99_gone" / "99_gone.ipynb").write_text("{}")
    assert tool.main(["--root", str(root), "--check"]) == 1
    said = capsys.readouterr().out
    assert f"exercises/{sample.STEM}/{sample.STEM}.ipynb: is stale — run: make exercises" in said
    assert "exercises/99_gone/99_gone.ipynb: is stale" in said
    assert tool.main(["--root", str(root)]) == 0
    assert tool.main(["--root", str(root), "--check"]) == 0


def test_a_solution_that_nbgrader_refuses_is_reported(course, tmp_path):
    root = tmp_path / "course"
    shutil.copytree(course, root)
    path = root / "solutions" / sample.STEM / f"{sample.STEM}.ipynb"
    path.write_text(path.read_text().replace("### END SOLUTION", "### END"))
    with pytest.raises(RuntimeError, match="No end solution statement found"):
        tool.main(["--root", str(root)])


@pytest.mark.parametrize(
    ("path", "student"),
    [
        ("x/ada_02_convolution.ipynb", "ada"),
        ("x/class/ada/02_convolution.ipynb", "ada"),
        ("x/lovelaceada_12_345_02_convolution.ipynb", "lovelaceada"),
        ("x/lovelaceada_LATE_12_345_02_convolution-1.ipynb", "lovelaceada"),
        ("x/ada_02_convolution (1).ipynb", "ada"),
        ("x/Ada Lovelace_1234567_assignsubmission_file_/02_convolution.ipynb", "Ada Lovelace"),
        ("x/bank-wrong-3_02_convolution.ipynb", "bank-wrong-3"),
    ],
)
def test_names_of_collected_files_are_understood(path, student):
    from traitlets.config.loader import PyFileConfigLoader

    config = PyFileConfigLoader("nbgrader_config.py", path=str(ROOT)).load_config()
    match = re.match(config.FileNameCollectorPlugin.named_regexp, "/course/" + path)
    assert match.groupdict() == {"student_id": student, "file_id": "02_convolution"}
