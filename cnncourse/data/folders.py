"""Your own images: a folder for each class becomes an ImageSet."""

import os
from pathlib import Path

import torch

from cnncourse.data.cache import decoded
from cnncourse.data.formats import trees
from cnncourse.data.formats.pictures import Size, picture_size
from cnncourse.data.imageset import ImageSet, Source, channel_statistics
from cnncourse.data.registry import Split
from cnncourse.errors import ArgumentError, DataError


def from_folder(
    path: str | os.PathLike[str], split: Split = "train", *, image_size: int | None = None
) -> ImageSet:
    """Load your own images from a tree ``train/<class>/*.png|jpg``, and ``test/<class>/…`` beside it.

    The names of the folders below ``train`` are the classes, in the order of the alphabet. The decoded images
    are kept in the cache folder until a file changes.

    Chapter 20 introduces it.

    Args:
        path: the folder that holds ``train`` and, for ``split="test"``, ``test``.
        split: ``"train"`` or ``"test"``.
        image_size: height and width in pixels that all images get: scaled until the square is covered, the
            middle cut out. None: the images are all of one size already.

    Returns:
        The set; its statistics are computed from the training images.

    Raises:
        ArgumentError: the split or the size makes no sense.
        DataError: a folder is missing or empty; an image cannot be read or has another size, and the message
            names it.

    Example:
        >>> from_folder("holidays")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        cnncourse.errors.DataError: holidays: expected a folder with train/<class>/*.png|jpg...
    """
    if split not in ("train", "test"):
        raise ArgumentError(f'split expects "train" or "test", got {split!r}')
    if image_size is not None and image_size < 1:
        raise ArgumentError(f"image_size expects a number of pixels from 1 up, got {image_size}")
    root = Path(path).expanduser()
    classes, size = _classes_and_size(root, str(path), image_size)
    images, labels, sha256 = _read(root, "train", classes, size, str(path), fit=image_size is not None)
    mean, std = channel_statistics(images)
    std = tuple(max(value, 1 / 255) for value in std)  # a channel that never changes must not divide by zero
    if split == "test":
        images, labels, sha256 = _read(root, "test", classes, size, str(path), fit=image_size is not None)
    source = Source("full", "folder of images", str(path), sha256)
    return ImageSet(root.resolve().name, split, images, labels, classes, source, mean, std)


def _classes_and_size(root: Path, shown: str, image_size: int | None) -> tuple[tuple[str, ...], Size]:
    """The classes, and the size of every image: that of the first one where none is asked for."""
    if not root.is_dir():
        got = "a file" if root.exists() else "nothing there"
        raise DataError(
            f"{shown}: expected a folder with train/<class>/*.png|jpg, got {got} — correct the path"
        )
    files = trees.pictures(root / "train")
    classes = tuple(dict.fromkeys(name.split("/")[0] for name in files))
    if len(classes) < 2:
        there = ", ".join(sorted(entry.name for entry in root.iterdir())[:5]) or "nothing"
        raise DataError(
            f"{shown}: expected train/<class>/*.png|jpg with at least two classes, got {len(classes)} "
            f"(the folder holds: {there}) — make a folder for each class below train"
        )
    first = next(iter(files))
    channels, height, width = picture_size(files[first], f"{shown}/train/{first}")
    return classes, (channels, image_size or height, image_size or width)


def _read(
    root: Path, split: Split, classes: tuple[str, ...], size: Size, shown: str, *, fit: bool
) -> tuple[torch.Tensor, torch.Tensor, str]:
    files = trees.pictures(root / split)
    key = f"{classes} {size}\n{trees.stamp(files.values())}"
    images, labels, sha256 = decoded(
        f"{root.resolve().name}-{split}",
        key,
        lambda: trees.decode(files, classes, size, f"{shown}/{split}", fit=fit),
    )
    return torch.from_numpy(images), torch.from_numpy(labels), sha256
