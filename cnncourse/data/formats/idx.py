"""Read the idx files of MNIST and Fashion-MNIST, packed or not."""

import gzip
import math
import zlib

import numpy as np
from numpy.typing import NDArray

from cnncourse.errors import DataError

_UNSIGNED_BYTE = 8


def unpack(data: bytes, shown: str) -> bytes:
    """Unpack a gzip file held in memory.

    Args:
        data: the file's bytes.
        shown: the file's name in an error.

    Raises:
        DataError: the file is cut short or damaged.

    Example:
        >>> unpack(gzip.compress(b"digits"), "digits.gz")
        b'digits'
    """
    try:
        return gzip.decompress(data)
    except EOFError:
        raise DataError(
            f"{shown}: expected a whole gzip file, got only its first {len(data):,} bytes — "
            "delete it and load again, or copy it again"
        ) from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise DataError(
            f"{shown}: expected a gzip file, got something else ({error}) — delete it and load again, or "
            "copy it again"
        ) from None


def parse(data: bytes, shown: str) -> NDArray[np.uint8]:
    """Turn the bytes of an unpacked idx file into an array.

    An idx file is four bytes (two zeros, the type, the number of axes), the length of each axis in four
    bytes, big end first, and then the values.

    Args:
        data: the file's bytes.
        shown: the file's name in an error.

    Returns:
        uint8, with the shape that the file states.

    Raises:
        DataError: this is no idx file of bytes, or its length is not the one it states.

    Example:
        >>> parse(bytes([0, 0, 8, 1, 0, 0, 0, 3, 7, 2, 1]), "labels").tolist()
        [7, 2, 1]

    Source: LeCun, Cortes & Burges, The MNIST database of handwritten digits, "File formats".
    """
    if len(data) < 4 or data[:2] != b"\0\0" or data[2] != _UNSIGNED_BYTE:
        raise DataError(
            f"{shown}: expected an idx file (first bytes 0, 0, 8), got {list(data[:4])} — "
            "delete it and load again, or copy it again"
        )
    axes = data[3]
    start = 4 + 4 * axes
    shape = tuple(int(length) for length in np.frombuffer(data[4:start], dtype=">u4"))
    expected = start + math.prod(shape)
    if len(data) != expected:
        raise DataError(
            f"{shown}: expected {expected:,} bytes for shape {shape}, got {len(data):,} — "
            "delete it and load again, or copy it again"
        )
    return np.frombuffer(data, dtype=np.uint8, offset=start).reshape(shape)
