"""Small arrays drawn cell by cell: numbers in boxes, windows on them, and two arrays compared."""

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from cnncourse.errors import ArgumentError
from cnncourse.plots.style import COLOURS, as_grid, diverging, ramp

Window = tuple[int, int, int, int]


def numbers(
    array: Any,
    *,
    ax: Axes | None = None,
    role: str = "input",
    title: str | None = None,
    window: Window | None = None,
    padding: int = 0,
    dilation: int = 1,
    fmt: str = "{:g}",
) -> Axes:
    """Draw a small array as a grid with its numbers written in.

    Args:
        array: the values, (rows, columns); leading axes of length one are dropped.
        ax: where to draw; a new figure if None.
        role: ``"input"``, ``"kernel"`` or ``"output"``, which picks the colour.
        title: text above the grid.
        window: (row, column, height, width) of cells to outline in the kernel's colour, counted from the
            corner of the padded array. With a dilation, height and width count the taps.
        padding: rings of zeros to draw around the array.
        dilation: distance between the taps of the window.
        fmt: how a number is written, a format string for one value.

    Returns:
        The axes that were drawn on.

    Raises:
        ShapeError: the array has not two axes.
        ArgumentError: the role is unknown.

    Example:
        >>> numbers([[1, 2], [3, 4]], window=(0, 0, 2, 1)).get_title()
        ''
    """
    if role not in COLOURS:
        raise ArgumentError(f"role expects one of {', '.join(COLOURS)}, got {role!r}")
    grid = as_grid(array)
    rows, columns = grid.shape[0] + 2 * padding, grid.shape[1] + 2 * padding
    if ax is None:
        _, ax = plt.subplots(figsize=(0.48 * columns + 0.3, 0.48 * rows + 0.5))
    size = _text_size(ax, rows, columns, max(len(fmt.format(v)) for v in grid.flat))
    top = max(float(np.abs(grid).max()), 1e-9)
    shades = ramp(role)
    for row in range(rows):
        for column in range(columns):
            inside = padding <= row < rows - padding and padding <= column < columns - padding
            value = grid[row - padding, column - padding] if inside else 0.0
            face = shades(0.08 + 0.38 * abs(value) / top) if inside else "#f0f1f3"
            ax.add_patch(
                Rectangle((column, row), 1, 1, facecolor=face, edgecolor=COLOURS["grid"], linewidth=0.8)
            )
            colour = "#1d2127" if inside else COLOURS["padding"]
            ax.text(
                column + 0.5,
                row + 0.5,
                fmt.format(value),
                ha="center",
                va="center",
                fontsize=size,
                color=colour,
            )
    if window is not None:
        _outline(ax, window, dilation)
    ax.set(xlim=(-0.06, columns + 0.06), ylim=(rows + 0.06, -0.06), aspect="equal")
    ax.axis("off")
    if title is not None:
        ax.set_title(title, color=COLOURS[role])
    return ax


def _text_size(ax: Axes, rows: int, columns: int, characters: int) -> float:
    """Points that let the longest number fit in a cell of these axes."""
    box = ax.get_window_extent()
    cell = 72 / ax.figure.dpi * min(box.width / columns, box.height / rows)
    return float(np.clip(cell / max(0.68 * characters, 1.9), 4.5, 13))


def _outline(ax: Axes, window: Window, dilation: int) -> None:
    """Mark the cells a kernel looks at: one frame, or one for each tap when they stand apart."""
    row, column, height, width = window
    style: dict[str, Any] = {
        "fill": False,
        "edgecolor": COLOURS["kernel"],
        "linewidth": 2.6,
        "joinstyle": "round",
        "zorder": 5,
    }
    if dilation == 1:
        ax.add_patch(Rectangle((column, row), width, height, **style))
        return
    for i in range(height):
        for j in range(width):
            ax.add_patch(Rectangle((column + j * dilation, row + i * dilation), 1, 1, **style))


def convolution_step(
    x: Any, weight: Any, row: int, col: int, *, stride: int = 1, padding: int = 0, dilation: int = 1
) -> NDArray[Any]:
    """Draw one step of a convolution: the window on the input, the kernel, and the cell it fills.

    Args:
        x: one channel of input, (h, w).
        weight: one kernel, (kh, kw).
        row: row of the output cell to show.
        col: column of the output cell to show.
        stride: pixels between neighbouring windows.
        padding: rings of zeros around the input.
        dilation: distance between neighbouring taps.

    Returns:
        The three axes: input, kernel, output.

    Raises:
        ArgumentError: the output has no cell (row, col).

    Example:
        >>> len(convolution_step([[1, 2, 3]] * 3, [[1, 0], [0, 1]], 0, 0))
        3
    """
    import torch.nn.functional as F
    from torch import as_tensor

    picture, kernel = as_grid(x, "x"), as_grid(weight, "weight")
    out = F.conv2d(
        as_tensor(picture)[None, None],
        as_tensor(kernel)[None, None],
        stride=stride,
        padding=padding,
        dilation=dilation,
    )[0, 0].numpy()
    if not (0 <= row < out.shape[0] and 0 <= col < out.shape[1]):
        raise ArgumentError(
            f"the output has cells up to ({out.shape[0] - 1}, {out.shape[1] - 1}), got ({row}, {col})"
        )
    widths = [picture.shape[1] + 2 * padding, kernel.shape[1], out.shape[1]]
    tallest = max(picture.shape[0] + 2 * padding, out.shape[0], kernel.shape[0])
    cell = min(0.48, 7.6 / sum(widths))
    figure = plt.figure(
        figsize=(cell * sum(widths) + 0.8, cell * tallest + 0.4), layout=ConstrainedLayoutEngine(wspace=0.06)
    )
    axes = figure.subplots(1, 3, width_ratios=widths)
    numbers(
        picture,
        ax=axes[0],
        title="input",
        padding=padding,
        dilation=dilation,
        window=(row * stride, col * stride, *kernel.shape),
    )
    numbers(kernel, ax=axes[1], role="kernel", title="kernel")
    numbers(out, ax=axes[2], role="output", title="output", window=(row, col, 1, 1))
    return np.asarray(axes)


def heatmap(
    array: Any,
    *,
    ax: Axes | None = None,
    title: str | None = None,
    label: str = "",
    numbers: bool | None = None,
    cmap: Any = None,
) -> Axes:
    """Draw an array as coloured cells with a colour bar.

    Signed values get a diverging map centred on zero; others run from white to green.

    Args:
        array: the values, (rows, columns).
        ax: where to draw; a new figure if None.
        title: text above.
        label: what the colour means, with its unit, written beside the bar.
        numbers: write each value in its cell; by default for arrays of up to 12 × 12.
        cmap: a colour map of your own.

    Returns:
        The axes that were drawn on.

    Raises:
        ShapeError: the array has not two axes.

    Example:
        >>> heatmap([[1, 2], [3, 4]], title="count").get_title()
        'count'
    """
    grid = as_grid(array)
    if ax is None:
        _, ax = plt.subplots(figsize=(4.2, 3.6))
    signed = bool((grid < 0).any())
    top = float(np.nanmax(np.abs(grid))) or 1.0
    shown = ax.imshow(
        grid,
        cmap=cmap or (diverging() if signed else ramp("output")),
        vmin=-top if signed else 0 if float(np.nanmin(grid)) >= 0 else None,
        vmax=top,
    )
    if numbers if numbers is not None else max(grid.shape) <= 12:
        shades = shown.to_rgba(grid)
        for (row, column), value in np.ndenumerate(grid):
            red, green, blue, _ = shades[row, column]
            dark = 0.299 * red + 0.587 * green + 0.114 * blue < 0.55
            ax.text(
                column,
                row,
                f"{value:.3g}",
                ha="center",
                va="center",
                fontsize=float(np.clip(80 / max(grid.shape), 6, 11)),
                color="white" if dark else "#1d2127",
            )
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set_visible(False)
    figure = ax.get_figure()
    assert figure is not None
    bar = figure.colorbar(shown, ax=ax, label=label, shrink=0.85)
    bar.ax.spines[:].set_visible(False)
    if title is not None:
        ax.set_title(title)
    return ax


def compare(expected: Any, got: Any) -> NDArray[Any]:
    """Draw what was expected, what came, and the difference, side by side on one scale.

    Args:
        expected: the right values, (rows, columns).
        got: the values to judge, of the same shape.

    Returns:
        The three axes: expected, yours, difference.

    Raises:
        ShapeError: an array has not two axes.
        ArgumentError: the shapes differ.

    Example:
        >>> [ax.get_title() for ax in compare([[1, 2]], [[1, 3]])]
        ['expected', 'yours', 'difference']
    """
    right, mine = as_grid(expected, "expected"), as_grid(got, "got")
    if right.shape != mine.shape:
        raise ArgumentError(f"two arrays of one shape are compared, got {right.shape} and {mine.shape}")
    difference = mine - right
    _, axes = plt.subplots(1, 3, figsize=(7.2, 2.7), layout="constrained")
    small = max(right.shape) <= 8
    for ax, grid, title, role in zip(
        axes,
        (right, mine, difference),
        ("expected", "yours", "difference"),
        ("output", "input", "wrong"),
        strict=True,
    ):
        if small:
            numbers(np.nan_to_num(grid), ax=ax, role=role, title=title, fmt="{:.3g}")
        else:
            top = float(np.nanmax(np.abs(right))) or 1.0
            ax.imshow(grid, cmap=diverging(), vmin=-top, vmax=top)
            ax.set(xticks=[], yticks=[])
            ax.set_title(title, color=COLOURS[role])
    return np.asarray(axes)
