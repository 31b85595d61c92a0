"""Read a file that somebody handed in as a notebook, and take nothing from it but text.

What comes out is built anew: cells, their kinds and sources, and what marks them. Outputs, widgets, tags and
whatever else a file may bring along stay behind.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal, cast

from cnncourse.errors import CourseError

MAX_BYTES = 10_000_000  # of what is graded: text and code
MAX_FILE = 100_000_000  # of a file with all its outputs and pictures
MAX_PARTS = 3_000_000  # of lists, objects and values in it: each takes some hundred bytes of memory
MAX_CELLS = 2_000
_NEW_LINES = re.compile(r"\r\n?")
_NO_TEXT = re.compile("[\x00\ud800-\udfff]")
_PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp")
_BASE64 = re.compile(r"[A-Za-z0-9+/=\s]*")
_FILE = re.compile(r"[\w .()-]{1,100}")
_AGAIN = "Please hand in the .ipynb file that Jupyter or Colab saves."
_NOT_A_NOTEBOOK = (
    ("PK\x03\x04", "This is a zip archive, not a notebook."),
    ("%PDF", "This is a PDF, not a notebook."),
    ("<", "This is a web page, not a notebook: the browser saved the page around it."),
    ("#", "This is a text or a Python script, not a notebook."),
    ("import ", "This is a Python script, not a notebook."),
)
_KEPT = ("cells", "worksheets", "nbformat", "nbformat_minor")
Kind = Literal["code", "markdown", "raw"]


class Unreadable(CourseError):  # noqa: N818 - it is a verdict, not an accident
    """A submission that cannot be graded.

    Args:
        reason: why, in words that the student understands and can act on.
        quarantine: whether a person should look before it counts as zero.
    """

    def __init__(self, reason: str, *, quarantine: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.quarantine = quarantine


@dataclass(frozen=True)
class Cell:
    """One cell of a submission.

    Attributes:
        kind: what it says it is.
        source: its text, with plain line ends.
        ids: what it calls itself; Colab keeps a second id in the metadata.
        mark: the ``grade_id`` that it carries; empty without one.
        attachments: pictures that its text shows.
    """

    kind: Kind
    source: str
    ids: tuple[str, ...] = ()
    mark: str = ""
    attachments: dict[str, dict[str, str]] = field(default_factory=dict)


def read(raw: bytes, kernel: str = "python3") -> tuple[list[Cell], list[str]]:
    r"""Read the cells of a submission.

    Args:
        raw: the file as it was handed in.
        kernel: the name of the kernel that it should ask for.

    Returns:
        The cells, and what had to be mended to read them, one line each.

    Raises:
        Unreadable: it is empty, too large, or no notebook.

    Example:
        >>> read(b'\xef\xbb\xbf{"cells": [{"cell_type": "code", "source": "x = 1"}], "nbformat": 4}')[0]
        [Cell(kind='code', source='x = 1', ids=(), mark='', attachments={})]
    """
    if len(raw) > MAX_BYTES:
        raise Unreadable(
            f"The file is larger than {MAX_BYTES // 10**6} MB. Clear all outputs, save, and hand it in again."
        )
    repairs: list[str] = []
    content = _parse(_decode(raw, repairs))
    nodes = _cell_nodes(content)
    if len(nodes) > MAX_CELLS:
        raise Unreadable(f"The notebook has {len(nodes)} cells, more than {MAX_CELLS}.", quarantine=True)
    cells = [_cell(node) for node in nodes if isinstance(node, dict)]
    if not cells:
        raise Unreadable(f"The notebook has no cells. {_AGAIN}")
    repairs += _remarks(content, nodes, cells, kernel)
    return cells, repairs


def slim(raw: bytes) -> bytes:
    r"""Leave out of a large file what is not graded: its outputs, and pictures if it still is large.

    Args:
        raw: the file as it was handed in.

    Returns:
        The same bytes if they are few enough to be graded, are too many to be looked at, or are no notebook.

    Example:
        >>> outputs = [{"text": "x" * MAX_BYTES}]
        >>> large = json.dumps({"cells": [{"source": "x = 1", "outputs": outputs}]}).encode()
        >>> slim(large), slim(b"{}")
        (b'{"cells": [{"source": "x = 1"}]}', b'{}')
    """
    parts = sum(raw.count(sign) for sign in (b",", b"[", b"{")) if MAX_BYTES < len(raw) <= MAX_FILE else 0
    if not 0 < parts <= MAX_PARTS:
        return raw
    try:
        content = _parse(_decode(raw, []))
        nodes = _cell_nodes(content)
    except Unreadable:
        return raw
    kept = {name: content[name] for name in _KEPT if name in content}
    if isinstance(metadata := content.get("metadata"), dict):
        kept["metadata"] = {"kernelspec": metadata.get("kernelspec")}
    for thrown_away in ("outputs", "attachments"):
        for node in (node for node in nodes if isinstance(node, dict)):
            node.pop(thrown_away, None)
        if len(data := json.dumps(kept).encode()) <= MAX_BYTES:
            break
    return data


def _decode(raw: bytes, repairs: list[str]) -> str:
    if not raw.strip(b" \t\r\n\0"):
        raise Unreadable("The file is empty. Save your notebook and hand it in again.")
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        repairs.append("The file was saved as UTF-16; it was read as such.")
        return raw.decode("utf-16", errors="replace")
    if raw.startswith(b"\xef\xbb\xbf"):
        repairs.append("The file began with a byte order mark; it was taken away.")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        repairs.append("The file was not saved as UTF-8; letters with accents may look wrong.")
        return raw.decode("latin-1")


def _parse(text: str) -> dict[str, Any]:
    start = text[:4000].lstrip()
    try:
        content = json.loads(text)
    except RecursionError:
        raise Unreadable("The file is nested too deeply to be a notebook.", quarantine=True) from None
    except ValueError as error:
        for beginning, reason in _NOT_A_NOTEBOOK:
            if start.startswith(beginning):
                raise Unreadable(f"{reason} {_AGAIN}") from None
        if "\n<<<<<<< " in text:
            raise Unreadable(
                "The file holds two versions that git could not merge (<<<<<<<). Choose one, hand it in."
            ) from None
        cut = str(error).startswith("Unterminated string")
        if cut or getattr(error, "pos", 0) >= len(text.rstrip()) - 1:
            raise Unreadable("The file ends in the middle: it was cut off. Hand it in again.") from None
        line = getattr(error, "lineno", 1)
        raise Unreadable(f"The file cannot be read: line {line} is damaged. {_AGAIN}") from None
    if not isinstance(content, dict):
        raise Unreadable(f"This is not a notebook. {_AGAIN}")
    return content


def _cell_nodes(content: dict[str, Any]) -> list[Any]:
    """Find the cells; before format 4 they lay in worksheets."""
    if isinstance(content.get("cells"), list):
        return cast(list[Any], content["cells"])
    sheets = content.get("worksheets")
    if not isinstance(sheets, list):
        raise Unreadable(f"This is not a notebook: it has no cells. {_AGAIN}")
    lists = [sheet.get("cells") for sheet in sheets if isinstance(sheet, dict)]
    return [node for cells in lists if isinstance(cells, list) for node in cells]


def _cell(node: dict[str, Any]) -> Cell:
    metadata = node.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    marks = metadata.get("nbgrader")
    mark = marks.get("grade_id") if isinstance(marks, dict) else None
    kind, prefix = _kind(node)
    source = prefix + _clean(_text(node.get("source", node.get("input", ""))))
    ids = tuple(name for name in (node.get("id"), metadata.get("id")) if isinstance(name, str))
    return Cell(kind, source, ids, mark if isinstance(mark, str) else "", dict(_pictures(node)))


def _kind(node: dict[str, Any]) -> tuple[Kind, str]:
    said = node.get("cell_type")
    if said == "heading":
        level = node.get("level")
        return "markdown", "#" * (level if isinstance(level, int) and 1 <= level <= 6 else 1) + " "
    return cast(Kind, said) if said in ("code", "markdown") else "raw", ""


def _text(value: Any) -> str:
    if isinstance(value, list):
        return "".join(part for part in value if isinstance(part, str))
    return value if isinstance(value, str) else ""


def _clean(text: str) -> str:
    return _NO_TEXT.sub("\ufffd", _NEW_LINES.sub("\n", text))


def _pictures(node: dict[str, Any]) -> Iterator[tuple[str, dict[str, str]]]:
    attachments = node.get("attachments")
    for name, bundle in attachments.items() if isinstance(attachments, dict) else ():
        if not _FILE.fullmatch(name) or not isinstance(bundle, dict):
            continue
        kept = {mime: _text(bundle[mime]) for mime in _PICTURES if mime in bundle}
        kept = {mime: data for mime, data in kept.items() if data and _BASE64.fullmatch(data)}
        if kept:
            yield name, kept


def _remarks(content: dict[str, Any], nodes: list[Any], cells: list[Cell], kernel: str) -> Iterator[str]:
    """Say what was unusual about a file that can be read."""
    if len(cells) < len(nodes):
        yield "Something between the cells was no cell; it was left out."
    sources = [_text(node.get("source", node.get("input", ""))) for node in nodes if isinstance(node, dict)]
    if any("\r" in source for source in sources):
        yield "Lines ended as on Windows; they were given plain ends."
    if any(_NO_TEXT.search(source) for source in sources):
        yield "Some characters were no text; they were replaced."
    version = content.get("nbformat", 4)
    if version != 4:
        yield f"The notebook has the old format {str(version)[:8]}; it was brought up to date."
    elif not all(cell.ids for cell in cells):
        yield "Cells had no id; they were given one."
    metadata = content.get("metadata")
    spec = metadata.get("kernelspec") if isinstance(metadata, dict) else None
    name = spec.get("name") if isinstance(spec, dict) else None
    if isinstance(name, str) and name not in (kernel, ""):
        yield f"The notebook asks for the kernel {_clean(name)[:60]!r}; it was graded with {kernel!r}."
