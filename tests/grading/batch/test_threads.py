"""Several submissions at a time on this machine: the same as one after the other, and an end at once."""

import threading

import pytest

from cnncourse.errors import CourseError
from cnncourse.grading.batch import runner
from cnncourse.grading.batch.journal import Journal
from cnncourse.grading.job import Job
from tests.grading.stub import StubAssignment, StubGrade, crowd

JOB = Job(StubAssignment())


def run(path, submissions, grade, workers):
    with Journal(path) as journal:
        reports = runner.run(JOB, submissions, journal=journal, grade=grade, workers=workers)
        return sorted(reports, key=lambda report: report.student)


@pytest.mark.parametrize("workers", [1, 2, 7])
def test_many_at_a_time_are_as_one_after_the_other(tmp_path, workers):
    special = {"s003": "bug", "s004": "exit", "s005": "unreadable"}
    one = run(tmp_path / "one", crowd(20, **special), StubGrade(tmp_path / "a"), 0)
    many = run(tmp_path / "many", crowd(20, **special), StubGrade(tmp_path / "b", 0.01), workers)
    assert many == one
    assert len(many) == 20


def test_as_many_at_a_time_as_there_are_workers(tmp_path):
    """Two wait for each other: one at a time would wait for ever."""
    together = threading.Barrier(2, timeout=60)
    stub = StubGrade(tmp_path / "log")

    def grade(job, raw, *, student):
        together.wait()
        return stub(job, raw, student=student)

    assert len(run(tmp_path / "journal", crowd(6), grade, 2)) == 6


def test_a_fault_of_the_machine_ends_the_run_and_the_next_one_goes_on(tmp_path):
    grade = StubGrade(tmp_path / "log")
    with pytest.raises(CourseError, match="bubblewrap is not installed"):
        run(tmp_path / "journal", crowd(40, s002="no sandbox"), grade, 2)
    assert len(grade.times("end")) < 20
    assert len(run(tmp_path / "journal", crowd(40), grade, 2)) == 40


def test_who_stops_listening_ends_the_run_without_waiting(tmp_path):
    """What is under way goes on in its thread; nothing is begun any more."""
    begun, go_on = [], threading.Event()
    stub = StubGrade(tmp_path / "log")

    def grade(job, raw, *, student):
        begun.append(student)
        if student != "s000":
            go_on.wait(60)
        return stub(job, raw, student=student)

    with Journal(tmp_path / "journal") as journal:
        reports = runner.run(JOB, crowd(20), journal=journal, grade=grade, workers=2)
        assert next(reports).student == "s000"
        reports.close()
        assert not go_on.is_set()
        go_on.set()
    for thread in threading.enumerate():
        if thread.name.startswith("grade"):
            thread.join(60)
    assert len(begun) <= 4
