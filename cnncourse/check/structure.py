"""Compare any data: first its exact type, then its structure, then the arrays and numbers inside."""

import math
from collections import Counter, OrderedDict, defaultdict
from typing import Any

import numpy as np
import torch
from torch import Tensor

from cnncourse.check.arrays import Difference, compare_arrays
from cnncourse.check.describe import noun, number
from cnncourse.check.describe import value as describe

NO_RETURN = "Your function returned None — did you forget `return`?"
_ATOMS = (str, bytes, type(None), torch.dtype, torch.device)
_NUMPY_SCALARS = frozenset(np.sctypeDict.values())
_DICTIONARIES = (OrderedDict, defaultdict, Counter)
_ADVICE: dict[tuple[type, type], str] = {
    (np.ndarray, Tensor): "torch.from_numpy(array) makes a tensor of a NumPy array.",
    (Tensor, np.ndarray): ".numpy() makes a NumPy array of a tensor.",
    (
        list,
        Tensor,
    ): "torch.tensor(list) makes a tensor of a list of numbers, torch.stack(list) of a list of tensors.",
    (
        float,
        Tensor,
    ): "torch.tensor(number) makes a tensor of a number; did .item() or float() come too early?",
    (int, Tensor): "torch.tensor(number) makes a tensor of a number; did .item() or int() come too early?",
    (tuple, Tensor): "Your function returned several things: is there a comma after `return`?",
    (Tensor, float): ".item() makes a number of a tensor that holds one.",
    (Tensor, int): ".item() makes a number of a tensor that holds one; int(…) makes it whole.",
    (Tensor, bool): ".item() makes True or False of a tensor that holds one truth value.",
    (
        Tensor,
        tuple,
    ): "Return the values one by one, with commas between them; tuple(x.shape) makes a tuple of a shape.",
    (
        float,
        int,
    ): "Whole numbers stay whole with // in place of /; int(…) cuts off what comes after the point.",
    (list, tuple): "tuple(…) makes a tuple of a list.",
    (tuple, list): "list(…) makes a list of a tuple.",
    (str, int): "Take the quotation marks away, or convert with int(…).",
    (str, float): "Take the quotation marks away, or convert with float(…).",
}


def kind_of(value: Any) -> type:
    """Say which plain type a value counts as: exact types only, so that no subclass can speak for itself.

    Example:
        >>> kind_of(torch.Size([1])), kind_of(np.float32(1)), kind_of(torch.nn.Parameter(torch.ones(1)))
        (<class 'tuple'>, <class 'float'>, <class 'torch.Tensor'>)
    """
    kind = type(value)
    if kind is torch.nn.Parameter:
        return Tensor
    if kind is torch.Size:
        return tuple
    if kind in _DICTIONARIES:
        return dict
    if kind in _NUMPY_SCALARS:
        return type(value.item())
    return kind


def wrong_type(got: Any, kinds: tuple[type, ...], call: str) -> Difference | None:
    """Compare the type of a value with those that are allowed; None when it is one of them.

    Example:
        >>> wrong_type(None, (int,), "f(3)").lines[1]
        'Your function returned None — did you forget `return`?'
    """
    kind = kind_of(got)
    if kind in kinds or (kind is int and float in kinds):
        return None
    wanted = " or ".join(noun(k) for k in kinds)
    first = f"{call} gives {_what(got, kind)}, expected {wanted}."
    advice = NO_RETURN if got is None else _ADVICE.get((kind, kinds[0]), "")
    if not advice and type(got) is type:
        advice = f"That is the class itself: {got.__name__}(…) makes an object of it."
    elif not advice and callable(got):
        advice = "That can be called: did you forget the parentheses (…)?"
    return Difference("type", (first, advice) if advice else (first,))


def _what(got: Any, kind: type) -> str:
    if got is None:
        return "None"
    if kind in (bool, int, float, str):
        return f"{describe(got)}, {noun(kind)}"
    return noun(kind)


def difference(got: Any, expected: Any, call: str, atol: float, rtol: float) -> Difference | None:
    """Find the first difference between an answer and the expected one; None when there is none.

    Args:
        got: what the learner's code gave; anything.
        expected: tensors, arrays, numbers, texts, and tuples, lists and dictionaries of them.
        call: what to call ``got`` in messages.
        atol: how far a floating point number may be off, in absolute terms.
        rtol: and relative to the expected number.

    Raises:
        TypeError: ``expected`` holds something that cannot be compared safely.

    Example:
        >>> difference((1, 2), (1, 3), "f()", 0, 0).lines
        ('item [1] of f() is wrong.', 'expected 3, got 2')
    """
    kind = kind_of(expected)
    if kind is Tensor and type(got) is np.ndarray:  # the right numbers all the same
        return compare_arrays(got, expected, call, atol, rtol)
    if kind in (Tensor, np.ndarray):
        return wrong_type(got, (kind,), call) or compare_arrays(got, expected, call, atol, rtol)
    if kind in (bool, int, float, complex):
        return wrong_type(got, (kind,), call) or _numbers(got, expected, call, atol, rtol)
    if kind in (tuple, list):
        return wrong_type(got, (kind,), call) or _sequences(got, expected, call, atol, rtol)
    if kind is dict:
        return wrong_type(got, (kind,), call) or _dictionaries(got, expected, call, atol, rtol)
    if kind in _ATOMS:
        same_type = wrong_type(got, (kind,), call)
        return same_type or (None if got == expected else _wrong(call, describe(expected), describe(got)))
    raise TypeError(f"check.equal compares data, and cannot compare {noun(kind)}")


def _wrong(call: str, expected: str, got: str) -> Difference:
    return Difference("value", (f"{call} is wrong.", f"expected {expected}, got {got}"))


def _numbers(got: Any, expected: Any, call: str, atol: float, rtol: float) -> Difference | None:
    a, b = (x.item() if isinstance(x, np.generic) else x for x in (got, expected))
    exact = isinstance(b, int)
    both_nan = a != a and b != b
    if a == b or both_nan or (not exact and abs(a - b) <= atol + rtol * abs(b) < math.inf):
        return None
    return _wrong(call, number(b, a), number(a, b))


def _sequences(got: Any, expected: Any, call: str, atol: float, rtol: float) -> Difference | None:
    if len(got) != len(expected):
        first = f"{call} gives {describe(got)} with {_items(len(got))}, expected {_items(len(expected))}."
        return Difference("shape", (first,))
    pairs = enumerate(zip(got, expected, strict=True))
    found = (difference(a, b, f"item [{i}] of {call}", atol, rtol) for i, (a, b) in pairs)
    return next(filter(None, found), None)


def _items(count: int) -> str:
    return "1 item" if count == 1 else f"{count} items"


def _dictionaries(got: Any, expected: Any, call: str, atol: float, rtol: float) -> Difference | None:
    odd = [key for key in got if type(key) not in (str, int) or key not in expected]
    missing = [key for key in expected if key not in got]
    if odd or missing:
        lines = [f"{call} has other keys than expected."]
        lines += [f"missing: {', '.join(map(repr, missing))}"] if missing else []
        lines += [f"not expected: {', '.join(map(describe, odd))}"] if odd else []
        return Difference("shape", tuple(lines))
    found = (difference(got[key], expected[key], f"item [{key!r}] of {call}", atol, rtol) for key in expected)
    return next(filter(None, found), None)
