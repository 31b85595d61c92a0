"""Walk through a tree of images, ``<class>/*.png|jpg``: what is taken, and what is not, with the reason."""

import os
import stat
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from PIL import features

from cnncourse.data.formats.remarks import Remarks, printable
from cnncourse.errors import DataError, unreadable

_KINDS = (
    *("png", "jpg", "jpeg", "jpe", "jfif", "webp", "tif", "tiff", "bmp", "gif", "ppm", "pgm"),
    *(["avif"] if "avif" in features.modules and features.check("avif") else []),
)
"""Ends of names that are taken for images."""
_SYSTEM = (
    *("@eadir", "@tmp", "@recycle", "#recycle", "#snapshot", "$recycle.bin", "system volume information"),
    *("__macosx", "__pycache__", "lost+found"),
)
"""Folders that NAS systems, archivers and file managers leave behind, in small letters."""
HIDDEN = "left out, hidden or the system's"
LINK = "left out, a link to a folder"
OTHER = "left out, no image of a kind that is read"
DEEPER = "taken from a deeper folder"
_LITTER = ("thumbs.db", "desktop.ini")


@dataclass(frozen=True)
class Tree:
    """The images below a folder.

    Attributes:
        files: ``<class>/<file>`` → path, by class, then by name; a file may lie deeper.
        classes: every folder that stands for a class, with images or without.
        remarks: what was not taken and why, and what was taken from a deeper folder.
    """

    files: dict[str, Path]
    classes: tuple[str, ...]
    remarks: Remarks


def is_picture(name: str) -> bool:
    """Say whether a file is taken for an image, by the end of its name.

    Example:
        >>> is_picture("cat/0001.JPG"), is_picture("cat/readme.txt"), is_picture("cat/.0001.jpg")
        (True, False, False)
    """
    file = name.split("/")[-1]
    return file.lower().rpartition(".")[2] in _KINDS and "." in file and not file.startswith(".")


def class_of(name: str) -> str:
    """Return the class of ``<class>/<file>``: é is one letter, whichever system wrote it down.

    macOS stores the names of files with accents apart (NFD), other systems as they are typed (NFC).

    Example:
        >>> class_of("cafe\u0301/1.png") == "caf\u00e9"
        True
    """
    return printable(unicodedata.normalize("NFC", name.split("/")[0]))


def walk(folder: Path, shown: str) -> Tree:
    """Find the images below a folder, ``<class>/*.png|jpg``; those in deeper folders belong to the class too.

    Args:
        folder: holds a folder for each class; it need not exist.
        shown: its name in an error.

    Raises:
        DataError: a folder may not be read.

    Example:
        >>> walk(Path("no such folder"), "no such folder").files
        {}
    """
    tree = Tree({}, (), Remarks())
    classes = []
    for entry in _entries(folder, shown):
        if not entry.is_dir():
            _leave(tree.remarks, entry.name, "left out, beside the class folders")
        elif _is_class(entry.name, tree.remarks):
            classes.append(class_of(entry.name))
            tree.files.update(_below(folder / entry.name, entry.name, shown, tree.remarks))
    return replace(tree, classes=tuple(dict.fromkeys(classes)))


def _entries(folder: Path, shown: str) -> list[os.DirEntry[str]]:
    """What a folder holds, in an order that is the same on every system."""
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: (unicodedata.normalize("NFC", entry.name), entry.name))
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise DataError(unreadable(shown, error)) from None


def _is_class(name: str, remarks: Remarks) -> bool:
    """Tell a folder of images from one that some program left behind."""
    if name.startswith(".") or name.lower() in _SYSTEM:
        remarks.add(HIDDEN, name)
        return False
    return True


def _below(folder: Path, name: str, shown: str, remarks: Remarks) -> Iterator[tuple[str, Path]]:
    """Yield the images of a class with their names, also from deeper folders."""
    for entry in _entries(folder, f"{shown}/{printable(name)}"):
        inside = f"{name}/{entry.name}"
        if entry.is_dir(follow_symlinks=False):
            if _is_class(entry.name, Remarks()):
                yield from _below(folder / entry.name, inside, shown, remarks)
            else:
                remarks.add(HIDDEN, inside)
        elif is_picture(entry.name) and not entry.is_dir():
            if "/" in name:
                remarks.add(DEEPER, inside)
            yield inside, folder / entry.name
        else:
            _leave(remarks, inside, LINK if entry.is_dir() else OTHER)


def _leave(remarks: Remarks, name: str, why: str) -> None:
    """Note a file that is not taken; what only programs look at is not worth a word."""
    file = name.split("/")[-1]
    if file.startswith("."):
        if is_picture(file.lstrip("._")):
            remarks.add(HIDDEN, name)
    elif file.lower() not in _LITTER:
        remarks.add(why, name)


def stamp(files: Mapping[str, Path], shown: str) -> str:
    """Describe files by path, size and time of change, so that a change in any of them shows.

    Raises:
        DataError: one of them cannot be read, such as a link that leads nowhere.

    Example:
        >>> stamp({"cat/1.png": Path("nowhere/1.png")}, "pets")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        cnncourse.errors.DataError: pets/cat/1.png: expected to read it, got: No such file or directory...
    """
    lines = []
    for name, path in files.items():
        try:
            state = path.stat()
        except OSError as error:
            raise DataError(unreadable(f"{shown}/{printable(name)}", error)) from None
        if not stat.S_ISREG(state.st_mode):
            raise DataError(unreadable(f"{shown}/{printable(name)}", OSError("it is no file")))
        lines.append(f"{path.absolute()}|{state.st_size}|{state.st_mtime_ns}")
    return "\n".join(lines)
