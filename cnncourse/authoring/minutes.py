"""How long it takes to read a chapter: one rule for all of them.

A minute for 200 words, 15 seconds for a code cell and what it says, 15 seconds for a figure, and a minute
for a prediction. The head of a chapter and the tables of the book state the sum, rounded to five minutes;
``python -m tools.minutes`` writes it there.
"""

import re
from collections.abc import Iterator

from nbformat import NotebookNode

WORDS_A_MINUTE = 200
CODE_CELL, FIGURE, PREDICTION = 15, 15, 60
"""Seconds."""

PREDICT = "Predict before you run"
OPTIONAL = "(optional)"
NOT_CORE = re.compile(r"quiz|practise|your turn|now you", re.IGNORECASE)
_HEADING = re.compile(r"^(#+) +(.*)$", re.MULTILINE)
_FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_NOT_READ = re.compile(r"<[^>]*>|(?<=\])\([^)]*\)")


def seconds(cell: NotebookNode) -> float:
    """Estimate the seconds that a cell takes its reader.

    Example:
        >>> from nbformat.v4 import new_code_cell, new_markdown_cell
        >>> seconds(new_code_cell("1 + 1")), seconds(new_markdown_cell("Ten words " * 5))
        (15, 3.0)
    """
    if cell.cell_type == "code":
        figures = sum("image/png" in output.get("data", {}) for output in cell.outputs)
        return CODE_CELL + FIGURE * figures
    return _reading(cell.source)


def _reading(text: str) -> float:
    words = [word for word in _NOT_READ.sub("", text).split() if any(map(str.isalnum, word))]
    return 60 * len(words) / WORDS_A_MINUTE + PREDICTION * text.count(PREDICT)


def minutes(notebook: NotebookNode) -> float:
    """Estimate the minutes that a whole chapter takes."""
    return sum(map(seconds, notebook.cells)) / 60


def core(notebook: NotebookNode) -> float:
    """Estimate the minutes of what is marked neither optional nor as quiz or practice.

    A section below an optional one is optional too.
    """
    return sum(found for headings, found in sections(notebook) if not skipped(headings)) / 60


def skipped(headings: tuple[str, ...]) -> bool:
    """Whether a section may wait for a second reading."""
    return any(OPTIONAL in heading for heading in headings) or bool(NOT_CORE.match(headings[-1]))


def sections(notebook: NotebookNode) -> Iterator[tuple[tuple[str, ...], float]]:
    """Give the sections of a chapter, each with the headings above it, its own last, and its seconds."""
    above: list[tuple[int, str]] = [(0, "")]
    found = 0.0
    for cell in notebook.cells:
        if cell.cell_type == "code":
            found += seconds(cell)
            continue
        source = _FENCED.sub(lambda block: block[0].replace("#", "·"), cell.source)
        begin = 0
        for heading in _HEADING.finditer(source):
            found += _reading(source[begin : heading.start()])
            yield tuple(title for _, title in above), found
            begin, found, level = heading.start(), 0.0, len(heading[1])
            above = [*(line for line in above if line[0] < level), (level, heading[2])]
        found += _reading(source[begin:])
    yield tuple(title for _, title in above), found


def rounded(value: float) -> int:
    """Round minutes to the five that a chapter's head states.

    Example:
        >>> rounded(52.4), rounded(52.6)
        (50, 55)
    """
    return 5 * round(value / 5)
