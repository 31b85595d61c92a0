"""What each chapter promises to teach, and the cells that do: ``curriculum/NN.toml`` names them.

[[bullet]]
text = "output size of a padded, strided convolution"
cells = ["formula", "formula-check"]
"""

import json
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = sorted((Path(__file__).parent / "curriculum").glob("*.toml"))


def missing(text, book, number):
    """Say what a file of bullets names that its chapter has not, one line each."""
    chapters = sorted(book.glob(f"{number}_*.ipynb"))
    if len(chapters) != 1:
        return [f"{number}: expected one chapter of this number, got {len(chapters)}"]
    ids = {cell["id"] for cell in json.loads(chapters[0].read_text(encoding="utf-8"))["cells"]}
    bullets = tomllib.loads(text)
    found = [f"unknown key {key}" for key in bullets if key != "bullet"]
    for bullet in bullets.get("bullet", []) or [{}]:
        if set(bullet) != {"text", "cells"} or not bullet["text"] or not bullet["cells"]:
            found.append(f"a bullet has a text and cells, got {bullet}")
            continue
        found += [f"{bullet['text']}: no cell {name!r}" for name in bullet["cells"] if name not in ids]
    return found


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_each_bullet_has_its_cells(file):
    assert missing(file.read_text(encoding="utf-8"), ROOT / "book", file.stem) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[[bullet]]\ntext = "sums"\ncells = ["sum"]', []),
        ('[[bullet]]\ntext = "sums"\ncells = ["sum", "som"]', ["sums: no cell 'som'"]),
        ('[[bullet]]\ntext = "sums"\ncells = []', ["a bullet has a text and cells, got {'text': 'sums', "]),
        ('[[bullet]]\ncells = ["sum"]', ["a bullet has a text and cells, got "]),
        ("", ["a bullet has a text and cells, got {}"]),
        ('[[bulet]]\ntext = "sums"', ["unknown key bulet", "a bullet has"]),
    ],
)
def test_what_is_missing_is_said(tmp_path, text, said):
    (tmp_path / "01_sum.ipynb").write_text(json.dumps({"cells": [{"id": "title"}, {"id": "sum"}]}))
    found = missing(text, tmp_path, "01")
    assert len(found) == len(said)
    assert all(line.startswith(start) for line, start in zip(found, said, strict=True))
    assert missing(text, tmp_path, "02") == ["02: expected one chapter of this number, got 0"]
