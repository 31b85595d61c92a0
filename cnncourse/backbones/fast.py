"""The nets of the races: a stem that is computed instead of learned, then a few plain convolutions.

Source: Jordan, "94% on CIFAR-10 in 3.29 Seconds on a Single GPU" (2024), and the work of Page (2019) and
Balsam (2023) before it. Chapter 21 tells why every part is there.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnncourse.backbones.base import Backbone, flat, scaled
from cnncourse.backbones.registry import register
from cnncourse.errors import ArgumentError, ShapeError

ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {"gelu": nn.GELU, "relu": nn.ReLU, "silu": nn.SiLU}
"""What may stand between two convolutions."""

BIAS_EPOCHS = 3
"""Epochs in which the bias of the stem is trained."""


class Whitening(nn.Conv2d):
    """A convolution whose filters are computed from the training images, and then left as they are.

    Neighbouring pixels are nearly equal, so the numbers of a patch repeat each other. The filters are the
    directions in which patches differ (the eigenvectors of their covariance), each divided by how much they
    differ in it. The answers are then uncorrelated and equally strong. Every filter is there a second time
    with its sign changed, so that no half is lost in the activation that follows.

    The weight is a buffer: no optimiser sees it. The bias is trained.

    Args:
        in_channels: channels of the images.
        kernel_size: side of a patch, in pixels.
        stride: step between patches, in pixels.

    Shapes: (n, c, h, w) → (n, 2·c·kernel_size², (h − kernel_size)/stride + 1, …).

    Example:
        >>> stem = Whitening(3, 2)
        >>> stem.init_from(torch.randn(100, 3, 32, 32, generator=torch.Generator().manual_seed(0)))
        >>> stem(torch.zeros(5, 3, 32, 32)).shape
        torch.Size([5, 24, 31, 31])

    Source: Page, How to Train Your ResNet 8 (2019). Introduced in chapter 21.
    """

    weight: Tensor

    def __init__(self, in_channels: int, kernel_size: int, stride: int = 1) -> None:
        super().__init__(in_channels, 2 * in_channels * kernel_size**2, kernel_size, stride)
        weight = self.weight.detach()
        del self.weight
        self.register_buffer("weight", weight)

    @torch.no_grad()
    def init_from(self, images: Tensor, eps: float = 5e-4) -> None:
        """Compute the filters.

        Args:
            images: standardised floats, shape (n, c, h, w); 5,000 of them are plenty.
            eps: added to each variance, so that a direction without any is not blown up.

        Raises:
            ShapeError: the images have other channels than the net, or are smaller than a patch.
        """
        side = self.kernel_size[0]
        if images.ndim != 4 or images.shape[1] != self.in_channels or min(images.shape[2:]) < side:
            raise ShapeError(
                f"init_from expects images (n, {self.in_channels}, h, w) of at least {side}×{side} pixels, "
                f"got shape {tuple(images.shape)}"
            )
        patches = images.float().unfold(2, side, 1).unfold(3, side, 1)  # (n, c, rows, columns, side, side)
        patches = patches.movedim(1, 3).flatten(0, 2).flatten(1)  # (patches, c·side²)
        variances, directions = torch.linalg.eigh(patches.T @ patches / len(patches))
        filters = (directions / (variances + eps).sqrt()).T.flip(0).reshape(-1, *self.weight.shape[1:])
        self.weight.copy_(torch.cat([filters, -filters]))


class ShiftNorm(nn.BatchNorm2d):
    """Batch normalisation that learns a shift alone: the scale is fixed at 1.

    The statistics follow the batches fast, since a race is over after a few hundred steps.

    Args:
        channels: channels of the maps.

    Example:
        >>> [name for name, _ in ShiftNorm(8).named_parameters()]
        ['bias']

    Source: Jordan (2024), section 2. Introduced in chapter 21.
    """

    def __init__(self, channels: int) -> None:
        super().__init__(channels, eps=1e-12, momentum=0.4)
        del self.weight
        self.register_buffer("weight", torch.ones(channels))

    def reset_parameters(self) -> None:
        """Set the shift to 0 and forget the statistics."""
        self.reset_running_stats()
        nn.init.zeros_(self.bias)


class Group(nn.Sequential):
    """Convolution, 2×2 max pooling, norm, activation; then more convolutions, each with norm and activation.

    At the start the first filters of each convolution hand their input on unchanged: an image gets through
    the net before anything is learned.

    Args:
        in_channels: channels in.
        channels: channels out, ≥ in_channels.
        depth: convolutions.
        activation: a name in ``ACTIVATIONS``.

    Shapes: (n, in_channels, h, w) → (n, channels, ⌊h/2⌋, ⌊w/2⌋).

    Example:
        >>> Group(24, 64, 2, "gelu")(torch.zeros(2, 24, 31, 31)).shape
        torch.Size([2, 64, 15, 15])

    Source: Jordan (2024), section 2. Introduced in chapter 21.
    """

    def __init__(self, in_channels: int, channels: int, depth: int, activation: str) -> None:
        layers: list[nn.Module] = []
        for place in range(depth):
            conv = nn.Conv2d(channels if place else in_channels, channels, 3, padding=1, bias=False)
            nn.init.dirac_(conv.weight.data[: conv.in_channels])
            pool = [] if place else [nn.MaxPool2d(2)]
            layers += [conv, *pool, ShiftNorm(channels), ACTIVATIONS[activation]()]
        super().__init__(*layers)


class GlobalMaxPool(nn.AdaptiveMaxPool2d):
    """The largest value of each channel: an adaptive max pooling to one pixel, with a faster backward pass.

    Shapes: (n, c, h, w) → (n, c, 1, 1).

    Example:
        >>> GlobalMaxPool()(torch.arange(6.0).reshape(1, 1, 2, 3))
        tensor([[[[5.]]]])

    Introduced in chapter 21.
    """

    def __init__(self) -> None:
        super().__init__(1)

    def forward(self, x: Tensor) -> Tensor:
        """Return the largest value of each channel."""
        return F.max_pool2d(x, x.shape[2:])


class FastNet(Backbone):
    """A whitening stem, groups that halve the map, the largest value of each channel, one full layer.

    Args:
        widths: channels of each group.
        depths: convolutions of each group.
        kernel_size: side of the stem's patches, in pixels.
        stride: of the stem; 2 makes all that follows four times cheaper.
        activation: "gelu", "relu" or "silu".
        scale: the logits are multiplied by it; None: one over the last width, and the last layer begins with
            weights of standard deviation 1.
        num_classes: classes.
        in_channels: channels of the images.
        image_size: pixels.
        width: factor for all channels but the stem's.

    Shapes: (n, in_channels, h, w) → logits (n, num_classes).

    Raises:
        ArgumentError: widths and depths differ in number, or the activation is unknown.

    Example:
        >>> FastNet((32, 64), (1, 2), stride=2)(torch.zeros(2, 3, 32, 32)).shape
        torch.Size([2, 10])

    Source: Jordan (2024), section 2. Introduced in chapter 21.
    """

    def __init__(
        self,
        widths: Sequence[int],
        depths: Sequence[int],
        *,
        kernel_size: int = 2,
        stride: int = 1,
        activation: str = "gelu",
        scale: float | None = None,
        num_classes: int = 10,
        in_channels: int = 3,
        image_size: int = 32,
        width: float = 1,
    ) -> None:
        if len(widths) != len(depths) or not widths:
            raise ArgumentError(f"widths and depths must be equally many, but got {widths} and {depths}")
        if activation not in ACTIVATIONS:
            raise ArgumentError(f"activation must be one of {', '.join(ACTIVATIONS)}, but got {activation!r}")
        halved = 2 ** len(widths)  # pixels of the stem's map that end in one
        super().__init__(
            num_classes=num_classes,
            in_channels=in_channels,
            image_size=image_size,
            min_size=kernel_size + stride * (halved - 1),
            min_size_alone=kernel_size + stride * (2 * halved - 1),
        )
        self.stem = Whitening(in_channels, kernel_size, stride)
        self.activation = ACTIVATIONS[activation]()
        channels, groups = self.stem.out_channels, []
        for filters, depth in zip(widths, depths, strict=True):
            groups.append(Group(channels, scaled(filters, width), depth, activation))
            channels = scaled(filters, width)
        self.groups = nn.Sequential(*groups)
        self.maxpool = GlobalMaxPool()
        self.fc = nn.Linear(channels, num_classes, bias=False)
        self.scale = 1 / channels if scale is None else scale
        if scale is None:
            self.fc.weight.data /= self.fc.weight.data.std()

    def forward(self, x: Tensor) -> Tensor:
        """Return logits, shape (n, num_classes)."""
        self.check(x)
        x = self.groups(self.activation(self.stem(x)))
        logits: Tensor = self.fc(flat(self.maxpool(x))) * self.scale
        return logits

    def init_from(self, images: Tensor) -> None:
        """Compute the stem's filters from standardised images (n, c, h, w), before the first step."""
        self.stem.init_from(images)

    def at_epoch(self, epoch: int) -> None:
        """Leave the stem's bias as it is from the fourth epoch on; epochs count from 0."""
        assert self.stem.bias is not None
        self.stem.bias.requires_grad_(epoch < BIAS_EPOCHS)


@register("race94")
def race94(**options: Any) -> FastNet:
    """Build the net of the race to 94 % on CIFAR-10: 1,971,352 parameters, 118 M MACs.

    Example:
        >>> race94()(torch.zeros(2, 3, 32, 32)).shape
        torch.Size([2, 10])

    Introduced in chapter 21.
    """
    return FastNet((64, 256, 256), (2, 2, 2), **options)


@register("race_small")
def race_small(**options: Any) -> FastNet:
    """Build a narrow net for races on a processor: 285,112 parameters, 17.8 M MACs.

    Args:
        **options: of ``FastNet``; the longer races use more ``widths`` and ``depths``.

    Example:
        >>> race_small(widths=(32, 64, 64))(torch.zeros(2, 3, 32, 32)).shape
        torch.Size([2, 10])

    Introduced in chapter 21.
    """
    form = {"widths": (32, 64, 128), "depths": (1, 2, 2), "activation": "relu"}
    return FastNet(**{**form, **options})
