"""``cnncourse grade`` takes in a class: whose each file is, what it says of that, what the next run knows."""

import csv
import json
import shutil
import zipfile

import pytest
from typer.testing import CliRunner

from cnncourse import cli
from cnncourse.errors import CourseError
from cnncourse.grading import trial
from cnncourse.grading.judge import client
from cnncourse.grading.records import gradebook
from tests.exercises import sample
from tests.grading import classroom

NAME = sample.STEM


@pytest.fixture(scope="module")
def empty_class(tmp_path_factory):
    """A class whose gradebook knows the assignment: making one takes nbgrader seconds."""
    root = classroom.lay_out(tmp_path_factory.mktemp("class"))
    course, assignment = classroom.opened(root)
    with gradebook.opened(course) as book:
        gradebook.add_assignment(course, book, assignment)
    return root


@pytest.fixture
def root(empty_class, tmp_path, monkeypatch):
    """Nothing is run: who is called bad in the answer fails a cell, others none."""

    def grade(job, raw, *, student):
        return classroom.report(student, failed=("count-value",) if b"bad" in raw else ())

    monkeypatch.setattr(client, "grade_submission", grade)
    monkeypatch.setattr(client, "check_ready", lambda sandboxed: None)
    monkeypatch.setattr(trial.Known, "has", lambda self, job: True)  # its solution was tried before
    shutil.copytree(empty_class, tmp_path / "class")
    return tmp_path / "class"


def taken(root, files, *arguments, name="all"):
    """Grade an archive that holds an answer of each."""
    path = root.parent / f"{name}.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for file in files:
            answer = classroom.answered(double_answer=f"# {file}")
            archive.writestr(file, classroom.raw(answer) if file.endswith(".ipynb") else files[file])
    return run(root, "--from", path, *arguments)


def run(root, *arguments):
    result = CliRunner().invoke(
        cli.app, ["grade", NAME, "--course", str(root), "--workers", "0", *map(str, arguments)]
    )
    if result.exception and not isinstance(result.exception, CourseError):
        raise result.exception
    return result


def scores(root):
    course, _ = classroom.opened(root)
    with gradebook.opened(course) as book:
        return {
            one.student_id: gradebook.submission_grade(book, NAME, one.student_id).score
            for one in book.assignment_submissions(NAME)
        }


def table(root, style):
    with (root / f"grading/exports/{NAME}-{style}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def test_what_is_met_for_the_first_time_is_shown(root):
    files = [f"{student}_{n}_1_{NAME}.ipynb" for n, student in enumerate(("ada", "bob"), 16)]
    dry = taken(root, files, "--dry-run").output
    first, second = taken(root, files).output, taken(root, files).output
    for said in (dry, first):
        assert "Canvas: met for the first time in this class" in said
        assert f"ada_16_1_{NAME}.ipynb → ada" in said
    assert "→ ada" not in second
    assert f"bob_17_1_{NAME}.ipynb → bob" in taken(root, files, "--who").output


def test_many_files_are_shown_in_part(root):
    files = [f"s{n}_{NAME}.ipynb" for n in range(25)]
    said = taken(root, files, "--dry-run").output
    assert said.count("→") == 20
    assert "and 5 more: --who shows all" in said


def test_two_that_may_be_one_are_named_and_a_roster_settles_it(root):
    files = [f"s1/ada/{NAME}.ipynb", f"s1/bob/{NAME}.ipynb", f"s2/cyd/{NAME}.ipynb", f"s2/dan/{NAME}.ipynb"]
    refused = taken(root, files)
    assert "expected submissions" in str(refused.exception)
    assert "--roster" in str(refused.exception)
    people = root.parent / "people.csv"
    people.write_text("id,name\nada,Ada\nbob,Bob\ncyd,Cyd\n")
    result = taken(root, files, "--roster", people)
    assert "3 submissions: 3 graded" in result.output
    assert f"not understood: s2/dan/{NAME}.ipynb" in result.output
    assert set(scores(root)) == {"ada", "bob", "cyd"}


def test_a_group_of_the_roster_gets_one_grade(root):
    people = root.parent / "people.csv"
    people.write_text("id,first name,last name,email,group\nada,Ada,L,a@x.org,g1\nbob,Bob,B,b@x.org,g1\n")
    taken(root, [f"g1/{NAME}.ipynb"], "--roster", people)
    assert scores(root) == {"ada": 6, "bob": 6}
    assert [row[3:6] for row in table(root, "plain")[1:]] == [
        ["L", "Ada", "a@x.org"],
        ["B", "Bob", "b@x.org"],
    ]


def test_moodles_worksheet_is_filled_in_again_when_a_person_has_graded(root):
    worksheet = root.parent / "worksheet.csv"
    worksheet.write_text(
        "Identifier,Full name,Email address,Grade,Maximum grade,Last modified (grade)\n"
        "Participant 7,Ada L,a1@x.org,,10.00,-\nParticipant 8,Ada L,a2@x.org,,10.00,-\n"
    )
    files = [f"Ada L_{n}_assignsubmission_file_/{word}.ipynb" for n, word in ((7, "good"), (8, "bad"))]
    taken(root, files, "--roster", worksheet)
    assert [(row[0], row[3]) for row in table(root, "moodle")[1:]] == [
        ("Participant 7", "6"),
        ("Participant 8", "3"),
    ]
    course, _ = classroom.opened(root)
    with gradebook.opened(course) as book:
        mark = book.find_grade("why-even", NAME, NAME, "a2@x.org")
        mark.manual_score, mark.needs_manual_grade = 4.0, False
        book.db.commit()
    run(root)
    assert [row[3] for row in table(root, "moodle")[1:]] == ["6", "7"]


def test_a_class_of_the_version_before_keeps_its_students(root):
    """No list of identities yet, but a gradebook with accounts: another account is another student."""
    taken(root, [f"sn_16_1_{NAME}.ipynb"])
    (root / "grading/identities.jsonl").unlink()
    taken(root, [f"sn_17_2_{NAME}.ipynb"])
    assert set(scores(root)) == {"sn", "sn_17"}


def test_every_notebook_that_is_nobodys_is_named(root):
    files = {f"s{n}/same/{NAME}.ipynb": "" for n in range(2) for _ in "ab"} | {f"ada_{NAME}.ipynb": ""}
    files |= {f"a/{n}/x/{NAME}.ipynb": "" for n in range(30)} | {f"a/{n}/x.txt": "" for n in range(30)}
    said = taken(root, files).output
    assert said.count(f"x/{NAME}.ipynb: it may be") == 30
    assert "10 more files" in said


def test_the_pattern_that_made_two_people_one_is_read_as_todays(root):
    """A class laid out by the first version has it in its configuration."""
    config = root / "nbgrader_config.py"
    text = config.read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("    r")]
    place = lines.index("c.FileNameCollectorPlugin.named_regexp = (")
    lines[place + 1 : place + 1] = [
        r'    r".*/(?P<student_id>[^/]+?)(?:_\d+_assignsubmission_file_?)?(?:_LATE|_late)?(?:_\d+)*"',
        r'    r"[_/](?P<file_id>\d\d_\w+?)(?:-\d+| ?\(\d+\))?\.ipynb$"',
    ]
    config.write_text("\n".join(lines) + "\n", encoding="utf-8")
    taken(root, [f"name_{n}_{NAME}.ipynb" for n in (1, 2)])
    assert set(scores(root)) == {"name_1", "name_2"}


def test_a_pattern_of_the_classs_own(root):
    config = root / "nbgrader_config.py"
    own = (
        r"c.FileNameCollectorPlugin.named_regexp = r'.*/hw-(?P<student_id>\w+?)-(?P<file_id>\d\d_\w+)\.ipynb'"
    )
    config.write_text(f"{config.read_text(encoding='utf-8')}\n{own}\n", encoding="utf-8")
    taken(root, [f"hw-{name}-{NAME}.ipynb" for name in ("ada", "bob")])
    assert set(scores(root)) == {"ada", "bob"}


def test_a_dry_run_remembers_nothing(root):
    people = root.parent / "people.csv"
    people.write_text("id\nada\n")
    taken(root, [f"ada_{NAME}.ipynb"], "--dry-run", "--roster", people)
    assert not (root / "grading/identities.jsonl").exists()
    assert not (root / "grading/rosters").exists()


def test_times_that_are_not_clear_are_listed_and_cost_nothing(root):
    course, _ = classroom.opened(root)
    with gradebook.opened(course) as book:
        book.update_or_create_assignment(NAME, duedate="2026-01-01 12:00:00")
    config = root / "nbgrader_config.py"
    config.write_text(config.read_text() + "\nc.LateSubmissionPlugin.penalty_method = 'zero'\n")
    files = {f"{name}/{NAME}/{NAME}.ipynb": "" for name in ("ada", "bob")}
    files[f"ada/{NAME}/timestamp.txt"] = "2026-01-02 12:00:00 PST"
    files[f"bob/{NAME}/timestamp.txt"] = "2026-01-02 12:00:00 -0800"
    said = taken(root, files)
    assert "handed in when? ada: expected a time such as" in said.output
    assert "PST" in said.output
    with gradebook.opened(course) as book:
        penalties = {name: gradebook.submission_grade(book, NAME, name).penalty for name in ("ada", "bob")}
    assert penalties == {"ada": 0.0, "bob": 6.0}


def test_the_statistics_are_about_the_whole_class(root):
    taken(root, [f"{name}_{NAME}.ipynb" for name in ("ada", "bob", "bad")], name="section1")
    taken(root, [f"cyd_{NAME}.ipynb"], name="section2")
    page = (root / f"grading/statistics/{NAME}.html").read_text(encoding="utf-8")
    assert "<dt>Submissions</dt><dd>4</dd>" in page
    verdicts = root.parent / "verdicts.json"
    run(root, "--student", "cyd", "--report", verdicts)
    assert [one["student"] for one in json.loads(verdicts.read_text())] == ["cyd"]
    assert "<dt>Submissions</dt><dd>4</dd>" in (root / f"grading/statistics/{NAME}.html").read_text(
        encoding="utf-8"
    )
