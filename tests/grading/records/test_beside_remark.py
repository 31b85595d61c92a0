"""A graded notebook says which of its cells were judged in the student's process."""

from dataclasses import replace

from cnncourse.grading.records import autograded
from tests.grading import classroom
from tests.grading.classroom import opened


def test_the_graded_notebook_names_the_cells_that_can_be_forged(tmp_path):
    _, assignment = opened(classroom.lay_out(tmp_path))
    report = classroom.report()
    plain = autograded.build(report, classroom.answered(), assignment)
    beside = replace(report, cells=(replace(report.cells[0], beside=True), *report.cells[1:]))
    shown = autograded.build(beside, classroom.answered(), assignment)
    assert len(shown.cells) == len(plain.cells) + 1
    assert "which can forge it: double-value" in shown.cells[0].source
    assert beside.forgeable == ("double-value",)
