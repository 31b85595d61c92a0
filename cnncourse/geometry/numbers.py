"""The one check that every function of this package shares."""

from typing import SupportsIndex

from cnncourse.errors import ArgumentError


def whole(least: int, **values: int) -> None:
    """Check that every value is a whole number, ``least`` or more.

    Raises:
        ArgumentError: one is not; the message names it.

    Example:
        >>> whole(1, stride=0)  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        cnncourse.errors.ArgumentError: stride...0...
    """
    for name, value in values.items():
        if isinstance(value, bool) or not isinstance(value, SupportsIndex) or value < least:
            raise ArgumentError(f"{name} expects a whole number ≥ {least}, got {value!r}")
