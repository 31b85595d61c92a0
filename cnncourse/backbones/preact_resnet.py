"""Pre-activation ResNet and Wide ResNet: the shortcut becomes a clean road from the first layer to the last.

Papers: He et al., "Identity Mappings in Deep Residual Networks" (2016); Zagoruyko & Komodakis, "Wide
Residual Networks" (2016).
Ideas: batch normalisation and ReLU come *before* each convolution, so nothing touches the sum and x passes
unchanged; then width: few wide layers learn as well as very many thin ones, and faster.
"""

from typing import Any

from torch import Tensor, nn

from cnncourse.backbones.base import Backbone, flat, kaiming, scaled
from cnncourse.backbones.registry import register
from cnncourse.backbones.resnet_cifar import Shortcut, ZeroPad
from cnncourse.errors import ArgumentError


class PreActBlock(nn.Module):
    """BN → ReLU → 3×3, twice, plus the untouched input.

    Where the shape changes, option B applies its 1×1 convolution to the *activated* input; option A pads
    the input.

    Args:
        in_channels: channels in.
        channels: channels out.
        stride: of the first convolution.
        shortcut: "A" or "B".
        dropout: between the two convolutions (Wide ResNet).

    Shapes: (n, in_channels, h, w) → (n, channels, h/stride, w/stride).

    Example:
        >>> import torch
        >>> PreActBlock(16, 32, 2)(torch.zeros(2, 16, 8, 8)).shape
        torch.Size([2, 32, 4, 4])

    Source: He et al., Identity Mappings (2016), figure 4(e). Introduced in chapter 13.
    """

    def __init__(
        self,
        in_channels: int,
        channels: int,
        stride: int = 1,
        *,
        shortcut: Shortcut = "A",
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.norm1 = nn.BatchNorm2d(in_channels)
        self.relu1 = nn.ReLU()
        self.conv1 = nn.Conv2d(in_channels, channels, 3, stride, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(channels)
        self.relu2 = nn.ReLU()
        self.dropout = nn.Dropout(dropout) if dropout else nn.Identity()
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        changes = stride != 1 or in_channels != channels
        self.pad = ZeroPad(in_channels, channels, stride) if changes and shortcut == "A" else None
        self.project = (
            nn.Conv2d(in_channels, channels, 1, stride, bias=False) if changes and shortcut == "B" else None
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return x + F(x), with nothing after the sum."""
        active = self.relu1(self.norm1(x))
        residual = self.relu2(self.norm2(self.conv1(active)))
        residual = self.conv2(self.dropout(residual))
        if self.pad is not None:
            x = self.pad(x)
        if self.project is not None:
            x = self.project(active)
        out: Tensor = x + residual
        return out


class PreActResNet(Backbone):
    """A 3×3 convolution, three stages of n pre-activation blocks, a last BN → ReLU, pooling, one full layer.

    Args:
        blocks: blocks a stage (n).
        widen: factor for the channels of the stages, not of the first convolution (k of Wide ResNet).
        shortcut: "A" or "B".
        num_classes: classes.
        in_channels: channels of the images.
        image_size: pixels; the maps are image_size, half and a quarter of it.
        width: factor for all channels.
        dropout: between the two convolutions of a block.

    Shapes: (n, in_channels, h, w) → logits (n, num_classes).

    Raises:
        ArgumentError: another shortcut.

    Example:
        >>> import torch
        >>> PreActResNet(1)(torch.zeros(2, 3, 32, 32)).shape
        torch.Size([2, 10])

    Source: He et al., Identity Mappings (2016), section 5; Zagoruyko & Komodakis (2016), table 1.
    Introduced in chapter 13.
    """

    def __init__(
        self,
        blocks: int,
        *,
        widen: int = 1,
        shortcut: Shortcut = "A",
        num_classes: int = 10,
        in_channels: int = 3,
        image_size: int = 32,
        width: float = 1,
        dropout: float = 0.0,
    ) -> None:
        if shortcut not in ("A", "B"):
            raise ArgumentError(f'shortcut must be "A" (zero padding) or "B" (1×1), but got {shortcut!r}')
        super().__init__(
            num_classes=num_classes, in_channels=in_channels, image_size=image_size, min_size_alone=5
        )
        channels = scaled(16, width)
        self.conv1 = nn.Conv2d(in_channels, channels, 3, padding=1, bias=False)
        stages = []
        for filters, stride in ((16, 1), (32, 2), (64, 2)):
            stage = []
            for number in range(blocks):
                step, wide = (stride if number == 0 else 1), scaled(filters * widen, width)
                stage.append(PreActBlock(channels, wide, step, shortcut=shortcut, dropout=dropout))
                channels = wide
            stages.append(nn.Sequential(*stage))
        self.layer1, self.layer2, self.layer3 = stages
        self.norm = nn.BatchNorm2d(channels)
        self.relu = nn.ReLU()
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(channels, num_classes)
        kaiming(self)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits, shape (n, num_classes)."""
        self.check(x)
        x = self.layer1(self.conv1(x))  # (n, 16, 32, 32)
        x = self.layer2(x)  # (n, 32, 16, 16)
        x = self.layer3(x)  # (n, 64, 8, 8)
        x = self.avgpool(self.relu(self.norm(x)))
        logits: Tensor = self.fc(flat(x))
        return logits


@register("preact_resnet20")
def preact_resnet20(**options: Any) -> PreActResNet:
    """Build the pre-activation ResNet-20: 269,722 parameters; with option B 272,282, as in pytorchcv."""
    return PreActResNet(3, **options)


@register("preact_resnet32")
def preact_resnet32(**options: Any) -> PreActResNet:
    """Build the pre-activation ResNet-32: 464,154 parameters."""
    return PreActResNet(5, **options)


@register("preact_resnet44")
def preact_resnet44(**options: Any) -> PreActResNet:
    """Build the pre-activation ResNet-44: 658,586 parameters."""
    return PreActResNet(7, **options)


@register("preact_resnet56")
def preact_resnet56(**options: Any) -> PreActResNet:
    """Build the pre-activation ResNet-56: 853,018 parameters."""
    return PreActResNet(9, **options)


@register("preact_resnet110")
def preact_resnet110(**options: Any) -> PreActResNet:
    """Build the pre-activation ResNet-110: 1,727,962 parameters; 6.37 % error on CIFAR-10 in the paper."""
    return PreActResNet(18, **options)


@register("wrn_28_10")
def wrn_28_10(**options: Any) -> PreActResNet:
    """Build WRN-28-10, ten times as wide: 36,479,194 parameters ("36.5 M"); 4.00 % error on CIFAR-10.

    Four blocks a stage: 6·4 + 4 = 28 layers, the 1×1 shortcuts counted.

    Source: Zagoruyko & Komodakis (2016), table 5. Introduced in chapter 13.
    """
    return PreActResNet(4, **{"widen": 10, "shortcut": "B", **options})
