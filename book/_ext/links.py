"""Mentions become links when the book is built; the notebooks stay plain Markdown.

"Chapter 5" leads to chapter 5, a term leads to its line in the glossary and says what it means, "(He et al.,
2016)" leads to the list of references, and that leads back to the chapters.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from docutils import nodes
from sphinx.application import Sphinx

GLOSSARY, REFERENCES = "book/glossary", "book/references"
NUMBERED = re.compile(r"book/(\d\d)_\w+")
CHAPTERS = re.compile(
    r"\b[Cc]hapters?[\s\u00a0]+(?P<first>\d{1,2})(?P<more>(?:(?:, | and | or | to |–)\d{1,2}\b)*)(?! of\b)"
)
NAMES = r"[A-ZÀ-Ž][\w’'-]+"
CITATION = re.compile(
    rf"\b(?P<name>{NAMES})(?:(?:, {NAMES})*,? and (?:{NAMES}|others)| et al\.)?,? \(?(?P<year>\d{{4}})\b"
)
ENTRY = re.compile(r"(?P<people>.+?) \((?P<year>\d{4})[a-z]?\)\. (?P<title>[^.?]+)")
# Terms of the glossary that are ordinary words, too: they are linked where the author links them.
ORDINARY = frozenset(
    re.findall(
        r"\w+",
        "batch baseline bias branch buffer channel connection filter folding gate gradient hook margin "
        "module momentum offset patch patience residual saturation schedule seed stage tap temperature "
        "training triplet variance verification view window ",
    )
)
KEPT_OUT = (nodes.reference, nodes.title, nodes.literal, nodes.literal_block, nodes.raw, nodes.math)


class Term(NamedTuple):
    """A word of the glossary: the anchor of its line, and what the line says."""

    anchor: str
    meaning: str


class Mention(NamedTuple):
    """A stretch of a text that becomes a link."""

    start: int
    end: int
    uri: str
    title: str
    kind: str


def plain(text: str) -> str:
    """Bring a term to the form in which terms are compared: small letters, no plural."""
    return re.sub(r"(?<=[a-z]{3})s\b", "", text.strip().strip(".").lower())


def glossary(doctree: nodes.document) -> dict[str, Term]:
    """Read the terms of the glossary, and give each line its anchor."""
    found = {}
    for line in doctree.findall(nodes.paragraph):
        first = next((child for child in line.children if child.astext().strip()), None)
        if isinstance(first, nodes.strong):
            names, text = first.astext(), line.astext()
            anchor = nodes.make_id(f"term-{names}")
            meaning = re.sub(r"\s*Chapters? \d+( and \d+)?$", "", text[len(names) :].strip())
            found |= {plain(name): Term(anchor, meaning) for name in names.rstrip(".").split(",")}
            line["ids"] = [*dict.fromkeys([*line["ids"], anchor])]
    return found


def papers(doctree: nodes.document) -> dict[tuple[str, str], str]:
    """Give each paper of the references its anchor; the key is the first author's name and the year.

    A paper that stands in the list of two chapters has its anchor in the first. Of two papers with the same
    key nobody knows which one is meant: they have none.
    """
    found: dict[tuple[str, str], tuple[str, nodes.list_item]] = {}
    unclear = set()
    for entry in doctree.findall(nodes.list_item):
        if match := ENTRY.match(entry.astext()):
            key = re.split(r",| and ", match["people"])[0].split()[-1], match["year"]
            if found.setdefault(key, (match["title"], entry))[0] != match["title"]:
                unclear.add(key)
    anchors = {key: nodes.make_id(f"paper-{'-'.join(key)}") for key in found.keys() - unclear}
    for key, anchor in anchors.items():
        found[key][1]["ids"] = [*dict.fromkeys([*found[key][1]["ids"], anchor])]
    return anchors


def chapters_in(text: str, pages: dict[int, tuple[str, str]], here: str) -> Iterator[Mention]:
    """Find "chapter 5" and "chapters 2, 3 and 18"."""
    for match in CHAPTERS.finditer(text):
        begin = match.start()
        numbers = [(begin, match.end("first"), match["first"])]
        offset = match.start("more")
        numbers += [
            (offset + one.start(), offset + one.end(), one[0]) for one in re.finditer(r"\d+", match["more"])
        ]
        for start, end, number in numbers:
            page, title = pages.get(int(number), ("", ""))
            if page and page != here:
                yield Mention(start, end, page, title, "chapter")


def papers_in(text: str, known: dict[tuple[str, str], str]) -> Iterator[Mention]:
    """Find "He et al. (2016)" and "(He et al., 2016)"."""
    for match in CITATION.finditer(text):
        if anchor := known.get((match["name"], match["year"])):
            yield Mention(match.start(), match.end(), f"{REFERENCES}#{anchor}", "", "paper")


def terms_in(text: str, terms: dict[str, Term], pattern: re.Pattern[str], met: set[str]) -> Iterator[Mention]:
    """Find the first mention of each term that the page has not linked yet."""
    for match in pattern.finditer(text):
        term = terms[plain(match[0])]
        if term.anchor not in met:
            met.add(term.anchor)
            yield Mention(match.start(), match.end(), f"{GLOSSARY}#{term.anchor}", term.meaning, "term")


def pattern_of(terms: dict[str, Term]) -> re.Pattern[str]:
    """Match any term as a whole word, the longest first."""
    names = sorted(terms.keys() - set(map(plain, ORDINARY)), key=len, reverse=True)
    return re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, names))})s?(?![\w-])", re.IGNORECASE)


def weave(text: nodes.Text, mentions: list[Mention], address: Callable[[str], str]) -> None:
    """Put the links into a text; of two that overlap the first one counts."""
    parts: list[nodes.Node] = []
    done, said = 0, str(text)
    for one in sorted(mentions):
        if one.start < done:
            continue
        link = nodes.reference("", said[one.start : one.end], internal=True, refuri=address(one.uri))
        link["classes"] = [one.kind]
        if one.title:
            link["reftitle"] = one.title
        parts += [nodes.Text(said[done : one.start]), link]
        done = one.end
    text.parent.replace(text, [*parts, nodes.Text(said[done:])])


def texts(doctree: nodes.document) -> list[nodes.Text]:
    """The running text of a page: no headings, code, formulas or links."""
    return [text for text in doctree.findall(nodes.Text) if not _kept_out(text)]


def _kept_out(node: nodes.Node) -> bool:
    while node.parent is not None:
        node = node.parent
        if isinstance(node, KEPT_OUT):
            return True
    return False


def gather(app: Sphinx, env: Any) -> list[str]:
    """Read glossary and references once, and which page cites which paper, before any page is written."""
    pages = {int(match[1]): name for name in env.found_docs if (match := NUMBERED.fullmatch(name))}
    trees = {name: env.get_doctree(name) for name in (GLOSSARY, REFERENCES) if name in env.found_docs}
    known = papers(trees[REFERENCES]) if REFERENCES in trees else {}
    cited: dict[str, list[str]] = {}
    for name in sorted(pages.values()) if known else ():
        for text in texts(env.get_doctree(name)):
            for one in papers_in(str(text), known):
                cited.setdefault(one.uri.partition("#")[2], []).append(name)
    terms = glossary(trees[GLOSSARY]) if GLOSSARY in trees else {}
    app.course_links = {  # type: ignore[attr-defined]  # a place that Sphinx leaves to extensions
        "pages": {number: (name, env.titles[name].astext()) for number, name in pages.items()},
        "terms": terms,
        "pattern": pattern_of(terms) if terms else None,
        "papers": known,
        "cited": {anchor: list(dict.fromkeys(names)) for anchor, names in cited.items()},
    }
    return []


def link(app: Sphinx, doctree: nodes.document, name: str) -> None:
    """Make the links of one page."""
    known = app.course_links  # type: ignore[attr-defined]

    def address(target: str) -> str:
        page, hash_, anchor = target.partition("#")
        return app.builder.get_relative_uri(name, page) + hash_ + anchor

    if name == GLOSSARY:
        glossary(doctree)
    if name == REFERENCES:
        papers(doctree)
        _lead_back(doctree, known["cited"], known["pages"], address)
        return
    met = _hand_made(doctree, known["terms"], app.builder.get_relative_uri(name, GLOSSARY))
    pattern = known["pattern"] if NUMBERED.fullmatch(name) else None
    for text in texts(doctree):
        said = str(text)
        mentions = [*chapters_in(said, known["pages"], name), *papers_in(said, known["papers"])]
        if pattern and isinstance(text.parent, nodes.paragraph):
            mentions += terms_in(said, known["terms"], pattern, met)
        if mentions:
            weave(text, mentions, address)


def _hand_made(doctree: nodes.document, terms: dict[str, Term], page: str) -> set[str]:
    """Lead the links that authors made to the right line of the glossary; tell which terms they cover."""
    met = set()
    for made in doctree.findall(nodes.reference):
        term = terms.get(plain(made.astext()))
        if term and made.get("refuri") == page:
            made["refuri"], made["reftitle"] = f"{page}#{term.anchor}", term.meaning
            made["classes"] = [*made["classes"], "term"]
            met.add(term.anchor)
    return met


def _lead_back(
    doctree: nodes.document,
    cited: dict[str, list[str]],
    pages: dict[int, tuple[str, str]],
    address: Callable[[str], str],
) -> None:
    """Say below each paper which chapters name it."""
    numbers = {name: number for number, (name, _) in pages.items()}
    titles = dict(pages.values())
    for entry in doctree.findall(nodes.list_item):
        names = [name for anchor in entry["ids"] for name in cited.get(anchor, ())]
        if names and isinstance(entry.children[-1], nodes.paragraph):
            entry.children[-1] += nodes.Text(" ← ")
            for name in names:
                back = nodes.reference("", str(numbers[name]), internal=True, refuri=address(name))
                back["reftitle"], back["classes"] = titles[name], ["back"]
                entry.children[-1] += [back, nodes.Text(" ")]


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect the hooks."""
    app.connect("env-updated", gather)
    app.connect("doctree-resolved", link)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
