"""``cnncourse check``: a learner hears before handing in what the grader would lack."""

import importlib

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, writes
from typer.testing import CliRunner

from cnncourse import cli, handin
from cnncourse.doctor import Finding
from cnncourse.errors import DataError
from tests.exercises.course import exercises


def told(tmp_path, *sources):
    notebook = tmp_path / "mine.ipynb"
    cells = [new_code_cell(source, id=f"cell-{n}") for n, source in enumerate(sources)]
    notebook.write_text(writes(new_notebook(cells=[new_markdown_cell("x"), *cells])))
    return list(handin.look(notebook))


def test_what_the_grader_has_is_all_right(tmp_path):
    lines = [f"import {name}" for name in handin.PACKAGES]
    guarded = "try:\n    import seaborn\nexcept ImportError:\n    seaborn = None"
    found = told(tmp_path, "\n".join(lines), "%matplotlib widget\n!ls\nimport os.path", guarded, "await f()")
    assert found == [Finding("mine.ipynb", "ok", "the grader can run all of it")]


def test_what_it_promises_is_here():
    for name in handin.PACKAGES:
        importlib.import_module(name)


@pytest.mark.parametrize(
    ("source", "state", "says"),
    [
        ("import seaborn as sns", "note", "imports seaborn, which the grader may not have"),
        ("def f():\n    from tqdm.auto import tqdm", "note", "imports tqdm"),
        ("from mine_too import f", "missing", "imports mine_too.py, which is not handed in"),
        ("x = (", "missing", "cannot be read"),
        ("def f[T](x: T) -> T: return x", "missing", "The grader may have Python 3.11"),
        ("n = int(input('n? '))", "missing", "asks with input()"),
    ],
)
def test_what_it_lacks_is_named_with_the_cell(tmp_path, source, state, says):
    (tmp_path / "mine_too.py").touch()
    (found,) = told(tmp_path, "1", source)
    assert (found.name, found.state) == ("cell-1", state)
    assert says in found.text


def test_every_exercise_passes():
    for exercise in exercises():
        assert [found.state for found in handin.look(exercise.notebook)] == ["ok"], exercise.stem


def test_the_command_says_it_and_its_status_too(tmp_path):
    told(tmp_path, "import seaborn")
    result = CliRunner().invoke(cli.app, ["check", str(tmp_path / "mine.ipynb")])
    assert result.exit_code == 0
    assert "cell-0" in result.output
    told(tmp_path, "input()")
    assert CliRunner().invoke(cli.app, ["check", str(tmp_path / "mine.ipynb")]).exit_code == 1


def test_another_file_is_no_notebook(tmp_path):
    (tmp_path / "x.ipynb").write_text("[1]")
    with pytest.raises(DataError, match="expected a notebook"):
        list(handin.look(tmp_path / "x.ipynb"))
