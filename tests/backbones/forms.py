"""How the tests of every net build it: slim enough for a CPU, with the structure left as it is."""

from typing import Any

import torch
from torch import Tensor, nn

from cnncourse import backbones
from cnncourse.backbones.densenet import DenseNet

# Widths that keep a training step of the image_size=32 form at a few milliseconds.
WIDTHS = {
    "lenet5": 1,
    "lenet5_1998": 1,
    "mobilenet_v3_small": 0.25,
    "resnext50_32x4d": 0.25,
    "rir": 0.2,
    "vgg19": 0.25,
    "wrn_28_10": 0.05,
}
RATES = {"vgg19": 5e-4, "squeezenet1_0": 1e-3, "squeezenet1_1": 1e-3, "plain44": 5e-3}


def width_of(name: str) -> float:
    """Return the width that the slim form of a net has."""
    if name in WIDTHS:
        return WIDTHS[name]
    if name.startswith(("resnet", "plain", "preact")) and name[-2:] in ("20", "32", "44", "56", "10"):
        return 0.5  # the CIFAR nets are narrow already
    return 0.125


def slim(name: str, **options: Any) -> backbones.Backbone:
    """Build the image_size=32 form of a net, slim, for four classes and seeded."""
    torch.manual_seed(0)
    return backbones.create(name, **{"num_classes": 4, "image_size": 32, "width": width_of(name), **options})


def pictures(net: backbones.Backbone, n: int = 8) -> Tensor:
    """Return n random pictures of the net's size and channels."""
    generator = torch.Generator().manual_seed(1)
    return torch.randn(n, net.in_channels, net.image_size, net.image_size, generator=generator)


def short(name: str) -> backbones.Backbone:
    """Build the slim form with fewer blocks: what repeats the block before it, shapes and all, is left out.

    Compilers see the same code as in the long net, and are done in a tenth of the time.
    """
    if name.startswith("densenet"):  # there no two layers have the same shapes
        net: backbones.Backbone = DenseNet((2, 2, 2, 2), num_classes=4, image_size=32, width=0.125)
    else:
        net = slim(name)
    for module in list(net.modules()):
        if isinstance(module, nn.Sequential | nn.ModuleList):
            previous = ""
            kept = []
            for child in module:
                again = any(True for _ in child.children()) and repr(child) == previous
                previous = repr(child)
                if not again:
                    kept.append(child)
            for number in reversed(range(len(module))):
                if module[number] not in kept:
                    del module[number]
    return net


def parameters(net: nn.Module) -> int:
    """Count the trained numbers."""
    return sum(parameter.numel() for parameter in net.parameters())
