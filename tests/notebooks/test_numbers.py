"""Nothing has to be believed: a number in a chapter's prose stands in one of its cells, or in its output.

Left out are code, links, titles, years, the title cell and the quiz, and whole numbers up to ten. Where a
number stands in no cell, ``numbers.toml`` says why: it was published elsewhere, the sentence itself or an
assert beside it works it out, or it is part of a mistake that the text corrects.
"""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

BOOK = Path(__file__).parents[2] / "book"
CHAPTERS = sorted(BOOK.glob("*.ipynb"))
ALLOWED = tomllib.loads(Path(__file__).with_name("numbers.toml").read_text(encoding="utf-8"))

_CROSS_REFERENCE = r"(?:[Cc]hapters?|[Ss]ections?) \d[\d.]*(?:(?:,| and| to) \d+)*"
_YEAR = r"\b(?:19|20)\d\d\b"
_NOT_PROSE = re.compile(
    rf"```.*?```|`[^`]*`|\]\([^)]*\)|<[^>]*>|^#+ [^\n]*|{_CROSS_REFERENCE}|{_YEAR}", re.DOTALL | re.MULTILINE
)
_NUMBER = re.compile(r"(?<![\w.])\d[\d,]*(?:\.\d+)?(?!\w)")
_IN_CODE = re.compile(r"\d[\d,_]*(?:\.\d+)?")


def unfounded(notebook: NotebookNode) -> Iterator[tuple[str, str]]:
    """Name each number in the prose that no cell holds, with the cell that states it."""
    known = {plain(number) for text in shown(notebook) for number in _IN_CODE.findall(text)}
    exact = [float(number) for number in known]
    for cell in notebook.cells:
        if cell.cell_type != "markdown" or cell.id in ("title", "quiz"):
            continue
        for found in _NUMBER.findall(_NOT_PROSE.sub(" ", cell.source)):
            number = plain(found)
            if number not in known and not small(number) and not rounded(number, exact):
                yield cell.id, number


def shown(notebook: NotebookNode) -> Iterator[str]:
    """Give all that the code cells say, and all that they print."""
    for cell in notebook.cells:
        if cell.cell_type == "code":
            yield cell.source
            for output in cell.outputs:
                yield output.get("text", "") or output.get("data", {}).get("text/plain", "")


def plain(number: str) -> str:
    return number.replace("_", "").replace(",", "")


def small(number: str) -> bool:
    return number.isdigit() and int(number) <= 10


def rounded(number: str, exact: list[float]) -> bool:
    """Whether a number, or that many per cent, is one of the others with fewer digits: 350 of 346.7."""
    whole, _, fraction = number.partition(".")
    digits = len(fraction) or -(len(whole) - len(whole.rstrip("0")))
    return any(float(number) in (round(found, digits), round(100 * found, digits)) for found in exact)


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_every_number_has_its_cell(path):
    allowed = ALLOWED.get(path.stem, {})
    excused = {
        (cell, number) for cells in allowed.values() for cell, all_ in cells.items() for number in all_
    }
    found = set(unfounded(nbformat.read(path, as_version=4)))
    assert found - excused == set(), "print or assert these in a cell, or say in numbers.toml why not"
    assert excused - found == set(), "numbers.toml excuses what needs no excuse"


def test_reasons_are_of_three_kinds():
    assert {reason for chapter in ALLOWED.values() for reason in chapter} <= {
        "published",
        "worked_out",
        "mistake",
    }


def test_a_number_without_a_cell_is_found():
    code = new_code_cell("print(1_234 / 100)", id="code")
    code.outputs = [nbformat.v4.new_output("stream", text="12.34\n")]
    text = "## 99 things\nIn 1998, 7 of 1,234 were 12.3; `55` [here](a77.md), chapter 88, but 41 and 12.4."
    notebook = new_notebook(cells=[code, new_markdown_cell(text, id="text")])
    assert list(unfounded(notebook)) == [("text", "41"), ("text", "12.4")]
