"""Trees of images, ``<class>/*.png|jpg``: which images there are, and their arrays."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from cnncourse.data.cache import Arrays
from cnncourse.data.formats.pictures import Size, read_picture
from cnncourse.errors import DataError


def is_picture(name: str) -> bool:
    """Say whether a file is taken for an image, by the end of its name.

    Example:
        >>> is_picture("cat/0001.JPG"), is_picture("cat/readme.txt"), is_picture("cat/.0001.jpg")
        (True, False, False)
    """
    return name.lower().endswith((".png", ".jpg", ".jpeg")) and not name.split("/")[-1].startswith(".")


def looks_like(folder: Path, classes: tuple[str, ...]) -> bool:
    """Say whether a folder is a copy of the set with these classes: two of them have folders below ``train``.

    Two are enough, so that one that is missing is noticed.

    Example:
        >>> looks_like(Path("no such folder"), ("cat", "dog"))
        False
    """
    return sum((folder / "train" / name).is_dir() for name in classes) >= 2


def pictures(folder: Path) -> dict[str, Path]:
    """List the images below a folder as ``<class>/<file>`` → path, sorted by name.

    Example:
        >>> pictures(Path("no such folder"))
        {}
    """
    if not folder.is_dir():
        return {}
    return {
        f"{directory.name}/{name}": directory / name
        for directory in sorted(folder.iterdir())
        if directory.is_dir() and not directory.name.startswith(".")
        for name in sorted(os.listdir(directory))
        if is_picture(name)
    }


def stamp(paths: Iterable[Path]) -> str:
    """Describe files by path, size and time of change, so that a change in any of them shows."""
    states = ((path, path.stat()) for path in paths)
    return "\n".join(f"{path.absolute()}|{state.st_size}|{state.st_mtime_ns}" for path, state in states)


def check_classes(found: Iterable[str], expected: tuple[str, ...], shown: str) -> None:
    """Compare the class folders that have images with the classes of the set.

    Raises:
        DataError: a class has no image, or there is a class too many.

    Example:
        >>> check_classes(["cat"], ("cat", "dog"), "pets/train")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        cnncourse.errors.DataError: pets/train: expected images in a folder for each of cat, dog...
    """
    present = set(found)
    missing = [name for name in expected if name not in present]
    if missing:
        raise DataError(
            f"{shown}: expected images in a folder for each of {', '.join(expected)}; got none for "
            f"{', '.join(missing)} — add them, or copy the set again"
        )
    extra = sorted(present - set(expected))
    if extra:
        raise DataError(
            f"{shown}: expected the classes {', '.join(expected)}; got {', '.join(extra)} too — move away "
            "what does not belong there"
        )


def decode(
    files: Mapping[str, Path] | Mapping[str, bytes],
    classes: tuple[str, ...],
    size: Size,
    shown: str,
    *,
    fit: bool = False,
) -> Arrays:
    """Decode the images of a tree into one array.

    The order goes round the classes: the first image of each, the second image of each, …: any stretch of the
    set then holds all classes.

    Args:
        files: ``<class>/<file>`` → the path of the file, or its bytes.
        classes: class names; the place in the tuple is the label.
        size: channels, height and width of every image.
        shown: the tree's name in an error.
        fit: scale and crop images of another size, instead of complaining.

    Returns:
        Images uint8 (n, c, h, w) and labels int64 (n,).

    Raises:
        DataError: a class has no images; an image cannot be read or has another size, and the message names
            it.
    """
    check_classes({name.split("/")[0] for name in files}, classes, shown)
    order = _round_robin(files, classes)
    images = np.empty((len(order), *size), dtype=np.uint8)
    for row, (_, name) in enumerate(order):
        images[row] = read_picture(files[name], size, f"{shown}/{name}", fit=fit)
    return images, np.array([label for label, _ in order], dtype=np.int64)


def _round_robin(names: Iterable[str], classes: tuple[str, ...]) -> list[tuple[int, str]]:
    """Label and name of each image: the first of every class, then the second of every class."""
    numbers = {name: label for label, name in enumerate(classes)}
    seen = [0] * len(classes)
    order = []
    for name in names:
        label = numbers[name.split("/")[0]]
        order.append((seen[label], label, name))
        seen[label] += 1
    return [(label, name) for _, label, name in sorted(order)]
