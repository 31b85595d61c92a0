"""The harness itself, on the sample exercise: it must see what is wrong with a bank."""

import pytest

from tests.exercises import sample, test_banks
from tests.exercises.bank import Entry, read_bank, replace_definition
from tests.exercises.course import Exercise
from tests.exercises.runner import failed, run


@pytest.fixture
def exercise(tmp_path):
    return Exercise(*sample.write(tmp_path))


def bank_of(tmp_path, text):
    path = tmp_path / "bank.py"
    path.write_text(text)
    return read_bank(path)


def test_points_are_read_from_the_cells(exercise):
    assert exercise.tests == {"double-value": 2, "double-input": 1, "count-value": 3}
    assert exercise.manual == {"why-even": 4}


def test_solution_and_stub(exercise):
    test_banks.test_the_solution_gets_full_marks(exercise, 1)
    test_banks.test_the_stub_fails_with_nothing_but_not_implemented(exercise)
    test_banks.test_points_and_names_agree(exercise)
    test_banks.test_every_test_cell_is_failed_by_some_mistake(exercise)


def test_each_entry_of_the_sample(exercise):
    assert [str(entry) for entry in exercise.entries] == [
        "adds-two",
        "in-place",
        "first-axis",
        "sum",
        "shape",
    ]
    for entry in exercise.entries:
        test_banks.test_an_answer_loses_exactly_what_it_must(exercise, entry, 1)


@pytest.mark.parametrize(
    ("fails", "hint", "words"),
    [
        ({"double-input"}, "double-all", "to fail, got"),
        ({"double-value", "double-input"}, "double-all", "to fail, got"),
        (set(), "", "to fail, got"),
        ({"double-value"}, "double-copy", "no hint 'double-copy'"),
    ],
)
def test_a_false_claim_is_seen(exercise, fails, hint, words):
    entry = Entry("x", frozenset(fails), hint, {"double": "def double(x):\n    return x + 2"})
    with pytest.raises(AssertionError, match=words):
        test_banks.test_an_answer_loses_exactly_what_it_must(exercise, entry, 1)


def test_a_solution_with_a_mistake_is_seen(exercise):
    cell = next(cell for cell in exercise.solution.cells if cell.id == "double-answer")
    cell.source = cell.source.replace("2 * x", "3 * x")
    with pytest.raises(AssertionError, match="double-value"):
        test_banks.test_the_solution_gets_full_marks(exercise, 1)


def test_a_stub_that_passes_or_stumbles_is_seen(exercise):
    cell = next(cell for cell in exercise.solution.cells if cell.id == "count-answer")
    cell.source = "### BEGIN SOLUTION\n" + cell.source.replace("    ### BEGIN SOLUTION\n", "").replace(
        "    ###", "###"
    )
    with pytest.raises(AssertionError, match="NameError"):
        test_banks.test_the_stub_fails_with_nothing_but_not_implemented(exercise)
    cell.source = cell.source.replace("### BEGIN SOLUTION", "").replace("### END SOLUTION", "")
    with pytest.raises(AssertionError):
        test_banks.test_the_stub_fails_with_nothing_but_not_implemented(exercise)


def test_a_verdict_that_wavers_is_seen(exercise):
    """An answer that is wrong for one draw in a few: one seed may not see it, many do."""
    lucky = "def double(x):\n    return 2 * x + (x.numel() == 12 and x.sum() < 17)"
    entry = Entry("lucky", sources={"double": lucky})
    test_banks.test_an_answer_loses_exactly_what_it_must(exercise, entry, 1)
    with pytest.raises(AssertionError, match="double-value"):
        test_banks.test_an_answer_loses_exactly_what_it_must(exercise, entry, 20)


def test_only_cells_that_draw_and_hear_of_an_answer_run_again(exercise):
    assert exercise.drawing() == {"double-value"}
    assert exercise.drawing(Entry("x", sources={"double": "def double(x): ..."})) == {"double-value"}
    assert exercise.drawing(Entry("x", sources={"count": "def count(x): ..."})) == set()


@pytest.mark.parametrize(
    ("old", "new"), [("points=2", "points=3"), ('"double-value"', '"double"'), ('"00"', '"01"')]
)
def test_a_cell_that_disagrees_with_its_metadata_is_seen(exercise, old, new):
    cell = next(cell for cell in exercise.solution.cells if cell.id == "double-value")
    cell.source = cell.source.replace(old, new)
    with pytest.raises(AssertionError):
        test_banks.test_points_and_names_agree(exercise)


def test_an_unknown_hint_is_seen(exercise):
    with pytest.raises(AssertionError, match="double-all"):
        test_banks.test_hints_that_are_named_exist(exercise)


def test_an_entry_for_an_unknown_name_is_refused(exercise):
    with pytest.raises(LookupError, match="0 solution cells define 'triple'"):
        exercise.sources(Entry("x", sources={"triple": "def triple(): ..."}))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("def f(): ...", "neither right nor wrong"),
        ("@wrong('a', fails=set(NAMES), hint='h')\ndef f(): ...", "plain literals"),
        ("@wrong('a', hint='h')\ndef f(): ...", "expected @right"),
        ("@wrong('a', fails={}, hint='h')\ndef f(): ...", "expected @right"),
        ("@right('a', hint='h')\ndef f(): ...", "expected @right"),
        ("@right('a')\ndef f(): ...\n@right('a')\ndef f(): ...", "two different entries"),
    ],
)
def test_a_malformed_bank_is_refused(tmp_path, text, words):
    with pytest.raises(ValueError, match=words):
        bank_of(tmp_path, text)


def test_definitions_with_one_name_make_one_entry(tmp_path):
    (entry,) = bank_of(tmp_path, "@right('a')\ndef f(): ...\n\n@right('a')\n@jit\nclass G: ...")
    assert entry.sources == {"f": "def f(): ...", "G": "@jit\nclass G: ..."}


def test_replace_definition_keeps_the_rest():
    source = "a = 1\n@x\ndef f():\n    return 1\nb = 2"
    assert replace_definition(source, "f", "def f(): ...") == "a = 1\ndef f(): ...\nb = 2"
    assert replace_definition(source, "g", "def g(): ...") is None
    assert replace_definition("%pip install x", "g", "def g(): ...") is None


def test_cells_run_like_in_a_notebook():
    outcomes = run(
        {
            "magic": "try:\n    x = 1\nexcept ImportError:\n    %pip install x",
            "bad": "1/0",
            "next": "print(x)",
        }
    )
    assert failed(outcomes) == {"bad"}
    assert outcomes["next"].output == "1\n"
