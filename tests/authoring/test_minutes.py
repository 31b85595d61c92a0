"""How long a chapter takes: the rule, and that heads and tables state what it gives."""

import re
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from cnncourse.authoring import minutes
from tools.minutes import restate

ROOT = Path(__file__).parents[2]
CHAPTERS = sorted((ROOT / "book").glob("[0-9][0-9]_*.ipynb"))
CORE = re.compile(r"\*\*Core path, (\d+) minutes:\*\* all that is not marked \*\(optional\)\*")


def test_words_cells_figures_and_predictions_count():
    figure = new_output("display_data", data={"image/png": "", "text/plain": "<Figure>"})
    told = (
        f"{minutes.PREDICT} {'word ' * 396}[a link](https://example.org/not-a-word) <p class='no word'> · —"
    )
    cells = [new_markdown_cell(told), new_code_cell("plot()", outputs=[figure]), new_code_cell("1 + 1")]
    words, code, picture, prediction = 402 / 200, 2 * 15 / 60, 15 / 60, 1
    assert minutes.minutes(new_notebook(cells=cells)) == pytest.approx(words + code + picture + prediction)


def test_core_is_what_is_not_marked():
    text = "# Title\n## One\n### Deep (optional)\n#### Deeper\n## Two\n```\n# none here\n```\n## A (optional)"
    cells = [new_markdown_cell(text), new_code_cell("1 + 1"), new_markdown_cell("## Three")]
    cells += [new_code_cell("2 + 2"), new_markdown_cell("## Quiz\n" + 600 * "word ")]
    notebook = new_notebook(cells=cells)
    skipped = {headings[-1] for headings, _ in minutes.sections(notebook) if minutes.skipped(headings)}
    kept = {headings[-1] for headings, _ in minutes.sections(notebook)} - skipped
    assert skipped == {"Deep (optional)", "Deeper", "A (optional)", "Quiz"}
    assert kept == {"", "Title", "One", "Two", "Three"}
    assert minutes.core(notebook) == pytest.approx((15 + 6 * 60 / 200) / 60)  # a cell and six words


def test_heads_and_tables_state_what_the_rule_gives():
    assert restate(ROOT) == [], "run: python -m tools.minutes"


def test_there_are_22_chapters():
    assert [path.name[:2] for path in CHAPTERS] == [f"{number:02}" for number in range(1, 23)]


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_core_path_takes_at_most_half_an_hour(path):
    notebook = nbformat.read(path, as_version=4)
    claimed = CORE.search(notebook.cells[0].source)
    assert claimed, "the head says how long the core path is, and what may be skipped"
    assert minutes.core(notebook) <= 30
    assert minutes.rounded(minutes.core(notebook)) == int(claimed[1])


def test_a_wrong_claim_is_named_and_put_right(tmp_path):
    (tmp_path / "book").mkdir()
    head = new_markdown_cell("# One\nAbout 90 minutes", id="title")
    cells = [head, *(new_code_cell("1 + 1", id=f"cell-{k}") for k in range(40))]
    nbformat.write(new_notebook(cells=cells), tmp_path / "book" / "01_one.ipynb")
    (tmp_path / "README.md").write_text(
        "| [1](book/01_one.ipynb) | 45 | [01](exercises/01_one/01_one.ipynb) |\n"
    )
    (tmp_path / "book" / "intro.md").write_text("| [1](01_one.ipynb) | Why? | 10 |\n")
    assert [line.split(": ")[1] for line in restate(tmp_path, write=True)] == [
        "01_one has 90 minutes, the rule gives 10",
        "01_one has 45 minutes, the rule gives 10",
    ]
    assert restate(tmp_path) == []
    assert "| 10 | [01](exercises/01_one" in (tmp_path / "README.md").read_text()
