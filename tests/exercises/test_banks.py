"""Every exercise against its bank: right ones pass, mistakes lose exactly what they must, with a hint."""

import ast
import re
import tomllib
from pathlib import Path

import matplotlib
import pytest
from nbgrader.preprocessors import ClearSolutions

from cnncourse.hints import all_hints
from tests.exercises.bank import BANKS
from tests.exercises.course import ROOT, exercises
from tests.exercises.runner import failed, run, run_often

matplotlib.use("Agg")

EXERCISES = exercises()
ENTRIES = [pytest.param(e, entry, id=f"{e.stem}-{entry}") for e in EXERCISES for entry in e.entries]
each_exercise = pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.stem)


def report(outcomes, names):
    return "\n".join(f"--- {name}\n{outcomes[name].output}" for name in sorted(names))


@pytest.fixture(scope="session")
def seeds(pytestconfig):
    """How many draws of hidden inputs: --seeds 20 shows a verdict that wavers."""
    return pytestconfig.getoption("--seeds")


@each_exercise
def test_the_solution_gets_full_marks(exercise, seeds):
    for outcomes in run_often(exercise.sources(), exercise.drawing(), seeds):
        assert not failed(outcomes), report(outcomes, failed(outcomes))


@each_exercise
def test_the_stub_fails_with_nothing_but_not_implemented(exercise):
    stub, resources = ClearSolutions(), {"language": "python"}
    cells = {
        cell.id: stub.preprocess_cell(cell.copy(), resources, 0)[0] for cell in exercise.cells("solution")
    }
    sources = exercise.sources() | {
        name: cell.source for name, cell in cells.items() if cell.cell_type == "code"
    }
    outcomes = run(sources)
    assert set(exercise.tests) <= failed(outcomes)
    other = {name for name in failed(outcomes) if type(outcomes[name].error) is not NotImplementedError}
    assert not other, report(outcomes, other)


@pytest.mark.parametrize(("exercise", "entry"), ENTRIES)
def test_an_answer_loses_exactly_what_it_must(exercise, entry, seeds):
    for outcomes in run_often(exercise.sources(entry), exercise.drawing(entry), seeds):
        wrong, said = failed(outcomes), report(outcomes, failed(outcomes))
        fails = wrong & set(exercise.tests)
        wanted = f"expected {sorted(entry.fails)} to fail, got {sorted(fails)}"
        assert fails == set(entry.fails), f"{wanted}\n{said}"
        hints = {getattr(outcomes[name].error, "hint", None) for name in wrong}
        assert entry.is_right or entry.hint in hints, f"no hint {entry.hint!r} in:\n{said}"


@each_exercise
def test_the_bank_is_rich_enough(exercise):
    assert exercise.bank.exists(), f"{exercise.stem} has no bank: {exercise.bank.name}"
    wrong = [entry for entry in exercise.entries if not entry.is_right]
    assert len(exercise.entries) - len(wrong) >= 3
    assert len(wrong) >= 8
    assert exercise.partly_right, "no wrong answer is partly right"


@each_exercise
def test_points_are_20_to_40_and_said_as_they_are(exercise):
    total = sum(exercise.tests.values()) + sum(exercise.manual.values())
    assert 20 <= total <= 40
    text = "\n".join(cell.source for cell in exercise.solution.cells if cell.cell_type == "markdown")
    said = re.search(r"\*\*Points:\*\* (\d+)\.|\*\*(\d+) points\*\*", text)
    assert said, "the title says how many points there are"
    assert int(said[1] or said[2]) == total
    tasks = re.findall(r"^## .*\((\d+) points?\)$", text, re.MULTILINE)
    assert sum(map(int, tasks)) == total


FORBIDDEN = re.compile(
    r"in the cupboard|[Dd]o not (use|call)|[Uu]se plain|(?<!do )without\*{0,2} (a|any) loop"
)


@each_exercise
def test_what_no_check_can_see_is_called_advice(exercise):
    """The checks call an answer and see what it gives, not how it got there: no text may sound otherwise."""
    text = "\n".join(cell.source for cell in exercise.solution.cells if cell.cell_type == "markdown")
    if FORBIDDEN.search(text):
        assert "That is advice: the checks look at what comes out" in text


@each_exercise
def test_hints_come_in_three_levels(exercise):
    file = ROOT / "cnncourse" / "hints" / f"{exercise.stem}.toml"
    for name, hint in tomllib.loads(file.read_text(encoding="utf-8")).items():
        assert len(hint["levels"]) == 3, name


@each_exercise
def test_every_test_cell_is_failed_by_some_mistake(exercise):
    assert set().union(*(entry.fails for entry in exercise.entries)) == set(exercise.tests)


@each_exercise
def test_points_and_names_agree(exercise):
    """check.cell's name is the grade_id, its points and chapter those of the cell and the notebook."""
    for cell in exercise.cells("test"):
        marks = cell.metadata.nbgrader
        assert marks.grade_id == cell.id
        assert marks.points > 0
        calls = [node for node in ast.walk(ast.parse(cell.source)) if _is_check(node, "cell")]
        assert len(calls) == 1, f"{cell.id}: a test cell has one `with check.cell(…)`"
        (name,) = (ast.literal_eval(argument) for argument in calls[0].args)
        options = {k.arg: ast.literal_eval(k.value) for k in calls[0].keywords if k.arg != "hint"}
        expected = {"points": marks.points, "chapter": exercise.stem.split("_")[0]}
        assert (name, options) == (marks.grade_id, expected)


@each_exercise
def test_there_is_a_question_for_a_person(exercise):
    assert exercise.manual
    assert all(points > 0 for points in exercise.manual.values())


@each_exercise
def test_hints_that_are_named_exist(exercise):
    named = {entry.hint for entry in exercise.entries if not entry.is_right}
    for cell in exercise.cells("test"):
        named |= _named_hints(ast.parse(cell.source))
    assert named <= set(all_hints()), f"not in cnncourse/hints: {sorted(named - set(all_hints()))}"


def _is_check(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node.func) == f"check.{name}"


def _named_hints(tree: ast.AST) -> set[str]:
    named = set()
    for node in ast.walk(tree):
        if _is_check(node, "hint"):
            named |= {argument.value for argument in node.args}
        elif isinstance(node, ast.keyword) and node.arg == "hint" and isinstance(node.value, ast.Constant):
            named |= {node.value.value} - {None}
        elif isinstance(node, ast.keyword) and node.arg == "mistakes" and isinstance(node.value, ast.Dict):
            named |= {key.value for key in node.value.keys if isinstance(key, ast.Constant)}
    return named


HINT_FILES = sorted((ROOT / "cnncourse/hints").glob("*.toml"))


@pytest.mark.parametrize("file", HINT_FILES, ids=lambda file: file.stem)
def test_every_hint_is_used(file: Path):
    """A hint that no test cell of its exercise names is dead text."""
    exercise = next((e for e in EXERCISES if e.stem == file.stem), None)
    assert exercise, f"{file.name} belongs to no exercise"
    texts = {
        node.value
        for cell in exercise.cells("test")
        for node in ast.walk(ast.parse(cell.source))
        if isinstance(node, ast.Constant)
    }
    unused = set(tomllib.loads(file.read_text(encoding="utf-8"))) - texts
    assert not unused, f"no test cell of {file.stem} names {sorted(unused)}"


def test_every_bank_belongs_to_an_exercise():
    assert set(BANKS.glob("bank_*.py")) <= {exercise.bank for exercise in EXERCISES}
