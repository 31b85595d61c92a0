"""Worker processes that grade on a cluster: Dask's, and nothing durable lives in them.

A worker needs the package and an address. It is sent the assignment once, and submissions one by one; it
gives back reports. What a lost worker had under its hands goes to another one. A submission under which three
workers ended is put aside.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from typing import TypeAlias, cast
from uuid import uuid4

from cnncourse.errors import CourseError, MissingDependencyError
from cnncourse.grading import job as jobs
from cnncourse.grading.batch import task as tasks_module
from cnncourse.grading.batch.task import GradeFunction, Task
from cnncourse.grading.job import Job
from cnncourse.grading.report import Report

try:
    import cryptography  # noqa: F401 - Dask makes the run's own key with it
    import dask
    from distributed import (
        Client,
        Future,
        KilledWorker,
        WorkerPlugin,
        as_completed,
        get_worker,
    )
except ImportError as error:
    raise MissingDependencyError(
        f"grading on a cluster needs Dask ({error}): "
        "pip install 'cnncourse[grade]', or grade here, without --scheduler"
    ) from None

_SETTINGS = {
    "distributed.scheduler.allowed-failures": 2,  # the third worker that a submission ends is the last one
    "distributed.scheduler.worker-saturation": 1.0,  # nothing waits behind what may end its worker
    "distributed.admin.large-graph-warning-threshold": "1 GB",  # a notebook may be large
}

_SCHEDULER_GONE = "the Dask scheduler is gone: start again, and grading goes on where it stopped"
_Pending: TypeAlias = "Future[tuple[bool, str]]"
_START = 60  # seconds


@contextmanager
def connect(scheduler: str) -> Iterator[Client]:
    """Connect to a scheduler.

    Args:
        scheduler: an address such as ``tcp://node1:8786``.

    Raises:
        CourseError: nobody answers at the address.
    """
    with dask.config.set(_SETTINGS):
        try:
            client = Client(scheduler, set_as_default=False)
        except (OSError, ValueError) as error:
            raise CourseError(f"no Dask scheduler answers at {scheduler}: {error}") from None
        with client:
            with suppress(TimeoutError):  # one is enough to begin, and others may come
                client.wait_for_workers(1, timeout=_START)
            yield client


def carry_out(client: Client, job: Job, tasks: Iterator[Task], grade: GradeFunction) -> Iterator[Report]:
    """Have submissions graded, as many at a time as the cluster has threads, and give their reports.

    No submission waits at a worker behind another one, so that none is blamed when its neighbour ends it.

    Raises:
        CourseError: a worker cannot grade or has other versions of the packages; or the scheduler is gone.
    """
    plugin = _JobPlugin(job, grade)
    try:
        client.register_plugin(plugin)
        yield from _reports(client, plugin, tasks)
    except OSError as error:
        raise CourseError(f"{_SCHEDULER_GONE} ({error})") from None
    finally:
        with suppress(OSError):
            client.unregister_worker_plugin(plugin.name)


def _reports(client: Client, plugin: "_JobPlugin", tasks: Iterator[Task]) -> Iterator[Report]:
    going: dict[_Pending, Task] = {}
    done = as_completed(loop=client.loop, raise_errors=False)
    while True:
        room = max(1, sum(client.nthreads().values())) - len(going)
        for task in islice(tasks, max(0, room)):
            future = client.submit(_in_worker, plugin.name, task, key=f"grade-{uuid4()}")
            going[future] = task
            done.add(future)
        if not going:
            return
        future = next(done)
        if future.status in ("pending", "lost"):  # its worker ended before it had handed the report over
            done.add(future)
        else:
            yield _report(future, plugin.job, going.pop(future))


class _JobPlugin(WorkerPlugin):
    """What a worker is sent once, also one that joins or starts again in the middle of a run."""

    def __init__(self, job: Job, grade: GradeFunction) -> None:
        self.name = f"cnncourse-{uuid4()}"
        self.job = job
        self.grade = grade
        self.environment = jobs.environment()


def _in_worker(name: str, task: Task) -> tuple[bool, str]:
    """Grade in a worker: whether it could be done, and the report or the reason. No error crosses."""
    plugin = cast(_JobPlugin, get_worker().plugins[name])
    if jobs.environment() != plugin.environment:
        expected, got = plugin.environment, jobs.environment()
        return False, f"expected the versions of this machine on every worker ({expected}), got {got}"
    try:
        return True, tasks_module.carry_out(plugin.job, task, plugin.grade).to_json()
    except CourseError as error:
        return False, str(error)


def _report(future: _Pending, job: Job, task: Task) -> Report:
    if future.status == "finished":
        done, said = future.result()
        if done:
            return Report.from_json(said)
        raise CourseError(said)
    if future.status != "error":
        raise CourseError(_SCHEDULER_GONE)
    error = future.exception()
    if isinstance(error, KilledWorker):
        return tasks_module.lost(job, task)
    raise CourseError(
        f"a worker cannot grade ({type(error).__name__}: {error}): install the same package there"
    )
