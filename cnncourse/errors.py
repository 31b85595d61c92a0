"""The errors of the course: each message says what was expected, what came, and what to do."""

from collections.abc import Iterable
from difflib import get_close_matches


class CourseError(Exception):
    """The root of every error that cnncourse raises on purpose.

    Example:
        >>> issubclass(ShapeError, CourseError)
        True
    """


class ShapeError(CourseError, ValueError):
    """A tensor has a shape that the operation cannot use."""


class ArgumentError(CourseError, ValueError):
    """An argument is outside the values that make sense."""


class DataError(CourseError):
    """A data set is missing, damaged or unreadable."""


class MissingDependencyError(CourseError, ImportError):
    """An optional package is needed for this and is not installed."""


def lay_out(title: str, lines: Iterable[str], pointer: str = "") -> str:
    """Write what a learner reads about a failure: a title, the lines below it, and where help is.

    Example:
        >>> print(lay_out("sum · 2 points", ["expected 2, got 1"]))
        ✗ sum · 2 points
          expected 2, got 1
    """
    body = [*lines, pointer] if pointer else [*lines]
    return "\n".join([f"✗ {title}", *(f"  {line}" for line in body)] if title else body)


def did_you_mean(name: str, known: Iterable[str], otherwise: str = "") -> str:
    """Suggest the known name that is most like the one that came; ``otherwise`` where none is.

    Example:
        >>> did_you_mean("resnet2", ["resnet20", "vgg16"])
        "did you mean 'resnet20'?"
    """
    near = get_close_matches(name, known, 1, cutoff=0.4)
    return f"did you mean {near[0]!r}?" if near else otherwise
