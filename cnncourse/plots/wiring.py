"""Who feeds whom: stacks of maps with one output cell marked, and every input cell that it is made of."""

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from numpy.typing import NDArray

from cnncourse.errors import ArgumentError, ShapeError
from cnncourse.plots.style import COLOURS, ramp

LEAN, DEPTH = 0.42, 0.5  # how far a row of a lying sheet goes to the left, and down
APART = 2.2  # room for the arrow between what goes in and what comes out


def wiring(
    reads: Any,
    shape: tuple[int, int, int],
    cell: tuple[int, int, int],
    *,
    ax: Axes | None = None,
    title: str | None = None,
) -> Axes:
    """Draw a layer as two stacks of sheets, one sheet a channel: the inputs that feed one output are filled.

    One style for every kind of layer, so that kinds can be compared at a glance. How strongly a cell is
    filled says how much of it arrives. Chapter 04 introduces it.

    Args:
        reads: how strongly each input cell feeds the output cell, (c_in, h, w); 0: not at all.
        shape: the shape of the output, (c_out, h, w).
        cell: channel, row and column of the output cell.
        ax: where to draw; a new figure if None.
        title: text above.

    Returns:
        The axes that were drawn on.

    Raises:
        ShapeError: ``reads`` has not three axes.
        ArgumentError: the output has no such cell.

    Example:
        >>> wiring([[[1, 1, 0], [1, 1, 0], [0, 0, 0]]], (1, 2, 2), (0, 0, 0), title="2×2").get_title()
        '2×2'
    """
    strength = _volume(reads)
    if len(shape) != 3 or not all(0 <= place < size for place, size in zip(cell, shape, strict=False)):
        raise ArgumentError(f"the output has shape {tuple(shape)}, so it has no cell {tuple(cell)}")
    marked = np.zeros(shape)
    marked[tuple(cell)] = 1
    if ax is None:
        _, ax = plt.subplots(figsize=(3.2, 2.6))
    right = _stack(ax, strength, 0.0, "input")
    start = right + APART + LEAN * shape[1]
    end = _stack(ax, marked, start, "output")
    ax.annotate(
        "",
        xy=(right + 0.82 * APART, 0),
        xytext=(right + 0.18 * APART, 0),
        arrowprops={"arrowstyle": "-|>", "color": COLOURS["kernel"], "linewidth": 2},
    )
    half = max(_height(strength), _height(marked)) / 2 + 0.3
    ax.set(xlim=(-LEAN * strength.shape[1] - 0.3, end + 0.3), ylim=(-half, half), aspect="equal")
    ax.axis("off")
    if title is not None:
        ax.set_title(title)
    return ax


def _volume(reads: Any) -> NDArray[np.float64]:
    if hasattr(reads, "detach"):
        reads = reads.detach().cpu().numpy()
    strength: NDArray[np.float64] = np.abs(np.asarray(reads, dtype=float))
    if strength.ndim != 3:
        raise ShapeError(f"reads expects three axes (channels, rows, columns), got shape {strength.shape}")
    return strength


def _height(volume: NDArray[np.float64]) -> float:
    """Height of a stack: its sheets, and half a cell of air between them."""
    channels, rows, _ = volume.shape
    return float(channels * rows * DEPTH + (channels - 1) * 0.5)


def _stack(ax: Axes, volume: NDArray[np.float64], left: float, role: str) -> float:
    """Draw the sheets of a volume one below the other, centred on 0; the x of their right edge."""
    channels, rows, columns = volume.shape
    top, largest = _height(volume) / 2, max(float(volume.max()), 1e-9)
    shades = ramp(role)
    for channel in range(channels):
        high = top - channel * (rows * DEPTH + 0.5)
        corners, faces = [], []
        for row in range(rows):
            for column in range(columns):
                x, y = left + column - LEAN * row, high - DEPTH * row
                corners.append(
                    [(x, y), (x + 1, y), (x + 1 - LEAN, y - DEPTH), (x - LEAN, y - DEPTH)],
                )
                share = float(volume[channel, row, column]) / largest
                faces.append(shades(0.25 + 0.75 * share) if share > 1e-6 else (1.0, 1.0, 1.0, 1.0))
        ax.add_collection(
            PolyCollection(corners, facecolors=faces, edgecolors=COLOURS["padding"], linewidths=0.6)
        )
    return float(left + columns)
