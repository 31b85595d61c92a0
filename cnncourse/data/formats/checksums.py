"""Compare a file with the SHA-256 that it must have."""

import hashlib
from pathlib import Path

from cnncourse.errors import DataError


def sha256_of(path: Path) -> str:
    """Compute the SHA-256 of a file without holding it in memory.

    Example:
        >>> sha256_of(Path(__file__)) == hashlib.sha256(Path(__file__).read_bytes()).hexdigest()
        True
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def verify(got: str, expected: str, shown: str) -> None:
    """Make sure that a file is the official one.

    Args:
        got: the SHA-256 of the file at hand.
        expected: the published SHA-256.
        shown: the file's name in an error.

    Raises:
        DataError: the two differ.

    Example:
        >>> verify("1b4f0e9851971998", "e3b0c44298fc1c14", "labels.gz")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        cnncourse.errors.DataError: labels.gz: expected SHA-256 e3b0c44298fc…...
    """
    if got != expected:
        raise DataError(
            f"{shown}: expected SHA-256 {expected[:12]}…, got {got[:12]}… — the file is damaged or not the "
            "official one: delete it and load again, or copy it again"
        )
