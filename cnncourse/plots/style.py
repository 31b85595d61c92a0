"""One look for every figure: colours that carry meaning, sizes that read on a phone."""

from textwrap import wrap
from typing import Any

import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from numpy.typing import NDArray

from cnncourse import stand_in
from cnncourse.errors import ShapeError

# Chosen to stay apart for colour-blind readers and at 3:1 or better on white.
COLOURS = {
    "input": "#2f6db5",
    "kernel": "#c8641b",
    "output": "#2b8a57",
    "padding": "#8a8f98",
    "wrong": "#c0304f",
    "neutral": "#4a4f57",
    "grid": "#d5d8dd",
}

# Curves beyond the three roles, in the order in which they are used.
SERIES = ("#2f6db5", "#c8641b", "#2b8a57", "#8553a6", "#c0304f", "#7a6a2f", "#4a4f57")


def use_style() -> None:
    """Set matplotlib's defaults for the course: white ground, quiet axes, text that reads at phone width.

    Called by :func:`cnncourse.start`; calling it again changes nothing. Where a sample or drawn pictures
    stand in for a data set, the first figure of each experiment says so, see ``sign``.

    Example:
        >>> use_style()
        >>> import matplotlib
        >>> matplotlib.rcParams["figure.dpi"]
        130.0
    """
    import matplotlib as mpl
    from cycler import cycler

    mpl.rcParams.update(
        {
            "figure.facecolor": "white",
            "savefig.facecolor": "white",
            "figure.dpi": 130,
            "savefig.dpi": 130,
            "savefig.bbox": "tight",
            "figure.constrained_layout.use": True,
            "font.size": 10,
            "axes.titlesize": 11,
            "axes.titlecolor": COLOURS["neutral"],
            "axes.labelcolor": COLOURS["neutral"],
            "axes.edgecolor": COLOURS["padding"],
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.grid": False,
            "axes.prop_cycle": cycler(color=SERIES),
            "grid.color": COLOURS["grid"],
            "xtick.color": COLOURS["neutral"],
            "ytick.color": COLOURS["neutral"],
            "legend.frameon": False,
            "image.cmap": "gray",
            "image.interpolation": "nearest",
            "lines.linewidth": 1.8,
            "figure.hooks": ["cnncourse.plots.style:sign"],
        }
    )


def sign(figure: Figure) -> None:
    """Write below a new figure which pictures stand in for those that the text speaks of, if nobody has yet.

    Args:
        figure: of pyplot, which calls this for every one.

    Example:
        >>> figure = Figure()
        >>> stand_in.mention("a sample of MNIST")
        >>> sign(figure)
        >>> [text.get_text() for text in figure.texts]
        ['a sample of MNIST']
    """
    if lines := stand_in.take():
        words = "\n".join(wrap(" · ".join(lines), width=max(24, round(15 * figure.get_figwidth()))))
        figure.text(0.5, -0.02, words, ha="center", va="top", fontsize=8, color=COLOURS["wrong"])


def ramp(role: str) -> LinearSegmentedColormap:
    """A colour map from white to the colour of a role, for counts and magnitudes.

    Args:
        role: a key of :data:`COLOURS`.

    Example:
        >>> ramp("input").name
        'input'
    """
    return LinearSegmentedColormap.from_list(role, ["#ffffff", COLOURS[role]])


def diverging() -> LinearSegmentedColormap:
    """A colour map for signed values: blue below zero, white at zero, orange above.

    Example:
        >>> [round(float(v), 2) for v in diverging()(0.5)[:3]]
        [1.0, 1.0, 1.0]
    """
    return LinearSegmentedColormap.from_list(
        "diverging", [COLOURS["input"], "#ffffff", COLOURS["kernel"]], 257
    )


def as_grid(array: Any, what: str = "array") -> NDArray[np.float64]:
    """Turn a tensor, array or nested list into a 2-D array of floats.

    Axes of length one in front are dropped, so that a (1, 1, h, w) feature map is welcome.

    Args:
        array: anything NumPy can read, or a torch tensor on any device.
        what: its name, for the error.

    Raises:
        ShapeError: what is left has not exactly two axes.

    Example:
        >>> as_grid([[1, 2], [3, 4]]).shape
        (2, 2)
    """
    if hasattr(array, "detach"):
        array = array.detach().cpu().numpy()
    grid = np.asarray(array, dtype=float)
    shape = grid.shape
    while grid.ndim > 2 and grid.shape[0] == 1:
        grid = grid[0]
    if grid.ndim != 2:
        raise ShapeError(f"{what} expects two axes (rows, columns), got shape {shape} — pick one channel")
    return grid
