"""Read one picture file into an array of bytes, at the size that a set wants."""

import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from cnncourse.data.formats.pixels import is_grey, lies, plain
from cnncourse.data.formats.remarks import Remarks
from cnncourse.errors import DataError, unreadable

Size = tuple[int, int, int]
"""Channels, height and width."""


def _open(file: Path | bytes, shown: str, *, whole: bool = True) -> Image.Image:
    """Open a picture, or decode all of it; what goes wrong becomes one line that names it."""
    try:
        picture = Image.open(io.BytesIO(file) if isinstance(file, bytes) else file)
        if whole:
            picture.load()
    except UnidentifiedImageError:
        raise DataError(
            f"{shown}: expected a PNG or JPEG image, got a file of another kind — replace it or delete it"
        ) from None
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        if isinstance(error, OSError) and error.errno is not None:  # the system says so, not Pillow
            raise DataError(unreadable(shown, error)) from None
        raise DataError(
            f"{shown}: expected an image that can be decoded, got: {error} — replace it or delete it"
        ) from None
    return picture


def picture_size(file: Path | bytes, shown: str) -> Size:
    """Return channels (1 for grey, 3 for colour), height and width of a picture, turned upright.

    Raises:
        DataError: the picture cannot be read.
    """
    with _open(file, shown, whole=False) as picture:
        width, height = picture.size
        if lies(picture) > 4:
            width, height = height, width
        return 1 if is_grey(picture) else 3, height, width


def read_picture(
    file: Path | bytes, size: Size, shown: str, *, fit: bool = False, remarks: Remarks | None = None
) -> NDArray[np.uint8]:
    """Decode a picture.

    Args:
        file: where it lies, or its bytes.
        size: channels, height and width wanted. Colour becomes grey, or grey colour, as the channels ask.
        shown: its name in an error.
        fit: scale and crop the middle, instead of complaining, when height or width differ.
        remarks: receives what had to be converted, see ``pixels``.

    Returns:
        uint8, shape (c, h, w).

    Raises:
        DataError: the picture cannot be read, or has another height or width and ``fit`` is off.

    Example:
        >>> buffer = io.BytesIO()
        >>> Image.new("RGB", (4, 2), (255, 0, 0)).save(buffer, "PNG")
        >>> read_picture(buffer.getvalue(), (3, 2, 4), "red.png")[:, 0, 0]
        array([255,   0,   0], dtype=uint8)
        >>> read_picture(buffer.getvalue(), (3, 2, 2), "red.png")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        cnncourse.errors.DataError: red.png: expected an image of 2×2 pixels...
    """
    channels, height, width = size
    name = "/".join(shown.split("/")[-2:])
    picture = plain(_open(file, shown), channels, name, shown, Remarks() if remarks is None else remarks)
    if (picture.height, picture.width) != (height, width):
        if not fit:
            raise DataError(
                f"{shown}: expected an image of {height}×{width} pixels, got "
                f"{picture.height}×{picture.width} (height × width) — give image_size to scale them all, or "
                "replace it"
            )
        picture = _cover(picture, height, width)
    pixels = np.asarray(picture)
    return pixels[None] if channels == 1 else pixels.transpose(2, 0, 1)


def _cover(picture: Image.Image, height: int, width: int) -> Image.Image:
    """Scale until the target is just covered, then cut out its middle: nothing is stretched."""
    scale = max(height / picture.height, width / picture.width)
    scaled_width, scaled_height = round(picture.width * scale), round(picture.height * scale)
    scaled = picture.resize((max(scaled_width, width), max(scaled_height, height)), Image.Resampling.BILINEAR)
    left, top = (scaled.width - width) // 2, (scaled.height - height) // 2
    return scaled.crop((left, top, left + width, top + height))
