"""How every explanation asks a net: in eval mode, with images and labels that fit, and leaving no trace."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from cnncourse.diagrams import features
from cnncourse.errors import ArgumentError, ShapeError
from cnncourse.limits import integer

Labels = int | Sequence[int] | Tensor | None
"""Whose score is explained: one class for all images, one for each, or None: the one that the net chooses."""


@contextmanager
def at_rest(net: nn.Module) -> Iterator[None]:
    """Put a net into eval mode and let gradients flow, for the length of a ``with``.

    Raises:
        ArgumentError: it is no net.

    Example:
        >>> net = nn.Sequential(nn.Dropout())
        >>> with at_rest(net):
        ...     net.training, net[0].training
        (False, False)
        >>> net.training, net[0].training
        (True, True)
    """
    if not isinstance(net, nn.Module):
        raise ArgumentError(f"expected a net, got a {type(net).__name__}")
    modes = [(module, module.training) for module in net.modules()]
    try:
        with torch.inference_mode(False), torch.enable_grad():
            net.eval()
            yield
    finally:
        for module, mode in modes:
            module.training = mode


def copied(net: nn.Module, images: Tensor) -> Tensor:
    """Copy images that a net can be asked about: the copy has no history, and the caller's own stay.

    Raises:
        ArgumentError: they are no tensor of fractions, or lie on another device than the net.
        ShapeError: they are no batch of images.

    Example:
        >>> copied(nn.Identity(), torch.zeros(8, 8))
        Traceback (most recent call last):
        cnncourse.errors.ShapeError: images expects shape (n, c, h, w), got (8, 8)
    """
    if not isinstance(images, Tensor):
        raise ArgumentError(f"images expects a tensor, got a {type(images).__name__}")
    if images.dim() != 4 or not images.numel():
        hint = " — images[None] makes a batch" if images.dim() == 3 else ""
        raise ShapeError(f"images expects shape (n, c, h, w), got {tuple(images.shape)}{hint}")
    if not images.is_floating_point():
        raise ArgumentError(
            f"images expects numbers with fractions, got {images.dtype} — images.float() / 255"
        )
    weight = next(net.parameters(), None)
    if weight is not None and weight.device != images.device:
        raise ArgumentError(
            f"the net is on {weight.device} and the images are on {images.device} — "
            f"images.to({str(weight.device)!r})"
        )
    return images.detach().clone()


def chosen(net: nn.Module, images: Tensor, labels: Labels = None) -> Tensor:
    """Tell for each image whose score is to be explained.

    Args:
        net: a classifier at rest.
        images: shape (n, c, h, w).
        labels: see ``Labels``.

    Returns:
        Whole numbers, shape (n,).

    Raises:
        ArgumentError: no such class, or the net gives no scores.
        ShapeError: not one label for each image.

    Example:
        >>> chosen(nn.Flatten(), torch.tensor([0.0, 3.0, 1.0]).reshape(1, 3, 1, 1))
        tensor([1])
    """
    with torch.no_grad():
        scores = scored(net(images.clone()))
    if labels is None:
        return scores.argmax(dim=1)
    if isinstance(labels, Tensor | list | tuple | range):
        if (isinstance(labels, Tensor) and labels.dim() != 1) or len(labels) != len(images):
            got = tuple(labels.shape) if isinstance(labels, Tensor) else f"{len(labels)} of them"
            raise ShapeError(f"labels expects one for each of the {len(images)} images, got {got}")
        each = [integer("each label", label) for label in labels]
    else:
        each = [integer("labels", labels, "a class, or one for each image")] * len(images)
    for label in each:
        if not 0 <= label < scores.shape[1]:
            raise ArgumentError(f"labels expects classes from 0 to {scores.shape[1] - 1}, got {label}")
    return torch.tensor(each, device=images.device)


def scored(output: Any) -> Tensor:
    """Take what a classifier returned for its scores, or say what came instead."""
    if not isinstance(output, Tensor):
        raise ArgumentError(f"expected a net that returns scores (n, classes), got a {type(output).__name__}")
    if output.dim() != 2:
        raise ShapeError(f"expected a net that returns scores (n, classes), got shape {tuple(output.shape)}")
    return output


def scores_of(net: nn.Module, images: Tensor, labels: Tensor) -> Tensor:
    """Return the score of each image's class, before softmax, shape (n,).

    Example:
        >>> scores_of(nn.Flatten(), torch.tensor([0.0, 3.0, 1.0]).reshape(1, 3, 1, 1), torch.tensor([2]))
        tensor([1.])
    """
    return scored(net(images)).gather(1, labels[:, None]).squeeze(1)


def gradient(net: nn.Module, images: Tensor, labels: Tensor) -> Tensor:
    """Differentiate each image's score with respect to its pixels; the weights' gradients stay as they are.

    Args:
        net: a classifier at rest.
        images: shape (n, c, h, w), without a history.
        labels: shape (n,).

    Returns:
        Shape (n, c, h, w).

    Example:
        >>> double = nn.Conv2d(1, 1, 1, bias=False)
        >>> _ = nn.init.constant_(double.weight, 2)
        >>> gradient(nn.Sequential(double, nn.Flatten()), torch.ones(1, 1, 1, 2), torch.tensor([1])).flatten()
        tensor([0., 2.])
    """
    leaf = images.detach().requires_grad_()
    score = scores_of(net, leaf.clone(), labels).sum()  # a copy, as a net may work in place
    return slope(score, leaf)


def slope(score: Tensor, at: Tensor, weights: Tensor | None = None) -> Tensor:
    """Return d score / d at; zeros where nothing leads from the one to the other."""
    if not score.requires_grad:
        return torch.zeros_like(at)
    found = torch.autograd.grad(score, at, grad_outputs=weights, allow_unused=True)[0]
    return torch.zeros_like(at) if found is None else found


def layer_and_scores(net: nn.Module, images: Tensor, layer: str) -> tuple[Tensor, Tensor]:
    """Run a net once and return what a layer gave, and the net's own output.

    Args:
        net: the net.
        images: shape (n, c, h, w).
        layer: a name as in ``named_modules()``.

    Returns:
        The layer's output and the net's, both with their history.

    Raises:
        ArgumentError: no such layer, none that images pass through, or one that gives no single tensor.

    Example:
        >>> net = nn.Sequential(nn.ReLU(), nn.Flatten())
        >>> maps, scores = layer_and_scores(net, torch.tensor([[[[-1.0, 2.0]]]]), "0")
        >>> maps.shape, scores
        (torch.Size([1, 1, 1, 2]), tensor([[0., 2.]]))
    """
    if not isinstance(layer, str):
        raise ArgumentError(f"layer expects a name, got {layer!r} — named_modules() lists them")
    features(net, [layer])  # says clearly what is wrong with a name
    whole = nn.Sequential(net)  # so that the net itself has a name
    found = features(whole, [f"0.{layer}", "0"])(images)
    maps = found[f"0.{layer}"]
    if isinstance(maps, tuple):
        raise ArgumentError(
            f"images pass {len(maps)} times through the layer {layer!r}: choose one that they pass once"
        )
    if not isinstance(maps, Tensor):
        raise ArgumentError(
            f"the layer {layer!r} gives no tensor but a {type(maps).__name__}: choose another one"
        )
    return maps, found["0"]
