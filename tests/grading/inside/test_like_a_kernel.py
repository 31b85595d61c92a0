"""The executor beside a real kernel: the same cells define the same things, and stop at the same places."""

import ast
import sys
import tomllib
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from jupyter_client.manager import KernelManager

from cnncourse.grading.inside.limits import Limits
from cnncourse.grading.inside.wire import Name
from cnncourse.grading.judge.student import Student
from cnncourse.grading.sandbox.spawner import Spawner

LOOK = """
def _look(names):
    def told(value):
        kind = type(value).__name__
        if kind in ("function", "type", "module", "coroutine"):
            return f"{kind} {value.__name__}"
        return repr(value)
    return {name: told(globals()[name]) if name in globals() else "undefined" for name in names.split()}
"""


@dataclass(frozen=True)
class Case:
    """Cells, and the names that are compared after them."""

    names: str
    cells: list[str]


HERE = Path(__file__).parent
CASES = {
    name: Case(**known)
    for name, known in tomllib.loads((HERE / "cells.toml").read_text(encoding="utf-8")).items()
}
LACKING = tomllib.loads((HERE / "lacking.toml").read_text(encoding="utf-8"))


@dataclass
class Seen:
    """What a case came to: names with what they hold, and how its cells failed."""

    names: dict[str, dict[str, str]]
    errors: dict[str, list[str]]


@pytest.fixture(scope="module")
def kernel(tmp_path_factory):
    """Every case in one kernel, one after the other."""
    folder = tmp_path_factory.mktemp("beside")
    (folder / "numbers.csv").write_text("1,2,3")
    manager = KernelManager(kernel_name="python3")
    manager.start_kernel(cwd=str(folder))
    client = manager.blocking_client()
    client.start_channels()
    client.wait_for_ready(timeout=120)
    seen = Seen({}, {})

    def run(source, **asked):
        how = {"timeout": 300, "stop_on_error": False, "allow_stdin": False}
        reply = client.execute_interactive(source, output_hook=lambda _: None, user_expressions=asked, **how)
        return reply["content"]

    run(LOOK)
    for name, one in CASES.items():
        replies = [run(source) for source in one.cells]
        seen.errors[name] = [
            reply.get("ename", "").removeprefix("NoneType") for reply in replies
        ]  # a value that cannot be shown is an error of no class
        run(f"_seen = repr(_look({one.names!r}))")
        told = run("", told="_seen")["user_expressions"]["told"]
        seen.names[name] = ast.literal_eval(ast.literal_eval(told["data"]["text/plain"]))
    client.stop_channels()
    manager.shutdown_kernel(now=True)
    return seen


@pytest.fixture(scope="module")
def executor(bwrap):
    """Every case in one student's process."""
    limits = replace(Limits(), cell_seconds=120)
    with Spawner((("numbers.csv", b"1,2,3"),), limits=limits) as spawner, Student(spawner) as student:
        seen = Seen({}, {})
        student.run("look", LOOK)
        for name, one in CASES.items():
            seen.errors[name] = []
            for source in one.cells:
                before = len(student.errors)
                student.run(name, source)
                said = [text.partition(":")[0] for _, text in student.errors[before:]]
                seen.errors[name].append("; ".join(said))
            student.run("seen", f"_seen = repr(_look({one.names!r}))")
            student.run("seen", "")
            with student.link() as link:
                seen.names[name] = ast.literal_eval(link.ask("get", Name("_seen")))
        yield seen


@pytest.mark.parametrize("name", CASES)
def test_cells_define_what_they_define_in_a_kernel(kernel, executor, name):
    assert executor.names[name] == kernel.names[name], executor.errors[name]


@pytest.mark.parametrize("name", CASES)
def test_cells_stop_where_they_stop_in_a_kernel(kernel, executor, name):
    assert executor.errors[name] == kernel.errors[name]


@pytest.fixture
def student(spawner):
    with Student(spawner) as student:
        yield student


def value(student, name):
    with student.link() as link:
        return link.ask("get", Name(name))


@pytest.mark.parametrize("name", LACKING)
def test_what_the_grader_lacks_takes_no_definition(student, name):
    student._limits = replace(student._limits, cell_seconds=120)  # pip is slow on a busy machine
    student.run("answer", f"{LACKING[name]}\ndef conv2d(x):\n    return 2 * x\n6 * 7")
    assert [said for _, said in student.errors if not said.startswith("note: ")] == []
    student.run("value", "display(5)\nx = conv2d(_)\nx")
    assert value(student, "x") == 84


def test_a_missing_package_is_told_where_its_name_comes_out(student):
    student.run("answer", "import no_such_package as p\ndef f(x): return p.rearrange(x)")
    assert [said for _, said in student.errors] == [
        "note: the grader does not have no_such_package: what your cell does with it is left out"
    ]
    with student.link() as link:
        answer = link.ask("call", Name("f"), (1,), {})
    assert type(answer).__name__ == "no_such_package_is_not_installed_in_the_grader"


def test_a_decorator_of_a_missing_package_gives_the_function(student):
    student.run(
        "answer", "import no_such_package as p\n@p.njit\n@p.jit(fast=True)\ndef f(x): return 2 * x\ny = f(3)"
    )
    assert value(student, "y") == 6


@pytest.mark.parametrize(
    "source",
    [
        "try:\n    import no_such_package as p\nexcept ImportError:\n    p = None",
        "import contextlib\np = None\nwith contextlib.suppress(ImportError): import no_such_package as p",
    ],
)
def test_a_student_who_does_without_is_left_alone(student, source):
    student.run("answer", source)
    assert value(student, "p") is None
    assert student.errors == []


@pytest.mark.parametrize("source", ["import torch.no_such_module", "from torch import no_such_name"])
def test_what_a_package_does_not_have_is_an_error(student, source):
    student.run("answer", source)
    assert "Error" in student.errors[0][1]


def test_newer_syntax_is_told_with_the_graders_python(student):
    student.run("answer", "def f(x):\n    match = x ?? 2")
    student.run("new", "from itertools import no_such_name")
    version = f"Python {sys.version_info[0]}.{sys.version_info[1]}"
    assert student.errors[0][1].endswith(f"in line 2 (the grader reads it with {version})")
    assert student.errors[1][1].endswith(f"(the grader has {version})")


def test_a_question_to_nobody_says_so(student):
    student.run("ask", "x = input('how many? ')")
    assert student.errors[0][1].startswith("EOFError: input() asks somebody, and nobody is there")


def test_a_cell_that_waits_for_ever_is_interrupted(student):
    student.run("wait", "import asyncio\nx = 5\nawait asyncio.sleep(600)")
    student.run("after", "await asyncio.sleep(0)\nx += 1")
    assert value(student, "x") == 6
    assert [cell for cell, _ in student.errors] == ["wait"]
