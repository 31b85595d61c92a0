"""Read the official files of a set, from a folder or out of an archive, and check every one of them."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

from cnncourse.data.cache import Arrays
from cnncourse.data.formats import cifar, idx
from cnncourse.data.formats.archives import members
from cnncourse.data.formats.checksums import verify
from cnncourse.data.registry import Entry, Split
from cnncourse.errors import DataError

Shelf = Callable[[str], tuple[bytes, str]]
"""Hands out a file: its name → its bytes, unpacked, and the name to show in an error."""

_PREFIX: dict[Split, str] = {"train": "train", "test": "t10k"}


def read(entry: Entry, split: Split, shelf: Shelf) -> Arrays:
    """Decode one split of a set from its official files.

    Args:
        entry: the set.
        split: ``"train"`` or ``"test"``.
        shelf: where the files come from.

    Returns:
        Images uint8 (n, c, h, w) and labels int64 (n,), in the official order.

    Raises:
        DataError: a file is missing, cut short, damaged or not the official one.
    """
    if entry.format == "cifar":
        batches = [cifar.parse(*_checked(entry, name, shelf)) for name in cifar.BATCHES[split]]
        return np.concatenate([images for images, _ in batches]), np.concatenate(
            [labels for _, labels in batches]
        )
    images = idx.parse(*_checked(entry, f"{_PREFIX[split]}-images-idx3-ubyte", shelf))
    labels = idx.parse(*_checked(entry, f"{_PREFIX[split]}-labels-idx1-ubyte", shelf))
    return images[:, None], labels.astype(np.int64)


def _checked(entry: Entry, name: str, shelf: Shelf) -> tuple[bytes, str]:
    data, shown = shelf(name)
    if len(data) < entry.contents[name].size:
        raise DataError(
            f"{shown}: expected {entry.contents[name].size:,} bytes, got only {len(data):,} — the file is "
            "cut short: delete it and load again, or copy it again"
        )
    verify(hashlib.sha256(data).hexdigest(), entry.contents[name].sha256, shown)
    return data, shown


def folder_shelf(folder: Path, shown: str) -> Shelf:
    """Files that lie in a folder, as they are or packed with gzip.

    Raises:
        DataError: (the shelf, when asked) the file is missing, may not be read or cannot be unpacked.

    Example:
        >>> folder_shelf(Path("nowhere"), "nowhere")("labels")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        cnncourse.errors.DataError: nowhere/labels: expected this file beside the others of the set...
    """

    def get(name: str) -> tuple[bytes, str]:
        packed = folder / f"{name}.gz"
        if not (folder / name).exists() and packed.exists():
            return idx.unpack(
                _bytes(packed, f"{shown}/{packed.name}"), f"{shown}/{packed.name}"
            ), f"{shown}/{name}"
        return _bytes(folder / name, f"{shown}/{name}"), f"{shown}/{name}"

    return get


def archive_shelf(path: Path, shown: str) -> Shelf:
    """Files out of a tar archive, found by their last name.

    Raises:
        DataError: the archive is damaged; (the shelf, when asked) the file is not in it.
    """
    files = {name.split("/")[-1]: data for name, data in members(path, shown)}

    def get(name: str) -> tuple[bytes, str]:
        if name not in files:
            raise DataError(
                f"{shown}: expected the file {name} inside, got none of that name — copy the archive again"
            )
        return files[name], f"{shown}/{name}"

    return get


def _bytes(path: Path, shown: str) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise DataError(
            f"{shown}: expected this file beside the others of the set, got none — copy it again"
        ) from None
    except OSError as error:
        raise DataError(
            f"{shown}: expected a file that can be read, got: {error.strerror} — change its permissions"
        ) from None
