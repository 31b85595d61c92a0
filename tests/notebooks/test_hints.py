"""A hint that names a chapter's section names one that is there."""

import re
from pathlib import Path

import nbformat
import pytest

from cnncourse.authoring.minutes import sections
from cnncourse.hints import all_hints

BOOK = Path(__file__).parents[2] / "book"
HINTS = {key: hint for key, hint in all_hints().items() if hint.section}


def headings(chapter: str) -> set[str]:
    """The headings of a chapter, as a reader sees them."""
    (path,) = BOOK.glob(f"{chapter}_*.ipynb")
    notebook = nbformat.read(path, as_version=4)
    return {re.sub("[`*]", "", above[-1]) for above, _ in sections(notebook)}


@pytest.mark.parametrize("chapter", sorted({hint.chapter for hint in HINTS.values()}))
def test_each_section_is_there(chapter: str) -> None:
    there = headings(chapter)
    lost = {key: hint.section for key, hint in HINTS.items() if hint.chapter == chapter}
    assert {key: section for key, section in lost.items() if section not in there} == {}
