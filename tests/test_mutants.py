"""The mutator: every kind of small mistake, and what test cells do not see."""

import os
import signal

import pytest

from tests.exercises import sample
from tests.exercises.course import Exercise
from tools import mutants


def names(source):
    return {mutant.name.partition(": ")[2] for mutant in mutants.mutants("answer", source)}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a + b", {"a + b → a - b", "a + b → a"}),
        ("n // 2", {"n // 2 → n / 2", "n // 2 → n // 3", "n // 2 → n // 1"}),
        ("a < b", {"a < b → a <= b", "a < b → a >= b"}),
        ("-a", {"-a → a"}),
        ("not a", {"not a → a"}),
        ("a and b", {"a and b → a or b", "a and b → a"}),
        ("f(keepdim=True)", {"f(keepdim=True) → f()", "f(keepdim=True) → f(keepdim=False)"}),
        ("f(dim=1)", {"f(dim=1) → f()", "f(dim=1) → f(dim=2)", "f(dim=1) → f(dim=0)"}),
        ("if a:\n    b = c", {"if a: → if False:"}),
        ("a = b\nc += d", {"a = b → (nothing)", "c += d → c -= d"}),
        (
            "def f(x: int = 2):\n    'The 1.'\n    raise ValueError(f'{x + 1}')",
            {"def f(x: int=2): → def f(x: int=3):", "def f(x: int=2): → def f(x: int=1):"},
        ),
        ("%magic", set()),
    ],
)
def test_each_place_is_changed(source, expected):
    assert names(source) == expected


def test_one_change_at_a_time_and_all_of_them_compile():
    source = "def f(x):\n    y = x + 1\n    return y * 2 if x > 3 else -y"
    made = list(mutants.mutants("answer", source))
    assert len({mutant.source for mutant in made}) == len(made) > 8
    for mutant in made:
        compile(mutant.source, "answer", "exec")


@pytest.fixture
def exercise(tmp_path):
    return Exercise(*sample.write(tmp_path))


def test_sharp_cells_catch_every_mutant_and_a_blunt_one_lets_some_live(exercise):
    count, left = mutants.survivors(exercise)
    assert count >= 3
    assert left == []
    cell = next(cell for cell in exercise.solution.cells if cell.id == "double-value")
    cell.source = cell.source.replace("torch.tensor([2.0, 4.0])", "double(x)").replace("x + x", "double(x)")
    _, left = mutants.survivors(exercise)
    assert {mutant.cell for mutant in left} == {"double-answer"}
    assert "line 3: return 2 * x → return 3 * x" in {mutant.name for mutant in left}


def test_nothing_runs_twice_and_a_mutant_ends_at_its_first_failing_cell(exercise, tmp_path):
    log = tmp_path / "log"

    def logged(name):
        cell = next(cell for cell in exercise.solution.cells if cell.id == name)
        cell.source = f"print({name!r}, file=open({str(log)!r}, 'a'))\n{cell.source}"

    logged("setup")
    logged("double-value")
    logged("count-value")
    count, _ = mutants.survivors(exercise)
    ran = log.read_text().split()
    assert ran.count("setup") == 3  # to measure the time, to see that it passes, and to start from
    assert ran.count("double-value") == 3 + count  # only double has mutants
    assert ran.count("count-value") == 3  # and none of them comes as far


def test_an_answer_does_not_live_on_a_name_that_a_test_cell_left(exercise):
    answer, test = exercise.cells("solution")[0], exercise.cells("test")[0]
    answer.source = answer.source.replace("return 2 * x", "factor = 2\n    return factor * x")
    test.source = f"factor = 2\n{test.source}"
    _, left = mutants.survivors(exercise)
    assert left == []


def test_an_exercise_whose_solution_fails_is_refused(exercise):
    exercise.cells("test")[0].source = "1 / 0"
    with pytest.raises(RuntimeError, match="the solution fails"):
        mutants.survivors(exercise)


def test_a_mutant_does_not_hear_of_another():
    names = ["a"]
    assert mutants.in_child(lambda: not names.append("b"), seconds=20)
    assert names == ["a"]


def test_mutants_that_never_end_or_die_are_caught():
    def endless():
        while True:
            pass

    assert not mutants.in_child(endless, seconds=1)
    assert not mutants.in_child(lambda: os.kill(os.getpid(), signal.SIGKILL), seconds=20)
    assert not mutants.in_child(lambda: bytearray(2**40), seconds=20)
    assert mutants.in_child(lambda: True, seconds=20)


def test_survivors_that_are_equivalent_are_listed_with_a_reason(exercise, monkeypatch, capsys):
    left = [mutants.Mutant("a", "1 → 2", ""), mutants.Mutant("a", "2 → 1", "")]
    known = {exercise.stem: {"a, 1 → 2": "it is not used", "a, gone": "why"}}
    monkeypatch.setattr(mutants, "equivalent", lambda: known)
    assert mutants.report(exercise, 11, left) == (1, 1)
    said = capsys.readouterr().out
    assert "90 % of 10 mutants caught, 1 more are equivalent" in said
    assert "  a, 2 → 1\n" in said
    assert "no survivor: a, gone" in said


def test_every_equivalent_mutant_exists_and_has_a_reason():
    known = mutants.equivalent()
    found = {exercise.stem: exercise for exercise in mutants.exercises()}
    assert known.keys() <= found.keys()
    for stem, reasons in known.items():
        sources = found[stem].sources()
        named = {reason.partition(", ")[0] for reason in reasons}
        answers = named & {cell.id for cell in found[stem].cells("solution")}
        made = {f"{name}, {m.name}" for name in answers for m in mutants.mutants(name, sources[name])}
        assert reasons.keys() <= made
        assert all(len(reason) > 15 for reason in reasons.values())
