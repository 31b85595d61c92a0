"""SqueezeNet: AlexNet's accuracy with fifty times fewer parameters.

Paper: Iandola et al., "SqueezeNet: AlexNet-level accuracy with 50x fewer parameters and <0.5MB model size"
(2016).
Ideas: replace 3×3 by 1×1 where you can; squeeze the channels before the 3×3 that remain; shrink the maps
late; no full layer at the end.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from cnncourse.backbones.base import Backbone, flat, kaiming, scaled
from cnncourse.backbones.registry import register

# (squeeze, expand) of the eight fire modules; "pool" halves the maps.
PLAN_1_0 = (
    (16, 64),
    (16, 64),
    (32, 128),
    "pool",
    (32, 128),
    (48, 192),
    (48, 192),
    (64, 256),
    "pool",
    (64, 256),
)
PLAN_1_1 = (
    (16, 64),
    (16, 64),
    "pool",
    (32, 128),
    (32, 128),
    "pool",
    (48, 192),
    (48, 192),
    (64, 256),
    (64, 256),
)


class Fire(nn.Module):
    """Squeeze by 1×1, then expand by 1×1 and 3×3 side by side.

    Args:
        in_channels: channels in.
        squeeze: channels after the first 1×1.
        expand: channels of each of the two expanding convolutions.

    Shapes: (n, in_channels, h, w) → (n, 2·expand, h, w).

    Example:
        >>> Fire(96, 16, 64)(torch.zeros(1, 96, 5, 5)).shape
        torch.Size([1, 128, 5, 5])

    Source: Iandola et al. (2016), figure 1. Introduced in chapter 14.
    """

    def __init__(self, in_channels: int, squeeze: int, expand: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(in_channels, squeeze, 1)
        self.relu = nn.ReLU()
        self.expand1 = nn.Conv2d(squeeze, expand, 1)
        self.relu1 = nn.ReLU()
        self.expand3 = nn.Conv2d(squeeze, expand, 3, padding=1)
        self.relu3 = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        """Return the two expanded maps, stacked."""
        x = self.relu(self.squeeze(x))
        return torch.cat([self.relu1(self.expand1(x)), self.relu3(self.expand3(x))], 1)


class SqueezeNet(Backbone):
    """A convolution, eight fire modules, a 1×1 convolution to the classes, global average pooling.

    Args:
        stem: filters and kernel size of the first convolution.
        plan: (squeeze, expand) of each fire module, and "pool".
        num_classes: classes.
        in_channels: channels of the images.
        image_size: pixels. 64 and below: 3×3 stride-1 stem without pooling; 32 pixels give maps of 32, 16, 8.
        width: factor for all channels.
        dropout: before the last convolution.

    Shapes: (n, in_channels, h, w) → logits (n, num_classes).

    Example:
        >>> SqueezeNet((64, 3), PLAN_1_1, image_size=32, width=0.5)(torch.zeros(2, 3, 32, 32)).shape
        torch.Size([2, 1000])

    Source: Iandola et al. (2016), table 1. Introduced in chapter 14.
    """

    def __init__(
        self,
        stem: tuple[int, int],
        plan: Sequence[tuple[int, int] | str],
        *,
        num_classes: int = 1000,
        in_channels: int = 3,
        image_size: int = 224,
        width: float = 1,
        dropout: float = 0.5,
    ) -> None:
        small = image_size <= 64
        filters, kernel = stem
        super().__init__(
            num_classes=num_classes,
            in_channels=in_channels,
            image_size=image_size,
            min_size=4 if small else kernel + 14,
        )
        channels = scaled(filters, width)
        layers: list[nn.Module] = [
            nn.Conv2d(in_channels, channels, 3, padding=1)
            if small
            else nn.Conv2d(in_channels, channels, kernel, 2),
            nn.ReLU(),
            nn.Identity() if small else nn.MaxPool2d(3, 2, ceil_mode=True),
        ]
        for step in plan:
            if isinstance(step, str):
                layers.append(nn.MaxPool2d(3, 2, ceil_mode=True))
            else:
                squeeze, expand = (scaled(count, width) for count in step)
                layers.append(Fire(channels, squeeze, expand))
                channels = 2 * expand
        self.features = nn.Sequential(*layers)  # (n, 512, 13, 13)
        last = nn.Conv2d(channels, num_classes, 1)
        self.classifier = nn.Sequential(nn.Dropout(dropout), last, nn.ReLU(), nn.AdaptiveAvgPool2d(1))
        kaiming(self)
        nn.init.normal_(last.weight, std=0.01)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits, shape (n, num_classes); none is below zero, for a ReLU stands before the mean."""
        self.check(x)
        return flat(self.classifier(self.features(x)))


@register("squeezenet1_0")
def squeezenet1_0(**options: Any) -> SqueezeNet:
    """Build SqueezeNet 1.0: 1,248,424 parameters, 0.8 G MACs; top-1 error 42.5 % in the paper."""
    return SqueezeNet((96, 7), PLAN_1_0, **options)


@register("squeezenet1_1")
def squeezenet1_1(**options: Any) -> SqueezeNet:
    """Build SqueezeNet 1.1: 1,235,496 parameters, 0.35 G MACs, the same accuracy: it pools earlier."""
    return SqueezeNet((64, 3), PLAN_1_1, **options)
