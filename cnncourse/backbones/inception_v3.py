"""Inception v3: factorise every large kernel, and shrink the maps without a bottleneck.

Paper: Szegedy et al., "Rethinking the Inception Architecture for Computer Vision" (2016). 21.2 % top-1 error.
Ideas: its four design principles (no early bottleneck; many, high-dimensional features; reduce channels
before you spread out; balance width and depth), n×n as 1×n · n×1, grid reduction by convolution and pooling
side by side.
"""

from collections.abc import Callable

from torch import Tensor, nn

from cnncourse.backbones.base import Backbone, flat, kaiming, scaled
from cnncourse.backbones.blocks import Branches, chain, out_channels
from cnncourse.backbones.registry import register


class InceptionA(Branches):
    """Figure 5: 1×1, 1×1→5×5, 1×1→3×3→3×3, pool→1×1, on the 35×35 maps.

    Args:
        in_channels: channels in.
        project: filters of the pooling branch.
        width: factor for the filters.

    Shapes: (n, in_channels, h, w) → (n, 224 + project, h, w).

    Example:
        >>> import torch
        >>> InceptionA(192, 32)(torch.zeros(1, 192, 7, 7)).shape
        torch.Size([1, 256, 7, 7])

    Source: Szegedy et al. (2016), figure 5. Introduced in chapter 12.
    """

    def __init__(self, in_channels: int, project: int, *, width: float = 1) -> None:
        super().__init__(
            chain(in_channels, (64, 1), width=width),
            chain(in_channels, (48, 1), (64, 5), width=width),
            chain(in_channels, (64, 1), (96, 3), (96, 3), width=width),
            nn.Sequential(nn.AvgPool2d(3, 1, padding=1), chain(in_channels, (project, 1), width=width)),
        )


class InceptionB(Branches):
    """Figure 10: halve the maps by stride-2 convolutions and a pooling, side by side.

    Example:
        >>> import torch
        >>> InceptionB(288)(torch.zeros(1, 288, 35, 35)).shape
        torch.Size([1, 768, 17, 17])

    Source: Szegedy et al. (2016), figure 10. Introduced in chapter 12.
    """

    def __init__(self, in_channels: int, *, width: float = 1) -> None:
        super().__init__(
            chain(in_channels, (384, 3, 2, 0), width=width),
            chain(in_channels, (64, 1), (96, 3), (96, 3, 2, 0), width=width),
            nn.MaxPool2d(3, 2),
        )


class InceptionC(Branches):
    """Figure 6: 7×7 kernels factorised into 1×7 and 7×1, on the 17×17 maps.

    Args:
        in_channels: channels in.
        middle: filters inside the branches.
        width: factor for the filters.

    Example:
        >>> import torch
        >>> InceptionC(768, 128)(torch.zeros(1, 768, 5, 5)).shape
        torch.Size([1, 768, 5, 5])

    Source: Szegedy et al. (2016), figure 6. Introduced in chapter 12.
    """

    def __init__(self, in_channels: int, middle: int, *, width: float = 1) -> None:
        row, column = (middle, (1, 7)), (middle, (7, 1))
        super().__init__(
            chain(in_channels, (192, 1), width=width),
            chain(in_channels, (middle, 1), row, (192, (7, 1)), width=width),
            chain(in_channels, (middle, 1), column, row, column, (192, (1, 7)), width=width),
            nn.Sequential(nn.AvgPool2d(3, 1, padding=1), chain(in_channels, (192, 1), width=width)),
        )


class InceptionD(Branches):
    """Grid reduction from 17×17 to 8×8, with a factorised 7×7 in one branch.

    Example:
        >>> import torch
        >>> InceptionD(768)(torch.zeros(1, 768, 17, 17)).shape
        torch.Size([1, 1280, 8, 8])

    Source: Szegedy et al. (2016), section 5, as published with the model. Introduced in chapter 12.
    """

    def __init__(self, in_channels: int, *, width: float = 1) -> None:
        super().__init__(
            chain(in_channels, (192, 1), (320, 3, 2, 0), width=width),
            chain(in_channels, (192, 1), (192, (1, 7)), (192, (7, 1)), (192, 3, 2, 0), width=width),
            nn.MaxPool2d(3, 2),
        )


class InceptionE(Branches):
    """Figure 7: 1×3 and 3×1 side by side, which spreads the 8×8 maps over many channels.

    Example:
        >>> import torch
        >>> InceptionE(1280)(torch.zeros(1, 1280, 4, 4)).shape
        torch.Size([1, 2048, 4, 4])

    Source: Szegedy et al. (2016), figure 7. Introduced in chapter 12.
    """

    def __init__(self, in_channels: int, *, width: float = 1) -> None:
        def spread() -> Branches:
            middle = scaled(384, width)
            row, column = chain(middle, (384, (1, 3)), width=width), chain(middle, (384, (3, 1)), width=width)
            return Branches(row, column)

        super().__init__(
            chain(in_channels, (320, 1), width=width),
            nn.Sequential(chain(in_channels, (384, 1), width=width), spread()),
            nn.Sequential(chain(in_channels, (448, 1), (384, 3), width=width), spread()),
            nn.Sequential(nn.AvgPool2d(3, 1, padding=1), chain(in_channels, (192, 1), width=width)),
        )


class AuxiliaryV3(nn.Module):
    """The auxiliary classifier on the 17×17 maps, used while training only.

    Args:
        in_channels: channels in.
        num_classes: classes.
        small: average to 5×5 whatever the size; else by 5×5 windows with stride 3, as in the paper.
        width: factor for channels.

    Example:
        >>> import torch
        >>> AuxiliaryV3(768, 10)(torch.zeros(2, 768, 17, 17)).shape
        torch.Size([2, 10])

    Source: Szegedy et al. (2016), figure 8. Introduced in chapter 12.
    """

    def __init__(self, in_channels: int, num_classes: int, *, small: bool = False, width: float = 1) -> None:
        super().__init__()
        self.shrink = nn.AdaptiveAvgPool2d(5) if small else nn.AvgPool2d(5, 3)
        self.convs = chain(in_channels, (128, 1), (768, 5, 1, 0), width=width)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(scaled(768, width), num_classes)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits."""
        x = self.pool(self.convs(self.shrink(x)))
        logits: Tensor = self.fc(flat(x))
        return logits


def stem_v3(in_channels: int, *, small: bool, width: float) -> nn.Sequential:
    """Build the stem: six convolutions and two poolings; 299 → 35 pixels, or 32 → 16 in the small form.

    Args:
        in_channels: channels of the images.
        small: stride 1, padding everywhere, and one pooling.
        width: factor for the filters.

    Example:
        >>> import torch
        >>> stem_v3(3, small=False, width=1)(torch.zeros(1, 3, 299, 299)).shape
        torch.Size([1, 192, 35, 35])

    Source: Szegedy et al. (2016), table 1, as published with the model. Introduced in chapter 12.
    """
    stride, edge = (1, 1) if small else (2, 0)
    return nn.Sequential(
        *chain(
            in_channels, (32, 3, stride, edge), (32, 3, 1, edge), (64, 3), width=width
        ),  # (n, 64, 147, 147)
        nn.MaxPool2d(3, 2, padding=edge),
        *chain(scaled(64, width), (80, 1), (192, 3, 1, edge), width=width),  # (n, 192, 71, 71)
        nn.Identity() if small else nn.MaxPool2d(3, 2),
    )


@register("inception_v3")
class InceptionV3(Backbone):
    """Eleven modules of five kinds: 23,834,568 parameters, 5.7 G MACs at 299; torchvision's net.

    Args:
        num_classes: classes.
        in_channels: channels of the images.
        image_size: pixels. 64 and below: ``stem_v3`` in its small form; 32 pixels give maps of 16, 7 and 3.
        aux: an auxiliary classifier. Then the net returns (logits, aux) in train mode; weigh it by 0.3. Above
            64 pixels it needs images of 299 pixels or more.
        width: factor for all channels.
        dropout: before the last layer.

    Shapes: (n, in_channels, h, w) → logits (n, num_classes).

    Example:
        >>> import torch
        >>> InceptionV3(image_size=32, width=0.25)(torch.zeros(2, 3, 32, 32)).shape
        torch.Size([2, 1000])

    Source: Szegedy et al. (2016), table 1. Introduced in chapter 12.
    """

    def __init__(
        self,
        num_classes: int = 1000,
        in_channels: int = 3,
        image_size: int = 299,
        *,
        aux: bool = False,
        width: float = 1,
        dropout: float = 0.5,
    ) -> None:
        small = image_size <= 64
        super().__init__(
            num_classes=num_classes,
            in_channels=in_channels,
            image_size=image_size,
            min_size=13 if small else 299 if aux else 75,
            min_size_alone=(None if aux else 21) if small else 347 if aux else 107,
        )
        self.stem = stem_v3(in_channels, small=small, width=width)
        channels = out_channels(self.stem, in_channels)

        def add(kind: Callable[..., Branches], *form: int) -> Branches:
            nonlocal channels
            block = kind(channels, *form, width=width)
            channels = out_channels(block, channels)
            return block

        self.mixed5 = nn.Sequential(add(InceptionA, 32), add(InceptionA, 64), add(InceptionA, 64))
        halve = add(InceptionB)
        self.mixed6 = nn.Sequential(halve, *(add(InceptionC, middle) for middle in (128, 160, 160, 192)))
        self.aux = AuxiliaryV3(channels, num_classes, small=small, width=width) if aux else None
        self.mixed7 = nn.Sequential(add(InceptionD), add(InceptionE), add(InceptionE))
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.dropout = nn.Dropout(dropout)
        self.fc = nn.Linear(channels, num_classes)
        kaiming(self)

    def forward(self, x: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        """Return logits; in train mode with ``aux=True`` the pair (logits, aux)."""
        self.check(x)
        x = self.mixed5(self.stem(x))  # (n, 288, 35, 35)
        x = middle = self.mixed6(x)  # (n, 768, 17, 17)
        x = self.mixed7(x)  # (n, 2048, 8, 8)
        x = self.dropout(flat(self.pool(x)))
        logits: Tensor = self.fc(x)
        if self.aux is None or not self.training:
            return logits
        return logits, self.aux(middle)
