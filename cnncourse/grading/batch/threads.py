"""Grade several submissions at a time on this machine: a thread for each, which waits for another process.

The work is done by the judge server, which copies itself for each submission. One server serves all
threads, so that torch is imported, and kept in memory, twice on this machine and not twice for each worker.
"""

from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import islice

from cnncourse.grading.batch import task as tasks_module
from cnncourse.grading.batch.task import GradeFunction, Task
from cnncourse.grading.job import Job
from cnncourse.grading.report import Report


def carry_out(job: Job, tasks: Iterator[Task], grade: GradeFunction, workers: int) -> Iterator[Report]:
    """Have submissions graded, and give their reports in the order in which they are ready.

    Twice as many as there are threads are read beforehand, so that none waits while a report is written down.
    When the iterator is closed or fails, nothing more is begun; what is under way is the caller's to end.

    Raises:
        CourseError: grading is not possible here.
    """
    pool = ThreadPoolExecutor(workers, thread_name_prefix="grade")
    going: set[Future[Report]] = set()
    try:
        while True:
            room = 2 * workers - len(going)
            going |= {pool.submit(tasks_module.carry_out, job, task, grade) for task in islice(tasks, room)}
            if not going:
                return
            done, going = wait(going, return_when=FIRST_COMPLETED)
            yield from (future.result() for future in done)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
