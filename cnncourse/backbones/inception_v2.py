"""Inception v2, also called BN-Inception: batch normalisation everywhere, two 3×3 in place of the 5×5.

Paper: Ioffe & Szegedy, "Batch Normalization: Accelerating Deep Network Training by Reducing Internal
Covariate Shift" (2015). The net reaches the accuracy of its twin without normalisation in a fourteenth
of the steps; 4.9 % top-5 error as an ensemble.
"""

from torch import Tensor, nn

from cnncourse.backbones.base import Backbone, flat, kaiming, scaled
from cnncourse.backbones.blocks import Branches, ConvNorm, chain, out_channels
from cnncourse.backbones.registry import register

# Figure 5: 1×1, 3×3 reduce, 3×3, double 3×3 reduce, double 3×3, pool projection. Projection 0: the module
# halves
# the maps and passes the pooled input through.
TABLE = {
    "3a": (64, 64, 64, 64, 96, 32),
    "3b": (64, 64, 96, 64, 96, 64),
    "3c": (0, 128, 160, 64, 96, 0),
    "4a": (224, 64, 96, 96, 128, 128),
    "4b": (192, 96, 128, 96, 128, 128),
    "4c": (160, 128, 160, 128, 160, 128),
    "4d": (96, 128, 192, 160, 192, 128),
    "4e": (0, 128, 192, 192, 256, 0),
    "5a": (352, 192, 320, 160, 224, 128),
    "5b": (352, 192, 320, 192, 224, 128),
}


class InceptionV2(Branches):
    """1×1, 1×1→3×3, 1×1→3×3→3×3 and pool→1×1; at stride 2 the 1×1 goes, and the pool passes its input on.

    Args:
        in_channels: channels in.
        filters: 1×1, 3×3 reduce, 3×3, double 3×3 reduce, double 3×3, pool projection (0: stride 2).
        max_pool: the pooling branch takes the maximum, not the mean.
        width: factor for the filters.

    Shapes: (n, in_channels, h, w) → (n, sum of the branches, h, w), or half the height and width at stride 2.

    Example:
        >>> import torch
        >>> InceptionV2(320, TABLE["3c"])(torch.zeros(1, 320, 28, 28)).shape
        torch.Size([1, 576, 14, 14])

    Source: Ioffe & Szegedy (2015), figure 5. Introduced in chapter 12.
    """

    def __init__(
        self,
        in_channels: int,
        filters: tuple[int, int, int, int, int, int],
        *,
        max_pool: bool = False,
        width: float = 1,
    ) -> None:
        one, reduce3, three, reduce_double, double, project = filters
        stride = 1 if project else 2
        branches: list[nn.Module] = [chain(in_channels, (one, 1), width=width)] if one else []
        branches.append(chain(in_channels, (reduce3, 1), (three, 3, stride), width=width))
        branches.append(chain(in_channels, (reduce_double, 1), (double, 3), (double, 3, stride), width=width))
        if project:
            pool = nn.MaxPool2d(3, 1, padding=1) if max_pool else nn.AvgPool2d(3, 1, padding=1)
            branches.append(nn.Sequential(pool, chain(in_channels, (project, 1), width=width)))
        else:
            branches.append(nn.MaxPool2d(3, 2, padding=1))
        super().__init__(*branches)


@register("inception_v2")
class BNInception(Backbone):
    """Ten Inception modules with batch normalisation: 11,285,224 parameters, 2.0 G MACs at 224.

    The filters are those of the published Caffe model (its 11,295,240 parameters count one bias more for
    each of the 10,016 batch-normalised channels). The paper's figure 5 has 96 instead of 128 pool
    projections in 4c and 4d.

    Args:
        num_classes: classes.
        in_channels: channels of the images.
        image_size: pixels. 64 and below: 3×3 stride-1 stem without its first pooling; 32 pixels give 16, 8
            and 4.
        width: factor for all channels.
        dropout: before the last layer.

    Shapes: (n, in_channels, h, w) → logits (n, num_classes).

    Example:
        >>> import torch
        >>> BNInception(image_size=32, width=0.25)(torch.zeros(2, 3, 32, 32)).shape
        torch.Size([2, 1000])

    Source: Ioffe & Szegedy (2015), appendix. Introduced in chapter 12.
    """

    def __init__(
        self,
        num_classes: int = 1000,
        in_channels: int = 3,
        image_size: int = 224,
        *,
        width: float = 1,
        dropout: float = 0.0,
    ) -> None:
        small = image_size <= 64
        super().__init__(
            num_classes=num_classes,
            in_channels=in_channels,
            image_size=image_size,
            min_size_alone=9 if small else 33,
        )
        a, b = scaled(64, width), scaled(192, width)
        self.stem = nn.Sequential(
            ConvNorm(in_channels, a, 3, 1) if small else ConvNorm(in_channels, a, 7, 2),  # (n, 64, 112, 112)
            nn.Identity() if small else nn.MaxPool2d(3, 2, padding=1),
            ConvNorm(a, a, 1),  # (n, 64, 56, 56)
            ConvNorm(a, b, 3),
            nn.MaxPool2d(3, 2, padding=1),  # (n, 192, 28, 28)
        )
        self.inception = nn.ModuleDict()
        channels = b
        for name, filters in TABLE.items():
            block = InceptionV2(channels, filters, max_pool=name == "5b", width=width)
            self.inception[name] = block
            channels = out_channels(block, channels)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.dropout = nn.Dropout(dropout)
        self.fc = nn.Linear(channels, num_classes)
        kaiming(self)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits, shape (n, num_classes)."""
        self.check(x)
        x = self.stem(x)
        for block in self.inception.values():
            x = block(x)
        x = flat(self.pool(x))  # (n, 1024)
        logits: Tensor = self.fc(self.dropout(x))
        return logits
