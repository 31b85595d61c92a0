"""Mentions of chapters, terms and papers are links in the built book."""

import importlib.util
import re
from pathlib import Path
from typing import Any

import pytest
from docutils import nodes

from tests.book.conftest import ROOT

_SPEC = importlib.util.spec_from_file_location("course_links", ROOT / "book" / "_ext" / "links.py")
assert _SPEC
assert _SPEC.loader
links = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(links)

PAGES = {number: (f"book/{number:02}_x", f"{number} · X") for number in range(1, 23)}
TERMS = {
    links.plain("kernel"): links.Term("term-kernel", "A grid."),
    links.plain("bias"): links.Term("term-bias", "A number."),
}
CHAPTERS = sorted(path.stem for path in (ROOT / "book").glob("[0-9][0-9]_*.ipynb"))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("as in chapter 5.", ["chapter 5"]),
        ("Chapters 2, 3 and 18 show", ["Chapters 2", "3", "18"]),
        ("chapter 02 and 40 pictures", ["chapter 02"]),
        ("chapter 9 of Goodfellow", []),
        ("chapter 23", []),
        ("this is chapter 7", []),  # the page itself
    ],
)
def test_chapters_are_found(text: str, found: list[str]) -> None:
    mentions = links.chapters_in(text, PAGES, here="book/07_x")
    assert [text[one.start : one.end] for one in mentions] == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("(He et al., 2016)", "He et al., 2016"),
        ("He and others (2016) say", "He and others (2016"),
        ("He, Zhang and Sun (2016)", "He, Zhang and Sun (2016"),
        ("In 2016", ""),
        ("(Ho et al., 2016)", ""),
    ],
)
def test_papers_are_found(text: str, found: str) -> None:
    mentions = links.papers_in(text, {("He", "2016"): "paper-he-2016"})
    assert "".join(text[one.start : one.end] for one in mentions) == found


def test_a_term_is_linked_once_and_an_ordinary_word_never() -> None:
    text, met = "Kernels have a bias; each kernel is a sub-kernel of kernels.", set[str]()
    found = list(links.terms_in(text, TERMS, links.pattern_of(TERMS), met))
    assert [text[one.start : one.end] for one in found] == ["Kernels"]
    assert met == {"term-kernel"}


def test_a_text_keeps_every_word() -> None:
    line = nodes.paragraph("", "", nodes.Text("one two three"))
    mentions = [links.Mention(4, 7, "a", "", "term"), links.Mention(5, 13, "b", "", "term")]
    links.weave(line.children[0], mentions, lambda uri: f"{uri}.html")
    assert line.astext() == "one two three"
    assert [link["refuri"] for link in line.findall(nodes.reference)] == ["a.html"]


def running_text(page: str) -> str:
    """The text of a page outside of links, headings, code and formulas."""
    article = page[page.index("<article") : page.index("</article>")]
    for tag in ("a", "h1", "h2", "h3", "summary", "pre", "code", "math", "script", "style"):
        article = re.sub(rf"<{tag}\b.*?</{tag}>", "", article, flags=re.DOTALL)
    return re.sub(r"<[^>]+>", "", article)


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_no_mention_of_a_chapter_is_without_its_link(site: Path, chapter: str) -> None:
    text = running_text((site / "book" / f"{chapter}.html").read_text(encoding="utf-8"))
    found = {int(number) for number in re.findall(r"\b[Cc]hapters?\s+(\d+)\b(?! of)", text)}
    assert found <= {int(chapter[:2])}


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_chapter_leads_to_the_glossary(site: Path, chapter: str) -> None:
    page = (site / "book" / f"{chapter}.html").read_text(encoding="utf-8")
    assert re.search(r'class="[^"]*\bterm\b[^"]*" href="glossary.html#term-', page)


def test_references_lead_back(site: Path) -> None:
    page = (site / "book" / "references.html").read_text(encoding="utf-8")
    back = re.findall(r'<a class="back[^"]*" href="(\d\d)_\w+.html"', page)
    assert set(back) >= {"02", "06", "13"}


@pytest.mark.browser
def test_a_term_says_what_it_means(browser: Any, address: str) -> None:
    tab = browser.new_page(viewport={"width": 390, "height": 844})
    tab.goto(f"{address}/book/02_convolution.html", wait_until="networkidle")
    term, card = tab.locator("a.term").first, tab.locator(".meaning")
    assert card.is_hidden()
    term.focus()
    assert card.inner_text() == term.get_attribute("aria-description")
    assert len(card.inner_text()) > 20
    box = card.bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    tab.keyboard.press("Escape")
    assert card.is_hidden()
    tab.close()
