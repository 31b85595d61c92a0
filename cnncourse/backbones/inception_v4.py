"""Inception v4: the same ideas, made uniform — one kind of module a grid size, and a stem that branches.

Paper: Szegedy, Ioffe, Vanhoucke & Alemi, "Inception-v4, Inception-ResNet and the Impact of Residual
Connections on Learning" (2017). 20.0 % top-1 error, 5.0 % top-5, one crop.
"""

from torch import Tensor, nn

from cnncourse.backbones.base import Backbone, flat, kaiming, scaled
from cnncourse.backbones.blocks import Branches, ConvNorm, chain, out_channels
from cnncourse.backbones.registry import register


def pooled(in_channels: int, filters: int, width: float) -> nn.Sequential:
    """Build the branch average pooling → 1×1. The mean leaves the zeros of the padding out.

    Args:
        in_channels: channels in.
        filters: channels out.
        width: factor for the filters.

    Example:
        >>> import torch
        >>> pooled(384, 96, 1)(torch.zeros(1, 384, 5, 5)).shape
        torch.Size([1, 96, 5, 5])

    Source: Szegedy et al. (2017), figure 4. Introduced in chapter 12.
    """
    pool = nn.AvgPool2d(3, 1, padding=1, count_include_pad=False)
    return nn.Sequential(pool, chain(in_channels, (filters, 1), width=width))


class StemV4(nn.Sequential):
    """The stem: it already branches three times. 299 → 35 pixels; small form: 32 → 16.

    Args:
        in_channels: channels of the images.
        small: stride 1 but in the first branching, and padding everywhere.
        width: factor for the filters.

    Shapes: (n, in_channels, 299, 299) → (n, 384, 35, 35).

    Example:
        >>> import torch
        >>> StemV4(3)(torch.zeros(1, 3, 75, 75)).shape
        torch.Size([1, 384, 7, 7])

    Source: Szegedy et al. (2017), figure 3. Introduced in chapter 12.
    """

    def __init__(self, in_channels: int, *, small: bool = False, width: float = 1) -> None:
        edge, stride = (1, 1) if small else (0, 2)
        a, b, c = scaled(64, width), scaled(96, width), scaled(192, width)
        super().__init__(
            *chain(
                in_channels, (32, 3, stride, edge), (32, 3, 1, edge), (64, 3), width=width
            ),  # 149, 147, 147
            Branches(nn.MaxPool2d(3, 2, edge), ConvNorm(a, b, 3, 2, edge, eps=1e-3)),  # (n, 160, 73, 73)
            Branches(
                chain(a + b, (64, 1), (96, 3, 1, edge), width=width),
                chain(a + b, (64, 1), (64, (1, 7)), (64, (7, 1)), (96, 3, 1, edge), width=width),
            ),  # (n, 192, 71, 71)
            Branches(
                ConvNorm(2 * b, c, 3, stride, edge, eps=1e-3), nn.MaxPool2d(3, stride, edge)
            ),  # (n, 384, 35, 35)
        )


class InceptionV4A(Branches):
    """Figure 4: the module of the 35×35 maps.

    Example:
        >>> import torch
        >>> InceptionV4A(384)(torch.zeros(1, 384, 5, 5)).shape
        torch.Size([1, 384, 5, 5])

    Source: Szegedy et al. (2017), figure 4. Introduced in chapter 12.
    """

    def __init__(self, in_channels: int, width: float = 1) -> None:
        super().__init__(
            chain(in_channels, (96, 1), width=width),
            chain(in_channels, (64, 1), (96, 3), width=width),
            chain(in_channels, (64, 1), (96, 3), (96, 3), width=width),
            pooled(in_channels, 96, width),
        )


class ReductionA(Branches):
    """Figure 7: from 35×35 to 17×17, in all nets of the paper with their own filters k, l, m, n.

    Args:
        in_channels: channels in.
        filters: k and l, the 1×1 and 3×3 of the double branch; m, its stride-2 3×3; n, the single 3×3
            (table 1).
        width: factor for the filters.

    Example:
        >>> import torch
        >>> ReductionA(384)(torch.zeros(1, 384, 35, 35)).shape
        torch.Size([1, 1024, 17, 17])

    Source: Szegedy et al. (2017), figure 7 and table 1. Introduced in chapter 12.
    """

    def __init__(
        self, in_channels: int, filters: tuple[int, int, int, int] = (192, 224, 256, 384), width: float = 1
    ) -> None:
        k, l, m, n = filters  # noqa: E741 — the paper's letters
        super().__init__(
            chain(in_channels, (n, 3, 2, 0), width=width),
            chain(in_channels, (k, 1), (l, 3), (m, 3, 2, 0), width=width),
            nn.MaxPool2d(3, 2),
        )


class InceptionV4B(Branches):
    """Figure 5: the module of the 17×17 maps, with factorised 7×7.

    Example:
        >>> import torch
        >>> InceptionV4B(1024)(torch.zeros(1, 1024, 5, 5)).shape
        torch.Size([1, 1024, 5, 5])

    Source: Szegedy et al. (2017), figure 5. Introduced in chapter 12.
    """

    def __init__(self, in_channels: int, width: float = 1) -> None:
        row, column = (1, 7), (7, 1)
        super().__init__(
            chain(in_channels, (384, 1), width=width),
            chain(in_channels, (192, 1), (224, row), (256, column), width=width),
            chain(in_channels, (192, 1), (192, column), (224, row), (224, column), (256, row), width=width),
            pooled(in_channels, 128, width),
        )


class ReductionB(Branches):
    """Figure 8: from 17×17 to 8×8.

    Example:
        >>> import torch
        >>> ReductionB(1024)(torch.zeros(1, 1024, 17, 17)).shape
        torch.Size([1, 1536, 8, 8])

    Source: Szegedy et al. (2017), figure 8. Introduced in chapter 12.
    """

    def __init__(self, in_channels: int, width: float = 1) -> None:
        super().__init__(
            chain(in_channels, (192, 1), (192, 3, 2, 0), width=width),
            chain(in_channels, (256, 1), (256, (1, 7)), (320, (7, 1)), (320, 3, 2, 0), width=width),
            nn.MaxPool2d(3, 2),
        )


class InceptionV4C(Branches):
    """Figure 6: the module of the 8×8 maps, which spreads 1×3 and 3×1 side by side.

    Example:
        >>> import torch
        >>> InceptionV4C(1536)(torch.zeros(1, 1536, 4, 4)).shape
        torch.Size([1, 1536, 4, 4])

    Source: Szegedy et al. (2017), figure 6. Introduced in chapter 12.
    """

    def __init__(self, in_channels: int, width: float = 1) -> None:
        row, column = (1, 3), (3, 1)

        def spread(channels: int) -> Branches:
            channels = scaled(channels, width)
            return Branches(
                chain(channels, (256, row), width=width), chain(channels, (256, column), width=width)
            )

        super().__init__(
            chain(in_channels, (256, 1), width=width),
            nn.Sequential(chain(in_channels, (384, 1), width=width), spread(384)),
            nn.Sequential(chain(in_channels, (384, 1), (448, column), (512, row), width=width), spread(512)),
            pooled(in_channels, 256, width),
        )


@register("inception_v4")
class InceptionV4(Backbone):
    """Stem, 4 × A, reduction, 7 × B, reduction, 3 × C: 42,679,816 parameters, 12.3 G MACs at 299.

    The count is that of timm's and pytorchcv's ``inception_v4``.

    Args:
        num_classes: classes.
        in_channels: channels of the images.
        image_size: pixels. 64 and below: ``StemV4`` in its small form; 32 pixels give maps of 16, 7 and 3.
        width: factor for all channels.
        dropout: before the last layer.

    Shapes: (n, in_channels, h, w) → logits (n, num_classes).

    Example:
        >>> import torch
        >>> InceptionV4(image_size=32, width=0.1)(torch.zeros(2, 3, 32, 32)).shape
        torch.Size([2, 1000])

    Source: Szegedy et al. (2017), figure 9. Introduced in chapter 12.
    """

    def __init__(
        self,
        num_classes: int = 1000,
        in_channels: int = 3,
        image_size: int = 299,
        *,
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
        stem = StemV4(in_channels, small=small, width=width)
        blocks: list[nn.Module] = [stem]
        channels = out_channels(stem, in_channels)
        plan = [InceptionV4A] * 4 + [ReductionA] + [InceptionV4B] * 7 + [ReductionB] + [InceptionV4C] * 3
        for kind in plan:
            blocks.append(kind(channels, width=width))
            channels = out_channels(blocks[-1], channels)
        self.features = nn.Sequential(*blocks)  # (n, 1536, 8, 8)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.dropout = nn.Dropout(dropout)
        self.fc = nn.Linear(channels, num_classes)
        kaiming(self)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits, shape (n, num_classes)."""
        self.check(x)
        x = flat(self.pool(self.features(x)))
        logits: Tensor = self.fc(self.dropout(x))
        return logits
