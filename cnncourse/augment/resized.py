"""Cut a window of random size and shape, and stretch it to a fixed size."""

from dataclasses import dataclass

import torch
from torch import Tensor

from cnncourse.augment.erase import rectangle
from cnncourse.augment.parse import register
from cnncourse.augment.step import Augmentation, Size, Table, check_images, column, span
from cnncourse.errors import ArgumentError


def resize_weights(begin: Tensor, length: Tensor, size: int, out: int) -> Tensor:
    """Say how much each pixel of a line counts for each pixel of its stretched window.

    A pixel of the result looks at the pixels around its own place, less the further away they are. Where the
    window shrinks, it looks as much further as the window shrinks: nothing is skipped, so nothing flickers.

    Args:
        begin: first pixel of each window, shape (n,).
        length: pixels in each window, shape (n,).
        size: pixels in the line.
        out: pixels in the result.

    Returns:
        Weights, float, shape (n, out, size); those of a pixel of the result add up to 1.

    Example:
        >>> resize_weights(torch.tensor([1]), torch.tensor([2]), size=4, out=1)[0]
        tensor([[0.0000, 0.5000, 0.5000, 0.0000]])

    Introduced in chapter 05.
    """
    begin, length = begin.float().reshape(-1, 1, 1), length.float().reshape(-1, 1, 1)
    factor = length / out
    middle = begin + (torch.arange(out, device=begin.device).reshape(1, -1, 1) + 0.5) * factor
    pixel = torch.arange(size, device=begin.device).reshape(1, 1, -1)
    weight = (1 - (pixel + 0.5 - middle).abs() / factor.clamp(min=1)).clamp(min=0)
    weight = weight * ((pixel >= begin) & (pixel < begin + length))
    return weight / weight.sum(-1, keepdim=True)


def resized_crop(
    images: Tensor, top: Tensor, left: Tensor, height: Tensor, width: Tensor, size: Size
) -> Tensor:
    """Cut one window out of each image and stretch it, linearly in both directions.

    Rows and columns are stretched by a matrix each, so the whole batch is two products.

    Args:
        images: uint8 or float, shape (n, c, h, w); bytes are rounded.
        top: first row of each window, shape (n,).
        left: first column, likewise.
        height: rows, ≥ 1, likewise.
        width: columns, ≥ 1, likewise.
        size: height and width of the result.

    Returns:
        Images of the same type, shape (n, c, *size).

    Raises:
        ShapeError: images is no batch, or there is not one window for each image.

    Example:
        >>> picture = torch.tensor([[[[0.0, 1.0], [2.0, 3.0]]]])
        >>> zero, two = torch.tensor([0]), torch.tensor([2])
        >>> resized_crop(picture, zero, zero, two, two, (2, 4))[0, 0]
        tensor([[0.0000, 0.2500, 0.7500, 1.0000],
                [2.0000, 2.2500, 2.7500, 3.0000]])

    Introduced in chapter 19.
    """
    check_images(images)
    names = ("top", "left", "height", "width")
    numbers = zip(names, (top, left, height, width), strict=True)
    first_row, first_column, rows, columns = (column(name, value, images) for name, value in numbers)
    pixels = images if images.is_floating_point() else images.float()
    down = resize_weights(first_row, rows, images.shape[2], size[0]).to(pixels.dtype).unsqueeze(1)
    right = resize_weights(first_column, columns, images.shape[3], size[1]).to(pixels.dtype).unsqueeze(1)
    stretched: Tensor = down @ pixels @ right.mT
    return stretched if images.is_floating_point() else stretched.round_().to(images.dtype)


@dataclass(frozen=True)
class RandomResizedCrop(Augmentation):
    """Cut a window of random size and shape out of each training image, and stretch it to a fixed size.

    The net sees things near and far, whole and in part. It is the usual augmentation for ImageNet.

    Args:
        size: height and width of the result in pixels; one number for a square.
        scale: smallest and largest part of the image's area.
        ratio: smallest and largest width ÷ height.

    Raises:
        ArgumentError: a size or range makes no sense.

    Example:
        >>> RandomResizedCrop(32)(torch.zeros(2, 3, 40, 60, dtype=torch.uint8), torch.Generator()).shape
        torch.Size([2, 3, 32, 32])

    Introduced in chapter 19.

    Source: Szegedy et al., Going Deeper with Convolutions (2015), section 6. A window too long for the
    image is cut to the image's side here; torchvision draws again.
    """

    size: int | Size
    scale: tuple[float, float] = (0.08, 1.0)
    ratio: tuple[float, float] = (3 / 4, 4 / 3)

    def __post_init__(self) -> None:
        if min(self.window) < 1:
            raise ArgumentError(f"size expects at least 1 pixel, got {self.size}")
        span("scale", self.scale, 0, 1)
        span("ratio", self.ratio, 1e-3)

    @property
    def window(self) -> Size:
        """Height and width of the result."""
        return (self.size, self.size) if isinstance(self.size, int) else self.size

    def size_after(self, size: Size) -> Size:
        """Return the height and width of the result."""
        return self.window

    def draw(self, n: int, size: Size, generator: torch.Generator, epoch: int = 0) -> Table:
        """Draw ``top``, ``left``, ``height`` and ``width``."""
        width, height = rectangle(n, (size[1], size[0]), self.scale, self.ratio, generator)
        room = torch.stack((size[0] - height + 1, size[1] - width + 1))
        top, left = (torch.rand(2, n, generator=generator) * room).long()
        return {"top": top, "left": left, "height": height, "width": width}

    def apply(self, images: Tensor, table: Table) -> Tensor:
        """Cut and stretch images (n, c, h, w)."""
        return resized_crop(images, **table, size=self.window)


@dataclass(frozen=True)
class Resize(Augmentation):
    """Stretch each image to a fixed size. There is no chance in it: it makes room for a crop.

    Args:
        size: height and width of the result in pixels; one number for a square.

    Raises:
        ArgumentError: the size is below 1.

    Example:
        >>> Resize(40)(torch.zeros(2, 3, 32, 32, dtype=torch.uint8), torch.Generator()).shape
        torch.Size([2, 3, 40, 40])

    Introduced in chapter 19.
    """

    size: int | Size

    def __post_init__(self) -> None:
        if not all(isinstance(side, int) and side >= 1 for side in self.window):
            raise ArgumentError(f"size expects a whole number of pixels ≥ 1, got {self.size!r}")

    @property
    def window(self) -> Size:
        """Height and width of the result."""
        return self.size if isinstance(self.size, tuple) else (self.size, self.size)

    def size_after(self, size: Size) -> Size:
        """Return the height and width of the result."""
        return self.window

    def draw(self, n: int, size: Size, generator: torch.Generator, epoch: int = 0) -> Table:
        """Draw nothing: the window is the whole image, ``height`` and ``width``."""
        return {"height": torch.full((n,), size[0]), "width": torch.full((n,), size[1])}

    def apply(self, images: Tensor, table: Table) -> Tensor:
        """Stretch images (n, c, h, w)."""
        begin = torch.zeros_like(table["height"])
        return resized_crop(images, begin, begin, table["height"], table["width"], self.window)


register(
    "resize:SIZE",
    "stretch to a square; a crop cuts the old size out",
    lambda n, mode, images: Resize(n[0]),
)
register(
    "resized-crop[:LEAST]",
    "stretch a window of at least this part of the area, or 0.08, to the whole",
    lambda n, mode, images: RandomResizedCrop(images.size, scale=(n[0] if n else 0.08, 1.0)),
)
