"""GoogLeNet (Inception v1): several kernel sizes side by side, made cheap by 1×1 bottlenecks.

Paper: Szegedy et al., "Going Deeper with Convolutions" (2015). Winner of ImageNet 2014, 6.67 % top-5 error
with seven nets; twelve times fewer parameters than AlexNet.
Ideas: let the net choose the scale; 1×1 convolutions before the wide kernels; global average pooling; two
auxiliary classifiers that feed gradient into the middle of the net.
"""

import torch.nn.functional as F
from torch import Tensor, nn

from cnncourse.backbones.alexnet import LRN
from cnncourse.backbones.base import Backbone, flat, scaled
from cnncourse.backbones.blocks import Branches, ConvNorm, chain, out_channels
from cnncourse.backbones.registry import register

# Table 1: filters of 1×1, 3×3 reduce, 3×3, 5×5 reduce, 5×5, pool projection; "pool" halves the maps.
TABLE: dict[str, tuple[int, int, int, int, int, int] | None] = {
    "3a": (64, 96, 128, 16, 32, 32),
    "3b": (128, 128, 192, 32, 96, 64),
    "pool3": None,
    "4a": (192, 96, 208, 16, 48, 64),
    "4b": (160, 112, 224, 24, 64, 64),
    "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128),
    "pool4": None,
    "5a": (256, 160, 320, 32, 128, 128),
    "5b": (384, 192, 384, 48, 128, 128),
}


class InceptionV1(Branches):
    """The Inception module: 1×1, 1×1→3×3, 1×1→5×5 and pool→1×1, side by side.

    Args:
        in_channels: channels in.
        filters: 1×1, 3×3 reduce, 3×3, 5×5 reduce, 5×5, pool projection.
        kernel: of the third branch: 5 in the paper, 3 in torchvision (a slip in a port that stayed).
        norm: batch normalisation.
        width: factor for the filters.

    Shapes: (n, in_channels, h, w) → (n, sum of the four branches' filters, h, w).

    Example:
        >>> import torch
        >>> InceptionV1(192, (64, 96, 128, 16, 32, 32))(torch.zeros(2, 192, 28, 28)).shape
        torch.Size([2, 256, 28, 28])

    Source: Szegedy et al. (2015), figure 2(b). Introduced in chapter 12.
    """

    def __init__(
        self,
        in_channels: int,
        filters: tuple[int, int, int, int, int, int],
        *,
        kernel: int = 3,
        norm: bool = True,
        width: float = 1,
    ) -> None:
        one, reduce3, three, reduce5, five, project = filters
        super().__init__(
            chain(in_channels, (one, 1), width=width, norm=norm),
            chain(in_channels, (reduce3, 1), (three, 3), width=width, norm=norm),
            chain(in_channels, (reduce5, 1), (five, kernel), width=width, norm=norm),
            nn.Sequential(
                nn.MaxPool2d(3, 1, padding=1),
                chain(in_channels, (project, 1), width=width, norm=norm),
            ),
        )


class AuxiliaryV1(nn.Module):
    """A small classifier on a map in the middle of the net, used while training only.

    Args:
        in_channels: channels in.
        num_classes: classes.
        norm: batch normalisation.
        width: factor for channels and hidden units.

    Shapes: (n, in_channels, h, w) → logits (n, num_classes).

    Example:
        >>> import torch
        >>> AuxiliaryV1(512, 10)(torch.zeros(2, 512, 14, 14)).shape
        torch.Size([2, 10])

    Source: Szegedy et al. (2015), section 5. Introduced in chapter 12.
    """

    def __init__(
        self, in_channels: int, num_classes: int, *, norm: bool = True, width: float = 1, dropout: float = 0.7
    ) -> None:
        super().__init__()
        self.pool = nn.AdaptiveAvgPool2d(4)
        self.conv = ConvNorm(in_channels, scaled(128, width), 1, eps=1e-3, norm=norm)
        self.fc1 = nn.Linear(scaled(128, width) * 16, scaled(1024, width))
        self.dropout = nn.Dropout(dropout)
        self.fc2 = nn.Linear(scaled(1024, width), num_classes)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits."""
        x = flat(self.conv(self.pool(x)))  # (n, 128·4·4)
        x = self.dropout(F.relu(self.fc1(x)))
        logits: Tensor = self.fc2(x)
        return logits


@register("googlenet")
class GoogLeNet(Backbone):
    """Nine Inception modules in three stages.

    6,624,904 parameters, 1.5 G MACs at 224; torchvision's net (batch normalisation, 3×3 in the third
    branch). With ``original=True`` the paper's: 5×5, LRN, no batch normalisation, 6,998,552 parameters,
    the number for the Caffe model in the tables of Hewlett Packard's deep learning benchmark (repository
    dlcookbook-dlbs).

    Args:
        num_classes: classes.
        in_channels: channels of the images.
        image_size: pixels. 64 and below: 3×3 stride-1 stem without its first pooling; 32 pixels give maps of
            16, 8 and 4.
        aux: two auxiliary classifiers. Then the net returns (logits, aux1, aux2) in train mode; weigh them
            by 0.3.
        original: the paper's net instead of torchvision's.
        width: factor for all channels.
        dropout: before the last layer (0.2 in torchvision, 0.4 in the paper).
        dropout_aux: in the auxiliary classifiers.

    Shapes: (n, in_channels, h, w) → logits (n, num_classes).

    Example:
        >>> import torch
        >>> net = GoogLeNet(image_size=32, width=0.25, aux=True, num_classes=10)
        >>> [logits.shape[1] for logits in net(torch.zeros(2, 3, 32, 32))]
        [10, 10, 10]

    Source: Szegedy et al. (2015), table 1. Introduced in chapter 12.
    """

    def __init__(
        self,
        num_classes: int = 1000,
        in_channels: int = 3,
        image_size: int = 224,
        *,
        aux: bool = False,
        original: bool = False,
        width: float = 1,
        dropout: float = 0.2,
        dropout_aux: float = 0.7,
    ) -> None:
        small, norm = image_size <= 64, not original
        super().__init__(
            num_classes=num_classes,
            in_channels=in_channels,
            image_size=image_size,
            min_size=4 if small else 15,
            min_size_alone=0 if original else 12 if small else 47,
        )
        a, b = scaled(64, width), scaled(192, width)
        kernel, stride = (3, 1) if small else (7, 2)
        self.stem = nn.Sequential(
            ConvNorm(in_channels, a, kernel, stride, eps=1e-3, norm=norm),  # (n, 64, 112, 112)
            *([] if small else [nn.MaxPool2d(3, 2, ceil_mode=True)]),
            *([LRN()] if original else []),
            ConvNorm(a, a, 1, eps=1e-3, norm=norm),  # (n, 64, 56, 56)
            ConvNorm(a, b, 3, eps=1e-3, norm=norm),
            *([LRN()] if original else []),
            nn.MaxPool2d(3, 2, ceil_mode=True),  # (n, 192, 28, 28)
        )
        self.inception = nn.ModuleDict()
        channels, width_at = b, {}
        for name, filters in TABLE.items():
            if filters is None:
                self.inception[name] = nn.MaxPool2d(3 if name == "pool3" else 2, 2, ceil_mode=True)
            else:
                block = InceptionV1(channels, filters, kernel=5 if original else 3, norm=norm, width=width)
                self.inception[name] = block
            channels = width_at[name] = out_channels(self.inception[name], channels)
        self.aux1, self.aux2 = (
            AuxiliaryV1(width_at[name], num_classes, norm=norm, width=width, dropout=dropout_aux)
            if aux
            else None
            for name in ("4a", "4d")
        )
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.dropout = nn.Dropout(dropout)
        self.fc = nn.Linear(channels, num_classes)

    def forward(self, x: Tensor) -> Tensor | tuple[Tensor, Tensor, Tensor]:
        """Return logits; in train mode with ``aux=True`` the tuple (logits, aux1, aux2)."""
        self.check(x)
        x = self.stem(x)
        taps: dict[str, Tensor] = {}
        for name, block in self.inception.items():
            x = taps[name] = block(x)
        x = flat(self.pool(x))  # (n, 1024)
        logits: Tensor = self.fc(self.dropout(x))
        if self.aux1 is None or self.aux2 is None or not self.training:
            return logits
        return logits, self.aux1(taps["4a"]), self.aux2(taps["4d"])
