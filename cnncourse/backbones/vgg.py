"""VGG: nothing but 3×3 convolutions, five stages, twice the channels after each pooling.

Paper: Simonyan & Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition" (2015).
Idea: two 3×3 layers see 5×5 pixels, three see 7×7, with fewer weights and more ReLUs; so stack them, and go
deep. Trained with learning rate 10⁻², divided by 10 three times; no LRN (the paper tried it once, it did
not help).
"""

from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn

from cnncourse.backbones.base import Backbone, flat, kaiming, scaled
from cnncourse.backbones.registry import register

STAGES = (64, 128, 256, 512, 512)  # filters of the five stages
DEPTHS = {  # convolutions in each stage: columns A, B, D and E of table 1
    11: (1, 1, 2, 2, 2),
    13: (2, 2, 2, 2, 2),
    16: (2, 2, 3, 3, 3),
    19: (2, 2, 4, 4, 4),
}


class VGG(Backbone):
    """``[(3×3 conv → BN? → ReLU) × N → 2×2 pool] × 5``, then three full layers.

    Args:
        depths: convolutions in each of the five stages.
        norm: batch normalisation after each convolution (not in the paper).
        num_classes: classes.
        in_channels: channels of the images.
        image_size: pixels. 64 and below: the last map is averaged to 1×1, the hidden full layers have 512
            units, and the poolings keep an odd last row (so that 28-pixel images pass through five of them).
        width: factor for all channels and hidden units.
        dropout: probability of dropping a unit after the first two full layers.

    Shapes: (n, in_channels, h, w) → logits (n, num_classes).

    Example:
        >>> import torch
        >>> VGG(DEPTHS[11], image_size=32, width=0.125)(torch.zeros(2, 3, 32, 32)).shape
        torch.Size([2, 1000])

    Source: Simonyan & Zisserman (2015), table 1. Introduced in chapter 11.
    """

    def __init__(
        self,
        depths: Sequence[int],
        *,
        norm: bool = False,
        num_classes: int = 1000,
        in_channels: int = 3,
        image_size: int = 224,
        width: float = 1,
        dropout: float = 0.5,
    ) -> None:
        small = image_size <= 64
        super().__init__(
            num_classes=num_classes,
            in_channels=in_channels,
            image_size=image_size,
            min_size=1 if small else 32,
            min_size_alone=17 if small and norm else 0,
        )
        layers: list[nn.Module] = []
        channels = in_channels
        for filters, depth in zip(STAGES, depths, strict=True):
            for _ in range(depth):
                layers.append(nn.Conv2d(channels, scaled(filters, width), 3, padding=1))
                channels = scaled(filters, width)
                layers += [nn.BatchNorm2d(channels)] if norm else []
                layers.append(nn.ReLU())
            layers.append(nn.MaxPool2d(2, ceil_mode=small))
        self.features = nn.Sequential(*layers)  # (n, 512, 7, 7)
        side, hidden = (1, scaled(512, width)) if small else (7, scaled(4096, width))
        self.pool = nn.AdaptiveAvgPool2d(side)
        self.classifier = nn.Sequential(
            nn.Linear(channels * side * side, hidden),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(hidden, hidden),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(hidden, num_classes),
        )
        kaiming(self.features)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits, shape (n, num_classes)."""
        self.check(x)
        x = self.pool(self.features(x))
        logits: Tensor = self.classifier(flat(x))
        return logits


@register("vgg11")
def vgg11(**options: Any) -> VGG:
    """Build VGG-11 (column A): 132,863,336 parameters, 7.6 G MACs; top-5 error 10.4 % in the paper."""
    return VGG(DEPTHS[11], **options)


@register("vgg13")
def vgg13(**options: Any) -> VGG:
    """Build VGG-13 (column B): 133,047,848 parameters, 11.3 G MACs; top-5 error 9.9 % in the paper."""
    return VGG(DEPTHS[13], **options)


@register("vgg16")
def vgg16(**options: Any) -> VGG:
    """Build VGG-16 (column D): 138,357,544 parameters, 15.5 G MACs; top-5 error 8.8 % in the paper."""
    return VGG(DEPTHS[16], **options)


@register("vgg19")
def vgg19(**options: Any) -> VGG:
    """Build VGG-19 (column E): 143,667,240 parameters, 19.6 G MACs; top-5 error 9.0 % in the paper."""
    return VGG(DEPTHS[19], **options)


@register("vgg11_bn")
def vgg11_bn(**options: Any) -> VGG:
    """Build VGG-11 with batch normalisation: 132,868,840 parameters."""
    return VGG(DEPTHS[11], norm=True, **options)


@register("vgg13_bn")
def vgg13_bn(**options: Any) -> VGG:
    """Build VGG-13 with batch normalisation: 133,053,736 parameters."""
    return VGG(DEPTHS[13], norm=True, **options)


@register("vgg16_bn")
def vgg16_bn(**options: Any) -> VGG:
    """Build VGG-16 with batch normalisation: 138,365,992 parameters."""
    return VGG(DEPTHS[16], norm=True, **options)


@register("vgg19_bn")
def vgg19_bn(**options: Any) -> VGG:
    """Build VGG-19 with batch normalisation: 143,678,248 parameters."""
    return VGG(DEPTHS[19], norm=True, **options)
