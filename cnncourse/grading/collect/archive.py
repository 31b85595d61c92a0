"""Look into folders and zip archives that strangers filled. Nothing is unpacked by the names it holds."""

import contextlib
import functools
import os
import re
import stat
import unicodedata
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from cnncourse.errors import DataError
from cnncourse.grading.repair.parse import MAX_FILE

MAX_FILES = 200_000
MAX_TOTAL = 16 * 2**30
_ONE_FILE = MAX_FILE + 1  # one byte more than is looked at, so that the grader sees that it is too much
_LEFT_BEHIND = re.compile(  # by systems and by our own imports: nobody has handed it in
    r"(?:^|/)(?:__MACOSX|\.ipynb_checkpoints|\.earlier|\.git|\.DS_Store|Thumbs\.db|desktop\.ini|\._[^/]*)(?:/|$)"
)
_DRIVE = re.compile(r"[A-Za-z]:")


@dataclass(frozen=True)
class Entry:
    """A file that was handed in.

    Attributes:
        name: its path inside the folder or archive, with ``/`` between folders; that of an archive in the
            folder comes before the paths inside it.
        modified: when it was written, as far as its holder says.
        problem: why it is not to be touched; empty if it may be read.
        read: gives its beginning, as many bytes as may be looked at and one more.
        archive: the name of the archive in the folder that it lies in; empty if it lies in none.
    """

    name: str
    modified: datetime
    problem: str
    read: Callable[[], bytes]
    archive: str = ""


@contextlib.contextmanager
def opened(place: Path) -> Iterator[list[Entry]]:
    """List the files of a folder, of an archive, or of the archives in a folder.

    Archives further down, in a student's folder or in another archive, stay shut: what a student packed into
    one could be called like another student's file.

    Args:
        place: the folder or archive. Links in it are not followed.

    Yields:
        An entry for each file that somebody may have handed in; they can be read until the end of the block.
        An archive in the folder that cannot be read is an entry with a problem.

    Raises:
        DataError: the archive is damaged; there are too many files, or they would unpack to too much.
    """
    with contextlib.ExitStack() as stack:
        entries = list(_folder(place, stack) if place.is_dir() else _archive(place, stack))
        if len(entries) > MAX_FILES:
            raise DataError(
                f"expected at most {MAX_FILES:,} files in {place}, got {len(entries):,}: split it"
            )
        yield entries


def _folder(place: Path, stack: contextlib.ExitStack) -> Iterator[Entry]:
    for folder, folders, names in os.walk(place):
        folders[:] = sorted(name for name in folders if not _LEFT_BEHIND.search(name))
        names = [name for name in names if not _LEFT_BEHIND.search(name)]
        for path in (Path(folder, name) for name in sorted(names)):
            status = path.lstat()
            name = _text(path.relative_to(place).as_posix())
            modified = datetime.fromtimestamp(status.st_mtime, UTC).replace(tzinfo=None)
            if stat.S_ISREG(status.st_mode) and path.suffix.lower() == ".zip" and path.parent == place:
                try:
                    yield from (
                        replace(one, name=f"{name}/{one.name}", archive=name) for one in _archive(path, stack)
                    )
                except DataError as error:
                    yield Entry(name, modified, str(error), bytes)
                continue
            problem = "" if stat.S_ISREG(status.st_mode) else "it is a link or a device, not a file"
            yield Entry(name, modified, problem, functools.partial(read_file, path))
        for link in (name for name in folders if Path(folder, name).is_symlink()):
            name = _text(Path(folder, link).relative_to(place).as_posix())
            yield Entry(name, datetime.min, "it is a link to a folder, not a folder", bytes)


def _text(name: str) -> str:
    """A name as it reads: composed letters, and no bytes that are none."""
    return unicodedata.normalize("NFC", name.encode("utf-8", "replace").decode())


def read_file(path: Path) -> bytes:
    """Read the beginning of a file: what may be looked at, and one byte more. A link is not followed."""
    with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
        return file.read(_ONE_FILE)


def _archive(path: Path, stack: contextlib.ExitStack) -> list[Entry]:
    try:
        archive = stack.enter_context(zipfile.ZipFile(path))
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise DataError(
            f"expected a folder or a zip archive, but {path.name} cannot be read: {error}"
        ) from None
    named = [(_name(info), info) for info in archive.infolist()]
    files = [(n, info) for n, info in named if not n.endswith("/") and not _LEFT_BEHIND.search(n)]
    if len(files) > MAX_FILES:
        raise DataError(f"expected at most {MAX_FILES:,} files in {path.name}, got {len(files):,}: split it")
    total = sum(min(info.file_size, _ONE_FILE) for _, info in files)
    if total > MAX_TOTAL:
        raise DataError(f"{path.name} unpacks to more than {MAX_TOTAL >> 30} GiB: split it")
    return [
        Entry(name, _modified(info), _refusal(name, info), _member_reader(archive, info))
        for name, info in files
    ]


def _name(info: zipfile.ZipInfo) -> str:
    r"""A file's path as it was meant: Windows writes ``\``, and some programs UTF-8 without saying so."""
    name = info.filename
    if not info.flag_bits & 0x800:  # the flag that says that it is UTF-8; zipfile has read it as cp437
        with contextlib.suppress(UnicodeError):
            name = name.encode("cp437").decode("utf-8")
    return _text(name.replace("\\", "/"))


def _modified(info: zipfile.ZipInfo) -> datetime:
    try:
        return datetime(*info.date_time)
    except ValueError:
        return datetime.min


def _refusal(name: str, info: zipfile.ZipInfo) -> str:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or _DRIVE.match(name):
        return "its name points out of the archive"
    if stat.S_ISLNK(info.external_attr >> 16):
        return "it is a link, not a file"
    if info.flag_bits & 1:
        return "it is encrypted"
    if info.file_size > MAX_FILE:
        return f"it would unpack to {info.file_size / 1e6:,.0f} MB, more than {MAX_FILE // 10**6}"
    return ""


def _member_reader(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Callable[[], bytes]:
    def read() -> bytes:
        try:
            with archive.open(info) as file:
                return file.read(_ONE_FILE)
        except Exception as error:  # zlib, lzma and bz2 each have errors of their own
            raise DataError(f"it is damaged: {str(error)[:80]}") from None

    return read
