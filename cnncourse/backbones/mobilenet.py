"""MobileNet v1 and v2: depthwise separable convolutions, then inverted residuals with linear bottlenecks.

Papers: Howard et al., "MobileNets: Efficient Convolutional Neural Networks for Mobile Vision Applications"
(2017); Sandler et al., "MobileNetV2: Inverted Residuals and Linear Bottlenecks" (2018).
Ideas: one 3×3 filter a channel, then 1×1 to mix them: eight to nine times fewer multiplications. v2: widen,
filter, narrow again; no ReLU on the narrow maps (it would destroy what little they hold), and the shortcut
joins the narrow ends.
"""

from torch import Tensor, nn

from cnncourse.backbones.base import Backbone, flat, kaiming, scaled
from cnncourse.backbones.blocks import ConvNorm
from cnncourse.backbones.registry import register

# v1, table 1: channels and stride of the thirteen separable layers.
V1 = ((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *((512, 1),) * 5, (1024, 2), (1024, 1))
# v2, table 2: expansion t, channels c, repetitions n, stride s of the first.
V2 = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)


def divisible(channels: float) -> int:
    """Round to a multiple of 8, but never down by more than a tenth: how MobileNet v2 and v3 scale channels.

    Args:
        channels: the wanted number.

    Example:
        >>> divisible(24 * 0.35), divisible(18)
        (8, 24)

    Source: the authors' published code. Introduced in chapter 14.
    """
    rounded = max(8, int(channels + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * channels else rounded


def separable(in_channels: int, out_channels: int, stride: int = 1) -> nn.Sequential:
    """Build a depthwise separable convolution: 3×3 on each channel alone, then 1×1 across the channels.

    Args:
        in_channels: channels in.
        out_channels: channels out.
        stride: of the depthwise convolution.

    Example:
        >>> import torch
        >>> separable(8, 16, 2)(torch.zeros(1, 8, 6, 6)).shape
        torch.Size([1, 16, 3, 3])

    Source: Howard et al. (2017), figure 3. Introduced in chapter 14.
    """
    return nn.Sequential(
        ConvNorm(in_channels, in_channels, 3, stride, groups=in_channels),
        ConvNorm(in_channels, out_channels, 1),
    )


@register("mobilenet_v1")
class MobileNetV1(Backbone):
    """A convolution and thirteen separable layers: 4,231,976 parameters, 569 M MACs at 224.

    "4.2 million" and "569 million" in the paper, 70.6 % top-1; the exact count is timm's ``mobilenetv1_100``.

    Args:
        num_classes: classes.
        in_channels: channels of the images.
        image_size: pixels. 64 and below: the first two strides are 1; 32 pixels give a last map of 4×4.
        width: α, the width multiplier of the paper (1, 0.75, 0.5, 0.25).

    Shapes: (n, in_channels, h, w) → logits (n, num_classes).

    Example:
        >>> import torch
        >>> MobileNetV1(image_size=32, width=0.25)(torch.zeros(2, 3, 32, 32)).shape
        torch.Size([2, 1000])

    Source: Howard et al. (2017), table 1. Introduced in chapter 14.
    """

    def __init__(
        self, num_classes: int = 1000, in_channels: int = 3, image_size: int = 224, *, width: float = 1
    ) -> None:
        small = image_size <= 64
        super().__init__(
            num_classes=num_classes,
            in_channels=in_channels,
            image_size=image_size,
            min_size_alone=9 if small else 33,
        )
        channels = scaled(32, width)
        layers: list[nn.Module] = [ConvNorm(in_channels, channels, 3, 1 if small else 2)]  # (n, 32, 112, 112)
        for number, (filters, stride) in enumerate(V1):
            step = 1 if small and number == 1 else stride
            layers.append(separable(channels, scaled(filters, width), step))
            channels = scaled(filters, width)
        self.features = nn.Sequential(*layers)  # (n, 1024, 7, 7)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(channels, num_classes)
        kaiming(self)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits, shape (n, num_classes)."""
        self.check(x)
        logits: Tensor = self.fc(flat(self.pool(self.features(x))))
        return logits


class InvertedResidual(nn.Module):
    """1×1 up by t, depthwise 3×3, 1×1 down without activation; the input is added where the shapes agree.

    Args:
        in_channels: channels in.
        out_channels: channels out.
        stride: of the depthwise convolution.
        expand: t, how many times wider the middle is; 1: no first convolution.

    Shapes: (n, in_channels, h, w) → (n, out_channels, h/stride, w/stride).

    Example:
        >>> import torch
        >>> InvertedResidual(24, 32, 2, expand=6)(torch.zeros(1, 24, 8, 8)).shape
        torch.Size([1, 32, 4, 4])

    Source: Sandler et al. (2018), table 1 and figure 4(d). Introduced in chapter 14.
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1, *, expand: int = 6) -> None:
        super().__init__()
        middle = in_channels * expand
        layers: list[nn.Module] = []
        if expand != 1:
            layers.append(ConvNorm(in_channels, middle, 1, activation=nn.ReLU6()))
        layers.append(ConvNorm(middle, middle, 3, stride, groups=middle, activation=nn.ReLU6()))
        layers.append(ConvNorm(middle, out_channels, 1, activation=nn.Identity()))  # the linear bottleneck
        self.layers = nn.Sequential(*layers)
        self.shortcut = stride == 1 and in_channels == out_channels

    def forward(self, x: Tensor) -> Tensor:
        """Return F(x), or x + F(x)."""
        out: Tensor = self.layers(x)
        return x + out if self.shortcut else out


@register("mobilenet_v2")
class MobileNetV2(Backbone):
    """A convolution, seventeen inverted residuals, a 1×1: 3,504,872 parameters, 301 M MACs at 224.

    torchvision's net; 72.0 % top-1 in the paper.

    Args:
        num_classes: classes.
        in_channels: channels of the images.
        image_size: pixels. 64 and below: the first two strides are 1; 32 pixels give a last map of 4×4.
        width: the width multiplier of the paper; it widens the last layer only above 1.
        dropout: before the last layer.

    Shapes: (n, in_channels, h, w) → logits (n, num_classes).

    Example:
        >>> import torch
        >>> MobileNetV2(image_size=32, width=0.35)(torch.zeros(2, 3, 32, 32)).shape
        torch.Size([2, 1000])

    Source: Sandler et al. (2018), table 2. Introduced in chapter 14.
    """

    def __init__(
        self,
        num_classes: int = 1000,
        in_channels: int = 3,
        image_size: int = 224,
        *,
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
        channels, last = divisible(32 * width), divisible(1280 * max(1, width))
        layers: list[nn.Module] = [
            ConvNorm(in_channels, channels, 3, 1 if small else 2, activation=nn.ReLU6())
        ]
        for stage, (expand, filters, repetitions, stride) in enumerate(V2):
            for number in range(repetitions):
                step = stride if number == 0 and not (small and stage == 1) else 1
                layers.append(InvertedResidual(channels, divisible(filters * width), step, expand=expand))
                channels = divisible(filters * width)
        layers.append(ConvNorm(channels, last, 1, activation=nn.ReLU6()))
        self.features = nn.Sequential(*layers)  # (n, 1280, 7, 7)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Sequential(nn.Dropout(dropout), nn.Linear(last, num_classes))
        kaiming(self)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits, shape (n, num_classes)."""
        self.check(x)
        logits: Tensor = self.classifier(flat(self.pool(self.features(x))))
        return logits
