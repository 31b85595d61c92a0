"""Take the classifier off a net, so that another head can be put on."""

from torch import nn

from cnncourse.diagrams.trace import trace
from cnncourse.errors import ArgumentError


def trunk(net: nn.Module, input_size: tuple[int, int, int] | None = None) -> tuple[nn.Module, int]:
    """Put ``nn.Identity`` in the place of a net's last linear layer.

    Args:
        net: a net that ends in a linear layer; it is changed in place, its other weights stay.
        input_size: (channels, height, width) of an image; None: the net's own.

    Returns:
        The net, which now gives feature vectors (n, features), and the number of features.

    Raises:
        ArgumentError: the net ends in something else (NiN and SqueezeNet end in a convolution).

    Example:
        >>> import torch
        >>> from cnncourse import backbones, diagrams
        >>> net, features = trunk(backbones.create("resnet18", width=0.25, image_size=32))
        >>> features, net.eval()(torch.zeros(2, 3, 32, 32)).shape
        (128, torch.Size([2, 128]))

    Introduced in chapter 16.
    """
    last = trace(net, input_size)[-1]
    if last.kind != "linear":
        raise ArgumentError(
            f"{type(net).__name__} ends in {last.kind!r}, not in a linear layer: take its maps with "
            "diagrams.features instead"
        )
    layer = net.get_submodule(last.name)
    if layer is net or not isinstance(layer, nn.Linear):
        raise ArgumentError("a net of one linear layer has no trunk: pass a deeper one")
    parent, _, child = last.name.rpartition(".")
    setattr(net.get_submodule(parent), child, nn.Identity())
    return net, layer.in_features
