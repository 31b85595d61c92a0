"""Grade many submissions: what the journal knows is not graded again, what is graded is there at once."""

import os
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import chain

from cnncourse.errors import ArgumentError, CourseError
from cnncourse.grading.batch import journal as journals
from cnncourse.grading.batch.journal import Assignment, Journal, Submission
from cnncourse.grading.report import Report

Grade = Callable[..., Report]


@dataclass(frozen=True)
class Task:
    """One submission on its way to be graded: plain data, for it may cross to another machine."""

    key: str
    student: str
    raw: bytes


def key(assignment: Assignment, submission: Submission) -> str:
    """Give what the verdict on a submission is filed under; reads the submission."""
    return journals.key(assignment, submission.student, submission.raw())


def run(
    assignment: Assignment,
    submissions: Iterable[Submission],
    *,
    journal: Journal,
    grade: Grade,
    workers: int | None = None,
    scheduler: str | None = None,
) -> Iterator[Report]:
    """Grade what has no verdict yet, and give the report of every submission, in any order.

    Each verdict is in the journal before it is given out. A run may therefore be killed at any moment: the
    next one gives the same reports, and grades only what the first one had not finished. Closing the
    iterator, or an error such as Ctrl-C, ends all worker processes.

    Args:
        assignment: what to grade against; can be pickled.
        submissions: each is read when its turn comes.
        journal: where verdicts are kept. The caller holds the lock.
        grade: ``grade(assignment, raw, student=…, seed=…)`` gives a report; can be pickled. A ``CourseError``
            from it is a fault of the machine and ends the run; any other error puts the one submission aside
            for a person.
        workers: how many processes on this machine; 0 or 1 grade in this process, without Dask; one for
            each processor unless given.
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
    tasks = _tasks(assignment, submissions, journal, known)
    with closing(_graded(assignment, tasks, grade, workers, scheduler)) as reports:
        for report in reports:
            journal.record(report)
            yield report
            while known:
                yield known.popleft()
    yield from known


def _tasks(
    assignment: Assignment, submissions: Iterable[Submission], journal: Journal, known: deque[Report]
) -> Iterator[Task]:
    """Read submissions one by one; what needs no grading is put with the known ones on the way."""
    begun: set[str] = set()
    for submission in submissions:
        student = submission.student
        try:
            raw = submission.raw()
        except OSError as error:
            known.append(_aside(assignment, student, f"The file cannot be read: {error.strerror}."))
            continue
        name = journals.key(assignment, student, raw)
        if name in begun:
            continue
        begun.add(name)
        report = journal.get(name)
        if report:
            known.append(report)
        else:
            yield Task(name, student, raw)


def _graded(
    assignment: Assignment, tasks: Iterator[Task], grade: Grade, workers: int | None, scheduler: str | None
) -> Generator[Report, None, None]:
    first = next(tasks, None)
    if first is None:
        return
    workers = os.cpu_count() or 1 if workers is None else workers
    if scheduler is None and workers < 2:
        yield graded(assignment, first, grade)
        for task in tasks:
            yield graded(assignment, task, grade)
    else:
        from cnncourse.grading.batch import cluster

        with cluster.connect(scheduler, workers) as client:
            yield from cluster.graded(client, assignment, chain([first], tasks), grade)


def graded(assignment: Assignment, task: Task, grade: Grade) -> Report:
    """Grade one submission, whatever becomes of it.

    Raises:
        CourseError: grading is not possible on this machine.
    """
    start = time.monotonic()
    try:
        report = grade(assignment, task.raw, student=task.student, seed=journals.seed(task.key))
    except CourseError:
        raise
    except (Exception, SystemExit) as error:
        said = f"The grader failed on it ({type(error).__name__}: {str(error)[:200]})."
        report = _aside(assignment, task.student, said)
    return replace(report, key=task.key, seconds=time.monotonic() - start)


def lost(assignment: Assignment, task: Task) -> Report:
    """Put aside what ended every worker process that it was given to."""
    said = "Grading it ended the worker process, several times."
    return replace(_aside(assignment, task.student, said), key=task.key)


def _aside(assignment: Assignment, student: str, reason: str) -> Report:
    return Report(student=student, assignment=assignment.name, key="", state="quarantined", reason=reason)
