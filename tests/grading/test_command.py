"""``cnncourse grade`` from the archive to the pages, in the real sandbox, as an instructor types it."""

import json
import shutil
import zipfile
import zlib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cnncourse import cli
from cnncourse.errors import CourseError
from cnncourse.grading.judge import client
from cnncourse.grading.records import gradebook
from tests.exercises import sample
from tests.grading import classroom

NAME = sample.STEM
FIRST_AXIS = "def count(x):\n    return len(x)"


def grade(root, *arguments):
    command = ["grade", NAME, "--course", str(root), "--workers", "0", *map(str, arguments)]
    return CliRunner().invoke(cli.app, command)


def grade_of(root, student):
    course, _ = classroom.opened(root)
    with gradebook.opened(course) as book:
        return gradebook.submission_grade(book, NAME, student)


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    """What a platform gives out: a right answer, a wrong one, half a file, a hostile one."""
    path = tmp_path_factory.mktemp("platform") / "submissions.zip"
    hostile = classroom.answered(double_answer="import os\nos._exit(0)")
    with zipfile.ZipFile(path, "w") as file:
        file.writestr(f"ada_1_2_{NAME}.ipynb", classroom.raw(classroom.answered()))
        wrong = classroom.raw(classroom.answered(count_answer=FIRST_AXIS)).replace(b"\\n", b"\\r\\n")
        file.writestr(f"bob_LATE_3_4_{NAME}-1.ipynb", wrong)
        file.writestr(f"cyd_5_6_{NAME}.ipynb", b'{"cells": [')
        file.writestr(f"dan_7_8_{NAME}.ipynb", classroom.raw(hostile))
        file.writestr("report.pdf", b"%PDF")
    return path


@pytest.fixture(scope="module")
def graded(bwrap, tmp_path_factory, archive):
    """A class that was graded once, and what the command said."""
    root = classroom.lay_out(tmp_path_factory.mktemp("class"))
    result = grade(root, "--from", archive, "--report", root / "verdicts.json")
    yield root, result
    client.close()


def test_the_command_says_what_came_of_it(graded):
    root, result = graded
    assert result.exit_code == 0, result.output
    out = result.output
    assert "4 submissions: 3 graded · 1 zero · 0 quarantined · 3 with answers for a person to read" in out
    assert "not understood: report.pdf: it is no notebook (.ipynb)" in out
    assert "late, says the platform, but not how late: bob" in out
    assert "cyd" in out
    assert "it was cut off" in out
    for line in (line for line in out.splitlines() if "file://" in line):
        path = line.split("file://")[1]
        assert path.startswith(str(root))
        assert "<html" in Path(path).read_text(encoding="utf-8")
    assert out.count("file://") == 2


def test_gradebook_pages_tables_and_verdicts(graded):
    root, _ = graded
    assert {s: grade_of(root, s).score for s in ("ada", "bob", "cyd", "dan")} == {
        "ada": 6,
        "bob": 3,
        "cyd": 0,
        "dan": 3,
    }
    page = (root / "grading/feedback/bob" / NAME / f"{NAME}.html").read_text(encoding="utf-8")
    assert "Lines ended as on Windows" in page
    assert "The learning platform marks it as late." in page
    assert {path.name for path in (root / "grading/exports").iterdir()} >= {
        f"{NAME}-canvas.csv",
        f"{NAME}-moodle.csv",
    }
    verdicts = json.loads((root / "verdicts.json").read_text(encoding="utf-8"))
    assert [one["student"] for one in verdicts] == ["ada", "bob", "cyd", "dan"]
    assert len(list((root / "grading/downloaded" / NAME / "archive").iterdir())) == 1


def test_the_same_again_grades_nothing_and_keeps_what_a_person_entered(graded, tmp_path, monkeypatch):
    root = tmp_path / "class"
    shutil.copytree(graded[0], root)
    course, _ = classroom.opened(root)
    with gradebook.opened(course) as book:
        mark = book.find_grade("why-even", NAME, NAME, "ada")
        mark.manual_score, mark.extra_credit, mark.needs_manual_grade = 3.5, 1.0, False
        book.find_comment("why-even", NAME, NAME, "ada").manual_comment = "Good."
        book.db.commit()
    monkeypatch.setattr(client, "grade_submission", grades_nothing)
    result = grade(root)
    assert result.exit_code == 0, result.output
    assert grade_of(root, "ada").score == 6 + 3.5 + 1.0
    assert grade_of(root, "bob") == grade_of(graded[0], "bob")
    page = (root / "grading/feedback/ada" / NAME / f"{NAME}.html").read_text(encoding="utf-8")
    assert "Good." in page
    assert "10.5" in page


def grades_nothing(*arguments, **keywords):
    raise CourseError("this has a verdict already")


@pytest.fixture
def asked(monkeypatch):
    """Whom the grader is asked to grade, and whether in the sandbox; it does not, and says full marks."""
    jobs = []

    def grade(job, raw, *, student):
        jobs.append((student, job.sandboxed))
        return classroom.report(student)

    monkeypatch.setattr(client, "grade_submission", grade)
    return jobs


def test_a_verdict_without_a_sandbox_does_not_count_in_a_run_with_one(graded, tmp_path, asked):
    root = tmp_path / "class"
    shutil.copytree(graded[0], root)
    (root / f"grading/journal/{NAME}.jsonl").unlink()
    for arguments in (("--no-sandbox",), (), ("--no-sandbox",), ()):
        assert grade(root, *arguments).exit_code == 0
    students = ("ada", "bob", "cyd", "dan")
    assert asked == [*((student, False) for student in students), *((student, True) for student in students)]


def test_verdicts_of_the_version_before_are_taken_back_once_with_a_word(graded, tmp_path, asked):
    root = tmp_path / "class"
    shutil.copytree(graded[0], root)
    journal = root / f"grading/journal/{NAME}.jsonl"
    lines = [json.loads(line.partition(b" ")[2]) for line in journal.read_bytes().splitlines()]
    for line in lines:
        del line["sandboxed"]
        line["key"] = f"of-the-version-before-{line['student']}"
    texts = [json.dumps(line).encode() for line in lines]
    journal.write_bytes(b"".join(b"%08x %s\n" % (zlib.crc32(text), text) for text in texts))
    first, second = grade(root), grade(root)
    assert "took back verdicts of an earlier version (4)" in first.output
    assert "earlier version" not in second.output
    assert [student for student, _ in asked] == ["ada", "bob", "cyd", "dan"]
    assert grade_of(root, "bob").score == 6


def test_ctrl_c_says_what_is_kept_and_the_same_command_goes_on(graded, tmp_path, monkeypatch):
    root = tmp_path / "class"
    shutil.copytree(graded[0], root)
    (root / f"grading/journal/{NAME}.jsonl").unlink()
    begun = []

    def interrupted(job, raw, *, student):
        begun.append(student)
        if len(begun) == 3:
            raise KeyboardInterrupt
        return classroom.report(student)

    monkeypatch.setattr(client, "grade_submission", interrupted)
    stopped, again = grade(root), grade(root)
    assert stopped.exit_code == 130
    kept = "they are written down, and the same command goes on with the others"
    assert f"stopped: 2 of 4 submissions were graded; {kept}" in stopped.output
    assert again.exit_code == 0
    assert len(begun) == 5
    begun.clear()
    stopped = grade(root, "--dry-run")
    assert "stopped: 2 of 4 submissions were graded; nothing was written" in stopped.output


def test_the_terminal_shows_the_points_of_the_gradebook(graded, tmp_path, monkeypatch):
    """With what a person gave, and less what is taken off for being late."""
    root = tmp_path / "class"
    shutil.copytree(graded[0], root)
    course, _ = classroom.opened(root)
    with gradebook.opened(course) as book:
        mark = book.find_grade("why-even", NAME, NAME, "ada")
        mark.manual_score, mark.extra_credit, mark.needs_manual_grade = 3.0, 0.5, False
        book.find_submission(NAME, "bob").notebooks[0].late_submission_penalty = 1.0
        book.db.commit()
    monkeypatch.setattr(gradebook, "_penalise", lambda *_: None)
    lines = {line.split()[1]: line for line in grade(root).output.splitlines() if line.startswith("✓")}
    assert "9.5 of 10" in lines["ada"]
    assert "2 of 10" in lines["bob"]


def test_one_student_graded_again(graded, tmp_path):
    root = tmp_path / "class"
    shutil.copytree(graded[0], root)
    better = root / "grading/submitted/bob" / NAME / f"{NAME}.ipynb"
    better.write_bytes(classroom.raw(classroom.answered()))
    result = grade(root, "--student", "bob", "--regrade")
    assert "1 submission: 1 graded" in result.output
    assert "statistics:" not in result.output
    assert [grade_of(root, student).score for student in ("ada", "bob")] == [6, 6]


def test_a_dry_run_writes_nothing(graded, tmp_path, archive):
    root = tmp_path / "class"
    shutil.copytree(graded[0], root)
    before = {path: path.stat().st_mtime_ns for path in (root / "grading").rglob("*")}
    result = grade(root, "--dry-run", "--from", archive, "--student", "ada", "--report", tmp_path / "v.json")
    assert "1 submission: 1 graded" in result.output
    assert "nothing was written" in result.output
    assert json.loads((tmp_path / "v.json").read_text())[0]["student"] == "ada"
    assert {path: path.stat().st_mtime_ns for path in (root / "grading").rglob("*")} == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--student", "eve"], "expected a student who handed something in"),
        (["--from", "/no/such/place"], "found nothing at /no/such/place"),
        (["--db", "nosuch://x"], "gradebook"),
    ],
)
def test_mistakes_are_one_line(graded, arguments, said):
    error = grade(graded[0], *arguments).exception
    assert isinstance(error, CourseError)
    assert said in str(error)
    assert "\n" not in str(error)


def test_a_class_is_asked_for(tmp_path):
    error = grade(tmp_path).exception
    assert isinstance(error, CourseError)
    assert "expected nbgrader_config.py" in str(error)


def test_an_empty_class_and_an_unknown_assignment(tmp_path):
    root = classroom.lay_out(tmp_path)
    assert "found none" in str(grade(root).exception)
    wrong = CliRunner().invoke(cli.app, ["grade", "99_nothing", "--course", str(root)])
    assert f"expected an assignment ({NAME})" in str(wrong.exception)
