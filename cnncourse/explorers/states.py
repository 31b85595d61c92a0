"""What an explorer may start with: every value checked here, before JavaScript sees it."""

import html
import math
from collections.abc import Mapping
from typing import Any

from cnncourse.errors import ArgumentError, ShapeError

Grid = list[list[float]]

_LIMITS = {"padding": (0, 3), "stride": (1, 3), "dilation": (1, 3)}
_CORNER: Grid = [[9 if i >= 1 and j >= 1 else 0 for j in range(6)] for i in range(6)]


def convolution(given: Mapping[str, Any]) -> dict[str, Any]:
    """Complete and check the state of the convolution explorer.

    Args:
        given: what the caller set; see :func:`cnncourse.explorers.show`.

    Returns:
        A state with every key, made of plain Python values.

    Raises:
        ArgumentError: an unknown key, or a number out of range.
        ShapeError: the input or the kernel is not a small rectangle of finite numbers.

    Example:
        >>> convolution({"kernel": "identity"})["kernel"]
        [[0, 0, 0], [0, 1, 0], [0, 0, 0]]
    """
    state: dict[str, Any] = {
        "input": _CORNER,
        "kernel": "sobel_x",
        "padding": 0,
        "stride": 1,
        "dilation": 1,
        "row": 0,
        "col": 0,
        "filled": False,
    }
    unknown = sorted(set(given) - set(state))
    if unknown:
        raise ArgumentError(f"expected some of {', '.join(state)}, got {', '.join(unknown)}")
    state |= given
    state["input"] = _grid("input", state["input"], 8)
    state["kernel"] = _grid("kernel", _kernel(state["kernel"]), 5)
    for key, (low, high) in _LIMITS.items():
        state[key] = _whole(key, state[key], low, high)
    rows, columns = output_shape(state)
    state["row"] = _whole("row", state["row"], 0, max(rows - 1, 0))
    state["col"] = _whole("col", state["col"], 0, max(columns - 1, 0))
    state["filled"] = bool(state["filled"])
    return state


def output_shape(state: Mapping[str, Any]) -> tuple[int, int]:
    """How many places the window has down and across; zero where the kernel does not fit.

    Example:
        >>> output_shape(convolution({"padding": 1, "stride": 2}))
        (3, 3)
    """

    def places(size: int, taps: int) -> int:
        spare = size + 2 * int(state["padding"]) - int(state["dilation"]) * (taps - 1) - 1
        return max(0, spare // int(state["stride"]) + 1)

    image, kernel = state["input"], state["kernel"]
    return places(len(image), len(kernel)), places(len(image[0]), len(kernel[0]))


def fallback(state: Mapping[str, Any]) -> str:
    """A still picture of the state for readers without JavaScript: a sentence and three small tables.

    Example:
        >>> fallback(convolution({})).count("<table>")
        2
    """
    rows, columns = output_shape(state)
    settings = ", ".join(f"{key} {state[key]}" for key in _LIMITS)
    tables = "".join(
        f"<table><caption>{html.escape(name)}</caption>"
        + "".join(
            "<tr>" + "".join(f"<td>{round(v, 2):g}</td>" for v in line) + "</tr>" for line in state[key]
        )
        + "</table>"
        for name, key in (("Input", "input"), ("Kernel", "kernel"))
    )
    return f"<p>A window slides over the input: {settings} give an output of {rows} × {columns}.</p>{tables}"


def _kernel(kernel: Any) -> Any:
    if not isinstance(kernel, str):
        return kernel
    from cnncourse.conv import KERNELS

    if kernel not in KERNELS:
        raise ArgumentError(f"kernel expects rows of numbers or one of {', '.join(KERNELS)}, got {kernel!r}")
    return KERNELS[kernel]


def _grid(name: str, values: Any, limit: int) -> Grid:
    """Rows of plain numbers from a nested list, an array or a tensor; leading axes of length one go."""
    if hasattr(values, "tolist"):
        values = values.tolist()
    while isinstance(values, (list, tuple)) and len(values) == 1 and not _is_row(values[0]):
        values = values[0]
    if not isinstance(values, (list, tuple)) or not values or not all(_is_row(row) for row in values):
        raise ShapeError(f"{name} expects rows of numbers, such as [[1, 2], [3, 4]], got {values!r:.60}")
    if len({len(row) for row in values}) != 1:
        raise ShapeError(f"{name} expects rows of equal length, got lengths {[len(row) for row in values]}")
    if max(len(values), len(values[0])) > limit:
        raise ShapeError(
            f"{name} expects at most {limit} × {limit} numbers, got {len(values)} × {len(values[0])}"
        )
    return [[_number(name, value) for value in row] for row in values]


def _is_row(values: Any) -> bool:
    rowlike = isinstance(values, (list, tuple)) and len(values) > 0
    return rowlike and not any(isinstance(value, (list, tuple, str)) for value in values)


def _number(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise ArgumentError(f"{name} expects finite numbers, got {value!r}")
    return int(value) if value == int(value) else value


def _whole(name: str, value: Any, low: int, high: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise ArgumentError(f"{name} expects a whole number from {low} to {high}, got {value!r}")
    return value
