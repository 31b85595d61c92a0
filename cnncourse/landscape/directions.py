"""Directions in the space of a net's weights, as long as the weights themselves, filter by filter."""

import torch
from torch import Tensor, nn

Direction = dict[str, Tensor]
"""One tensor for each parameter of a net, under the parameter's name and of its shape."""


def filter_direction(model: nn.Module, generator: torch.Generator | None = None) -> Direction:
    r"""Draw a direction at random, and give each filter of it the length of the net's own filter.

    $d_{i,j} \leftarrow \frac{d_{i,j}}{\lVert d_{i,j} \rVert} \lVert w_{i,j} \rVert$ for filter j of layer i.
    Behind a batch normalisation a filter ten times as long computes the same, but a step of length 1 moves it
    a tenth as far. With this normalisation a step means the same in both, so surfaces can be compared.

    Args:
        model: the net; it is not changed.
        generator: where the numbers come from; None: torch's own.

    Returns:
        A tensor for each parameter. A row of a linear layer counts as a filter. Biases, and the scales and
        shifts of normalisations, stay where they are: their part of the direction is zero.

    Example:
        >>> layer = nn.Linear(3, 2)
        >>> direction = filter_direction(layer, torch.Generator().manual_seed(0))
        >>> torch.allclose(direction["weight"].norm(dim=1), layer.weight.norm(dim=1))
        True
        >>> direction["bias"]
        tensor([0., 0.])

    Source: Li, Xu, Taylor, Studer & Goldstein, Visualizing the Loss Landscape of Neural Nets (2018), eq. 1.
    Introduced in chapter 13.
    """
    direction = {}
    for name, parameter in model.named_parameters():
        weight = parameter.detach()
        if weight.ndim < 2:
            direction[name] = torch.zeros_like(weight)
            continue
        drawn = torch.randn(weight.shape, generator=generator).to(weight)
        rows, own = drawn.flatten(1), weight.flatten(1)
        scale = own.norm(dim=1, keepdim=True) / rows.norm(dim=1, keepdim=True)
        direction[name] = (rows * scale).view_as(weight)
    return direction
