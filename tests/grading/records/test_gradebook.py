"""Points reach nbgrader's gradebook, again and again alike, and never over what a person has entered."""

import re
import shutil
from dataclasses import replace
from datetime import datetime

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell

from cnncourse.grading.assignment import Assignment
from cnncourse.grading.records import feedback, gradebook
from cnncourse.grading.repair.repair import blank
from cnncourse.grading.report import CellReport
from tests.exercises import sample
from tests.grading import classroom

NAME = sample.STEM


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A class whose gradebook knows the assignment: making one takes nbgrader seconds."""
    root = classroom.lay_out(tmp_path_factory.mktemp("class"))
    course, assignment = classroom.opened(root)
    with gradebook.opened(course) as book:
        assert gradebook.add_assignment(course, book, assignment)
        assert not gradebook.add_assignment(course, book, assignment)
    return root


@pytest.fixture
def room(made, tmp_path):
    """Course, gradebook and assignment, new for each test."""
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    course, assignment = classroom.opened(tmp_path)
    with gradebook.opened(course) as book:
        yield course, book, assignment


def write(room, report, notebook=None, timestamp=None):
    notebook = notebook or classroom.answered()
    gradebook.write(*room, report, notebook, timestamp)
    room[1].db.expire_all()
    return gradebook.submission_grade(room[1], NAME, report.student)


def everything(room):
    """All rows of all tables, and all files of the class."""
    course, book, _ = room
    from sqlalchemy import MetaData

    tables = MetaData()
    tables.reflect(book.engine)
    with book.engine.connect() as link:
        rows = {t.name: sorted(map(repr, link.execute(t.select()))) for t in tables.sorted_tables}
    files = {path: path.stat().st_mtime_ns for path in course.grading.rglob("*.ipynb")}
    return rows, files


def grade_of(room, cell):
    return room[1].find_grade(cell, NAME, NAME, "ada")


def enter_by_hand(room, cell, score, extra=None):
    grade = grade_of(room, cell)
    grade.manual_score, grade.extra_credit, grade.needs_manual_grade = score, extra, False
    room[1].db.commit()


def test_points_and_waiting(room):
    grade = write(room, classroom.report(failed=("count-value",)))
    assert {name: (cell.score, cell.waits) for name, cell in grade.cells.items()} == {
        "double-value": (2.0, False),
        "double-input": (1.0, False),
        "count-value": (0.0, False),
        "why-even": (0.0, True),
    }
    assert (grade.score, grade.max_score, grade.penalty) == (3.0, 10.0, 0.0)


def test_the_same_report_twice_changes_nothing(room):
    write(room, classroom.report(failed=("count-value",)), timestamp=datetime(2026, 1, 1))
    before = everything(room)
    write(room, classroom.report(failed=("count-value",)), timestamp=datetime(2026, 1, 1))
    assert everything(room) == before


def test_an_unanswered_question_waits_for_nobody(room):
    grade = write(room, classroom.report(), classroom.answered(why_even="YOUR ANSWER HERE"))
    cell = grade.cells["why-even"]
    assert (cell.score, cell.waits, cell.comment) == (0.0, False, "No response.")
    assert grade.comments == {"double-answer": "", "count-answer": ""}


def test_what_a_person_entered_survives(room):
    write(room, classroom.report())
    enter_by_hand(room, "why-even", 3.0, extra=0.5)
    enter_by_hand(room, "count-value", 2.5)
    comment = room[1].find_comment("why-even", NAME, NAME, "ada")
    comment.manual_comment = "Nearly."
    room[1].db.commit()
    grade = write(room, classroom.report())
    assert grade.cells["why-even"] == gradebook.CellGrade(3.5, 4.0, 0.5, "Nearly.", False)
    assert grade.cells["count-value"].waits is False
    assert grade.score == 2 + 1 + 2.5 + 3.5


def test_a_person_looks_again_only_at_what_changed(room):
    write(room, classroom.report())
    enter_by_hand(room, "why-even", 3.0)
    enter_by_hand(room, "count-value", 2.5)
    grade = write(room, classroom.report(failed=("count-value",)))
    assert (grade.cells["count-value"].score, grade.cells["count-value"].waits) == (2.5, True)
    assert grade.cells["why-even"].waits is False
    grade = write(
        room, classroom.report(failed=("count-value",)), classroom.answered(why_even="Other words.")
    )
    assert (grade.cells["why-even"].score, grade.cells["why-even"].waits) == (3.0, True)


def test_a_task_cell_waits_for_a_person(room):
    """Its answer stands in cells of the student's, so that nothing says whether there is one."""
    course, book, assignment = room
    flags = {"grade": False, "solution": False, "locked": True, "task": True, "schema_version": 3}
    task = new_markdown_cell("Draw two kernels.", id="draw")
    task.metadata["nbgrader"] = flags | {"grade_id": "draw", "points": 2}
    notebook = assignment.notebook
    notebook.cells.append(task)
    assignment = Assignment(NAME, nbformat.writes(notebook))
    assert gradebook.add_assignment(course, book, assignment)
    cell = CellReport(cell="draw", points=0.0, max_points=2.0, state="manual")
    report = replace(classroom.report(), cells=(*classroom.report().cells, cell))
    answered = classroom.answered()
    answered.cells += [task, new_markdown_cell("Here they are.", id="kernels")]
    grade = write((course, book, assignment), report, answered)
    assert (grade.cells["draw"].score, grade.cells["draw"].max_score, grade.cells["draw"].waits) == (
        0,
        2,
        True,
    )
    assert not write((course, book, assignment), report, answered).cells["count-value"].waits
    page = feedback.page(assignment, report, answered, grade)
    assert re.search(r'id="draw".*?A person will read this', page, re.DOTALL)


@pytest.mark.parametrize(("state", "waits"), [("zero", False), ("quarantined", True)])
def test_what_cannot_be_graded(room, state, waits):
    empty = classroom.report(state=state, reason="The file is empty.", cells=())
    grade = write(room, empty, blank(room[2].notebook))
    assert grade.score == 0
    assert {cell.waits for cell in grade.cells.values()} == {waits}
    path = room[0].autograded("ada", NAME) / f"{NAME}.ipynb"
    assert "The file is empty." in nbformat.read(path, as_version=4).cells[0].source


def late(room, method):
    room[0].config.LateSubmissionPlugin.penalty_method = method
    room[1].update_or_create_assignment(NAME, duedate="2026-01-01 12:00:00")
    return write(room, classroom.report(), timestamp=datetime(2026, 1, 2)).penalty


def test_the_late_penalty_is_the_plugins(room):
    assert late(room, "zero") == 6.0
    assert late(room, "none") == 0.0


def test_a_penalty_of_the_classs_own(room):
    from nbgrader.plugins import LateSubmissionPlugin

    class AThirdADay(LateSubmissionPlugin):
        def late_submission_penalty(self, student_id, score, total_seconds_late):
            return score * total_seconds_late / 86400 / 3

    room[0].config.AssignLatePenalties.plugin_class = AThirdADay
    assert late(room, "none") == 1.0


def test_formgrader_finds_the_submission(room):
    from nbgrader.apps.api import NbGraderAPI

    course, _, _ = room
    submitted = course.submitted / "ada" / NAME
    submitted.mkdir(parents=True)
    (submitted / "timestamp.txt").write_text("2026-01-01 00:00:00\n")
    write(room, classroom.report(failed=("count-value",)), timestamp=datetime(2026, 1, 1))
    api = NbGraderAPI(course.directory, config=course.config)
    (shown,) = api.get_submissions(NAME)
    assert (shown["student"], shown["score"], shown["max_score"]) == ("ada", 3.0, 10.0)
    assert (shown["autograded"], shown["needs_manual_grade"]) == (True, True)
    (notebook,) = api.get_notebook_submissions(NAME, NAME)
    assert (notebook["failed_tests"], notebook["student"]) == (True, "ada")


def test_the_notebook_shows_tests_and_results(room):
    write(room, classroom.report(failed=("count-value",), flags=("cell 'x': uses the network",)))
    path = room[0].autograded("ada", NAME) / f"{NAME}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    cells = {cell.id: cell for cell in notebook.cells}
    assert "check.generator()" in cells["double-value"].source
    assert cells["double-value"].outputs[0].text == "✓ double-value"
    assert cells["count-value"].outputs[0].traceback == ["✗ count-value", "  expected 3, got 4"]
    assert "uses the network" in notebook.cells[0].source


def test_nothing_in_the_notebook_runs_in_the_instructors_browser(room):
    evil = "<script>alert(1)</script> <img src=x onerror=alert(1)> [a](javascript:alert(1))"
    evil += " ![b](data:text/html,x) [c](java&#115;cript:alert(1)) [d](&#x6A;avascript&colon;alert(1))"
    evil += " `<b>` <a href='vbscript:x'>e</a>"
    output = classroom.report(failed=("count-value",), reason="", repairs=(evil,))
    write(room, output, classroom.answered(why_even=evil))
    from nbconvert import HTMLExporter

    path = room[0].autograded("ada", NAME) / f"{NAME}.ipynb"
    page, _ = HTMLExporter(template_name="basic").from_filename(str(path))
    for word in (
        "<script>alert",
        "<img src=x",
        'href="java',
        'src="data:text',
        'href="vb',
        "<a href='",
        'href="&#',
    ):
        assert word not in page


REMOTE = [
    "![a](https://example.org/a.png)",
    "![a][b]\n\n[b]: https://example.org/a.png",
    "![b]\n\n[b]: https://example.org/a.png",
    "![b][]\n\n[b]: <https://example.org/a.png>",
    "![a ![b](attachment:b.png)](https://example.org/a.png)",
    "![a](<https://example.org/a b.png> 'title')",
    "![a](//example.org/a.png)",
    "[![a](https://example.org/a.png)](https://example.org)",
    "![a\nb](https://example.org/a.png)",
    "\\![a](https://example.org/a.png)",
    "<img src='https://example.org/a.png'>",
    "<picture><source srcset='https://example.org/a.png'></picture>",
    "<div style='background: url(https://example.org/a.png)'>a</div>",
    "| a |\n|---|\n| ![a](https://example.org/a.png) |",
    "&lt;img src='https://example.org/a.png'&gt;",
    "&#33;[a](https://example.org/a.png)",
    "![a](attachment:missing.png)",
]


@pytest.mark.parametrize("text", REMOTE)
def test_the_instructors_browser_fetches_nothing(room, text):
    write(room, classroom.report(), classroom.answered(why_even=text))
    from nbconvert import HTMLExporter

    path = room[0].autograded("ada", NAME) / f"{NAME}.ipynb"
    page, _ = HTMLExporter(template_name="basic").from_filename(str(path))
    assert not re.search(r"(?i)<(img|source|link|iframe|video|audio|object|embed)\b[^>]*example", page)
    assert not re.search(r"(?i)<[^>]+\bstyle=[^>]*url\(", page)


def test_a_picture_of_their_own_is_shown(room):
    notebook = classroom.answered(why_even="![a **b**](attachment:a.png)")
    cell = next(cell for cell in notebook.cells if cell.id == "why-even")
    cell.attachments = {"a.png": {"image/png": "iVBORw0KGgo="}}
    write(room, classroom.report(), notebook)
    from nbconvert import HTMLExporter

    path = room[0].autograded("ada", NAME) / f"{NAME}.ipynb"
    page, _ = HTMLExporter(template_name="basic").from_filename(str(path))
    assert 'src="data:image/png;base64,iVBORw0KGgo="' in page


def test_an_answer_that_no_browser_could_show_is_cut(room):
    longs = {"why_even": "word " * 1_800_000, "double_answer": "x = 1\n" * 1_500_000}
    write(room, classroom.report(), classroom.answered(**longs))
    path = room[0].autograded("ada", NAME) / f"{NAME}.ipynb"
    assert path.stat().st_size < 100_000
    cells = {cell.id: cell for cell in nbformat.read(path, as_version=4).cells}
    assert cells["why-even"].source.endswith("\n… (8,980,000 more characters)")
    assert cells["double-answer"].source.endswith("more characters)")


def test_other_cells_than_before_are_refused_in_one_line(room):
    course, book, assignment = room
    write(room, classroom.report())
    fewer = assignment.notebook
    fewer.cells = [cell for cell in fewer.cells if cell.id != "count-value"]
    with pytest.raises(gradebook.GradebookError, match="removed since"):
        gradebook.add_assignment(course, book, Assignment(NAME, nbformat.writes(fewer)))


def test_other_points_are_taken_over(room):
    course, book, assignment = room
    write(room, classroom.report())
    more = assignment.notebook
    more.cells[3].metadata.nbgrader["points"] = 5
    assert gradebook.add_assignment(course, book, Assignment(NAME, nbformat.writes(more)))
    assert gradebook.submission_grade(book, NAME, "ada").max_score == 13.0


def test_an_answers_markers_in_a_cell_without_a_mark_are_one_line(room):
    course, book, assignment = room
    stray = assignment.notebook
    source = "def forgotten():\n    # BEGIN SOLUTION\n    return 1\n    # END SOLUTION"
    stray.cells.append(new_code_cell(source, id="forgotten"))
    with pytest.raises(gradebook.GradebookError) as caught:
        gradebook.add_assignment(course, book, Assignment(NAME, nbformat.writes(stray)))
    said = str(caught.value)
    assert said.startswith(f"nbgrader makes no students' version of {NAME}, so nobody was graded: Clear")
    assert said.endswith("the cell that begins with: def forgotten():")
    assert "\n" not in said


@pytest.mark.parametrize("url", ["sqlite:////no/such/folder/x.db", "gradebook.db", "nosuch://host/db"])
def test_a_gradebook_that_cannot_be_used_is_one_line(made, url):
    course, _ = classroom.opened(made, url)
    with pytest.raises(gradebook.GradebookError) as caught, gradebook.opened(course):
        pass
    assert "\n" not in str(caught.value)
