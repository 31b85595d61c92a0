"""Cover a part of each image: Cutout and random erasing."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from cnncourse.augment.parse import register
from cnncourse.augment.step import Augmentation, Size, Table, check_images, column, probability, span, uniform
from cnncourse.errors import ArgumentError

Fill = float | tuple[float, ...]


def inside(images: Tensor, top: Tensor, left: Tensor, height: Tensor, width: Tensor) -> Tensor:
    """Say which pixels lie in a rectangle, one rectangle for each image.

    Args:
        images: shape (n, c, h, w); only its shape and device matter.
        top: first row of each rectangle, shape (n,); may lie outside the image.
        left: first column, likewise.
        height: rows, shape (n,).
        width: columns, shape (n,).

    Returns:
        True inside, shape (n, 1, h, w).

    Raises:
        ShapeError: images is no batch, or there is not one rectangle for each image.

    Example:
        >>> one, two = torch.tensor([1]), torch.tensor([2])
        >>> inside(torch.zeros(1, 3, 3, 3), one, one, two, one).int()[0, 0]
        tensor([[0, 0, 0],
                [0, 1, 0],
                [0, 1, 0]], dtype=torch.int32)
    """
    check_images(images)
    names = ("top", "left", "height", "width")
    columns = zip(names, (top, left, height, width), strict=True)
    first_row, first_column, rows, columns_ = (column(name, values, images) for name, values in columns)
    down = torch.arange(images.shape[2], device=images.device).reshape(1, 1, -1, 1)
    right = torch.arange(images.shape[3], device=images.device).reshape(1, 1, 1, -1)
    return ((down >= first_row) & (down < first_row + rows)) & (
        (right >= first_column) & (right < first_column + columns_)
    )


def erase(images: Tensor, top: Tensor, left: Tensor, height: Tensor, width: Tensor, fill: Fill = 0) -> Tensor:
    """Cover one rectangle of each image with a colour.

    Args:
        images: any type, shape (n, c, h, w).
        top: first row of each rectangle, shape (n,); what lies outside the image is left out.
        left: first column, likewise.
        height: rows, shape (n,); 0 covers nothing.
        width: columns, likewise.
        fill: one number, or one for each channel, in the units of the images.

    Returns:
        A new batch of the same shape and type.

    Raises:
        ShapeError: images is no batch, or there is not one rectangle for each image.
        ArgumentError: fill has a wrong number of channels.

    Example:
        >>> one = torch.tensor([1])
        >>> erase(torch.ones(1, 1, 2, 3), one, one, one, one)[0, 0]
        tensor([[1., 1., 1.],
                [1., 0., 1.]])

    Introduced in chapter 19.
    """
    where = inside(images, top, left, height, width)
    colour = torch.as_tensor(fill, dtype=images.dtype, device=images.device).reshape(1, -1, 1, 1)
    if colour.shape[1] not in (1, images.shape[1]):
        raise ArgumentError(f"fill expects 1 number or {images.shape[1]}, one a channel, got {fill}")
    return torch.where(where, colour, images)


@dataclass(frozen=True)
class Cutout(Augmentation):
    """Cover a square around a random pixel of each training image.

    The square may stick out over the edge, so some images lose less. With the mean colour as the fill, a
    standardised image has zeros there. The net learns to look at more than one telling part.

    Args:
        size: side of the square in pixels.
        fill: the colour, one number or one for each channel, in the units of the images.

    Raises:
        ArgumentError: the size is below 1.

    Example:
        >>> Cutout(16)(torch.ones(4, 3, 32, 32), torch.Generator()).shape
        torch.Size([4, 3, 32, 32])

    Introduced in chapter 19.

    Source: DeVries & Taylor, Improved Regularization of CNNs with Cutout (2017), section 3.
    """

    size: int
    fill: Fill = 0

    def __post_init__(self) -> None:
        if not isinstance(self.size, int) or self.size < 1:
            raise ArgumentError(f"size expects a whole number of pixels ≥ 1, got {self.size!r}")

    def draw(self, n: int, size: Size, generator: torch.Generator, epoch: int = 0) -> Table:
        """Draw ``top`` and ``left`` of each square, from −size//2 on: its centre is a pixel of the image."""
        top, left = (torch.randint(most, (n,), generator=generator) - self.size // 2 for most in size)
        return {"top": top, "left": left}

    def apply(self, images: Tensor, table: Table) -> Tensor:
        """Cover the squares of images (n, c, h, w)."""
        side = torch.full_like(table["top"], self.size)
        return erase(images, table["top"], table["left"], side, side, self.fill)


@dataclass(frozen=True)
class RandomErasing(Augmentation):
    """Cover a rectangle of random size, shape and place in some of the training images.

    Args:
        p: the probability that an image loses a rectangle.
        scale: smallest and largest part of the image's area.
        ratio: smallest and largest height ÷ width.
        fill: the colour, one number or one for each channel, in the units of the images.

    Raises:
        ArgumentError: a range or probability makes no sense.

    Example:
        >>> quarter = RandomErasing(p=1, scale=(0.25, 0.25), ratio=(1, 1))
        >>> covered = quarter(torch.ones(1, 1, 8, 8), torch.Generator())
        >>> int((covered == 0).sum())
        16

    Introduced in chapter 19.

    Source: Zhong et al., Random Erasing Data Augmentation (2017), algorithm 1. A rectangle too long
    for the image is cut to the image's side here; the paper draws again.
    """

    p: float = 0.5
    scale: tuple[float, float] = (0.02, 0.33)
    ratio: tuple[float, float] = (0.3, 3.3)
    fill: Fill = 0

    def __post_init__(self) -> None:
        probability("p", self.p)
        span("scale", self.scale, 0, 1)
        span("ratio", self.ratio, 1e-3)

    def draw(self, n: int, size: Size, generator: torch.Generator, epoch: int = 0) -> Table:
        """Draw ``top``, ``left``, ``height`` and ``width``; both are 0 where an image is spared."""
        spared = torch.rand(n, generator=generator) >= self.p
        height, width = rectangle(n, size, self.scale, self.ratio, generator)
        place = (
            torch.rand(2, n, generator=generator) * torch.stack((size[0] - height + 1, size[1] - width + 1))
        ).long()
        return {
            "top": place[0],
            "left": place[1],
            "height": height.masked_fill(spared, 0),
            "width": width.masked_fill(spared, 0),
        }

    def apply(self, images: Tensor, table: Table) -> Tensor:
        """Cover the rectangles of images (n, c, h, w)."""
        return erase(images, table["top"], table["left"], table["height"], table["width"], self.fill)


def rectangle(
    n: int, size: Size, scale: tuple[float, float], ratio: tuple[float, float], generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Draw heights and widths of n rectangles: the area evenly, the ratio evenly in its logarithm.

    Args:
        n: how many.
        size: height and width of the image; sides are cut to it.
        scale: smallest and largest part of the image's area.
        ratio: smallest and largest height ÷ width.
        generator: throws the dice.

    Returns:
        Heights and widths, int64, shape (n,) each, at least 1.

    Example:
        >>> rectangle(2, (10, 10), (0.5, 0.5), (2, 2), torch.Generator())
        (tensor([10, 10]), tensor([5, 5]))
    """
    area = uniform(n, *scale, generator) * size[0] * size[1]
    shape = uniform(n, math.log(ratio[0]), math.log(ratio[1]), generator).exp()
    height = (area * shape).sqrt().round().long().clamp(1, size[0])
    width = (area / shape).sqrt().round().long().clamp(1, size[1])
    return height, width


register(
    "cutout:SIZE",
    "cover a square with the mean colour",
    lambda n, mode, images: Cutout(n[0], fill=images.mean),
)
register(
    "erase[:P]",
    "cover a rectangle with the mean colour, in half of the images if P does not say otherwise",
    lambda n, mode, images: RandomErasing(n[0] if n else 0.5, fill=images.mean),
)
