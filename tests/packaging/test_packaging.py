"""What is shipped: equal environments, a wheel that works anywhere, one repository address."""

import ast
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
import yaml

from tools import repository

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

FOLDERS = ("book", "solutions", "exercises")


def name_of(requirement):
    return re.match(r"[\w.-]+", requirement)[0].lower()


def pins(lines):
    return dict(line.split("==") for line in (line.strip().lower() for line in lines) if "==" in line)


def wanted():
    """The packages that pyproject.toml names, in every extra."""
    listed = itertools.chain(PROJECT["dependencies"], *PROJECT["optional-dependencies"].values())
    return {name_of(requirement) for requirement in listed} - {"cnncourse"}


def test_every_package_has_a_tested_version():
    assert wanted() <= set(pins((ROOT / "constraints.txt").read_text().splitlines()))


def test_environment_yml_is_the_same_environment():
    conda = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    listed = pins(next(entry["pip"] for entry in conda if isinstance(entry, dict)))
    tested = pins((ROOT / "constraints.txt").read_text().splitlines())
    assert listed == {name: tested[name] for name in wanted()}


def test_the_package_never_pins_torch():
    """Colab brings its own; an upper bound would replace it."""
    for requirement in PROJECT["dependencies"]:
        assert re.fullmatch(r"[\w-]+>=[\d.]+", requirement), requirement


@pytest.fixture(scope="session")
def wheel(tmp_path_factory):
    out = tmp_path_factory.mktemp("dist")
    built = subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", out, ROOT],
        capture_output=True,
        text=True,
    )
    assert built.returncode == 0, built.stderr
    assert list(out.glob("*.tar.gz")), "no sdist"
    return next(out.glob("*.whl"))


def test_the_wheel_holds_the_data_it_needs(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert "cnncourse/py.typed" in names
    assert any(name.startswith("cnncourse/data/samples/") and name.endswith(".npz") for name in names)
    assert any(name.endswith("hints/02_convolution.toml") for name in names)
    assert any(name.endswith("explorers/convolution.js") for name in names)
    assert not any(name.startswith(("tests", "solutions", "tools")) for name in names)
    assert wheel.stat().st_size < 4e6


@pytest.mark.parametrize(
    "notebook", ["book/02_convolution.ipynb", "solutions/02_convolution/02_convolution.ipynb"]
)
def test_the_wheel_runs_notebooks_away_from_the_repository(wheel, tmp_path, notebook):
    """As in Colab: the package comes from a wheel, the notebook lies alone in a folder."""
    site = tmp_path / "site"
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-deps",
            "--no-index",
            "--target",
            site,
            wheel,
        ],
        check=True,
    )
    work = tmp_path / "content"
    work.mkdir()
    shutil.copy(ROOT / notebook, work)
    code = (
        "import cnncourse, nbformat, sys; from nbclient import NotebookClient; "
        "print(cnncourse.__file__); "
        "NotebookClient(nbformat.read(sys.argv[1], 4), timeout=300, kernel_name='python3').execute()"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code, Path(notebook).name],
        cwd=work,
        env={**os.environ, "PYTHONPATH": str(site), "CNNCOURSE_SCALE": "smoke", "CNNCOURSE_OFFLINE": "1"},
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr[-3000:]
    assert ran.stdout.startswith(str(site)), "the package came from the repository, not from the wheel"


def test_one_command_moves_the_project_to_a_fork():
    """After ``make repository`` no link names the old address, in whatever form it was written."""
    old = repository.slug(repository.address())
    link = re.compile(rf"(?:https?://|github|git\+)\S*(?:{re.escape(old[0])}|{re.escape(old[1])})")
    texts = {path: path.read_text(encoding="utf-8") for path in repository.texts()}
    moved = {path: repository.rewrite(text, old, ("ada", "convnets")) for path, text in texts.items()}
    assert [path.relative_to(ROOT) for path, text in moved.items() if link.search(text)] == []
    assert sum(text != texts[path] for path, text in moved.items()) > 10


@pytest.mark.parametrize("url", ["", "github.com/a/b", "https://example.org/a/b", "https://github.com/a"])
def test_a_wrong_address_is_refused_in_one_line(url, capsys):
    assert repository.main([url]) == 2
    assert capsys.readouterr().err == f"URL expects https://github.com/owner/name, got {url!r}\n"


def test_rewriting_touches_whole_names_only():
    text = "https://github.com/eve/deep/blob eve.github.io/deep/ x/deep-2 eve/deep-2"
    assert repository.rewrite(text, ("eve", "deep"), ("ada", "nets")) == (
        "https://github.com/ada/nets/blob ada.github.io/nets/ x/deep-2 eve/deep-2"
    )


def imported(source):
    """Name what a piece of code imports; a line with magics is no import."""
    for node in ast.walk(ast.parse(re.sub(r"^(\s*)[%!].*", r"\1pass", source, flags=re.MULTILINE))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module


def test_nothing_but_tools_and_tests_imports_tools_and_tests():
    modules = [
        *(ROOT / "cnncourse").rglob("*.py"),
        *(ROOT / "book").rglob("*.py"),
        ROOT / "nbgrader_config.py",
    ]
    sources = {path: path.read_text(encoding="utf-8") for path in modules}
    for path in (path for folder in FOLDERS for path in (ROOT / folder).rglob("*.ipynb")):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        for cell in cells:
            if cell["cell_type"] == "code":
                sources[path / cell["id"]] = "".join(cell["source"])
    assert len(sources) > 1000
    wrong = {
        str(path.relative_to(ROOT)): name
        for path, source in sources.items()
        for name in imported(source)
        if name.split(".")[0] in ("tools", "tests")
    }
    assert not wrong


def test_few_entries_at_the_root():
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True).stdout.split()
    visible = {name.split("/")[0] for name in listed if not name.startswith(".")}
    assert len(visible) <= 20, sorted(visible)
