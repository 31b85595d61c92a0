"""Draw a net from the net itself: an SVG of its layers and blocks, with the volumes that flow between them.

The picture is narrow and tall, so that a phone shows it in full; it follows the page's light or dark theme.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha1
from html import escape
from pathlib import Path
from typing import Any

import torch
from torch import nn

from cnncourse.backbones.registry import create
from cnncourse.diagrams import sketch
from cnncourse.diagrams.diagram import Bar, Block, Item, Parallel, Series
from cnncourse.diagrams.outline import Step, outline
from cnncourse.diagrams.trace import input_shape

WIDTH = 360  # pixels
_LEFT, _RIGHT = 70, 356  # of the boxes; the volumes stand left of them
_GAP = 12
_LEGEND = {
    "conv": "convolution",
    "pool": "pooling",
    "linear": "linear",
    "add": "sum",
    "mul": "product",
    "cat": "stack channels",
}
_DARK = {"blue": "#7db4f0", "orange": "#f2a066", "green": "#6fcb9b", "grey": "#9aa3ad", "ink": "#e3e8ee"}


@dataclass(frozen=True)
class Drawing:
    """A picture of a net. Last in a notebook's cell, it shows itself.

    ``str(drawing)`` is the SVG; put it *into* a page (not behind ``<img>``), and it follows the page's theme.

    Attributes:
        svg: the picture.
        alt: what it shows, in words: every step with its shape.
        steps: what it was drawn from.
    """

    svg: str
    alt: str
    steps: tuple[Step, ...]

    def __str__(self) -> str:
        return self.svg

    def __repr__(self) -> str:
        return f"Drawing({self.alt.partition(',')[0]!r}, {len(self.steps)} steps)"

    def _repr_html_(self) -> str:
        return self.svg

    def save(self, path: str | Path) -> Path:
        """Write the SVG to a file and return its path."""
        Path(path).write_text(self.svg, encoding="utf-8")
        return Path(path)


def draw(net: nn.Module | str, input_size: tuple[int, int, int] | None = None, **options: Any) -> Drawing:
    """Draw a net, from the image at the top to the logits at the bottom.

    The net is followed on tensors without values, so even the largest takes a second or two. Layers that
    stand in a row and are equal are drawn once, with "× 3"; branches stand side by side; a shortcut is an
    arc. Normalisation, activations and dropout are left out.

    Args:
        net: a name for ``create``, or a module.
        input_size: (channels, height, width); None: the net's own.
        **options: for ``create``, such as ``image_size=32``; only with a name.

    Returns:
        A ``Drawing``.

    Raises:
        ArgumentError: unknown name or option, or a module that does not tell its image size.

    Example:
        >>> drawing = draw("lenet5")
        >>> print(drawing.alt[:79])
        lenet5, from top to bottom: image 1×32×32; conv 5×5 → 6×28×28; max 2×2 / 2 → 6×

    Introduced in chapter 11.
    """
    if isinstance(net, str):
        with torch.device("meta"):  # no memory, no arithmetic
            net = create(net, **options)
    steps = tuple(outline(net, input_size))
    image = input_shape(net, input_size)
    name = str(getattr(net, "name", type(net).__name__))
    count = sum(parameter.numel() for parameter in net.parameters())
    parts = [f"{_describe(step)} → {sketch.shape_text(step.shape)}" for step in steps]
    listing = f"from top to bottom: image {sketch.shape_text(image)}; {'; '.join(parts)}."
    canvas = sketch.Canvas()
    height = _paint(canvas, (name, f"{count:,} parameters"), image, steps)
    return Drawing(_document(canvas, height, name, listing), f"{name}, {listing}", steps)


def _describe(step: Step) -> str:
    words = _words(step.item)
    return f"{step.times} × {words}" if step.times > 1 else words


def _words(item: Item) -> str:
    if isinstance(item, Bar):
        return item.text
    if isinstance(item, Block):
        return f"{item.name} ({_chain(item.items)})"
    joins = {"add": "summed", "mul": "multiplied", "cat": "stacked", "": "side by side"}
    branches = [_chain(branch) if branch else "the input itself" for branch in item.branches]
    return f"{' | '.join(branches)}, {joins[item.join]}"


def _chain(items: Series) -> str:
    return " – ".join(map(_words, items))


def _paint(
    canvas: sketch.Canvas, title: tuple[str, str], image: tuple[int, int, int], steps: Sequence[Step]
) -> float:
    """Paint everything, line by line; return the height."""
    canvas.text(4, 12, title[0], anchor="start", kind="title")
    canvas.text(_RIGHT, 12, title[1], anchor="end")
    maps = [step.shape for step in steps if len(step.shape) == 3] + [image]
    largest = (max(shape[1] for shape in maps), max(shape[2] for shape in maps))
    most = max(shape[0] for shape in [*(step.shape for step in steps), image])
    y, last = 30.0, 0.0
    for step in [Step(Bar("image", "image", image)), *steps]:
        size = sketch.volume_size(step.shape, largest, most)
        high = _box(sketch.Canvas(), step, 0)
        row = max(size[0] + size[2] / 2, high)
        top = y + (row - high) / 2
        if last:
            _arrow(canvas, (_LEFT + _RIGHT) / 2, last, top)
        sketch.volume(canvas, size, _LEFT / 2, y + row / 2, "map" if last else "picture")
        last = _box(canvas, step, top)
        y += row + _GAP
    return _legend(canvas, steps, y + 4)


def _box(canvas: sketch.Canvas, step: Step, y: float) -> float:
    """Paint a step's box from y down; return its lower edge."""
    width = _RIGHT - _LEFT
    if isinstance(step.item, Block):
        return sketch.block(canvas, step.item, step.times, _LEFT, y, width)
    return sketch.layer(canvas, step.item, step.times, _LEFT, y, width)


def _arrow(canvas: sketch.Canvas, x: float, top: float, bottom: float) -> None:
    canvas.line(x, top, x, bottom - 3)
    canvas.path(f"M{x - 3.5:g} {bottom - 6:.1f}l3.5 5 3.5 -5z", "head")


def _kinds(item: Item) -> set[str]:
    if isinstance(item, Bar):
        return {item.kind}
    groups = item.branches if isinstance(item, Parallel) else (item.items,)
    found = {kind for group in groups for part in group for kind in _kinds(part)}
    return found | ({item.join} if isinstance(item, Parallel) else set())


def _legend(canvas: sketch.Canvas, steps: Sequence[Step], y: float) -> float:
    """Explain the colours and signs that were used; return the lower edge."""
    used = set().union(*(_kinds(step.item) for step in steps))
    x = 4.0
    for kind, words in _LEGEND.items():
        width = 26 + sketch.text_width(words)
        if kind not in used:
            continue
        if x + width > WIDTH:
            x, y = 4.0, y + 20
        if kind in ("add", "mul"):
            sketch.sign(canvas, kind, x + 7, y + 7)
        else:
            high = 6 if kind == "cat" else 12
            canvas.rect(x, y + 7 - high / 2, 14, high, "join" if kind == "cat" else kind, 2)
        canvas.text(x + 20, y + 7, words, anchor="start")
        x += width + 10
    return y + 20


def _document(canvas: sketch.Canvas, height: float, name: str, listing: str) -> str:
    """Wrap the parts into one SVG with its own style, its title and its description."""
    body = "".join(canvas.parts)
    key = f"net-{sha1((name + listing + body).encode()).hexdigest()[:10]}"
    size = f'width="{WIDTH}" height="{height:.0f}" viewBox="0 0 {WIDTH} {height:.0f}"'
    labels = f'role="img" aria-labelledby="{key}-title {key}-desc"'
    head = f'<title id="{key}-title">{escape(name)}</title><desc id="{key}-desc">{escape(listing)}</desc>'
    open_tag = f'<svg xmlns="http://www.w3.org/2000/svg" id="{key}" {size} {labels}>'
    return f"{open_tag}{head}<style>{_style(key)}</style>{body}</svg>"


def _style(key: str) -> str:
    """Return the style of one drawing; its rules reach nothing else on the page."""
    from cnncourse.plots import COLOURS  # here: matplotlib loads when something is drawn

    roles = {"blue": "input", "orange": "kernel", "green": "output", "grey": "padding"}
    on_paper = {colour: COLOURS[role] for colour, role in roles.items()} | {"ink": "#20262d"}
    light, dark = (";".join(f"--{k}:{v}" for k, v in colours.items()) for colours in (on_paper, _DARK))
    on_dark = (
        'html[data-theme="dark"]',
        'html[theme="dark"]',
        'body[data-jp-theme-light="false"]',
        "body.vscode-dark",
    )
    on_light = ('html[data-theme="light"]', 'body[data-jp-theme-light="true"]', "body.vscode-light")
    rules = _rules(light)
    own = "".join(
        ",".join(f"#{key} {part}".strip() for part in selector.split(",")) + f"{{{rule}}}"
        for selector, rule in rules.items()
    )
    media = f"@media (prefers-color-scheme:dark){{#{key}{{{dark}}}}}"
    themes = ((on_light, light), (on_dark, dark))
    forced = "".join(f"{','.join(f'{place} #{key}' for place in on)}{{{to}}}" for on, to in themes)
    return own + media + forced


def _rules(colours: str) -> dict[str, str]:
    """Return selector → declarations, the drawing itself first."""
    tint = {"conv": "orange", "pool": "grey", "linear": "green", "image": "blue", "other": "ink"}
    return {
        "": f"{colours};color:var(--ink);max-width:100%;height:auto;"
        "font:11px system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans',Arial,sans-serif",
        "text": "fill:currentColor;font-variant-numeric:tabular-nums",
        ".title": "font-size:15px;font-weight:650",
        ".name,.shape,.times": "font-size:12px",
        ".name": "font-weight:600",
        ".times": "font-weight:700;fill:var(--orange)",
        "rect,.map,.picture": "stroke-width:1.2;fill-opacity:.13;stroke-linejoin:round",
        ".line": "fill:none;stroke:currentColor;stroke-opacity:.65;stroke-width:1.2",
        ".head": "fill:currentColor;fill-opacity:.65",
        ".sign": "fill:none;stroke:currentColor;stroke-width:1.2",
        ".join": "fill:currentColor;fill-opacity:.65",
        ".frame": "fill:currentColor;fill-opacity:.03;stroke:currentColor;stroke-opacity:.3",
        **{f".{kind}": f"fill:var(--{colour});stroke:var(--{colour})" for kind, colour in tint.items()},
        ".map": "fill:var(--green);stroke:var(--green)",
        ".picture": "fill:var(--blue);stroke:var(--blue)",
        ".behind": "fill:none;stroke-width:1.2",
        ".roof": "fill-opacity:.1",
        ".flank": "fill-opacity:.3",
        ".front": "fill-opacity:.2",
        "rect.other": "fill-opacity:.05;stroke-opacity:.5",
    }
