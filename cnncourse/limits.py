"""What a setting may be: one clear line where it is something else."""

import math
import operator
from collections.abc import Iterable

from cnncourse.errors import ArgumentError


def whole(name: str, value: object, *, at_least: int = 1) -> None:
    """Make sure that a setting is a whole number.

    Raises:
        ArgumentError: it is none, or it is too small.

    Example:
        >>> whole("epochs", 0)
        Traceback (most recent call last):
        cnncourse.errors.ArgumentError: epochs expects a number from 1 upwards, got 0
    """
    if not isinstance(value, int) or isinstance(value, bool):
        raise ArgumentError(f"{name} expects a whole number, got {value!r}")
    if value < at_least:
        raise ArgumentError(f"{name} expects a number from {at_least} upwards, got {value}")


def integer(name: str, value: object, of: str = "a whole number") -> int:
    """Make a whole number of anything that is one, a number of NumPy or torch too.

    Args:
        name: the argument, for the error.
        value: what came.
        of: what it counts, for the error.

    Raises:
        ArgumentError: it is none.

    Example:
        >>> integer("image_size", (224, 224))
        Traceback (most recent call last):
        cnncourse.errors.ArgumentError: image_size expects a whole number, got (224, 224) — write 224
    """
    try:
        if isinstance(value, bool):
            raise TypeError
        return operator.index(value)  # type: ignore[arg-type]  # what has no index is refused below
    except TypeError:
        same = isinstance(value, tuple | list) and len(value) > 0 and value.count(value[0]) == len(value)
        hint = f" — write {value[0]}" if same and isinstance(value, tuple | list) else ""
        raise ArgumentError(f"{name} expects {of}, got {value!r}{hint}") from None


def count(name: str, value: object, *, at_least: int = 1, of: str = "a whole number") -> int:
    """Make a whole number that is large enough of anything that is one.

    Args:
        name: the argument, for the error.
        value: what came.
        at_least: the smallest that makes sense.
        of: what it counts, for the error.

    Raises:
        ArgumentError: it is none, or it is too small.

    Example:
        >>> count("num_classes", "10")
        Traceback (most recent call last):
        cnncourse.errors.ArgumentError: num_classes expects a whole number from 1 up, got '10'
    """
    of = f"{of} from {at_least} up"
    result = integer(name, value, of)
    if result < at_least:
        raise ArgumentError(f"{name} expects {of}, got {value!r}")
    return result


def number(
    name: str,
    value: object,
    *,
    above: float = -math.inf,
    at_least: float = -math.inf,
    at_most: float = math.inf,
    below: float = math.inf,
) -> None:
    """Make sure that a setting is a number within limits.

    Raises:
        ArgumentError: it is none, or it is outside.

    Example:
        >>> number("momentum", 1.5, at_least=0, below=1)
        Traceback (most recent call last):
        cnncourse.errors.ArgumentError: momentum expects a number from 0 and below 1, got 1.5
    """
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise ArgumentError(f"{name} expects a number, got {value!r}")
    if not (above < value < below and at_least <= value <= at_most):  # a NaN fails every comparison
        low = f"above {above:g}" if above > -math.inf else f"from {at_least:g}"
        high = f"below {below:g}" if at_most == math.inf else f"at most {at_most:g}"
        raise ArgumentError(f"{name} expects a number {low} and {high}, got {value}")


def flag(name: str, value: object) -> None:
    """Make sure that a setting is yes or no.

    Raises:
        ArgumentError: it is something else.

    Example:
        >>> flag("nesterov", 1)
        Traceback (most recent call last):
        cnncourse.errors.ArgumentError: nesterov expects True or False, got 1
    """
    if not isinstance(value, bool):
        raise ArgumentError(f"{name} expects True or False, got {value!r}")


def one_of(name: str, value: object, allowed: tuple[str, ...]) -> None:
    """Make sure that a setting is one of a few words.

    Raises:
        ArgumentError: it is something else.

    Example:
        >>> one_of("keep", "worst", ("best", "last"))
        Traceback (most recent call last):
        cnncourse.errors.ArgumentError: keep expects one of best, last, got 'worst'
    """
    if value not in allowed:
        raise ArgumentError(f"{name} expects one of {', '.join(allowed)}, got {value!r}")


def rising(name: str, values: Iterable[object]) -> None:
    """Make sure that a setting is a row of numbers between 0 and 1, each above the one before.

    Raises:
        ArgumentError: it is not.

    Example:
        >>> rising("milestones", (0.75, 0.5))  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        cnncourse.errors.ArgumentError: milestones expects parts of the run between 0 and 1...
    """
    before = 0.0
    for value in values:
        if not isinstance(value, int | float) or isinstance(value, bool) or not before < value < 1:
            raise ArgumentError(
                f"{name} expects parts of the run between 0 and 1, each above the one before, "
                f"as in (0.5, 0.75); got {values}"
            )
        before = value
