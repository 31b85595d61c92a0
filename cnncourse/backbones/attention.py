"""Attention for feature maps: squeeze-and-excitation (which channels?) and CBAM (and which places?).

Papers: Hu et al., "Squeeze-and-Excitation Networks" (2018), 23.29 % top-1 error with SE-ResNet-50 where
ResNet-50 has 24.80 % (table 2); Woo et al., "CBAM: Convolutional Block Attention Module" (2018).
Idea: look at the whole map, give every channel (or place) a weight between 0 and 1, multiply. That is *soft*
attention: differentiable, learned with the rest.
"""

from typing import Any

import torch
from torch import Tensor, nn

from cnncourse.backbones.blocks import ConvNorm
from cnncourse.backbones.registry import register
from cnncourse.backbones.resnet import Bottleneck, ResNet


class SE(nn.Module):
    """Squeeze: one mean a channel. Excite: two small layers turn the means into one weight a channel.

    Args:
        channels: channels in and out.
        squeeze: channels between the two layers; None: channels // 16.
        gate: what bounds the weights; None: a sigmoid (MobileNet v3 has a hard one).

    Shapes: (n, channels, h, w) → the same.

    Example:
        >>> SE(32)(torch.ones(2, 32, 5, 5)).shape
        torch.Size([2, 32, 5, 5])

    Source: Hu et al. (2018), eq. 2 to 4. Introduced in chapter 17.
    """

    def __init__(self, channels: int, squeeze: int | None = None, *, gate: nn.Module | None = None) -> None:
        super().__init__()
        squeeze = squeeze or max(1, channels // 16)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc1 = nn.Conv2d(channels, squeeze, 1)  # a full layer, written as a 1×1 convolution on a 1×1 map
        self.relu = nn.ReLU()
        self.fc2 = nn.Conv2d(squeeze, channels, 1)
        self.gate = nn.Sigmoid() if gate is None else gate

    def forward(self, x: Tensor) -> Tensor:
        """Return the maps, each times its weight."""
        weights: Tensor = self.gate(self.fc2(self.relu(self.fc1(self.pool(x)))))  # (n, channels, 1, 1)
        return x * weights


class ChannelGate(nn.Module):
    """Weights for the channels, from their means *and* their maxima, through the same two layers.

    Args:
        channels: channels in and out.
        reduction: how many times narrower the middle is.

    Shapes: (n, channels, h, w) → the same.

    Example:
        >>> ChannelGate(32)(torch.ones(2, 32, 5, 5)).shape
        torch.Size([2, 32, 5, 5])

    Source: Woo et al. (2018), eq. 2. Introduced in chapter 17.
    """

    def __init__(self, channels: int, reduction: int = 16) -> None:
        super().__init__()
        middle = max(1, channels // reduction)
        self.mean, self.maximum = nn.AdaptiveAvgPool2d(1), nn.AdaptiveMaxPool2d(1)
        self.mlp = nn.Sequential(nn.Conv2d(channels, middle, 1), nn.ReLU(), nn.Conv2d(middle, channels, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Return the maps, each times its weight."""
        return x * torch.sigmoid(self.mlp(self.mean(x)) + self.mlp(self.maximum(x)))


class SpatialGate(nn.Module):
    """Weights for the places, from the mean and the maximum over the channels, by a 7×7 convolution.

    Shapes: (n, c, h, w) → the same.

    Example:
        >>> SpatialGate()(torch.ones(2, 8, 5, 5)).shape
        torch.Size([2, 8, 5, 5])

    Source: Woo et al. (2018), eq. 3. Introduced in chapter 17.
    """

    def __init__(self) -> None:
        super().__init__()
        self.conv = ConvNorm(2, 1, 7, activation=nn.Sigmoid())

    def forward(self, x: Tensor) -> Tensor:
        """Return the maps, each place times its weight."""
        views = torch.cat([x.amax(1, keepdim=True), x.mean(1, keepdim=True)], 1)  # (n, 2, h, w)
        weights: Tensor = self.conv(views)  # (n, 1, h, w)
        return x * weights


class CBAM(nn.Sequential):
    """First the channels, then the places.

    Args:
        channels: channels in and out.

    Shapes: (n, channels, h, w) → the same.

    Example:
        >>> CBAM(64)(torch.ones(2, 64, 5, 5)).shape
        torch.Size([2, 64, 5, 5])

    Source: Woo et al. (2018), eq. 1. Introduced in chapter 17.
    """

    def __init__(self, channels: int) -> None:
        super().__init__(ChannelGate(channels), SpatialGate())


@register("se_resnet50")
def se_resnet50(**options: Any) -> ResNet:
    """Build ResNet-50 with SE in every block: 28,088,024 parameters, the count of timm and pytorchcv."""
    return ResNet(Bottleneck, (3, 4, 6, 3), attention=SE, **options)


@register("cbam_resnet50")
def cbam_resnet50(**options: Any) -> ResNet:
    """Build ResNet-50 with CBAM in every block: 28,089,624 parameters, the count of pytorchcv."""
    return ResNet(Bottleneck, (3, 4, 6, 3), attention=CBAM, **options)
