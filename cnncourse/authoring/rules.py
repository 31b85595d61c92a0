"""What a stored notebook must keep to, where only a person can put it right."""

import re
import statistics
from collections.abc import Callable, Iterator

from nbformat import NotebookNode

from cnncourse.authoring.clean import LARGEST_FIGURE, Kind, text_of
from cnncourse.authoring.inputs import read_afterwards
from cnncourse.authoring.timing import asserted_times
from cnncourse.grading.cells import grade_id

LARGEST_NOTEBOOK = 600_000
LONGEST_CELL = {"chapter": 25, "solution": 40, "exercise": 40}
MEDIAN_CELL = 5
COLUMNS = 80
"""A page of the book shows no more of a line of code on a desk of 1280 pixels."""

_WORDS = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_RANDOM = re.compile(r"(?=.*\d)[0-9a-f]{8}|[0-9a-f]{8}-[0-9a-f]{4}-.*")
_MACHINE_PATH = re.compile(
    r"(?<![\w.:/-])/(?:home|root|Users|tmp|work|opt|mnt|var|usr|private|content)/[^\s'\"<>]*|\b[A-Z]:\\\\?\w+"
)
_BELOW_THE_FACE = re.compile(r"^\s*(?:from|import)\s+cnncourse(?:\.\w+){2,}", re.MULTILINE)
_ADDRESS = re.compile(r"\bat 0x[0-9a-f]{6,}")
_FENCED = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
_CODE_SPAN = re.compile(r"(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)", re.DOTALL)
_HEADING = re.compile(r"^(#{1,6})\s+\S", re.MULTILINE)
_NOT_PORTABLE = {
    "a MyST directive": re.compile(r"^\s*(```+|~~~+|:::+)\{", re.MULTILINE),
    "a MyST role": re.compile(r"(?<!`)\{[a-z][\w:+-]*\}`[^\s`]"),
    "a MyST target": re.compile(r"^\([\w-]+\)=\s*$", re.MULTILINE),
    "a footnote": re.compile(r"\[\^[^\]\s]+\]"),
    "an HTML heading": re.compile(r"<h[1-6]\b", re.I),
    "a script": re.compile(r"<(script|iframe)\b", re.I),
    "a picture from another host": re.compile(r"!\[[^\]]*\]\(https?:|<img[^>]+src=[\"']https?:", re.I),
    "a picture without alt text": re.compile(r"!\[\s*\]\(|<img(?![^>]*\balt=[\"'][^\"'])[^>]*>", re.I),
    "an attachment": re.compile(r"\]\(attachment:"),
}


def problems(notebook: NotebookNode, kind: Kind) -> list[str]:
    """Say what is wrong with a clean notebook, one line for each problem; empty when it may be stored.

    Args:
        notebook: as ``clean`` leaves it.
        kind: chapters have shorter cells, exercises need not have run.

    Example:
        >>> import nbformat
        >>> cells = [nbformat.v4.new_markdown_cell("# Hello", id="title")]
        >>> problems(nbformat.v4.new_notebook(cells=cells), "chapter")
        []
    """
    found = [*_ids(notebook), *_headings(notebook)]
    for cell in notebook.cells:
        rules = _code(cell, kind) if cell.cell_type == "code" else _markdown(cell)
        found += [f"[{cell.id}] {problem}" for problem in rules]
    if kind == "chapter":
        found += _median(notebook)
    else:
        found += _followed(read_afterwards, notebook)
    found += _followed(asserted_times, notebook)
    size = len(text_of(notebook).encode())
    if size > LARGEST_NOTEBOOK:
        found.append(f"the notebook has {size:,} bytes, at most {LARGEST_NOTEBOOK:,} are allowed")
    return found


def _followed(rule: Callable[[NotebookNode], list[str]], notebook: NotebookNode) -> list[str]:
    try:
        return rule(notebook)
    except SyntaxError as error:  # of a notebook that is being written
        return [f"a cell cannot be read: {error}"]


def _ids(notebook: NotebookNode) -> Iterator[str]:
    seen: set[str] = set()
    for cell in notebook.cells:
        if not _WORDS.fullmatch(cell.id) or _RANDOM.fullmatch(cell.id):
            yield f"[{cell.id}] a cell's id is made of words, as in conv2d-loops-answer"
        if cell.id in seen:
            yield f"[{cell.id}] two cells have this id"
        seen.add(cell.id)
        name = grade_id(cell) or cell.id
        if name != cell.id:
            yield f"[{cell.id}] the id and the grade_id {name!r} differ"


def _headings(notebook: NotebookNode) -> Iterator[str]:
    last = 0
    titles = 0
    for cell in notebook.cells:
        if cell.cell_type != "markdown":
            continue
        for marks in _HEADING.findall(_FENCED.sub("", cell.source)):
            level = len(marks)
            titles += level == 1
            if level > last + 1:
                yield f"[{cell.id}] a heading of level {level} follows one of level {last}"
            last = level
    if titles != 1:
        yield f"a notebook has exactly one heading of level 1, this one has {titles}"


def _markdown(cell: NotebookNode) -> Iterator[str]:
    prose = _FENCED.sub("", cell.source)
    plain = _CODE_SPAN.sub("", prose)
    for name, pattern in _NOT_PORTABLE.items():
        text = {"a MyST directive": cell.source, "a MyST role": prose}.get(name, plain)
        match = pattern.search(text)
        if match:
            yield f"{name} is not portable: {match[0].strip()}"
    for line in plain.splitlines():
        if "$$" in line and line.strip() != "$$":
            yield f"$$ stands on a line of its own: {line.strip()}"
    if plain.count("$$") % 2:
        yield "a $$ is not closed"
    if cell.get("attachments"):
        yield "attachments are not stored: put the picture into book/assets"


def _code(cell: NotebookNode, kind: Kind) -> Iterator[str]:
    lines = cell.source.splitlines()
    if len(lines) > LONGEST_CELL[kind]:
        yield f"{len(lines)} lines of code, at most {LONGEST_CELL[kind]} are allowed"
    for number, line in enumerate(lines, 1):
        if len(line) > COLUMNS:
            yield f"line {number} has {len(line)} columns, at most {COLUMNS} are allowed"
    if "skip-execution" in cell.metadata.get("tags", []):
        yield "the tag skip-execution hides a cell from its tests"
    yield from _imports(cell)
    if kind == "exercise":
        return
    if cell.source.strip() and cell.execution_count is None:
        yield "has not been executed"
    for output in cell.outputs:
        yield from _output(output, cell)


def _imports(cell: NotebookNode) -> Iterator[str]:
    for match in _BELOW_THE_FACE.finditer(cell.source):
        yield f"a notebook takes names from a sub-package itself, not from below it: {match[0].strip()}"


def _output(output: NotebookNode, cell: NotebookNode) -> Iterator[str]:
    if output.output_type == "error" and "raises-exception" not in cell.metadata.get("tags", []):
        yield f"ended with {output.ename}: {output.evalue}"
    if output.output_type == "stream" and output.name == "stderr":
        yield f"writes to stderr: {output.text.strip().splitlines()[0]}"
    for mime, data in _texts(output):
        for what, pattern in (("a path of this machine", _MACHINE_PATH), ("a memory address", _ADDRESS)):
            match = pattern.search(data)
            if match:
                yield f"{mime} output holds {what}: {match[0]}"
    data = output.get("data", {})
    if any(mime.startswith("image/") for mime in data):
        alt = cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "")
        if len(alt.strip()) < 10:
            yield "shows a figure, but metadata.mystnb.image.alt does not say what is on it"
    if len(data.get("image/png", "")) * 3 // 4 > LARGEST_FIGURE:
        yield f"a figure has more than {LARGEST_FIGURE:,} bytes"


def _texts(output: NotebookNode) -> Iterator[tuple[str, str]]:
    if output.output_type == "stream":
        yield output.name, output.text
    elif output.output_type == "error":
        yield "traceback", "\n".join(output.traceback)
    for mime, data in output.get("data", {}).items():
        if mime.startswith("text/") or mime == "image/svg+xml":
            yield mime, data


def _median(notebook: NotebookNode) -> Iterator[str]:
    sources = [cell.source for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]
    median = statistics.median([_lines_of_code(source) for source in sources] or [0])
    if median > MEDIAN_CELL:
        yield f"the median cell has {median:g} lines of code, at most {MEDIAN_CELL} are wanted"


def _lines_of_code(source: str) -> int:
    return sum(bool(line.strip()) and not line.strip().startswith("#") for line in source.splitlines())
