"""ResNet in ResNet (RiR): a residual stream and a plain stream side by side, exchanging what they find.

Paper: Targ, Almeida & Lyman, "Resnet in Resnet: Generalizing Residual Architectures" (2016).
Idea: a shortcut keeps everything. A second, *transient* stream without shortcuts can also forget; at each
layer each stream is convolved into itself and into the other one.
"""

import torch
from torch import Tensor, nn

from cnncourse.backbones.base import Backbone, flat, kaiming, scaled
from cnncourse.backbones.registry import register

STAGES = ((48, 4, 1), (96, 6, 2), (192, 6, 2))  # channels of each stream, units, stride of the first


class RiRUnit(nn.Module):
    """Four convolutions between the two streams, and a shortcut in the residual one.

    residual ← ReLU(BN(residual∗W₁ + transient∗W₂ + shortcut)); transient ← ReLU(BN(transient∗W₃ +
    residual∗W₄)).

    Args:
        in_channels: channels of each stream going in.
        channels: channels of each stream coming out.
        stride: of the convolutions.

    Shapes: two tensors (n, in_channels, h, w) → two tensors (n, channels, h/stride, w/stride).

    Example:
        >>> unit = RiRUnit(8, 16, 2)
        >>> [stream.shape for stream in unit(torch.zeros(2, 8, 4, 4), torch.zeros(2, 8, 4, 4))]
        [torch.Size([2, 16, 2, 2]), torch.Size([2, 16, 2, 2])]

    Source: Targ et al. (2016), eq. 1 and 2. Introduced in chapter 13.
    """

    def __init__(self, in_channels: int, channels: int, stride: int = 1) -> None:
        super().__init__()

        def conv() -> nn.Conv2d:
            return nn.Conv2d(in_channels, channels, 3, stride, padding=1, bias=False)

        self.residual_to_residual, self.transient_to_residual = conv(), conv()
        self.transient_to_transient, self.residual_to_transient = conv(), conv()
        self.norm_residual, self.norm_transient = nn.BatchNorm2d(channels), nn.BatchNorm2d(channels)
        self.relu_residual, self.relu_transient = nn.ReLU(), nn.ReLU()
        same = stride == 1 and in_channels == channels
        self.shortcut = nn.Identity() if same else nn.Conv2d(in_channels, channels, 1, stride, bias=False)

    def forward(self, residual: Tensor, transient: Tensor) -> tuple[Tensor, Tensor]:
        """Return the two streams."""
        into_residual = self.residual_to_residual(residual) + self.transient_to_residual(transient)
        into_transient = self.transient_to_transient(transient) + self.residual_to_transient(residual)
        into_residual = into_residual + self.shortcut(residual)
        return (
            self.relu_residual(self.norm_residual(into_residual)),
            self.relu_transient(self.norm_transient(into_transient)),
        )


@register("rir")
class RiR(Backbone):
    """Sixteen RiR units in three stages, the streams stacked, a 1×1 convolution to the classes, a mean.

    9,492,980 parameters, the figure of pytorchcv's ``rir_cifar10``.

    Args:
        num_classes: classes.
        in_channels: channels of the images.
        image_size: pixels; the maps are image_size, half and a quarter of it.
        width: factor for all channels.

    Shapes: (n, in_channels, h, w) → logits (n, num_classes).

    Example:
        >>> RiR(width=0.2)(torch.zeros(2, 3, 16, 16)).shape
        torch.Size([2, 10])

    Source: Targ et al. (2016), section 3 ("18-layer + wide RiR"). Introduced in chapter 13.
    """

    def __init__(
        self, num_classes: int = 10, in_channels: int = 3, image_size: int = 32, *, width: float = 1
    ) -> None:
        super().__init__(
            num_classes=num_classes, in_channels=in_channels, image_size=image_size, min_size_alone=5
        )
        channels = scaled(48, width)
        self.stem_residual, self.stem_transient = (
            nn.Sequential(
                nn.Conv2d(in_channels, channels, 3, padding=1, bias=False),
                nn.BatchNorm2d(channels),
                nn.ReLU(),
            )
            for _ in range(2)
        )
        units = []
        for filters, depth, stride in STAGES:
            for number in range(depth):
                units.append(RiRUnit(channels, scaled(filters, width), stride if number == 0 else 1))
                channels = scaled(filters, width)
        self.units = nn.ModuleList(units)
        self.head = nn.Conv2d(2 * channels, num_classes, 1, bias=False)
        self.norm = nn.BatchNorm2d(num_classes)
        self.pool = nn.AdaptiveAvgPool2d(1)
        kaiming(self)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits, shape (n, num_classes)."""
        self.check(x)
        residual, transient = self.stem_residual(x), self.stem_transient(x)  # (n, 48, 32, 32) each
        for unit in self.units:
            residual, transient = unit(residual, transient)  # at the end (n, 192, 8, 8) each
        x = self.norm(self.head(torch.cat([residual, transient], 1)))
        return flat(self.pool(x))
