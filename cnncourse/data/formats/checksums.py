"""Compare a file with the checksum that it must have."""

import hashlib
from pathlib import Path

from cnncourse.errors import DataError


def checksum(file: Path | bytes, algorithm: str) -> str:
    """Compute the checksum of a file without holding it in memory, or of its bytes.

    Args:
        file: where it lies, or its bytes.
        algorithm: ``"sha256"``, ``"md5"`` or another one of ``hashlib``.

    Example:
        >>> checksum(b"digits", "md5")
        'md5:a2aacbd15b619a9b9e5581a6c33bd2b1'
    """
    if isinstance(file, bytes):
        return f"{algorithm}:{hashlib.new(algorithm, file).hexdigest()}"
    with file.open("rb") as opened:
        return f"{algorithm}:{hashlib.file_digest(opened, algorithm).hexdigest()}"


def verify(file: Path | bytes, expected: str, shown: str) -> None:
    """Make sure that a file is the official one.

    Args:
        file: where it lies, or its bytes.
        expected: the published checksum behind the name of its algorithm, as in ``"md5:a2aacbd15b61…"``.
        shown: the file's name in an error.

    Raises:
        DataError: it has another checksum.

    Example:
        >>> verify(b"digits", "md5:e3b0c44298fc1c14", "labels.gz")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        cnncourse.errors.DataError: labels.gz: expected MD5 e3b0c44298fc…, got a2aacbd15b61…...
    """
    algorithm = expected.partition(":")[0]
    got = checksum(file, algorithm)
    if got != expected:
        name = {"sha256": "SHA-256"}.get(algorithm, algorithm.upper())
        short, wanted = (value.partition(":")[2][:12] for value in (got, expected))
        raise DataError(
            f"{shown}: expected {name} {wanted}…, got {short}… — the file is damaged or not the official "
            "one: delete it and load again, or copy it again"
        )
