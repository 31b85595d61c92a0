"""What a cell is to nbgrader; and task cells, whose answer stands below them, on their way to a report."""

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, writes

from cnncourse.grading import cells
from cnncourse.grading.judge import cell_reports
from cnncourse.grading.repair.repair import repair

TASK = "Draw two kernels below.\n\n### BEGIN MARK SCHEME\nOne point each.\n### END MARK SCHEME"
FLAGS = {"grade": False, "solution": False, "locked": False, "task": False}


def marked(**flags):
    name = "-".join(flags) or "plain"
    return new_markdown_cell(TASK, id=name, metadata={"nbgrader": FLAGS | {"grade_id": name} | flags})


TASK_CELL = marked(task=True, locked=True, points=2)


@pytest.mark.parametrize(
    ("role", "points", "flags"),
    [
        ("solution", None, {"solution": True}),
        ("test", 2, {"grade": True, "locked": True, "points": 2}),
        ("manual", 1, {"grade": True, "solution": True, "points": 1}),
        ("task", 2, {"task": True, "locked": True, "points": 2}),
        ("readonly", None, {"locked": True}),
        ("", None, {}),
    ],
)
def test_roles_and_points(role, points, flags):
    cell = marked(**flags)
    assert (cells.role(cell), cells.points(cell)) == (role, points)
    assert cells.grade_id(cell) == cell.id


@pytest.mark.parametrize("odd", [[], "x", None, {"grade_id": ["a"]}])
def test_an_odd_mark_is_no_mark(odd):
    cell = new_code_cell("1", metadata={"nbgrader": odd})
    assert (cells.role(cell), cells.grade_id(cell), cells.points(cell)) == ("", "", None)


@pytest.mark.parametrize("before", ["### ", "# ", "#", "    ## ", "", "% ", "// ", "<!-- "])
def test_regions_are_found_as_nbgrader_finds_them(before):
    secret = f"a\n{before}BEGIN HIDDEN TESTS\nb\n{before}END HIDDEN TESTS\nc"
    answer = secret.replace("HIDDEN TESTS", "SOLUTION")
    assert cells.released(secret, "test", "code") == "a\nc"
    assert "b" not in cells.released(answer, "solution", "code").splitlines()
    assert cells.without_markers(secret) == cells.without_markers(answer) == "a\nb\nc"
    text = "print('BEGIN SOLUTION')\nBEGIN_SOLUTION = 1"
    assert cells.without_markers(text) == text


@pytest.mark.parametrize("text", [" " * 1_000_000, "#" * 1_000_000, "# " * 500_000])
def test_a_line_of_a_million_blanks_is_gone_through_once(text):
    assert cells.without_markers(text) == text  # a rule that tried all ways to part it would take hours


def test_a_task_is_given_out_without_its_mark_scheme():
    assert cells.released(TASK, "task", "markdown") == "Draw two kernels below."
    assert "MARK SCHEME" not in cells.without_markers(TASK)


def test_a_task_cell_is_restored_and_its_answer_waits_for_a_person():
    source = new_notebook(cells=[marked(locked=True), TASK_CELL])
    changed = marked(task=True, locked=True, points=2)
    changed.source = "Two points, please."
    submission = new_notebook(cells=[marked(locked=True), changed, new_markdown_cell("Here.", id="answer")])
    done = repair(writes(submission).encode(), source)
    assert [cell.source for cell in done.notebook.cells][1:] == ["Draw two kernels below.", "Here."]
    (report,) = cell_reports.cell_reports(source, [])
    assert (report.cell, report.max_points, report.state) == (TASK_CELL.id, 2, "manual")
