"""What a test hands to the learner's code: copies to hand over, and what became of them.

In a learner's notebook the code gets the test's own objects, and whatever it changes in them is there to see.
A judge sends copies into another process; what comes back changed is kept here, beside the test's objects and
never in them, so that no answer can change what it is compared with.
"""

from copy import deepcopy
from typing import Any

from torch import Tensor

_changed: dict[int, tuple[Any, Any]] = {}  # by an object's id: the object, to keep the id; what came back
_notes: set[str] = set()


def copy(value: Any) -> Any:
    """Copy an input to hand over, so that the test's own stays as it is whatever the learner's code does.

    Args:
        value: a tensor, an array, or lists, tuples and dictionaries of them, at any depth.

    Example:
        >>> mine = {"sizes": [1, 2]}
        >>> copy(mine)["sizes"].pop(), mine
        (2, {'sizes': [1, 2]})
    """
    if isinstance(value, Tensor):
        return value.detach().clone().requires_grad_(value.requires_grad)
    if type(value) in (list, tuple):
        return type(value)(copy(item) for item in value)
    if isinstance(value, dict):
        made = value.copy()
        made.update((key, copy(item)) for key, item in value.items())
        return made
    return deepcopy(value)


def after(handed: Any) -> Any:
    """Say what the learner's code made of an input: the input itself where nothing changed.

    A test asks for it where an answer works in place on purpose, and nowhere else.

    Args:
        handed: the object that was handed over, or a list or tuple of such objects, as in ``f(*handed)``; not
            a part of a tensor, such as ``x[0]``.

    Example:
        >>> numbers = [3, 1, 2]
        >>> numbers.sort()
        >>> after(numbers)
        [1, 2, 3]
    """
    if id(handed) in _changed:
        return _changed[id(handed)][1]
    if type(handed) in (list, tuple):
        parts = [after(part) for part in handed]
        if any(new is not old for new, old in zip(parts, handed, strict=True)):
            return type(handed)(parts)
    return handed


def came_back(handed: Any, now: Any) -> None:
    """Keep what came back in place of an object that was handed over: for a judge.

    Args:
        handed: the test's own object, which stays as it is.
        now: what the learner's code made of its copy.
    """
    _changed[id(handed)] = handed, now


def note(line: str) -> None:
    """Say something that costs no points, once in a test."""
    if line not in _notes:
        _notes.add(line)
        print(f"note: {line}")


def forget() -> None:
    """Begin a test: nothing has been handed over."""
    _changed.clear()
    _notes.clear()
