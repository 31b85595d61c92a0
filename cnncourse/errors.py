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


def unreadable(shown: str, error: OSError) -> str:
    """Say that the system does not hand a file or a folder out.

    Example:
        >>> unreadable("cat/1.png", PermissionError(13, "Permission denied"))
        'cat/1.png: expected to read it, got: Permission denied — correct that, or take it out of the folder'
    """
    return (
        f"{shown}: expected to read it, got: {error.strerror or error} — correct that, or take it out of "
        "the folder"
    )


def did_you_mean(name: str, known: Iterable[str], otherwise: str = "") -> str:
    """Suggest the known name that is most like the one that came; ``otherwise`` where none is.

    Example:
        >>> did_you_mean("resnet2", ["resnet20", "vgg16"])
        "did you mean 'resnet20'?"
    """
    near = get_close_matches(name, known, 1, cutoff=0.4)
    return f"did you mean {near[0]!r}?" if near else otherwise
