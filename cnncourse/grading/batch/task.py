"""A task: one submission on its way to be graded, here or on another machine, whatever becomes of it."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from cnncourse.errors import CourseError
from cnncourse.grading.job import Job
from cnncourse.grading.report import Report

GradeFunction = Callable[..., Report]  # grade(job, raw, student=…)


@dataclass(frozen=True)
class Task:
    """One submission: plain data, for it may cross to another machine."""

    key: str
    student: str
    raw: bytes


def carry_out(job: Job, task: Task, grade: GradeFunction) -> Report:
    """Grade one submission; if the grader itself fails on it, put it aside for a person.

    Raises:
        CourseError: grading is not possible on this machine.
    """
    start = time.monotonic()
    try:
        report = grade(job, task.raw, student=task.student)
    except CourseError:
        raise
    except (Exception, SystemExit) as error:
        said = f"The grader failed on it ({type(error).__name__}: {str(error)[:200]})."
        report = aside(job, task.student, said)
    return replace(report, key=task.key, sandboxed=job.sandboxed, seconds=time.monotonic() - start)


def lost(job: Job, task: Task) -> Report:
    """Put aside what ended every worker process that it was given to."""
    return aside(job, task.student, "Grading it ended the worker process, several times.", task.key)


def aside(job: Job, student: str, reason: str, key: str = "") -> Report:
    """Report that a person has to look at a submission."""
    return Report(
        student=student,
        assignment=job.assignment.name,
        key=key,
        state="quarantined",
        reason=reason,
        sandboxed=job.sandboxed,
    )
