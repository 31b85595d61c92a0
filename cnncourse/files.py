"""Paths as people give them; files that appear whole or not at all, whatever ends the process."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from cnncourse.errors import ArgumentError


def given_path(argument: str, value: object) -> Path:
    """Turn what somebody gave for a file or a folder into a path; ``~`` is the home folder.

    Args:
        argument: what it was given for, for the error.
        value: text or a path.

    Raises:
        ArgumentError: it is neither, or its home folder is not known.

    Example:
        >>> given_path("root", "~/data") == Path.home() / "data"
        True
        >>> given_path("root", 5)
        Traceback (most recent call last):
        cnncourse.errors.ArgumentError: root expects a path, got 5
    """
    if not isinstance(value, str | os.PathLike) or isinstance(os.fspath(value), bytes) or not str(value):
        raise ArgumentError(f"{argument} expects a path, got {value!r}")
    if "\0" in os.fspath(value):
        raise ArgumentError(f"{argument} expects a path, got one with a zero byte: {value!r}")
    try:
        return Path(value).expanduser()
    except RuntimeError:
        raise ArgumentError(
            f"{argument} expects a path, got {str(value)!r}: that home folder is not known — write it in full"
        ) from None


@contextmanager
def whole_file(path: Path) -> Iterator[IO[bytes]]:
    """Write a file that appears only when it is complete.

    The bytes go to a temporary file in the same folder, which then takes the name of ``path`` in one step.
    Several processes may do this at once: the last one wins, and nobody sees half a file.

    Raises:
        OSError: the folder cannot be written; nothing is left behind.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     with whole_file(Path(folder, "a.txt")) as file:
        ...         _ = file.write(b"all of it")
        ...     print(Path(folder, "a.txt").read_text(), len(os.listdir(folder)))
        all of it 1
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.part")
    try:
        with part.open("xb") as file:
            yield file
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def replace_file(path: Path, data: bytes) -> None:
    """Write a file at once or not at all, for all to read; one that is the same already keeps its time.

    Raises:
        OSError: the folder cannot be written.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     replace_file(Path(folder, "ada", "02.html"), b"<!doctype html>")
        ...     print(Path(folder, "ada", "02.html").read_text())
        <!doctype html>
    """
    if path.is_file() and path.read_bytes() == data:
        return
    with whole_file(path) as file:
        file.write(data)
        os.chmod(file.name, 0o644)
