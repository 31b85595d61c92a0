"""What every net of the course has in common: it knows its form, and it checks images before it computes."""

from numbers import Real

import torch
from torch import Tensor, nn

from cnncourse.errors import ArgumentError, ShapeError
from cnncourse.limits import integer


class Backbone(nn.Module):
    """A classifier that remembers what it was built for and says clearly when an image does not fit.

    A net is written as usual; its ``forward`` begins with ``self.check(x)``.

    Args:
        num_classes: classes, the last dimension of the logits, ≥ 1.
        in_channels: channels of the images, ≥ 1 (1 grey, 3 colour).
        image_size: height and width, in pixels, of the images that the net was shaped for.
        min_size: the smallest height and width, in pixels, that still leave one pixel in every feature map.
        min_size_alone: the smallest size that also works for a *batch of one in train mode*. Batch
            normalisation needs two values a channel; a single image whose last map is 1×1 has one. 0: no
            limit; None: no size is enough.
        exact: the net ends in a flattened map, so only ``image_size`` itself fits.

    Raises:
        ArgumentError: num_classes or in_channels below 1, or image_size below min_size.

    Example:
        >>> net = Backbone(num_classes=10, in_channels=1, image_size=28, min_size=12)
        >>> net.check(torch.zeros(1, 1, 8, 8))
        Traceback (most recent call last):
        ...
        cnncourse.errors.ShapeError: Backbone needs images of at least 12×12 pixels, but got 8×8

    Introduced in chapter 11.
    """

    def __init__(
        self,
        *,
        num_classes: int,
        in_channels: int,
        image_size: int,
        min_size: int = 1,
        min_size_alone: int | None = 0,
        exact: bool = False,
    ) -> None:
        super().__init__()
        self.name = type(self).__name__
        self.num_classes = integer("num_classes", num_classes)
        self.in_channels, self.image_size = (
            integer("in_channels", in_channels),
            integer("image_size", image_size),
        )
        self.min_size, self.min_size_alone, self.exact = min_size, min_size_alone, exact
        for argument, value in (("num_classes", num_classes), ("in_channels", in_channels)):
            if value < 1:
                maps = " — for its maps take diagrams.features, for a net without its classifier heads.trunk"
                hint = maps if argument == "num_classes" else ""
                raise ArgumentError(f"{argument} must be at least 1, but got {value}{hint}")
        if image_size < min_size:
            raise ArgumentError(f"{self.name} needs image_size of at least {min_size}, but got {image_size}")

    def check(self, x: Tensor) -> None:
        """Raise a clear error when the net cannot take these images.

        Args:
            x: images, shape (n, in_channels, h, w).

        Raises:
            ShapeError: not four dimensions, wrong channels, too small, not the exact size, or a batch of one
                in train mode that batch normalisation cannot use.
        """
        if x.dim() != 4:
            raise ShapeError(f"{self.name} expects images (n, c, h, w), but got shape {tuple(x.shape)}")
        if x.shape[1] != self.in_channels == x.shape[3]:
            raise ShapeError(
                f"{self.name} expects images (n, c, h, w), but got shape {tuple(x.shape)}, with the channels "
                "last — x.permute(0, 3, 1, 2) brings them to their place"
            )
        if x.shape[1] != self.in_channels:
            raise ShapeError(
                f"{self.name} expects {self.in_channels} channels, but x has {x.shape[1]} — "
                f"shape {tuple(x.shape)}; create the net with in_channels={x.shape[1]}"
            )
        height, width = x.shape[2], x.shape[3]
        if self.exact and (height != self.image_size or width != self.image_size):
            raise ShapeError(
                f"{self.name} was built for {self.image_size}×{self.image_size} pixels, but got "
                f"{height}×{width} — resize the images, or create the net with another image_size "
                f"(at least {self.min_size})"
            )
        if height < self.min_size or width < self.min_size:
            raise ShapeError(
                f"{self.name} needs images of at least {self.min_size}×{self.min_size} pixels, "
                f"but got {height}×{width}"
            )
        if self.training and x.shape[0] == 1:
            self._check_alone(height, width)

    def _check_alone(self, height: int, width: int) -> None:
        """Raise where batch normalisation would meet a single value a channel."""
        limit = self.min_size_alone
        if limit is not None and (height >= limit or width >= limit):
            return
        larger = "" if limit is None else f" images of at least {limit}×{limit},"
        raise ShapeError(
            f"a batch of one in train mode: {self.name} shrinks a {height}×{width} image to one pixel, and "
            "batch normalisation needs two values a channel — "
            f"use two or more images,{larger} or model.eval()"
        )


def scaled(channels: int, width: float, multiple: int = 8) -> int:
    """Return ``channels · width``, rounded to a multiple of 8 (at least 8); unchanged when width is 1.

    Every net of the course takes ``width``, so that a slim one can be trained on a laptop.

    Args:
        channels: channels of the full net.
        width: the factor, > 0.
        multiple: what the result is a multiple of; groups of channels need their own.

    Raises:
        ArgumentError: width is not a positive number.

    Example:
        >>> scaled(64, 0.25), scaled(10, 0.25), scaled(10, 1)
        (16, 8, 10)

    Source: the width multiplier α of Howard et al., MobileNets (2017), section 3.3. Introduced in chapter 14.
    """
    given: object = width
    if not isinstance(given, Real):
        raise ArgumentError(f"width expects a number above 0, got {width!r}")
    if width <= 0:
        raise ArgumentError(f"width must be positive, but got {width}")
    return channels if width == 1 else max(multiple, int(channels * width / multiple + 0.5) * multiple)


def kaiming(model: nn.Module) -> None:
    """Initialise every convolution by He's rule (fan out), every batch normalisation to weight 1 and bias 0.

    Args:
        model: changed in place.

    Example:
        >>> conv = nn.Conv2d(1, 8, 3)
        >>> kaiming(nn.Sequential(conv))
        >>> conv.bias.abs().sum().item()
        0.0

    Source: He et al., Delving Deep into Rectifiers (2015), eq. 14. Introduced in chapter 09.
    """
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, nn.BatchNorm2d):
            nn.init.ones_(module.weight)
            nn.init.zeros_(module.bias)


def flat(x: Tensor) -> Tensor:
    """Flatten everything but the batch: (n, c, h, w) → (n, c·h·w).

    Example:
        >>> flat(torch.zeros(2, 3, 4, 4)).shape
        torch.Size([2, 48])

    Introduced in chapter 11.
    """
    return torch.flatten(x, 1)
