"""The page of an exercise's statistics: plots drawn for a phone's width, in light and in dark."""

from collections.abc import Iterable
from html import escape
from math import ceil
from pathlib import Path

from cnncourse.grading.records.statistics import Item, Overview, items, overview
from cnncourse.grading.report import Report

_WIDTH = 360  # of every drawing, in pixels of a phone: 12 px text stays 12 px there


def write(reports: Iterable[Report], assignment: str, path: Path) -> Path:
    """Write the page about an assignment: one HTML file that needs nothing else.

    Args:
        reports: the latest of each student.
        assignment: the assignment's name.
        path: the file; its folder is made.

    Returns:
        The file.
    """
    reports = list(reports)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page(overview(reports), items(reports), title=assignment), encoding="utf-8")
    return path


def page(overview: Overview, items: list[Item], *, title: str) -> str:
    """Lay out the numbers of an exercise as HTML.

    Args:
        overview: of all submissions.
        items: of each test cell.
        title: the exercise's name.

    Example:
        >>> page(Overview(0, 0, 0, (), 0), [], title="02").startswith("<!DOCTYPE html>")
        True
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

    environment = Environment(
        loader=PackageLoader("cnncourse.grading.records"),
        autoescape=select_autoescape(),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["points"] = _points
    environment.filters["percent"] = lambda share: f"{round(100 * share)} %"
    environment.filters["telling"] = _telling
    environment.filters["signed"] = lambda value: f"{value:.2f}".replace("-", "−")
    return environment.get_template("statistics.html").render(
        title=title,
        overview=overview,
        items=items,
        histogram=histogram(overview.points, overview.max_points),
        rates=rates(items),
        map=discrimination_map(items),
    )


def _points(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _telling(discrimination: float | None) -> str:
    """Put a correlation into words."""
    if discrimination is None:
        return "all or none passed"
    if discrimination < 0:
        return "backwards: look at this test"
    return (
        "hardly tells apart"
        if discrimination < 0.2
        else "tells apart"
        if discrimination < 0.4
        else "tells apart well"
    )


def _svg(height: float, label: str, body: list[str]) -> str:
    drawn = "\n".join(body)
    return f'<svg viewBox="0 0 {_WIDTH} {height:g}" role="img" aria-label="{escape(label)}">\n{drawn}\n</svg>'


def _text(x: float, y: float, words: str, kind: str = "", anchor: str = "middle") -> str:
    return f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}" class="{kind}">{escape(words)}</text>'


def _box(x: float, y: float, width: float, height: float, kind: str, tip: str = "") -> str:
    shape = f'<rect x="{x:.2f}" y="{y:.2f}" width="{width:.2f}" height="{height:.2f}" class="{kind}"'
    return f"{shape}><title>{escape(tip)}</title></rect>" if tip else f"{shape}/>"


def bins(points: tuple[float, ...], most: float) -> list[tuple[float, float, int]]:
    """Count points in at most 21 bins of equal width: from, up to, how many.

    The last bin holds full marks alone where whole points fit, else the highest points.

    Example:
        >>> bins((0, 1, 1, 2), 2)
        [(0, 1, 1), (1, 2, 2), (2, 3, 1)]
    """
    width = max(1, ceil(most / 20))
    count = int(most // width) + 1
    counts = [0] * count
    for value in points:
        counts[min(count - 1, max(0, int(value // width)))] += 1
    return [(n * width, (n + 1) * width, counted) for n, counted in enumerate(counts)]


def histogram(points: tuple[float, ...], most: float) -> str:
    """Draw how many submissions got how many points."""
    counted = bins(points, most)
    left, right, top, height = 8, 8, 22, 130
    step = (_WIDTH - left - right) / len(counted)
    highest = max(*(number for _, _, number in counted), 1)
    body, said = [], []
    every = ceil(len(counted) / 11)
    for place, (start, end, number) in enumerate(counted):
        x, tall = left + place * step, height * number / highest
        name = f"{start:g}" if end - start == 1 else f"{start:g}–{min(end - 1, most):g}"
        said.append(f"{name}: {number}")
        body.append(
            _box(x + 1, top + height - tall, max(step - 2, 1), tall, "bar", f"{name} points: {number}")
        )
        if number:
            body.append(_text(x + step / 2, top + height - tall - 4, str(number), "small"))
        if place % every == 0:
            body.append(_text(x + step / 2, top + height + 15, f"{start:g}"))
    body.append(
        f'<line x1="{left}" x2="{_WIDTH - right}" y1="{top + height}" y2="{top + height}" class="axis"/>'
    )
    body.append(_text(_WIDTH / 2, top + height + 33, "points from the tests"))
    return _svg(top + height + 40, "Submissions by points. " + ", ".join(said), body)


def rates(items: list[Item]) -> str:
    """Draw for each cell the shares that passed, failed and did not answer."""
    body, said, row = [], [], 40
    for place, item in enumerate(items):
        y, x, total = place * row, 0.0, max(item.submissions, 1)
        body.append(_text(0, y + 14, f"{place + 1} · {_short(item.cell)}", anchor="start"))
        body.append(_text(_WIDTH, y + 14, f"{round(100 * item.rate)} %", "strong", "end"))
        for kind, number in (("good", item.passed), ("bad", item.attempts - item.passed)):
            wide = _WIDTH * number / total
            word = "passed" if kind == "good" else "failed"
            body.append(_box(x, y + 20, wide, 12, kind, f"{item.cell}: {number} of {total} {word}"))
            x += wide
        body.append(
            _box(x, y + 20, _WIDTH - x, 12, "none", f"{item.cell}: {total - item.attempts} did not answer")
        )
        said.append(f"{item.cell}: {item.passed} passed, {item.attempts - item.passed} failed, of {total}")
    return _svg(max(len(items) * row, 1), "Test cells by results. " + "; ".join(said), body)


def _short(name: str) -> str:
    return name if len(name) <= 38 else f"{name[:37]}…"


def discrimination_map(items: list[Item]) -> str:
    """Draw each cell by its pass rate and by how well it tells apart who does well elsewhere."""
    left, top, wide, tall = 40, 34, _WIDTH - 56, 230
    body, said = [_text(0, 12, "tells apart", anchor="start")], []
    for value in (-0.5, 0.0, 0.5, 1.0):
        y = top + tall * (1 - value) / 1.5
        body.append(f'<line x1="{left}" x2="{left + wide}" y1="{y:.1f}" y2="{y:.1f}" class="grid"/>')
        body.append(_text(left - 6, y + 4, f"{value:g}".replace("-", "−"), anchor="end"))
    for share in (0, 50, 100):
        body.append(_text(left + wide * share / 100, top + tall + 26, f"{share} %"))
    body.append(_text(left + wide / 2, top + tall + 44, "pass rate"))
    taken: list[tuple[float, float]] = []
    for place, item in enumerate(items):
        if item.discrimination is None:
            continue
        x = round(left + wide * item.rate, 1)
        y = round(top + tall * (1 - max(item.discrimination, -0.5)) / 1.5, 1)
        label = _free(x, y, taken, top + tall / 2)
        taken.append(label)
        tip = f"{item.cell}: {round(100 * item.rate)} % passed, {item.discrimination:.2f}"
        body.append(f'<line x1="{x:g}" y1="{y:g}" x2="{label[0]:g}" y2="{label[1]:g}" class="lead"/>')
        body.append(
            f'<circle cx="{x:g}" cy="{y:g}" r="3.5" class="dot"><title>{escape(tip)}</title></circle>'
        )
        body.append(_text(label[0], round(label[1] + 4, 1), str(place + 1), "strong"))
        said.append(tip)
    return _svg(top + tall + 52, "Test cells by pass rate and discrimination. " + "; ".join(said), body)


def _free(x: float, y: float, taken: list[tuple[float, float]], middle: float) -> tuple[float, float]:
    """Find a place for a dot's number that no other number has; the dot stays where its values are."""
    away = 14 if y < middle else -14  # one direction only: to and fro would never end
    side = x + (-12 if x > _WIDTH / 2 else 12)
    while any(abs(side - other) < 16 and abs(y - below) < 14 for other, below in taken):
        y += away
    return round(side, 1), round(y, 1)
