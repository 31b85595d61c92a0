"""Read files straight out of a tar archive, without unpacking it to the disk."""

import lzma
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from cnncourse.errors import DataError


def members(path: Path, shown: str, prefix: str = "") -> Iterator[tuple[str, bytes]]:
    """Yield the files of a tar archive, packed in any way that Python knows.

    Args:
        path: the archive.
        shown: its name in an error.
        prefix: only files whose names start with this.

    Yields:
        Name and bytes of each file, in the archive's order.

    Raises:
        DataError: the archive cannot be opened, is cut short or damaged.

    Example:
        >>> list(members(Path("no.tar.xz"), "no.tar.xz"))  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        cnncourse.errors.DataError: no.tar.xz: expected an archive that can be read...
    """
    try:
        with tarfile.open(path, "r|*") as archive:
            for member in archive:
                name = member.name.removeprefix("./")
                file = archive.extractfile(member) if name.startswith(prefix) else None
                if file is not None:
                    yield name, file.read()
    except (tarfile.TarError, lzma.LZMAError, zlib.error, EOFError) as error:
        raise DataError(
            f"{shown}: expected a whole tar archive, got one that is cut short or damaged ({error}) — "
            "delete it and load again, or copy it again"
        ) from None
    except OSError as error:
        raise DataError(
            f"{shown}: expected an archive that can be read, got: {error.strerror or error} — copy it again"
        ) from None
