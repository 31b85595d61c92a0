"""Residual Attention Network: a soft mask for every channel and place, from an hourglass beside the trunk.

Paper: Wang et al., "Residual Attention Network for Image Classification" (2017). Attention-56: 21.76 %
top-1 error.
Ideas: the mask branch looks at the picture from far away (down-sample, think, up-sample) and says where to
look; the trunk is multiplied by 1 + mask, so that many masks in a row cannot silence it.
"""

from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn

from cnncourse.backbones.base import Backbone, flat, kaiming, scaled
from cnncourse.backbones.registry import register


def preact(in_channels: int, out_channels: int, kernel_size: int = 1, stride: int = 1) -> nn.Sequential:
    """Build BN → ReLU → convolution.

    Example:
        >>> import torch
        >>> preact(8, 16)(torch.zeros(1, 8, 3, 3)).shape
        torch.Size([1, 16, 3, 3])

    Source: He et al., Identity Mappings (2016). Introduced in chapter 13.
    """
    conv = nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding=kernel_size // 2, bias=False)
    return nn.Sequential(nn.BatchNorm2d(in_channels), nn.ReLU(), conv)


class PreActBottleneck(nn.Module):
    """A pre-activation bottleneck: 1×1 down, 3×3, 1×1 up by four, plus the input.

    Args:
        in_channels: channels in.
        channels: channels out; a quarter in the middle.
        stride: of the 3×3 convolution.

    Shapes: (n, in_channels, h, w) → (n, channels, h/stride, w/stride).

    Example:
        >>> import torch
        >>> PreActBottleneck(64, 256)(torch.zeros(1, 64, 4, 4)).shape
        torch.Size([1, 256, 4, 4])

    Source: Wang et al. (2017), table 2. Introduced in chapter 17.
    """

    def __init__(self, in_channels: int, channels: int, stride: int = 1) -> None:
        super().__init__()
        middle = channels // 4
        self.norm, self.relu = nn.BatchNorm2d(in_channels), nn.ReLU()
        self.conv1 = nn.Conv2d(in_channels, middle, 1, bias=False)
        self.conv2 = preact(middle, middle, 3, stride)
        self.conv3 = preact(middle, channels)
        changes = stride != 1 or in_channels != channels
        self.project = nn.Conv2d(in_channels, channels, 1, stride, bias=False) if changes else None

    def forward(self, x: Tensor) -> Tensor:
        """Return x + F(x)."""
        active = self.relu(self.norm(x))
        residual = self.conv3(self.conv2(self.conv1(active)))
        out: Tensor = residual + (x if self.project is None else self.project(active))
        return out


class SoftMask(nn.Module):
    """An hourglass: pool, residual block, (an hourglass inside it,) residual block, enlarge again.

    Args:
        channels: channels in and out.
        depth: how many times it halves the maps.

    Shapes: (n, channels, h, w) → the same.

    Example:
        >>> import torch
        >>> SoftMask(16, 2)(torch.zeros(1, 16, 8, 8)).shape
        torch.Size([1, 16, 8, 8])

    Source: Wang et al. (2017), figure 3. Introduced in chapter 17.
    """

    def __init__(self, channels: int, depth: int) -> None:
        super().__init__()
        self.pool = nn.MaxPool2d(3, 2, padding=1)
        self.down = PreActBottleneck(channels, channels)
        self.inside = SoftMask(channels, depth - 1) if depth > 1 else None
        self.skip = PreActBottleneck(channels, channels) if depth > 1 else None
        self.up = PreActBottleneck(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        """Return what the hourglass saw, at the size of x."""
        small = self.down(self.pool(x))
        if self.inside is not None and self.skip is not None:
            small = self.inside(small) + self.skip(small)
        size = [x.shape[2], x.shape[3]]
        return F.interpolate(self.up(small), size=size, mode="bilinear", align_corners=True)


class AttentionModule(nn.Module):
    """(1 + mask) · trunk, with a residual block before and after.

    Args:
        channels: channels in and out.
        depth: how many times the mask branch halves the maps.

    Shapes: (n, channels, h, w) → the same.

    Example:
        >>> import torch
        >>> AttentionModule(16, 1)(torch.zeros(1, 16, 8, 8)).shape
        torch.Size([1, 16, 8, 8])

    Source: Wang et al. (2017), eq. 3 and figure 2; p = 1, t = 2, r = 1. Introduced in chapter 17.
    """

    def __init__(self, channels: int, depth: int) -> None:
        super().__init__()
        self.before = PreActBottleneck(channels, channels)
        self.trunk = nn.Sequential(*(PreActBottleneck(channels, channels) for _ in range(2)))
        self.mask = SoftMask(channels, depth)
        self.gate = nn.Sequential(preact(channels, channels), preact(channels, channels), nn.Sigmoid())
        self.after = PreActBottleneck(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        """Return the attended maps."""
        x = self.before(x)
        attended = (1 + self.gate(self.mask(x))) * self.trunk(x)
        out: Tensor = self.after(attended)
        return out


class ResidualAttention(Backbone):
    """A stem, three stages of a residual block and attention modules, three residual blocks, one full layer.

    Args:
        modules: attention modules in each of the three stages.
        num_classes: classes.
        in_channels: channels of the images.
        image_size: pixels. 64 and below: 3×3 stride-1 stem without pooling; 32 pixels give maps of 32, 16,
            8, 4.
        width: factor for all channels.

    Shapes: (n, in_channels, h, w) → logits (n, num_classes).

    Example:
        >>> import torch
        >>> ResidualAttention((1, 1, 1), image_size=32, width=0.1)(torch.zeros(2, 3, 32, 32)).shape
        torch.Size([2, 1000])

    Source: Wang et al. (2017), table 2. Introduced in chapter 17.
    """

    def __init__(
        self,
        modules: tuple[int, int, int],
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
        channels = scaled(64, width)
        form = (3, 1, 1) if small else (7, 2, 3)
        self.stem = nn.Sequential(
            nn.Conv2d(in_channels, channels, *form, bias=False),  # (n, 64, 112, 112)
            nn.BatchNorm2d(channels),
            nn.ReLU(),
            nn.Identity() if small else nn.MaxPool2d(3, 2, padding=1),  # (n, 64, 56, 56)
        )
        blocks: list[nn.Module] = []
        for stage, count in enumerate(modules):
            out = scaled(256 * 2**stage, width)
            blocks.append(PreActBottleneck(channels, out, 1 if stage == 0 else 2))
            blocks += [AttentionModule(out, 3 - stage) for _ in range(count)]
            channels = out
        last = scaled(2048, width)
        blocks.append(PreActBottleneck(channels, last, 2))
        blocks += [PreActBottleneck(last, last) for _ in range(2)]
        self.blocks = nn.Sequential(*blocks)  # (n, 2048, 7, 7)
        self.norm, self.relu = nn.BatchNorm2d(last), nn.ReLU()
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(last, num_classes)
        kaiming(self)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits, shape (n, num_classes)."""
        self.check(x)
        x = self.relu(self.norm(self.blocks(self.stem(x))))
        logits: Tensor = self.fc(flat(self.pool(x)))
        return logits


@register("residual_attention56")
def residual_attention56(**options: Any) -> ResidualAttention:
    """Build Attention-56: 31,810,728 parameters (paper: 31.9 M), the count of pytorchcv's ``resattnet56``."""
    return ResidualAttention((1, 1, 1), **options)
