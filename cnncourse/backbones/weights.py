"""Carry torchvision's weights over, and take layers out of a net.

The mapping is one sentence: *our nets hold their parameters in torchvision's order, under names of their
own.* So the first tensor of theirs is the first of ours, and so on; the shapes and the last word of each
name are checked. Tensors of auxiliary heads are left out unless the net has them.
"""

import os
from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from cnncourse.backbones.base import Backbone
from cnncourse.backbones.registry import create
from cnncourse.errors import ArgumentError, ShapeError


def renamed(model: nn.Module, state_dict: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Give the tensors of torchvision's net our names.

    Args:
        model: our net of the same architecture.
        state_dict: torchvision's.

    Returns:
        A state dict for ``model.load_state_dict``. Counters ``num_batches_tracked`` that old files lack are
        zero.

    Raises:
        ShapeError: the number of tensors or a shape differs.

    Example:
        >>> import torchvision
        >>> from cnncourse import backbones
        >>> theirs = torchvision.models.squeezenet1_1().state_dict()
        >>> list(renamed(backbones.create("squeezenet1_1"), theirs))[0]
        'features.0.weight'

    Introduced in chapter 11.
    """
    ours = {k: v for k, v in model.state_dict().items() if not k.endswith("num_batches_tracked")}
    aux = any("aux" in key.lower() for key in ours)
    theirs = {
        key: value
        for key, value in state_dict.items()
        if not key.endswith("num_batches_tracked") and (aux or "aux" not in key.lower())
    }
    if len(ours) != len(theirs):
        raise ShapeError(f"expected {len(ours)} tensors, but got {len(theirs)}: is it the same architecture?")
    result = dict(model.state_dict())
    for (name, mine), (key, value) in zip(ours.items(), theirs.items(), strict=True):
        if mine.shape != value.shape or name.rpartition(".")[2] != key.rpartition(".")[2]:
            raise ShapeError(f"{name} has shape {tuple(mine.shape)}, but {key} has {tuple(value.shape)}")
        result[name] = value
    return result


def from_torchvision(name: str, state_dict: Mapping[str, Tensor] | nn.Module, **options: Any) -> Backbone:
    """Build one of our nets with the weights of torchvision's net of the same name.

    Works for ``torchvision.models.get_model(name).state_dict()`` and for the pretrained files. (The
    pretrained GoogLeNet and Inception v3 expect images in −1 … 1: torchvision wraps them with
    ``transform_input=True``.)

    Args:
        name: of both nets, such as "resnet18".
        state_dict: torchvision's, or the net itself that has it; a checkpoint that holds it under the name
            "state_dict" will do.
        **options: for ``create``; the number of classes is read from the last tensor.

    Returns:
        The net, with the weights' dtype, in train mode.

    Raises:
        ArgumentError: unknown name or option, or something that is no state dict.
        ShapeError: the tensors are those of another architecture.

    Example:
        >>> import torchvision
        >>> net = from_torchvision("squeezenet1_1", torchvision.models.squeezenet1_1().state_dict())
        >>> net.num_classes
        1000

    Introduced in chapter 11.
    """
    state_dict = _tensors_of(state_dict)
    tensors = [value for value in state_dict.values() if value.is_floating_point()]
    if not tensors:
        raise ArgumentError("the state dict holds no weights: pass torchvision.models.…().state_dict()")
    model = create(name, **{"num_classes": tensors[-1].shape[0], **options})
    model.to(tensors[-1].dtype)
    model.load_state_dict(renamed(model, state_dict))
    return model


def _tensors_of(given: object) -> Mapping[str, Tensor]:
    """Find the weights in what somebody holds for them."""
    if isinstance(given, nn.Module):
        return given.state_dict()
    for key in ("state_dict", "model"):
        if isinstance(given, Mapping) and isinstance(given.get(key), Mapping):
            given = given[key]
    if isinstance(given, str | os.PathLike):
        raise ArgumentError(
            f"state_dict expects the weights, got the path {str(given)!r} — read it with torch.load(path, "
            "weights_only=True)"
        )
    if not isinstance(given, Mapping):
        raise ArgumentError(f"state_dict expects names and tensors, got a {type(given).__name__}")
    for name, value in given.items():
        if not isinstance(value, Tensor):
            raise ArgumentError(
                f"state_dict expects a tensor for each name, got a {type(value).__name__} for {name!r}"
            )
    return given
