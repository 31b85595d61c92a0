"""A page for a student: the points, what went wrong in words, what helps, and their own work beside it.

One file that needs nothing else: no script, no picture or font from elsewhere. Whatever a student wrote is
shown as text, or as markup that has been gone through by an allow-list.
"""

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from cnncourse.files import replace_file
from cnncourse.grading import cells
from cnncourse.grading.assignment import Assignment
from cnncourse.grading.course import Course
from cnncourse.grading.records.autograded import shortened
from cnncourse.grading.records.gradebook import CellGrade, SubmissionGrade
from cnncourse.grading.report import CellReport, Report
from cnncourse.hints import all_hints

_LONGEST_SAID = 4_000
_MOST_PICTURES = 4_000_000
_HEADING = re.compile(r"^#{1,3}[ \t]+(.+)$", re.MULTILINE)
_CONTROL = re.compile(r"\x1b\[[0-9;]*m|[\x00-\x08\x0b-\x1f\x7f]")
_ATTACHED = re.compile(r"attachment:([\w .%()-]+?)(?=[)\s\"'>])")
_PICTURE = re.compile(r"data:image/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/=]+")
_NO_PICTURE = re.compile(r"<img(?![^>]* src=)[^>]*>")
_TAGS = (
    "a b blockquote br code del div em h1 h2 h3 h4 h5 h6 hr i img li ol p pre s span strong sub sup "
    "table tbody td th thead tr ul"
)


@dataclass(frozen=True)
class Result:
    """What one graded cell came to, in words.

    Attributes:
        name: its grade_id.
        state: ``right``, ``wrong``, ``waits`` or ``read``; a person gives the last two.
        score: points, as they stand in the gradebook.
        max_score: points that can be had.
        reason: one line; empty if all is well.
        details: what the check said, in lines.
        hint: a nudge; empty if there is none or the instructor keeps them back.
        where: the place to read on.
        comment: what a person wrote.
        extra: points of extra credit in the score.
        changed: a person gave another score than the tests.
    """

    name: str
    state: str
    score: float
    max_score: float
    reason: str = ""
    details: str = ""
    hint: str = ""
    where: str = ""
    comment: str = ""
    extra: float = 0.0
    changed: bool = False


@dataclass
class Group:
    """An answer of the student's and the results that depend on it."""

    title: str
    shown: list[str] = field(default_factory=list)
    results: list[Result] = field(default_factory=list)


def write(
    course: Course,
    assignment: Assignment,
    report: Report,
    notebook: NotebookNode,
    grade: SubmissionGrade,
    *,
    notes: tuple[str, ...] = (),
    hints: bool = True,
) -> Path:
    """Write a student's page into nbgrader's folder of feedback.

    Args:
        course: the class.
        assignment: the instructor's version.
        report: what grading came to.
        notebook: the repaired submission.
        grade: what the gradebook says, with what people changed.
        notes: what was unusual about the file.
        hints: whether the page may give hints away.

    Returns:
        The page's path.
    """
    path = course.feedback(report.student, assignment.name) / f"{assignment.stem}.html"
    text = page(assignment, report, notebook, grade, notes=notes, hints=hints)
    replace_file(path, text.encode("utf-8", "replace"))
    return path


def page(
    assignment: Assignment,
    report: Report,
    notebook: NotebookNode,
    grade: SubmissionGrade,
    *,
    notes: tuple[str, ...] = (),
    hints: bool = True,
) -> str:
    """Make a student's page; the arguments are those of ``write``."""
    nothing = report.state == "zero" and not grade.score  # there is no work of theirs to show
    groups = [] if nothing else list(_groups(assignment, report, notebook, grade, hints))
    results = [result for group in groups for result in group.results]
    wrong = [result for result in results if result.state == "wrong" and result.score < result.max_score]
    text: str = _template().render(
        title=_known(assignment)[0],
        report=report,
        grade=grade,
        score=grade.score - grade.penalty,
        waiting=sum(result.max_score for result in results if result.state == "waits"),
        first=max(wrong, key=lambda result: result.max_score - result.score, default=None),
        all_right=bool(results) and not wrong and report.state == "graded",
        mended=(*notes, *report.repairs),
        groups=groups,
    )
    return text


@functools.lru_cache(maxsize=2)
def _known(assignment: Assignment) -> tuple[str, frozenset[str]]:
    """Read the instructor's notebook once for all students: its title, and the ids of its cells."""
    source = assignment.notebook.cells
    texts = (cell.source for cell in source if cell.cell_type == "markdown")
    title = next((found[1] for text in texts if (found := _HEADING.search(text))), assignment.name)
    return title, frozenset(cell.id for cell in source)


def _groups(
    assignment: Assignment, report: Report, notebook: NotebookNode, grade: SubmissionGrade, hints: bool
) -> Iterator[Group]:
    """Go through the notebook: an answer begins a group, its tests and the student's own cells follow."""
    theirs = {cell.id for cell in notebook.cells} - _known(assignment)[1]
    results = {cell.cell: cell for cell in report.cells}
    title, group = "", Group("")
    for cell in notebook.cells:
        name, answer = cells.grade_id(cell), cells.mark(cell).get("solution")
        if cell.cell_type == "markdown" and not answer and cell.id not in theirs:
            title = [title, *_HEADING.findall(cell.source)][-1]
        if answer or (name in grade.cells and group.title != title):
            if group.results:
                yield group
            group = Group(title)
        if answer or (cell.id in theirs and cell.cell_type == "code" and group.shown):
            group.shown += [_shown(cell)] if report.state == "graded" else []
        if name in grade.cells:
            unanswered = report.state == "graded" and grade.cells[name].comment == "No response."
            result = _result(name, grade.cells[name], results.get(name), report, hints, unanswered)
            if any(result.hint == other.hint for other in group.results):
                result = replace(result, hint="", where="")  # once is enough
            group.results.append(result)
    if group.results:
        yield group


def _result(
    name: str, grade: CellGrade, cell: CellReport | None, report: Report, hints: bool, unanswered: bool
) -> Result:
    common: dict[str, Any] = {"score": grade.score, "max_score": grade.max_score, "extra": grade.extra}
    comment = "" if grade.comment == "No response." else grade.comment
    if report.state != "graded" or cell is None:
        kind = "waits" if grade.waits else "wrong" if report.state == "zero" else "read"
        return Result(name, kind, comment=comment, **common)
    if unanswered and not grade.score:
        return Result(name, "wrong", reason="This question has no answer yet.", **common)
    if cell.state == "manual":
        return Result(name, "waits" if grade.waits else "read", comment=comment, **common)
    changed = abs(grade.score - grade.extra - cell.points) > 1e-9
    if cell.state == "passed":
        return Result(name, "right", comment=comment, changed=changed, **common)
    entry = all_hints().get(cell.hint) if hints else None
    return Result(
        name,
        "wrong",
        reason=_plain(cell.reason) or "This could not be judged.",
        details=_details(cell),
        hint=entry.levels[0] if entry else "",
        where=entry.where if entry else "",
        comment=comment,
        changed=changed,
        **common,
    )


def _plain(text: str) -> str:
    return _CONTROL.sub("", text)


def _details(cell: CellReport) -> str:
    """Give what was printed and what the check said, but for what the page says elsewhere."""
    lines = list(cell.lines)
    if lines and lines[0].strip() == cell.reason.strip():
        lines = lines[1:]
    where = [] if cell.hint else [cell.pointer]
    text = _plain("\n".join([*cell.output.splitlines(), *lines, *where]))
    return shortened(text.strip("\n"), _LONGEST_SAID)


def _shown(cell: NotebookNode) -> str:
    """Show a cell of the student's: code in colours, words with their markup."""
    source = shortened(cell.source)
    return _code(source) if cell.cell_type == "code" else words(source, cell.get("attachments", {}))


def _code(source: str) -> str:
    from pygments import highlight

    return f'<pre class="code">{highlight(source, *_highlighter())}</pre>'


@functools.cache
def _highlighter() -> tuple[Any, Any]:
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import PythonLexer

    return PythonLexer(), HtmlFormatter(nowrap=True)


def words(text: str, attachments: dict[str, dict[str, str]] | None = None) -> str:
    r"""Turn a student's Markdown into HTML that holds nothing but text, tables, links and its own pictures.

    Example:
        >>> words("**Two** <script>alert(1)</script>")
        '<p><strong>Two</strong> </p>\n'
    """
    import nh3
    from nbconvert.filters.markdown_mistune import markdown2html_mistune

    pictures = {name: data for name, bundle in (attachments or {}).items() for data in _data(bundle)}
    if sum(map(len, pictures.values())) > _MOST_PICTURES:
        pictures = {}
    text = _ATTACHED.sub(lambda found: pictures.get(found[1].replace("%20", " "), ""), text)
    html: str = markdown2html_mistune(text)
    clean = nh3.clean(
        html,
        tags=set(_TAGS.split()),
        attributes={"a": {"href", "title"}, "img": {"src", "alt"}, "td": {"align"}, "th": {"align"}},
        url_schemes={"http", "https", "mailto", "data"},
        attribute_filter=_only_own_pictures,
    )
    return _NO_PICTURE.sub("", clean)


def _data(bundle: dict[str, str]) -> Iterator[str]:
    yield from (f"data:{mime};base64,{''.join(data.split())}" for mime, data in list(bundle.items())[:1])


def _only_own_pictures(tag: str, attribute: str, value: str) -> str | None:
    if attribute == "src":
        return value if _PICTURE.fullmatch(value) else None
    return None if attribute == "href" and not re.match(r"https?://|mailto:", value) else value


@functools.cache
def _template() -> Any:
    from jinja2 import Environment, PackageLoader

    environment = Environment(
        loader=PackageLoader("cnncourse.grading.records"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["points"] = lambda value: f"{round(value, 2):g}"
    return environment.get_template("feedback.html")
