"""Batches of images and feature maps laid out in rows."""

from collections.abc import Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import Colormap
from matplotlib.layout_engine import ConstrainedLayoutEngine
from numpy.typing import NDArray

from cnncourse.errors import ArgumentError, ShapeError


def images(
    batch: Any,
    *,
    titles: Sequence[str] | None = None,
    columns: int = 8,
    cmap: str | Colormap = "gray",
    size: float = 1.2,
    normalise: bool = True,
) -> NDArray[Any]:
    """Show images side by side, in rows.

    Args:
        batch: a tensor (n, c, h, w) or (n, h, w), or a list of (c, h, w), (h, w) or (h, w, 3) pictures.
            One channel is drawn with ``cmap``, three as red, green and blue.
        titles: a caption for each picture.
        columns: pictures in a row.
        cmap: colour map of one-channel pictures.
        size: width of one picture in inches.
        normalise: stretch each picture to its own darkest and brightest value; off, values run 0..1
            (or 0..255 for whole numbers).

    Returns:
        The axes, one for each picture, (n,).

    Raises:
        ShapeError: a picture is not (h, w), (1, h, w), (3, h, w) or (h, w, 3).
        ArgumentError: there are no pictures, or not as many titles as pictures.

    Example:
        >>> len(images(np.zeros((3, 1, 4, 4)), titles=["a", "b", "c"]))
        3
    """
    pictures = [_picture(item, normalise) for item in batch]
    if not pictures:
        raise ArgumentError("images expects at least one picture, got none")
    if titles is not None and len(titles) != len(pictures):
        raise ArgumentError(f"{len(pictures)} pictures need as many titles, got {len(titles)}")
    across = min(columns, len(pictures))
    rows = -(-len(pictures) // across)
    ratio = pictures[0].shape[0] / pictures[0].shape[1]
    caption = 0.0
    if titles:
        caption = 0.06 + 0.19 * max(title.count("\n") + 1 for title in titles)
    figure = plt.figure(
        figsize=(size * across, (size * ratio + caption) * rows),
        layout=ConstrainedLayoutEngine(w_pad=0.02, h_pad=0.02, wspace=0.02, hspace=0.02),
    )
    axes = figure.subplots(rows, across, squeeze=False).ravel()
    for ax in axes:
        ax.axis("off")
    for i, (ax, picture) in enumerate(zip(axes, pictures, strict=False)):
        ax.imshow(picture, cmap=cmap, vmin=0, vmax=1)
        if titles:
            ax.set_title(titles[i], fontsize=9)
    return np.asarray(axes[: len(pictures)])


def _picture(item: Any, normalise: bool) -> NDArray[np.float64]:
    """One picture as (h, w) or (h, w, 3) with values 0..1."""
    if isinstance(item, tuple):
        raise ShapeError(
            "a picture expects an array, got a tuple: an image set yields pictures with their labels — pass "
            "its images alone, as in images(digits.images[:8])"
        )
    if hasattr(item, "detach"):
        item = item.detach().cpu().numpy()
    raw = np.asarray(item)
    picture = raw.astype(float)
    if picture.ndim == 3 and picture.shape[0] in (1, 3):
        picture = picture.transpose(1, 2, 0)
    if picture.ndim == 3 and picture.shape[2] == 1:
        picture = picture[..., 0]
    if picture.ndim != 2 and not (picture.ndim == 3 and picture.shape[2] == 3):
        raise ShapeError(
            f"a picture expects shape (h, w), (1, h, w), (3, h, w) or (h, w, 3), got {raw.shape}"
        )
    if normalise:
        low, high = float(np.nanmin(picture)), float(np.nanmax(picture))
        return (picture - low) / (high - low) if high > low else np.zeros_like(picture)
    scale = 255.0 if np.issubdtype(raw.dtype, np.integer) else 1.0
    return np.clip(picture / scale, 0, 1)
