"""A small exercise of its own for testing the graders: two functions, three test cells, one question."""

from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

STEM = "00_sample"

SETUP = """\
import torch
from cnncourse import check"""

DOUBLE = """\
def double(x):
    \"\"\"Give every number of x twice as large.\"\"\"
    ### BEGIN SOLUTION
    return 2 * x
    ### END SOLUTION"""

DOUBLE_VALUE = """\
with check.cell("double-value", points=2, chapter="00"):
    x = torch.tensor([1.0, 2.0])
    check.equal(double(x), torch.tensor([2.0, 4.0]), call="double(x)", hint="double-all")
    ### BEGIN HIDDEN TESTS
    x = torch.rand(3, 4, generator=check.generator()) + 1
    expected = x + x
    check.equal(double(x), expected, call="double(x)", hint="double-all")
    ### END HIDDEN TESTS"""

DOUBLE_INPUT = """\
with check.cell("double-input", points=1, chapter="00"):
    x = torch.ones(2)
    double(x)
    check.unchanged(torch.ones(2), x, call="double(x)", hint="double-copy")"""

COUNT = """\
def count(x):
    \"\"\"Say how many numbers x holds.\"\"\"
    ### BEGIN SOLUTION
    return x.numel()
    ### END SOLUTION"""

COUNT_VALUE = """\
with check.cell("count-value", points=3, chapter="00"):
    got = count(torch.ones(2, 3))
    check.equal(got, 6, call="count(x)", hint="count-axes", mistakes={"count-first": 2})"""

QUESTION = """\
### BEGIN SOLUTION
Because 2 is even.
### END SOLUTION"""

BANK = """\
from tests.exercises.bank import right, wrong


@wrong("adds-two", fails={"double-value"}, hint="double-all")
def double(x):
    return x + 2


@wrong("in-place", fails={"double-input"}, hint="double-copy")
def double(x):
    return x.mul_(2)


@wrong("first-axis", fails={"count-value"}, hint="count-first")
def count(x):
    return len(x)


@right("sum")
def double(x):
    return x + x


@right("shape")
@torch.no_grad()
def count(x):
    product = 1
    for n in x.shape:
        product *= n
    return product
"""


def notebook() -> nbformat.NotebookNode:
    """The solution notebook, without outputs."""

    def marks(name: str, **roles: object) -> dict[str, object]:
        base = {
            "schema_version": 3,
            "grade_id": name,
            "solution": False,
            "grade": False,
            "locked": False,
            "task": False,
        }
        return {"nbgrader": base | roles}

    def code(name: str, source: str, **roles: object) -> nbformat.NotebookNode:
        return new_code_cell(
            source, id=name, metadata=marks(name, cell_type="code", **roles) if roles else {}
        )

    test = {"grade": True, "locked": True}
    question = marks("why-even", solution=True, grade=True, points=4)
    cells = [
        new_markdown_cell("# A sample", id="title"),
        code("setup", SETUP),
        code("double-answer", DOUBLE, solution=True),
        code("double-value", DOUBLE_VALUE, points=2, **test),
        code("double-input", DOUBLE_INPUT, points=1, **test),
        code("count-answer", COUNT, solution=True),
        code("count-value", COUNT_VALUE, points=3, **test),
        new_markdown_cell(QUESTION, id="why-even", metadata=question),
        code("report", "check.report()"),
    ]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return new_notebook(cells=cells, metadata={"kernelspec": kernel, "language_info": {"name": "python"}})


def write(root: Path) -> tuple[Path, Path]:
    """Write the solution below ``root/solutions`` and the bank beside it; give back both paths."""
    folder = root / "solutions" / STEM
    folder.mkdir(parents=True)
    path, bank = folder / f"{STEM}.ipynb", root / "bank_00.py"
    nbformat.write(notebook(), path)
    bank.write_text(BANK, encoding="utf-8")
    return path, bank
