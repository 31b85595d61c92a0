"""The checks that a test cell calls. Each returns nothing, or raises one message that teaches."""

from collections.abc import Callable, Mapping
from typing import Any, NoReturn

import numpy as np
from torch import Tensor

from cnncourse.check.arrays import Difference, shape_difference
from cnncourse.check.describe import noun
from cnncourse.check.describe import value as describe
from cnncourse.check.failure import CheckFailed, Stage
from cnncourse.check.handed import after as made_of
from cnncourse.check.hints import pointer
from cnncourse.check.picture import show_difference
from cnncourse.check.structure import difference, wrong_type
from cnncourse.hints import all_hints

ANSWER = "your answer"


def equal(
    got: Any,
    expected: Any,
    *,
    call: str = ANSWER,
    hint: str | None = None,
    mistakes: Mapping[str, Any] | None = None,
    atol: float = 1e-5,
    rtol: float = 1e-5,
) -> None:
    """Compare an answer with the expected one in stages: type, shape, value.

    Float32 and float64 may be compared with each other; gradients and devices do not matter.

    Args:
        got: what the learner's code gave.
        expected: tensors, arrays, numbers, texts, and tuples, lists and dictionaries of them.
        call: how the learner would have written the call.
        hint: the key of the hint that helps.
        mistakes: results of well-known mistakes, by the key of their hint; if ``got`` is one of them, that
            hint is named and its diagnosis shown.
        atol: how far a floating point number may be off, in absolute terms.
        rtol: and relative to the expected number.

    Raises:
        CheckFailed: they differ; the message says where.

    Example:
        >>> import torch
        >>> equal(torch.ones(2).double(), torch.ones(2))
        >>> equal(12, 18, call="pixels(3)")
        Traceback (most recent call last):
        cnncourse.check.failure.CheckFailed: pixels(3) is wrong.
        expected 18, got 12
    """
    found = difference(got, expected, call, atol, rtol)
    if found is None:
        return
    for key, wrong in (mistakes or {}).items():
        if difference(wrong, expected, call, atol, rtol) and difference(got, wrong, call, atol, rtol) is None:
            entry = all_hints().get(key)
            said = (entry.diagnosis or entry.levels[0]) if entry else ""
            _fail_with(found, key, said)
    _fail_with(found, hint)


def shape(got: Any, expected: tuple[int, ...], *, call: str = ANSWER, hint: str | None = None) -> None:
    """Compare the shape of a tensor or an array with the expected one.

    Raises:
        CheckFailed: it is no tensor or array, or has another shape.

    Example:
        >>> import torch
        >>> shape(torch.ones(1, 2), (1, 2))
    """
    found = wrong_type(got, (Tensor, np.ndarray), call)
    if found is None and tuple(got.shape) == tuple(expected):
        return
    _fail_with(found or shape_difference(tuple(got.shape), tuple(expected), call), hint)


def type_of(
    got: Any, expected: type | tuple[type, ...], *, call: str = ANSWER, hint: str | None = None
) -> None:
    """Compare the type of some data with the expected one, or with several that will do.

    Raises:
        CheckFailed: it has another type.

    Example:
        >>> import torch
        >>> type_of(torch.ones(1), Tensor)
        >>> type_of(3, (int, float))
    """
    kinds = expected if isinstance(expected, tuple) else (expected,)
    found = wrong_type(got, kinds, call)
    if found:
        _fail_with(found, hint)


def raises(
    errors: type[Exception] | tuple[type[Exception], ...],
    function: Callable[[], Any],
    *,
    call: str = "your code",
    hint: str | None = None,
) -> None:
    """Check that bad input is refused with one of the given errors.

    Args:
        errors: the error expected, or several that will do.
        function: calls the learner's code with the bad input, without arguments.
        call: how the learner would have written the call.
        hint: the key of the hint that helps.

    Raises:
        CheckFailed: nothing was raised, or another error.
        NotImplementedError: the answer has not been written yet.

    Example:
        >>> raises(ValueError, lambda: int("three"), call='int("three")')
    """
    kinds = errors if isinstance(errors, tuple) else (errors,)
    wanted = " or ".join(kind.__name__ for kind in kinds)
    try:
        result = function()
    except kinds:
        return
    except NotImplementedError:
        raise
    except Exception as error:
        line = f"{call} should raise {wanted}, but raised {type(error).__name__}: {error}"
        _fail([line], "error", hint)
    _fail([f"{call} should raise {wanted}, but gave {describe(result)}."], "error", hint)


def true(condition: Any, expected: str, got: str, *, hint: str | None = None) -> None:
    """Check a condition, in words of your own.

    Args:
        condition: True or False, also as a tensor or array of one truth value.
        expected: what should be so, as in ``"expected the loss to fall below 0.1"``.
        got: what is so, as in ``"got 0.7 after 20 steps"``.
        hint: the key of the hint that helps.

    Raises:
        CheckFailed: the condition is false, or no truth value.

    Example:
        >>> true(3 > 2, "expected 3 to be more than 2", "got less")
    """
    if (
        isinstance(condition, (Tensor, np.ndarray))
        and condition.shape == ()
        and str(condition.dtype).endswith("bool")
    ):
        condition = condition.item()
    if type(condition) not in (bool, np.bool_):
        _fail([expected, f"got {noun(type(condition))} where True or False is needed"], "type", hint)
    if not condition:
        _fail([expected, got], "value", hint)


def unchanged(
    before: Any, after: Any, *, name: str = "x", call: str = "your code", hint: str | None = None
) -> None:
    """Check that the learner's code left its input alone.

    Args:
        before: a copy (``x.clone()``) taken before the call, which was not handed over.
        after: the input that was handed over; itself, not a part of it.
        name: what the input is called.
        call: how the learner would have written the call.
        hint: the key of the hint that helps.

    Raises:
        CheckFailed: the input was changed in place.

    Example:
        >>> import torch
        >>> unchanged(torch.ones(2), torch.ones(2))
    """
    found = difference(made_of(after), before, name, 0.0, 0.0)
    if found:
        first = f"{call} changed its input {name}: the caller still needs it as it was."
        _fail([first, *found.lines[1:2], f"Write into a new tensor, or into {name}.clone()."], "value", hint)


def _fail_with(found: Difference, hint: str | None, said: str = "") -> NoReturn:
    if found.pair:
        show_difference(*found.pair, found.index)
    lines = [*found.lines[:2], said] if said else [*found.lines]
    _fail(lines, found.stage, hint)


def _fail(lines: list[str], stage: Stage, hint: str | None) -> NoReturn:
    raise CheckFailed(lines, stage=stage, hint=hint, pointer=pointer(hint) if hint else "")
