"""Folding: a trained batch norm becomes a part of the convolution in front of it."""

import copy
from collections import Counter
from collections.abc import Callable

import torch
from torch import Tensor, nn

from cnncourse.errors import ArgumentError


def fold_conv(conv: nn.Conv2d, norm: nn.BatchNorm2d) -> nn.Conv2d:
    """Make one convolution that does what a convolution and its batch norm do in evaluation.

    There the norm is a multiplication and an addition for each channel, and so is what follows a filter:
    weight · γ/σ, and (bias − mean) · γ/σ + β, where σ = √(running variance + eps).

    Args:
        conv: the convolution, with or without a bias.
        norm: the batch norm behind it.

    Returns:
        A new convolution with a bias; the two layers stay as they are.

    Raises:
        ArgumentError: the norm has no running statistics, or another number of channels.

    Example:
        >>> pair = nn.Sequential(nn.Conv2d(1, 2, 3, bias=False), nn.BatchNorm2d(2)).eval()
        >>> x = torch.ones(1, 1, 4, 4)
        >>> torch.allclose(fold_conv(*pair)(x), pair(x), atol=1e-6)
        True

    Introduced in chapter 08.

    Source: Jacob et al., Quantization and training of neural networks (2018), section 3.2.
    """
    mean, var = norm.running_mean, norm.running_var
    if mean is None or var is None:
        raise ArgumentError(
            "fold_conv expects a norm with running statistics, got one with "
            "track_running_stats=False — it needs the batch, so it cannot be folded"
        )
    if norm.num_features != conv.out_channels:
        raise ArgumentError(
            f"the convolution gives {conv.out_channels} channels, the norm expects {norm.num_features}"
        )
    scale = torch.rsqrt(var + norm.eps)
    shift = -mean * scale
    if norm.affine:
        scale, shift = scale * norm.weight, shift * norm.weight + norm.bias
    folded = copy.deepcopy(conv)
    with torch.no_grad():
        folded.weight.mul_(scale[:, None, None, None])
        old = shift if conv.bias is None else shift + conv.bias * scale
        folded.bias = nn.Parameter(old.detach().clone())
    return folded


def fold_net(model: nn.Module, example: Tensor) -> nn.Module:
    """Fold every batch norm of a net that follows a convolution directly, wherever the two stand.

    The net runs once, and what counts is which output becomes which input, not the order of definition.
    Others stay, such as the norm *in front of* a convolution: its shift would have to reach into the
    padding. In the end both nets are asked about the example, and must agree.

    Args:
        model: a net in evaluation mode.
        example: an input that it takes, such as two pictures, shape (n, c, h, w).

    Returns:
        A new net in which folded norms have become ``nn.Identity``; the old one stays as it is.

    Raises:
        ArgumentError: the net is in training mode, or a convolution that was folded is read by something
            other than its norm, so that the two nets differ.

    Example:
        >>> net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU()).eval()
        >>> [type(layer).__name__ for layer in fold_net(net, torch.ones(1, 1, 4, 4))]
        ['Conv2d', 'Identity', 'ReLU']

    Introduced in chapter 08.

    Source: Jacob et al., Quantization and training of neural networks (2018), section 3.2.
    """
    if model.training:
        raise ArgumentError(
            "fold_net expects a net in evaluation mode, where the statistics stand still — call model.eval()"
        )
    folded = copy.deepcopy(model)
    for conv_name, norm_name in _pairs(folded, example):
        conv, norm = folded.get_submodule(conv_name), folded.get_submodule(norm_name)
        assert isinstance(conv, nn.Conv2d)
        assert isinstance(norm, nn.BatchNorm2d)
        folded.set_submodule(conv_name, fold_conv(conv, norm))
        folded.set_submodule(norm_name, nn.Identity())
    with torch.no_grad():
        before, after = model(example), folded(example)
    if not torch.allclose(before, after, rtol=1e-3, atol=1e-3 * float(before.abs().max())):
        raise ArgumentError(
            "the folded net gives other numbers: the output of a convolution is read by something other than "
            "its batch norm — fold the pairs that may be folded one by one with fold_conv"
        )
    return folded


def _pairs(model: nn.Module, example: Tensor) -> list[tuple[str, str]]:
    """The names of each convolution and the norm that reads its output, where both are used once."""
    calls: Counter[str] = Counter()
    made: dict[int, tuple[str, Tensor]] = {}  # the tensor is kept alive, so that its id is not given again
    read: list[tuple[str, str]] = []

    def watch(name: str) -> Callable[[nn.Module, tuple[Tensor, ...], Tensor], None]:
        def hook(layer: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
            calls[name] += 1
            if isinstance(layer, nn.Conv2d):
                made[id(output)] = (name, output)
            elif layer.running_mean is not None and id(inputs[0]) in made:
                read.append((made[id(inputs[0])][0], name))

        return hook

    kinds = (nn.Conv2d, nn.BatchNorm2d)
    layers = [(name, layer) for name, layer in model.named_modules() if isinstance(layer, kinds)]
    handles = [layer.register_forward_hook(watch(name)) for name, layer in layers]
    try:
        with torch.no_grad():
            model(example)
    finally:
        for handle in handles:
            handle.remove()
    return [(conv, norm) for conv, norm in read if calls[conv] == calls[norm] == 1]
