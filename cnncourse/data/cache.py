"""The cache folder: where decoded arrays and downloads are kept, written whole or not at all."""

import hashlib
import os
import re
import sys
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import platformdirs
from numpy.typing import NDArray

from cnncourse.files import given_path, whole_file

Arrays = tuple[NDArray[np.uint8], NDArray[np.int64]]
"""Images, shape (n, c, h, w), and labels, shape (n,)."""

_FORMAT = "2"  # raise it when decoding changes, so that what older versions stored is not used
_noted: set[str] = set()


def cache_folder() -> Path:
    r"""Return the folder for what can be made again: ``$CNNCOURSE_CACHE``, or the platform's own place.

    That place is ``~/.cache/cnncourse`` on Linux (``$XDG_CACHE_HOME`` is heeded),
    ``~/Library/Caches/cnncourse`` on macOS and ``%LOCALAPPDATA%\cnncourse`` on Windows. Asking for the
    folder does not create it.

    Example:
        >>> cache_folder().is_absolute()
        True
    """
    if chosen := os.environ.get("CNNCOURSE_CACHE"):
        return given_path("CNNCOURSE_CACHE", chosen).absolute()
    return platformdirs.user_cache_path("cnncourse", appauthor=False, opinion=False)


def note(line: str) -> None:
    """Print a line on standard error, once in a process.

    Example:
        >>> import contextlib
        >>> with contextlib.redirect_stderr(sys.stdout):
        ...     note("once")
        ...     note("once")
        once
    """
    if line not in _noted:
        _noted.add(line)
        print(line, file=sys.stderr)


def fingerprint(images: NDArray[np.uint8], labels: NDArray[np.int64]) -> str:
    """Return the SHA-256 of the pixels followed by the labels: equal for equal data.

    A label takes a byte, or eight where there are more than 256 classes.

    Example:
        >>> fingerprint(np.zeros((1, 1, 2, 2), np.uint8), np.array([3]))[:12]
        '016a682d1df4'
    """
    digest = hashlib.sha256(np.ascontiguousarray(images).data)
    digest.update(labels.astype(np.uint8 if labels.max(initial=0) < 256 else "<i8").tobytes())
    return digest.hexdigest()


def decoded(
    stem: str, key: str, decode: Callable[[], Arrays]
) -> tuple[NDArray[np.uint8], NDArray[np.int64], str]:
    """Return decoded arrays from the cache folder, or decode them now and store them there.

    A cache that cannot be written costs time at the next load, and one line on standard error now. A cache
    file that cannot be read is made again.

    Args:
        stem: readable start of the file's name.
        key: everything the arrays depend on; another key means another file.
        decode: makes the arrays.

    Returns:
        Images uint8 (n, c, h, w), labels int64 (n,), and their fingerprint.
    """
    digest = hashlib.sha256(f"{_FORMAT}\n{key}".encode(errors="surrogatepass")).hexdigest()
    stem = re.sub(r"[^\w.-]", "_", stem)[:80]
    path = cache_folder() / "decoded" / f"{stem}-{digest[:16]}.npz"
    with suppress(OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile), np.load(path) as stored:
        return stored["images"], stored["labels"], str(stored["sha256"])
    images, labels = decode()
    sha256 = fingerprint(images, labels)
    try:
        with whole_file(path) as file:
            np.savez(file, images=images, labels=labels, sha256=np.array(sha256))
    except OSError as error:
        note(
            f"The decoded images could not be kept in {path.parent} ({error.strerror or error}): they will "
            "be decoded again next time. Set CNNCOURSE_CACHE to a folder that you can write to."
        )
    return images, labels, sha256
