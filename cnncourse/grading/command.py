"""The command ``cnncourse grade``: import, grade with progress, write grades, pages and tables."""

import json
import shlex
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cnncourse.errors import ArgumentError, CourseError

if TYPE_CHECKING:
    from cnncourse.grading.collect.submissions import Collected
    from cnncourse.grading.course import Course
    from cnncourse.grading.pipeline import OnReport, RunResult
    from cnncourse.grading.records.gradebook import SubmissionGrade
    from cnncourse.grading.report import Report

_FEW = 100
_GOES_ON = "they are written down, and the same command goes on with the others"
_SIGNS = {"graded": ("✓", "green"), "zero": ("0", "yellow"), "quarantined": ("!", "red")}
_LOUD = (
    "no sandbox: students' programs run on this machine as you. They can read and change your files, and use "
    "the network. Do this only where nothing is dear to you."
)


def grade(
    assignment: Annotated[str, typer.Argument(help="The assignment's name, such as 02_convolution.")],
    source: Annotated[
        Path | None,
        typer.Option("--from", help="A folder, or a zip archive from Canvas, Moodle or anywhere."),
    ] = None,
    student: Annotated[list[str] | None, typer.Option(help="Only this student; may be repeated.")] = None,
    regrade: Annotated[bool, typer.Option("--regrade", help="Grade also what has a verdict.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Grade, and write nothing down.")] = False,
    report: Annotated[Path | None, typer.Option(help="Write all verdicts into this JSON file.")] = None,
    db: Annotated[
        str | None, typer.Option(help="The gradebook's address: postgresql://…, sqlite:///…")
    ] = None,
    no_sandbox: Annotated[
        bool,
        typer.Option("--no-sandbox", help="Run students' programs as you: they may do all that you may."),
    ] = False,
    workers: Annotated[
        int | None, typer.Option(min=0, help="How many at a time; one for each processor unless given.")
    ] = None,
    scheduler: Annotated[
        str, typer.Option(help="A Dask scheduler's address, such as tcp://node1:8786.")
    ] = "",
    hints: Annotated[bool, typer.Option(help="Let students' pages give hints.")] = True,
    course: Annotated[Path, typer.Option(help="The class's folder, with nbgrader_config.py.")] = Path(),
) -> None:
    """Grade a class: import, run in the sandbox, write grades into nbgrader's gradebook, and feedback pages.

    What has a verdict is not graded again, so that the same command goes on where it was stopped. What a
    person has entered in formgrader is never overwritten.
    """
    start = time.monotonic()
    if no_sandbox:
        typer.secho(f"WARNING — {_LOUD}", fg="red", err=True)
    from cnncourse.grading import pipeline
    from cnncourse.grading.assignment import Assignment
    from cnncourse.grading.course import Course

    class_ = Course.open(course, db)
    exercise = Assignment.load(class_.source(assignment))
    options = pipeline.GradeOptions(
        workers=workers,
        scheduler=scheduler,
        sandboxed=not no_sandbox,
        regrade=regrade,
        hints=hints,
        everyone=not student,
    )
    place = pipeline.locate(class_, assignment, source)
    if dry_run:
        with pipeline.previewed(class_, assignment, place) as collected:
            chosen = _chosen(collected, student, place)
            with _progress(len(chosen.submissions), "nothing was written") as on_report:
                result = pipeline.dry_run(exercise, chosen.submissions, options, on_report)
    else:
        collected = pipeline.import_submissions(class_, assignment, place)
        chosen = _chosen(collected, student, place)
        with _progress(len(chosen.submissions), _GOES_ON) as on_report:
            result = pipeline.grade_class(class_, exercise, chosen.submissions, options, on_report)
    if report:
        _write_verdicts(report, result)
    _conclude(result, collected, time.monotonic() - start, dry_run)
    if not dry_run:
        _show_pages(result, class_)


def _chosen(collected: "Collected", students: list[str] | None, place: Path) -> "Collected":
    """Keep the students that were named.

    Raises:
        ArgumentError: one of them has handed in nothing.
        CourseError: nobody has.
    """
    from dataclasses import replace

    known = {submission.student: submission for submission in collected.submissions}
    for student in students or ():
        if student not in known:
            some = ", ".join(list(known)[:5]) or "nobody"
            raise ArgumentError(f"expected a student who handed something in ({some} …), got {student!r}")
    if not known:
        why = f": {collected.ignored[0].name}: {collected.ignored[0].reason}" if collected.ignored else ""
        raise CourseError(
            f"expected submissions in {place}, found none{why} — name a folder or archive with --from"
        )
    _warn(collected)
    wanted = dict.fromkeys(students) if students else known
    return replace(collected, submissions=tuple(known[name] for name in wanted))


def _warn(collected: "Collected") -> None:
    for one in collected.ignored[:20]:
        typer.echo(f"not understood: {one.name}: {one.reason}", err=True)
    if len(collected.ignored) > 20:
        typer.echo(f"not understood: {len(collected.ignored) - 20} more files", err=True)
    late = [one.student for one in collected.submissions if one.late and one.timestamp is None]
    if late:
        names = ", ".join(late[:5]) + (" …" if len(late) > 5 else "")
        typer.echo(f"late, says the platform, but not how late: {names} — no penalty is taken", err=True)


@contextmanager
def _progress(total: int, stopped: str) -> "Iterator[OnReport]":
    """Show how far it is, how long it will take, and what a person should know of; say if it is stopped."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
    from rich.text import Text

    console = Console(highlight=False, soft_wrap=True)
    columns = (TextColumn("grading"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        bar = progress.add_task("grading", total=total)

        def on_report(report: "Report", grade: "SubmissionGrade | None") -> None:
            sign, colour = _SIGNS[report.state]
            score = grade.score - grade.penalty if grade else report.points
            most = grade.max_score if grade else report.max_points
            points = f"{round(score, 2):g} of {most:g}" if report.state == "graded" else report.state
            said = "; ".join(filter(None, (report.reason, *(f"look: {flag}" for flag in report.flags))))
            if total <= _FEW or report.state != "graded" or report.flags:
                console.print(
                    Text.assemble((sign, colour), f" {report.student:<24} {points:<12} {said}".rstrip())
                )
            progress.advance(bar)

        try:
            yield on_report
        except KeyboardInterrupt:
            progress.stop()
            number = int(progress.tasks[bar].completed)
            typer.echo(f"stopped: {number} of {total} submissions were graded; {stopped}", err=True)
            raise typer.Exit(130) from None


def _write_verdicts(path: Path, result: "RunResult") -> None:
    verdicts = [json.loads(report.to_json()) for report in result.reports]
    path.write_text(json.dumps(verdicts, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _conclude(result: "RunResult", collected: "Collected", seconds: float, dry_run: bool) -> None:
    parts = [f"{result.count(state)} {state}" for state in ("graded", "zero", "quarantined")]
    if result.waiting:
        parts.append(f"{result.waiting} with answers for a person to read")
    if collected.ignored:
        parts.append(f"{len(collected.ignored)} not understood")
    ending = " · nothing was written" if dry_run else ""
    number = len(result.reports)
    typer.echo(f"{number} submission{'s' * (number != 1)}: {' · '.join(parts)} · {seconds:.0f} s{ending}")


def _show_pages(result: "RunResult", course: "Course") -> None:
    typer.echo("\n".join(result.notes))
    tables = [path for what, path in result.pages if what == "table"]
    if tables:
        typer.echo(f"tables:     {tables[0].parent}/ ({', '.join(path.name for path in tables)})")
    if result.reports:
        by_points = sorted(result.reports, key=lambda report: (report.state == "graded", report.points))
        shown = by_points[(len(by_points) + 1) // 2 - 1]
        page = course.feedback(shown.student, shown.assignment) / f"{shown.assignment}.html"
        typer.echo(f"feedback:   {page.as_uri()}")
    for path in (path for what, path in result.pages if what == "statistics"):
        typer.echo(f"statistics: {path.as_uri()}")
    if result.waiting:
        where = "" if course.root == Path.cwd() else f" in {shlex.quote(str(course.root))}"
        typer.echo(f"to read answers: open JupyterLab{where}, then Nbgrader → Formgrader → Manual Grading")
