"""Words for values: what a learner's function gave back, in a few plain words."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

_NOUNS: dict[type, str] = {
    Tensor: "a tensor",
    torch.nn.Parameter: "a tensor",
    np.ndarray: "a NumPy array",
    bool: "True or False",
    int: "a whole number (int)",
    float: "a number (float)",
    complex: "a complex number",
    str: "a text (str)",
    tuple: "a tuple",
    torch.Size: "a tuple",
    list: "a list",
    dict: "a dictionary",
    type(None): "None",
}


def noun(kind: type) -> str:
    """Name a type in plain words.

    Example:
        >>> noun(int), noun(range)
        ('a whole number (int)', 'an object of type range')
    """
    return _NOUNS.get(kind, f"an object of type {kind.__name__}")


def number(value: Any, other: Any = None) -> str:
    """Write a number short, but long enough to tell it from the other one.

    Example:
        >>> number(np.float64(18)), number(0.1234567), number(1.0000001, 1.0)
        ('18.0', '0.123457', '1.0000001')
    """
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(other, np.generic):
        other = other.item()
    if not isinstance(value, float):
        return repr(value)
    for digits in (6, 9, 12, 17):
        text = f"{value:.{digits}g}"
        if not isinstance(other, float) or other == value or text != f"{other:.{digits}g}":
            break
    return text if any(mark in text for mark in ".en") else text + ".0"


def value(thing: Any) -> str:
    """Describe a value by its content if that is short, else by its type and shape.

    Example:
        >>> value(3), value(torch.zeros(2, 3)), value("a" * 90)[-4:]
        ('3', 'a tensor of shape (2, 3)', 'aaa…')
    """
    kind = type(thing)
    if kind in (Tensor, torch.nn.Parameter, np.ndarray):
        return f"{noun(kind)} of shape {tuple(thing.shape)}"
    if kind in (bool, int, float, complex, str, tuple, list, dict, torch.Size, type(None)):
        text = repr(tuple(thing) if kind is torch.Size else thing)
        return text if len(text) <= 60 else text[:59] + "…"
    return noun(kind)
