"""ResNet for ImageNet, and its wide (Wide ResNet) and split (ResNeXt) relatives.

Papers: He et al., "Deep Residual Learning for Image Recognition" (2016); Zagoruyko & Komodakis, "Wide
Residual Networks" (2016); Xie et al., "Aggregated Residual Transformations for Deep Neural Networks" (2017).
Idea: a block learns what to *add* to its input, y = ReLU(F(x) + x). A deeper net can then always do at
least what the shallower one does, by adding nothing; plain nets cannot find that, not even on the training
set (degradation).
"""

from collections.abc import Callable, Sequence
from typing import Any

from torch import Tensor, nn

from cnncourse.backbones.base import Backbone, flat, kaiming, scaled
from cnncourse.backbones.registry import register
from cnncourse.errors import ArgumentError


def projection(in_channels: int, out_channels: int, stride: int) -> nn.Module:
    """Build the shortcut: nothing where the shapes agree, else a 1×1 convolution with batch normalisation.

    Args:
        in_channels: channels of the block's input.
        out_channels: channels of its output.
        stride: of the block.

    Example:
        >>> projection(64, 64, 1)
        Identity()

    Source: He et al. (2016), section 3.3, option B. Introduced in chapter 13.
    """
    if stride == 1 and in_channels == out_channels:
        return nn.Identity()
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, 1, stride, bias=False), nn.BatchNorm2d(out_channels)
    )


class BasicBlock(nn.Module):
    """Two 3×3 convolutions and a shortcut: the block of ResNet-18 and 34.

    Args:
        in_channels: channels in.
        channels: channels of both convolutions.
        stride: of the first convolution.
        groups: only 1, as there is no 1×1 convolution that would mix groups again.
        group_width: only 1.
        attention: builds a module from the number of channels (SE, CBAM), put before the sum.

    Shapes: (n, in_channels, h, w) → (n, channels, h/stride, w/stride).

    Raises:
        ArgumentError: ``groups`` or ``group_width`` is not 1.

    Example:
        >>> import torch
        >>> BasicBlock(64, 128, stride=2)(torch.zeros(2, 64, 8, 8)).shape
        torch.Size([2, 128, 4, 4])

    Source: He et al. (2016), figure 5, left. Introduced in chapter 13.
    """

    expansion = 1

    def __init__(
        self,
        in_channels: int,
        channels: int,
        stride: int = 1,
        *,
        groups: int = 1,
        group_width: float = 1,
        attention: Callable[[int], nn.Module] | None = None,
    ) -> None:
        super().__init__()
        if (groups, group_width) != (1, 1):
            raise ArgumentError(
                f"BasicBlock expects groups=1 and group_width=1, got {groups} and {group_width:g} — take "
                "Bottleneck for grouped convolutions"
            )
        self.conv1 = nn.Conv2d(in_channels, channels, 3, stride, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(channels)
        self.relu1 = nn.ReLU()
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(channels)
        self.attention = attention(channels) if attention else nn.Identity()
        self.shortcut = projection(in_channels, channels, stride)
        self.relu2 = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        """Return ReLU(F(x) + shortcut(x)); the sum comes before the last ReLU."""
        residual = self.relu1(self.norm1(self.conv1(x)))
        residual = self.norm2(self.conv2(residual))
        x = self.relu2(self.attention(residual) + self.shortcut(x))
        return x


class Bottleneck(nn.Module):
    """1×1 down, 3×3, 1×1 up by four, and a shortcut: the block of ResNet-50 and deeper.

    The stride stands in the 3×3 convolution, as in torchvision; the paper has it in the first 1×1, which
    looks at a quarter of the pixels.

    Args:
        in_channels: channels in.
        channels: a quarter of the channels out.
        stride: of the 3×3 convolution.
        groups: groups of the 3×3 convolution, its *cardinality* (ResNeXt: 32).
        group_width: factor for the channels of the 3×3 convolution (ResNeXt: its base is 4 channels a group).
        attention: builds a module from the number of channels (SE, CBAM), put before the sum.

    Shapes: (n, in_channels, h, w) → (n, 4·channels, h/stride, w/stride).

    Example:
        >>> import torch
        >>> Bottleneck(64, 64)(torch.zeros(2, 64, 8, 8)).shape
        torch.Size([2, 256, 8, 8])

    Source: He et al. (2016), figure 5, right; Xie et al. (2017), figure 3(c). Introduced in chapter 13.
    """

    expansion = 4

    def __init__(
        self,
        in_channels: int,
        channels: int,
        stride: int = 1,
        *,
        groups: int = 1,
        group_width: float = 1,
        attention: Callable[[int], nn.Module] | None = None,
    ) -> None:
        super().__init__()
        middle, outside = int(channels * group_width), 4 * channels
        self.conv1 = nn.Conv2d(in_channels, middle, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(middle)
        self.relu1 = nn.ReLU()
        self.conv2 = nn.Conv2d(middle, middle, 3, stride, padding=1, groups=groups, bias=False)
        self.norm2 = nn.BatchNorm2d(middle)
        self.relu2 = nn.ReLU()
        self.conv3 = nn.Conv2d(middle, outside, 1, bias=False)
        self.norm3 = nn.BatchNorm2d(outside)
        self.attention = attention(outside) if attention else nn.Identity()
        self.shortcut = projection(in_channels, outside, stride)
        self.relu3 = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        """Return ReLU(F(x) + shortcut(x)); the sum comes before the last ReLU."""
        residual = self.relu1(self.norm1(self.conv1(x)))
        residual = self.relu2(self.norm2(self.conv2(residual)))
        residual = self.norm3(self.conv3(residual))
        x = self.relu3(self.attention(residual) + self.shortcut(x))
        return x


class ResNet(Backbone):
    """A stem, four stages of residual blocks, global average pooling, one full layer.

    Args:
        block: BasicBlock or Bottleneck.
        depths: blocks in each of the four stages.
        groups: groups of the Bottleneck's 3×3 convolution.
        group_width: factor for the channels of the Bottleneck's 3×3 convolution.
        attention: builds the module that each block puts before its sum.
        num_classes: classes.
        in_channels: channels of the images.
        image_size: pixels. 64 and below: 3×3 stride-1 stem without pooling; 32 pixels give maps of 32, 16,
            8, 4.
        width: factor for all channels.

    Shapes: (n, in_channels, h, w) → logits (n, num_classes).

    Example:
        >>> import torch
        >>> ResNet(BasicBlock, (1, 1, 1, 1), image_size=32, width=0.25)(torch.zeros(2, 3, 32, 32)).shape
        torch.Size([2, 1000])

    Source: He et al. (2016), table 1. Introduced in chapter 13.
    """

    def __init__(
        self,
        block: type[BasicBlock] | type[Bottleneck],
        depths: Sequence[int],
        *,
        groups: int = 1,
        group_width: float = 1,
        attention: Callable[[int], nn.Module] | None = None,
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
        channels = scaled(64, width)
        self.conv1 = nn.Conv2d(in_channels, channels, *((3, 1, 1) if small else (7, 2, 3)), bias=False)
        self.norm1 = nn.BatchNorm2d(channels)  # (n, 64, 112, 112)
        self.relu = nn.ReLU()
        self.maxpool = nn.Identity() if small else nn.MaxPool2d(3, 2, padding=1)  # (n, 64, 56, 56)
        stages = []
        for stage, depth in enumerate(depths):
            filters = scaled(64 * 2**stage, width)
            blocks = []
            for number in range(depth):
                stride = 2 if stage > 0 and number == 0 else 1
                blocks.append(
                    block(
                        channels, filters, stride, groups=groups, group_width=group_width, attention=attention
                    )
                )
                channels = filters * block.expansion
            stages.append(nn.Sequential(*blocks))
        self.layer1, self.layer2, self.layer3, self.layer4 = stages
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(channels, num_classes)
        kaiming(self)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits, shape (n, num_classes)."""
        self.check(x)
        x = self.maxpool(self.relu(self.norm1(self.conv1(x))))
        x = self.layer1(x)  # (n, 64·expansion, 56, 56)
        x = self.layer2(x)  # (n, 128·expansion, 28, 28)
        x = self.layer3(x)  # (n, 256·expansion, 14, 14)
        x = self.layer4(x)  # (n, 512·expansion, 7, 7)
        logits: Tensor = self.fc(flat(self.avgpool(x)))
        return logits


@register("resnet18")
def resnet18(**options: Any) -> ResNet:
    """Build ResNet-18: 11,689,512 parameters, 1.8 G MACs; top-1 error 27.88 % (10-crop) in the paper."""
    return ResNet(BasicBlock, (2, 2, 2, 2), **options)


@register("resnet34")
def resnet34(**options: Any) -> ResNet:
    """Build ResNet-34: 21,797,672 parameters, 3.7 G MACs; top-1 error 24.52 % (10-crop) in the paper."""
    return ResNet(BasicBlock, (3, 4, 6, 3), **options)


@register("resnet50")
def resnet50(**options: Any) -> ResNet:
    """Build ResNet-50: 25,557,032 parameters, 4.1 G MACs; top-1 error 22.85 % (10-crop) in the paper."""
    return ResNet(Bottleneck, (3, 4, 6, 3), **options)


@register("resnet101")
def resnet101(**options: Any) -> ResNet:
    """Build ResNet-101: 44,549,160 parameters, 7.8 G MACs; top-1 error 21.75 % (10-crop) in the paper."""
    return ResNet(Bottleneck, (3, 4, 23, 3), **options)


@register("resnet152")
def resnet152(**options: Any) -> ResNet:
    """Build ResNet-152: 60,192,808 parameters, 11.5 G MACs; top-1 error 21.43 % (10-crop) in the paper."""
    return ResNet(Bottleneck, (3, 8, 36, 3), **options)


@register("wide_resnet50_2")
def wide_resnet50_2(**options: Any) -> ResNet:
    """Build ResNet-50 with twice the channels in the 3×3 convolutions: 68,883,240 parameters, 11.4 G MACs."""
    return ResNet(Bottleneck, (3, 4, 6, 3), group_width=2, **options)


@register("resnext50_32x4d")
def resnext50_32x4d(**options: Any) -> ResNet:
    """Build ResNeXt-50, 32 groups of 4 channels: 25,028,904 parameters, 4.2 G MACs; top-1 error 22.2 %."""
    return ResNet(Bottleneck, (3, 4, 6, 3), groups=32, group_width=2, **options)
