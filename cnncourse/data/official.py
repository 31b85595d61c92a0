"""Read the official files of a set, from a folder or out of an archive, and check every one of them."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from cnncourse.data.cache import Arrays
from cnncourse.data.formats import cifar, idx
from cnncourse.data.formats.archives import members
from cnncourse.data.formats.checksums import verify
from cnncourse.data.registry import Entry, Split
from cnncourse.errors import DataError

Reader = Callable[[str], tuple[bytes, str]]
"""Hands out a file: its name → its bytes, unpacked, and the name to show in an error."""


def read(entry: Entry, split: Split, reader: Reader) -> Arrays:
    """Decode one split of a set from its official files.

    Args:
        entry: the set.
        split: ``"train"`` or ``"test"``.
        reader: where the files come from.

    Returns:
        Images uint8 (n, c, h, w) and labels int64 (n,), in the official order.

    Raises:
        DataError: a file is missing, cut short, damaged or not the official one.
    """
    parts = (_checked(entry, name, reader) for name in entry.files[split])
    if entry.format == "cifar":
        batches = [cifar.parse(*part, entry.labels) for part in parts]
        return np.concatenate([images for images, _ in batches]), np.concatenate(
            [labels for _, labels in batches]
        )
    images, labels = (idx.parse(*part) for part in parts)
    return images[:, None], labels.astype(np.int64)


def _checked(entry: Entry, name: str, reader: Reader) -> tuple[bytes, str]:
    data, shown = reader(name)
    if len(data) < entry.contents[name].size:
        raise DataError(
            f"{shown}: expected {entry.contents[name].size:,} bytes, got only {len(data):,} — the file is "
            "cut short: delete it and load again, or copy it again"
        )
    verify(data, entry.contents[name].checksum, shown)
    return data, shown


def folder_reader(folder: Path, shown: str) -> Reader:
    """Files that lie in a folder, as they are or packed with gzip.

    Raises:
        DataError: (the reader, when asked) the file is missing, may not be read or cannot be unpacked.

    Example:
        >>> folder_reader(Path("nowhere"), "nowhere")("labels")  # doctest: +ELLIPSIS
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


def archive_reader(path: Path, shown: str) -> Reader:
    """Files out of a tar archive, found by their last name.

    Raises:
        DataError: the archive is damaged; (the reader, when asked) the file is not in it.
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
