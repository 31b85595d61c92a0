"""An instructor's notebook of any age is read into one form, the same each time."""

import json

import pytest

from cnncourse.errors import DataError
from cnncourse.grading import cells
from cnncourse.grading.assignment import Assignment
from cnncourse.grading.source import read


def text(*marks, minor=0, ids=()):
    made = []
    for number, mark in enumerate(marks):
        cell = {"cell_type": "code", "source": f"x = {number}", "outputs": [], "execution_count": None}
        cell["metadata"] = {} if mark is None else {"nbgrader": mark}
        made.append(cell | ({"id": ids[number]} if ids else {}))
    return json.dumps({"nbformat": 4, "nbformat_minor": minor, "metadata": {}, "cells": made})


@pytest.mark.parametrize("minor", [0, 5])
def test_a_notebook_without_ids_gets_the_same_each_time(minor):
    marks = None, {"solution": True, "grade_id": "square"}, {"locked": True, "grade_id": "cell-1"}
    source = text(*marks, minor=minor)
    notebook = read(source)
    assert [cell.id for cell in notebook.cells] == ["cell-1", "square", "cell-1-2"]
    assert read(source) == notebook
    assert Assignment("a", source).version == Assignment("a", source).version


def test_ids_that_two_cells_have_become_two_the_same_each_time():
    source = text(None, None, minor=5, ids=("mine", "mine"))
    assert [cell.id for cell in read(source).cells] == ["mine", "mine-2"]


@pytest.mark.parametrize("mark", [{}, {"locked": False}, [], "x", {"grade": False, "points": 3}, None])
def test_a_mark_that_says_nothing_is_none(mark):
    (cell,) = read(text(mark)).cells
    assert "nbgrader" not in cell.metadata
    assert cells.role(cell) == ""


def test_marks_of_old_versions_are_brought_up_to_date():
    old = {"grade": True, "points": "2.5", "grade_id": "t", "schema_version": 0, "comment": "?"}
    (cell,) = read(text(old)).cells
    assert cells.mark(cell) == {
        **{"grade": True, "solution": False, "locked": False, "task": False},
        **{"points": 2.5, "grade_id": "t", "schema_version": 3},
    }
    from nbgrader.nbgraderformat import MetadataValidator

    MetadataValidator().validate_cell(cell)


def test_a_mark_without_a_grade_id_is_called_like_its_cell():
    marked = read(text({"solution": True}, {"grade": True}, minor=5, ids=("mine", "yours"))).cells
    assert [cells.grade_id(cell) for cell in marked] == ["mine", "yours"]
    assert cells.points(marked[1]) == 0


@pytest.mark.parametrize(
    ("marks", "said"),
    [
        (
            ({"grade": True, "grade_id": "a"}, {"locked": True, "grade_id": "a"}),
            "two cells have the grade_id 'a'",
        ),
        (
            ({"grade": True, "grade_id": "a", "points": "many"},),
            "expected a number of points on the cell 'a'",
        ),
        (({"locked": True, "grade_id": "a b"},), "expected a grade_id of letters, digits, - and _"),
    ],
)
def test_what_cannot_be_told_apart_is_said_with_the_file(tmp_path, marks, said):
    (tmp_path / "homework.ipynb").write_text(text(*marks))
    with pytest.raises(DataError, match=said) as error:
        Assignment.load_all(tmp_path)
    assert "homework.ipynb" in str(error.value)


def test_several_notebooks_are_parts_and_one_of_another_name_is_one(tmp_path):
    folder = tmp_path / "ps1"
    folder.mkdir()
    (folder / "data.csv").write_text("1")
    (folder / "problem1.ipynb").write_text(text(None))
    (alone,) = Assignment.load_all(folder)
    assert (alone.name, alone.part, alone.stem, alone.label) == (
        "ps1",
        "problem1",
        "problem1",
        "ps1-problem1",
    )
    assert Assignment.load(folder) == alone
    (folder / "ps1.ipynb").write_text(text(None))
    parts = Assignment.load_all(folder)
    assert [(one.stem, one.label) for one in parts] == [("problem1", "ps1-problem1"), ("ps1", "ps1")]
    assert parts[0].version != parts[1].version
    assert all(one.files == (("data.csv", b"1"),) for one in parts)
    with pytest.raises(DataError, match="expected a notebook"):
        Assignment.load_all(tmp_path)
