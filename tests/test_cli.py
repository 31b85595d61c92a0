"""The command line: commands are there, and an error is a line, not a traceback."""

import importlib
import subprocess
import sys

import pytest
import typer
from typer.testing import CliRunner

import cnncourse
from cnncourse import cli


def run(*arguments):
    return subprocess.run([sys.executable, "-m", "cnncourse", *arguments], capture_output=True, text=True)


def test_version_and_help():
    assert CliRunner().invoke(cli.app, ["--version"]).output == f"cnncourse {cnncourse.__version__}\n"
    shown = run("--help").stdout
    assert all(word in shown for word in ("doctor", "data", "train", "grade"))


def test_an_error_is_one_line():
    result = run("data", "get", "imagenot")
    assert result.returncode == 2
    assert result.stderr.count("\n") == 1
    assert result.stderr.startswith("cnncourse: ")
    assert "imagenot" in result.stderr


def test_an_error_of_the_system_is_one_line_too(monkeypatch, capsys):
    def full():
        raise OSError(28, "No space left on device", "grades.json")

    monkeypatch.setattr(cli, "app", full)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 2
    assert capsys.readouterr().err == "cnncourse: [Errno 28] No space left on device: 'grades.json'\n"


@pytest.mark.parametrize("words", [["--help"], ["doctor", "--help"], ["grade", "--help"], ["--version"]])
def test_who_does_not_need_torch_does_not_wait_for_it(words):
    """It would take seconds, and memory, in the command and in each of a grader's workers."""
    code = (
        "import sys\nfrom cnncourse import cli\n"
        "from cnncourse.grading import pipeline\nfrom cnncourse.grading.judge import client\n"
        f"sys.argv = ['cnncourse', *{words!r}]\n"
        "try: cli.main()\n"
        "finally: assert 'torch' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_list_of_commands_says_what_the_commands_say():
    for package, name, about in cli._ELSEWHERE.values():
        command = getattr(importlib.import_module(f"cnncourse.{package}.command"), name)
        told = command.info.help if isinstance(command, typer.Typer) else command.__doc__.splitlines()[0]
        assert told == about


def test_what_is_typed_decides_and_not_how_the_program_was_started():
    """Commands load without a look at ``sys.argv``, which is the test runner's here."""
    result = CliRunner().invoke(cli.app, ["data", "where"])
    assert result.exit_code == 0, result.output
    assert "CNNCOURSE_DATA" in result.output
    listed = CliRunner().invoke(cli.app, ["train", "--list"]).output
    assert listed.startswith("smoke ")
    assert CliRunner().invoke(cli.app, ["train", "--epochs", "0"]).exit_code == 2
    assert "data list" in CliRunner().invoke(cli.app, ["data", "get", "--help"]).output
