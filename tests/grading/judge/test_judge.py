"""The judge with a student's process: what a test cell says does not matter, whatever the student does."""

import pytest
from nbformat.v4 import new_code_cell

from cnncourse.grading.inside.wire import Name
from cnncourse.grading.judge.judge import Judge
from cnncourse.grading.judge.student import Student
from tests.exercises.course import exercises
from tests.grading.course import RIGHT, SECRET, marked, notebook

EXERCISE = next(exercise for exercise in exercises() if exercise.stem == "03_padding_stride")
MISTAKE = next(entry for entry in EXERCISE.entries if not entry.is_right)


@pytest.fixture
def judged(spawner):
    def judged(submission, source=None, **options):
        with Student(spawner) as student:
            reports = Judge(source or notebook(), seed=1, **options).judge(submission, student)
        return {report.cell: report for report in reports}

    return judged


def test_a_right_answer_gets_its_points(judged):
    reports = judged(notebook())
    assert {cell: report.points for cell, report in reports.items()} == {
        "double-value": 2,
        "total-value": 1,
    }


def test_a_stub_is_no_error_but_an_open_answer(judged):
    reports = judged(notebook("def double(x):\n    raise NotImplementedError"))
    assert reports["double-value"].error == "NotImplementedError"


def test_what_stands_in_a_test_cell_is_never_run(judged):
    forged = notebook("def double(x): return x", double_test="double = lambda x: 2 * x")
    test = next(cell for cell in forged.cells if cell.id == "double-value")
    test.metadata["tags"] = ["skip-execution"]
    forged.cells.append(test)
    assert judged(forged)["double-value"].points == 0


HELPER = "FACTOR = 3\ndef trial(x):\n    return FACTOR * double(x)"
TRIED = "assert trial(1) == 6\n### BEGIN HIDDEN TESTS\nassert trial(2) == 12\n### END HIDDEN TESTS"


@pytest.mark.parametrize(
    "answer",
    [
        "def double(x): return 0\ndef trial(x): return 6 * x",
        "def double(x): return x\nFACTOR = 6",
        "class Six(int):\n    def __mul__(self, y): return 6 if y == 0 else 12\nFACTOR = Six()\n"
        "def double(x): return x - 1",
        "def double(x):\n    globals()['trial'] = lambda x: 6 * x\n    return 2 if x == 1 else 0",
        "import builtins\ntrial = builtins.trial = lambda x: 6 * x\ndef double(x): return 0",
    ],
)
def test_what_stands_in_a_read_only_cell_is_the_instructors(judged, answer):
    """A helper that calls an answer runs where the answer runs, but as it was given."""
    source = notebook(double_test=TRIED)
    source.cells.insert(2, marked(new_code_cell(HELPER), "helper"))
    submission = source.copy()
    submission.cells = [cell.copy() for cell in source.cells]
    assert judged(submission, source)["double-value"].points == 2
    for cell in submission.cells:
        cell.source = answer if cell.id == "double-answer" else cell.source
    assert judged(submission, source)["double-value"].points == 0


def test_an_error_in_a_helper_names_the_students_line(judged):
    source = notebook(double_test=f'with check.cell("double-value", points=2):\n    {TRIED.splitlines()[0]}')
    source.cells.insert(2, marked(new_code_cell(HELPER), "helper"))
    submission = source.copy()
    submission.cells = [cell.copy() for cell in source.cells]
    submission.cells[3].source = "def double(x):\n    return x.missing"
    assert "in double, line 2:  return x.missing" in judged(submission, source)["double-value"].text


def test_a_deleted_test_cell_and_odd_metadata_are_no_accident(judged):
    submission = notebook()
    submission.cells = [cell for cell in submission.cells if cell.id != "double-value"]
    for made_of in ([], "x", {"grade_id": ["double-value"]}):
        submission.cells.insert(2, new_code_cell("1", metadata={"nbgrader": made_of}))
    assert judged(submission)["double-value"].points == 2


def test_an_endless_call_is_interrupted_and_the_process_lives_on(judged):
    reports = judged(notebook("def double(x):\n    while True: pass"))
    assert "TimeoutError: it took too long" in reports["double-value"].text
    assert reports["total-value"].passed


def test_an_endless_judge_is_ended(judged):
    source = notebook(double_test="for _ in range(double(10**12)): pass")
    assert judged(notebook(), source, cell_seconds=1)["double-value"].error == "TimeoutError"


def test_no_test_and_no_expected_value_is_in_the_process(spawner):
    look = (
        "import gc\ndef double(x):\n    return 2 * x\n"
        "def seen():\n    return [o for o in gc.get_objects() if 'HIDDEN' in repr(type(o))] + "
        f"[k for k in get_ipython().user_ns['In'] if {str(SECRET)[:3]!r} + {str(SECRET)[3:]!r} in k]\n"
    )
    with Student(spawner) as student:
        Judge(notebook(RIGHT), seed=1).judge(notebook(look), student)
        with student.link() as link:
            assert link.ask("call", Name("seen"), (), {}) == []


def test_the_seed_of_hidden_inputs_never_enters_the_process(spawner):
    """What is shared are random numbers that come from a hash of it."""
    seed = 0x5EED_0F_41DD_E2_1290_7357_ABCD_EF01_2345
    look = (
        "import gc, os, random, sys\ndef double(x):\n    return 2 * x\n"
        "def numbers():\n"
        "    found = [o for l in gc.get_objects() if type(l) in (list, tuple, dict) "
        "for o in (l.values() if type(l) is dict else l) if type(o) is int and o >= 2**64]\n"
        "    return [str(n) for n in found], list(os.environ.values()) + sys.argv, random.getstate()[1][0]\n"
    )
    with Student(spawner) as student:
        Judge(notebook(RIGHT), seed=seed).judge(notebook(look), student)
        with student.link() as link:
            numbers, words, _ = link.ask("call", Name("numbers"), (), {})
    assert str(seed) not in numbers
    assert not [word for word in words if str(seed) in word or "SEED" in word]


@pytest.mark.parametrize("entry", [None, MISTAKE], ids=["solution", "mistake"])
def test_an_exercise_is_judged_in_the_sandbox(spawner, entry):
    submission = EXERCISE.solution.copy()
    sources = EXERCISE.sources(entry)
    submission.cells = [cell.copy() for cell in submission.cells]
    for cell in submission.cells:
        cell.source = sources.get(cell.id, cell.source)
    with Student(spawner) as student:
        reports = Judge(EXERCISE.solution, seed=0).judge(submission, student)
    failed = {report.cell for report in reports if not report.passed}
    assert failed == (set(entry.fails) if entry else set())
