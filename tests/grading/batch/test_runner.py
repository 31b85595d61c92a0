"""Running over submissions, in one process: every one exactly once, whatever happens to some."""

import subprocess
import sys

import pytest

from cnncourse.errors import ArgumentError, CourseError
from cnncourse.grading.batch import runner
from cnncourse.grading.batch.journal import Journal
from cnncourse.grading.job import Job
from tests.grading.stub import StubAssignment, StubGrade, StubSubmission, crowd

JOB = Job(StubAssignment())


@pytest.fixture
def path(tmp_path):
    return tmp_path / "journal.jsonl"


@pytest.fixture
def grade(tmp_path):
    return StubGrade(tmp_path / "graded.log")


def run(path, grade, submissions, job=JOB):
    with Journal(path) as journal:
        return list(runner.run(job, submissions, journal=journal, grade=grade, workers=0))


def test_each_submission_is_graded_once_over_all_runs(path, grade):
    first = run(path, grade, crowd(3))
    again = run(path, grade, crowd(5))
    assert [report.student for report in first] == grade.times("end")[:3] == ["s000", "s001", "s002"]
    assert sorted(again, key=lambda report: report.student)[:3] == first
    assert grade.times("end") == ["s000", "s001", "s002", "s003", "s004"]


def test_a_report_has_its_key_seed_and_time(path, grade):
    submission = StubSubmission("ada")
    (report,) = run(path, grade, [submission])
    assert report.key == JOB.key("ada", submission.raw())
    assert report.seed == JOB.seed(submission.raw())
    assert report.sandboxed
    assert report.seconds > 0


def test_another_version_or_another_file_is_graded_again(path, grade):
    run(path, grade, [StubSubmission("ada")])
    run(path, grade, [StubSubmission("ada")], Job(StubAssignment(version="2")))
    run(path, grade, [StubSubmission("ada", "mended")])
    assert grade.times("end") == ["ada"] * 3


def test_a_verdict_is_in_the_journal_before_it_is_given_out(path, grade):
    with Journal(path) as journal:
        for report in runner.run(JOB, crowd(3), journal=journal, grade=grade, workers=0):
            assert f'"student": "{report.student}"' in path.read_text().splitlines()[-1]


def test_what_the_grader_fails_on_is_put_aside_and_its_neighbours_are_graded(path, grade):
    reports = run(path, grade, crowd(4, s001="bug", s002="exit"))
    assert [report.state for report in reports] == ["graded", "quarantined", "quarantined", "graded"]
    assert reports[1].reason == "The grader failed on it (ZeroDivisionError: division by zero)."
    assert run(path, grade, crowd(4, s001="bug", s002="exit")) == reports


def test_a_file_that_cannot_be_read_is_put_aside_until_it_can(path, grade):
    reports = run(path, grade, crowd(3, s001="unreadable"))
    aside = next(report for report in reports if report.student == "s001")
    assert (aside.state, aside.reason) == ("quarantined", "The file cannot be read: Permission denied.")
    assert len(reports) == 3
    assert {report.state for report in run(path, grade, crowd(3))} == {"graded"}


def test_a_fault_of_the_machine_ends_the_run_and_the_next_one_goes_on(path, grade):
    with pytest.raises(CourseError, match="bubblewrap is not installed"):
        run(path, grade, crowd(4, s002="no sandbox"))
    run(path, grade, crowd(4))
    assert grade.times("end") == ["s000", "s001", "s002", "s003"]


@pytest.mark.parametrize("interruption", ["interrupt", "closed"])
def test_an_interrupted_run_goes_on_where_it_stopped(path, grade, interruption):
    with Journal(path) as journal:
        crew = crowd(4, s002="interrupt") if interruption == "interrupt" else crowd(4)
        reports = runner.run(JOB, crew, journal=journal, grade=grade, workers=0)
        next(reports), next(reports)
        if interruption == "interrupt":
            with pytest.raises(KeyboardInterrupt):
                next(reports)
        else:
            reports.close()
    assert len(run(path, grade, crowd(4))) == 4
    assert grade.times("end") == ["s000", "s001", "s002", "s003"]


def test_the_same_file_of_the_same_student_counts_once(path, grade):
    assert len(run(path, grade, [*crowd(2), *crowd(2)])) == 2
    assert len(run(path, grade, [*crowd(2), *crowd(2)])) == 2


def test_what_is_forgotten_is_graded_again(path, grade):
    run(path, grade, crowd(3))
    with Journal(path) as journal:
        again = crowd(3)[1]
        journal.forget([JOB.key(again.student, again.raw())])
    assert len(run(path, grade, crowd(3))) == 3
    assert grade.times("end") == ["s000", "s001", "s002", "s001"]


def test_a_negative_number_of_workers_is_refused(path, grade):
    with Journal(path) as journal, pytest.raises(ArgumentError, match="workers expects 0 or more, got -1"):
        list(runner.run(JOB, [], journal=journal, grade=grade, workers=-1))


def test_dask_is_imported_only_where_it_works():
    """Not for one process, nor where everything is known already."""
    code = (
        "import sys, tempfile, pathlib; from cnncourse.grading.batch import journal, runner\n"
        "with journal.Journal(pathlib.Path(tempfile.mkdtemp(), 'j')) as j:\n"
        "    assert list(runner.run(None, [], journal=j, grade=None, workers=2)) == []\n"
        "assert not {'dask', 'distributed', 'torch', 'nbgrader'} & set(sys.modules), sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
