"""Curves of a training run, confusion matrices and bars."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from cnncourse.errors import ArgumentError
from cnncourse.plots.style import COLOURS, SERIES, as_grid, ramp

if TYPE_CHECKING:
    from cnncourse.train.history import History


def curves(
    history: "History | Mapping[str, History]", *, metrics: Sequence[str] = ("loss", "accuracy")
) -> NDArray[Any]:
    """Draw how loss and accuracy moved, epoch by epoch: training dashed, validation solid.

    Args:
        history: what :func:`cnncourse.train.fit` returned, or several under their labels.
        metrics: one panel each, any of ``"loss"``, ``"accuracy"``, ``"error"`` (1 − accuracy) and ``"lr"``.

    Returns:
        The axes, one for each metric.

    Raises:
        ArgumentError: a metric is unknown, or there is no epoch to draw.

    Example:
        >>> from types import SimpleNamespace as S
        >>> epoch = S(epoch=1, train_loss=1.0, val_loss=2.0, train_accuracy=0.5, val_accuracy=None, lr=0.1)
        >>> len(curves(S(epochs=[epoch])))
        2
    """
    runs: Mapping[str, Any] = history if isinstance(history, Mapping) else {"": history}
    if not runs or not all(getattr(run, "epochs", None) for run in runs.values()):
        got = ", ".join(f"{type(run).__name__} {label}".strip() for label, run in runs.items())
        raise ArgumentError(
            f"curves expects what fit returned, a History with at least one epoch, got {got or 'nothing'}"
        )
    _, grid = plt.subplots(
        1, len(metrics), figsize=(3.7 * len(metrics), 2.9), squeeze=False, layout="constrained"
    )
    for ax, metric in zip(grid[0], metrics, strict=True):
        for (label, run), colour in zip(runs.items(), SERIES * len(runs), strict=False):
            for part, dashes in _parts(metric):
                values = [_value(record, part, metric) for record in run.epochs]
                if any(value is not None for value in values):
                    words = [label, {"train": "training", "val": "validation"}.get(part, "")]
                    ax.plot(
                        [record.epoch for record in run.epochs],
                        [np.nan if value is None else value for value in values],
                        dashes,
                        color=colour,
                        label=" · ".join(word for word in words if word),
                        marker="o" if len(values) < 3 else None,
                    )
        ax.set(xlabel="epoch", title={"lr": "learning rate"}.get(metric, metric))
        ax.grid(axis="y")
        ax.xaxis.get_major_locator().set_params(integer=True)
        if any(ax.get_legend_handles_labels()[1]):
            ax.legend(fontsize=8)
    return np.asarray(grid[0])


def _parts(metric: str) -> list[tuple[str, str]]:
    """The fields of a record that belong to a metric, with the line each gets."""
    if metric == "lr":
        return [("", "-")]
    if metric in ("loss", "accuracy", "error"):
        return [("train", "--"), ("val", "-")]
    raise ArgumentError(f"metrics expects loss, accuracy, error or lr, got {metric!r}")


def _value(record: Any, part: str, metric: str) -> float | None:
    if metric == "lr":
        return float(record.lr)
    value = getattr(record, f"{part}_{'accuracy' if metric == 'error' else metric}")
    if value is None:
        return None
    return 1 - float(value) if metric == "error" else float(value)


def confusion(matrix: Any, classes: Sequence[str], *, ax: Axes | None = None) -> Axes:
    """Draw a confusion matrix: a row for each true class, a column for each answer.

    The diagonal is left white, so that the mistakes carry the colour.

    Args:
        matrix: counts, (k, k); entry (i, j) counts pictures of class i called j.
        classes: the k class names.
        ax: where to draw; a new figure if None.

    Returns:
        The axes that were drawn on.

    Raises:
        ShapeError: the matrix has not two axes.
        ArgumentError: it is not square, or has not one name for each class.

    Example:
        >>> confusion([[5, 1], [0, 4]], ["cat", "dog"]).get_xlabel()
        'answered'
    """
    counts = as_grid(matrix, "matrix")
    size = len(classes)
    if counts.shape != (size, size):
        raise ArgumentError(f"{size} classes need a ({size}, {size}) matrix, got {counts.shape}")
    if ax is None:
        _, ax = plt.subplots(figsize=(0.42 * size + 1.4, 0.42 * size + 1.2))
    mistakes = counts.copy()
    np.fill_diagonal(mistakes, 0)
    ax.imshow(mistakes, cmap=ramp("wrong"), vmin=0, vmax=max(float(mistakes.max()), 1.0))
    for (row, column), value in np.ndenumerate(counts):
        if value:
            on_diagonal = row == column
            dark = not on_diagonal and value > 0.6 * mistakes.max()
            colour = COLOURS["output"] if on_diagonal else "white" if dark else "#1d2127"
            ax.text(column, row, f"{int(value)}", ha="center", va="center", fontsize=8, color=colour)
    turned = 45 if max(map(len, classes)) > 2 else 0
    ax.set_xticks(range(size), classes, rotation=turned, ha="right" if turned else "center")
    ax.set_yticks(range(size), classes)
    ax.set(xlabel="answered", ylabel="true class")
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    return ax


def bars(
    values: Mapping[str, float],
    *,
    ax: Axes | None = None,
    unit: str = "",
    highlight: str | None = None,
) -> Axes:
    """Draw one horizontal bar for each value, with the number written at its end.

    Args:
        values: label → value, drawn from top to bottom.
        ax: where to draw; a new figure if None.
        unit: written after each number.
        highlight: the label whose bar takes the kernel's colour.

    Returns:
        The axes that were drawn on.

    Raises:
        ArgumentError: there are no values, or ``highlight`` is not one of the labels.

    Example:
        >>> len(bars({"3×3": 9, "5×5": 25}, unit=" weights").patches)
        2
    """
    if not values:
        raise ArgumentError("bars expects at least one value, got none")
    if highlight is not None and highlight not in values:
        raise ArgumentError(f"highlight expects one of {', '.join(values)}, got {highlight!r}")
    if ax is None:
        _, ax = plt.subplots(figsize=(6.4, 0.36 * len(values) + 0.5))
    colours = [COLOURS["kernel" if label == highlight else "input"] for label in values]
    drawn = ax.barh(list(values), list(values.values()), color=colours, height=0.66)
    written = [f"{value:,.0f}" if float(value).is_integer() else f"{value:,.3g}" for value in values.values()]
    ax.bar_label(drawn, [number + unit for number in written], padding=4, fontsize=9)
    ax.invert_yaxis()
    ax.spines[["bottom", "left"]].set_visible(False)
    ax.tick_params(left=False, bottom=False, labelbottom=False)
    ax.margins(x=0.16)
    return ax
