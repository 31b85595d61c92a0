"""Which statements of a notebook the judge runs, and which names are the student's."""

import ast

from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from cnncourse.grading.judge import plan
from cnncourse.grading.judge.plan import Answer, Given, Shared, Test


def cell(source, name, **marks):
    return new_code_cell(source, id=name, metadata={"nbgrader": {"grade_id": name, **marks}} if marks else {})


def steps(*cells):
    return plan.steps(new_notebook(cells=list(cells)))


def test_a_helper_defined_before_the_answer_it_calls_runs_with_the_student():
    helper = cell(
        "N = 3\ndef trial(x):\n    return double(x) + N\nfor i in range(N): pass", "helper", locked=True
    )
    answer = cell("import math\ndef double(x): return 2 * x\nfactor = 2", "answer", solution=True)
    test = cell(
        "### BEGIN HIDDEN TESTS\nassert trial(1) == 5\n### END HIDDEN TESTS\n", "test", grade=True, points=2
    )
    shared, theirs, imports, answered, tested = steps(new_markdown_cell("hello"), helper, answer, test)
    assert isinstance(shared, Shared)
    assert ast.unparse(shared.body) == "N = 3\nfor i in range(N):\n    pass"
    assert theirs == Given("helper", "trial", "N = 3\ndef trial(x):\n    return double(x) + N")
    assert ast.unparse(imports.body) == "import math"
    assert answered == Answer("answer", frozenset({"double"}), frozenset({"factor"}))
    assert tested == Test("test", 2.0, "assert trial(1) == 5\n")


def test_what_a_given_helper_needs_comes_along_and_nothing_else():
    tools = cell("import math\nfrom math import pi\nA, B = 1, 2\nC = A + B\nunused = 3", "tools")
    helper = cell(
        "def inner(): return C\nclass Net:\n    size = pi\ndef trial(x): return double(inner()) + Net.size",
        "helper", locked=True,
    )  # fmt: skip
    answer = cell("import math\nfrom math import pi\ndef double(x): return 2 * x", "answer", solution=True)
    given = next(step for step in steps(tools, helper, answer) if isinstance(step, Given))
    names = {"double": lambda x: 2 * x}
    exec(given.source, names)
    assert names["trial"](1) == 6 + names["pi"]
    assert not {"unused", "math"} & names.keys()


def test_a_helper_that_is_the_students_to_change_is_theirs():
    helper = cell("def trial(x): return double(x)", "helper")
    answer = cell("def double(x): return 2 * x", "answer", solution=True)
    assert steps(helper, answer)[0] == Answer("helper", frozenset({"trial"}), frozenset())


def test_a_value_made_by_the_student_is_theirs_until_it_is_made_anew():
    answer = cell("def double(x): return 2 * x", "answer", solution=True)
    uses = cell("y = double(1)\nz = y + 1\n[q for q in z]", "uses")
    again = cell("from math import pi as y\nw = y", "again")
    _, used, renewed = steps(answer, uses, again)
    assert used.others == {"y", "z"}
    assert ast.unparse(renewed.body) == "from math import pi as y\nw = y"


def test_magics_are_understood_and_drawing_is_left_out():
    source = "try:\n    import cnncourse\nexcept ImportError:\n    %pip install cnncourse\n"
    draw = "from cnncourse import check, plots\nfig = plots.numbers(3)\nfig.show();\nx = 1"
    setup, drawn = steps(cell(source, "setup"), cell(draw, "draw"))
    assert "get_ipython()" in ast.unparse(setup.body)
    assert ast.unparse(drawn.body) == "from cnncourse import check, plots\nx = 1"


def test_locked_cells_are_those_that_are_read_only():
    cells = [
        cell("a", "a", locked=True),
        cell("b", "b", locked=True, grade=True, points=1),
        cell("c", "c", solution=True),
        cell("d", "d"),
    ]
    assert plan.locked(new_notebook(cells=cells)) == {"a": "a"}
