"""CONTRIBUTING agrees with the tree: the files, commands and names that it speaks of exist."""

import re
from pathlib import Path

import pytest

from cnncourse.train.planned import PLANNED

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
SPANS = re.findall(r"`([^`\n]+)`", TEXT)
FOLDERS = ("book/", "cnncourse/", "exercises/", "solutions/", "tests/", "tools/")
PLACES = sorted({word for span in SPANS for word in span.split() if word.startswith(FOLDERS)})


@pytest.mark.parametrize("place", PLACES)
def test_a_file_that_is_named_exists(place):
    pattern = place.rstrip("/").replace("NN", "[0-9][0-9]").replace("NAME", "*").replace("topic", "*")
    assert list(ROOT.glob(pattern)), place


def test_make_targets_exist():
    targets = set(re.findall(r"`make ([a-z-]+)", TEXT))
    assert len(targets) >= 6
    assert targets <= set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("tests/backbones/test_every_net.py", "PARAMETERS"),
        ("cnncourse/explorers/__init__.py", "_STATES"),
        ("cnncourse/augment/parse.py", "def register"),
        ("cnncourse/data/registry.py", "class Entry"),
    ],
)
def test_a_table_that_is_named_is_where_it_says(file, name):
    assert name.split()[-1] in TEXT
    assert file in TEXT
    assert re.search(rf"^{name}\b", (ROOT / file).read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.parametrize(("tool", "options"), re.findall(r"-m tools\.(\w+)([^`]*)", TEXT))
def test_options_of_the_tools_exist(tool, options):
    source = (ROOT / "tools" / f"{tool}.py").read_text(encoding="utf-8")
    assert all(f'"{option}"' in source for option in re.findall(r"--[a-z]+", options))


def test_it_repeats_no_table_of_runs():
    """Which records are missing, `make records` says."""
    assert [name for name in PLANNED if re.search(rf"\b{name}\b", TEXT)] in ([], ["race94"])
