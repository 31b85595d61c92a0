"""The pipeline of a class, from collected submissions to grades and pages. ``cnncourse grade`` runs it."""

import functools
import tempfile
from collections.abc import Callable, Generator, Iterable
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from cnncourse.grading.assignment import Assignment
from cnncourse.grading.batch import lock, runner
from cnncourse.grading.batch.journal import Journal
from cnncourse.grading.collect.identities import Identities
from cnncourse.grading.collect.parts import collect_part
from cnncourse.grading.collect.roster import Roster
from cnncourse.grading.collect.submissions import Submission, collect
from cnncourse.grading.course import Course
from cnncourse.grading.inside.limits import Limits
from cnncourse.grading.job import Job
from cnncourse.grading.judge import client
from cnncourse.grading.records import backup, exports, feedback, gradebook, statistics_page
from cnncourse.grading.records.gradebook import SubmissionGrade
from cnncourse.grading.repair.repair import Unreadable, blank, repair
from cnncourse.grading.report import Report

OnReport = Callable[[Report, SubmissionGrade | None], None]
_EARLIER = (
    "took back verdicts of an earlier version ({number}), which did not write down whether a sandbox was "
    "used: these submissions are graded again, and what a person has entered stays"
)


@dataclass(frozen=True)
class GradeOptions:
    """How to grade.

    Attributes:
        workers: how many to grade at a time on this machine; None for one for each processor.
        scheduler: the address of a Dask scheduler to use instead; empty for none.
        sandboxed: False runs students' code with all that you may do.
        regrade: grade also what has a verdict.
        hints: students' pages may give hints away.
        everyone: these are all submissions, so that the statistics are about the class.
        limits: what a submission may use.
        roster: the class, where the instructor gives a list of it; a platform's own table is filled in.
    """

    workers: int | None = None
    scheduler: str = ""
    sandboxed: bool = True
    regrade: bool = False
    hints: bool = True
    everyone: bool = True
    limits: Limits = field(default_factory=Limits)
    roster: Roster | None = None

    def job(self, assignment: Assignment) -> Job:
        """What the verdicts of this run depend on."""
        return Job(assignment, self.limits, self.sandboxed)


@dataclass(frozen=True)
class RunResult:
    """What a run came to.

    Attributes:
        reports: one for each student, by id.
        waiting: how many submissions have something that a person has yet to grade.
        pages: the files that were written, by what they are.
        notes: what the instructor should know, one line each: where the gradebook's backup is, say.
    """

    reports: tuple[Report, ...]
    waiting: int = 0
    pages: tuple[tuple[str, Path], ...] = ()
    notes: tuple[str, ...] = ()

    def count(self, state: str) -> int:
        """How many submissions ended so: ``graded``, ``zero`` or ``quarantined``."""
        return sum(report.state == state for report in self.reports)


def dry_run(
    assignment: Assignment, submissions: Iterable[Submission], options: GradeOptions, on_report: OnReport
) -> RunResult:
    """Grade, and write nothing down.

    Args:
        assignment: the instructor's version.
        submissions: what to grade.
        options: how to grade.
        on_report: is called with each report, and with None for its grade.
    """
    client.check_ready(sandboxed=options.sandboxed)
    with tempfile.TemporaryDirectory(prefix="cnn-") as folder, Journal(Path(folder) / "journal") as journal:
        reports = []
        with closing(_run(assignment, list(submissions), options, journal)) as graded:
            for report in graded:
                on_report(report, None)
                reports.append(report)
    return RunResult(_sorted(reports))


def grade_class(
    course: Course,
    assignment: Assignment,
    submissions: Iterable[Submission],
    options: GradeOptions,
    on_report: OnReport,
    others: Iterable[Assignment] = (),
) -> RunResult:
    """Grade, and write it down: journal, gradebook, formgrader's notebooks, feedback, tables, statistics.

    A run that is killed can be repeated: it goes on where it was, and ends with the same gradebook.

    Args:
        course: the class.
        assignment: the instructor's version.
        submissions: what to grade.
        options: how to grade.
        on_report: is called with each report, once it is written down, and with what the gradebook says.
        others: the other notebooks of the assignment: the gradebook must know them all beforehand.

    Raises:
        CourseError: nothing can be graded here, or somebody else grades this class at this moment.
    """
    name, folder = assignment.name, course.grading
    chosen = {submission.student: submission for submission in submissions}
    client.check_ready(sandboxed=options.sandboxed)
    folder.mkdir(parents=True, exist_ok=True)
    with (
        lock.hold(folder / "grade.lock"),
        Journal(folder / "journal" / f"{assignment.label}.jsonl") as journal,
    ):
        if not options.scheduler and runner.pending(options.job(assignment), chosen.values(), journal):
            client.prepare(options.job(assignment))  # while nbgrader is imported
        notes = [backup.backup(course.db_url, folder / "backups").note]
        if earlier := journal.forget_earlier():
            notes.append(_EARLIER.format(number=earlier))
        with gradebook.opened(course) as book:
            for one in (*others, assignment):
                gradebook.add_assignment(course, book, one)
            if options.regrade:
                job = options.job(assignment)
                journal.forget(job.key(one.student, one.raw()) for one in chosen.values())
            reports = []
            with closing(_run(assignment, list(chosen.values()), options, journal)) as graded:
                for report in graded:
                    grade = _record(course, book, assignment, report, chosen[report.student], options)
                    on_report(report, grade)
                    reports.append(report)
            for one in others:
                gradebook.close_missing(course, book, one)
            waiting = sum(
                bool(one.needs_manual_grade)
                for one in book.assignment_submissions(name)
                if one.student_id in chosen
            )
            people = {one.student: one.person for one in chosen.values() if one.person}
            gradebook.enter_people(
                book, {s: (one.first_name, one.last_name, one.email) for s, one in people.items()}
            )
            tables, said = exports.write(
                book, name, folder / "exports", options.roster, Identities.load(course.identities)
            )
            notes += said
        pages = [("table", path) for path in tables]
        if options.everyone and reports:
            standing = _standing(course, options.job(assignment), journal, reports)
            page = folder / "statistics" / f"{assignment.label}.html"
            pages.insert(0, ("statistics", statistics_page.write(standing, assignment.label, page)))
    return RunResult(_sorted(reports), waiting, tuple(pages), tuple(notes))


def _run(
    assignment: Assignment, submissions: list[Submission], options: GradeOptions, journal: Journal
) -> Generator[Report, None, None]:
    try:
        yield from runner.run(
            options.job(assignment),
            submissions,
            journal=journal,
            workers=options.workers,
            scheduler=options.scheduler or None,
            grade=client.grade_submission,
        )
    except BaseException:  # Ctrl-C, say: nobody waits for what is under way
        client.stop()
        raise


def _sorted(reports: list[Report]) -> tuple[Report, ...]:
    return tuple(sorted(reports, key=lambda report: report.student))


def _record(
    course: Course,
    book: Any,
    assignment: Assignment,
    report: Report,
    submission: Submission,
    options: GradeOptions,
) -> SubmissionGrade:
    """Write one report down, and give what the gradebook says then."""
    notebook = _notebook(assignment, submission)
    gradebook.write(
        course, book, assignment, report, notebook, submission.timestamp, account=submission.account
    )
    grade = gradebook.submission_grade(book, assignment.name, report.student, assignment.stem)
    report = replace(report, repairs=(*submission.notes, *report.repairs))
    feedback.write(course, assignment, report, notebook, grade, hints=options.hints)
    return grade


def _notebook(assignment: Assignment, submission: Submission) -> NotebookNode:
    source = _source(assignment)
    try:
        return repair(submission.raw(), source).notebook
    except (Unreadable, OSError):
        return blank(source)


@functools.lru_cache(maxsize=2)
def _source(assignment: Assignment) -> NotebookNode:
    return assignment.notebook


def _standing(course: Course, job: Job, journal: Journal, reports: list[Report]) -> tuple[Report, ...]:
    """This run's verdicts, and those that the rest of the class has: the statistics are about all of it."""
    graded = {report.student for report in reports}
    name = job.assignment.name
    if part := job.assignment.part:
        here = collect_part(course, course.submitted, name, part, course.submitted).submissions
    else:
        here = collect(course.submitted, name, course.submitted, course.names).submissions
    others = (journal.get(job.key(one.student, one.raw())) for one in here if one.student not in graded)
    return _sorted([*reports, *filter(None, others)])
