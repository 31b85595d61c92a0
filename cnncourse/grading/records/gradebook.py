"""nbgrader's gradebook: where points become grades. What a person has entered there is never overwritten.

Writing is idempotent: the same report twice leaves the gradebook as the first one did. Only the process that
started the run writes.
"""

import contextlib
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from cnncourse.errors import CourseError
from cnncourse.files import replace_file
from cnncourse.grading import cells
from cnncourse.grading.assignment import Assignment
from cnncourse.grading.course import Course
from cnncourse.grading.records import autograded
from cnncourse.grading.report import CellReport, Report

_NO_RESPONSE = "No response."  # in nbgrader's words


class GradebookError(CourseError):
    """The gradebook cannot be opened, or is not about this assignment."""


@dataclass(frozen=True)
class CellGrade:
    """What the gradebook says of one cell.

    Attributes:
        score: points, with what a person changed or added.
        max_score: points that the cell can get.
        extra: how many of the points are extra credit.
        comment: what a person, or nbgrader, wrote below the answer; empty if nothing.
        waits: a person has yet to look at it.
    """

    score: float
    max_score: float
    extra: float
    comment: str
    waits: bool


@dataclass(frozen=True)
class SubmissionGrade:
    """What the gradebook says of one submission.

    Attributes:
        score: points, before the penalty.
        max_score: points that can be had.
        penalty: points taken off for being late.
        cells: for each graded cell, by grade_id.
        comments: what was written below answers that get no points of their own, by grade_id.
    """

    score: float
    max_score: float
    penalty: float
    cells: dict[str, CellGrade]
    comments: dict[str, str]


@contextlib.contextmanager
def opened(course: Course) -> Iterator[Any]:
    """Open the gradebook of a class; make it if there is none.

    Yields:
        nbgrader's ``Gradebook``.

    Raises:
        GradebookError: it cannot be opened, or a change cannot be written.
    """
    from nbgrader.api import Gradebook
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import SQLAlchemyError

    # nbgrader calls alembic by its name: let it find the one beside this Python, without an activated venv.
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    try:
        with Gradebook(course.db_url, course.course_id) as book:
            yield book
    except (SQLAlchemyError, ModuleNotFoundError) as error:
        with contextlib.suppress(SQLAlchemyError):
            where = make_url(course.db_url).render_as_string(hide_password=True)
            raise GradebookError(f"the gradebook {where} cannot be used: {_one_line(error)}") from None
        raise GradebookError(
            "expected the gradebook's address as SQLAlchemy writes it, such as sqlite:////folder/gradebook.db"
        ) from None


def _one_line(error: Exception) -> str:
    return (str(getattr(error, "orig", None) or error).strip().splitlines() or [type(error).__name__])[0]


def add_assignment(course: Course, book: Any, assignment: Assignment) -> bool:
    """Enter an assignment into the gradebook as ``nbgrader generate_assignment`` does.

    Returns:
        Whether something was entered; False if the gradebook knows this version.

    Raises:
        GradebookError: nbgrader makes no students' version of it, or cells were added or removed although
            students have handed it in.
    """
    from nbgrader.api import MissingEntry
    from nbgrader.preprocessors import (
        CheckCellMetadata,
        ClearOutput,
        ClearSolutions,
        ComputeChecksums,
        LockCells,
        SaveCells,
    )

    name = assignment.name
    notebook: Any = assignment.notebook
    about = {"assignment": name, "notebook": assignment.stem, "student": ".", "db_url": course.db_url}
    resources: Any = {"nbgrader": about}
    for step in (LockCells, ClearSolutions, ClearOutput, CheckCellMetadata, ComputeChecksums):
        try:
            notebook, resources = step(config=course.config).preprocess(notebook, resources)
        except Exception as problem:  # nbgrader's own words, or those of a step of the course's config
            raise GradebookError(
                f"nbgrader makes no students' version of {assignment.label}, so nobody was graded: "
                f"{step.__name__}: {str(problem).rstrip('.')}{_stray(assignment)}"
            ) from problem
    with contextlib.suppress(MissingEntry):
        known = {cell.name: cell.checksum for cell in book.find_notebook(assignment.stem, name).source_cells}
        marked = (cell for cell in notebook.cells if cells.role(cell))
        if known == {cells.grade_id(cell): cells.mark(cell).get("checksum") for cell in marked}:
            return False
    book.update_or_create_assignment(name)
    try:
        SaveCells(config=course.config).preprocess(notebook, resources)
    except RuntimeError:
        raise GradebookError(
            f"cells were added to {name} or removed since students handed it in: "
            "grade it under a new name, or restore the cells"
        ) from None
    book.db.expire_all()
    return True


def _stray(assignment: Assignment) -> str:
    """Name the cells with an answer's markers that are no answers: nbgrader stops at them."""
    marked = (cell for cell in assignment.notebook.cells if "BEGIN SOLUTION" in cell.source)
    stray = [cell for cell in marked if cells.role(cell) not in ("solution", "manual")]
    firsts = [next(filter(str.strip, cell.source.splitlines())).strip() for cell in stray]
    return f"; the cell that begins with: {' · '.join(firsts)}" if stray else ""


def write(
    course: Course,
    book: Any,
    assignment: Assignment,
    report: Report,
    notebook: NotebookNode,
    timestamp: datetime | None = None,
    account: str = "",
) -> None:
    """Write one report: the points into the gradebook, the notebook to where formgrader looks for it.

    A score that a person gave, a comment and extra credit stay. An answer or a score that has changed under a
    person's grade is marked to be looked at again.

    Args:
        course: the class.
        book: nbgrader's gradebook.
        assignment: the instructor's version.
        report: what grading came to.
        notebook: the repaired submission; for one that cannot be read, ``repair.blank(…)``.
        timestamp: when it was handed in, in UTC.
        account: the student's number on the learning platform; kept if the gradebook has none.
    """
    name, student = report.assignment, report.student
    folder = course.autograded(student, name)
    before = autograded.answers(folder / f"{assignment.stem}.ipynb")
    graded = autograded.build(report, notebook, assignment)
    sources = {cell.name: cell.checksum for cell in book.find_notebook(assignment.stem, name).source_cells}
    unanswered = _sign(graded, sources)
    changed = {n for n, text in _answers(graded).items() if before.get(n, text) != text}
    with book.db.no_autoflush:
        person = book.update_or_create_student(student)
        if account and not person.lms_user_id:
            person.lms_user_id = account
        submission = book.update_or_create_submission(name, student, timestamp=timestamp)
    (mine,) = (one for one in submission.notebooks if one.name == assignment.stem)
    results = {cell.cell: cell for cell in report.cells}
    for grade in mine.grades:
        score = _score(report, results.get(grade.name), grade.name in unanswered)
        _enter(grade, score, grade.name in changed)
    for comment in mine.comments:
        said = _NO_RESPONSE if comment.name in unanswered else None
        if comment.auto_comment != said:
            comment.auto_comment = said
    book.db.flush()
    _penalise(course, book, submission, mine)
    book.db.commit()
    autograded.write(graded, folder, assignment)
    if timestamp:
        replace_file(folder / "timestamp.txt", f"{timestamp.isoformat(' ')}\n".encode())


def close_missing(course: Course, book: Any, assignment: Assignment) -> None:
    """Give 0 points for a notebook that a student did not hand in, beside others of the same assignment.

    As nbgrader does: nobody waits for it. If it comes later, it is graded.
    """
    for submission in book.assignment_submissions(assignment.name):
        folder = course.submitted / submission.student_id / assignment.name
        if not (folder / f"{assignment.stem}.ipynb").is_file():
            grades = [g for one in submission.notebooks if one.name == assignment.stem for g in one.grades]
            for grade in grades:
                if grade.auto_score is None and grade.manual_score is None:
                    grade.auto_score, grade.needs_manual_grade = 0.0, False


def accounts(book: Any) -> dict[str, str]:
    """Give the account of each student, as far as the gradebook knows it; empty for others."""
    return {str(student.id): student.lms_user_id or "" for student in book.students}


def enter_people(book: Any, people: Mapping[str, tuple[str, str, str]]) -> None:
    """Enter names and addresses where the gradebook has none.

    Args:
        book: nbgrader's gradebook.
        people: first name, last name and address, by the student's id.
    """
    for student, (first, last, email) in people.items():
        person = book.update_or_create_student(student)
        person.first_name = person.first_name or first or None
        person.last_name = person.last_name or last or None
        person.email = person.email or email or None
    book.db.commit()


def _sign(notebook: NotebookNode, checksums: dict[str, str]) -> set[str]:
    """Give each cell nbgrader's checksum, and name the answers that are as they were given out."""
    from nbgrader.utils import compute_checksum

    unanswered = set()
    for cell in notebook.cells:
        mark, name = cells.mark(cell), cells.grade_id(cell)
        if name in checksums:
            mark["checksum"] = checksums[name]
            if mark.get("solution") and compute_checksum(cell) == mark["checksum"]:
                unanswered.add(name)
    return unanswered


def _answers(notebook: NotebookNode) -> dict[str, str]:
    return {cells.grade_id(cell): cell.source for cell in notebook.cells if cells.mark(cell).get("solution")}


def _score(report: Report, result: CellReport | None, unanswered: bool) -> float | None:
    """Say what the gradebook should hold; None waits for a person."""
    if report.state == "quarantined":
        return None
    if report.state == "zero" or unanswered:
        return 0.0
    return None if result is None or result.state in ("manual", "missing") else result.points


def _enter(grade: Any, score: float | None, changed: bool) -> None:
    """Enter a score as nbgrader does, and ask for a person only if there is something new to see."""
    new = grade.auto_score != score or changed or bool(grade.needs_manual_grade)
    waits = score is None if grade.manual_score is None else new
    if grade.auto_score != score:
        grade.auto_score = score
    if grade.needs_manual_grade != waits:
        grade.needs_manual_grade = waits


def _penalise(course: Course, book: Any, submission: Any, notebook: Any) -> None:
    """Take off what the class's plugin for late submissions says."""
    from nbgrader.preprocessors import AssignLatePenalties

    penalty = None
    book.db.refresh(notebook)
    if submission.total_seconds_late > 0:
        step = AssignLatePenalties(config=course.config)
        step.init_plugin()
        penalty = step.plugin_inst.late_submission_penalty(
            submission.student_id, notebook.score, submission.total_seconds_late
        )
        penalty = None if penalty is None else step._check_late_penalty(notebook, penalty)
    if notebook.late_submission_penalty != penalty:
        notebook.late_submission_penalty = penalty


def submission_grade(book: Any, assignment: str, student: str, notebook_name: str = "") -> SubmissionGrade:
    """Read what a student got, with all that people have changed.

    Args:
        book: nbgrader's gradebook.
        assignment: its name.
        student: the student's id.
        notebook_name: the notebook's, if it is not that of the assignment.
    """
    notebook = book.find_submission_notebook(notebook_name or assignment, assignment, student)
    comments = {comment.name: comment.comment or "" for comment in notebook.comments}
    grades = {
        grade.name: CellGrade(
            score=grade.score,
            max_score=grade.max_score,
            extra=grade.extra_credit or 0.0,
            comment=comments.pop(grade.name, ""),
            waits=bool(grade.needs_manual_grade),
        )
        for grade in notebook.grades
    }
    penalty = notebook.late_submission_penalty or 0.0
    return SubmissionGrade(notebook.score, notebook.max_score, penalty, grades, comments)
