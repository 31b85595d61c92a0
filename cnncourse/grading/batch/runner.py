"""Grade many submissions: what the journal knows is not graded again, what is graded is there at once."""

import os
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing, suppress
from itertools import chain

from cnncourse.errors import ArgumentError
from cnncourse.grading.batch import threads
from cnncourse.grading.batch.journal import Journal
from cnncourse.grading.batch.task import GradeFunction, Task, aside, carry_out
from cnncourse.grading.collect.submissions import Submission
from cnncourse.grading.job import Job
from cnncourse.grading.report import Report


def run(
    job: Job,
    submissions: Iterable[Submission],
    *,
    journal: Journal,
    grade: GradeFunction,
    workers: int | None = None,
    scheduler: str | None = None,
) -> Iterator[Report]:
    """Grade what has no verdict yet, and give the report of every submission, in any order.

    Each verdict is in the journal before it is given out. A run may therefore be killed at any moment: the
    next one gives the same reports, and grades only what the first one had not finished. Closing the
    iterator, or an error such as Ctrl-C, begins nothing more.

    Args:
        job: what to grade against, and how.
        submissions: each is read when its turn comes.
        journal: where verdicts are kept. The caller holds the lock.
        grade: ``grade(job, raw, student=…)`` gives a report; any thread may call it, and it can be pickled.
            A ``CourseError`` from it is a fault of the machine and ends the run; any other error puts the one
            submission aside for a person.
        workers: how many at a time on this machine, each in a thread; 0 grades in this one; one for each
            processor unless given.
        scheduler: the address of a Dask scheduler whose workers grade instead, such as ``tcp://node1:8786``.

    Yields:
        One report for each submission; for the same file of the same student handed over twice, one.

    Raises:
        ArgumentError: ``workers`` is negative.
        CourseError: grading is not possible here, or on a worker.
    """
    if workers is not None and workers < 0:
        raise ArgumentError(f"workers expects 0 or more, got {workers}")
    known: deque[Report] = deque()
    tasks = _tasks(job, submissions, journal, known)
    with closing(_reports(job, tasks, grade, workers, scheduler)) as reports:
        for report in reports:
            journal.record(report)
            yield report
            while known:
                yield known.popleft()
    yield from known


def pending(job: Job, submissions: Iterable[Submission], journal: Journal) -> bool:
    """Tell whether some submission has no verdict yet, as far as files can be read."""
    for submission in submissions:
        with suppress(OSError):
            if journal.get(job.key(submission.student, submission.raw())) is None:
                return True
    return False


def _tasks(
    job: Job, submissions: Iterable[Submission], journal: Journal, known: deque[Report]
) -> Iterator[Task]:
    """Read submissions one by one; what needs no grading is put with the known ones on the way."""
    begun: set[str] = set()
    for submission in submissions:
        student = submission.student
        try:
            raw = submission.raw()
        except OSError as error:
            known.append(aside(job, student, f"The file cannot be read: {error.strerror}."))
            continue
        key = job.key(student, raw)
        if key in begun:
            continue
        begun.add(key)
        report = journal.get(key)
        if report:
            known.append(report)
        else:
            yield Task(key, student, raw)


def _reports(
    job: Job, tasks: Iterator[Task], grade: GradeFunction, workers: int | None, scheduler: str | None
) -> Generator[Report, None, None]:
    first = next(tasks, None)
    if first is None:
        return
    workers = os.cpu_count() or 1 if workers is None else workers
    if scheduler is None and workers == 0:
        yield from (carry_out(job, task, grade) for task in chain([first], tasks))
    elif scheduler is None:
        yield from threads.carry_out(job, chain([first], tasks), grade, workers)
    else:
        from cnncourse.grading.batch import cluster

        with cluster.connect(scheduler) as client:
            yield from cluster.carry_out(client, job, chain([first], tasks), grade)
