"""The ResNets of the CIFAR experiments, and the plain nets they are compared with.

Paper: He et al., "Deep Residual Learning for Image Recognition" (2016), section 4.2.
Three stages of n blocks with 16, 32 and 64 channels: 6n + 2 layers. The plain nets are the same without
shortcuts; at 56 layers they train *worse* than at 20, on the training set too. That is degradation, and the
shortcut's reason.
"""

from typing import Any, Literal

import torch.nn.functional as F
from torch import Tensor, nn

from cnncourse.backbones.base import Backbone, flat, kaiming, scaled
from cnncourse.backbones.registry import register
from cnncourse.errors import ArgumentError

Shortcut = Literal["A", "B", "3×3"] | None


class ZeroPad(nn.Module):
    """The shortcut without parameters: take every second pixel, and fill the new channels with zeros.

    Args:
        in_channels: channels in.
        out_channels: channels out, ≥ in_channels.
        stride: 1 or 2.

    Shapes: (n, in_channels, h, w) → (n, out_channels, ⌈h/stride⌉, ⌈w/stride⌉).

    Example:
        >>> import torch
        >>> ZeroPad(1, 2, 2)(torch.arange(4.0).reshape(1, 1, 2, 2)).flatten().tolist()
        [0.0, 0.0]

    Source: He et al. (2016), section 3.3, option A. Introduced in chapter 13.
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int) -> None:
        super().__init__()
        self.extra, self.stride = out_channels - in_channels, stride

    def forward(self, x: Tensor) -> Tensor:
        """Return the thinned, padded maps."""
        return F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, 0, self.extra))


def shortcut_for(kind: Shortcut, in_channels: int, out_channels: int, stride: int) -> nn.Module | None:
    """Build the shortcut of a block: None without one, Identity where the shapes agree, else option A or B.

    Args:
        kind: "A" zero padding, "B" 1×1 convolution with batch normalisation, "3×3" the same with a larger
            window, None: a plain net.
        in_channels: channels of the block's input.
        out_channels: channels of its output.
        stride: of the block.

    Raises:
        ArgumentError: another kind.

    Example:
        >>> shortcut_for("A", 16, 16, 1)
        Identity()

    Source: He et al. (2016), section 3.3. Introduced in chapter 13.
    """
    if kind not in ("A", "B", "3×3", None):
        raise ArgumentError(
            f'shortcut must be "A" (zero padding), "B" (1×1), "3×3" or None, but got {kind!r}'
        )
    if kind is None:
        return None
    if stride == 1 and in_channels == out_channels:
        return nn.Identity()
    if kind == "A":
        return ZeroPad(in_channels, out_channels, stride)
    side = 1 if kind == "B" else 3
    conv = nn.Conv2d(in_channels, out_channels, side, stride, padding=side // 2, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(out_channels))


class CifarBlock(nn.Module):
    """Two 3×3 convolutions, with a shortcut (see ``shortcut_for``) or with none.

    Args:
        in_channels: channels in.
        channels: channels out.
        stride: of the first convolution.
        shortcut: "A", "B", "3×3" or None.

    Shapes: (n, in_channels, h, w) → (n, channels, h/stride, w/stride).

    Example:
        >>> import torch
        >>> CifarBlock(16, 32, 2)(torch.zeros(2, 16, 8, 8)).shape
        torch.Size([2, 32, 4, 4])

    Source: He et al. (2016), section 4.2. Introduced in chapter 13.
    """

    def __init__(self, in_channels: int, channels: int, stride: int = 1, *, shortcut: Shortcut = "A") -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, channels, 3, stride, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(channels)
        self.relu1 = nn.ReLU()
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(channels)
        self.shortcut = shortcut_for(shortcut, in_channels, channels, stride)
        self.relu2 = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        """Return ReLU(F(x) + shortcut(x)), or ReLU(F(x)) in a plain net."""
        residual = self.relu1(self.norm1(self.conv1(x)))
        residual = self.norm2(self.conv2(residual))
        if self.shortcut is not None:
            residual = residual + self.shortcut(x)
        out: Tensor = self.relu2(residual)
        return out


class CifarResNet(Backbone):
    """A 3×3 convolution, three stages of n blocks, global average pooling, one full layer: 6n + 2 layers.

    Args:
        depth: layers, 6n + 2.
        shortcut: "A" zero padding (the paper's choice), "B" 1×1 convolution, "3×3", None: a plain net.
        num_classes: classes.
        in_channels: channels of the images.
        image_size: pixels; the maps are image_size, half and a quarter of it.
        width: factor for all channels.

    Shapes: (n, in_channels, h, w) → logits (n, num_classes).

    Raises:
        ArgumentError: depth is not 6n + 2.

    Example:
        >>> sum(parameter.numel() for parameter in CifarResNet(20).parameters())
        269722

    Source: He et al. (2016), section 4.2. Introduced in chapter 13.
    """

    def __init__(
        self,
        depth: int,
        *,
        shortcut: Shortcut = "A",
        num_classes: int = 10,
        in_channels: int = 3,
        image_size: int = 32,
        width: float = 1,
    ) -> None:
        if depth < 8 or depth % 6 != 2:
            raise ArgumentError(f"depth must be 6n + 2 (8, 14, 20 …), but got {depth}")
        super().__init__(
            num_classes=num_classes, in_channels=in_channels, image_size=image_size, min_size_alone=5
        )
        channels = scaled(16, width)
        self.conv1 = nn.Conv2d(in_channels, channels, 3, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(channels)
        self.relu = nn.ReLU()
        stages = []
        for filters, stride in ((16, 1), (32, 2), (64, 2)):
            blocks = []
            for number in range((depth - 2) // 6):
                step = stride if number == 0 else 1
                blocks.append(CifarBlock(channels, scaled(filters, width), step, shortcut=shortcut))
                channels = scaled(filters, width)
            stages.append(nn.Sequential(*blocks))
        self.layer1, self.layer2, self.layer3 = stages
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(channels, num_classes)
        kaiming(self)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits, shape (n, num_classes)."""
        self.check(x)
        x = self.relu(self.norm1(self.conv1(x)))
        x = self.layer1(x)  # (n, 16, 32, 32)
        x = self.layer2(x)  # (n, 32, 16, 16)
        x = self.layer3(x)  # (n, 64, 8, 8)
        logits: Tensor = self.fc(flat(self.avgpool(x)))
        return logits


@register("resnet20")
def resnet20(**options: Any) -> CifarResNet:
    """Build ResNet-20: 269,722 parameters (272,474 with option B); 8.75 % error on CIFAR-10 in the paper."""
    return CifarResNet(20, **options)


@register("resnet32")
def resnet32(**options: Any) -> CifarResNet:
    """Build ResNet-32: 464,154 parameters; 7.51 % error on CIFAR-10 in the paper."""
    return CifarResNet(32, **options)


@register("resnet44")
def resnet44(**options: Any) -> CifarResNet:
    """Build ResNet-44: 658,586 parameters; 7.17 % error on CIFAR-10 in the paper."""
    return CifarResNet(44, **options)


@register("resnet56")
def resnet56(**options: Any) -> CifarResNet:
    """Build ResNet-56: 853,018 parameters; 6.97 % error on CIFAR-10 in the paper."""
    return CifarResNet(56, **options)


@register("resnet110")
def resnet110(**options: Any) -> CifarResNet:
    """Build ResNet-110: 1,727,962 parameters; 6.43 % error on CIFAR-10 (best of five) in the paper."""
    return CifarResNet(110, **options)


@register("plain20")
def plain20(**options: Any) -> CifarResNet:
    """Build the plain 20-layer net: ResNet-20 without shortcuts, 269,722 parameters."""
    return CifarResNet(20, shortcut=None, **options)


@register("plain32")
def plain32(**options: Any) -> CifarResNet:
    """Build the plain 32-layer net: ResNet-32 without shortcuts, 464,154 parameters."""
    return CifarResNet(32, shortcut=None, **options)


@register("plain44")
def plain44(**options: Any) -> CifarResNet:
    """Build the plain 44-layer net: ResNet-44 without shortcuts, 658,586 parameters."""
    return CifarResNet(44, shortcut=None, **options)


@register("plain56")
def plain56(**options: Any) -> CifarResNet:
    """Build the plain 56-layer net: ResNet-56 without shortcuts, 853,018 parameters; worse than plain-20."""
    return CifarResNet(56, shortcut=None, **options)


@register("notes_resnet")
def notes_resnet(**options: Any) -> CifarResNet:
    """Build the small ResNet of many tutorials: 195,738 parameters, two blocks a stage, 3×3 shortcuts.

    Introduced in chapter 20.
    """
    return CifarResNet(14, shortcut="3×3", **options)
