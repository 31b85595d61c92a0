"""Trees of images, ``<class>/*.png|jpg``: whether a folder is one, and its images as arrays."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from cnncourse.data.cache import Arrays, note
from cnncourse.data.formats.pictures import Size, picture_size, read_picture
from cnncourse.data.formats.remarks import Remarks, printable
from cnncourse.data.formats.walk import Tree, class_of, walk
from cnncourse.errors import DataError


def looks_like(folder: Path, classes: tuple[str, ...]) -> bool:
    """Say whether a folder is a copy of the set with these classes: two of them have folders below ``train``.

    Two are enough, so that one that is missing is noticed.

    Example:
        >>> looks_like(Path("no such folder"), ("cat", "dog"))
        False
    """
    return sum(os.path.isdir(folder / "train" / name) for name in classes) >= 2


def images_in(folder: Path, shown: str) -> Tree:
    """Find the images of a tree, and tell in one line what was left out or lies deeper than it should.

    Raises:
        DataError: a folder may not be read.

    Example:
        >>> images_in(Path("no such folder"), "pets/train").classes
        ()
    """
    tree = walk(folder, shown)
    if told := tree.remarks.line():
        note(f"{shown}: {told}")
    return tree


def without_images(tree: Tree) -> str:
    """Return the first class that has no image; an empty text where all have some.

    Example:
        >>> without_images(Tree({"cat/1.png": Path("1.png")}, ("cat", "dog"), Remarks()))
        'dog'
    """
    found = {class_of(name) for name in tree.files}
    return next((name for name in tree.classes if name not in found), "")


def common_size(files: Mapping[str, Path], shown: str) -> Size:
    """Return the size for a whole tree: three channels if any image has colour, the first one's sides.

    Raises:
        DataError: an image cannot be read.
    """
    sizes = [picture_size(path, f"{shown}/{printable(name)}") for name, path in files.items()]
    return max(channels for channels, _, _ in sizes), *sizes[0][1:]


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
    set then holds all classes. What has to be converted is told in one line.

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
    check_classes({class_of(name) for name in files}, classes, shown)
    order, remarks = _round_robin(files, classes), Remarks()
    images = np.empty((len(order), *size), dtype=np.uint8)
    for row, (_, name) in enumerate(order):
        images[row] = read_picture(files[name], size, f"{shown}/{printable(name)}", fit=fit, remarks=remarks)
    if changed := remarks.line():
        note(f"{shown}: {changed}")
    return images, np.array([label for label, _ in order], dtype=np.int64)


def _round_robin(names: Iterable[str], classes: tuple[str, ...]) -> list[tuple[int, str]]:
    """Label and name of each image: the first of every class, then the second of every class."""
    numbers = {name: label for label, name in enumerate(classes)}
    seen = [0] * len(classes)
    order = []
    for name in names:
        label = numbers[class_of(name)]
        order.append((seen[label], label, name))
        seen[label] += 1
    return [(label, name) for _, label, name in sorted(order)]
