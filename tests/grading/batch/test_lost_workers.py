"""Worker processes that Dask has given up on are started again, where a run would wait for ever."""

import os
import signal

import pytest

from cnncourse.grading.batch import cluster
from cnncourse.grading.batch.task import Task
from cnncourse.grading.job import Job
from tests.grading.stub import StubAssignment, StubGrade, crowd

# Without the repair the run would wait for workers that do not come.
pytestmark = pytest.mark.timeout(120)


def end(nanny, client):
    """The worker's supervisor ends, and takes the worker with it."""
    client.cluster.sync(nanny.close)


def die(nanny, client):
    """The worker ends, and its supervisor does not hear of it."""
    nanny.process.on_exit = None
    os.kill(nanny.process.pid, signal.SIGKILL)


@pytest.mark.parametrize("lose", [end, die])
def test_workers_that_dask_gave_up_on_are_replaced(tmp_path, monkeypatch, lose):
    monkeypatch.setattr(cluster, "_LOOK", 0.2)
    tasks = (Task(f"{n:064x}", work.student, work.raw()) for n, work in enumerate(crowd(12)))
    with cluster.connect(None, 2) as client:
        reports = cluster.carry_out(client, Job(StubAssignment()), tasks, StubGrade(tmp_path / "graded.log"))
        done = [next(reports)]
        for nanny in list(client.cluster.workers.values()):
            lose(nanny, client)
        done += reports
    assert sorted(report.student for report in done) == [work.student for work in crowd(12)]
    assert {report.reason for report in done} == {""}
