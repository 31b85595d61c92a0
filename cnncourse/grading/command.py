"""The command ``cnncourse grade``: import, grade with progress, write grades, pages and tables."""

import json
import shlex
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cnncourse.errors import ArgumentError, CourseError
from cnncourse.grading.imports import without_iri_grammars

if TYPE_CHECKING:
    from cnncourse.grading.assignment import Assignment
    from cnncourse.grading.collect.submissions import Collected
    from cnncourse.grading.course import Course
    from cnncourse.grading.pipeline import GradeOptions, OnReport, RunResult
    from cnncourse.grading.records.gradebook import SubmissionGrade
    from cnncourse.grading.report import Report

_FEW = 100
_GOES_ON = "they are written down, and the same command goes on with the others"
_SOME = 20
_SIGNS = {"graded": ("✓", "green"), "zero": ("0", "yellow"), "quarantined": ("!", "red")}
_LOUD = (
    "no sandbox: students' programs run on this machine as you. They can read and change your files, and use "
    "the network. Do this only where nothing is dear to you."
)


def grade(
    assignment: Annotated[str, typer.Argument(help="The assignment's name, such as 02_convolution.")] = "",
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
        int | None, typer.Option(min=0, help="How many at a time; one for each processor unless given.")
    ] = None,
    scheduler: Annotated[
        str, typer.Option(help="A Dask scheduler's address, such as tcp://node1:8786.")
    ] = "",
    hints: Annotated[bool, typer.Option(help="Let students' pages give hints.")] = True,
    course: Annotated[Path, typer.Option(help="The class's folder, with nbgrader_config.py.")] = Path(),
    accept: Annotated[
        bool,
        typer.Option("--accept", help="Judge in the student's process what cannot be judged apart from it."),
    ] = False,
    try_only: Annotated[
        bool, typer.Option("--try", help="Grade the assignment's own solution only, and nobody's work.")
    ] = False,
    init: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Lay out an empty course in a folder, with an example."),
    ] = None,
) -> None:
    """Grade a class: import, run in the sandbox, write grades into nbgrader's gradebook, and feedback pages.

    What has a verdict is not graded again, so that the same command goes on where it was stopped. What a
    person has entered in formgrader is never overwritten.
    """
    if init:
        _lay_out(init)
        return
    if not assignment:
        raise ArgumentError("expected the name of an assignment, such as: cnncourse grade 02_convolution")
    if no_sandbox:
        typer.secho(f"WARNING — {_LOUD}", fg="red", err=True)
    without_iri_grammars()
    from cnncourse.grading import intake, pipeline
    from cnncourse.grading.assignment import Assignment
    from cnncourse.grading.course import Course

    class_ = Course.open(course, db)
    parts = Assignment.load_all(class_.source(assignment))
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
    if try_only:
        for part in parts:
            _tried(class_, part, options, accept=accept, keep=True)
        typer.echo("its own solution gets all points, and an open notebook none")
        return
    place = intake.locate(class_, assignment, source)
    run = _Run(class_, place, student, options, dry_run, several=len(parts) > 1)
    with ExitStack() as stack:
        collected = [stack.enter_context(run.collected(part)) for part in parts]
        for one in collected:
            _show_owners(one, everybody=who)
        if not any(one.submissions for one in collected):
            raise _nobody(collected[0], place)
        chosen = [run.chosen(one) for one in collected]
        parts = tuple(_tried(class_, part, options, accept=accept, keep=not dry_run) for part in parts)
        results = [
            run.grade(part, parts, *some) for part, *some in zip(parts, collected, chosen, strict=True)
        ]
    if run.several:
        _total(results)
    if report:
        _write_verdicts(report, [one for result in results for one in result.reports])


def _lay_out(folder: Path) -> None:
    from cnncourse.grading.layout import lay_out

    for path in lay_out(folder):
        typer.echo(f"written: {path}")
    typer.echo(f"next: cd {shlex.quote(str(folder))} && cnncourse grade hello --try")


def _tried(
    class_: "Course", part: "Assignment", options: "GradeOptions", *, accept: bool, keep: bool
) -> "Assignment":
    """Grade the assignment's own solution before any student's; stop here if it is not ready.

    Raises:
        TrialFailed: it is not; the message says which cells are at fault.
    """
    from cnncourse.grading import trial
    from cnncourse.grading.judge import client

    path = class_.source(part.name) / f"{part.stem}.ipynb"
    for _ in range(2):  # what was accepted is tried again
        job = options.job(part)
        known = trial.Known(class_.grading / "trials" / f"{part.label}.json")
        if not known.has(job):
            client.check_ready(sandboxed=options.sandboxed)
            typer.echo(f"{part.label}: grading its own solution first …")
            tried = trial.try_out(job, client.grade_submission)
            if options.scheduler:
                client.close()  # its workers have processes of their own; here it is kept for the class
            if not tried.faults:
                if keep:
                    known.keep(job)
            elif not accept or tried.of("broken"):
                raise trial.TrialFailed(trial.told(tried, path))
            else:
                part = trial.accept(tried, path)
                continue
        break
    if said := trial.trust(part):
        typer.secho(said, fg="yellow")
    return part


@dataclass
class _Run:
    """What the notebooks of an assignment have in common while they are graded, one after the other."""

    course: "Course"
    place: Path
    students: list[str] | None
    options: "GradeOptions"
    dry: bool
    several: bool

    @contextmanager
    def collected(self, part: "Assignment") -> "Iterator[Collected]":
        """Import the submissions of one notebook; a dry run has them until the end of the block."""
        from cnncourse.grading import intake

        where = (self.course, part.name, self.place, self.options.roster, part.part)
        if self.dry:
            with intake.previewed(*where) as collected:
                yield collected
        else:
            yield intake.import_submissions(*where)

    def chosen(self, collected: "Collected") -> "Collected":
        """Keep the students that were named; of several notebooks, nobody need have done each."""
        if self.several and not collected.submissions:
            return collected
        return _chosen(collected, self.students, self.place)

    def grade(
        self,
        part: "Assignment",
        parts: "tuple[Assignment, ...]",
        collected: "Collected",
        chosen: "Collected",
    ) -> "RunResult":
        """Grade one notebook, and say what came of it."""
        from cnncourse.grading import pipeline

        start = time.monotonic()
        if self.several:
            typer.secho(f"{part.label}", bold=True)
        with _progress(len(chosen.submissions), "nothing was written" if self.dry else _GOES_ON) as on_report:
            if self.dry:
                result = pipeline.dry_run(part, chosen.submissions, self.options, on_report)
            else:
                others = tuple(one for one in parts if one is not part)
                result = pipeline.grade_class(
                    self.course, part, chosen.submissions, self.options, on_report, others
                )
        _conclude(result, collected, time.monotonic() - start, self.dry)
        if not self.dry:
            _show_pages(result, self.course, part.stem)
        return result


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
        raise _nobody(collected, place)
    _warn(collected)
    wanted = dict.fromkeys(students) if students else known
    return replace(collected, submissions=tuple(known[name] for name in wanted))


def _nobody(collected: "Collected", place: Path) -> CourseError:
    why = f": {collected.ignored[0].name}: {collected.ignored[0].reason}" if collected.ignored else ""
    return CourseError(
        f"expected submissions in {place}, found none{why} — name a folder or archive with --from"
    )


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


def _write_verdicts(path: Path, reports: "list[Report]") -> None:
    verdicts = [json.loads(report.to_json()) for report in reports]
    path.write_text(json.dumps(verdicts, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _total(results: "list[RunResult]") -> None:
    """Add up what each student got in all notebooks of the assignment, by the tests."""
    most = sum(max((one.max_points for one in result.reports), default=0.0) for result in results)
    points: dict[str, float] = {}
    for one in (one for result in results for one in result.reports):
        points[one.student] = points.get(one.student, 0.0) + one.points
    typer.secho("all notebooks", bold=True)
    for student in sorted(points)[:_FEW]:
        typer.echo(f"  {student:<24} {points[student]:g} of {most:g}")


def _conclude(result: "RunResult", collected: "Collected", seconds: float, dry_run: bool) -> None:
    parts = [f"{result.count(state)} {state}" for state in ("graded", "zero", "quarantined")]
    if result.waiting:
        parts.append(f"{result.waiting} with answers for a person to read")
    if collected.ignored:
        parts.append(f"{len(collected.ignored)} not understood")
    ending = " · nothing was written" if dry_run else ""
    number = len(result.reports)
    typer.echo(f"{number} submission{'s' * (number != 1)}: {' · '.join(parts)} · {seconds:.0f} s{ending}")


def _show_pages(result: "RunResult", course: "Course", stem: str) -> None:
    typer.echo("\n".join(result.notes))
    tables = [path for what, path in result.pages if what == "table"]
    if tables:
        typer.echo(f"tables:     {tables[0].parent}/ ({', '.join(path.name for path in tables)})")
    if result.reports:
        by_points = sorted(result.reports, key=lambda report: (report.state == "graded", report.points))
        shown = by_points[(len(by_points) + 1) // 2 - 1]
        page = course.feedback(shown.student, shown.assignment) / f"{stem}.html"
        typer.echo(f"feedback:   {page.as_uri()}")
    for path in (path for what, path in result.pages if what == "statistics"):
        typer.echo(f"statistics: {path.as_uri()}")
    if result.waiting:
        where = "" if course.root == Path.cwd() else f" in {shlex.quote(str(course.root))}"
        typer.echo(f"to read answers: open JupyterLab{where}, then Nbgrader → Formgrader → Manual Grading")
