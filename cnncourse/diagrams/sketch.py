"""The pieces of a net's picture as SVG: bars, branches that part and meet, volumes of feature maps."""

from collections.abc import Sequence
from html import escape
from itertools import groupby
from math import sqrt

from cnncourse.diagrams.diagram import Bar, Block, Item, Parallel, Series

SMALL, LARGE = 11, 12  # text, in pixels
GAP = 8  # between bars
MANY = 4  # equal bars in a row, from which they are drawn as one
WIDEST = 170  # bar
SIDE = 20  # kept free for a shortcut, left and right
_LETTER = 0.62  # width of a letter, as part of its height: generous, for every system's font


class Canvas:
    """A list of SVG elements, in the order in which they are painted."""

    def __init__(self) -> None:
        self.parts: list[str] = []

    def path(self, d: str, kind: str = "line") -> None:
        """Add a path."""
        self.parts.append(f'<path class="{kind}" d="{d}"/>')

    def line(self, x1: float, y1: float, x2: float, y2: float) -> None:
        """Add a straight line."""
        self.path(f"M{_n(x1)} {_n(y1)}L{_n(x2)} {_n(y2)}")

    def rect(self, x: float, y: float, width: float, height: float, kind: str, radius: float = 4) -> None:
        """Add a rectangle with round corners."""
        size = f'width="{_n(width)}" height="{_n(height)}" rx="{_n(radius)}"'
        self.parts.append(f'<rect class="{kind}" x="{_n(x)}" y="{_n(y)}" {size}/>')

    def text(self, x: float, y: float, words: str, *, anchor: str = "middle", kind: str = "") -> None:
        """Add a line of text, its middle at y."""
        mark = f' class="{kind}"' if kind else ""
        place = f'x="{_n(x)}" y="{_n(y + 4)}" text-anchor="{anchor}"'
        self.parts.append(f"<text{mark} {place}>{escape(words)}</text>")


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def text_width(words: str, size: float = SMALL) -> float:
    """Return at least how many pixels a text is wide, in any common font.

    Example:
        >>> text_width("3×3, 64") < 50
        True
    """
    return _LETTER * size * len(words)


def shape_text(shape: tuple[int, ...]) -> str:
    """Write a shape: channels × height × width.

    Example:
        >>> shape_text((64, 56, 56))
        '64×56×56'
    """
    return "×".join(map(str, shape))


def wrap(words: str, width: float) -> list[str]:
    """Break a text into lines that fit; the window and its stride stay together.

    Example:
        >>> wrap("3×3 / 2 depthwise, 96", 70)
        ['3×3 / 2', 'depthwise,', '96']
    """
    lines: list[str] = []
    for word in words.replace(" / ", "\u00a0/\u00a0").split(" "):
        if lines and text_width(f"{lines[-1]} {word}") <= width:
            lines[-1] = f"{lines[-1]} {word}"
        else:
            lines.append(word)
    return [line.replace("\u00a0", " ") for line in lines]


def series(canvas: Canvas, items: Series, x: float, y: float, width: float) -> float:
    """Paint a chain from the top down, centred between x and x + width; return its lower edge."""
    middle = x + width / 2
    runs = [(item, len(list(same))) for item, same in groupby(items)]
    lines = [line for item, n in runs for line in ([(item, 1)] * n if n < MANY else [(item, n)])]
    for number, (item, times) in enumerate(lines):
        if number:
            canvas.line(middle, y, middle, y + GAP)
            y += GAP
        y = _item(canvas, item, times, x, y, width)
    return y


def _item(canvas: Canvas, item: Item, times: int, x: float, y: float, width: float) -> float:
    if isinstance(item, Parallel):
        return parallel(canvas, item, x, y, width)
    words = item.text if isinstance(item, Bar) else item.name
    kind = item.kind if isinstance(item, Bar) else "other"
    x, width = x + max(0, (width - WIDEST) / 2), min(width, WIDEST)
    lines = wrap(f"{times} × {words}" if times > 1 else words, width - 4)
    height = 8 + 12 * len(lines)
    canvas.rect(x, y, width, height, kind)
    for number, line in enumerate(lines):
        canvas.text(x + width / 2, y + 10 + 12 * number, line)
    return y + height


def columns(items: Series) -> int:
    """Return how many bars stand side by side at the widest place.

    Example:
        >>> columns((Parallel(((), ()), "add", ()),))
        1
    """
    wide = [sum(map(columns, filter(None, p.branches))) for p in items if isinstance(p, Parallel)]
    return max([1, *wide])


def parallel(canvas: Canvas, item: Parallel, x: float, y: float, width: float) -> float:
    """Paint branches side by side, a shortcut as an arc around them, and the join; return the lower edge."""
    branches = [branch for branch in item.branches if branch]
    shortcut = len(branches) < len(item.branches)
    side, middle = SIDE if shortcut else 0, x + width / 2
    top = y + GAP
    spots = _spots(branches, item.join, x + side, width - 2 * side)
    bottoms = [series(canvas, branch, *_at(spot, top)) for branch, spot in zip(branches, spots, strict=True)]
    centres = [left + wide / 2 for left, wide in spots]
    low = max(bottoms, default=top) + GAP
    _rail(canvas, [middle, *centres], y)
    for centre, bottom in zip(centres, bottoms, strict=True):
        canvas.line(centre, y, centre, top)
        canvas.line(centre, bottom, centre, low)
    edge = x + width - 5 if shortcut else None
    return _join(canvas, item.join, middle, (y, low), centres, edge)


def _at(spot: tuple[float, float], y: float) -> tuple[float, float, float]:
    return spot[0], y, spot[1]


def _spots(branches: Sequence[Series], join: str, x: float, width: float) -> list[tuple[float, float]]:
    """Share the width among the branches; a projection shortcut needs less."""
    weights = [float(columns(branch)) for branch in branches]
    if join == "add" and len(branches) > 1:
        weights = [w if len(b) > 1 else 0.55 for w, b in zip(weights, branches, strict=True)]
    gap = 4 if sum(weights) > 4 else 8
    unit = (width - gap * (len(branches) - 1)) / max(sum(weights), 1e-9)
    spots = []
    for weight in weights:
        spots.append((x, weight * unit))
        x += weight * unit + gap
    return spots


def _rail(canvas: Canvas, stops: Sequence[float], y: float) -> None:
    if max(stops) > min(stops):
        canvas.line(min(stops), y, max(stops), y)


def _join(
    canvas: Canvas,
    join: str,
    middle: float,
    span: tuple[float, float],
    centres: Sequence[float],
    edge: float | None,
) -> float:
    """Paint where the branches meet, and the shortcut from the top of the span to there, at x = edge."""
    top, low = span
    if join == "cat":
        if edge is not None:
            canvas.path(f"M{_n(middle)} {_n(top)}H{_n(edge - 8)}q8 0 8 8V{_n(low)}")
        left = min([middle, *centres]) - 12
        canvas.rect(left, low, max([middle, *centres, edge or 0]) + 5 - left, 6, "join", 2)
        return low + 6
    if join:
        spot = low + 7
        _rail(canvas, [middle, *centres], low)
        if edge is not None:
            bend = f"H{_n(edge - 8)}q8 0 8 8V{_n(spot - 8)}q0 8 -8 8H{_n(middle + 7)}"
            canvas.path(f"M{_n(middle)} {_n(top)}{bend}")
        return sign(canvas, join, middle, spot)
    _rail(canvas, [middle, *centres], low)
    return low


def sign(canvas: Canvas, join: str, x: float, y: float) -> float:
    """Paint the circle of a sum or a product; return its lower edge."""
    canvas.parts.append(f'<circle class="sign" cx="{_n(x)}" cy="{_n(y)}" r="7"/>')
    if join == "add":
        canvas.path(f"M{_n(x - 4)} {_n(y)}h8M{_n(x)} {_n(y - 4)}v8")
    else:
        canvas.path(f"M{_n(x - 3)} {_n(y - 3)}l6 6m0 -6l-6 6")
    return y + 7


def block(canvas: Canvas, item: Block, times: int, x: float, y: float, width: float) -> float:
    """Paint a module with branches: a frame, its name, how often it stands there, its shape, its inside."""
    inside = Canvas()
    bottom = series(inside, item.items, x + 8, y + 26, width - 16) + 8
    canvas.rect(x, y, width, bottom - y, "frame", 6)
    _head(canvas, item.name[:1].upper() + item.name[1:], item.shape, times, (x, y + 13, width))
    canvas.parts += inside.parts
    return _behind(canvas, "frame", times, (x, bottom, width, bottom - y))


def layer(canvas: Canvas, item: Bar, times: int, x: float, y: float, width: float) -> float:
    """Paint a layer that stands alone: what it is at the left, the shape that leaves it at the right."""
    canvas.rect(x, y, width, 26, item.kind)
    _head(canvas, item.text, item.shape, times, (x, y + 13, width))
    return _behind(canvas, item.kind, times, (x, y + 26, width, 26))


def _behind(canvas: Canvas, kind: str, times: int, place: tuple[float, float, float, float]) -> float:
    """Paint the edge of a second box behind a repeated one; return the lower edge of the whole."""
    x, low, width, height = place
    if times == 1:
        return low
    corner = f"v{_n(8 - height)}q0 -4 -4 -4"
    canvas.path(f"M{_n(x + 4)} {_n(low)}q0 4 4 4h{_n(width - 8)}q4 0 4 -4{corner}", f"{kind} behind")
    return low + 4


def _head(
    canvas: Canvas,
    name: str,
    shape: tuple[int, ...],
    times: int,
    place: tuple[float, float, float],
) -> None:
    x, y, width = place
    canvas.text(x + 8, y, name, anchor="start", kind="name")
    if times > 1:
        canvas.text(x + 16 + text_width(name, LARGE), y, f"× {times}", anchor="start", kind="times")
    canvas.text(x + width - 8, y, shape_text(shape), anchor="end", kind="shape")


def volume_size(shape: tuple[int, ...], largest: tuple[int, int], most: int) -> tuple[float, float, float]:
    """Return the height and width of a volume's face, and its depth, in pixels.

    Square roots keep 7 pixels visible beside 224, and 3 channels beside 2048.

    Args:
        shape: (channels, height, width), or (features,).
        largest: height and width of the largest maps.
        most: the largest number of channels.

    Example:
        >>> volume_size((3, 224, 224), (224, 224), 3)
        (34.0, 34.0, 22.0)
    """
    depth = 22 * sqrt(shape[0] / most)
    if len(shape) != 3:
        return 3.0, 3.0, max(2.0, depth)
    high, wide = (max(3.0, 34 * sqrt(size / limit)) for size, limit in zip(shape[1:], largest, strict=True))
    return high, wide, max(2.0, depth)


def volume(canvas: Canvas, size: tuple[float, float, float], x: float, y: float, kind: str) -> None:
    """Paint a box seen from the front left, its middle at (x, y)."""
    high, wide, depth = size
    rise = depth / 2
    left, top = x - (wide + depth) / 2, y - (high + rise) / 2 + rise
    front = f"M{_n(left)} {_n(top)}h{_n(wide)}v{_n(high)}h{_n(-wide)}z"
    roof = f"M{_n(left)} {_n(top)}l{_n(depth)} {_n(-rise)}h{_n(wide)}l{_n(-depth)} {_n(rise)}z"
    flank = f"M{_n(left + wide)} {_n(top)}l{_n(depth)} {_n(-rise)}v{_n(high)}l{_n(-depth)} {_n(rise)}z"
    for d, shade in ((roof, "roof"), (flank, "flank"), (front, "front")):
        canvas.path(d, f"{kind} {shade}")
