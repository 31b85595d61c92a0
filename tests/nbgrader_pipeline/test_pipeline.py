"""nbgrader's commands on each exercise: generate, collect, autograde, feedback, export, for all answers.

All exercises are assignments of one course, as in a class: its database is made once.
"""

import pytest

from tests.exercises.bank import as_one, handed_in_together
from tests.exercises.course import exercises
from tests.nbgrader_pipeline.course import Course, errors_of, output_of

pytestmark = pytest.mark.nbgrader


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return tmp_path_factory.mktemp("course")


@pytest.mark.parametrize("exercise", exercises(), ids=lambda exercise: exercise.stem)
def test_the_pipeline(exercise, root, kernels):
    course = Course.create(root, exercise, kernels)
    stem, full = exercise.stem, dict(exercise.tests)
    course.nbgrader("generate_assignment", stem)

    students = {f"bank-{i}": group for i, group in enumerate(handed_in_together(exercise.entries))}
    answers = {student: course.answered(as_one(group)) for student, group in students.items()}
    course.hand_in({"solution": course.answered(), "stub": course.released(), **answers})
    course.nbgrader("zip_collect", stem)
    course.nbgrader("autograde", stem)

    waiting = dict.fromkeys(exercise.manual)
    assert course.scores("solution") == full | waiting
    assert course.scores("stub") == dict.fromkeys([*full, *exercise.manual], 0.0)
    assert errors_of(course.autograded("stub")) == {"NotImplementedError"}

    expected, got = {}, {}
    for student, group in students.items():
        lost = as_one(group)
        expected[lost.name] = {
            name: 0.0 if name in lost.fails else points for name, points in full.items()
        } | waiting
        got[lost.name] = course.scores(student)
    assert got == expected

    for student, group in students.items():
        cells = course.autograded(student).cells
        for entry in group:
            said = "\n".join(output_of(cell) for cell in cells if cell.id in entry.fails)
            assert entry.is_right or f'check.hint("{entry.hint}")' in said, f"{entry}: no hint in\n{said}"

    highest = sum(full.values()) + sum(exercise.manual.values())
    exported = course.exported()
    assert exported["solution"] == (sum(full.values()), highest)
    assert exported["stub"] == (0.0, highest)
    handed_in = {"solution", "stub", *students}
    assert handed_in <= exported.keys()  # and who handed in other assignments only has nothing here
    assert {exported[other] for other in exported.keys() - handed_in} <= {(0.0, highest)}

    course.nbgrader("generate_feedback", stem, "--student", "bank-0")
    pages = list((root / "grading" / "feedback").glob(f"*/{stem}/{stem}.html"))
    assert len(pages) == 1
    assert "check.hint" in pages[0].read_text(encoding="utf-8")
