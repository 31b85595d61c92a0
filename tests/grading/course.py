"""A small assignment for the tests: two tasks that do not depend on each other, and words for a person."""

from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, writes

from cnncourse.grading.assignment import Assignment

RIGHT = "def double(x):\n    return 2 * x"
TOTAL = "def total(x):\n    return x.sum()"
SECRET = 271828
DOUBLE_TEST = f"""
with check.cell("double-value", points=2):
    x = torch.arange(3.0)
    before = x.clone()
    check.equal(double(x), torch.tensor([0.0, 2.0, 4.0]), call="double(x)", hint=None)
    check.unchanged(before, x)
    ### BEGIN HIDDEN TESTS
    check.equal(double({SECRET}), {2 * SECRET}, call="double(n)")
    x = torch.randn(4, generator=check.generator())
    check.true(torch.allclose(double(x), 2 * x), "expected twice x", "got something else")
    ### END HIDDEN TESTS
"""
TOTAL_TEST = """
with check.cell("total-value", points=1):
    x = torch.arange(4.0)
    check.equal(total(x), torch.tensor(6.0), call="total(x)")
"""


def marked(cell, name, **marks):
    flags = {"grade": False, "solution": False, "locked": True, "grade_id": name, "schema_version": 3}
    cell.id = name
    cell.metadata["nbgrader"] = flags | marks
    return cell


def notebook(answer=RIGHT, total=TOTAL, double_test=DOUBLE_TEST):
    """Write the assignment's notebook with these answers, tests included."""
    return new_notebook(
        cells=[
            marked(new_markdown_cell("# Twice\n\nDouble a number, then add some up."), "story"),
            marked(new_code_cell("import torch\nfrom cnncourse import check"), "imports"),
            marked(new_code_cell(answer), "double-answer", solution=True, locked=False),
            marked(new_code_cell(double_test), "double-value", grade=True, points=2.0),
            marked(new_code_cell(total), "total-answer", solution=True, locked=False),
            marked(new_code_cell(TOTAL_TEST), "total-value", grade=True, points=1.0),
            marked(
                new_markdown_cell("Because."),
                "words-answer",
                grade=True,
                solution=True,
                locked=False,
                points=3.0,
            ),
        ],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
    )


def released(**answers):
    """Write what a student hands in: hidden tests taken out."""
    made = notebook(**answers)
    start, end = "    ### BEGIN HIDDEN TESTS\n", "    ### END HIDDEN TESTS\n"
    for cell in made.cells:
        if start in cell.source:
            cell.source = cell.source[: cell.source.index(start)] + cell.source.split(end)[1]
    return made


ASSIGNMENT = Assignment("twice", writes(notebook()), (("numbers.csv", b"1,2,3"),))
