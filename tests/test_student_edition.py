"""The course as students may have it: no answer in it, no link into nothing, and checks that pass."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tools import student_edition

ROOT = Path(__file__).parents[1]
_ANSWER = re.compile(r"### BEGIN SOLUTION\n(.*?)\n[ \t]*### END SOLUTION", re.DOTALL)
URL = "https://github.com/someone/students"
_LINK = re.compile(r"\]\((?!https?:|#|mailto:|attachment:)([^)\s#]+)")
_BLOB = re.compile(
    r"https://(?:github\.com|colab\.research\.google\.com/github)/someone/students/(?:blob|tree)/main/([\w./-]+)"
)


@pytest.fixture(scope="module")
def edition(tmp_path_factory):
    out = tmp_path_factory.mktemp("edition") / "students"
    assert student_edition.main([str(out), "--url", URL]) == 0
    return out


def readable(edition):
    for path in sorted(edition.rglob("*")):
        if path.is_file() and b"\0" not in (data := path.read_bytes())[:8192]:
            yield path, data.decode("utf-8")


def answers():
    """The solutions: what stands between the marks, where it is more than a line."""
    for path in ROOT.glob("solutions/*/*.ipynb"):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            for answer in _ANSWER.findall("".join(cell["source"])):
                if answer.strip().count("\n"):
                    yield answer.strip()


def test_no_solution_no_bank_and_no_hidden_test_is_in_it(edition):
    names = {path.relative_to(edition).as_posix() for path, _ in readable(edition)}
    assert not [
        name for name in names if name.startswith(("solutions/", "tests/exercises/", "tests/grading/"))
    ]
    shown = (edition / "book", edition / "exercises")
    exercises = [
        (path, text)
        for path, text in readable(edition)
        if path.suffix == ".ipynb" and path.is_relative_to(shown[0]) | path.is_relative_to(shown[1])
    ]
    assert len(exercises) > 20
    for path, text in exercises:
        assert "### BEGIN" not in text, path
    known = set(answers())
    assert len(known) > 30
    handed_out = [(path, text) for path, text in exercises if "exercises" in path.parts]
    for path, text in handed_out:
        sources = "\n".join("".join(cell["source"]) for cell in json.loads(text)["cells"])
        assert not [answer for answer in known if answer in sources], path


def test_what_students_need_is_in_it(edition):
    for folder in ("book", "exercises", "cnncourse", "tests", "tools", ".github/workflows"):
        assert (edition / folder).is_dir()
    assert len(list(edition.glob("exercises/*/*.ipynb"))) == len(list(ROOT.glob("exercises/*/*.ipynb")))
    for path, text in readable(edition):
        assert "begin instructors" not in text, path
        assert "end instructors" not in text, path


def test_links_lead_somewhere(edition):
    for path, text in readable(edition):
        if path.suffix not in (".md", ".ipynb"):
            continue
        for target in _LINK.findall(text):
            assert (path.parent / target).exists() or path.suffix == ".ipynb", f"{path}: {target}"
        for target in _BLOB.findall(text):
            assert (edition / target).exists(), f"{path}: {target}"
        assert "cnn-course/cnn-course" not in text, path
    for line in (edition / "_toc.yml").read_text().splitlines():
        if "file:" in line:
            name = line.split("file:")[1].strip()
            assert (edition / f"{name}.md").exists() or (edition / f"{name}.ipynb").exists(), name


def test_its_makefile_has_what_its_ci_calls(edition):
    done = subprocess.run(
        ["make", "--dry-run", "test", "VENV=.venv"], cwd=edition, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    listed = (edition / "Makefile").read_text()
    for target in ("book", "lint", "unit", "notebooks", "lab"):
        assert re.search(rf"^{target}:", listed, re.MULTILINE)
    assert "solutions" not in listed.replace("$(wildcard solutions)", "")
    for module in set(re.findall(r"tools[./](\w+)", listed)):
        assert (edition / "tools" / f"{module}.py").exists(), module


def test_its_tests_import_nothing_that_is_left_out(edition):
    environment = os.environ | {"PYTHONPATH": str(edition)}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", "tests"],
        cwd=edition,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:]


def test_a_folder_that_holds_something_is_left_alone(tmp_path, capsys):
    (tmp_path / "mine.txt").write_text("mine")
    assert student_edition.main([str(tmp_path)]) == 2
    assert "name another one" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
