"""Load a set by name from the best source there is, and say truthfully which source that was."""

import os

import numpy as np
import torch
from numpy.typing import NDArray

from cnncourse.data import download as downloads
from cnncourse.data.cache import decoded, fingerprint, note
from cnncourse.data.imageset import ImageSet, Source
from cnncourse.data.registry import Entry, Split, entry
from cnncourse.data.samples import sample_source
from cnncourse.data.sets.shapes10 import SHAPES10
from cnncourse.data.shapes10.drawing import shapes_source
from cnncourse.data.sources import DataSource, downloaded_sources, local_sources
from cnncourse.errors import ArgumentError, DataError
from cnncourse.stand_in import mention

_announced: set[tuple[str, str, str]] = set()


def load(
    name: str,
    split: Split = "train",
    *,
    announce: bool = True,
    root: str | os.PathLike[str] | None = None,
    download: bool = True,
) -> ImageSet:
    """Load a set of images by name.

    It is looked for in the folders of ``$CNNCOURSE_DATA``, then where Linux distributions install it, then in
    the cache folder; then it is downloaded. Without a network the sample that ships with the course takes its
    place, or the drawn set ``shapes10`` where there is none; one line says so, and so does the first figure
    of each experiment with it. ``CNNCOURSE_OFFLINE=1`` skips the download. Decoded images are kept in the
    cache folder, so that the next load takes a moment.

    Chapter 18 introduces it.

    Args:
        name: one of ``data.names()``, such as ``"mnist"`` or ``"cifar10"``.
        split: ``"train"`` or ``"test"``.
        announce: print a line that says which source was used, once for each set in a process.
        root: look in this folder and nowhere else.
        download: download the set when it is not on this machine.

    Returns:
        The set, with images as uint8 (n, c, h, w) and labels as int64 (n,).

    Raises:
        ArgumentError: the split is neither of the two.
        DataError: the name is unknown; a named folder is not there or does not hold the set; a file is
            damaged.

    Example:
        >>> digits = load("mnist", "test", announce=False, download=False)
        >>> digits.images.shape[1:], digits.images.dtype
        (torch.Size([1, 28, 28]), torch.uint8)
    """
    wanted = entry(name)
    if split not in ("train", "test"):
        raise ArgumentError(
            f'split expects "train" or "test", got {split!r} — set.split(0.1) deals a set in two'
        )
    source, reason = _find(wanted, root, download)
    if source is None:
        wanted, source = SHAPES10, shapes_source()
    images, labels, sha256 = _read(wanted, source, split)
    if announce:
        _announce(entry(name), source, reason)
    told = _stand_in(entry(name), source)
    mention(told)
    if len(labels) != source.counts[split]:
        note(
            f"{wanted.title}: {source.where} holds {len(labels):,} {split} images, the whole set has "
            f"{source.counts[split]:,}"
        )
    return ImageSet(
        name=wanted.name,
        part=split,
        images=torch.from_numpy(np.require(images, requirements=["C", "W"])),
        labels=torch.from_numpy(labels),
        classes=wanted.classes,
        source=Source(source.kind, source.variant, source.where, sha256, told),
        mean=wanted.mean,
        std=wanted.std,
    )


def _find(
    wanted: Entry, root: str | os.PathLike[str] | None, download: bool
) -> tuple[DataSource | None, str]:
    """The best source, and why it is not a better one. No source at all: the drawn set must do."""
    if wanted.format == "drawn":
        return shapes_source(), ""
    if source := next(local_sources(wanted, root), None):
        return source, ""
    if root is not None:
        raise DataError(
            f"root={str(root)!r}: expected {wanted.title} there as {_layouts(wanted)}, got none of these — "
            "leave root out to search the usual places"
        )
    if not download:
        reason = "not found on this machine"
    else:
        try:
            downloads.get(wanted)
            return next(downloaded_sources(wanted)), ""
        except downloads.NoNetworkError as error:
            reason = error.reason
        except DataError as error:
            reason = str(error)
    return sample_source(wanted), reason


def _layouts(wanted: Entry) -> str:
    trees = [
        f"{name}/train/<class>/*.png|jpg" if name != "." else "train/<class>/*.png|jpg"
        for name in wanted.trees
    ]
    return ", ".join([*wanted.folders, *([wanted.archive] if wanted.archive else []), *trees])


def _read(
    wanted: Entry, source: DataSource, split: Split
) -> tuple[NDArray[np.uint8], NDArray[np.int64], str]:
    key = source.key(split)
    if key:
        return decoded(f"{wanted.name}-{split}", key, lambda: source.read(split))
    images, labels = source.read(split)
    return images, labels, fingerprint(images, labels)


def _stand_in(asked: Entry, source: DataSource) -> str:
    """The line for figures where the images are others than the text beside them speaks of."""
    if asked.format == "drawn" or source.kind == "full":
        return ""
    if source.kind == "generated":
        return f"here, drawn pictures (shapes10) stand in for {asked.title}"
    return f"here, a {source.variant} images stands in for {asked.title}"


def _announce(wanted: Entry, source: DataSource, reason: str) -> None:
    """Print what is used and why, once for each set and source in a process."""
    mark = (wanted.name, source.variant, source.where)
    if mark in _announced:
        return
    _announced.add(mark)
    counts = f"{source.counts['train']:,} train + {source.counts['test']:,} test images"
    if source.kind == "full":
        print(f"{wanted.title}: {counts}, {source.variant}, from {source.where}")
    elif wanted is SHAPES10:
        print(f"{wanted.title}: {counts}, {source.where}")
    elif source.kind == "generated":
        print(
            f"{wanted.title}: {reason} — using shapes10 instead: {counts}, {source.where}, NOT {wanted.title}"
        )
    else:
        print(f"{wanted.title}: {reason} — using the sample that ships with the course: {counts}")
