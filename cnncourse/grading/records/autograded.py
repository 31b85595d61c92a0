"""The graded notebook that formgrader shows: what the student wrote, and below each test what came of it.

It is opened in the instructor's browser, on the address of the instructor's Jupyter. So nothing in it may
run: outputs are plain text, and markup in a student's words is written so that it stays words.
"""

import json
import re
from collections.abc import Container, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode, from_dict

from cnncourse.files import replace_file
from cnncourse.grading import cells
from cnncourse.grading.assignment import Assignment
from cnncourse.grading.report import CellReport, Report

_TAG = re.compile(r"<(?=[A-Za-z/!?])")
_REFERENCE = re.compile(r"&(?=#|(?:colon|tab|newline|lpar|rpar);)", re.IGNORECASE)
_PROTOCOL = re.compile(r"(script|data|file)(?=\s*:)", re.IGNORECASE)
_PICTURE = re.compile(r"!(?=\[)(?:(?=\[[^\[\]\n]*\]\(attachment:([\w .%-]+)[)\s]))?")
_LONGEST = 20_000
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_NOT_GRADED = {"zero": "This submission got no points.", "quarantined": "This submission waits for a person."}


def build(report: Report, notebook: NotebookNode, assignment: Assignment) -> NotebookNode:
    """Lay a report into the notebook that it is about.

    Args:
        report: what grading came to.
        notebook: the repaired submission.
        assignment: the instructor's version, whose hidden tests are shown.

    Returns:
        A notebook with nbgrader's marks, as ``nbgrader autograde`` would have left it.
    """
    results = {cell.cell: cell for cell in report.cells}
    tests = _tests(assignment)
    built = (
        [_remarks(report)]
        if report.state != "graded" or report.repairs or report.flags or report.forgeable
        else []
    )
    for cell in notebook.cells:
        cell = from_dict(dict(cell))  # type: ignore[no-untyped-call]
        name = cells.grade_id(cell)
        if name in tests:
            cell.source = tests[name]
            cell.outputs = list(_outputs(results[name])) if name in results else []
        elif cells.role(cell) not in cells.LOCKED:
            theirs = cell.get("attachments", {})
            text = neutral(cell.source, theirs) if cell.cell_type == "markdown" else cell.source
            cell.source = shortened(text)
        built.append(cell)
    content = {
        **notebook,
        "cells": built,
        "metadata": {**notebook.metadata, "cnncourse": {"key": report.key}},
    }
    graded: NotebookNode = from_dict(content)  # type: ignore[no-untyped-call]
    return graded


def neutral(text: str, attachments: Container[str] = ()) -> str:
    """Write a student's Markdown so that no browser finds a tag, a script or a picture of elsewhere in it.

    Args:
        text: Markdown.
        attachments: the names of pictures that the cell brings along; nbconvert fails on any other.

    Example:
        >>> neutral("1 < 2, **bold** <script>alert(1)</script> [x](javascript:alert(1))")
        '1 < 2, **bold** < script>alert(1)< /script> [x](javascript :alert(1))'
        >>> neutral("![mine](attachment:a.png) ![spy](https://example.org/a.png)", {"a.png"})
        '![mine](attachment:a.png) ! [spy](https://example.org/a.png)'
    """
    text = _PICTURE.sub(lambda found: "!" if found[1] in attachments else "! ", text)
    return _PROTOCOL.sub(r"\1 ", _REFERENCE.sub("& ", _TAG.sub("< ", text)))


def shortened(text: str, longest: int = _LONGEST) -> str:
    r"""Cut what a student wrote where no browser could show it all.

    Example:
        >>> shortened("a long answer", 6)
        'a long\n… (7 more characters)'
    """
    return text if len(text) <= longest else f"{text[:longest]}\n… ({len(text) - longest:,} more characters)"


def answers(path: Path) -> dict[str, str]:
    """Read the texts that a person grades from a graded notebook, to see later whether they changed.

    Args:
        path: the notebook; it need not be there.

    Returns:
        The texts by grade_id.
    """
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {
        cells.grade_id(cell): "".join(cell["source"])
        for cell in notebook["cells"]
        if cells.mark(cell).get("solution")
    }


def write(notebook: NotebookNode, folder: Path, assignment: Assignment) -> None:
    """Write a graded notebook and the files that it shows. What is there already is not touched."""
    text: str = nbformat.writes(notebook)  # type: ignore[no-untyped-call]
    replace_file(folder / f"{assignment.stem}.ipynb", text.encode() + b"\n")
    for name, data in assignment.files:
        replace_file(folder / name, data)


@lru_cache(maxsize=2)
def _tests(assignment: Assignment) -> dict[str, str]:
    """Give the full sources of the test cells, by grade_id."""
    tests = (cell for cell in assignment.notebook.cells if cells.role(cell) == "test")
    return {cells.grade_id(cell): cell.source for cell in tests}


def _outputs(result: CellReport) -> Iterator[dict[str, Any]]:
    """Show what a learner would read. A failed test ends in an error, for that is how nbgrader knows it."""
    text = _CONTROL.sub("", result.text)
    if result.state == "passed":
        yield {"output_type": "stream", "name": "stdout", "text": text or "✓\n"}
        return
    said = [_CONTROL.sub("", line) for line in (text or result.reason).split("\n")]
    error, reason = result.error or result.state, _CONTROL.sub("", result.reason)
    yield {"output_type": "error", "ename": error[:100], "evalue": reason, "traceback": said}


def _remarks(report: Report) -> dict[str, Any]:
    """Say above everything what the instructor should know; nothing of it is markup."""
    lines = [f"**{_NOT_GRADED[report.state]}** {report.reason}"] if report.state in _NOT_GRADED else []
    lines += [f"Mended: {line}" for line in report.repairs]
    lines += [f"Look at this: {line}" for line in report.flags]
    if beside := report.forgeable:
        names = ", ".join(beside)
        lines.append(f"Judged in the student's process, which can forge it: {names}")
    text = "\n\n".join(neutral(_CONTROL.sub("", line)).replace("\n", " ") for line in lines)
    return {"cell_type": "markdown", "id": "the-grader-says", "metadata": {}, "source": text}
