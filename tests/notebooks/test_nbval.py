"""nbval, run the way `make notebooks` runs it, must see an output that has changed."""

import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

ROOT = Path(__file__).parents[2]
COMMAND = "-m pytest --nbval -p tests.notebooks.strict -p no:cacheprovider -o addopts= -n 2 --dist loadfile"


def cell(source, stored, name, *, tags=(), kind="execute_result"):
    outputs = [new_output("stream", name="stdout", text=stored)] if kind == "stream" else []
    if kind == "execute_result":
        outputs = [new_output(kind, {"text/plain": stored}, execution_count=1)]
    return new_code_cell(source, id=name, outputs=outputs, execution_count=1, metadata={"tags": list(tags)})


GOOD = [
    cell("x = 20\nx + 22", "42", "sum"),
    cell("print('hello')", "hello\n", "print", kind="stream"),
    cell("x  # a name of another cell: one worker runs the whole notebook", "20", "name"),
    cell("[1, 2, 3];", "", "hidden-by-semicolon", kind="none"),
    cell("import os\nos.getpid()", "1", "hardware", tags=["nbval-ignore-output"]),
]
CHANGED = [
    cell("20 + 22", "43", "result"),
    cell("print('hello')", "goodbye\n", "print", kind="stream"),
    cell("40 + 2", "42", "fine"),
    cell("assert 1 + 1 == 3", "", "assertion", kind="none", tags=["nbval-ignore-output"]),
]


@pytest.fixture(scope="module")
def outcome(tmp_path_factory):
    """Run two notebooks: one as stored, one whose stored outputs are not what comes out."""
    folder = tmp_path_factory.mktemp("notebooks")
    for name, cells in (("good", GOOD), ("changed", CHANGED)):
        kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
        nbformat.write(new_notebook(cells=cells, metadata={"kernelspec": kernel}), folder / f"{name}.ipynb")
    own = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST_", "COV_"))}
    command = [sys.executable, *COMMAND.split(), "--color=no", "-rA", "-v", str(folder)]
    return subprocess.run(command, cwd=ROOT, env=own, capture_output=True, text=True, check=False)


def cells(outcome, verdict, name):
    return sorted(
        int(n) for n in re.findall(rf"^{verdict} .*{name}\.ipynb::Cell (\d+)", outcome.stdout, re.M)
    )


def test_unchanged_outputs_pass(outcome):
    assert cells(outcome, "PASSED", "good") == [0, 1, 2, 3, 4], outcome.stdout + outcome.stderr


def test_each_changed_output_fails(outcome):
    assert cells(outcome, "FAILED", "changed") == [0, 1, 3], outcome.stdout + outcome.stderr
    assert cells(outcome, "PASSED", "changed") == [2]
    assert outcome.returncode == 1
