"""The command line: commands are there, and an error is a line, not a traceback."""

import subprocess
import sys

import pytest
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

    monkeypatch.setattr(cli, "_mount", lambda: None)
    monkeypatch.setattr(cli, "app", full)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 2
    assert capsys.readouterr().err == "cnncourse: [Errno 28] No space left on device: 'grades.json'\n"


def test_grading_does_not_import_torch():
    """It would take seconds, and memory, in the command and in each of its workers."""
    code = (
        "import sys; sys.argv = ['cnncourse', 'grade', '--help']\n"
        "from cnncourse import cli\n"
        "from cnncourse.grading import pipeline\nfrom cnncourse.grading.judge import client\n"
        "try: cli.main()\n"
        "finally: assert 'torch' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
