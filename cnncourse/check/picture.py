"""The picture beside a failed check: expected, yours, and the difference."""

import contextlib
import io
from typing import Any

import numpy as np

from cnncourse.check.arrays import Array
from cnncourse.notebook import in_notebook

_LARGEST = 256


def plane(array: Array, index: tuple[int, ...]) -> Array | None:
    """Cut out the picture that holds the element at ``index``: its rows and columns, shape (h, w).

    Returns:
        The picture, or None when the array is a single number, too large or not made of real numbers.

    Example:
        >>> plane(np.arange(8).reshape(2, 2, 2), (1, 0, 1))
        array([[4., 5.],
               [6., 7.]])
    """
    if array.ndim == 0 or array.dtype.kind not in "biuf":
        return None
    flat = array[index[:-2]] if array.ndim > 2 else np.atleast_2d(array)
    return flat.astype(float) if max(flat.shape) <= _LARGEST else None


def show_difference(expected: Array, got: Array, index: tuple[int, ...]) -> None:
    """Display expected, got and their difference below the test cell, if this is a notebook.

    Args:
        expected: the right array, any shape.
        got: the learner's array, the same shape.
        index: the first element that differs; in a stack of pictures, the one that holds it is shown.
    """
    pair = plane(expected, index), plane(got, index)
    if pair[0] is None or pair[1] is None or not in_notebook():
        return
    with contextlib.suppress(Exception):  # a picture is a help: never let it hide the message
        _display(pair[0], pair[1])


def _display(expected: Array, got: Array) -> None:
    import matplotlib.pyplot as plt
    from IPython import display as ipython

    from cnncourse import plots

    show: Any = ipython.display  # IPython's functions carry no types
    image: Any = ipython.Image
    axes: Any = plots.compare(expected, got)
    figure = np.ravel(axes)[0].figure
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", bbox_inches="tight", dpi=80)
    plt.close(figure)
    alt = "Three panels: expected, yours, and the difference"
    show(image(data=buffer.getvalue(), format="png", alt=alt))
