"""DenseNet: every layer reads the maps of all layers before it in its block.

Paper: Huang, Liu, van der Maaten & Weinberger, "Densely Connected Convolutional Networks" (2017).
Ideas: stack (concatenate) instead of add, so that features are reused, not re-learned; each layer adds only
k = 32 new maps (the growth rate); 1×1 bottlenecks and halving transitions keep the stack small ("BC").
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from cnncourse.backbones.base import Backbone, flat, kaiming, scaled
from cnncourse.backbones.registry import register


class DenseLayer(nn.Module):
    """BN → ReLU → 1×1 to 4k maps → BN → ReLU → 3×3 to k maps; the k maps are stacked onto the input.

    Args:
        in_channels: channels in.
        growth: k, the maps that the layer adds.
        dropout: after the 3×3 convolution.

    Shapes: (n, in_channels, h, w) → (n, in_channels + growth, h, w).

    Example:
        >>> DenseLayer(64, 32)(torch.zeros(1, 64, 7, 7)).shape
        torch.Size([1, 96, 7, 7])

    Source: Huang et al. (2017), section 3, "Bottleneck layers". Introduced in chapter 13.
    """

    def __init__(self, in_channels: int, growth: int, *, dropout: float = 0.0) -> None:
        super().__init__()
        self.norm1 = nn.BatchNorm2d(in_channels)
        self.relu1 = nn.ReLU()
        self.conv1 = nn.Conv2d(in_channels, 4 * growth, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(4 * growth)
        self.relu2 = nn.ReLU()
        self.conv2 = nn.Conv2d(4 * growth, growth, 3, padding=1, bias=False)
        self.dropout = nn.Dropout(dropout) if dropout else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """Return the input with the new maps stacked behind it."""
        new = self.conv1(self.relu1(self.norm1(x)))
        new = self.conv2(self.relu2(self.norm2(new)))
        return torch.cat([x, self.dropout(new)], 1)


def transition(in_channels: int, channels: int) -> nn.Sequential:
    """Build what stands between two dense blocks: BN → ReLU → 1×1 (half the channels) → 2×2 average pooling.

    Args:
        in_channels: channels in.
        channels: channels out.

    Example:
        >>> transition(256, 128)(torch.zeros(1, 256, 8, 8)).shape
        torch.Size([1, 128, 4, 4])

    Source: Huang et al. (2017), section 3, "Pooling layers" and "Compression". Introduced in chapter 13.
    """
    return nn.Sequential(
        nn.BatchNorm2d(in_channels),
        nn.ReLU(),
        nn.Conv2d(in_channels, channels, 1, bias=False),
        nn.AvgPool2d(2),
    )


class DenseNet(Backbone):
    """A stem, four dense blocks with transitions between them, a last BN → ReLU, pooling, one full layer.

    Args:
        depths: dense layers in each of the four blocks.
        growth: k, the maps that each layer adds.
        num_classes: classes.
        in_channels: channels of the images.
        image_size: pixels. 64 and below: 3×3 stride-1 stem without pooling; 32 pixels give maps of 32, 16,
            8, 4.
        width: factor for the growth rate and the stem.
        dropout: after each 3×3 convolution.

    Shapes: (n, in_channels, h, w) → logits (n, num_classes).

    Example:
        >>> DenseNet((2, 2, 2, 2), image_size=32, width=0.25)(torch.zeros(2, 3, 32, 32)).shape
        torch.Size([2, 1000])

    Source: Huang et al. (2017), table 1. Introduced in chapter 13.
    """

    def __init__(
        self,
        depths: Sequence[int],
        *,
        growth: int = 32,
        num_classes: int = 1000,
        in_channels: int = 3,
        image_size: int = 224,
        width: float = 1,
        dropout: float = 0.0,
    ) -> None:
        small = image_size <= 64
        super().__init__(
            num_classes=num_classes,
            in_channels=in_channels,
            image_size=image_size,
            min_size=8 if small else 29,
            min_size_alone=16 if small else 61,
        )
        channels, growth = scaled(2 * growth, width), scaled(growth, width)
        form = (3, 1, 1) if small else (7, 2, 3)
        self.stem = nn.Sequential(
            nn.Conv2d(in_channels, channels, *form, bias=False),  # (n, 64, 112, 112)
            nn.BatchNorm2d(channels),
            nn.ReLU(),
            nn.Identity() if small else nn.MaxPool2d(3, 2, padding=1),  # (n, 64, 56, 56)
        )
        stages: list[nn.Module] = []
        for number, depth in enumerate(depths):
            if number > 0:
                stages.append(transition(channels, channels // 2))
                channels //= 2
            layers = [DenseLayer(channels + i * growth, growth, dropout=dropout) for i in range(depth)]
            stages.append(nn.Sequential(*layers))
            channels += depth * growth
        self.stages = nn.Sequential(*stages)
        self.norm = nn.BatchNorm2d(channels)
        self.relu = nn.ReLU()
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(channels, num_classes)
        kaiming(self)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits, shape (n, num_classes)."""
        self.check(x)
        x = self.stages(self.stem(x))  # DenseNet-121: (n, 1024, 7, 7)
        x = self.pool(self.relu(self.norm(x)))
        logits: Tensor = self.fc(flat(x))
        return logits


@register("densenet121")
def densenet121(**options: Any) -> DenseNet:
    """Build DenseNet-121: 7,978,856 parameters, 2.8 G MACs; top-1 error 25.02 % in the paper."""
    return DenseNet((6, 12, 24, 16), **options)


@register("densenet169")
def densenet169(**options: Any) -> DenseNet:
    """Build DenseNet-169: 14,149,480 parameters, 3.4 G MACs; top-1 error 23.80 % in the paper."""
    return DenseNet((6, 12, 32, 32), **options)


@register("densenet201")
def densenet201(**options: Any) -> DenseNet:
    """Build DenseNet-201: 20,013,928 parameters, 4.3 G MACs; top-1 error 22.58 % in the paper."""
    return DenseNet((6, 12, 48, 32), **options)
