"""``make quick`` finds the tests of what has changed."""

import subprocess
from pathlib import Path

import pytest

from tools import quick

ROOT = quick.ROOT


@pytest.mark.parametrize(
    ("path", "tests"),
    [
        ("cnncourse/data/cache.py", {"cnncourse/data/cache.py", "tests/data/test_cache.py"}),
        ("cnncourse/doctor.py", {"cnncourse/doctor.py", "tests/test_doctor.py"}),
        ("tools/records.py", {"tests/test_records.py"}),
        ("tests/optim/test_muon.py", {"tests/optim/test_muon.py"}),
        ("solutions/02_convolution/02_convolution.ipynb", {"tests/exercises/test_banks.py"}),
        ("README.md", set()),
    ],
)
def test_a_file_has_its_tests(path, tests):
    assert set(quick.matching_tests([Path(path)])) == tests


def test_a_module_without_a_test_of_its_name_has_those_of_its_folder():
    found = quick.matching_tests([Path("cnncourse/optim/sgd.py")])
    assert {f"tests/optim/{path.name}" for path in (ROOT / "tests/optim").glob("test_*.py")} < set(found)


def test_changes_that_are_committed_or_not_are_seen(tmp_path, monkeypatch):
    def git(*words):
        subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b", *words], cwd=tmp_path, check=True)

    monkeypatch.setattr(quick, "ROOT", tmp_path)
    git("init", "-q", "-b", "main")
    for name in ("kept", "edited", "gone"):
        (tmp_path / name).write_text("1")
    git("add", ".")
    git("commit", "-qm", "one")
    git("switch", "-qc", "other")
    (tmp_path / "committed").write_text("1")
    git("add", ".")
    git("commit", "-qm", "two")
    (tmp_path / "edited").write_text("2")
    (tmp_path / "new one").write_text("3")
    (tmp_path / "gone").unlink()
    assert quick.changed("main") == [Path("committed"), Path("edited"), Path("new one")]


def test_only_the_banks_and_notebooks_that_changed_are_run():
    solution = "solutions/02_convolution/02_convolution.ipynb"
    todo = quick.commands([Path("book/18_mnist.ipynb"), Path(solution), Path("exercises/x/x.ipynb")], 2)
    (banks,) = [command for command in todo if "tests/exercises/test_banks.py" in command]
    assert banks[-1] == "02_"
    assert todo[-1][-2:] == ["book/18_mnist.ipynb", solution]
    assert "--nbval" in todo[-1]


def test_something_that_fails_does_not_hide_the_rest(monkeypatch, capfd):
    monkeypatch.setattr(quick, "changed", lambda base: [])
    monkeypatch.setattr(
        quick, "commands", lambda paths, jobs: [["false"], ["sh", "-c", "exit 5"], ["echo", "on"]]
    )
    assert quick.main([]) == 1
    said = capfd.readouterr().out
    assert "on\n" in said
    assert "1 failed" in said
