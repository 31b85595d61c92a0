"""Follow an image through a net and write down every operation: what summaries and drawings are made from.

No arithmetic takes place: the tensors are on the "meta" device and have a shape but no values.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn
from torch.func import functional_call
from torch.nn.parameter import is_lazy
from torch.utils.flop_counter import FlopCounterMode

from cnncourse.diagrams.recorder import Op, Recorder
from cnncourse.errors import ArgumentError, CourseError, ShapeError
from cnncourse.limits import count


def input_shape(model: nn.Module, input_size: tuple[int, int, int] | None = None) -> tuple[int, int, int]:
    """Return (channels, height, width) of an image for this model.

    Args:
        model: a net of the course, or any other one.
        input_size: (channels, height, width); None: the net's own ``in_channels`` and ``image_size``.

    Raises:
        ArgumentError: it is no such triple; or None is given, and the model is not one of the course's.

    Example:
        >>> from cnncourse import backbones
        >>> input_shape(backbones.create("lenet5"))
        (1, 32, 32)

    Introduced in chapter 10.
    """
    if input_size is not None:
        return _triple(input_size)
    channels, size = getattr(model, "in_channels", None), getattr(model, "image_size", None)
    if not isinstance(channels, int) or not isinstance(size, int):
        raise ArgumentError(f"{type(model).__name__} does not tell its image size: pass input_size=(c, h, w)")
    return channels, size, size


def _triple(given: object) -> tuple[int, int, int]:
    """Take (channels, height, width) of whole numbers, or say what came instead."""
    if not isinstance(given, tuple | list) or len(given) != 3:
        hint = " — leave the batch out" if isinstance(given, tuple | list) and len(given) == 4 else ""
        raise ArgumentError(f"input_size expects (channels, height, width), got {given!r}{hint}")
    channels, height, width = (count("each length of input_size", length) for length in given)
    return channels, height, width


def trace(model: nn.Module, input_size: tuple[int, int, int] | None = None) -> list[Op]:
    """List the operations of a forward pass in eval mode, in order.

    Args:
        model: the net; it is left as it was.
        input_size: (channels, height, width); None: the net's own.

    Returns:
        One ``Op`` for every module or function that was called. Multiplications are counted by torch's own
        ``FlopCounterMode``; what depends on the weights alone is not an image's work and is left out.

    Raises:
        ArgumentError: the size makes no sense, or the net has lazy layers.
        ShapeError: the net cannot take such an image, or asks for values where there are only shapes.

    Example:
        >>> from cnncourse import backbones
        >>> [(op.kind, op.shape, op.field) for op in trace(backbones.create("lenet5"))][:3]
        [('conv', (6, 28, 28), (5, 5)), ('activation', (6, 28, 28), (5, 5)), ('pool', (6, 14, 14), (6, 6))]

    Introduced in chapter 10.
    """
    size = input_shape(model, input_size)
    if not isinstance(model, nn.Module):
        raise ArgumentError(f"expected a net, got a {type(model).__name__}")
    named = dict((*model.named_parameters(), *model.named_buffers()))
    if any(is_lazy(value) for value in named.values()):
        raise ArgumentError(
            f"{type(model).__name__} has lazy layers, whose shapes nobody knows yet — send it an image "
            f"first: net(torch.zeros(1, {', '.join(map(str, size))}))"
        )
    state = {key: value.detach().to("meta") for key, value in named.items()}
    image = torch.empty(1, *size, device="meta")
    counter = FlopCounterMode(display=False)
    recorder = Recorder(image, state.values(), counter)
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        with recorder.watching(model), torch.no_grad(), _written_out(), counter, recorder:
            functional_call(model, state, (image,))
    except CourseError:
        raise
    except (RuntimeError, ValueError, NotImplementedError) as error:
        raise ShapeError(
            f"{type(model).__name__} cannot be followed with an image of shape {size}: "
            f"{str(error).splitlines()[0]} — give the input_size (channels, height, width) that it takes"
        ) from error
    finally:
        for module, mode in modes:
            module.training = mode
    return recorder.ops


@contextmanager
def _written_out() -> Iterator[None]:
    """Let attention be computed step by step: in one piece it could not be counted."""
    before = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(before)
