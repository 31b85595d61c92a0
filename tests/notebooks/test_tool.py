import json

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from cnncourse.authoring.clean import text_of
from tools import notebooks


@pytest.fixture
def chapter(tmp_path):
    cells = [new_markdown_cell("# Sum", id="title"), new_code_cell("20 + 22", id="sum")]
    path = tmp_path / "book" / "01_sum.ipynb"
    path.parent.mkdir()
    nbformat.write(new_notebook(cells=cells, metadata={"widgets": {}}), path)
    return path


def test_execute_stores_clean_outputs(chapter, capsys):
    assert notebooks.main(["execute", str(chapter)]) == 0
    assert "ran in" in capsys.readouterr().out
    stored = json.loads(chapter.read_text())
    assert stored["cells"][1]["outputs"][0]["data"] == {"text/plain": ["42"]}
    assert "widgets" not in stored["metadata"]
    assert notebooks.main(["normalise", "--check", str(chapter.parent)]) == 0
    assert [p.name for p in chapter.parent.iterdir()] == ["01_sum.ipynb"]


def test_a_failing_cell_leaves_the_file_alone(chapter, capsys):
    notebook = nbformat.read(chapter, as_version=4)
    notebook.cells[1].source = "1 / 0"
    nbformat.write(notebook, chapter)
    before = chapter.read_bytes()
    assert notebooks.main(["execute", str(chapter)]) == 1
    said = capsys.readouterr().out
    assert "failed after" in said
    assert "ZeroDivisionError" in said
    assert chapter.read_bytes() == before


def test_check_says_what_would_change_and_changes_nothing(chapter, capsys):
    before = chapter.read_bytes()
    assert notebooks.main(["normalise", "--check", str(chapter)]) == 1
    assert "is not normalised — run:" in capsys.readouterr().out
    assert chapter.read_bytes() == before


def test_normalise_lists_what_a_person_must_do(chapter, capsys):
    assert notebooks.main(["normalise", str(chapter)]) == 1
    assert capsys.readouterr().out == f"{chapter}: [sum] has not been executed\n"
    text = chapter.read_text()
    notebooks.main(["normalise", str(chapter)])
    assert chapter.read_text() == text == text_of(nbformat.reads(text, as_version=4))


def test_a_file_that_is_no_notebook_is_named(tmp_path, capsys):
    (tmp_path / "broken.ipynb").write_text("{")
    assert notebooks.main(["normalise", str(tmp_path)]) == 1
    assert "broken.ipynb: is no notebook" in capsys.readouterr().out
    assert (tmp_path / "broken.ipynb").read_text() == "{"


def test_hidden_and_built_folders_are_passed_over(tmp_path):
    for folder in (".ipynb_checkpoints", "_build", "kept"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.ipynb").touch()
    assert list(notebooks.find([tmp_path])) == [tmp_path / "kept" / "a.ipynb"]


def test_a_path_that_does_not_exist_stops_the_tool(tmp_path):
    with pytest.raises(SystemExit, match="no such file"):
        notebooks.main(["normalise", str(tmp_path / "nothing")])
