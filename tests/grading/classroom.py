"""A class of its own in a temporary folder, with the sample exercise and hand-written reports."""

import shutil
from pathlib import Path

import nbformat

from cnncourse.grading.assignment import Assignment
from cnncourse.grading.cells import role, without_markers
from cnncourse.grading.course import Course
from cnncourse.grading.report import CellReport, Report
from tests.exercises import sample

ROOT = Path(__file__).parents[2]
POINTS = {"double-value": 2.0, "double-input": 1.0, "count-value": 3.0}


def lay_out(root: Path) -> Path:
    """Write what a class needs: nbgrader's configuration and one exercise."""
    shutil.copy(ROOT / "nbgrader_config.py", root)
    sample.write(root)
    return root


def opened(root: Path, db: str | None = None) -> tuple[Course, Assignment]:
    course = Course.open(root, db)
    return course, Assignment.load(course.source(sample.STEM))


def answered(**sources: str) -> nbformat.NotebookNode:
    """A right submission; other sources by the cell's id, with _ for -."""
    notebook = sample.notebook()
    for cell in notebook.cells:
        cell.source = sources.get(cell.id.replace("-", "_"), without_markers(cell.source))
        if role(cell) == "test":
            cell.source = "\n".join(line for line in cell.source.splitlines() if "generator" not in line)
    return notebook


def raw(notebook: nbformat.NotebookNode) -> bytes:
    return nbformat.writes(notebook).encode()


def report(student: str = "ada", *, failed: tuple[str, ...] = (), **fields: object) -> Report:
    """What grading the sample comes to, when just these tests fail."""
    cells = [
        CellReport(
            cell=name,
            points=0.0 if name in failed else points,
            max_points=points,
            state="failed" if name in failed else "passed",
            reason="expected 3, got 4" if name in failed else "",
            error="CheckFailed" if name in failed else "",
            output="" if name in failed else f"✓ {name}",
            title=name if name in failed else "",
            lines=("expected 3, got 4",) if name in failed else (),
            hint="conv2d-flip" if name in failed else "",
        )
        for name, points in POINTS.items()
    ]
    cells.append(CellReport(cell="why-even", points=0.0, max_points=4.0, state="manual"))
    given = {"key": "k", "state": "graded", "cells": tuple(cells)} | fields
    return Report(student=student, assignment=sample.STEM, **given)
