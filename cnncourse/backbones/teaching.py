"""The four small nets that the chapters train: a plan of convolutions and poolings, then a few full layers.

Each is a list that reads like the picture of the net: a number is a 3×3 convolution with that many filters,
``"pool2"`` a 2×2 max pooling.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from torch import Tensor, nn

from cnncourse.backbones.base import Backbone, flat, scaled
from cnncourse.backbones.registry import register

Plan = Sequence[int | str]


def plan_out(plan: Plan, size: int, *, padding: int) -> int:
    """Return the side of the map that a plan leaves of an image.

    Args:
        plan: filters of 3×3 convolutions, and "pool2" or "pool4".
        size: side of the image, in pixels.
        padding: of the convolutions, in pixels.

    Example:
        >>> plan_out([16, 32, "pool2", 64, 128, "pool2"], 28, padding=0)  # 28 → 26 → 24 → 12 → 10 → 8 → 4
        4

    Introduced in chapter 18.
    """
    for step in plan:
        size = size // int(step[4:]) if isinstance(step, str) else size + 2 * padding - 2
    return size


class PlanNet(Backbone):
    """A net from a plan: ``[conv → BN? → ReLU | pool] × M``, flatten, ``[linear → ReLU] × K``, linear.

    Args:
        plan: filters of 3×3 convolutions, and "pool2" or "pool4".
        hidden: units of the hidden full layers.
        num_classes: classes.
        in_channels: channels of the images.
        image_size: pixels; the first full layer is fitted to it, so other sizes are refused.
        padding: of the convolutions, in pixels.
        norm: batch normalisation after each convolution.
        width: factor for all channels and hidden units.

    Shapes: (n, in_channels, image_size, image_size) → logits (n, num_classes).

    Example:
        >>> net = PlanNet([8, "pool2"], [32], num_classes=10, in_channels=1, image_size=28)
        >>> net.classifier[0].in_features  # 8 · 14 · 14
        1568

    Introduced in chapter 10.
    """

    def __init__(
        self,
        plan: Plan,
        hidden: Sequence[int],
        *,
        num_classes: int,
        in_channels: int,
        image_size: int,
        padding: int = 1,
        norm: bool = False,
        width: float = 1,
    ) -> None:
        smallest = next(size for size in range(1, 1000) if plan_out(plan, size, padding=padding) > 0)
        super().__init__(
            num_classes=num_classes,
            in_channels=in_channels,
            image_size=image_size,
            min_size=smallest,
            exact=True,
        )
        layers: list[nn.Module] = []
        channels = in_channels
        for step in plan:
            if isinstance(step, str):
                layers.append(nn.MaxPool2d(int(step[4:])))
            else:
                filters = scaled(step, width)
                layers.append(nn.Conv2d(channels, filters, 3, padding=padding))
                layers += [nn.BatchNorm2d(filters)] if norm else []
                layers.append(nn.ReLU())
                channels = filters
        self.features = nn.Sequential(*layers)
        side = plan_out(plan, image_size, padding=padding)
        sizes = [channels * side * side, *(scaled(units, width) for units in hidden)]
        full: list[nn.Module] = []
        for units_in, units_out in pairwise(sizes):
            full += [nn.Linear(units_in, units_out), nn.ReLU()]
        self.classifier = nn.Sequential(*full, nn.Linear(sizes[-1], num_classes))

    def forward(self, x: Tensor) -> Tensor:
        """Return logits, shape (n, num_classes)."""
        self.check(x)
        logits: Tensor = self.classifier(flat(self.features(x)))
        return logits


@register("simple_cnn")
def simple_cnn(
    num_classes: int = 10, in_channels: int = 1, image_size: int = 28, *, width: float = 1
) -> PlanNet:
    """Build ``SimpleCNN``: 1×28×28 → 32, 64 filters → 128 → 10. 421,642 parameters.

    Example:
        >>> sum(parameter.numel() for parameter in simple_cnn().parameters())
        421642

    Introduced in chapter 10.
    """
    form = _form(num_classes, in_channels, image_size, width)
    return PlanNet([32, "pool2", 64, "pool2"], [128], **form)


@register("mnist_cnn")
def mnist_cnn(
    num_classes: int = 10, in_channels: int = 1, image_size: int = 28, *, width: float = 1
) -> PlanNet:
    """Build the net of the MNIST chapter: 16-32-pool-64-128-pool with BN → 128·4·4 → 1024 → 128 → 10.

    2,328,298 parameters. No padding: 28 → 26 → 24 → 12 → 10 → 8 → 4.

    Example:
        >>> mnist_cnn().classifier[0]
        Linear(in_features=2048, out_features=1024, bias=True)

    Introduced in chapter 18.
    """
    form = _form(num_classes, in_channels, image_size, width)
    return PlanNet([16, 32, "pool2", 64, 128, "pool2"], [1024, 128], padding=0, norm=True, **form)


@register("cifar_cnn")
def cifar_cnn(
    num_classes: int = 10, in_channels: int = 3, image_size: int = 32, *, width: float = 1
) -> PlanNet:
    """Build the small CIFAR net: 3×32×32 → 32, 64, 128 filters → 2048 → 512 → 64 → 10.

    1,175,818 parameters.

    Example:
        >>> cifar_cnn().classifier[0]
        Linear(in_features=2048, out_features=512, bias=True)

    Introduced in chapter 10.
    """
    form = _form(num_classes, in_channels, image_size, width)
    return PlanNet([32, "pool2", 64, "pool2", 128, "pool2"], [512, 64], **form)


@register("food_classifier")
def food_classifier(
    num_classes: int = 11, in_channels: int = 3, image_size: int = 128, *, width: float = 1
) -> PlanNet:
    """Build ``Classifier``: 3×128×128 → 64-pool2, 128-pool2, 256-pool4 with BN → 256·8·8 → 256 → 256 → 11.

    4,634,891 parameters.

    Example:
        >>> food_classifier().classifier[0]
        Linear(in_features=16384, out_features=256, bias=True)

    Introduced in chapter 10.
    """
    form = _form(num_classes, in_channels, image_size, width)
    return PlanNet([64, "pool2", 128, "pool2", 256, "pool4"], [256, 256], norm=True, **form)


def _form(num_classes: int, in_channels: int, image_size: int, width: float) -> dict[str, Any]:
    """Gather the four arguments that all four nets share."""
    return {
        "num_classes": num_classes,
        "in_channels": in_channels,
        "image_size": image_size,
        "width": width,
    }
