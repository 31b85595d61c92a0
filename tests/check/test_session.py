import io
import pickle
import sys
import warnings
from contextlib import redirect_stderr

import pytest
import torch

from cnncourse import check
from cnncourse.check import CheckFailed, session
from cnncourse.check.failure import LearnerError
from cnncourse.errors import ArgumentError


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    monkeypatch.setattr(session, "_results", {})
    monkeypatch.setattr(session, "_draw", session._Draw())
    monkeypatch.delenv(session.SEED_VARIABLE, raising=False)


def run(body, name="sum", points=2, **options):
    with pytest.raises(CheckFailed) as caught, check.cell(name, points=points, **options):
        body()
    return caught.value


def student(source, name="answer"):
    """Define a function the way a notebook does: in a file that is not part of any library."""
    namespace = {}
    exec(compile(source, "/tmp/ipykernel_1/2.py", "exec"), namespace)
    return namespace[name]


def test_success_prints_one_line(capsys):
    with check.cell("sum", points=1):
        check.equal(1, 1)
    assert capsys.readouterr() == ("✓ sum · 1 point\n", "")


def test_failure_names_the_cell_and_shows_no_traceback():
    error = run(lambda: check.equal(1, 2, call="f()"))
    assert str(error) == "✗ sum · 2 points\n  f() is wrong.\n  expected 2, got 1"
    assert error._render_traceback_() == str(error).splitlines()
    assert (error.title, error.lines) == ("sum · 2 points", ("f() is wrong.", "expected 2, got 1"))
    assert error.__suppress_context__


def test_failure_survives_pickling():
    error = pickle.loads(pickle.dumps(run(lambda: check.equal(1, 2))))
    assert (str(error)[:5], error.stage, error.title) == ("✗ sum", "value", "sum · 2 points")


def test_students_error_becomes_one_message_with_their_line():
    answer = student("def answer(x):\n    y = x[5]\n    return y\n")
    error = run(lambda: answer([1]), chapter="02")
    assert error.stage == "error"
    assert "Your code stopped with IndexError: list index out of range" in error.message
    assert "in answer, line 2:" in error.message
    assert error.pointer == "→ chapter 02"


def test_students_line_is_found_below_library_frames():
    answer = student("def answer(x):\n    return x @ x\n")
    error = run(lambda: torch.func.vmap(answer)(torch.ones(1, 3, 2)))
    assert "in answer, line 2:" in error.message


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (NameError("name 'f' is not defined", name="f"), "Run the cell that defines f"),
        (SystemExit(), "exit()"),
        (RecursionError("too deep"), "needs a case in which it stops"),
        (ValueError("\n".join("abcdefghijk")), "  …"),
    ],
)
def test_advice_for_common_errors(error, words):
    def body():
        raise error

    assert words in run(body).message


def test_an_error_brings_the_hint_of_its_cell(hints):
    error = run(lambda: [][0], hint="turn", chapter="02")
    assert error.hint == "turn"
    assert error.pointer == '→ hint: check.hint("turn")      → chapter 02, "Turning"'
    assert error.message.endswith(error.pointer)


def test_an_open_answer_passes_through():
    answer = student("def answer():\n    raise NotImplementedError()\n")
    with pytest.raises(NotImplementedError), check.cell("sum", points=2):
        answer()
    answer = student("def answer():\n    raise NotImplementedError('to do')\n")
    with pytest.raises(NotImplementedError), check.cell("sum", points=2):
        answer()


def test_not_implemented_by_torch_is_explained():
    class Empty(torch.nn.Module):
        pass

    assert "Your code stopped with NotImplementedError" in run(lambda: Empty()(torch.ones(1))).message


def test_interrupt_passes_through():
    with pytest.raises(KeyboardInterrupt), check.cell("sum", points=2):
        raise KeyboardInterrupt


def test_nothing_reaches_stderr(capsys):
    with check.cell("sum", points=1):
        warnings.warn("old habit", stacklevel=1)
        warnings.warn("old habit", stacklevel=1)
        print("progress", file=sys.stderr)
    out, err = capsys.readouterr()
    assert err == ""
    assert out == "progress\nnote: your code gives a warning: old habit\n✓ sum · 1 point\n"
    buffer = io.StringIO()
    with redirect_stderr(buffer):
        run(lambda: check.equal(print("noise", file=sys.stderr), 2))
    assert buffer.getvalue() == ""


@pytest.mark.parametrize(("name", "points"), [("", 1), ("sum", -1)])
def test_a_cell_needs_name_and_points(name, points):
    with pytest.raises(ArgumentError, match="needs a name and points"):
        check.cell(name, points=points)


def test_generators_differ_and_repeat_from_the_seed(monkeypatch):
    def draw():
        with check.cell("sum", points=1):
            return [torch.rand(3, generator=check.generator()).tolist() for _ in range(2)]

    first, second = draw(), draw()
    assert first[0] != first[1]
    assert first != second
    monkeypatch.setenv(session.SEED_VARIABLE, "7")
    assert draw() == draw()


def test_what_one_cell_draws_does_not_tell_what_another_does(monkeypatch):
    """Nor does a neighbouring seed: they are hashed together with the cell's name."""

    def draw(cell, seed):
        monkeypatch.setenv(session.SEED_VARIABLE, str(seed))
        with check.cell(cell, points=1):
            return [check.generator().initial_seed() for _ in range(3)]

    seeds = {one for cell in ("sum", "product") for seed in (7, 8, 7 + 1_000_003) for one in draw(cell, seed)}
    assert len(seeds) == 18
    assert len(set(draw("sum", 2**128 - 1))) == 3


def test_seed_is_named_in_a_failure(monkeypatch):
    monkeypatch.setenv(session.SEED_VARIABLE, "7")

    def body():
        check.generator()
        check.equal(1, 2)

    assert run(body).message.endswith("\n  (inputs drawn with CNNCOURSE_CHECK_SEED=7)")


def test_seed_must_be_a_number(monkeypatch):
    monkeypatch.setenv(session.SEED_VARIABLE, "seven")
    with pytest.raises(ArgumentError, match="expects a whole number such as 7, got 'seven'"):
        check.generator()


def test_report(capsys):
    check.report()
    assert capsys.readouterr().out == "No test cell has run yet.\n"
    with check.cell("a", points=1):
        pass
    run(lambda: check.equal(1, 2), name="bb", points=2)
    with pytest.raises(NotImplementedError), check.cell("c", points=3):
        raise NotImplementedError
    capsys.readouterr()
    check.report()
    assert capsys.readouterr().out == "✓ a   1 of 1\n✗ bb  0 of 2\n· c   0 of 3\n1 of 6 points so far\n"


def test_an_error_written_for_the_learner_is_shown_as_it_is():
    class GoneError(LearnerError):
        pass

    def body():
        raise GoneError("Your code ended Python.")

    error = run(body, chapter="02")
    assert (error.lines, error.pointer) == (("Your code ended Python.",), "→ chapter 02")
    assert type(error.cause) is GoneError
