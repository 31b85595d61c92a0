"""Tables of grades: what is in the gradebook, and nothing that a spreadsheet would run."""

import csv
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbgrader.api import Gradebook, MissingEntry

from cnncourse.grading.records import exports

NAME = "02_convolution"


def fill(url):
    """Two tests and an essay; a student late with extra credit, a hostile one, one without a submission."""
    with Gradebook(url) as book:
        book.add_assignment(NAME)
        book.add_notebook(NAME, NAME)
        for cell, points in (("value", 4), ("shape", 2), ("essay", 3)):
            book.add_grade_cell(cell, NAME, NAME, max_score=points, cell_type="code")
        book.add_student("ada", last_name="Lovelace", first_name="Ada", email="ada@x.org", lms_user_id="12")
        book.add_student("mallory", last_name='=HYPERLINK("http://x";"a")', first_name="\t@Mal,\r\nlory")
        book.add_student("zoë", last_name="Žižek")
        for student in ("ada", "mallory"):
            book.add_submission(NAME, student, timestamp=datetime(2026, 1, 2, 3, 4, 5))
        for cell, points in (("value", 4), ("shape", 2)):
            grade = book.find_grade(cell, NAME, NAME, "ada")
            grade.auto_score, grade.needs_manual_grade = points, False
        essay = book.find_grade("essay", NAME, NAME, "ada")
        essay.manual_score, essay.extra_credit, essay.needs_manual_grade = 1.25, 0.5, False
        book.find_submission_notebook(NAME, NAME, "ada").late_submission_penalty = 1.5
        hers = book.find_grade("essay", NAME, NAME, "mallory")
        hers.needs_manual_grade = True
        book.find_submission_notebook(NAME, NAME, "mallory").late_submission_penalty = 5.0
        book.db.commit()
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def book(request, tmp_path, alembic):
    kind = request.param
    url = f"sqlite:///{tmp_path}/g.db" if kind == "sqlite" else request.getfixturevalue("postgres")()
    with Gradebook(fill(url)) as book:
        yield book


def tables(paths):
    found = {}
    for path in paths:
        with path.open(encoding="utf-8", newline="") as file:
            found[path.name] = list(csv.reader(file))
    return found


def test_the_tables_hold_what_the_gradebook_has(book, tmp_path):
    """On SQLite and on PostgreSQL; a penalty takes nobody below 0, extra credit counts."""
    written = tables(exports.write(book, NAME, tmp_path / "new"))
    link, name = '\'=HYPERLINK("http://x";"a")', "' @Mal,  lory"
    assert written == {
        f"{NAME}-canvas.csv": [
            ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", NAME],
            ["    Points Possible", "", "", "", "", "9"],
            ["Lovelace, Ada", "12", "", "ada", "", "6.25"],
            [f"{link},  @Mal,  lory", "", "", "mallory", "", "0"],
            ["Žižek", "", "", "zoë", "", ""],
        ],
        f"{NAME}-moodle.csv": [
            ["Username", "ID number", "Email address", "First name", "Surname", NAME, "Maximum grade"],
            ["ada", "12", "ada@x.org", "Ada", "Lovelace", "6.25", "9"],
            ["mallory", "", "", name, link, "0", "9"],
            ["zoë", "", "", "", "Žižek", "", "9"],
        ],
        f"{NAME}-plain.csv": [
            [
                *("assignment", "timestamp", "student_id", "last_name", "first_name", "email", "raw_score"),
                *("late_submission_penalty", "score", "max_score", "needs_manual_grade"),
            ],
            [
                NAME,
                "2026-01-02 03:04:05",
                "ada",
                "Lovelace",
                "Ada",
                "ada@x.org",
                "7.75",
                "1.5",
                "6.25",
                "9",
                "False",
            ],
            [NAME, "2026-01-02 03:04:05", "mallory", link, name, "", "0", "5", "0", "9", "True"],
            [NAME, "", "zoë", "Žižek", "", "", "0", "0", "0", "9", "False"],
        ],
    }


def test_an_unknown_assignment(tmp_path, alembic):
    with Gradebook(f"sqlite:///{tmp_path}/g.db") as book, pytest.raises(MissingEntry):
        exports.write(book, NAME, tmp_path)


@pytest.mark.parametrize(
    "start", ["=", "+", "-", "@", "\t=", "\r=", "\n", "\0=", " =", "\u200b=", "\ufeff@", "＝", "\xa0+"]
)
def test_text_that_looks_like_a_formula_is_quoted(start):
    assert exports.text(f"{start}cmd|'/c calc'!A1").startswith("'")


@pytest.mark.parametrize("name", ["", "Ada", "O'Hara", "ada@x.org", "a=b", "C++", "1-2", "李 明", "«x»"])
def test_ordinary_text_stays_as_it_is(name):
    assert exports.text(name) == name


@given(st.text())
def test_any_text_stays_in_its_cell_and_is_no_formula(value):
    safe = exports.text(value)
    assert not safe.lstrip().startswith(tuple("=+-@"))
    assert not set("\r\n\t\0") & set(safe)


@pytest.mark.parametrize(
    ("value", "written"), [(0, "0"), (100, "100"), (2.50, "2.5"), (1e-9, "0"), (12345.6789, "12345.6789")]
)
def test_numbers(value, written):
    assert exports.number(value) == written
