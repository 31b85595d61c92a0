"""What is known about a set: classes, sizes, statistics, and where an official copy can be had.

``cnncourse.data.sets`` has a file for each set. Checksums are those of the official files, packed (what is
downloaded) and unpacked (what is read, wherever it was found); they name their algorithm, as in ``"md5:…"``.
Chapter 18 introduces the sets.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from cnncourse.errors import DataError, did_you_mean

Format = Literal["idx", "cifar", "drawn"]
Split = Literal["train", "test"]

IDX_FILES: Mapping[Split, tuple[str, ...]] = {
    "train": ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    "test": ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
}
"""The files of MNIST and of all sets that are laid out like it."""


@dataclass(frozen=True)
class RemoteFile:
    """One file to download, and what it must turn out to be.

    Example:
        >>> RemoteFile("a.gz", "md5:00", 10, ("https://one.example/", "https://two.example/")).urls()
        ['https://one.example/a.gz', 'https://two.example/a.gz']
    """

    name: str
    checksum: str
    size: int
    mirrors: tuple[str, ...]

    def urls(self) -> list[str]:
        """The addresses of the file, the preferred one first."""
        return [mirror + self.name for mirror in self.mirrors]


@dataclass(frozen=True)
class Content:
    """One unpacked official file: its checksum, and its length in bytes where that is known."""

    checksum: str
    size: int = 0


@dataclass(frozen=True)
class Entry:
    """What is known about a set before any of it is read.

    Args:
        name: the name for ``load``.
        title: the name for people.
        classes: class names; the place in the tuple is the label.
        shape: channels, height and width of an image.
        counts: images in the full set, by split.
        mean: per-channel mean of the training images, on the scale 0 to 1.
        std: per-channel standard deviation of the training images, on the same scale.
        licence: under which terms the images may be used.
        format: how the official files are laid out; ``"drawn"`` sets are computed, not stored.
        files: the unpacked official files of each split, in their order.
        labels: what the labels are called inside files of format ``"cifar"``.
        folders: where the official files lie under a data folder.
        archive: the name of an archive that a data folder may hold instead.
        trees: folders of a data folder that may hold ``train/<class>/`` trees of images.
        tree_variant: what a tree of images of this set is called in reports.
        system: folders where a Linux distribution installs the set.
        remote: the files to download.
        contents: what each unpacked file must turn out to be.
        sample: images in the sample that ships with the course, by split; empty where there is none.
    """

    name: str
    title: str
    classes: tuple[str, ...]
    shape: tuple[int, int, int]
    counts: Mapping[Split, int]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    licence: str
    format: Format
    files: Mapping[Split, tuple[str, ...]] = field(default_factory=dict)
    labels: str = "labels"
    folders: tuple[str, ...] = ()
    archive: str = ""
    trees: tuple[str, ...] = ()
    tree_variant: str = "folder of images"
    system: tuple[str, ...] = ()
    remote: tuple[RemoteFile, ...] = ()
    contents: Mapping[str, Content] = field(default_factory=dict)
    sample: Mapping[Split, int] = field(default_factory=dict)


_ENTRIES: dict[str, Entry] = {}
REGISTRY: Mapping[str, Entry] = MappingProxyType(_ENTRIES)


def register(entry: Entry) -> Entry:
    """Make a set known to ``load``, ``names`` and everything that goes through them.

    Raises:
        DataError: the name is taken by another set.

    Example:
        >>> register(REGISTRY["mnist"]).title
        'MNIST'
    """
    if _ENTRIES.setdefault(entry.name, entry) != entry:
        raise DataError(f"expected a name for a set of its own, got {entry.name!r}, which is taken")
    return entry


def names() -> list[str]:
    """List the sets that ``load`` knows.

    Example:
        >>> "mnist" in names()
        True
    """
    return list(REGISTRY)


def entry(name: str) -> Entry:
    """Look a set up by name.

    Raises:
        DataError: there is no such set; the message suggests the nearest name.

    Example:
        >>> entry("mnist").shape
        (1, 28, 28)
    """
    if name in REGISTRY:
        return REGISTRY[name]
    wanted = name.lower().replace("-", "_")
    hint = did_you_mean(wanted, REGISTRY, "use cnncourse.data.from_folder for your own images")
    raise DataError(f"expected one of {', '.join(REGISTRY)}, got {name!r} — {hint}")
