"""Darknet-53: the residual backbone of the YOLOv3 detector.

Paper: Redmon & Farhadi, "YOLOv3: An Incremental Improvement" (2018). 77.2 % top-1 at 256 pixels.
Idea: ResNet's shortcut around 1×1 → 3×3, no pooling at all, and three scales of maps for a detector to read.
"""

from torch import Tensor, nn

from cnncourse.backbones.base import Backbone, flat, kaiming, scaled
from cnncourse.backbones.blocks import ConvNorm
from cnncourse.backbones.registry import register

STAGES = ((64, 1), (128, 2), (256, 8), (512, 8), (1024, 4))  # channels, residual blocks


def leaky(in_channels: int, out_channels: int, kernel_size: int, stride: int = 1) -> ConvNorm:
    """Build a ConvNorm with LeakyReLU, slope 0.1.

    Example:
        >>> leaky(3, 8, 3).activation
        LeakyReLU(negative_slope=0.1)

    Source: the authors' published configuration. Introduced in chapter 15.
    """
    return ConvNorm(in_channels, out_channels, kernel_size, stride, activation=nn.LeakyReLU(0.1))


class DarknetBlock(nn.Module):
    """1×1 to half the channels, 3×3 back, plus the input; nothing after the sum.

    Args:
        channels: channels in and out.

    Shapes: (n, channels, h, w) → the same.

    Example:
        >>> import torch
        >>> DarknetBlock(64)(torch.zeros(1, 64, 8, 8)).shape
        torch.Size([1, 64, 8, 8])

    Source: Redmon & Farhadi (2018), table 1. Introduced in chapter 15.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.squeeze = leaky(channels, channels // 2, 1)
        self.expand = leaky(channels // 2, channels, 3)

    def forward(self, x: Tensor) -> Tensor:
        """Return x + F(x)."""
        out: Tensor = x + self.expand(self.squeeze(x))
        return out


@register("darknet53")
class Darknet53(Backbone):
    """52 convolutions in five stages, and a full layer: 41,609,928 parameters, 9.3 G MACs at 256.

    The count is that of timm's and pytorchcv's ``darknet53``. ``stage3``, ``stage4`` and ``stage5`` are
    what a detector reads (strides 8, 16, 32).

    Args:
        num_classes: classes.
        in_channels: channels of the images.
        image_size: pixels; the paper has 256. 64 and below: the first two strides are 1; 32 pixels give a
            last map of 4×4.
        width: factor for all channels.

    Shapes: (n, in_channels, h, w) → logits (n, num_classes).

    Example:
        >>> import torch
        >>> Darknet53(image_size=32, width=0.25)(torch.zeros(2, 3, 32, 32)).shape
        torch.Size([2, 1000])

    Source: Redmon & Farhadi (2018), table 1. Introduced in chapter 15.
    """

    def __init__(
        self, num_classes: int = 1000, in_channels: int = 3, image_size: int = 256, *, width: float = 1
    ) -> None:
        small = image_size <= 64
        super().__init__(
            num_classes=num_classes,
            in_channels=in_channels,
            image_size=image_size,
            min_size_alone=9 if small else 33,
        )
        channels = scaled(32, width)
        self.stem = leaky(in_channels, channels, 3)  # (n, 32, 256, 256)
        stages = []
        for number, (filters, depth) in enumerate(STAGES):
            out = scaled(filters, width)
            stride = 1 if small and number < 2 else 2
            blocks = [DarknetBlock(out) for _ in range(depth)]
            stages.append(nn.Sequential(leaky(channels, out, 3, stride), *blocks))
            channels = out
        self.stage1, self.stage2, self.stage3, self.stage4, self.stage5 = stages
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(channels, num_classes)
        kaiming(self)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits, shape (n, num_classes)."""
        self.check(x)
        x = self.stage2(self.stage1(self.stem(x)))  # (n, 128, 64, 64)
        x = self.stage3(x)  # (n, 256, 32, 32)
        x = self.stage4(x)  # (n, 512, 16, 16)
        x = self.stage5(x)  # (n, 1024, 8, 8)
        logits: Tensor = self.fc(flat(self.pool(x)))
        return logits
