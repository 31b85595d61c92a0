"""MobileNet v3: inverted residuals, with squeeze-and-excitation and h-swish where a search said they pay.

Paper: Howard et al., "Searching for MobileNetV3" (2019). Large 75.2 %, small 67.4 % top-1.
Ideas: h-swish, x · ReLU6(x + 3)/6, a cheap x · sigmoid(x), in the deeper half; SE on the wide maps; a
trimmed head.
"""

from typing import Any

from torch import Tensor, nn

from cnncourse.backbones.attention import SE
from cnncourse.backbones.base import Backbone, flat, kaiming
from cnncourse.backbones.blocks import ConvNorm
from cnncourse.backbones.mobilenet import divisible
from cnncourse.backbones.registry import register

Row = tuple[int, int, int, bool, bool, int]
# Tables 1 and 2: kernel, channels in the middle, channels out, SE?, h-swish?, stride.
LARGE: tuple[Row, ...] = (
    (3, 16, 16, False, False, 1),
    (3, 64, 24, False, False, 2),
    (3, 72, 24, False, False, 1),
    (5, 72, 40, True, False, 2),
    (5, 120, 40, True, False, 1),
    (5, 120, 40, True, False, 1),
    (3, 240, 80, False, True, 2),
    (3, 200, 80, False, True, 1),
    (3, 184, 80, False, True, 1),
    (3, 184, 80, False, True, 1),
    (3, 480, 112, True, True, 1),
    (3, 672, 112, True, True, 1),
    (5, 672, 160, True, True, 2),
    (5, 960, 160, True, True, 1),
    (5, 960, 160, True, True, 1),
)
SMALL: tuple[Row, ...] = (
    (3, 16, 16, True, False, 2),
    (3, 72, 24, False, False, 2),
    (3, 88, 24, False, False, 1),
    (5, 96, 40, True, True, 2),
    (5, 240, 40, True, True, 1),
    (5, 240, 40, True, True, 1),
    (5, 120, 48, True, True, 1),
    (5, 144, 48, True, True, 1),
    (5, 288, 96, True, True, 2),
    (5, 576, 96, True, True, 1),
    (5, 576, 96, True, True, 1),
)


def brick(
    in_channels: int, channels: int, kernel: int, stride: int = 1, *, groups: int = 1, act: nn.Module
) -> ConvNorm:
    """Build a ConvNorm with the batch normalisation of the paper: eps 0.001, momentum 0.01.

    Example:
        >>> norm = brick(8, 8, 3, act=nn.ReLU()).norm
        >>> norm.eps, norm.momentum
        (0.001, 0.01)

    Source: Howard et al. (2019), section 6.1.1. Introduced in chapter 14.
    """
    return ConvNorm(
        in_channels, channels, kernel, stride, groups=groups, eps=1e-3, momentum=0.01, activation=act
    )


class InvertedResidualV3(nn.Module):
    """1×1 up, depthwise k×k, SE, 1×1 down without activation; the input is added where the shapes agree.

    Args:
        in_channels: channels in.
        middle: channels of the depthwise convolution; equal to in_channels: no first convolution.
        out_channels: channels out.
        kernel: of the depthwise convolution.
        stride: of the depthwise convolution.
        se: squeeze-and-excitation, to a quarter of the middle.
        hswish: h-swish in place of ReLU.

    Shapes: (n, in_channels, h, w) → (n, out_channels, h/stride, w/stride).

    Example:
        >>> import torch
        >>> InvertedResidualV3(16, 64, 24, kernel=3, stride=2)(torch.zeros(1, 16, 8, 8)).shape
        torch.Size([1, 24, 4, 4])

    Source: Howard et al. (2019), figure 4. Introduced in chapter 14.
    """

    def __init__(
        self,
        in_channels: int,
        middle: int,
        out_channels: int,
        *,
        kernel: int,
        stride: int = 1,
        se: bool = False,
        hswish: bool = False,
    ) -> None:
        super().__init__()
        act = nn.Hardswish if hswish else nn.ReLU
        layers: list[nn.Module] = []
        if middle != in_channels:
            layers.append(brick(in_channels, middle, 1, act=act()))
        layers.append(brick(middle, middle, kernel, stride, groups=middle, act=act()))
        if se:
            layers.append(SE(middle, divisible(middle // 4), gate=nn.Hardsigmoid()))
        layers.append(brick(middle, out_channels, 1, act=nn.Identity()))
        self.layers = nn.Sequential(*layers)
        self.shortcut = stride == 1 and in_channels == out_channels

    def forward(self, x: Tensor) -> Tensor:
        """Return F(x), or x + F(x)."""
        out: Tensor = self.layers(x)
        return x + out if self.shortcut else out


class MobileNetV3(Backbone):
    """A convolution, the rows of a table, a 1×1 convolution, pooling, two full layers.

    Args:
        rows: kernel, middle, channels out, SE?, h-swish?, stride of every block.
        last: units of the hidden full layer.
        num_classes: classes.
        in_channels: channels of the images.
        image_size: pixels. 64 and below: the first two strides are 1; 32 pixels give a last map of 4×4.
        width: the width multiplier of the paper.
        dropout: before the last layer.

    Shapes: (n, in_channels, h, w) → logits (n, num_classes).

    Example:
        >>> import torch
        >>> MobileNetV3(SMALL, 1024, image_size=32, width=0.35)(torch.zeros(2, 3, 32, 32)).shape
        torch.Size([2, 1000])

    Source: Howard et al. (2019), tables 1 and 2. Introduced in chapter 14.
    """

    def __init__(
        self,
        rows: tuple[Row, ...],
        last: int,
        *,
        num_classes: int = 1000,
        in_channels: int = 3,
        image_size: int = 224,
        width: float = 1,
        dropout: float = 0.2,
    ) -> None:
        small = image_size <= 64
        super().__init__(
            num_classes=num_classes,
            in_channels=in_channels,
            image_size=image_size,
            min_size_alone=9 if small else 33,
        )
        channels, hidden = divisible(16 * width), divisible(last * width)
        first = next(number for number, row in enumerate(rows) if row[-1] == 2)
        layers: list[nn.Module] = [brick(in_channels, channels, 3, 1 if small else 2, act=nn.Hardswish())]
        for number, (kernel, middle, out, se, hswish, stride) in enumerate(rows):
            step = 1 if small and number == first else stride
            wide, narrow = divisible(middle * width), divisible(out * width)
            layers.append(
                InvertedResidualV3(channels, wide, narrow, kernel=kernel, stride=step, se=se, hswish=hswish)
            )
            channels = narrow
        layers.append(brick(channels, 6 * channels, 1, act=nn.Hardswish()))
        self.features = nn.Sequential(*layers)  # large: (n, 960, 7, 7)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Sequential(
            nn.Linear(6 * channels, hidden),
            nn.Hardswish(),
            nn.Dropout(dropout),
            nn.Linear(hidden, num_classes),
        )
        kaiming(self)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits, shape (n, num_classes)."""
        self.check(x)
        logits: Tensor = self.classifier(flat(self.pool(self.features(x))))
        return logits


@register("mobilenet_v3_large")
def mobilenet_v3_large(**options: Any) -> MobileNetV3:
    """Build MobileNet v3 large: 5,483,032 parameters, 217 M MACs at 224; torchvision's net."""
    return MobileNetV3(LARGE, 1280, **options)


@register("mobilenet_v3_small")
def mobilenet_v3_small(**options: Any) -> MobileNetV3:
    """Build MobileNet v3 small: 2,542,856 parameters, 57 M MACs at 224; torchvision's net."""
    return MobileNetV3(SMALL, 1024, **options)
