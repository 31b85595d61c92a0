"""ShuffleNet v1 and v2: cheap group convolutions, and a shuffle so that the groups still talk.

Papers: Zhang et al., "ShuffleNet: An Extremely Efficient Convolutional Neural Network for Mobile Devices"
(2018); Ma et al., "ShuffleNet V2: Practical Guidelines for Efficient CNN Architecture Design" (2018).
Ideas: in MobileNet the 1×1 convolutions cost most, so group them too, and shuffle the channels between
groups. v2 counts seconds, not multiplications: equal widths, few groups, few branches, few element-wise
steps: split, work on one half, join, shuffle.
"""

from typing import Any

import torch
from torch import Tensor, nn

from cnncourse.backbones.base import Backbone, flat, kaiming, scaled
from cnncourse.backbones.blocks import ConvNorm
from cnncourse.backbones.registry import register
from cnncourse.conv import channel_shuffle
from cnncourse.errors import ArgumentError

DEPTHS = (4, 8, 4)  # units in each of the three stages, in both versions
V1 = {
    1: 144,
    2: 200,
    3: 240,
    4: 272,
    8: 384,
}  # v1, table 1: channels of the first stage for each number of groups


class ShuffleUnit(nn.Module):
    """Group 1×1, shuffle, depthwise 3×3, group 1×1; then added to the input, or stacked onto it at stride 2.

    Args:
        in_channels: channels in.
        out_channels: channels out.
        groups: groups of the 1×1 convolutions.
        stride: 1, or 2: then the shortcut is a 3×3 average pooling, and the sum a stack.
        first_groups: groups of the first 1×1; None: as groups. (1 in the very first unit: 24 channels are
            too few.)

    Shapes: (n, in_channels, h, w) → (n, out_channels, h/stride, w/stride).

    Example:
        >>> ShuffleUnit(24, 240, 3, stride=2)(torch.zeros(1, 24, 8, 8)).shape
        torch.Size([1, 240, 4, 4])

    Source: Zhang et al. (2018), figure 2(b) and (c). Introduced in chapter 14.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        groups: int,
        *,
        stride: int = 1,
        first_groups: int | None = None,
    ) -> None:
        super().__init__()
        middle, none = out_channels // 4, nn.Identity()
        add = out_channels - in_channels if stride == 2 else out_channels
        self.groups = groups
        self.squeeze = ConvNorm(in_channels, middle, 1, groups=first_groups or groups)
        self.depthwise = ConvNorm(middle, middle, 3, stride, groups=middle, activation=none)
        self.expand = ConvNorm(middle, add, 1, groups=groups, activation=none)
        self.pool = nn.AvgPool2d(3, 2, padding=1) if stride == 2 else None
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        """Return the joined maps."""
        residual = channel_shuffle(self.squeeze(x), self.groups)
        residual = self.expand(self.depthwise(residual))
        joined = residual + x if self.pool is None else torch.cat([residual, self.pool(x)], 1)
        out: Tensor = self.relu(joined)
        return out


@register("shufflenet_v1")
class ShuffleNetV1(Backbone):
    """A convolution, a pooling, sixteen shuffle units: 1,865,728 parameters, 137 M MACs at 224 for 3 groups.

    The count is pytorchcv's ``shufflenet_g3_w1``; 140 M MACs and 32.6 % top-1 error in the paper.

    Args:
        num_classes: classes.
        in_channels: channels of the images.
        image_size: pixels. 64 and below: stride-1 stem without pooling; 32 pixels give maps of 16, 8 and 4.
        groups: 1, 2, 3, 4 or 8.
        width: factor for the channels of the stages.

    Shapes: (n, in_channels, h, w) → logits (n, num_classes).

    Raises:
        ArgumentError: another number of groups.

    Example:
        >>> ShuffleNetV1(image_size=32, width=0.25)(torch.zeros(2, 3, 32, 32)).shape
        torch.Size([2, 1000])

    Source: Zhang et al. (2018), table 1. Introduced in chapter 14.
    """

    def __init__(
        self,
        num_classes: int = 1000,
        in_channels: int = 3,
        image_size: int = 224,
        *,
        groups: int = 3,
        width: float = 1,
    ) -> None:
        small = image_size <= 64
        super().__init__(
            num_classes=num_classes,
            in_channels=in_channels,
            image_size=image_size,
            min_size_alone=9 if small else 33,
        )
        if groups not in V1:
            raise ArgumentError(f"groups must be one of {', '.join(map(str, V1))}, but got {groups}")
        channels = 24
        self.stem = ConvNorm(in_channels, channels, 3, 1 if small else 2)  # (n, 24, 112, 112)
        self.maxpool = nn.Identity() if small else nn.MaxPool2d(3, 2, padding=1)  # (n, 24, 56, 56)
        units: list[nn.Module] = []
        for stage, depth in enumerate(DEPTHS):
            out = scaled(V1[groups], width, 4 * groups) * 2**stage
            for number in range(depth):
                stride, first = (2 if number == 0 else 1), (1 if not units else None)
                units.append(ShuffleUnit(channels, out, groups, stride=stride, first_groups=first))
                channels = out
        self.units = nn.Sequential(*units)  # (n, 960, 7, 7)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(channels, num_classes)
        kaiming(self)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits, shape (n, num_classes)."""
        self.check(x)
        x = self.units(self.maxpool(self.stem(x)))
        logits: Tensor = self.fc(flat(self.pool(x)))
        return logits


class ShuffleUnitV2(nn.Module):
    """Split the channels, work on one half, join, shuffle; at stride 2 both halves come from all channels.

    Args:
        in_channels: channels in.
        out_channels: channels out, even; at stride 1 equal to in_channels.
        stride: 1 or 2.

    Shapes: (n, in_channels, h, w) → (n, out_channels, h/stride, w/stride).

    Example:
        >>> ShuffleUnitV2(24, 116, 2)(torch.zeros(1, 24, 8, 8)).shape
        torch.Size([1, 116, 4, 4])

    Source: Ma et al. (2018), figure 3(c) and (d). Introduced in chapter 14.
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1) -> None:
        super().__init__()
        half = out_channels // 2

        def depthwise(channels: int) -> ConvNorm:
            return ConvNorm(channels, channels, 3, stride, groups=channels, activation=nn.Identity())

        self.left = (
            nn.Identity()
            if stride == 1
            else nn.Sequential(depthwise(in_channels), ConvNorm(in_channels, half, 1))
        )
        start = half if stride == 1 else in_channels
        self.right = nn.Sequential(ConvNorm(start, half, 1), depthwise(half), ConvNorm(half, half, 1))
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        """Return the joined, shuffled maps."""
        left, right = x.chunk(2, 1) if self.stride == 1 else (x, x)
        return channel_shuffle(torch.cat([self.left(left), self.right(right)], 1), 2)


class ShuffleNetV2(Backbone):
    """A convolution, a pooling, sixteen units, a 1×1 convolution, the mean of each map, one full layer.

    Args:
        channels: of the three stages and of the last convolution.
        num_classes: classes.
        in_channels: channels of the images.
        image_size: pixels. 64 and below: stride-1 stem without pooling; 32 pixels give maps of 16, 8 and 4.
        width: factor for all channels but the stem's.

    Shapes: (n, in_channels, h, w) → logits (n, num_classes).

    Example:
        >>> ShuffleNetV2((48, 96, 192, 1024), image_size=32)(torch.zeros(2, 3, 32, 32)).shape
        torch.Size([2, 1000])

    Source: Ma et al. (2018), table 5. Introduced in chapter 14.
    """

    def __init__(
        self,
        channels: tuple[int, int, int, int],
        *,
        num_classes: int = 1000,
        in_channels: int = 3,
        image_size: int = 224,
        width: float = 1,
    ) -> None:
        small = image_size <= 64
        super().__init__(
            num_classes=num_classes,
            in_channels=in_channels,
            image_size=image_size,
            min_size_alone=9 if small else 33,
        )
        *stages, last = (scaled(count, width) for count in channels)
        before = 24
        self.stem = ConvNorm(in_channels, before, 3, 1 if small else 2)  # (n, 24, 112, 112)
        self.maxpool = nn.Identity() if small else nn.MaxPool2d(3, 2, padding=1)  # (n, 24, 56, 56)
        units: list[nn.Module] = []
        for out, depth in zip(stages, DEPTHS, strict=True):
            units.append(ShuffleUnitV2(before, out, 2))
            units += [ShuffleUnitV2(out, out) for _ in range(depth - 1)]
            before = out
        self.units = nn.Sequential(*units)  # ×1.0: (n, 464, 7, 7)
        self.conv = ConvNorm(before, last, 1)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(last, num_classes)
        kaiming(self)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits, shape (n, num_classes)."""
        self.check(x)
        x = self.conv(self.units(self.maxpool(self.stem(x))))
        logits: Tensor = self.fc(flat(self.pool(x)))
        return logits


@register("shufflenet_v2_x0_5")
def shufflenet_v2_x0_5(**options: Any) -> ShuffleNetV2:
    """Build ShuffleNet v2 ×0.5: 1,366,792 parameters, 40 M MACs at 224; torchvision's net."""
    return ShuffleNetV2((48, 96, 192, 1024), **options)


@register("shufflenet_v2_x1_0")
def shufflenet_v2_x1_0(**options: Any) -> ShuffleNetV2:
    """Build ShuffleNet v2 ×1: 2,278,604 parameters, 145 M MACs at 224; 30.6 % top-1 error in the paper."""
    return ShuffleNetV2((116, 232, 464, 1024), **options)
