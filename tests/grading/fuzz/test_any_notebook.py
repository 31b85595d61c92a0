"""Whatever is handed in, the grader does not fall over: it is graded, or refused with a reason.

CI tries the same few cases each time. ``CNNCOURSE_FUZZ=2000 pytest tests/grading/fuzz`` tries so many new
ones.
"""

import json
import os

import nbformat
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cnncourse.grading import cells
from cnncourse.grading.assignment import Assignment
from cnncourse.grading.judge import cell_reports, plan
from cnncourse.grading.records import autograded
from cnncourse.grading.repair.repair import Unreadable, repair
from cnncourse.grading.report import Report
from tests.exercises import sample
from tests.grading import classroom
from tests.grading.fuzz import mutations

CASES = os.environ.get("CNNCOURSE_FUZZ")
ASSIGNMENT = Assignment(sample.STEM, nbformat.writes(sample.notebook()))
SOURCE = ASSIGNMENT.notebook
HANDED_IN = json.loads(classroom.raw(classroom.answered()))
HANDED_IN["cells"][2]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": ["ok\n"]}]
TESTS = {cell.id for cell in SOURCE.cells if cells.points(cell) is not None}

every_case = settings(
    max_examples=int(CASES or 150),
    derandomize=CASES is None,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


def said(error):
    assert error.reason
    assert "\n" not in error.reason


def walk(raw):
    """Go the way of a submission, up to the point where its cells would run, and past it."""
    try:
        mended = repair(raw, SOURCE)
    except Unreadable as error:
        return said(error)
    notebook = mended.notebook
    nbformat.validate(notebook)
    ids = [cell.id for cell in notebook.cells]
    assert len(set(ids)) == len(ids)
    assert set(ids) >= TESTS, "a graded cell is missing"
    for cell in notebook.cells:
        if cell.cell_type == "code" and cells.points(cell) is None:
            try:
                plan.undrawn(cells.parse(cell.source), set())
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                continue  # so would the student's kernel say
    report = Report(
        student="ada",
        assignment=sample.STEM,
        key="k",
        state="graded",
        repairs=mended.repairs,
        flags=cell_reports.flags(notebook, []),
        cells=cell_reports.cell_reports(SOURCE, []),
    )
    assert Report.from_json(report.to_json()) == report
    built = autograded.build(report, notebook, ASSIGNMENT)
    nbformat.validate(nbformat.reads(nbformat.writes(built), as_version=4))
    return mended


def test_what_is_sound_is_left_alone():
    mended = walk(mutations.written(HANDED_IN, [], False))
    answers = {cell.id: cell.source for cell in mended.notebook.cells}
    for cell in HANDED_IN["cells"]:
        assert cell["id"] in TESTS or answers[cell["id"]] == "".join(cell["source"])


@every_case
@given(mutations.changes, mutations.damages, st.booleans())
def test_a_changed_notebook(changes, damages, escaped):
    tree = mutations.changed(HANDED_IN, changes)
    try:
        raw = mutations.written(tree, damages, escaped)
    except (UnicodeEncodeError, ValueError, RecursionError):
        return
    walk(raw)


@every_case
@given(st.binary(max_size=200) | mutations.values.map(lambda value: json.dumps(value).encode()))
def test_no_notebook_at_all(raw):
    assert walk(raw) is None


@pytest.mark.parametrize("operation", mutations.OPERATIONS, ids=lambda operation: operation.__name__)
def test_each_operation_changes_something(operation):
    trees = [mutations.changed(HANDED_IN, [(number, operation, [1])]) for number in range(40)]
    assert any(tree != HANDED_IN for tree in trees)
