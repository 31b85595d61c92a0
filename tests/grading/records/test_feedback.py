"""The student's page says what matters, in words, and holds nothing that could run or call elsewhere."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from cnncourse.grading.assignment import Assignment
from cnncourse.grading.records import feedback
from cnncourse.grading.records.gradebook import CellGrade, SubmissionGrade
from cnncourse.grading.repair.repair import blank, repair
from tests.exercises import sample
from tests.grading import classroom

EVIL = (
    "<script>alert(1)</script><img src=x onerror=alert(1)><iframe src=//e.org></iframe> "
    "[a](javascript:alert(1)) ![b](https://e.org/b.png) [c](data:text/html;base64,AA) <svg onload=alert(1)> "
    "<style>*{color:red}</style>"
)


@pytest.fixture(scope="module")
def assignment(tmp_path_factory):
    notebook, _ = sample.write(tmp_path_factory.mktemp("course"))
    return Assignment.load(notebook.parent)


def graded(penalty=0.0, **changes):
    cells = {name: CellGrade(points, points, 0.0, "", False) for name, points in classroom.POINTS.items()}
    cells["why-even"] = CellGrade(0.0, 4.0, 0.0, "", True)
    cells |= {name.replace("_", "-"): cell for name, cell in changes.items()}
    return SubmissionGrade(sum(cell.score for cell in cells.values()), 10.0, penalty, cells, {})


def page(assignment, *, report=None, notebook=None, grade=None, **options):
    done = repair(classroom.raw(notebook or classroom.answered()), assignment.notebook)
    return feedback.page(
        assignment, report or classroom.report(), done.notebook, grade or graded(), **options
    )


class Reader(HTMLParser):
    """Collects tags, attributes and text."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.words = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attributes]

    def handle_data(self, text):
        if self.tags[-1:] != ["style"]:
            self.words.append(text)

    @property
    def text(self):
        return re.sub(r"\s+", " ", " ".join(self.words))


def test_points_reasons_and_what_waits(assignment):
    failed = classroom.report(failed=("count-value",))
    text = Reader(
        page(assignment, report=failed, grade=graded(count_value=CellGrade(0.0, 3.0, 0.0, "", False)))
    ).text
    assert "3 of 10 points" in text
    assert "A good place to start: count-value , which is worth 3 points." in text
    assert "expected 3, got 4" in text
    assert "4 points are still open: a person reads those answers." in text
    assert "return x.numel" in text.replace(" ( ", "(").replace("x . numel", "x.numel")


def test_hints_are_given_only_where_they_may_be(assignment):
    failed = classroom.report(failed=("count-value",))
    pointer = '→ hint: check.hint("conv2d-flip")      → chapter 02, "Two names"'
    cells = tuple(
        replace(cell, pointer=pointer) if cell.cell == "count-value" else cell for cell in failed.cells
    )
    failed = replace(failed, cells=cells)
    with_hints, without = (Reader(page(assignment, report=failed, hints=hints)) for hints in (True, False))
    assert "Hint." in with_hints.text
    assert "Read on in chapter 02" in with_hints.text
    assert not re.search(r"[Hh]int|chapter 02", without.text)


def test_all_right_and_full_marks_by_hand(assignment):
    grade = graded(why_even=CellGrade(4.5, 4.0, 0.5, "Well put.", False))
    text = Reader(page(assignment, grade=grade)).text
    assert "Well done" in text
    assert "10.5 of 10 points" in text
    assert "Read by a person, with 0.5 extra." in text
    assert "Well put." in text


def test_a_changed_score_and_a_late_penalty_are_named(assignment):
    grade = graded(penalty=2.0, count_value=CellGrade(1.0, 3.0, 0.0, "", False))
    text = Reader(page(assignment, grade=grade)).text
    assert "2 of 10 points" in text
    assert "2 points were taken off" in text
    assert "A person has looked at it and changed the points." in text


def test_no_answer_and_what_was_mended(assignment):
    grade = graded(why_even=CellGrade(0.0, 4.0, 0.0, "No response.", False))
    report = classroom.report(repairs=("Lines ended as on Windows.",))
    text = Reader(page(assignment, report=report, grade=grade, notes=("The file was called “x”.",))).text
    assert "This question has no answer yet." in text
    assert "Mended before grading (2)" in text
    assert "Lines ended as on Windows." in text


@pytest.mark.parametrize(
    ("state", "said"), [("zero", "could not be graded"), ("quarantined", "A person has to look")]
)
def test_what_could_not_be_graded(assignment, state, said):
    grade = graded(
        **{name.replace("-", "_"): CellGrade(0.0, 1.0, 0.0, "", state != "zero") for name in classroom.POINTS}
    )
    report = classroom.report(state=state, reason="The file ends in the middle.", cells=())
    text = Reader(feedback.page(assignment, report, blank(assignment.notebook), grade)).text
    assert said in text
    assert "The file ends in the middle." in text
    assert "Your answer" not in text
    assert ("A person will read this." in text) == (state == "quarantined")


def test_nothing_runs_and_nothing_is_fetched(assignment):
    notebook = classroom.answered(why_even=EVIL, count_answer=f"def count(x):\n    return '''{EVIL}'''")
    said = classroom.report(f"<b>{EVIL}", failed=("count-value",), repairs=(EVIL,), reason=EVIL)
    cells = tuple(replace(cell, output=EVIL, lines=(EVIL,), reason=EVIL) for cell in said.cells)
    grade = graded(double_input=CellGrade(0.0, 1.0, 0.0, EVIL, False))
    text = page(assignment, report=replace(said, cells=cells), notebook=notebook, grade=grade, notes=(EVIL,))
    found = Reader(text)
    assert not {"script", "iframe", "svg", "img", "link", "object", "form", "b"} & set(found.tags)
    assert found.tags.count("style") == 1
    for tag, name, value in found.attributes:
        assert not name.startswith("on"), (tag, name)
        assert name not in ("src", "srcset", "action"), (tag, value)
        assert name != "href" or value.startswith("#"), (tag, value)
    assert "default-src 'none'" in text
    assert "alert(1)" in found.text  # it is shown, as words


def test_pictures_of_the_students_own_are_shown(assignment):
    notebook = classroom.answered(why_even="See ![plot](attachment:a.png) and ![far](https://e.org/x.png)")
    notebook.cells[7]["attachments"] = {"a.png": {"image/png": "iVBORw0KGgo="}}
    sources = [
        value for tag, name, value in Reader(page(assignment, notebook=notebook)).attributes if name == "src"
    ]
    assert sources == ["data:image/png;base64,iVBORw0KGgo="]


def test_long_work_is_cut(assignment):
    notebook = classroom.answered(count_answer="x = 1\n" * 50_000)
    long = classroom.report(failed=("count-value",))
    cells = tuple(replace(cell, lines=("y" * 100_000,)) for cell in long.cells)
    text = page(assignment, notebook=notebook, report=replace(long, cells=cells))
    assert "more characters" in text
    assert len(text) < 400_000
