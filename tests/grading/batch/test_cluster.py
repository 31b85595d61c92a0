"""Grading on a cluster: lost workers and killed runs change nothing in what comes out."""

import os
import subprocess
import sys
import threading

import dask
import pytest
from distributed import LocalCluster

from cnncourse.errors import CourseError, MissingDependencyError
from cnncourse.grading import job as jobs
from cnncourse.grading.batch import runner
from cnncourse.grading.batch.journal import Journal
from cnncourse.grading.job import Job
from tests.grading.stub import StubAssignment, StubGrade, crowd

JOB = Job(StubAssignment())


@pytest.fixture
def path(tmp_path):
    return tmp_path / "journal.jsonl"


@pytest.fixture
def grade(tmp_path):
    return StubGrade(tmp_path / "graded.log", seconds=0.02)


def by_student(reports):
    return sorted(reports, key=lambda report: report.student)


def run(path, submissions, **options):
    with Journal(path) as journal:
        return by_student(runner.run(JOB, submissions, journal=journal, **options))


@pytest.fixture(scope="module")
def scheduler():
    """A scheduler as on a cluster, with two workers; threads of this process, to save time."""
    with LocalCluster(
        n_workers=2, threads_per_worker=1, processes=False, protocol="tcp", dashboard_address="127.0.0.1:0"
    ) as elsewhere:
        yield elsewhere.scheduler_address


def test_lost_workers_change_nothing_and_a_killer_harms_nobody(path, grade, tmp_path):
    """One submission ends every process that grades it: after three it is put aside."""
    special = {"s007": "kill", "s011": "bug"}
    alone = run(tmp_path / "alone", crowd(24, s011="bug"), grade=StubGrade(tmp_path / "other"), workers=0)
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 2}),
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address="127.0.0.1:0") as elsewhere,
    ):
        options = {"grade": grade, "scheduler": elsewhere.scheduler_address}
        reports = run(path, crowd(24, **special), **options)
        states = {report.student: report.state for report in reports}
        assert [name for name, state in states.items() if state != "graded"] == ["s007", "s011"]
        assert grade.times("begin").count("s007") == 3
        killed = reports.pop(7)
        assert killed.reason == "Grading it ended the worker process, several times."
        assert reports == [report for report in alone if report.student != "s007"]
        assert run(path, crowd(24, **special), **options) == by_student([*reports, killed])
        assert grade.times("begin").count("s007") == 3, "what was put aside was tried again"


def test_a_cluster_elsewhere_gives_the_same(path, grade, scheduler, tmp_path):
    reports = run(path, crowd(20, s003="bug"), grade=grade, scheduler=scheduler)
    other = StubGrade(tmp_path / "other")
    assert reports == run(tmp_path / "alone", crowd(20, s003="bug"), grade=other, workers=0)


def test_a_worker_that_cannot_grade_ends_the_run(path, grade, scheduler):
    with pytest.raises(CourseError, match="bubblewrap is not installed"):
        run(path, crowd(4, s002="no sandbox"), grade=grade, scheduler=scheduler)
    assert len(run(path, crowd(4), grade=grade, scheduler=scheduler)) == 4
    assert grade.times("end").count("s000") == 1


def test_a_worker_with_other_versions_ends_the_run(path, grade, scheduler, monkeypatch):
    def environment():  # these workers are threads of this process
        return "torch=2.0" if threading.current_thread() is threading.main_thread() else "torch=1.0"

    monkeypatch.setattr(jobs, "environment", environment)
    with pytest.raises(CourseError, match=r"on every worker \(torch=2.0\), got torch=1.0"):
        run(path, crowd(1), grade=grade, scheduler=scheduler)


def test_nobody_at_the_address(path, grade):
    with (
        dask.config.set({"distributed.comm.timeouts.connect": "0.2s"}),
        pytest.raises(CourseError, match=r"no Dask scheduler answers at tcp://127.0.0.1:1: "),
    ):
        run(path, crowd(1), grade=grade, scheduler="tcp://127.0.0.1:1")
    with pytest.raises(CourseError, match="no Dask scheduler answers at nonsense://"):
        run(path, crowd(1), grade=grade, scheduler="nonsense://x")


def test_the_assignment_does_not_stay_with_the_scheduler(path, grade, scheduler):
    from distributed import Client

    run(path, crowd(2), grade=grade, scheduler=scheduler)
    with Client(scheduler) as client:
        held = client.run_on_scheduler(lambda dask_scheduler: list(dask_scheduler.worker_plugins))
        held += [
            name
            for names in client.run(lambda dask_worker: list(dask_worker.plugins)).values()
            for name in names
        ]
    assert not [name for name in held if name.startswith("cnncourse")]


def test_without_dask_one_line_says_what_to_install(tmp_path):
    """A package called distributed that cannot be imported stands before the real one."""
    (tmp_path / "distributed.py").write_text("raise ImportError('No module named distributed')")
    code = "from cnncourse.grading.batch import cluster"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    said = done.stderr.strip().splitlines()[-1]
    assert said.startswith(
        f"{MissingDependencyError.__module__}.MissingDependencyError: grading on a cluster"
    )
    assert "pip install 'cnncourse[grade]', or grade here, without --scheduler" in said


def test_a_scheduler_that_goes_away_ends_the_run_in_one_line(path, grade):
    with dask.config.set({"distributed.comm.timeouts.connect": "0.5s"}):
        elsewhere = LocalCluster(
            n_workers=1,
            threads_per_worker=1,
            processes=False,
            protocol="tcp",
            dashboard_address="127.0.0.1:0",
        )
        options = {"grade": grade, "scheduler": elsewhere.scheduler_address}
        with Journal(path) as journal:
            reports = runner.run(JOB, crowd(200), journal=journal, **options)
            next(reports)
            elsewhere.close()
            with pytest.raises(CourseError, match="the Dask scheduler is gone: start again"):
                list(reports)
        done = len(path.read_bytes().splitlines())
    assert 0 < done < 200
    assert len(run(path, crowd(200), grade=StubGrade(grade.log), workers=0)) == 200
