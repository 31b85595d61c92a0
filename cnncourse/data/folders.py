"""Your own images: a folder for each class becomes an ImageSet."""

import os
from pathlib import Path

import torch

from cnncourse.data.cache import Arrays, decoded
from cnncourse.data.formats import trees
from cnncourse.data.formats.remarks import printable
from cnncourse.data.formats.walk import Tree, stamp
from cnncourse.data.imageset import ImageSet, Source, channel_statistics
from cnncourse.data.registry import Split
from cnncourse.errors import ArgumentError, DataError, unreadable
from cnncourse.files import given_path
from cnncourse.limits import count


def from_folder(
    path: str | os.PathLike[str], split: Split = "train", *, image_size: int | None = None
) -> ImageSet:
    """Load your own images from a tree ``train/<class>/*.png|jpg``, and ``test/<class>/…`` beside it.

    The names of the folders below ``train`` are the classes, in the order of the alphabet; images in deeper
    folders belong to the class too. PNG, JPEG, WebP, TIFF, BMP, GIF and, where Pillow reads it, AVIF are
    taken. One line on standard error says what was left out, and one what had to be converted: the set is
    grey only if all its images are, 16 bits a value become 8, transparent parts are laid on white, and
    photographs are turned as the camera noted.

    The decoded images are kept in the cache folder until a file changes.

    Chapter 20 introduces it.

    Args:
        path: the folder that holds ``train`` and, for ``split="test"``, ``test``.
        split: ``"train"`` or ``"test"``.
        image_size: height and width in pixels that all images get: scaled until the square is covered, the
            middle cut out. None: the images are all of one size already.

    Returns:
        The set; its statistics are computed from the training images.

    Raises:
        ArgumentError: the path, the split or the size makes no sense.
        DataError: a folder is missing, empty or not to be read; an image cannot be read or has another size,
            and the message names it.

    Example:
        >>> from_folder("holidays")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        cnncourse.errors.DataError: holidays: expected a folder with train/<class>/*.png|jpg...
    """
    if split not in ("train", "test"):
        raise ArgumentError(f'split expects "train" or "test", got {split!r}')
    if image_size is not None:
        image_size = count("image_size", image_size, of="a number of pixels")
    root, shown = given_path("path", path), printable(str(path))
    tree = _training_tree(root, shown)
    images, labels, sha256 = _read(root, "train", tree, tree.classes, image_size, shown)
    mean, std = channel_statistics(images)
    std = tuple(max(value, 1 / 255) for value in std)  # a channel that never changes must not divide by zero
    if split == "test":
        form = (images.shape[1], images.shape[2], images.shape[3])
        tree_of_tests = trees.images_in(root / "test", f"{shown}/test")
        images, labels, sha256 = _read(root, "test", tree_of_tests, tree.classes, image_size, shown, form)
    name, source = printable(root.resolve().name), Source("full", "folder of images", shown, sha256)
    return ImageSet(name, split, images, labels, tree.classes, source, mean, std)


def _training_tree(root: Path, shown: str) -> Tree:
    """The images to train on: of at least two classes, none of which is empty."""
    try:
        there = ", ".join(sorted(printable(name) for name in os.listdir(root))[:5]) or "nothing"
    except (FileNotFoundError, NotADirectoryError):
        got = "a file" if os.path.exists(root) else "nothing there"
        raise DataError(
            f"{shown}: expected a folder with train/<class>/*.png|jpg, got {got} — correct the path"
        ) from None
    except OSError as error:
        raise DataError(unreadable(shown, error)) from None
    tree = trees.images_in(root / "train", f"{shown}/train")
    if len(tree.classes) < 2:
        raise DataError(
            f"{shown}: expected train/<class>/*.png|jpg with at least two classes, got {len(tree.classes)} "
            f"(the folder holds: {there}) — make a folder for each class below train"
        )
    if empty := trees.without_images(tree):
        inside = tree.remarks.below(empty).line() or "nothing in it"
        raise DataError(
            f"{shown}/train/{empty}: expected images of the class, got none ({inside}) — put some there, or "
            "delete the folder"
        )
    return tree


def _read(
    root: Path,
    split: Split,
    tree: Tree,
    classes: tuple[str, ...],
    image_size: int | None,
    shown: str,
    form: tuple[int, int, int] | None = None,
) -> tuple[torch.Tensor, torch.Tensor, str]:
    """Decode a split, in its own form or in that of the training images, or take it from the cache."""
    place = f"{shown}/{split}"

    def decode() -> Arrays:
        channels, height, width = form or trees.common_size(tree.files, place)
        size = channels, image_size or height, image_size or width
        return trees.decode(tree.files, classes, size, place, fit=image_size is not None)

    key = f"{classes} {form} {image_size}\n{stamp(tree.files, place)}"
    images, labels, sha256 = decoded(f"{root.resolve().name}-{split}", key, decode)
    return torch.from_numpy(images), torch.from_numpy(labels), sha256
