"""Tables of grades: what is in the gradebook, and nothing that a spreadsheet would run."""

import csv
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbgrader.api import Gradebook, MissingEntry

from cnncourse.grading.collect import roster
from cnncourse.grading.collect.identities import Identities, Identity
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


@pytest.fixture
def sqlite_book(tmp_path, alembic):
    with Gradebook(fill(f"sqlite:///{tmp_path}/g.db")) as book:
        yield book


def tables(paths):
    found = {}
    for path in paths:
        with path.open(encoding="utf-8", newline="") as file:
            found[path.name] = list(csv.reader(file))
    return found


def test_the_tables_hold_what_the_gradebook_has(book, tmp_path):
    """On SQLite and on PostgreSQL; a penalty takes nobody below 0, extra credit counts."""
    paths, notes = exports.write(book, NAME, tmp_path / "new")
    written = tables(paths)
    assert notes == ()
    link, name = '\'=HYPERLINK("http://x";"a")', "' @Mal,  lory"
    assert written == {
        f"{NAME}-canvas.csv": [
            ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", NAME],
            ["    Points Possible", "", "", "", "", "9"],
            ["Lovelace, Ada", "12", "", "", "", "6.25"],
        ],
        f"{NAME}-moodle.csv": [
            ["Identifier", "Full name", "Email address", "Grade", "Maximum grade", "Last modified (grade)"],
            ["", "Ada Lovelace", "ada@x.org", "6.25", "9", ""],
            ["", f"' @Mal,  lory {link[1:]}", "", "0", "9", ""],
            ["", "Žižek", "", "", "9", ""],
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


KNOWN = Identities(
    [
        Identity(NAME, "ada", "Moodle", "1234", name="Ada Lovelace"),
        Identity("01_other", "zoë", "Moodle", "77", name="zoë"),
        Identity("01_other", "zoë", "Canvas", "16", lasting=True, name="zoë"),
        Identity("01_other", "ada", "Canvas", "13", lasting=True, name="ada"),
    ]
)


def test_platforms_find_people_by_what_they_call_them(sqlite_book, tmp_path):
    """Moodle's number is one assignment's; Canvas' is the student's all term. No id of ours is passed off."""
    paths, _ = exports.write(sqlite_book, NAME, tmp_path, known=KNOWN)
    written = tables(paths)
    assert [row[0] for row in written[f"{NAME}-moodle.csv"]] == ["Identifier", "Participant 1234", "", ""]
    assert [row[1] for row in written[f"{NAME}-canvas.csv"][2:]] == ["13", "16"]


def roster_of(tmp_path, text):
    path = tmp_path / "table.csv"
    path.write_text(text, encoding="utf-8")
    return roster.read(path)


def test_moodles_worksheet_is_filled_in(sqlite_book, tmp_path):
    """As Moodle's own source reads it: Identifier, Grade, Last modified (grade); all else as it came."""
    header = (
        "Identifier,Full name,Email address,Status,Grade,Maximum grade,Grade can be changed,"
        "Last modified (submission),Last modified (grade),Feedback comments"
    )
    worksheet = (
        f"\ufeff{header}\n"
        'Participant 1234,Ada Lovelace,ada@x.org,Submitted,,9.00,Yes,"Monday, 2 March 2026, 9:15 AM",-,\n'
        'Participant 1235,"=HYPERLINK(""http://x"")",m@x.org,Submitted,3.00,9.00,Yes,-,-,"Good, ""very""."\n'
    )
    paths, notes = exports.write(sqlite_book, NAME, tmp_path, roster_of(tmp_path, worksheet), KNOWN)
    assert tables(paths)[f"{NAME}-moodle.csv"] == [
        header.split(","),
        [
            *("Participant 1234", "Ada Lovelace", "ada@x.org", "Submitted", "6.25", "9.00", "Yes"),
            *("Monday, 2 March 2026, 9:15 AM", "-", ""),
        ],
        [
            *("Participant 1235", '\'=HYPERLINK("http://x")', "m@x.org", "Submitted", "3.00", "9.00", "Yes"),
            *("-", "-", 'Good, "very".'),
        ],
    ]
    (missing,) = notes
    assert "not in table.csv" in missing
    assert "mallory" in missing


def test_canvas_gradebook_is_filled_in_and_no_other_grade_is(sqlite_book, tmp_path):
    table = (
        f"Student,ID,SIS User ID,SIS Login ID,Section,01_other (4),{NAME} (5),Final Score\n"
        ",,,,,Manual Posting,,\n"
        "    Points Possible,,,,,10,20,(read only)\n"
        '"Žižek",16,s16,zz,A,7,1,50\n'
        '"Lovelace, Ada",12,s12,alove,B,8,,60\n'
    )
    known = Identities(
        [
            Identity(NAME, "ada", "Canvas", "12", lasting=True, name="lovelaceada"),
            Identity(NAME, "zoë", "Canvas", "16", lasting=True, name="zoë"),
        ]
    )
    paths, notes = exports.write(sqlite_book, NAME, tmp_path, roster_of(tmp_path, table), known)
    assert tables(paths)[f"{NAME}-canvas.csv"] == [
        ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", f"{NAME} (5)"],
        ["", "", "", "", "", ""],
        ["    Points Possible", "", "", "", "", "20"],
        ["Žižek", "16", "s16", "zz", "A", "1"],
        ["Lovelace, Ada", "12", "s12", "alove", "B", "6.25"],
    ]
    assert any("Canvas counts to 20, this assignment to 9" in note for note in notes)


def test_canvas_gradebook_without_the_column(sqlite_book, tmp_path):
    table = "Student,ID,SIS Login ID,Section,Exercise\n    Points Possible,,,,20\nA,16,a,A,3\n"
    paths, notes = exports.write(sqlite_book, NAME, tmp_path, roster_of(tmp_path, table), KNOWN)
    written = tables(paths)[f"{NAME}-canvas.csv"]
    assert written[0] == ["Student", "ID", "SIS Login ID", "Section", NAME]
    assert written[1][-1] == "9"
    assert any("no column" in note for note in notes)


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
