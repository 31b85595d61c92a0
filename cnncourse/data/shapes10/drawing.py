"""Draw shapes10: a set like CIFAR-10 (32×32, colour, ten classes) that needs no file at all.

Each image shows one outline in a random colour, size and place, a little turned, on a background that changes
colour from side to side, among a few stray bars, under noise. Only numbers from 0 to 1 of one random stream
are used and the arithmetic is in double precision, so that a seed gives the same bytes on every machine.
"""

import numpy as np
from numpy.typing import NDArray

from cnncourse.data.cache import Arrays
from cnncourse.data.registry import Split
from cnncourse.data.sets.shapes10 import SHAPES10
from cnncourse.data.shapes10.outlines import OUTLINES, Values
from cnncourse.data.sources import DataSource
from cnncourse.errors import ArgumentError

SEEDS: dict[Split, int] = {"train": 0, "test": 1}
_SIZE = 32
_CHUNK = 1_000  # images drawn at a time: bounds the memory
_CLUTTER = 3
_VERSION = 2  # raise it when the drawings change, so that stored ones are not used


def shapes_source() -> DataSource:
    """shapes10 as ``load`` reads it.

    Example:
        >>> shapes_source().where
        'drawn by the course'
    """

    def read(split: Split) -> Arrays:
        return draw(SHAPES10.counts[split], seed=SEEDS[split])

    counts: dict[Split, int] = {**SHAPES10.counts}
    return DataSource(
        "generated",
        "generated",
        "drawn by the course",
        counts,
        read,
        lambda split: f"shapes10 {_VERSION} {split} {counts}",
    )


def draw(n: int, seed: int = 0) -> Arrays:
    """Draw n images of shapes10; the classes take turns.

    Args:
        n: number of images, ≥ 1.
        seed: the same seed draws the same images; a longer set starts with a shorter one when both are longer
            than 1,000 or of one length.

    Returns:
        Images uint8 (n, 3, 32, 32) and labels int64 (n,).

    Raises:
        ArgumentError: n is less than 1.

    Example:
        >>> images, labels = draw(20, seed=3)
        >>> images.shape, labels[:12].tolist()
        ((20, 3, 32, 32), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1])
    """
    if n < 1:
        raise ArgumentError(f"draw expects at least 1 image, got {n}")
    random = np.random.Generator(np.random.PCG64(seed))
    labels = np.arange(n, dtype=np.int64) % len(OUTLINES)
    images = np.concatenate(
        [_draw_some(labels[start : start + _CHUNK], random) for start in range(0, n, _CHUNK)]
    )
    return images, labels


def _draw_some(labels: NDArray[np.int64], random: np.random.Generator) -> NDArray[np.uint8]:
    n = len(labels)

    def uniform(low: float, high: float, *shape: int) -> Values:
        return low + (high - low) * random.random((n, *shape))

    background = _background(uniform(0.1, 0.9, 3, 1, 1), uniform(-0.25, 0.25, 3, 2, 1, 1))
    for _ in range(_CLUTTER):
        cover = _clutter(uniform(0, _SIZE, 2), uniform(1, 3.5, 2), uniform(0, np.pi))
        background += cover[:, None] * (uniform(0, 1, 3, 1, 1) - background)
    radius = uniform(7, 13)
    centre = _SIZE / 2 + uniform(-1, 1, 2) * (_SIZE / 2 - 0.9 * radius)[:, None]
    cover = _shapes(labels, centre, radius, uniform(-np.pi / 8, np.pi / 8))
    colour = _distinct(uniform(0, 1, 3), background.mean(axis=(2, 3)))
    picture = background + cover[:, None] * (colour[:, :, None, None] - background)
    strength = uniform(0.02, 0.10)[:, None, None, None]
    grain = random.random((2, n, 3, _SIZE, _SIZE)).sum(axis=0) - 1  # two added: a triangle, close to a bell
    pixels: NDArray[np.uint8] = np.rint(255 * np.clip(picture + 2 * strength * grain, 0, 1)).astype(np.uint8)
    return pixels


def _grid(centre: Values, turn: Values) -> tuple[Values, Values]:
    """Coordinates (n, 32, 32) of the pixels, seen from a centre (n, 2) and turned by an angle (n,)."""
    pixels = np.arange(_SIZE) + 0.5
    x = pixels[None, None, :] - centre[:, 0, None, None]
    y = pixels[None, :, None] - centre[:, 1, None, None]
    cos, sin = np.cos(turn)[:, None, None], np.sin(turn)[:, None, None]
    return cos * x + sin * y, cos * y - sin * x


def _cover(distance: Values) -> Values:
    """How much of a pixel lies inside, 0 to 1, given the distance of its middle to the edge."""
    return np.clip(0.5 - distance, 0, 1)


def _background(colour: Values, slope: Values) -> Values:
    """A colour (n, 3, 1, 1) that changes with a slope (n, 3, 2, 1, 1) from side to side → (n, 3, 32, 32)."""
    ramp = np.linspace(-1, 1, _SIZE)
    return colour + slope[:, :, 0] * ramp[None, None, None, :] + slope[:, :, 1] * ramp[None, None, :, None]


def _clutter(centre: Values, half: Values, turn: Values) -> Values:
    """A stray bar for each image, of half lengths 2·half and 0.6·half → cover (n, 32, 32)."""
    x, y = _grid(centre, turn)
    longer = np.maximum(np.abs(x) - 2 * half[:, 0, None, None], np.abs(y) - 0.6 * half[:, 1, None, None])
    return 0.8 * _cover(longer)


def _shapes(labels: NDArray[np.int64], centre: Values, radius: Values, turn: Values) -> Values:
    """The outline of its class for each image → cover (n, 32, 32)."""
    x, y = _grid(centre, turn)
    distance = np.empty_like(x)
    for label, outline in enumerate(OUTLINES.values()):
        mine = labels == label
        scale = radius[mine, None, None]
        distance[mine] = outline(x[mine] / scale, y[mine] / scale) * scale
    return _cover(distance)


def _distinct(colour: Values, background: Values, gap: float = 0.3) -> Values:
    """Push a colour (n, 3) away from the background's until some channel differs by ``gap``."""
    difference = colour - background
    widest = np.abs(difference).max(axis=1, keepdims=True)
    push = np.where(widest < gap, np.where(background > 0.5, -gap, gap), 0.0)
    return np.clip(colour + push, 0, 1)
