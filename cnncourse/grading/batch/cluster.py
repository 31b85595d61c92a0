"""Worker processes that grade, on this machine or on a cluster: Dask's, and nothing durable lives in them.

A worker needs the package and an address. It is sent the assignment once, and submissions one by one; it
gives back reports. What a lost worker had under its hands goes to another one. A submission under which three
workers ended is put aside.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from itertools import islice
from time import monotonic, sleep
from typing import Any, TypeAlias, cast
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
        LocalCluster,
        Status,
        WorkerPlugin,
        as_completed,
        get_worker,
    )
except ImportError as error:
    raise MissingDependencyError(
        f"grading in several processes needs Dask ({error}): "
        "pip install 'cnncourse[grade]', or grade with --workers 0"
    ) from None

_SETTINGS = {
    "distributed.scheduler.allowed-failures": 2,  # the third worker that a submission ends is the last one
    "distributed.scheduler.worker-saturation": 1.0,  # nothing waits behind what may end its worker
    "distributed.deploy.lost-worker-timeout": "1 day",  # _replace_lost_workers sees to lost ones
    "distributed.scheduler.http.routes": [],  # no web pages, which anybody here could look at
    "distributed.worker.http.routes": [],
    "distributed.admin.large-graph-warning-threshold": "1 GB",  # a notebook may be large
}

_SCHEDULER_GONE = "the Dask scheduler is gone: start again, and grading goes on where it stopped"
_Pending: TypeAlias = "Future[tuple[bool, str]]"
_NO_WORKER = "no worker process starts on this machine: is there memory left? Or grade with --workers 0"
_START = 60  # seconds
_POLL = 0.01  # seconds
_LOOK = 2.0  # seconds between two looks at the workers
_APART = "import os; os.setpgid(0, 0)"  # a worker does not hear Ctrl-C: the run does, and ends it


@contextmanager
def connect(scheduler: str | None, workers: int) -> Iterator[Client]:
    """Connect to a scheduler, or start one and worker processes here that end with the block.

    What they say to each other is encrypted with a key of this run's own, so that nobody else on this machine
    can speak to them.

    Args:
        scheduler: an address such as ``tcp://node1:8786``; None starts processes here.
        workers: how many to start here.

    Raises:
        CourseError: nobody answers at the address.
    """
    with dask.config.set(_SETTINGS), _quiet("asyncio"), ExitStack() as stack:
        here = scheduler is None
        if here:
            scheduler = stack.enter_context(_here(workers))
        try:
            client = Client(scheduler, set_as_default=False)
        except (OSError, ValueError) as error:
            raise CourseError(f"no Dask scheduler answers at {scheduler}: {error}") from None
        with client:
            with suppress(TimeoutError):  # some are enough to begin, and others may come
                client.wait_for_workers(workers if here else 1, timeout=_START)
            yield client


@contextmanager
def _quiet(name: str) -> Iterator[None]:
    """Keep the traceback of a worker that ended while it started out of the instructor's terminal."""
    logger = logging.getLogger(name)
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(level)


def _here(workers: int) -> Any:
    cluster: Any = LocalCluster(
        n_workers=0,
        threads_per_worker=1,
        processes=True,
        security=True,
        dashboard_address="127.0.0.1:0",
        preload=[_APART],
        silence_logs=logging.CRITICAL,
    )
    cluster.scale(workers)  # not at once: a worker that ends while it starts would end the run
    cluster.loop.add_callback(_replace_lost_workers, cluster)
    return cluster


def carry_out(client: Client, job: Job, tasks: Iterator[Task], grade: GradeFunction) -> Iterator[Report]:
    """Have submissions graded, as many at a time as the cluster has threads, and give their reports.

    No submission waits at a worker behind another one, so that none is blamed when its neighbour ends it.

    Raises:
        CourseError: a worker cannot grade or has other versions of the packages; no worker starts here; or
            the scheduler is gone.
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
        _wait(client, done)
        future = next(done)
        if future.status in ("pending", "lost"):  # its worker ended before it had handed the report over
            done.add(future)
        else:
            yield _report(future, plugin.job, going.pop(future))


def _wait(client: Client, done: as_completed) -> None:
    """Wait until something is graded, but not for processes of this run that do not start."""
    seen = looked = monotonic()
    while not done.has_ready():
        sleep(_POLL)
        now = monotonic()
        if now - looked > _LOOK:
            looked = now
            if client.nthreads() or not client.cluster:
                seen = now
            elif now - seen > _START:
                raise CourseError(_NO_WORKER)


async def _replace_lost_workers(cluster: Any) -> None:
    """Replace workers that Dask has given up on, or that three looks in a row have found dead."""
    dead: Counter[object] = Counter()
    while cluster.status == Status.running:
        await asyncio.sleep(_LOOK)
        for name, nanny in list(cluster.workers.items()):
            dead[name] = 0 if nanny.is_alive() else dead[name] + 1
            if nanny.status in (Status.closed, Status.failed) or dead[name] > 2:
                del cluster.workers[name], dead[name]
                with suppress(Exception):
                    await nanny.close()
        with suppress(Exception):  # a new one did not start, either: the next look sees it
            await cluster._correct_state()


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
