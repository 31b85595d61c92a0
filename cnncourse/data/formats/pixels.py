"""From whatever a picture file may hold to upright bytes, grey or colour: every conversion in one place.

Pillow's own ``convert`` cuts 16-bit values off at 255, drops transparency, and leaves a photograph lying on
its side. Here each of these becomes what a viewer shows, and is noted.
"""

import numpy as np
from PIL import ExifTags, Image, ImageOps

from cnncourse.data.formats.remarks import Remarks
from cnncourse.errors import DataError

DEEP = "with 16 bits a value, of which the upper 8 are kept"
CLEAR = "with transparent parts, which were laid on white"
TURNED = "turned upright, as the camera noted"
FRAMES = "with several frames, of which the first is taken"
COLOURED = "grey among colour, which got three equal channels"
GREYED = "in colour, which became grey as the set is"

_DEEP = ("I;16", "I;16L", "I;16B", "I;16N")
_GREY = {"1", "L", "LA", "La", "I", *_DEEP}


def is_grey(picture: Image.Image) -> bool:
    """Say whether a picture has one channel beside its transparency.

    Example:
        >>> is_grey(Image.new("LA", (1, 1))), is_grey(Image.new("P", (1, 1)))
        (True, False)
    """
    return picture.mode in _GREY


def lies(picture: Image.Image) -> int:
    """Return the turn that the camera noted, 1 (upright) to 8, as EXIF counts them.

    Example:
        >>> lies(Image.new("L", (1, 1)))
        1
    """
    try:
        return int(picture.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # a damaged note must not cost the picture
        return 1


def plain(picture: Image.Image, channels: int, name: str, shown: str, remarks: Remarks) -> Image.Image:
    """Turn a decoded picture into upright bytes.

    Args:
        picture: of any mode that Pillow reads.
        channels: 1 for grey, 3 for colour.
        name: of the file, for the remarks.
        shown: of the file, for an error.
        remarks: receives what had to be changed.

    Returns:
        A picture of mode "L" or "RGB".

    Raises:
        DataError: its values have no right place among 0 … 255.

    Example:
        >>> deep = Image.fromarray(np.array([[300, 65535]], np.uint16))
        >>> list(plain(deep, 1, "a.png", "a.png", Remarks()).tobytes())
        [1, 255]
    """
    if getattr(picture, "is_animated", False):
        remarks.add(FRAMES, name)
    if lies(picture) in range(2, 9):
        picture = ImageOps.exif_transpose(picture)
        remarks.add(TURNED, name)
    if channels == 3 and is_grey(picture):
        remarks.add(COLOURED, name)
    elif channels == 1 and not is_grey(picture):
        remarks.add(GREYED, name)
    mode = "L" if channels == 1 else "RGB"
    try:
        return _opaque(_shallow(picture, name, shown, remarks), name, remarks).convert(mode)
    except ValueError as error:  # a colour space that Pillow cannot leave, such as LAB
        raise DataError(f"{shown}: expected grey or RGB colour, got: {error} — save it as PNG") from None


def _shallow(picture: Image.Image, name: str, shown: str, remarks: Remarks) -> Image.Image:
    """Bring 16 bits a value to 8, as Pillow does by itself where there is colour."""
    if picture.mode in _DEEP or (picture.mode == "I" and picture.format in ("PNG", "PPM")):
        remarks.add(DEEP, name)
        return Image.fromarray((np.asarray(picture).astype(np.int64) >> 8).clip(0, 255).astype(np.uint8))
    if picture.mode in ("I", "F"):
        raise DataError(
            f"{shown}: expected 8 or 16 bits a value, got 32 (mode {picture.mode}) — scale the values to "
            "0…255 and save it as PNG"
        )
    return picture


def _opaque(picture: Image.Image, name: str, remarks: Remarks) -> Image.Image:
    """Lay a picture on white where it is transparent."""
    if not (picture.mode in ("RGBA", "RGBa", "LA", "La", "PA") or "transparency" in picture.info):
        return picture
    layer = picture.convert("RGBA")
    if np.asarray(layer.getchannel("A")).min() == 255:
        return picture
    remarks.add(CLEAR, name)
    return Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer).convert("RGB")
