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
    from cnncourse.grading.report import Report

_FEW = 100
_SOME = 20
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
    roster: Annotated[
        Path | None,
        typer.Option(help="The class as CSV: id, name, login, accounts; or the platform's own table."),
    ] = None,
    who: Annotated[bool, typer.Option("--who", help="Show which file is whose.")] = False,
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
        int | None, typer.Option(min=0, help="Processes; one for each processor unless given.")
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
    from cnncourse.grading import intake, pipeline
    from cnncourse.grading.assignment import Assignment
    from cnncourse.grading.course import Course

    class_ = Course.open(course, db)
    exercise = Assignment.load(class_.source(assignment))
    people = intake.read_roster(class_, assignment, roster, keep=not dry_run)
    options = pipeline.GradeOptions(
        workers=workers,
        scheduler=scheduler,
        sandboxed=not no_sandbox,
        regrade=regrade,
        hints=hints,
        everyone=not student,
        roster=people,
    )
    place = intake.locate(class_, assignment, source)
    if dry_run:
        with intake.previewed(class_, assignment, place, people) as collected:
            _show_owners(collected, everybody=who)
            chosen = _chosen(collected, student, place)
            with _progress(len(chosen.submissions)) as on_report:
                result = pipeline.dry_run(exercise, chosen.submissions, options, on_report)
    else:
        collected = intake.import_submissions(class_, assignment, place, people)
        _show_owners(collected, everybody=who)
        chosen = _chosen(collected, student, place)
        with _progress(len(chosen.submissions)) as on_report:
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


def _show_owners(collected: "Collected", *, everybody: bool) -> None:
    """Show which file is whose: all of them if asked, else some of each kind that is new to this class."""
    seen: dict[str, int] = {}
    for one in sorted(collected.submissions, key=lambda one: one.source):
        count = seen[one.evidence] = seen.get(one.evidence, 0) + 1
        if one.source and (everybody or (one.evidence in collected.new and count <= _SOME)):
            if count == 1 and one.evidence in collected.new:
                typer.echo(
                    f"{one.evidence}: met for the first time in this class; look whether these are right"
                )
            typer.echo(f"  {one.source} → {one.student}")
    if hidden := sum(max(0, seen.get(kind, 0) - _SOME) for kind in collected.new) * (not everybody):
        typer.echo(f"  … and {hidden} more: --who shows all")


def _warn(collected: "Collected") -> None:
    somebodys = [one for one in collected.ignored if "--roster" in one.reason]  # all of these are named
    other = [one for one in collected.ignored if "--roster" not in one.reason]
    for one in (*somebodys, *other[:_SOME]):
        typer.echo(f"not understood: {one.name}: {one.reason}", err=True)
    if len(other) > _SOME:
        typer.echo(f"not understood: {len(other) - _SOME} more files", err=True)
    late = [one.student for one in collected.submissions if one.late and one.timestamp is None]
    if late:
        names = ", ".join(late[:5]) + (" …" if len(late) > 5 else "")
        typer.echo(f"late, says the platform, but not how late: {names} — no penalty is taken", err=True)
    unclear = [submission for submission in collected.submissions if submission.unclear_time]
    for submission in unclear[:_SOME]:
        said = f"{submission.student}: {submission.unclear_time}"
        typer.echo(f"handed in when? {said} — no penalty is taken", err=True)
    if len(unclear) > _SOME:
        names = ", ".join(submission.student for submission in unclear[_SOME:])
        typer.echo(f"handed in when? the same for {names}", err=True)


@contextmanager
def _progress(total: int) -> "Iterator[OnReport]":
    """Show how far it is, how long it will take, and what a person should know of."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
    from rich.text import Text

    console = Console(highlight=False, soft_wrap=True)
    columns = (TextColumn("grading"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        bar = progress.add_task("grading", total=total)

        def on_report(report: "Report") -> None:
            sign, colour = _SIGNS[report.state]
            points = (
                f"{report.points:g} of {report.max_points:g}" if report.state == "graded" else report.state
            )
            said = "; ".join(filter(None, (report.reason, *(f"look: {flag}" for flag in report.flags))))
            if total <= _FEW or report.state != "graded" or report.flags:
                console.print(
                    Text.assemble((sign, colour), f" {report.student:<24} {points:<12} {said}".rstrip())
                )
            progress.advance(bar)

        yield on_report


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
