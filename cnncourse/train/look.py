"""A look before the first step: does the net take these images, and can it learn from what it returns?"""

import copy
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from cnncourse.errors import ArgumentError, ShapeError
from cnncourse.train.batches import Batches
from cnncourse.train.hardware import rng


def match(model: nn.Module, source: Batches) -> int:
    """Try a net on two images, and say how many classes it tells apart.

    Args:
        model: the net, on the device of the batches.
        source: where the images come from; it is told to refuse labels that the net has no output for.

    Returns:
        The number of logits the net gives an image.

    Raises:
        ArgumentError: a label is not below that number.
        ShapeError: the net cannot take the images, or does not return logits.
    """
    images = source.sample()
    shape = tuple(images.shape)
    try:
        with evaluating(model), torch.no_grad():
            logits = model(images)
    except ShapeError:  # the nets of the course say themselves what they take
        raise
    except (RuntimeError, ValueError, IndexError, TypeError) as error:
        said = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ShapeError(
            f"the net cannot take images of shape {shape}: {said}{_cure(model, images)}"
        ) from error
    logits_of(logits, len(images), f"for {shape}")
    source.expect(logits.shape[1])
    return int(logits.shape[1])


def logits_of(answer: Any, images: int, where: str) -> Tensor:
    """Take what a net returned for logits, or say what it is.

    Args:
        answer: what the net returned.
        images: how many images it got.
        where: what it got them for, for the error.

    Raises:
        ShapeError: it is no tensor of shape (images, classes).

    Example:
        >>> logits_of((torch.zeros(2, 10), torch.zeros(2, 10)), 2, "in train mode")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        cnncourse.errors.ShapeError: the net must return logits of shape (2, classes) in train mode, got a
            tuple of 2 ...
    """
    if isinstance(answer, Tensor):
        if answer.ndim == 2 and len(answer) == images:
            return answer
        got = f"{tuple(answer.shape)}"
    else:
        several = isinstance(answer, tuple | list | Mapping)
        got = f"a {type(answer).__name__}" + (f" of {len(answer)}" if several else "")
        if several:
            got += (
                " — build the net without auxiliary heads (aux=False, in torchvision aux_logits=False), or "
                "wrap it in a module that returns the logits alone"
            )
    raise ShapeError(f"the net must return logits of shape ({images}, classes) {where}, got {got}")


def _cure(model: nn.Module, images: Tensor) -> str:
    """Guess what is wrong with images that a net cannot take."""
    weight = next((value for value in model.parameters() if value.is_floating_point()), None)
    if weight is not None and weight.dtype != images.dtype:
        return (
            f" — the net computes in {weight.dtype}, the images are {images.dtype}: add "
            f"v2.ToDtype({weight.dtype}) to the loader's transforms"
        )
    if images.ndim != 4:
        return " — images are (b, c, h, w): a grey one has a channel too, images[:, None] adds it"
    if images.shape[3] <= 4 < images.shape[1]:
        return (
            " — the channels stand last, the net wants them behind the batch: images.permute(0, 3, 1, 2), "
            "or v2.ToImage() in the transforms"
        )
    return f" — build it for in_channels={images.shape[1]} and image_size={images.shape[2]}"


def look_at_smallest(model: nn.Module, source: Batches, parts: int, whole: bool = False) -> None:
    """Try the smallest piece of a batch in train mode, if it is a single image, on a copy of the net.

    Batch normalisation cannot work with one value a channel, and the last batch of an epoch may be that
    small: better to hear of it now than after an epoch.

    Args:
        model: the net, on the device of the batches.
        source: the training batches.
        parts: in which each batch goes through the net.
        whole: norms see the batches of all processes together.

    Raises:
        ArgumentError: the net cannot learn from a single image.
    """
    smallest = source.smallest()
    if smallest is None or whole or smallest // min(parts, smallest) > 1:
        return
    before = rng.get_state()
    try:
        with torch.no_grad():
            copy.deepcopy(model).train()(source.sample()[:1])
    except ValueError as error:  # what batch normalisation raises, and the nets of the course
        said = str(error).splitlines()[0]
        why = "" if parts == 1 else f", in {parts} parts"
        raise ArgumentError(
            f"the smallest batch has {smallest} of {source.images} images{why}, and this net cannot learn "
            f"from one image alone ({said}) — "
            + ("use drop_last=True, or another batch size" if parts == 1 else "take a smaller accumulate")
        ) from error
    except RuntimeError:  # it cannot be copied: the training will show
        return
    finally:
        rng.set_state(before)


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Put a net into evaluation mode for a while; afterwards every layer has the mode it had before.

    Example:
        >>> net = nn.Dropout().train()
        >>> with evaluating(net):
        ...     print(net.training)
        False
        >>> net.training
        True
    """
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, mode in modes:
            module.training = mode


def device_of(model: nn.Module) -> torch.device:
    """Return the device of a net's first parameter; a net without any counts as on the CPU.

    Example:
        >>> device_of(nn.ReLU())
        device(type='cpu')
    """
    first = next(model.parameters(), None)
    return torch.device("cpu") if first is None else first.device
