"""The lint of test cells: what was handed over is not read again, and what may be read is."""

import pytest
from nbformat.v4 import new_code_cell, new_notebook

from cnncourse.authoring.inputs import read_afterwards
from cnncourse.authoring.rules import problems
from tests.grading.course import marked

SETUP = "import torch\nfrom cnncourse import check\nshared, count = torch.ones(3), 3"


def notebook(test):
    return new_notebook(
        cells=[
            marked(new_code_cell(SETUP), "imports"),
            marked(new_code_cell("def f(*x): ...\ndef g(x): ..."), "answer", solution=True, locked=False),
            marked(new_code_cell(test), "value", grade=True, points=1.0),
        ]
    )


@pytest.mark.parametrize(
    ("test", "name"),
    [
        ("x = torch.ones(2)\ncheck.equal(f(x), 2 * x)", "x"),
        ("x = torch.ones(2)\ngot = f(x)\nexpected = x + 1", "x"),
        ("x = torch.ones(2)\nf(x)\nf(x)", "x"),
        ("x = torch.ones(2)\nf(x[0])\ncheck.equal(1, x.sum())", "x"),
        ("x = torch.ones(2)\nrow = x.reshape(1, 2)\nf(row)\nx.sum()", "x"),
        ("x = torch.ones(2)\nrow = x[None]\nf(x)\nrow.sum()", "row"),
        ("x = torch.ones(2)\nf([x, 1])\nx.sum()", "x"),
        ("x = torch.ones(2)\npair = (x, 1)\nf(pair)\nx.sum()", "x"),
        ("x = torch.ones(2)\nf(x=x)\nx.sum()", "x"),
        ("sizes = [1, 2]\nfor stride in (1, 2):\n    check.equal(f(sizes), sum(sizes) * stride)", "sizes"),
        ("x = torch.ones(2)\nfor k in range(2):\n    x.sum()\n    f(x)", "x"),
        ("cases = [(torch.ones(2), 1)]\nfor x, k in cases:\n    f(x)\nlen(cases)", "cases"),
        ("given = [torch.ones(2)]\nf(*given)\nfor x in given:\n    x.sum()", "x"),
        ("x = torch.ones(2)\ncheck.raises(ValueError, lambda: f(x))\nx.sum()", "x"),
        ("x = torch.ones(2)\ndef ask(x):\n    return f(x)\nask(x)\nx.sum()", "x"),
        ("x = torch.ones(2)\ndef right():\n    return 2 * x\nf(x)\ncheck.equal(1, right())", "x"),
        ("x = torch.ones(2)\nnet = f(3)\nnet(x)\nx.sum()", "x"),
        ("x = torch.ones(2)\nnet = f(3)\nnet.forward(x)\nx.sum()", "x"),
        ("x = torch.ones(2)\ngot = f(1)\ng(got)\ngot.sum()", "got"),
        ("x = torch.ones(2)\nf(x)\ncheck.unchanged(x, x)", "x"),
        ("x = torch.ones(2)\n[f(x) for k in range(3)]", "x"),
    ],
)
def test_what_is_read_after_it_was_handed_over_is_refused(test, name):
    said = read_afterwards(notebook(test))
    assert any(line.startswith(f"[value] {name} is read after") for line in said), said


@pytest.mark.parametrize(
    "test",
    [
        "x = torch.ones(2)\nexpected = 2 * x\ncheck.equal(f(x), expected)",
        "x = torch.ones(2)\ncheck.equal(f(x.clone()), 2 * x)",
        "x = torch.ones(2)\ngiven = x.clone()\nf(given)\ncheck.unchanged(x, given, name='x')",
        "x = [3, 1]\ngiven = check.copy(x)\nf(given)\ncheck.equal(check.after(given), sorted(x))",
        "for k in (1, 2):\n    check.equal(f(k), 2 * k, call=f'f({k})')",
        "n, c = (int(v) for v in torch.randint(2, 9, (2,)))\ncheck.equal(f(n, c), n * c)",
        "cases = [([1, 2], 3)]\ncases += [(sizes, 4) for sizes in ([1], [2])]\n"
        "for sizes, k in cases:\n    check.equal(f(list(sizes), k), sum(sizes) * k)",
        "cases = [(torch.ones(2), 1)]\ncases.append((*torch.rand(1, 2), 8))\n"
        "for x, k in cases:\n    expected = k * x\n    check.equal(f(x, k), expected, call=f'{k}')",
        "for name, x in {'a': torch.ones(2)}.items():\n    check.equal(f(x), 2, call=name)",
        "given = torch.ones(2), torch.ones(3)\nmine = check.copy(given)\nf(*given)\n"
        "for name, a, b in zip('xy', mine, given):\n    check.unchanged(a, b, name=name)",
        "got = f(count)\ncheck.equal(got, count)",
        "x = torch.ones(2)\nf(x)\nx = torch.ones(3)\nx.sum()",
    ],
)
def test_what_was_copied_or_cannot_change_may_be_read(test):
    assert read_afterwards(notebook(test)) == []


def test_what_other_cells_use_goes_out_as_a_copy_only():
    (said,) = read_afterwards(notebook("check.equal(f(shared), 2)"))
    assert said == "[value] f gets something of the cell imports itself: hand over a copy"
    assert read_afterwards(notebook("check.equal(f(shared.clone()), 2 * shared)")) == []


def test_the_rules_of_stored_notebooks_have_it():
    bad = notebook("x = torch.ones(2)\ncheck.equal(f(x), 2 * x)")
    for kind, expected in (("solution", 1), ("exercise", 1), ("chapter", 0)):
        said = [line for line in problems(bad, kind) if "is read after" in line]
        assert len(said) == expected
    broken = notebook("x = (")
    assert any("cannot be read" in line for line in problems(broken, "exercise"))
