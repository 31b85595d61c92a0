"""What a learner sees: the message alone, with the line of the cell in which their code went wrong."""

import sys

import pytest
from IPython.core.interactiveshell import InteractiveShell

from cnncourse.check import session


@pytest.fixture
def shell(monkeypatch, tmp_path):
    monkeypatch.setattr(session, "_results", {})
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])  # the shell puts its own there
    shell = InteractiveShell.instance(colors="nocolor")
    shell.reset()
    shell.run_cell("from cnncourse import check")
    yield shell
    InteractiveShell.clear_instance()


def test_a_failed_check_shows_its_message_alone(shell, capsys):
    shell.run_cell('with check.cell("sum", points=2):\n    check.equal(1, 2, call="f()")')
    assert capsys.readouterr().out == "✗ sum · 2 points\n  f() is wrong.\n  expected 2, got 1\n"


def test_an_error_shows_the_line_of_the_answer_cell(shell, capsys):
    shell.run_cell("def first(x):\n    y = 1\n    return x[0]", store_history=True)
    shell.run_cell('with check.cell("first", points=1):\n    first([])', store_history=True)
    said = capsys.readouterr().out
    assert "Your code stopped with IndexError: list index out of range" in said
    assert "in first, line 3:  return x[0]" in said
    assert "Traceback" not in said


def test_a_passed_cell_leaves_no_result_to_be_read_as_a_score(shell, capsys):
    result = shell.run_cell('with check.cell("sum", points=2):\n    check.equal(2.0, 2.0)')
    assert result.result is None
    assert capsys.readouterr().out == "✓ sum · 2 points\n"
