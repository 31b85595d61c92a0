"""Compare two arrays in stages, shape → dtype → value, and say what the difference looks like."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from cnncourse.check.describe import number
from cnncourse.check.failure import Stage

Array = NDArray[Any]


@dataclass(frozen=True)
class Difference:
    """How an answer differs from the expected one.

    Attributes:
        stage: the first stage that did not pass.
        lines: sentences for the learner.
        pair: expected and got as arrays, when a picture of them would help.
        index: where the first difference is, in the arrays of ``pair``.
    """

    stage: Stage
    lines: tuple[str, ...]
    pair: tuple[Array, Array] | None = None
    index: tuple[int, ...] = ()


def to_array(value: Tensor | Array) -> Array:
    """Bring a tensor from any device, with or without gradients, to NumPy without losing precision.

    Example:
        >>> import torch
        >>> to_array(torch.ones(2, requires_grad=True, dtype=torch.bfloat16))
        array([1., 1.])
    """
    if isinstance(value, np.ndarray):
        return value
    plain = Tensor.detach(value).cpu().resolve_conj().resolve_neg()
    if plain.is_sparse:
        plain = plain.to_dense()
    return (plain.double() if plain.is_floating_point() else plain).numpy()


def compare_arrays(
    got: Tensor | Array, expected: Tensor | Array, call: str, atol: float, rtol: float
) -> Difference | None:
    """Find the first difference between two arrays; None when there is none.

    Floating point numbers of any precision may be compared with each other; whole numbers, truth values and
    floating point numbers may not be mixed.

    Args:
        got: the learner's array, any shape.
        expected: the right one.
        call: what to call the learner's array in messages.
        atol: how far a number may be off, in absolute terms.
        rtol: and relative to the expected number.

    Example:
        >>> import torch
        >>> compare_arrays(torch.ones(2), torch.tensor([1.0, 2.0]), "f(x)", 1e-5, 1e-5).lines[1]
        'first difference at [1]:  expected 2.0, got 1.0'
    """
    if isinstance(got, Tensor) and got.is_meta:
        return Difference("type", (f"{call} gives a tensor on the device meta, which holds no numbers.",))
    mine, right = to_array(got), to_array(expected)
    if mine.shape != right.shape:
        return shape_difference(mine.shape, right.shape, call)
    found = _wrong_dtype(mine, right, call)
    if found:
        return found
    wrong = ~_close(mine, right, atol, rtol)
    if not wrong.any():
        return None
    index = tuple(int(i) for i in np.argwhere(wrong)[0])
    return Difference("value", tuple(_value_lines(mine, right, wrong, index, call)), (right, mine), index)


def shape_difference(mine: tuple[int, ...], right: tuple[int, ...], call: str) -> Difference:
    """Put the difference of two shapes into words.

    Example:
        >>> shape_difference((3, 2), (2, 3), "f(x)").lines[1]
        'The lengths are right but in another order: are two axes swapped?'
    """
    advice = _shape_advice(mine, right)
    return Difference("shape", (f"{call} has shape {mine}, expected {right}.", *filter(None, [advice])))


_KINDS = {
    "b": "truth values",
    "i": "whole numbers",
    "u": "whole numbers",
    "f": "floating point numbers",
    "c": "complex numbers",
}
_DTYPE_ADVICE = {
    "if": "Whole numbers lose what comes after the point: convert with .float() before dividing.",
    "bf": "A comparison such as x > 0 gives truth values: choose numbers by them, or convert with .float().",
    "bi": "A comparison such as x > 0 gives truth values: .long() or .sum() makes whole numbers of them.",
    "ib": "Write a comparison, such as x > 0, or convert with .bool().",
    "fi": "Counts and classes are whole: convert with .long(), and divide with // if you divide.",
    "fb": "Write a comparison, such as x > 0.",
}


def _wrong_dtype(mine: Array, right: Array, call: str) -> Difference | None:
    letters = (mine.dtype.kind + right.dtype.kind).replace("u", "i")
    if letters[0] == letters[1]:
        return None
    holds, wanted = (_KINDS.get(array.dtype.kind, f"values of type {array.dtype}") for array in (mine, right))
    first = f"{call} holds {holds} ({mine.dtype}), expected {wanted}."
    advice = _DTYPE_ADVICE.get(letters)
    return Difference("dtype", (first, advice) if advice else (first,))


def _close(mine: Array, right: Array, atol: float, rtol: float) -> NDArray[np.bool_]:
    if right.dtype.kind not in "fc":
        return np.asarray(mine == right)
    with np.errstate(all="ignore"):
        return np.asarray(np.isclose(mine, right, atol=atol, rtol=rtol, equal_nan=True))


def _shape_advice(mine: tuple[int, ...], right: tuple[int, ...]) -> str:
    if len(mine) != len(right):
        if [n for n in mine if n != 1] == [n for n in right if n != 1]:
            if len(mine) < len(right):
                return "An axis of length 1 is missing: unsqueeze or keepdim=True brings it back."
            return "An axis of length 1 is too many: squeeze removes it."
        return f"Count the axes: {len(mine)} came, expected {len(right)}."
    if sorted(mine) == sorted(right):
        return "The lengths are right but in another order: are two axes swapped?"
    off = [axis for axis, (a, b) in enumerate(zip(mine, right, strict=True)) if a != b]
    return (
        f"Only axis {off[0]} differs: expected {right[off[0]]}, got {mine[off[0]]}." if len(off) == 1 else ""
    )


def _value_lines(
    mine: Array, right: Array, wrong: NDArray[np.bool_], index: tuple[int, ...], call: str
) -> list[str]:
    a, b = mine[index], right[index]
    numbers = f"expected {number(b, a)}, got {number(a, b)}"
    if mine.ndim == 0:
        lines = [f"{call} is a single number, as it should be, but the wrong one.", numbers]
    else:
        count = int(wrong.sum())
        some = "all numbers are" if count == mine.size else f"{count:,} of {mine.size:,} numbers are"
        where = ", ".join(map(str, index))
        lines = [f"{call} has the right shape {mine.shape}, but {some} wrong."]
        lines += [f"first difference at [{where}]:  {numbers}"]
    return lines + [diagnosis for diagnosis in [_diagnosis(mine, right)] if diagnosis]


def _diagnosis(mine: Array, right: Array) -> str:
    """Recognise what goes wrong everywhere alike; empty when nothing is recognised."""
    if mine.dtype.kind not in "fc":
        return ""
    unexpected = ~np.isfinite(mine) & np.isfinite(right)
    if unexpected.any():
        if np.isnan(mine[unexpected]).any():
            return (
                "nan is “not a number”: 0/0, the root or logarithm of a negative number, or unfilled memory."
            )
        return "inf is too large to write down: a division by 0, log(0), or exp of a large number."
    if not np.isfinite(right).all():
        return ""
    if not mine.any():
        return "Everything is 0: is the result ever written, and is it the one you return?"
    return _pattern(mine, right)


def _pattern(mine: Array, right: Array) -> str:
    def same(other: Array) -> bool:
        return other.shape == mine.shape and bool(_close(mine, other, 1e-6, 1e-4).all())

    if same(-right):
        return "Every number has the opposite sign."
    if mine.ndim >= 2 and same(np.swapaxes(right, -1, -2)):
        return "Your result is the right one with rows and columns swapped."
    if mine.size > 1 and not same(right[(0,) * right.ndim]):
        factors = mine[right != 0] / right[right != 0]
        if factors.size and same(right * factors[0]):
            return f"Every number is {number(factors[0])} times the expected one."
        shift = mine - right
        if same(right + shift.flat[0]):
            return f"Every number is off by the same amount, {number(shift.flat[0])}."
    if np.allclose(mine, right, rtol=1e-2, atol=1e-3):
        return "That is close: look for a small constant (an epsilon, n or n − 1), or for too coarse a dtype."
    return ""
