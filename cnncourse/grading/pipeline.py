"""The pipeline of a class, from what was handed in to grades and pages. ``cnncourse grade`` runs it."""

import functools
import tempfile
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from cnncourse.grading.assignment import Assignment
from cnncourse.grading.batch import lock, runner
from cnncourse.grading.batch.journal import Journal
from cnncourse.grading.collect.parts import collect_part
from cnncourse.grading.collect.submissions import Collected, Submission, collect
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
    """

    workers: int | None = None
    scheduler: str = ""
    sandboxed: bool = True
    regrade: bool = False
    hints: bool = True
    everyone: bool = True
    limits: Limits = field(default_factory=Limits)

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


def locate(course: Course, assignment: str, place: Path | None) -> Path:
    """Say where submissions are to be looked for.

    Args:
        course: the class.
        assignment: its name.
        place: what the instructor named.

    Returns:
        ``place``, else nbgrader's folder of submissions, or of downloads if nothing lies in the first.
    """
    if place is not None:
        return place
    downloads = _downloads(course, assignment)
    if downloads.is_dir() and not any(course.submitted.glob(f"*/{assignment}/*.ipynb")):
        return downloads
    return course.submitted


def import_submissions(course: Course, assignment: str, place: Path, part: str = "") -> Collected:
    """Bring submissions into the class's folders; an archive is kept beside those that were there before.

    Args:
        course: the class.
        assignment: its name.
        place: where they are.
        part: the notebook's name where it is not that of the assignment.
    """
    course.submitted.mkdir(parents=True, exist_ok=True)
    if part:
        collected = collect_part(course, place, assignment, part, course.submitted)
    else:
        collected = collect(place, assignment, course.submitted, course.names)
    archives = _downloads(course, assignment)
    if place.is_file() and collected.submissions and place.resolve().parent != archives.resolve():
        _keep_archive(place, archives)
    return collected


@contextmanager
def previewed(course: Course, assignment: str, place: Path, part: str = "") -> Iterator[Collected]:
    """Look at submissions without bringing them in: they lie in a folder that is gone at the block's end."""
    with tempfile.TemporaryDirectory(prefix="cnn-") as folder:
        if part:
            yield collect_part(course, place, assignment, part, Path(folder))
            return
        home = place.is_dir() and course.submitted.is_dir() and place.samefile(course.submitted)
        yield collect(place, assignment, Path(folder), course.names, nbgraders=home)


def _downloads(course: Course, assignment: str) -> Path:
    folder = course.config.ZipCollectApp.get("downloaded_directory", "downloaded")
    return course.root / str(folder) / assignment / "archive"


def _keep_archive(archive: Path, folder: Path) -> None:
    import hashlib
    import shutil

    folder.mkdir(parents=True, exist_ok=True)
    with archive.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()[:8]
    target = folder / f"{archive.stem}-{digest}{archive.suffix}"
    if not target.exists():
        shutil.copyfile(archive, target)


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
            pages = tuple(_summaries(book, assignment, _sorted(reports), folder, options.everyone))
    return RunResult(_sorted(reports), waiting, pages, tuple(notes))


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


def _summaries(
    book: Any, assignment: Assignment, reports: tuple[Report, ...], folder: Path, everyone: bool
) -> Iterator[tuple[str, Path]]:
    if everyone and reports:
        page = folder / "statistics" / f"{assignment.label}.html"
        yield "statistics", statistics_page.write(reports, assignment.label, page)
    yield from (("table", path) for path in exports.write(book, assignment.name, folder / "exports"))
