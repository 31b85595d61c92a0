"""Look into folders and zip archives that strangers filled. Nothing is unpacked by the names it holds."""

import contextlib
import functools
import os
import stat
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from cnncourse.errors import DataError
from cnncourse.grading.repair.parse import MAX_BYTES

MAX_FILES = 50_000
MAX_TOTAL = 16 * 2**30
_ONE_FILE = MAX_BYTES + 1  # one byte more than is graded, so that the grader sees that it is too much
_RATIO = 200
_SMALL = 2**20


@dataclass(frozen=True)
class Entry:
    """A file that was handed in.

    Attributes:
        name: its path inside the folder or archive, with ``/`` between folders.
        modified: when it was written, as far as its holder says.
        problem: why it is not to be touched; empty if it may be read.
        read: gives its beginning, as many bytes as can be graded and one more.
    """

    name: str
    modified: datetime
    problem: str
    read: Callable[[], bytes]


@contextlib.contextmanager
def opened(place: Path) -> Iterator[list[Entry]]:
    """List the files of a folder, of an archive, or of the archives in a folder.

    Args:
        place: the folder or archive. Links in it are not followed.

    Yields:
        An entry for each file; they can be read until the end of the block.

    Raises:
        DataError: an archive is damaged, has too many files, or would unpack to too much.
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
        folders.sort()
        for path in (Path(folder, name) for name in sorted(names)):
            status = path.lstat()
            if stat.S_ISREG(status.st_mode) and path.suffix.lower() == ".zip":
                yield from _archive(path, stack)
                continue
            problem = "" if stat.S_ISREG(status.st_mode) else "it is a link or a device, not a file"
            modified = datetime.fromtimestamp(status.st_mtime, UTC).replace(tzinfo=None)
            yield Entry(
                path.relative_to(place).as_posix(), modified, problem, functools.partial(read_file, path)
            )
        for link in (name for name in folders if Path(folder, name).is_symlink()):
            name = Path(folder, link).relative_to(place).as_posix()
            yield Entry(name, datetime.min, "it is a link to a folder, not a folder", bytes)


def read_file(path: Path) -> bytes:
    """Read the beginning of a file, as many bytes as can be graded and one more. A link is not followed."""
    with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
        return file.read(_ONE_FILE)


def _archive(path: Path, stack: contextlib.ExitStack) -> Iterator[Entry]:
    try:
        archive = stack.enter_context(zipfile.ZipFile(path))
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise DataError(
            f"expected a folder or a zip archive, but {path.name} cannot be read: {error}"
        ) from None
    files = [info for info in archive.infolist() if not info.is_dir()]
    if len(files) > MAX_FILES:
        raise DataError(f"expected at most {MAX_FILES:,} files in {path.name}, got {len(files):,}: split it")
    total = sum(min(info.file_size, _ONE_FILE) for info in files)
    if total > MAX_TOTAL:
        raise DataError(f"{path.name} unpacks to more than {MAX_TOTAL >> 30} GiB: split it")
    for info in files:
        yield Entry(info.filename, _modified(info), _refusal(info), _member_reader(archive, info))


def _modified(info: zipfile.ZipInfo) -> datetime:
    try:
        return datetime(*info.date_time)
    except ValueError:
        return datetime.min


def _refusal(info: zipfile.ZipInfo) -> str:
    path = PurePosixPath(info.filename)
    if path.is_absolute() or ".." in path.parts or "\\" in info.filename or ":" in path.parts[0]:
        return "its name points out of the archive"
    if stat.S_ISLNK(info.external_attr >> 16):
        return "it is a link, not a file"
    if info.flag_bits & 1:
        return "it is encrypted"
    if info.file_size > max(_SMALL, _RATIO * info.compress_size):
        return f"it would unpack to {info.file_size / 1e6:,.0f} MB, {_RATIO} times its size or more"
    return ""


def _member_reader(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Callable[[], bytes]:
    def read() -> bytes:
        try:
            with archive.open(info) as file:
                return file.read(_ONE_FILE)
        except Exception as error:  # zlib, lzma and bz2 each have errors of their own
            raise DataError(f"it is damaged: {str(error)[:80]}") from None

    return read
