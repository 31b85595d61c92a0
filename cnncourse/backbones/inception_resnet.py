"""Inception-ResNet v1 and v2: Inception modules that learn what to add, like residual blocks.

Paper: Szegedy, Ioffe, Vanhoucke & Alemi, "Inception-v4, Inception-ResNet and the Impact of Residual
Connections on Learning" (2017). v1 costs about as much as Inception v3, v2 as Inception v4; both learn
faster (v2: 19.9 % top-1 error).
Ideas: branches → 1×1 back to the input's channels → scaled by 0.1 to 0.2 → added. Without the scaling very
wide residual modules "die" early in training.
"""

from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn

from cnncourse.backbones.base import Backbone, flat, kaiming, scaled
from cnncourse.backbones.blocks import Branches, ConvNorm, chain, out_channels
from cnncourse.backbones.inception_v3 import stem_v3
from cnncourse.backbones.inception_v4 import ReductionA
from cnncourse.backbones.registry import register

Branch = Sequence[tuple[int, int | tuple[int, int]]]


class InceptionResidual(nn.Module):
    """x + scale · conv1×1(branches(x)), then ReLU.

    Args:
        channels: channels in and out.
        *branches: each a list of (filters, kernel_size).
        scale: factor of the residual.
        relu: ReLU after the sum.
        width: factor for the branches' filters.

    Shapes: (n, channels, h, w) → the same.

    Example:
        >>> import torch
        >>> InceptionResidual(256, [(32, 1)], [(32, 1), (32, 3)], scale=0.17)(torch.zeros(1, 256, 5, 5)).shape
        torch.Size([1, 256, 5, 5])

    Source: Szegedy et al. (2017), figures 10 to 19 and section 3.3. Introduced in chapter 12.
    """

    def __init__(
        self, channels: int, *branches: Branch, scale: float, relu: bool = True, width: float = 1
    ) -> None:
        super().__init__()
        self.branches = Branches(*(chain(channels, *branch, width=width) for branch in branches))
        self.conv = nn.Conv2d(out_channels(self.branches, channels), channels, 1)
        self.scale = scale
        self.relu = nn.ReLU() if relu else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """Return ReLU(x + scale · F(x))."""
        x = self.relu(x + self.scale * self.conv(self.branches(x)))
        return x


class ReductionBWide(Branches):
    """From 17×17 to 8×8 by three convolution branches and a pooling.

    Args:
        in_channels: channels in.
        ends: filters of the stride-2 convolutions of the three branches.
        middle: filters of the 3×3 in the middle of the last branch.
        width: factor for the filters.

    Example:
        >>> import torch
        >>> ReductionBWide(896, (384, 256, 256), 256)(torch.zeros(1, 896, 17, 17)).shape
        torch.Size([1, 1792, 8, 8])

    Source: Szegedy et al. (2017), figures 12 and 18. Introduced in chapter 12.
    """

    def __init__(
        self, in_channels: int, ends: tuple[int, int, int], middle: int, *, width: float = 1
    ) -> None:
        first, second, third = ends
        super().__init__(
            chain(in_channels, (256, 1), (first, 3, 2, 0), width=width),
            chain(in_channels, (256, 1), (second, 3, 2, 0), width=width),
            chain(in_channels, (256, 1), (middle, 3), (third, 3, 2, 0), width=width),
            nn.MaxPool2d(3, 2),
        )


def blocks_v1(in_channels: int, *, small: bool, width: float) -> list[nn.Module]:
    """List the modules of Inception-ResNet v1: stem, 5 × A, reduction, 10 × B, reduction, 5 × C.

    Args:
        in_channels: channels of the images.
        small: stride 1 and padding in the stem, one pooling: 32 → 16 pixels.
        width: factor for the filters.

    Example:
        >>> len(blocks_v1(3, small=False, width=0.1))
        29

    Source: Szegedy et al. (2017), figures 10 to 15. Introduced in chapter 12.
    """
    edge, stride = (1, 1) if small else (0, 2)
    a = scaled(256, width)
    b = a + scaled(384, width) + scaled(256, width)  # 896: reduction A keeps a and adds n and m
    c = b + scaled(384, width) + 2 * scaled(256, width)  # 1792
    return [
        *chain(in_channels, (32, 3, stride, edge), (32, 3, 1, edge), (64, 3), width=width),  # 149, 147, 147
        nn.MaxPool2d(3, 2, edge),
        *chain(scaled(64, width), (80, 1), (192, 3, 1, edge), (256, 3, stride, edge), width=width),  # 35
        *(
            InceptionResidual(
                a, [(32, 1)], [(32, 1), (32, 3)], [(32, 1), (32, 3), (32, 3)], scale=0.17, width=width
            )
            for _ in range(5)
        ),
        ReductionA(a, (192, 192, 256, 384), width),  # (n, 896, 17, 17)
        *(
            InceptionResidual(b, [(128, 1)], [(128, 1), (128, (1, 7)), (128, (7, 1))], scale=0.1, width=width)
            for _ in range(10)
        ),
        ReductionBWide(b, (384, 256, 256), 256, width=width),  # (n, 1792, 8, 8)
        *(
            InceptionResidual(c, [(192, 1)], [(192, 1), (192, (1, 3)), (192, (3, 1))], scale=0.2, width=width)
            for _ in range(5)
        ),
    ]


def blocks_v2(in_channels: int, *, small: bool, width: float) -> list[nn.Module]:
    """List the modules of Inception-ResNet v2 as its authors published it: v3's stem, 10 × A, 20 × B, 10 × C.

    Args:
        in_channels: channels of the images.
        small: v3's stem in its small form.
        width: factor for the filters.

    Example:
        >>> len(blocks_v2(3, small=False, width=0.1))
        45

    Source: Szegedy et al. (2017), figures 16 to 19; filters from the authors' published model. Introduced in
    chapter 12.
    """
    stem = stem_v3(in_channels, small=small, width=width)  # (n, 192, 35, 35)
    start = scaled(192, width)
    mixed = Branches(
        chain(start, (96, 1), width=width),
        chain(start, (48, 1), (64, 5), width=width),
        chain(start, (64, 1), (96, 3), (96, 3), width=width),
        nn.Sequential(
            nn.AvgPool2d(3, 1, padding=1, count_include_pad=False), chain(start, (64, 1), width=width)
        ),
    )
    a = out_channels(mixed, start)  # 320
    halve = ReductionA(a, (256, 256, 384, 384), width)
    b = out_channels(halve, a)  # 1088
    quarter = ReductionBWide(b, (384, 288, 320), 288, width=width)
    c = out_channels(quarter, b)  # 2080
    form_a: list[Branch] = [[(32, 1)], [(32, 1), (32, 3)], [(32, 1), (48, 3), (64, 3)]]
    form_b: list[Branch] = [[(192, 1)], [(128, 1), (160, (1, 7)), (192, (7, 1))]]
    form_c: list[Branch] = [[(192, 1)], [(192, 1), (224, (1, 3)), (256, (3, 1))]]
    return [
        stem,
        mixed,
        *(InceptionResidual(a, *form_a, scale=0.17, width=width) for _ in range(10)),
        halve,
        *(InceptionResidual(b, *form_b, scale=0.1, width=width) for _ in range(20)),
        quarter,
        *(InceptionResidual(c, *form_c, scale=0.2, width=width) for _ in range(9)),
        InceptionResidual(c, *form_c, scale=1.0, relu=False, width=width),
        ConvNorm(c, scaled(1536, width), 1, eps=1e-3),
    ]


class InceptionResNet(Backbone):
    """The modules of v1 or v2, global average pooling, dropout, one full layer.

    Args:
        version: 1 or 2.
        num_classes: classes.
        in_channels: channels of the images.
        image_size: pixels. 64 and below: a stride-1 stem; 32 pixels give maps of 16, 7 and 3.
        width: factor for all channels.
        dropout: before the last layer.

    Shapes: (n, in_channels, h, w) → logits (n, num_classes).

    Example:
        >>> import torch
        >>> InceptionResNet(1, image_size=32, width=0.1)(torch.zeros(2, 3, 32, 32)).shape
        torch.Size([2, 1000])

    Source: Szegedy et al. (2017), figure 15. Introduced in chapter 12.
    """

    def __init__(
        self,
        version: int,
        *,
        num_classes: int = 1000,
        in_channels: int = 3,
        image_size: int = 299,
        width: float = 1,
        dropout: float = 0.2,
    ) -> None:
        small = image_size <= 64
        super().__init__(
            num_classes=num_classes,
            in_channels=in_channels,
            image_size=image_size,
            min_size=13 if small else 75,
            min_size_alone=21 if small else 107,
        )
        blocks = (blocks_v1 if version == 1 else blocks_v2)(in_channels, small=small, width=width)
        self.features = nn.Sequential(*blocks)
        last = scaled(1536, width) if version == 2 else 2 * scaled(384, width) + 4 * scaled(256, width)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.dropout = nn.Dropout(dropout)
        self.fc = nn.Linear(last, num_classes)
        kaiming(self)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits, shape (n, num_classes)."""
        self.check(x)
        x = flat(self.pool(self.features(x)))
        logits: Tensor = self.fc(self.dropout(x))
        return logits


@register("inception_resnet_v1")
def inception_resnet_v1(**options: Any) -> InceptionResNet:
    """Build Inception-ResNet v1: 22,756,328 parameters.

    Stage by stage the counts of facenet-pytorch's ``InceptionResnetV1``, which adds a sixth C module and a
    bottleneck of 512 features before the classifier.
    """
    return InceptionResNet(1, **options)


@register("inception_resnet_v2")
def inception_resnet_v2(**options: Any) -> InceptionResNet:
    """Build Inception-ResNet v2: 55,843,464 parameters, 13.2 G MACs; the count of timm and pytorchcv."""
    return InceptionResNet(2, **options)
