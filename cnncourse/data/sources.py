"""Find a set on this machine: which folder or archive holds it. Nothing is decoded before it is asked for."""

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from cnncourse.data import official
from cnncourse.data.cache import Arrays, cache_folder
from cnncourse.data.formats import trees
from cnncourse.data.formats.archives import members
from cnncourse.data.formats.remarks import printable
from cnncourse.data.formats.walk import is_picture, stamp
from cnncourse.data.imageset import Kind
from cnncourse.data.registry import Entry, Split
from cnncourse.errors import DataError
from cnncourse.files import given_path


@dataclass(frozen=True)
class DataSource:
    """Where a set can be read from; an ``ImageSet`` remembers it as its ``Source``.

    Args:
        kind: all of the set, a sample of it, or drawn by the course.
        variant: which copy of the set this is, for people.
        where: which folder or archive that is, for people.
        counts: images by split.
        read: decodes one split.
        key: given a split, everything that the decoded arrays depend on; empty where decoding is too quick to
            store.
    """

    kind: Kind
    variant: str
    where: str
    counts: dict[Split, int]
    read: Callable[[Split], Arrays]
    key: Callable[[Split], str]


def local_sources(entry: Entry, root: str | os.PathLike[str] | None = None) -> Iterator[DataSource]:
    """Look for a set in the reader's folders, then where the system installs it, then among the downloads.

    Args:
        entry: the set.
        root: look in this folder only; None: in those of ``$CNNCOURSE_DATA``, the system's and the cache.

    Yields:
        The sources, the preferred one first.

    Raises:
        DataError: a folder that the reader named does not exist.

    Example:
        >>> from cnncourse.data.registry import entry
        >>> list(local_sources(entry("shapes10")))
        []
    """
    for folder, shown in _named_folders(root):
        yield from _in_folder(entry, folder, shown)
    if root is None:
        for name in entry.system:
            yield from _official(entry, Path(name), name)
        yield from downloaded_sources(entry)


def downloads_folder(entry: Entry) -> Path:
    """The folder for the downloaded files of a set."""
    return cache_folder() / "downloads" / entry.name


def downloaded_sources(entry: Entry) -> Iterator[DataSource]:
    """The source of a set among the downloads, if all its files are there."""
    folder = downloads_folder(entry)
    if entry.remote and all((folder / file.name).is_file() for file in entry.remote):
        yield from _official(entry, folder, "the cache folder", str(folder))


def _named_folders(root: str | os.PathLike[str] | None) -> list[tuple[Path, str]]:
    """The folders that the reader named, each with what to call it in a report."""
    if root is not None:
        named = [(given_path("root", root), printable(str(root)), f"root={str(root)!r}")]
    else:
        parts = os.environ.get("CNNCOURSE_DATA", "").split(os.pathsep)
        named = [
            (given_path("CNNCOURSE_DATA", part), "$CNNCOURSE_DATA", f"CNNCOURSE_DATA={part}")
            for part in parts
            if part
        ]
    for path, _, told in named:
        if not os.path.isdir(path):
            got = "a file" if os.path.exists(path) else "nothing there"
            raise DataError(
                f"{told}: expected a folder with data sets, got {got} — correct it or leave it out"
            )
    return [(path, shown) for path, shown, _ in named]


def _in_folder(entry: Entry, folder: Path, shown: str) -> Iterator[DataSource]:
    for name in entry.folders:
        yield from _official(entry, folder / name, f"{shown}/{name}")
    if entry.format == "cifar":
        yield from _official(entry, folder, shown)
    if entry.archive and (folder / entry.archive).is_file():
        yield _archive(entry, folder / entry.archive, f"{shown}/{entry.archive}")
    for name in entry.trees:
        if trees.looks_like(folder / name, entry.classes):
            yield _tree(entry, folder / name, shown if name == "." else f"{shown}/{name}")


def _official(entry: Entry, folder: Path, where: str, shown: str = "") -> Iterator[DataSource]:
    """The official files, as they are or packed, if any is in the folder; errors call it ``shown``."""
    shown = shown or where
    plain = [folder / name for name in entry.contents if (folder / name).is_file()]
    packed = [folder / file.name for file in entry.remote if (folder / file.name).is_file()]

    def read(split: Split) -> Arrays:
        if entry.format == "cifar" and not plain:
            reader = official.archive_reader(packed[0], f"{shown}/{packed[0].name}")
        else:
            reader = official.folder_reader(folder, shown)
        return official.read(entry, split, reader)

    def key(split: Split) -> str:
        return "" if len(plain) == len(entry.contents) else _key(entry, split, [*plain, *packed], where)

    if plain or packed:
        yield DataSource("full", "official", where, {**entry.counts}, read, key)


def _archive(entry: Entry, path: Path, shown: str) -> DataSource:
    def read(split: Split) -> Arrays:
        if entry.format == "idx":
            return official.read(entry, split, official.archive_reader(path, shown))
        files = {name.removeprefix(f"{split}/"): data for name, data in members(path, shown, f"{split}/")}
        pictures = {name: files[name] for name in sorted(files) if is_picture(name)}
        return trees.decode(pictures, entry.classes, entry.shape, f"{shown}/{split}")

    variant = "official" if entry.format == "idx" else entry.tree_variant
    return DataSource(
        "full", variant, shown, {**entry.counts}, read, lambda split: _key(entry, split, [path], shown)
    )


def _tree(entry: Entry, folder: Path, shown: str) -> DataSource:
    def read(split: Split) -> Arrays:
        return trees.decode(looked_through(split), entry.classes, entry.shape, f"{shown}/{split}")

    def key(split: Split) -> str:
        return f"{entry.name} {split}\n{stamp(looked_through(split), f'{shown}/{split}')}"

    def looked_through(split: Split) -> dict[str, Path]:
        return trees.images_in(folder / split, f"{shown}/{split}").files

    counts: dict[Split, int] = {**entry.counts}
    return DataSource("full", entry.tree_variant, shown, counts, read, key)


def _key(entry: Entry, split: Split, paths: Iterable[Path], shown: str) -> str:
    return f"{entry.name} {split}\n{stamp({path.name: path for path in paths}, shown)}"
