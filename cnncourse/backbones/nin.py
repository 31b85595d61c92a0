"""Network in Network: a small network slides over the image, and no full layer follows.

Paper: Lin, Chen & Yan, "Network In Network" (2014).
Ideas: 1×1 convolutions after each large one ("mlpconv": a little perceptron at every pixel), and global
average
pooling: one map a class, its mean is the logit. No weights there, nothing to over-fit, any image size.
"""

from torch import Tensor, nn

from cnncourse.backbones.base import Backbone, flat, kaiming, scaled
from cnncourse.backbones.registry import register


def mlpconv(
    in_channels: int, filters: tuple[int, int, int], kernel_size: int, stride: int = 1, padding: int = 0
) -> nn.Sequential:
    """Build a convolution followed by two 1×1 convolutions, a ReLU after each.

    Args:
        in_channels: channels in.
        filters: channels after each of the three convolutions.
        kernel_size: of the first convolution, in pixels.
        stride: of the first convolution.
        padding: of the first convolution.

    Example:
        >>> import torch
        >>> mlpconv(3, (8, 6, 4), 5, padding=2)(torch.zeros(1, 3, 9, 9)).shape
        torch.Size([1, 4, 9, 9])

    Source: Lin et al. (2014), eq. 2. Introduced in chapter 11.
    """
    first, second, third = filters
    return nn.Sequential(
        nn.Conv2d(in_channels, first, kernel_size, stride, padding),
        nn.ReLU(),
        nn.Conv2d(first, second, 1),
        nn.ReLU(),
        nn.Conv2d(second, third, 1),
        nn.ReLU(),
    )


@register("nin")
class NiN(Backbone):
    """Three mlpconv blocks and global average pooling (CIFAR); a fourth block for large images.

    966,986 parameters, 222 M MACs for CIFAR-10, as in the authors' Caffe model; 10.41 % error without
    augmentation, 8.81 % with it. From 65 pixels on it is the authors' ImageNet model, 7,595,176 parameters
    for 1000 classes.

    Args:
        num_classes: classes.
        in_channels: channels of the images.
        image_size: pixels.
        width: factor for all channels.
        dropout: probability of dropping a value between the blocks.

    Shapes: (n, in_channels, h, w) → logits (n, num_classes).

    Example:
        >>> sum(parameter.numel() for parameter in NiN().parameters())
        966986

    Source: Lin et al. (2014), figure 4; filters from the authors' published models. Introduced in chapter 11.
    """

    def __init__(
        self,
        num_classes: int = 10,
        in_channels: int = 3,
        image_size: int = 32,
        *,
        width: float = 1,
        dropout: float = 0.5,
    ) -> None:
        small = image_size <= 64
        super().__init__(
            num_classes=num_classes,
            in_channels=in_channels,
            image_size=image_size,
            min_size=4 if small else 39,
        )
        blocks = self._small if small else self._large
        self.features = nn.Sequential(*blocks(num_classes, in_channels, width, dropout))
        self.pool = nn.AdaptiveAvgPool2d(1)
        kaiming(self)

    @staticmethod
    def _small(classes: int, in_channels: int, width: float, dropout: float) -> list[nn.Module]:
        """Return the blocks for CIFAR: 32 → 16 → 8 pixels."""
        a, b, c = scaled(192, width), scaled(160, width), scaled(96, width)
        return [
            mlpconv(in_channels, (a, b, c), 5, padding=2),  # (n, 96, 32, 32)
            nn.MaxPool2d(3, 2, ceil_mode=True),
            nn.Dropout(dropout),
            mlpconv(c, (a, a, a), 5, padding=2),  # (n, 192, 16, 16)
            nn.AvgPool2d(3, 2, ceil_mode=True),
            nn.Dropout(dropout),
            mlpconv(a, (a, a, classes), 3, padding=1)[:-1],  # (n, classes, 8, 8), logits: no ReLU at the end
        ]

    @staticmethod
    def _large(classes: int, in_channels: int, width: float, dropout: float) -> list[nn.Module]:
        """Return the blocks for ImageNet: 224 → 54 → 27 → 13 → 6 pixels."""
        a, b, c, d = (scaled(filters, width) for filters in (96, 256, 384, 1024))
        return [
            mlpconv(in_channels, (a, a, a), 11, 4),  # (n, 96, 54, 54)
            nn.MaxPool2d(3, 2, ceil_mode=True),
            mlpconv(a, (b, b, b), 5, padding=2),  # (n, 256, 27, 27)
            nn.MaxPool2d(3, 2, ceil_mode=True),
            mlpconv(b, (c, c, c), 3, padding=1),  # (n, 384, 13, 13)
            nn.MaxPool2d(3, 2, ceil_mode=True),
            nn.Dropout(dropout),
            mlpconv(c, (d, d, classes), 3, padding=1)[:-1],  # (n, classes, 6, 6)
        ]

    def forward(self, x: Tensor) -> Tensor:
        """Return logits, shape (n, num_classes)."""
        self.check(x)
        x = self.features(x)
        return flat(self.pool(x))
