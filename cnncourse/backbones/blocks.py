"""The brick that most nets are built of: convolution, batch normalisation, activation.

The families' own blocks (Inception modules, residual blocks, fire modules …) stand in the families' files.
"""

from typing import Any

import torch
from torch import Tensor, nn

from cnncourse.backbones.base import scaled

Pair = int | tuple[int, int]


class ConvNorm(nn.Module):
    """Convolution without bias, batch normalisation, activation.

    The bias would be pointless: batch normalisation subtracts the mean, and the bias with it.

    Args:
        in_channels: channels in.
        out_channels: channels out.
        kernel_size: pixels, or (height, width).
        stride: pixels.
        padding: zeros at each side; None: half the kernel, which keeps the size at stride 1.
        groups: groups of channels; in_channels makes it a depthwise convolution.
        eps: added to the variance.
        momentum: weight of a new batch in the running statistics.
        norm: False: no batch normalisation, and a bias in its place.
        activation: a fresh module; None: ReLU. nn.Identity() for none.

    Shapes: (n, in_channels, h, w) → (n, out_channels, h', w'), h' = (h + 2·padding − kernel)//stride + 1.

    Example:
        >>> ConvNorm(3, 8, (1, 7))(torch.zeros(2, 3, 9, 9)).shape
        torch.Size([2, 8, 9, 9])

    Source: Ioffe & Szegedy, Batch Normalization (2015), section 3.2. Introduced in chapter 12.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Pair,
        stride: int = 1,
        padding: Pair | None = None,
        *,
        groups: int = 1,
        eps: float = 1e-5,
        momentum: float = 0.1,
        norm: bool = True,
        activation: nn.Module | None = None,
    ) -> None:
        super().__init__()
        if padding is None:
            height, width = kernel_size if isinstance(kernel_size, tuple) else (kernel_size, kernel_size)
            padding = (height // 2, width // 2)
        self.conv = nn.Conv2d(
            in_channels, out_channels, kernel_size, stride, padding, groups=groups, bias=not norm
        )
        self.norm = nn.BatchNorm2d(out_channels, eps, momentum) if norm else nn.Identity()
        self.activation = nn.ReLU() if activation is None else activation

    def forward(self, x: Tensor) -> Tensor:
        """Return the activated maps."""
        x = self.activation(self.norm(self.conv(x)))
        return x


class Branches(nn.Module):
    """Send the same maps down several branches and stack what comes out along the channels.

    Args:
        *branches: modules whose outputs have the same height and width.

    Shapes: (n, c, h, w) → (n, c₁ + c₂ + …, h', w').

    Example:
        >>> Branches(nn.Conv2d(4, 2, 1), nn.Identity())(torch.zeros(1, 4, 5, 5)).shape
        torch.Size([1, 6, 5, 5])

    Source: Szegedy et al., Going Deeper with Convolutions (2015), figure 2. Introduced in chapter 12.
    """

    def __init__(self, *branches: nn.Module) -> None:
        super().__init__()
        self.branches = nn.ModuleList(branches)

    def forward(self, x: Tensor) -> Tensor:
        """Return the branches' maps, stacked."""
        return torch.cat([branch(x) for branch in self.branches], 1)


def chain(
    in_channels: int, *layers: tuple[Any, ...], width: float = 1, eps: float = 1e-3, norm: bool = True
) -> nn.Sequential:
    """Build one branch: ConvNorm after ConvNorm, written as in the figures of the Inception papers.

    Args:
        in_channels: channels in.
        *layers: (filters, kernel_size), optionally followed by stride and padding, as for ConvNorm.
        width: factor for the filters.
        eps: of the batch normalisations.
        norm: False: biases in place of the batch normalisations.

    Example:
        >>> chain(192, (64, 1), (96, 3), (96, 3, 2, 0))(torch.zeros(1, 192, 9, 9)).shape
        torch.Size([1, 96, 4, 4])

    Introduced in chapter 12.
    """
    bricks = []
    for filters, *form in layers:
        bricks.append(ConvNorm(in_channels, scaled(filters, width), *form, eps=eps, norm=norm))
        in_channels = scaled(filters, width)
    return nn.Sequential(*bricks)


def out_channels(module: nn.Module, in_channels: int) -> int:
    """Return how many channels come out of a module built of ConvNorm, Branches, Sequential and poolings.

    Args:
        module: the module.
        in_channels: channels that go in.

    Example:
        >>> out_channels(Branches(chain(8, (16, 1), (24, 3)), nn.MaxPool2d(3, 1, 1)), 8)
        32

    Introduced in chapter 12.
    """
    if isinstance(module, ConvNorm):
        return module.conv.out_channels
    if isinstance(module, Branches):
        return sum(out_channels(branch, in_channels) for branch in module.branches)
    if isinstance(module, nn.Sequential):
        for layer in module:
            in_channels = out_channels(layer, in_channels)
    return in_channels
