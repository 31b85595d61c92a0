"""AlexNet: the net that made the field turn round in 2012.

Papers: Krizhevsky, Sutskever & Hinton, "ImageNet Classification with Deep Convolutional Neural Networks"
(2012), and Krizhevsky, "One weird trick for parallelizing convolutional neural networks" (2014) for the
one-tower form.
Ideas: ReLU, dropout, overlapping pooling, local response normalisation, heavy augmentation, two GPUs at once.
"""

from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn

from cnncourse.backbones.base import Backbone, flat, kaiming, scaled
from cnncourse.backbones.registry import register
from cnncourse.errors import ArgumentError


class LRN(nn.Module):
    """Local response normalisation: divide each value by what neighbouring *channels* do at its place.

    bᵢ = aᵢ / (k + α·Σⱼ aⱼ²)^β, the sum over the ``size`` channels around i. No parameters.

    Args:
        size: channels in the window, odd.
        alpha: α of the paper. (PyTorch's ``nn.LocalResponseNorm`` divides its alpha by ``size``.)
        beta: β of the paper.
        k: k of the paper.

    Shapes: (n, c, h, w) → the same.

    Raises:
        ArgumentError: size is even or below 1.

    Example:
        >>> import torch
        >>> LRN(1, alpha=1.0, beta=0.5, k=0.0)(torch.full((1, 1, 1, 1), 7.0)).item()
        1.0

    Source: Krizhevsky et al. (2012), section 3.3. Introduced in chapter 08.
    """

    def __init__(self, size: int = 5, *, alpha: float = 1e-4, beta: float = 0.75, k: float = 2.0) -> None:
        super().__init__()
        if size < 1 or size % 2 == 0:
            raise ArgumentError(f"size must be odd and at least 1, but got {size}")
        self.size, self.alpha, self.beta, self.k = size, alpha, beta, k

    def forward(self, x: Tensor) -> Tensor:
        """Return the normalised maps."""
        channels, reach = x.shape[1], self.size // 2
        squares = F.pad(x.square(), (0, 0, 0, 0, reach, reach))  # zeros before and after the channels
        total = squares[:, :channels]
        for shift in range(1, self.size):
            total = total + squares[:, shift : shift + channels]
        return x / (self.k + self.alpha * total) ** self.beta


class AlexNet(Backbone):
    """Five convolutions, three overlapping poolings (3×3, stride 2), three full layers with dropout.

    Args:
        channels: filters of the five convolutions.
        groups: groups of the five convolutions; 2 keeps the two GPUs' halves apart.
        lrn: local response normalisation after the first two ReLUs.
        num_classes: classes.
        in_channels: channels of the images.
        image_size: pixels. 64 and below: 5×5 stride-1 stem, and a 3×3 map (not 6×6) goes into the full
            layers.
        width: factor for all channels and hidden units.
        dropout: probability of dropping a unit before the first two full layers.

    Shapes: (n, in_channels, h, w) → logits (n, num_classes).

    Example:
        >>> import torch
        >>> AlexNet((8, 8, 8, 8, 8), image_size=32, width=0.1)(torch.zeros(2, 3, 32, 32)).shape
        torch.Size([2, 1000])

    Source: Krizhevsky (2014), figure 1; Krizhevsky et al. (2012), figure 2. Introduced in chapter 11.
    """

    def __init__(
        self,
        channels: tuple[int, int, int, int, int],
        *,
        groups: tuple[int, int, int, int, int] = (1, 1, 1, 1, 1),
        lrn: bool = False,
        num_classes: int = 1000,
        in_channels: int = 3,
        image_size: int = 224,
        width: float = 1,
        dropout: float = 0.5,
    ) -> None:
        small = image_size <= 64
        super().__init__(
            num_classes=num_classes,
            in_channels=in_channels,
            image_size=image_size,
            min_size=15 if small else 63,
        )
        c1, c2, c3, c4, c5 = (scaled(count, width) for count in channels)
        hidden, side = scaled(4096, width), 3 if small else 6
        stem = (5, 1, 2) if small else (11, 4, 2)  # kernel size, stride, padding
        self.features = nn.Sequential(
            nn.Conv2d(in_channels, c1, *stem, groups=groups[0]),
            nn.ReLU(),  # (n, 64, 55, 55)
            *([LRN()] if lrn else []),
            nn.MaxPool2d(3, 2),  # windows overlap: (n, 64, 27, 27)
            nn.Conv2d(c1, c2, 5, padding=2, groups=groups[1]),
            nn.ReLU(),
            *([LRN()] if lrn else []),
            nn.MaxPool2d(3, 2),  # (n, 192, 13, 13)
            nn.Conv2d(c2, c3, 3, padding=1, groups=groups[2]),
            nn.ReLU(),
            nn.Conv2d(c3, c4, 3, padding=1, groups=groups[3]),
            nn.ReLU(),
            nn.Conv2d(c4, c5, 3, padding=1, groups=groups[4]),
            nn.ReLU(),
            nn.MaxPool2d(3, 2),  # (n, 256, 6, 6)
        )
        self.pool = nn.AdaptiveAvgPool2d(side)  # does nothing at 224 pixels; other sizes are brought to 6×6
        self.classifier = nn.Sequential(
            nn.Dropout(dropout),
            nn.Linear(c5 * side * side, hidden),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(hidden, hidden),
            nn.ReLU(),
            nn.Linear(hidden, num_classes),
        )
        kaiming(self.features)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits, shape (n, num_classes)."""
        self.check(x)
        x = self.pool(self.features(x))
        logits: Tensor = self.classifier(flat(x))
        return logits


@register("alexnet")
def alexnet(**options: Any) -> AlexNet:
    """Build AlexNet with one tower: 61,100,840 parameters, 714 M MACs at 224; torchvision's net.

    Source: Krizhevsky (2014). Introduced in chapter 11.
    """
    return AlexNet((64, 192, 384, 256, 256), **options)


@register("alexnet_two_gpus")
def alexnet_two_gpus(**options: Any) -> AlexNet:
    """Build AlexNet as printed: two halves that meet in the third convolution, and LRN.

    60,965,224 parameters: "60 million" in the paper, exactly this number for the Caffe model in the tables of
    Hewlett Packard's deep learning benchmark (repository dlcookbook-dlbs).
    Top-5 error on ImageNet 18.2 % for one net.

    Source: Krizhevsky et al. (2012), figure 2. Introduced in chapter 11.
    """
    return AlexNet((96, 256, 384, 384, 256), groups=(1, 2, 1, 2, 2), lrn=True, **options)
