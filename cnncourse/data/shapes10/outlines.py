"""Ten outlines as signed distances: negative inside, zero on the edge, positive outside.

Every function takes the coordinates x and y of many points, arrays of one shape, in units of the outline's
radius (x to the right, y down), and returns an array of that shape.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]


def circle(x: Values, y: Values) -> Values:
    """A disc.

    Example:
        >>> circle(np.zeros(1), np.zeros(1)) < 0
        array([ True])
    """
    return np.hypot(x, y) - 0.85


def square(x: Values, y: Values) -> Values:
    """A square."""
    return np.maximum(np.abs(x), np.abs(y)) - 0.75


def _polygon(x: Values, y: Values, corners: int, apothem: float) -> Values:
    """A regular polygon: all its sides are folded onto one."""
    step = 2 * np.pi / corners
    angle = np.mod(np.arctan2(y, x), step) - step / 2
    return np.hypot(x, y) * np.cos(angle) - apothem


def triangle(x: Values, y: Values) -> Values:
    """A triangle with equal sides."""
    return _polygon(x, y, 3, 0.5)


def pentagon(x: Values, y: Values) -> Values:
    """A regular pentagon."""
    return _polygon(x, y, 5, 0.76)


def star(x: Values, y: Values) -> Values:
    """A star with five points: its ten sides are folded onto one line from a tip to an inner corner."""
    step = 2 * np.pi / 5
    angle = np.abs(np.mod(np.arctan2(y, x), step) - step / 2)
    radius = np.hypot(x, y)
    along, across = radius * np.cos(step / 2 - angle), radius * np.sin(step / 2 - angle)
    inner_x, inner_y = 0.42 * np.cos(step / 2), 0.42 * np.sin(step / 2)
    length = np.hypot(inner_x - 1, inner_y)
    distance: Values = ((along - 1) * inner_y - across * (inner_x - 1)) / length
    return distance


def cross(x: Values, y: Values) -> Values:
    """Two bars across each other."""
    flat = np.maximum(np.abs(x) - 0.95, np.abs(y) - 0.28)
    upright = np.maximum(np.abs(x) - 0.28, np.abs(y) - 0.95)
    return np.minimum(flat, upright)


def ring(x: Values, y: Values) -> Values:
    """A circle drawn with a broad pen."""
    return np.abs(np.hypot(x, y) - 0.7) - 0.2


def crescent(x: Values, y: Values) -> Values:
    """A disc out of which another disc has bitten."""
    return np.maximum(np.hypot(x, y) - 0.95, 0.75 - np.hypot(x - 0.5, y))


def heart(x: Values, y: Values) -> Values:
    """A square on its corner with a disc on each of its two upper sides."""
    down, right = y - 0.1, x
    s, t = (right + down) / np.sqrt(2), (right - down) / np.sqrt(2)
    body = np.maximum(np.abs(s), np.abs(t)) - 0.5
    lobes = np.minimum(np.hypot(s, t - 0.5), np.hypot(s + 0.5, t)) - 0.5
    outline: Values = np.minimum(body, lobes)
    return outline


def arrow(x: Values, y: Values) -> Values:
    """A shaft with a head that points to the right."""
    shaft = np.maximum(np.abs(y) - 0.2, np.abs(x + 0.4) - 0.5)
    head = np.maximum((np.abs(y) * 0.95 + (x - 1) * 0.75) / np.hypot(0.95, 0.75), 0.05 - x)
    outline: Values = np.minimum(shaft, head)
    return outline


OUTLINES: dict[str, Callable[[Values, Values], Values]] = {
    "circle": circle,
    "square": square,
    "triangle": triangle,
    "pentagon": pentagon,
    "star": star,
    "cross": cross,
    "ring": ring,
    "crescent": crescent,
    "heart": heart,
    "arrow": arrow,
}
"""The outlines by class name, in the order of the labels."""
